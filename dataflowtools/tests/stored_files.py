"""Files for tests."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from dataflowtools.src.common.stored_file import Content, Owner, StoredFile

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_content(
    *, size_bytes: int = 10, media_type: str = "text/plain", sha256: str | None = None
) -> Content:
    digest = hashlib.sha256(secrets.token_bytes(8)).hexdigest()
    return Content(
        blob_id=secrets.token_hex(16), size_bytes=size_bytes, sha256=sha256 or digest, media_type=media_type
    )


def make_file(
    name: str = "a.txt", *, tenant: str = "acme", minute: float = 0, content: Content | None = None, **more
) -> StoredFile:
    moment = START + timedelta(minutes=minute)
    return StoredFile(
        file_id=secrets.token_hex(16),
        owner=Owner(tenant=tenant, user="ada"),
        name=name,
        content=content or make_content(),
        created_at=moment,
        modified_at=moment,
        **more,
    )
