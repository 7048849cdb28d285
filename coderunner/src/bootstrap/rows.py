"""The database: opened, brought up to date, reported to readiness."""

import asyncio
from contextlib import AsyncExitStack

from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.database.owner import OWNER
from rowkit.database import SqlDatabase
from rowkit.opening import migrate_when_it_answers, open_database
from servicekit.health import Health


async def open_rows(settings: Settings, resources: AsyncExitStack, health: Health) -> SqlDatabase:
    """SQLite in DATA_DIR, or MySQL where DB_HOST names one."""
    database = open_database(settings, OWNER)
    resources.callback(database.close)
    await migrate_when_it_answers(database, settings.db_wait_s)
    if not settings.db_host:
        await asyncio.to_thread(database.warm)
    health.probe("database", database.check)
    return database
