"""Converting through the limited workers, beside cold soffice, unoserver and pandoc alone on the same files.

Ours is measured twice: a step in a warm worker, and the whole HTTP call with look, route and storing. unoserver
lives in .cache/bench-uno on the system's Python with its UNO bindings, where both can be had.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]

import docx  # noqa: E402
import openpyxl  # noqa: E402

from dataflowtools.src.bootstrap.programs import families_for, open_programs  # noqa: E402
from dataflowtools.src.common.settings import Settings  # noqa: E402
from dataflowtools.src.drivenadapters.converting.worker_converters import (  # noqa: E402
    LibreOfficeConverter,
    PandocConverter,
)
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers  # noqa: E402
from dataflowtools.src.logics.file.converting.options import ConvertOptions  # noqa: E402
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument  # noqa: E402
from dataflowtools.tests.http_service import running  # noqa: E402
from dataflowtools.tests.multipart_bodies import Form  # noqa: E402

RUNS = 10
UNO_VENV = ROOT / ".cache" / "bench-uno"
UV = str(Path(sys.executable).with_name("uv"))
JOBS = {"page.docx": "pdf", "sheet.xlsx": "pdf", "long.docx": "pdf", "text.md": "docx"}


def measure() -> dict[str, Any]:
    """Run all and return the figures, seconds of the median and the best of so many runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        report = {"runs": RUNS, "load_1_min_at_start": round(os.getloadavg()[0], 1)}
        report["ours, step in a warm worker"] = asyncio.run(ours_steps(folder))
        report["ours, HTTP call"] = asyncio.run(ours_http(folder))
        report["ours, 8 at once on 2 workers"] = asyncio.run(ours_parallel(folder))
        if shutil.which("soffice"):
            report["soffice cold"] = cold(folder)
        if shutil.which("pandoc"):
            report["pandoc alone"] = {"text.md docx": timed(lambda: run(pandoc(folder)))}
        report["unoserver"] = unoserver(folder)
    print(json.dumps(report, indent=1))
    return report


def make_files(folder: Path) -> None:
    """Make a page, a sheet of 1,000 rows, a document of 50 chapters and a text in Markdown."""
    page = docx.Document()
    page.add_heading("季度报告 Quarterly report", 1)
    page.add_paragraph("本季度收入增长了百分之十二。 Words of a paragraph. " * 5)
    page.save(str(folder / "page.docx"))
    book = openpyxl.Workbook()
    for row in range(1000):
        book.active.append([row, f"产品 {row}", row / 7, "text"])
    book.save(folder / "sheet.xlsx")
    long = docx.Document()
    for number in range(50):
        long.add_heading(f"Chapter {number}", 1)
        for _ in range(8):
            long.add_paragraph("Words of a paragraph that goes on. " * 12)
        table = long.add_table(5, 4)
        for row in table.rows:
            for cell in row.cells:
                cell.text = f"cell {number}"
        long.add_paragraph("")
    long.save(str(folder / "long.docx"))
    part = "# 标题\n\n正文 with **bold** words.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    (folder / "text.md").write_text(part * 20, encoding="utf-8")


def summary(times: list[float]) -> dict[str, float]:
    return {"median_s": round(statistics.median(times), 3), "best_s": round(min(times), 3)}


