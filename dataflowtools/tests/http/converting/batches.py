"""Calls of the batch endpoint, and what they come to."""

import io
import zipfile
from pathlib import Path

from msoffcrypto.format.ooxml import OOXMLFile

from dataflowtools.tests.http.converting.converting import word
from dataflowtools.tests.http.execution.test_document_executions import ended
from dataflowtools.tests.http_service import stored

SAMPLES = Path(__file__).resolve().parents[5] / "shared" / "data" / "documents"

HOSTILE_JSON = [
    b'{"text": "torn',
    b"[" * 100_000,
    b'{"text": "\\ud800"}',
    b'{"text": "\xff"}',
    b'{"text": "x", "pages": ' + b"9" * 5000 + b"}",
    b'{"text": 1e999}',
    b'"text"',
    b"no JSON at all",
]


async def batch(client, status=202, **body):
    reply = await client.request("POST", "/api/file/batch", json=body)
    assert reply.status == status, reply.body
    return reply


async def report_of(client, reply):
    state = await ended(client, reply)
    result = await client.request("GET", f"{reply.headers['Location']}/result")
    return state, result.json()["output"]


async def zip_of(client, report):
    data = (await client.request("GET", f"/api/file/download/{report['file_id']}")).body
    return zipfile.ZipFile(io.BytesIO(data))


async def done(client, operation, files, options, **more):
    """Store the files, work on them, and return their ids, the outcomes and the bytes of the outputs by name."""
    ids = [(await stored(client, name, data))["file_id"] for name, data in files]
    reply = await batch(client, operation=operation, file_ids=ids, options=options, **more)
    _, report = await report_of(client, reply)
    made = {}
    if report["file_id"] is not None:
        archive = await zip_of(client, report)
        made = {name: archive.read(name) for name in archive.namelist()}
    return ids, report["items"], made


def zipped(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def locked():
    """A docx behind a password."""
    held = io.BytesIO()
    OOXMLFile(io.BytesIO(word("secret words"))).encrypt("open sesame", held)
    return held.getvalue()


def codes(items):
    return [item.get("error", {}).get("code") for item in items]
