"""What tests of a service need: a client, a running application or process, a look at problems."""

import asyncio
import contextlib
import json as jsonlib
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import Application

from servicekit.server import make_server

__all__ = ["assert_problem", "serving", "spawn_service"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return jsonlib.loads(self.body)


class Client:
    """Requests to one base address."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.headers: dict[str, str] = {}
        self._http = SimpleAsyncHTTPClient(force_instance=True, max_clients=200)

    async def request(
        self, method: str, path: str, *, json: Any = None, body: bytes | None = None, **more: Any
    ) -> Reply:
        """One request; `headers=` and `timeout_s=` are understood."""
        headers = {**self.headers, **more.get("headers", {})}
        if json is not None:
            body = jsonlib.dumps(json).encode()
            headers.setdefault("Content-Type", "application/json")
        found = await self._http.fetch(
            self.base_url + path,
            method=method,
            body=body,
            headers=headers,
            raise_error=False,
            allow_nonstandard_methods=True,
            request_timeout=more.get("timeout_s", 30.0),
            follow_redirects=False,
        )
        return Reply(found.code, found.headers, found.body or b"")

    def close(self) -> None:
        self._http.close()


@contextlib.asynccontextmanager
async def serving(app: Application) -> AsyncIterator[Client]:
    """The application in this loop on an unused port."""
    server = make_server(app)
    client = Client(f"http://127.0.0.1:{server.bind_to('127.0.0.1', 0)}")
    try:
        yield client
    finally:
        client.close()
        server.stop()
        await server.close_all_connections()


class Service(Client):
    """A process that serves, and the means to talk to it."""

    def __init__(self, base_url: str, process: asyncio.subprocess.Process) -> None:
        super().__init__(base_url)
        self.process = process

    async def answers(self, path: str) -> bool:
        """Whether the process listens and that path is a 200."""
        try:
            return (await self.request("GET", path)).status == 200  # noqa: PLR2004
        except OSError:
            return False


@contextlib.asynccontextmanager
async def spawn_service(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    ready: str = "/api/health",
    deadline_s: float = 30.0,
) -> AsyncIterator[Service]:
    """A real process on an unused port, told to it as PORT; yielded when it is ready, ended afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = {**os.environ, **(env or {}), "HOST": "127.0.0.1", "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(*argv, env=environ)
    service = Service(f"http://127.0.0.1:{port}", process)
    try:
        async with asyncio.timeout(deadline_s):
            while not await service.answers(ready):
                assert process.returncode is None, f"{argv} ended with {process.returncode}"  # noqa: S101
                await asyncio.sleep(0.05)
        yield service
    finally:
        service.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


def assert_problem(reply: Reply, status: int, code: str) -> dict[str, Any]:
    """The reply is the expected problem in the shape of all problems; returns its document."""
    document: dict[str, Any] = reply.json()
    found = (reply.status, document.get("code"), reply.headers["Content-Type"])
    assert found == (status, code, "application/problem+json"), (found, document)  # noqa: S101
    needed = {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert needed <= document.keys(), document  # noqa: S101
    assert document["status"] == status, document  # noqa: S101
    assert document["request_id"] == reply.headers["X-Request-ID"], document  # noqa: S101
    return document
