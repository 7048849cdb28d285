"""The database and what is kept in it."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from dataflowtools.src.bootstrap.clock import utc_now
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.database.owner import OWNER
from dataflowtools.src.drivenadapters.database.sql_file_catalogue import SqlFileCatalogue
from dataflowtools.src.drivenadapters.database.sql_tag_catalogue import SqlTagCatalogue
from rowkit.database import SqlDatabase
from rowkit.opening import migrate_when_it_answers, open_database
from servicekit.health import Health


@dataclass(frozen=True, slots=True)
class Rows:
    """The catalogues that one database holds."""

    database: SqlDatabase
    files: SqlFileCatalogue
    tags: SqlTagCatalogue


async def open_rows(settings: Settings, resources: AsyncExitStack, health: Health) -> Rows:
    """Open the database, bring its tables up to date and report it to readiness."""
    database = open_database(settings, OWNER)
    resources.callback(database.close)
    await migrate_when_it_answers(database, settings.db_wait_s)
    health.probe("database", database.check)
    return Rows(
        database=database,
        files=SqlFileCatalogue(database, now=utc_now),
        tags=SqlTagCatalogue(database, now=utc_now),
    )
