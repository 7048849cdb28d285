"""The database and what is kept in it."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic

from dataflowtools.src.bootstrap.clock import utc_now
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.database.migrate import migrate
from dataflowtools.src.drivenadapters.database.sql_database import SqlDatabase, open_mysql, open_sqlite
from dataflowtools.src.drivenadapters.database.sql_file_catalogue import SqlFileCatalogue
from dataflowtools.src.drivenadapters.database.sql_tag_catalogue import SqlTagCatalogue
from dataflowtools.src.errors import DatabaseUnavailable
from servicekit.health import Health

_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Rows:
    """The catalogues that one database holds."""

    database: SqlDatabase
    files: SqlFileCatalogue
    tags: SqlTagCatalogue


async def open_rows(settings: Settings, resources: AsyncExitStack, health: Health) -> Rows:
    """Open the database, bring its tables up to date and report it to readiness."""
    database = _open(settings)
    resources.callback(database.close)
    await _migrate_when_it_answers(database, settings.db_wait_s)
    health.probe("database", database.check)
    return Rows(
        database=database,
        files=SqlFileCatalogue(database, now=utc_now),
        tags=SqlTagCatalogue(database, now=utc_now),
    )


def database_url(settings: Settings) -> str:
    """Name the database with its password, for what opens connections of its own."""
    database = _open(settings)
    try:
        return database.engine.url.render_as_string(hide_password=False)
    finally:
        database.close()


def _open(settings: Settings) -> SqlDatabase:
    if not settings.db_host:
        return open_sqlite(settings.data_dir / "dataflowtools.sqlite3", threads=settings.db_threads)
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
