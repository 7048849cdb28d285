"""Names of creating requests, kept in the transaction that creates."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.drivenadapters.database.columns import to_microseconds
from dataflowtools.src.drivenadapters.database.schema import idempotency_keys
from dataflowtools.src.drivenadapters.database.statements import insert_unless_there
from dataflowtools.src.errors import IdempotencyKeyReused

KEPT = timedelta(days=1)


def made_before(
    connection: Connection,
    request: RequestName,
    *,
    tenant: str,
    operation: str,
    made: Sequence[str],
    now: datetime,
) -> list[str] | None:
    """Keep what this request makes; when the name is known already, return what was made then.

    Raises IdempotencyKeyReused when it then asked for something else.
    """
    keys = idempotency_keys.c
    mine = (keys.tenant == tenant, keys.operation == operation, keys.name == request.name)
    connection.execute(delete(idempotency_keys).where(*mine, keys.created_at < to_microseconds(now - KEPT)))
    mark = json.dumps(list(made))
    insert_unless_there(
        connection,
        idempotency_keys,
        tenant=tenant,
        operation=operation,
        name=request.name,
        fingerprint=request.fingerprint,
        made=mark,
        created_at=to_microseconds(now),
    )
    row = connection.execute(select(keys.fingerprint, keys.made).where(*mine)).one()
    if row.made == mark:
        return None
    if row.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used for another request.", field="Idempotency-Key"
        )
    ids: list[str] = json.loads(row.made)
    return ids
