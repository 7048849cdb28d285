"""Environments keep where their packages come from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("python_environments")}
    if "pip_config" not in there:  # MySQL commits each statement: a start that was cut off goes on where it was
        op.add_column("python_environments", sa.Column("pip_config", sa.JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("python_environments", "pip_config")