def timed(call: Callable[[], Any], runs: int = RUNS) -> dict[str, float]:
    """Time a call so many times."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return summary(times)


def run(argv: list[str]) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=120)


async def ours_steps(folder: Path) -> dict[str, Any]:
    """One step each, the worker warm; and the start of a worker."""
    settings = Settings(data_dir=folder / "data")
    figures: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as resources:
        workers = await resources.enter_async_context(LimitedWorkers(families_for(settings)))
        programs = open_programs(settings, resources, workers)
        converters = [
            LibreOfficeConverter(programs.steps, programs.installed),
            PandocConverter(programs.steps, programs.installed),
        ]
        for name, to in JOBS.items():
            source = name.rpartition(".")[2]
            found = (
                (c, hop) for c in converters for hop in c.hops() if (hop.source, hop.target) == (source, to)
            )
            converter, hop = next(found)
            times = []
            with (folder / name).open("rb") as file:
                document = TakenDocument(sha256="", size_bytes=0, handle=file)
                for _ in range(RUNS + 1):
                    started = time.perf_counter()
                    async with converter.convert("t", hop, document, ConvertOptions()):
                        times.append(time.perf_counter() - started)
            figures[f"{name} {to}"] = {**summary(times[1:]), "first_s": round(times[0], 3)}
    return figures


async def post(client: Any, folder: Path, name: str, to: str) -> float:
    form = Form().file(name, (folder / name).read_bytes()).text("to", to)
    started = time.perf_counter()
    reply = await client.request(
        "POST", "/api/file/convert", body=form.body, headers=form.headers, timeout_s=120
    )
    assert reply.status == 200, reply.body
    return time.perf_counter() - started


async def ours_http(folder: Path) -> dict[str, Any]:
    """The whole call, with looking at the file, finding the route and storing the result."""
    figures = {}
    with tempfile.TemporaryDirectory() as data:
        async with running(Path(data)) as client:
            for name, to in JOBS.items():
                times = [await post(client, folder, name, to) for _ in range(RUNS + 1)]
                figures[f"{name} {to}"] = summary(times[1:])
    return figures


async def ours_parallel(folder: Path) -> dict[str, float]:
    """Conversions a second with eight callers."""
    with tempfile.TemporaryDirectory() as data:
        async with running(Path(data)) as client:
            await asyncio.gather(*(post(client, folder, "page.docx", "pdf") for _ in range(4)))
            started = time.perf_counter()
            for _ in range(5):
                await asyncio.gather(*(post(client, folder, "page.docx", "pdf") for _ in range(8)))
            return {"page.docx pdf per_second": round(40 / (time.perf_counter() - started), 1)}


def cold(folder: Path) -> dict[str, Any]:
    """A new soffice for every file, on a profile that is there already."""
    figures = {}
    for name, to in JOBS.items():
        if to == "pdf":
            argv = [
                "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to,
                "--outdir", str(folder / "cold"), str(folder / name),
            ]  # fmt: skip
            run(argv)
            figures[f"{name} {to}"] = timed(lambda argv=argv: run(argv), runs=4)
    return figures


def pandoc(folder: Path) -> list[str]:
    return ["pandoc", "-f", "gfm", str(folder / "text.md"), "-o", str(folder / "text.docx")]


def unoserver(folder: Path) -> dict[str, Any]:
    """A warm unoserver, asked over its own protocol by its own client and by a bare call."""
    python = UNO_VENV / "bin" / "python"
    if not python.exists():
        made = [
            ["/usr/bin/python3", "-c", "import uno"],
            [UV, "venv", "-q", "--python", "/usr/bin/python3", "--system-site-packages", str(UNO_VENV)],
            [UV, "pip", "install", "-q", "--python", str(python), "unoserver"],
        ]
        for argv in made:
            if (
                shutil.which(argv[0]) is None
                or subprocess.run(argv, check=False, capture_output=True).returncode
            ):
                return {"not measured": f"{' '.join(argv)[:60]} does not work here"}
    with served_by_unoserver(folder, python) as port:
        client = str(python.with_name("unoconvert"))
        return {
            f"{name} {to}": asked_of_unoserver(folder, name, port, python, client)
            for name, to in JOBS.items()
            if to == "pdf"
        }


def asked_of_unoserver(folder: Path, name: str, port: int, python: Path, client: str) -> dict[str, Any]:
    """Time its client, and the call that the client makes; or what it says when it fails."""
    argv = [client, "--port", str(port), str(folder / name), str(folder / "uno.pdf")]
    first = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120)
    if first.returncode:
        return {"failed": first.stderr.strip().splitlines()[-1][:200] if first.stderr.strip() else "no word"}
    code = (
        "import time, statistics; from xmlrpc.client import ServerProxy\n"
        f"server = ServerProxy('http://127.0.0.1:{port}', allow_none=True)\n"
        "times = []\n"
        f"for _ in range({RUNS}):\n"
        "    started = time.perf_counter()\n"
        f"    server.convert({str(folder / name)!r}, None, {str(folder / 'uno.pdf')!r})\n"
        "    times.append(time.perf_counter() - started)\n"
        "print(statistics.median(times), min(times))"
    )
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=300, check=False)
    bare = [round(float(word), 3) for word in done.stdout.split()] if not done.returncode else None
    return {"client": timed(lambda: run(argv)), "call median, best": bare}


@contextlib.contextmanager
def served_by_unoserver(folder: Path, python: Path) -> Iterator[int]:
    """Start it, wait until it answers, and end it."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    argv = [
        str(python.with_name("unoserver")), "--port", str(ports[0]), "--uno-port", str(ports[1]),
        "--user-installation", str(folder / "uno-profile"), "--executable", shutil.which("soffice") or "soffice",
    ]  # fmt: skip
    server = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports[0]), timeout=1):
                break
            time.sleep(0.2)
        time.sleep(2)
        yield ports[0]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, 9)
        server.wait()


if __name__ == "__main__":
    measure()
