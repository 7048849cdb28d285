"""The service as a process: killed in the middle, it loses nothing that it had answered for."""

import asyncio
import hashlib
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPError

from dataflowtools.tests.http_service import blobs_in, stored, upload
from dataflowtools.tests.multipart_bodies import Form
from dataflowtools.tests.real_servers import fresh_mysql_name
from servicekit.testing import Service, spawn_service

ROOT = Path(__file__).resolve().parents[3]
ARGV = [sys.executable, str(ROOT / "dataflowtools" / "src" / "main.py")]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {"DATA_DIR": str(folder / "data"), "DRAIN_S": "10", **more}


@pytest.fixture
def env(request, tmp_path):
    if request.param == "sqlite":
        yield environment(tmp_path)
    else:
        with fresh_mysql_name() as name:
            yield environment(tmp_path, DB_HOST="127.0.0.1", DB_NAME=name)


@pytest.mark.parametrize(("env", "answers"), [("sqlite", 1), ("sqlite", 15), ("mysql", 6)], indirect=["env"])
async def test_killed_at_any_point_it_keeps_what_it_answered_for(env, tmp_path, answers):
    kept: dict[str, str] = {}
    async with spawn_service(ARGV, env=env) as service:
        await upload_until_killed(service, kept, answers)
    assert len(kept) >= answers
    async with spawn_service(ARGV, env=env) as service:
        listed = await everything(service)
        for file_id, sha256 in kept.items():
            back = await service.request("GET", f"/api/file/download/{file_id}")
            assert hashlib.sha256(back.body).hexdigest() == sha256
        for file_id, sha256 in listed.items():  # also those whose answer did not get out
            back = await service.request("GET", f"/api/file/download/{file_id}")
            assert hashlib.sha256(back.body).hexdigest() == sha256
        async with asyncio.timeout(60):
            while any(path.parent.name == "incoming" for path in blobs_in(tmp_path)):
                await asyncio.sleep(0.02)
    for path in blobs_in(tmp_path):
        os.utime(path, (0, 0))
    async with spawn_service(ARGV, env=env) as service, asyncio.timeout(60):
        while len(blobs_in(tmp_path)) > len(listed):
            await asyncio.sleep(0.02)
        assert await everything(service) == listed
    assert len(blobs_in(tmp_path)) == len(listed)


async def upload_until_killed(service: Service, kept: dict[str, str], answers: int) -> None:
    async def one(size_bytes: int) -> None:
        content = secrets.token_bytes(size_bytes)
        try:
            file = await stored(service, "f.bin", content)
        except (OSError, HTTPError):  # the service is dead
            return
        kept[file["file_id"]] = hashlib.sha256(content).hexdigest()

    async def keep_uploading(size_bytes: int) -> None:
        while service.process.returncode is None and not killed.is_set():
            await one(size_bytes)
            if len(kept) >= answers and not killed.is_set():
                killed.set()
                service.process.kill()

    killed = asyncio.Event()
    async with asyncio.timeout(60):
        await asyncio.gather(*(keep_uploading(size) for size in (10, 5_000, 300_000, 3_000_000, 9_000_000)))
        await service.process.wait()


async def everything(service: Service) -> dict[str, str]:
    reply = await service.request("GET", "/api/file/list?limit=500")
    files: list[dict[str, Any]] = reply.json()["files"]
    return {file["file_id"]: file["sha256"] for file in files}


async def test_an_upload_under_way_is_finished_before_the_service_ends(tmp_path):
    async with spawn_service(ARGV, env=environment(tmp_path)) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(service.base_url.rpartition(":")[2]))
        form = Form().file("late.bin", bytes(3_000_000))
        head = f"POST /api/file/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(form.body)}\r\n"
        writer.write(
            f"{head}Content-Type: {form.headers['Content-Type']}\r\n\r\n".encode() + form.body[:2_000_000]
        )
        async with asyncio.timeout(60):
            while not blobs_in(tmp_path):
                await asyncio.sleep(0.02)
            service.process.send_signal(signal.SIGTERM)
            writer.write(form.body[2_000_000:])
            assert (await reader.readline()).split()[1] == b"201"
            await service.process.wait()
        writer.close()
    async with spawn_service(ARGV, env=environment(tmp_path)) as service:
        assert len(await everything(service)) == 1


async def test_a_fresh_database_over_old_files_leaves_them_alone(tmp_path):
    async with spawn_service(ARGV, env=environment(tmp_path)) as service:
        await stored(service)
    [blob] = blobs_in(tmp_path)
    os.utime(blob, (0, 0))
    for rows in (tmp_path / "data").glob("dataflowtools.sqlite3*"):
        rows.unlink()
    env = environment(tmp_path, SWEEP_INTERVAL_S="0.05")
    async with spawn_service(ARGV, env=env) as service:
        for _ in range(20):
            assert await everything(service) == {}
    assert blobs_in(tmp_path) == [blob]


async def test_two_replicas_that_start_at_once_share_files_and_tags(tmp_path):
    with fresh_mysql_name() as name:
        env = environment(tmp_path, DB_HOST="127.0.0.1", DB_NAME=name)
        async with spawn_service(ARGV, env=env) as one, spawn_service(ARGV, env=env) as two:
            reply = await upload(one, Form().file("a.txt", b"shared").text("tags", "t"))
            file_id = reply.json()["file_id"]
            assert (await two.request("GET", f"/api/file/download/{file_id}")).body == b"shared"
            assert (await two.request("GET", "/api/file/list?tag=t")).json()["files"][0]["file_id"] == file_id
            assert (await two.request("DELETE", f"/api/file/{file_id}")).status == 204
            assert (await one.request("GET", f"/api/file/download/{file_id}")).status == 404


async def test_a_database_that_never_answers_ends_the_start_with_one_line(tmp_path, unused_tcp_port):
    env = environment(tmp_path, DB_HOST="127.0.0.1", DB_PORT=str(unused_tcp_port), DB_WAIT_S="0", PORT="0")
    process = await asyncio.create_subprocess_exec(
        *ARGV, env={**os.environ, **env}, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().strip().splitlines() == ["The database does not answer."]
