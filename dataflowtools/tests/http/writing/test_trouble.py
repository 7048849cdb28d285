"""Hostile documents, workers that are killed, and two services over one store."""

import asyncio
import os
import signal
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from dataflowtools.tests.http.documents.parsing import children
from dataflowtools.tests.http.writing.calls import call, content_of, made, stored
from dataflowtools.tests.http.writing.test_templates import word
from dataflowtools.tests.http_service import blobs_in, running
from dataflowtools.tests.unit.documents.making import bomb, docx, paragraph, relations, zipped
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

APPEND = {"op": "append", "content": {"text": "end"}}
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


async def edit(client, name, data, *operations):
    file_id = (await stored(client, name, data))["file_id"]
    return await call(client, "edit", {"file_id": file_id, "operations": list(operations or [APPEND])})


@pytest.mark.parametrize("prolog", [LAUGHS, XXE])
async def test_entities_are_refused_wherever_a_document_is_opened(client, prolog):
    data = docx(paragraph("x"), prolog=prolog)
    assert_problem(await edit(client, "a.docx", data), 422, "forbidden_xml")
    file_id = (await stored(client, "t.docx", data))["file_id"]
    reply = await call(client, "template/fill", {"file_id": file_id, "data": {}})
    assert_problem(reply, 422, "forbidden_xml")


async def test_a_zip_bomb_is_no_template(client):
    file_id = (await stored(client, "t.docx", bomb()))["file_id"]
    reply = await call(client, "template/slots", {"file_id": file_id})
    assert_problem(reply, 422, "decompression_limit")


async def test_what_leads_outside_is_kept_and_told_and_never_fetched(client):
    inside = _parts(word("Hello {{ name }}"))
    listing = "word/_rels/settings.xml.rels"
    inside[listing] = relations(
        ("rId1", "attachedTemplate", "http://192.0.2.1/evil.dotm"), external=True
    ).encode()
    reply = await edit(client, "a.docx", zipped(inside))
    assert [warning["code"] for warning in reply.json()["warnings"]] == ["external_reference"]
    after = _parts(await content_of(client, reply.json()["file_id"]))
    assert after[listing] == inside[listing]
    file_id = (await stored(client, "t.docx", zipped(inside)))["file_id"]
    filled = await made(client, "template/fill", {"file_id": file_id, "data": {"name": "x"}})
    assert [warning["code"] for warning in filled["warnings"]] == ["external_reference"]


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


async def until(found, deadline_s=60):
    end = time.monotonic() + deadline_s
    while not (now := found()):
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.02)
    return now


async def test_a_writer_that_is_killed_leaves_the_file_as_it_was(tmp_path):
    endless = b"{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
    before = set(children("writing.edit"))
    async with running(tmp_path, document_workers=1) as client:
        text = (await stored(client, "a.md", b"start\n"))["file_id"]
        endless_id = (await stored(client, "t.md", endless))["file_id"]
        assert (await call(client, "edit", {"file_id": text, "operations": [APPEND]})).status == 200
        kept = blobs_in(tmp_path)

        filling = asyncio.create_task(call(client, "template/fill", {"file_id": endless_id, "data": {}}))
        editing = asyncio.create_task(call(client, "edit", {"file_id": text, "operations": [APPEND]}))
        (worker,) = await until(lambda: set(children("writing.edit")) - before)
        await until(lambda: _is_busy(worker))
        os.kill(worker, signal.SIGKILL)

        replies = await asyncio.gather(filling, editing)
        lost = [reply for reply in replies if reply.status == 503]
        assert [reply.json()["code"] for reply in lost] == ["worker_lost"]
        again = await call(client, "edit", {"file_id": text, "operations": [APPEND]})
        assert again.status == 200
        assert (await content_of(client, text)).startswith(b"start\nend")
        assert len(blobs_in(tmp_path)) == len(kept)


def _is_busy(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "R"


async def test_two_services_over_one_store_keep_every_edit(tmp_path):
    async with running(tmp_path) as one, running(tmp_path) as other:
        file_id = (await stored(one, "a.md", b"start\n"))["file_id"]
        calls = [
            call(
                client,
                "edit",
                {"file_id": file_id, "operations": [{"op": "append", "content": {"text": f"{n}\n"}}]},
            )
            for n, client in enumerate([one, other, one, other])
        ]
        replies = await asyncio.gather(*calls)
        kept = [n for n, reply in enumerate(replies) if reply.status == 200]
        for reply in replies:
            if reply.status != 200:
                assert_problem(reply, 409, "edit_conflict")
        lines = (await content_of(other, file_id)).decode().splitlines()
        assert sorted(lines) == sorted(["start", *map(str, kept)])
        assert len(kept) >= 3
        assert len(blobs_in(tmp_path)) == 1
