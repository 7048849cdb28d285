"""The same calls with files in a bucket and rows in MySQL, and what happens when that goes away and comes back."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dataflowtools.tests.http_service import running, stored, upload
from dataflowtools.tests.multipart_bodies import Form
from dataflowtools.tests.real_servers import fresh_mysql_name, s3_server
from servicekit.testing import assert_problem


async def test_files_live_in_a_bucket_and_rows_in_mysql(tmp_path):
    with s3_server() as address, fresh_mysql_name() as name:
        settings = {
            "file_store": "s3",
            "s3_endpoint_url": address,
            "s3_bucket": "files",
            "s3_access_key": "test",
            "s3_secret_key": "test",
            "db_host": "127.0.0.1",
            "db_name": name,
        }
        async with running(tmp_path, **settings) as client:
            async with asyncio.timeout(60):  # the first sweep makes the bucket
                while (await client.request("GET", "/api/health/ready")).status != 200:
                    await asyncio.sleep(0.05)
            body = secrets.token_bytes(20_000_000)
            file_id = (await stored(client, "大.bin", body))["file_id"]
            path = f"/api/file/download/{file_id}"
            assert (await client.request("GET", path)).body == body
            part = await client.request("GET", path, headers={"Range": "bytes=9999990-10000009"})
            assert (part.status, part.body) == (206, body[9_999_990:10_000_010])
            parts = await client.request("GET", path, headers={"Range": "bytes=0-1,-2"})
            assert (parts.status, len(parts.body)) == (206, int(parts.headers["Content-Length"]))
            assert_problem(await upload(client, Form().file("x.pdf", b"text")), 415, "type_mismatch")
            assert (await client.request("DELETE", f"/api/file/{file_id}")).status == 204
            assert_problem(await client.request("GET", path), 404, "file_not_found")
        assert not (tmp_path / "data").exists()


async def test_a_database_that_goes_away_is_a_503_until_it_is_back(tmp_path):
    with fresh_mysql_name() as name:
        async with (
            line_to_mysql() as line,
            running(tmp_path, db_host="127.0.0.1", db_port=line.port, db_name=name) as client,
        ):
            file_id = (await stored(client))["file_id"]
            await line.cut()
            reply = await client.request("GET", "/api/file/list")
            assert_problem(reply, 503, "database_unavailable")
            assert int(reply.headers["Retry-After"]) > 0
            assert_problem(await upload(client, Form().file("a", b"a")), 503, "database_unavailable")
            ready = await client.request("GET", "/api/health/ready")
            assert (ready.status, ready.json()["checks"]["file_store"]["status"]) == (503, "ok")
            assert (await client.request("GET", "/api/health/live")).status == 200
            await line.restore()
            assert (await client.request("GET", f"/api/file/download/{file_id}")).body == b"hello"
            assert (await client.request("GET", "/api/health/ready")).status == 200


class Line:
    """A TCP relay in front of the database that can be cut."""

    def __init__(self) -> None:
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", 3306)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def line_to_mysql() -> AsyncIterator[Line]:
    line = Line()
    await line.restore()
    try:
        yield line
    finally:
        await line.cut()
