"""The catalogue's own id, which a store of files keeps to know whose it is."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    table = op.create_table(
        "catalogue_identity",
        sa.Column("catalogue_id", sa.CHAR(32), primary_key=True),
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.bulk_insert(table, [{"catalogue_id": secrets.token_hex(16)}])


def downgrade() -> None:
    op.drop_table("catalogue_identity")
