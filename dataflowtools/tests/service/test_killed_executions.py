"""Executions whose service is killed: nothing is stored twice."""

import asyncio
import io
import json
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

from tornado.httpclient import HTTPError

from dataflowtools.tests.http.execution.test_document_executions import ended
from dataflowtools.tests.http_service import stored
from dataflowtools.tests.service.test_crashes import ARGV, environment
from servicekit.testing import spawn_service

DYING = [sys.executable, str(Path(__file__).with_name("dying_service.py"))]


def calm(folder, **more):
    """Settings in which a busy machine holds nothing up, and files have their turns one by one."""
    quiet = {"STEPFLOW_SCHEDULER_MAX_LOAD_PER_CORE": "1000", "STEPFLOW_SCHEDULER_MIN_FREE_MEMORY": "0"}
    return environment(folder, CONVERT_WORKERS="1", **quiet, **more)


async def killed(folder, path, dies_after, body, files):
    """Store files, begin the work and see the service die; return the ids and the accepting reply."""
    async with spawn_service(DYING, env=calm(folder, DIES_AFTER=dies_after)) as service:
        ids = [(await stored(service, name, content))["file_id"] for name, content in files]
        with suppress(OSError, HTTPError):  # it may die before it answers a later call
            accepted = await service.request("POST", path, json=body(ids))
            assert accepted.status == 202, accepted.body
        async with asyncio.timeout(60):
            assert await service.process.wait() == -9
    return ids, accepted


async def names_in(service):
    return [file["name"] for file in (await service.request("GET", "/api/file/list")).json()["files"]]


async def outcome(service, reply):
    state = await ended(service, reply)
    result = await service.request("GET", f"{reply.headers['Location']}/result")
    return state, result.json().get("output")


async def content_of(service, file_id):
    return (await service.request("GET", f"/api/file/download/{file_id}")).body


async def test_a_conversion_that_was_stored_when_the_service_was_killed_is_not_stored_again(tmp_path):
    def body(ids):
        request = {"file_id": ids[0], "to": "html"}
        return {"kind": "convert", "request": request, "options": {"idempotent": True}}

    _, accepted = await killed(tmp_path, "/api/executions", "a.html", body, [("a.md", b"# head")])
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        state, made = await outcome(service, accepted)
        assert (state["status"], state["attempt"]) == ("succeeded", 2)
        assert sorted(await names_in(service)) == ["a.html", "a.md"]
        assert b"head</h1>" in await content_of(service, made["file_id"])
        assert made["route"] == [{"from": "md", "to": "html", "by": "pandoc"}]


async def test_a_batch_that_was_stored_when_the_service_was_killed_tells_of_the_stored_zip(tmp_path):
    def body(ids):
        options = {"format": "text"}
        return {"operation": "parse", "file_ids": ids, "options": options, "name": "texts.zip"}

    files = [("a.txt", b"one"), ("a.txt", b"two"), ("torn.docx", b"PK\x03\x04 torn")]
    ids, accepted = await killed(tmp_path, "/api/file/batch", "texts.zip", body, files)
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        state, report = await outcome(service, accepted)
        archive = zipfile.ZipFile(io.BytesIO(await content_of(service, report["file_id"])))
        assert (state["status"], state["attempt"]) == ("succeeded", 2)
        assert sorted(await names_in(service)) == ["a.txt", "a.txt", "texts.zip", "torn.docx"]
        assert [item["file_id"] for item in report["items"]] == ids
        assert (report["succeeded"], report["failed"]) == (2, 1)
        assert [archive.read(item["output"]) for item in report["items"][:2]] == [b"one\n", b"two\n"]
        assert json.loads(archive.read("report.json"))["items"] == report["items"]
