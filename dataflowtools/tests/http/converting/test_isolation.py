"""No converter calls out or reads the machine; one that is killed or hangs costs one answer."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from dataflowtools.tests.http.converting import hostile
from dataflowtools.tests.http.converting.converting import convert, converted, word
from dataflowtools.tests.http.converting.test_convert import text_of_pdf
from dataflowtools.tests.http.documents.parsing import children
from dataflowtools.tests.http_service import blobs_in, running
from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class Canary:
    """A server that counts who calls."""

    def __init__(self):
        self.calls = []

    async def answer(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            head = await reader.readline()
            self.calls.append(head.decode(errors="replace").strip())
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n" + PNG)
            await writer.drain()
            writer.close()


@pytest_asyncio.fixture(loop_scope="package")
async def canary():
    bird = Canary()
    server = await asyncio.start_server(bird.answer, "127.0.0.1", 0)
    bird.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield bird


CASES = [
    ("docx", hostile.remote_template, "pdf"),
    ("docx", hostile.linked_picture, "pdf"),
    ("docx", hostile.linked_picture, "html"),
    ("docx", hostile.linked_picture, "epub"),
    ("docx", hostile.fields, "pdf"),
    ("docx", hostile.drawing, "pdf"),
    ("docx", hostile.drawing, "html"),
    ("rtf", hostile.rtf, "pdf"),
    ("odt", hostile.odt, "pdf"),
    ("odt", hostile.odt, "docx"),
    ("ods", hostile.ods, "pdf"),
    ("xlsx", hostile.workbook, "pdf"),
    ("xlsx", hostile.workbook, "ods"),
    ("html", hostile.html, "pdf"),
    ("html", hostile.html, "docx"),
    ("html", hostile.html, "epub"),
    ("md", hostile.markdown, "docx"),
    ("md", hostile.markdown, "pdf"),
    ("md", hostile.markdown, "html"),
]


@pytest.mark.parametrize(("name", "make", "to"), CASES)
async def test_nothing_is_fetched_and_that_is_told(client, canary, name, make, to):
    data, made = await converted(client, make(canary.url), f"a.{name}", to)

    assert canary.calls == []
    assert "external_reference_ignored" in [warning["code"] for warning in made["warnings"]]
    assert b"root:x:0" not in data


async def test_the_canary_sings_when_stock_libreoffice_converts(canary, tmp_path):
    """The control: the same document makes an unconfined LibreOffice call."""
    if shutil.which("soffice") is None:
        pytest.fail("LibreOffice is not installed")
    source = tmp_path / "a.docx"
    source.write_bytes(hostile.linked_picture(canary.url))
    argv = [
        "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf",
        "--outdir", str(tmp_path), str(source),
    ]  # fmt: skip
    done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert any("picture.png" in call for call in canary.calls)


async def test_a_linked_file_of_the_machine_is_not_read(client):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", dir="/tmp") as secret:  # where anybody may read
        secret.write("the-secret-words")
        secret.flush()
        Path(secret.name).chmod(0o644)
        document = hostile.odt("file:///tmp", section=Path(secret.name).name)
        data, _ = await converted(client, document, "a.odt", "pdf")

    assert "words" in text_of_pdf(data)
    assert "the-secret-words" not in text_of_pdf(data)


def offices() -> set[int]:
    """List the workers that hold a LibreOffice."""
    found = set()
    for pid in children():
        with contextlib.suppress(OSError):
            if "libmergedlo" in Path(f"/proc/{pid}/maps").read_text():
                found.add(pid)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def own(tmp_path_factory):
    """A service with one LibreOffice, and the folder of its data."""
    folder = tmp_path_factory.mktemp("isolation")
    others = offices()
    async with running(folder, convert_workers=1, convert_timeout_s=12) as client:
        yield client, folder, others


async def warm(own):
    """Convert, which must work whatever happened before, and give the process that did it."""
    client, _, others = own
    await converted(client, word("x"), "a.docx", "pdf")
    (worker,) = offices() - others
    return worker


def is_there(pid):
    return Path(f"/proc/{pid}").exists()


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def started(client, worker):
    """Start a long conversion, and wait until the worker is at it."""
    before = processor_s(worker)
    work = asyncio.create_task(convert(client, large(), "a.docx", "pdf"))
    await eventually(lambda: processor_s(worker) > before + 0.3)
    return work


async def eventually(fact, deadline_s=60):
    async with asyncio.timeout(deadline_s):
        while not (found := fact()):
            await asyncio.sleep(0.05)
    return found


def large():
    return word(*("many words in a line " * 30 for _ in range(4000)))


async def test_a_killed_libreoffice_costs_one_answer_and_the_next_works(own):
    client, folder, _ = own
    worker = await warm(own)
    before = len(blobs_in(folder))
    work = await started(client, worker)
    os.kill(worker, signal.SIGKILL)

    assert_problem(await work, 503, "worker_lost")
    assert len(blobs_in(folder)) == before
    assert await warm(own) != worker


async def test_a_conversion_that_hangs_is_ended_and_the_next_works(own):
    worker = await warm(own)
    os.kill(worker, signal.SIGSTOP)  # as if it hung

    assert_problem(await convert(own[0], word("x"), "a.docx", "pdf"), 504, "time_limit")
    assert not is_there(worker)
    assert await warm(own) != worker


async def test_a_client_that_leaves_ends_the_conversion(own):
    worker = await warm(own)
    form = Form().file("a.docx", large()).text("to", "pdf")
    address = urlsplit(own[0].base_url)
    before = processor_s(worker)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST /api/file/convert HTTP/1.1\r\nHost: x\r\nContent-Length: {len(form.body)}\r\n"
    head += f"Content-Type: {form.headers['Content-Type']}\r\n\r\n"
    writer.write(head.encode() + form.body)
    await eventually(lambda: processor_s(worker) > before + 0.3)
    writer.transport.abort()

    await eventually(lambda: not is_there(worker))
    assert await warm(own) != worker


async def test_workers_that_convert_are_confined(client):
    await converted(client, word("x"), "a.docx", "pdf")
    await converted(client, b"# x", "a.md", "docx")
    health = (await client.request("GET", "/api/health")).json()
    workers = health["probes"]["workers"] if "probes" in health else health["checks"]["workers"]

    for family in ("libreoffice", "pandoc"):
        assert {"no_new_privileges", "seccomp", "landlock"} <= set(workers[family]["layers"])


async def test_a_libreoffice_can_start_with_the_service(tmp_path):
    others = offices()
    async with running(tmp_path, convert_warm_start=True):
        assert await eventually(lambda: offices() - others)
