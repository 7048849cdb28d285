"""The engine's part of a service's Alembic revisions: `upgrade(op)` in each that the engine's tables change with."""

from alembic.operations import Operations
from sqlalchemy import MetaData, inspect

from executor.adapters.sql.tables import executor_tables


def upgrade(op: Operations) -> None:
    """Make what is not there yet of the engine's tables and their indexes."""
    metadata = MetaData()
    executor_tables(metadata)
    connection = op.get_bind()
    metadata.create_all(connection)
    found = inspect(connection)
    for table in metadata.sorted_tables:
        there = {index["name"] for index in found.get_indexes(table.name)}
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if index.name not in there:
                index.create(connection)


def downgrade(op: Operations) -> None:
    """Remove them."""
    metadata = MetaData()
    executor_tables(metadata)
    metadata.drop_all(op.get_bind())
