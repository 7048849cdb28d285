"""The tables of the execution engine."""

from alembic import op
from executor import migration as engine

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    engine.upgrade(op)


def downgrade() -> None:
    engine.downgrade(op)
