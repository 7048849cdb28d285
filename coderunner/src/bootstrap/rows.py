"""The database: opened, brought up to date, reported to readiness."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.database.migrate import migrate
from coderunner.src.drivenadapters.database.sql_database import SqlDatabase, open_mysql, open_sqlite
from coderunner.src.errors import DatabaseUnavailable
from servicekit.health import Health

_RETRY_S = 1.0


async def open_rows(settings: Settings, resources: AsyncExitStack, health: Health) -> SqlDatabase:
    """SQLite in DATA_DIR, or MySQL where DB_HOST names one."""
    database = _open(settings)
    resources.callback(database.close)
    await _migrate_when_it_answers(database, settings.db_wait_s)
    if not settings.db_host:
        await asyncio.to_thread(database.warm)
    health.probe("database", database.check)
    return database


def database_url(settings: Settings) -> str:
    """Name the database with its password, for what opens connections of its own."""
    database = _open(settings)
    try:
        return database.engine.url.render_as_string(hide_password=False)
    finally:
        database.close()


def _open(settings: Settings) -> SqlDatabase:
    if not settings.db_host:
        return open_sqlite(settings.data_dir / "coderunner.sqlite3", threads=settings.db_threads)
    return open_mysql(
        host=settings.db_host,
        port=settings.db_port,
        name=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.get_secret_value(),
        threads=settings.db_threads,
    )


async def _migrate_when_it_answers(database: SqlDatabase, wait_s: float) -> None:
    """Wait for a database that starts beside us; one that never answers ends the start."""
    deadline = monotonic() + wait_s
    while True:
        try:
            return await asyncio.to_thread(migrate, database.engine)
        except DatabaseUnavailable:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(_RETRY_S)
