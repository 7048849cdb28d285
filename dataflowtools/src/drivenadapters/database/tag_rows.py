"""Rows of tags, shared by the catalogue of tags and that of files."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select

from dataflowtools.src.common.tags import PATH_SEPARATOR
from dataflowtools.src.drivenadapters.database.columns import to_microseconds
from dataflowtools.src.drivenadapters.database.schema import file_tags, tags
from dataflowtools.src.drivenadapters.database.statements import insert_unless_there


def find_tag_row(connection: Connection, tenant: str, reference: str, *, lock: bool = False) -> Any:
    """Return the row that has this id or path, or None; where both are there, the id's."""
    chosen = or_(tags.c.tag_id == reference, tags.c.path == reference)
    wanted = select(tags).where(tags.c.tenant == tenant, chosen).order_by(tags.c.tag_id != reference)
    return connection.execute(wanted.with_for_update() if lock else wanted).first()


def retag(
    connection: Connection, tenant: str, file_ids: Sequence[str], references: Iterable[str], now: datetime
) -> None:
    """Give the files exactly these tags; paths that do not exist yet are made."""
    tag_ids = {_find_or_make(connection, tenant, reference, now) for reference in references}
    connection.execute(delete(file_tags).where(file_tags.c.file_id.in_(file_ids)))
    rows = [{"file_id": file_id, "tag_id": tag_id} for file_id in file_ids for tag_id in sorted(tag_ids)]
    if rows:
        connection.execute(insert(file_tags), rows)


def _find_or_make(connection: Connection, tenant: str, reference: str, now: datetime) -> str:
    row = find_tag_row(connection, tenant, reference)
    if row is not None:
        return str(row.tag_id)
    parent, _, name = reference.rpartition(PATH_SEPARATOR)
    parent_id = _find_or_make(connection, tenant, parent, now) if parent else None
    tag_id, moment = secrets.token_hex(16), to_microseconds(now)
    values = {
        "tag_id": tag_id,
        "tenant": tenant,
        "parent_id": parent_id,
        "name": name,
        "path": reference,
        "colour": None,
        "description": "",
        "created_at": moment,
        "modified_at": moment,
    }
    insert_unless_there(connection, tags, **values)  # perhaps another transaction made it just now
    return str(find_tag_row(connection, tenant, reference).tag_id)
