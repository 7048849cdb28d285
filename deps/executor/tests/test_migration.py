"""The Alembic revision of the engine, up and down, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, create_engine, inspect

from executor.adapters.sql.tables import TABLE_NAMES, executor_tables
from executor.migration import downgrade, upgrade


@pytest.fixture(params=["sqlite", "mysql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    engine = create_engine(request.getfixturevalue("mysql_url"))
    metadata = MetaData()
    executor_tables(metadata)
    metadata.drop_all(engine)
    yield engine.url
    metadata.create_all(engine)
    engine.dispose()


def test_up_and_down_and_nothing_left_to_change(empty_url):
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        upgrade(Operations(context))
        connection.commit()
        assert set(inspect(connection).get_table_names()) == set(TABLE_NAMES)
        metadata = MetaData()
        executor_tables(metadata)
        assert compare_metadata(context, metadata) == []
        Operations(context).drop_index("ix_executions_next_of_kind", "executions")
        upgrade(Operations(context))  # as from an earlier version
        assert compare_metadata(context, metadata) == []
        downgrade(Operations(context))
        connection.commit()
        assert inspect(connection).get_table_names() == []
    engine.dispose()
