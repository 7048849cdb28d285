"""The tables as queries see them; migrations/dataflowtools makes them, and a test holds the two together.

Times are microseconds since 1970 in UTC.
"""

from sqlalchemy import CHAR, BigInteger, Column, ForeignKey, Integer, MetaData, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.mysql import MEDIUMTEXT

_ID = CHAR(32)
_LONG_TEXT = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")

metadata = MetaData()

files = Table(
    "files",
    metadata,
    Column("file_id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("name", String(255), nullable=False),
    Column("name_folded", String(765), nullable=False),
    Column("blob_id", _ID, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", CHAR(64), nullable=False),
    Column("media_type", String(127), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("properties", _LONG_TEXT, nullable=True),
    Unique("blob_id", name="uq_files_blob"),
    Unique("tenant", "created_at", "file_id", name="uq_files_listing"),
    Unique("tenant", "sha256", "file_id", name="uq_files_sha256"),
)

file_metadata = Table(
    "file_metadata",
    metadata,
    Column("file_id", _ID, ForeignKey("files.file_id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", String(1000), nullable=False),
    Column("kind", String(8), nullable=False),
)

tags = Table(
    "tags",
    metadata,
    Column("tag_id", _ID, primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("parent_id", _ID, ForeignKey("tags.tag_id"), nullable=True),
    Column("name", String(64), nullable=False),
    Column("path", String(600), nullable=False),
    Column("colour", CHAR(7), nullable=True),
    Column("description", String(500), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Unique("tenant", "path", name="uq_tags_path"),
)

file_tags = Table(
    "file_tags",
    metadata,
    Column("file_id", _ID, ForeignKey("files.file_id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", _ID, ForeignKey("tags.tag_id", ondelete="CASCADE"), primary_key=True),
    Unique("tag_id", "file_id", name="uq_file_tags_tag"),
)

tenant_usage = Table(
    "tenant_usage",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("files", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("operation", String(32), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("fingerprint", CHAR(64), nullable=False),
    Column("made", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

catalogue_identity = Table(
    "catalogue_identity",
    metadata,
    Column("catalogue_id", _ID, primary_key=True),
)
