"""Executions whose service is killed: nothing is stored twice."""

import asyncio
import io
import json
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

from tornado.httpclient import HTTPError

from dataflowtools.tests.http_service import stored
from dataflowtools.tests.service.test_crashes import ARGV, environment
from servicekit.testing import spawn_service

DYING = [sys.executable, str(Path(__file__).with_name("dying_service.py"))]


def calm(folder, **more):
    """A busy machine holds nothing up, files have their turns one by one, and results are larger than documents."""
    quiet = {"STEPFLOW_SCHEDULER_MAX_LOAD_PER_CORE": "1000", "STEPFLOW_SCHEDULER_MIN_FREE_MEMORY": "0"}
    return environment(folder, CONVERT_WORKERS="1", DOCUMENT_MAX_BYTES="300", **quiet, **more)


async def killed(folder, path, dies_after, body, files):
    """Store files, begin the work and see the service die, before or after it has accepted; return the ids."""
    async with spawn_service(DYING, env=calm(folder, DIES_AFTER=dies_after)) as service:
        ids = [(await stored(service, name, content))["file_id"] for name, content in files]
        with suppress(OSError, HTTPError):
            accepted = await service.request("POST", path, json=body(ids))
            assert accepted.status == 202, accepted.body
        async with asyncio.timeout(60):
            assert await service.process.wait() == -9
    return ids


async def names_in(service):
    return [file["name"] for file in (await service.request("GET", "/api/file/list")).json()["files"]]


async def outcome(service):
    """What has become of the only execution there is."""
    [only] = (await service.request("GET", "/api/executions")).json()["items"]
    place = f"/api/executions/{only['execution_id']}"
    async with asyncio.timeout(60):
        while (state := (await service.request("GET", place)).json())["ended_at"] is None:
            await asyncio.sleep(0.05)
    return state, (await service.request("GET", f"{place}/result")).json().get("output")


async def content_of(service, file_id):
    return (await service.request("GET", f"/api/file/download/{file_id}")).body


async def test_a_conversion_that_was_stored_when_the_service_was_killed_is_not_stored_again(tmp_path):
    def body(ids):
        request = {"file_id": ids[0], "to": "html"}
        return {"kind": "convert", "request": request, "options": {"idempotent": True}}

    await killed(tmp_path, "/api/executions", "added a.html", body, [("a.md", b"# head")])
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        state, made = await outcome(service)
        assert (state["status"], state["attempt"]) == ("succeeded", 2)
        assert sorted(await names_in(service)) == ["a.html", "a.md"]
        assert b"head</h1>" in await content_of(service, made["file_id"])
        assert made["route"] == [{"from": "md", "to": "html", "by": "pandoc"}]


async def test_a_batch_that_was_stored_when_the_service_was_killed_tells_of_the_stored_zip(tmp_path):
    def body(ids):
        options = {"format": "text"}
        return {"operation": "parse", "file_ids": ids, "options": options, "name": "texts.zip"}

    files = [("a.txt", b"one"), ("a.txt", b"two"), ("torn.docx", b"PK\x03\x04 torn")]
    ids = await killed(tmp_path, "/api/file/batch", "added texts.zip", body, files)
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        state, report = await outcome(service)
        archive = zipfile.ZipFile(io.BytesIO(await content_of(service, report["file_id"])))
        assert (state["status"], state["attempt"]) == ("succeeded", 2)
        assert sorted(await names_in(service)) == ["a.txt", "a.txt", "texts.zip", "torn.docx"]
        assert [item["file_id"] for item in report["items"]] == ids
        assert (report["succeeded"], report["failed"]) == (2, 1)
        assert [archive.read(item["output"]) for item in report["items"][:2]] == [b"one\n", b"two\n"]
        assert json.loads(archive.read("report.json"))["items"] == report["items"]


async def test_edits_in_place_that_were_made_when_the_service_was_killed_are_not_made_again(tmp_path):
    def body(ids):
        options = {"operations": [{"op": "append", "content": {"text": "end"}}], "in_place": True}
        return {"operation": "edit", "file_ids": ids, "options": options}

    files = [(name, b"start\n") for name in ("a.md", "b.md", "c.md")]
    ids = await killed(tmp_path, "/api/file/batch", "changed b.md", body, files)
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        state, _ = await outcome(service)
        assert (state["status"], state["error_reason"], state["attempt"]) == ("failed", "worker_lost", 1)
        kept = [(await content_of(service, file_id)).decode().split() for file_id in ids]
        assert kept == [["start", "end"], ["start", "end"], ["start"]]


async def test_copies_that_were_being_edited_when_the_service_was_killed_are_edited_anew(tmp_path):
    def body(ids):
        options = {"operations": [{"op": "append", "content": {"text": "end"}}]}
        return {"operation": "edit", "file_ids": ids, "options": options, "name": "edited.zip"}

    files = [(name, b"start\n") for name in ("a.md", "b.md")]
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        ids = [(await stored(service, name, content))["file_id"] for name, content in files]
        assert (await service.request("POST", "/api/file/batch", json=body(ids))).status == 202
        service.process.kill()
        await service.process.wait()
    async with spawn_service(ARGV, env=calm(tmp_path)) as service:
        state, report = await outcome(service)
        archive = zipfile.ZipFile(io.BytesIO(await content_of(service, report["file_id"])))
        assert state["status"] == "succeeded"
        assert sorted(await names_in(service)) == ["a.md", "b.md", "edited.zip"]
        assert [archive.read(name).decode().split() for name in ("a.md", "b.md")] == [["start", "end"]] * 2
        assert [await content_of(service, file_id) for file_id in ids] == [b"start\n"] * 2
