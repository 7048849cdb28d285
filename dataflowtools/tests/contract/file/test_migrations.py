"""The tables that migrations make are the tables that queries expect, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from dataflowtools.src.drivenadapters.database.owner import OWNER
from dataflowtools.src.drivenadapters.database.schema import metadata
from dataflowtools.tests.real_servers import fresh_mysql_name
from rowkit.database import SqlDatabase, open_mysql, open_sqlite
from rowkit.migrations import migrate


@pytest.fixture(params=["sqlite", "mysql"])
def database(request, tmp_path) -> Iterator[SqlDatabase]:
    if request.param == "sqlite":
        opened = open_sqlite(OWNER, tmp_path / "new" / "rows.sqlite3", threads=2)
        yield opened
        opened.close()
        return
    with fresh_mysql_name() as name:
        opened = open_mysql(
            OWNER, host="127.0.0.1", port=3306, name=name, user="root", password="", threads=2
        )
        yield opened
        opened.close()


def test_replicas_that_start_at_once_migrate_once(database):
    with ThreadPoolExecutor(2) as replicas:
        list(replicas.map(lambda _: migrate(database), range(6)))
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM dataflowtools_version")).scalar_one() == 1


def test_migrations_and_schema_agree(database):
    migrate(database)
    ours = set(metadata.tables)
    with database.engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_start_that_was_cut_off_between_two_tables_goes_on(database):
    migrate(database)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE tenant_usage"))
        connection.execute(text("DELETE FROM dataflowtools_version"))
    migrate(database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tenant_usage")).scalar_one() == 0
