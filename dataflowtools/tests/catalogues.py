"""The catalogues under contract: in memory, in SQLite, in MySQL or MariaDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, update

from dataflowtools.src.drivenadapters.database.owner import OWNER
from dataflowtools.src.drivenadapters.database.schema import catalogue_identity, metadata
from dataflowtools.src.drivenadapters.database.schema import tags as tag_rows
from dataflowtools.src.drivenadapters.database.sql_file_catalogue import SqlFileCatalogue
from dataflowtools.src.drivenadapters.database.sql_tag_catalogue import SqlTagCatalogue
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue
from dataflowtools.tests.fakes.file_catalogue import FakeFileCatalogue, utc_now
from dataflowtools.tests.fakes.tag_catalogue import FakeTagCatalogue
from rowkit.database import SqlDatabase, open_sqlite
from rowkit.migrations import migrate

KINDS = ["fake", "sqlite", "mysql"]


@dataclass(frozen=True)
class Catalogues:
    files: FileCatalogue
    tags: TagCatalogue


@contextmanager
def fresh_sqlite(folder: Path) -> Iterator[SqlDatabase]:
    database = open_sqlite(OWNER, folder / "rows.sqlite3", threads=4)
    migrate(database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def fresh_catalogues(kind: str, folder: Path, mysql: SqlDatabase | None) -> Iterator[Catalogues]:
    if kind == "fake":
        tags = FakeTagCatalogue()
        yield Catalogues(FakeFileCatalogue(tags), tags)
    elif mysql is not None:
        yield sql_catalogues(mysql)
    else:
        with fresh_sqlite(folder) as database:
            yield sql_catalogues(database)


def sql_catalogues(database: SqlDatabase) -> Catalogues:
    return Catalogues(SqlFileCatalogue(database, now=utc_now), SqlTagCatalogue(database, now=utc_now))


def empty(database: SqlDatabase) -> None:
    """Take every row out, so that one database serves many tests."""
    with database.engine.begin() as connection:
        connection.execute(update(tag_rows).values(parent_id=None))
        for table in reversed(metadata.sorted_tables):
            if table is not catalogue_identity:
                connection.execute(delete(table))
