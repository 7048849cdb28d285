"""What a worker answers over HTTP beside its work: health and metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servicekit.health import Health
from servicekit.http import make_app
from servicekit.keys import KeyFile
from servicekit.metrics import Metrics


@asynccontextmanager
async def worker_face(
    *,
    name: str,
    version: str,
    host: str,
    port: int,
    auth: str,
    keys: KeyFile | None,
    health: Health,
    metrics: Metrics,
) -> AsyncIterator[None]:
    """Answer until the context ends; the work decides when that is, so nothing is drained here."""
    trusted = ("*",) if auth == "none" else ()
    app = make_app(
        [], name=name, version=version, description="Carries executions.", errors={},
        keys=keys, health=health, metrics=metrics, trusted_hosts=trusted,
    )  # fmt: skip
    server = app.listen(port, host)
    try:
        yield
    finally:
        server.stop()
        await server.close_all_connections()
