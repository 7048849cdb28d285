"""An index by which the next executions of one kind are found however many of another wait in front."""

from alembic import op
from executor import migration as engine

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    engine.upgrade(op)


def downgrade() -> None:
    op.drop_index("ix_executions_next_of_kind", "executions")
