"""The service over a real socket, built by the same bootstrap that production uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dataflowtools.src.bootstrap import bootstrap
from dataflowtools.src.common.settings import Settings
from dataflowtools.tests.multipart_bodies import Form
from servicekit.keys import KeyFile
from servicekit.testing import Client, Reply, serving


def make_keys(folder: Path, *tenants: str, scopes: tuple[str, ...] = ("files",)) -> tuple[Path, list[str]]:
    path = folder / "keys.json"
    return path, [KeyFile(path).create(tenant=tenant, scopes=scopes) for tenant in tenants]


@asynccontextmanager
async def running(
    folder: Path, *, ports: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Client]:
    busy = {"max_load_per_core": 1000, "min_free_memory_bytes": 0}  # a busy machine must not hold tests up
    chosen = Settings(**{"data_dir": folder / "data", **busy, **settings})
    async with bootstrap(chosen, **(ports or {})) as app, serving(app) as client:
        yield client


async def upload(client: Client, form: Form, **headers: str) -> Reply:
    return await client.request(
        "POST", "/api/file/upload", body=form.body, headers={**form.headers, **headers}
    )


async def stored(
    client: Client, name: str = "a.txt", content: bytes = b"hello", **headers: str
) -> dict[str, Any]:
    reply = await upload(client, Form().file(name, content), **headers)
    assert reply.status == 201, reply.body
    return reply.json()


def blobs_in(folder: Path) -> list[Path]:
    """List the bytes that the store keeps, finished or not."""
    return [
        path
        for kind in ("blobs", "incoming")
        for path in (folder / "data" / "files" / kind).rglob("*")
        if path.is_file()
    ]
