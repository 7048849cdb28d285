"""The engine's part of a service's Alembic revision: call `upgrade(op)` and `downgrade(op)` from it."""

from alembic.operations import Operations
from sqlalchemy import MetaData

from executor.adapters.sql.tables import executor_tables


def upgrade(op: Operations) -> None:
    """Make the engine's tables where they are not there yet."""
    metadata = MetaData()
    executor_tables(metadata)
    metadata.create_all(op.get_bind())


def downgrade(op: Operations) -> None:
    """Remove them."""
    metadata = MetaData()
    executor_tables(metadata)
    metadata.drop_all(op.get_bind())
