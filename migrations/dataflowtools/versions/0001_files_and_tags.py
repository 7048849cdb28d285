"""Files, what is said of them, tags, and what each tenant stores."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import MEDIUMTEXT

revision = "0001"
down_revision = None

# MySQL commits each statement: a start that was cut off between two tables goes on where it was.
_TABLE = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
_ID = sa.CHAR(32)


def upgrade() -> None:
    _make_files()
    _make_tags()
    op.create_table(
        "tenant_usage",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        if_not_exists=True,
        **_TABLE,
    )


def _make_files() -> None:
    op.create_table(
        "files",
        sa.Column("file_id", _ID, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_folded", sa.String(765), nullable=False),
        sa.Column("blob_id", _ID, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.CHAR(64), nullable=False),
        sa.Column("media_type", sa.String(127), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("properties", sa.Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb"), nullable=True),
        sa.UniqueConstraint("blob_id", name="uq_files_blob"),
        sa.UniqueConstraint("tenant", "created_at", "file_id", name="uq_files_listing"),
        sa.UniqueConstraint("tenant", "sha256", "file_id", name="uq_files_sha256"),
        if_not_exists=True,
        **_TABLE,
    )
    op.create_table(
        "file_metadata",
        sa.Column("file_id", _ID, sa.ForeignKey("files.file_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(1000), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        if_not_exists=True,
        **_TABLE,
    )


def _make_tags() -> None:
    op.create_table(
        "tags",
        sa.Column("tag_id", _ID, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("parent_id", _ID, sa.ForeignKey("tags.tag_id"), nullable=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("path", sa.String(600), nullable=False),
        sa.Column("colour", sa.CHAR(7), nullable=True),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("tenant", "path", name="uq_tags_path"),
        if_not_exists=True,
        **_TABLE,
    )
    op.create_table(
        "file_tags",
        sa.Column("file_id", _ID, sa.ForeignKey("files.file_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag_id", _ID, sa.ForeignKey("tags.tag_id", ondelete="CASCADE"), primary_key=True),
        sa.UniqueConstraint("tag_id", "file_id", name="uq_file_tags_tag"),
        if_not_exists=True,
        **_TABLE,
    )


def downgrade() -> None:
    for table in ("tenant_usage", "file_tags", "tags", "file_metadata", "files"):
        op.drop_table(table)
