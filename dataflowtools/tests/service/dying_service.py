"""The service, killed at the moment when the change named by DIES_AFTER is kept and nobody has been told yet."""

import asyncio
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[0] = str(ROOT)
sys.path[1:1] = [str(ROOT / "deps" / name) for name in ("servicekit", "executor", "rowkit")]

from dataflowtools.src.bootstrap import bootstrap  # noqa: E402 - only now it is found
from dataflowtools.src.bootstrap.clock import utc_now  # noqa: E402
from dataflowtools.src.common.settings import Settings  # noqa: E402
from dataflowtools.src.drivenadapters.database.owner import OWNER  # noqa: E402
from dataflowtools.src.drivenadapters.database.sql_file_catalogue import SqlFileCatalogue  # noqa: E402
from rowkit.opening import open_database  # noqa: E402
from servicekit.server import serve  # noqa: E402
from servicekit.settings import load_settings  # noqa: E402


class DyingCatalogue(SqlFileCatalogue):
    """Kills its own process after a change that is durable."""

    async def add(self, files, **choices):
        kept = await super().add(files, **choices)
        _die_after(f"added {kept[0].name}")
        return kept

    async def replace_content(self, tenant, file_id, content, **choices):
        before = await super().replace_content(tenant, file_id, content, **choices)
        _die_after(f"changed {before.name}")
        return before


def _die_after(change: str) -> None:
    if change == os.environ["DIES_AFTER"]:
        os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    settings = load_settings(Settings, os.environ)
    catalogue = DyingCatalogue(open_database(settings, OWNER), now=utc_now)
    async with bootstrap(settings, file_catalogue=catalogue) as app:
        await serve(app, host=settings.host, port=settings.port, drain_s=settings.drain_s)


if __name__ == "__main__":
    asyncio.run(main())
