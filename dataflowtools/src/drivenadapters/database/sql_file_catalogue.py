"""The catalogue of files in SQL."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, true, update

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.stored_file import (
    Content,
    FileDescription,
    FilePage,
    FilePosition,
    FileQuery,
    Metadata,
    MetadataValue,
    Owner,
    StoredFile,
    Usage,
)
from dataflowtools.src.drivenadapters.database.columns import (
    from_microseconds,
    metadata_text,
    metadata_value,
    to_microseconds,
)
from dataflowtools.src.drivenadapters.database.file_conditions import conditions
from dataflowtools.src.drivenadapters.database.repetitions import made_before
from dataflowtools.src.drivenadapters.database.schema import (
    catalogue_identity,
    file_metadata,
    file_tags,
    idempotency_keys,
    tags,
    tenant_usage,
)
from dataflowtools.src.drivenadapters.database.schema import files as file_rows
from dataflowtools.src.drivenadapters.database.statements import insert_unless_there
from dataflowtools.src.drivenadapters.database.tag_rows import retag
from dataflowtools.src.errors import FileNotFound, PreconditionFailed, QuotaExceeded
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from rowkit.database import SqlDatabase


class SqlFileCatalogue(FileCatalogue):
    """Every change is one transaction, and so is what it does to the tenant's usage."""

    def __init__(self, database: SqlDatabase, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(
        self, files: Sequence[StoredFile], *, quota_bytes: int, request: RequestName | None = None
    ) -> Sequence[StoredFile]:
        def work(connection: Connection) -> list[StoredFile]:
            before = None if request is None else self._added_before(connection, request, files)
            if before is not None:
                return before
            for file in files:
                size_bytes, tenant = file.content.size_bytes, file.owner.tenant
                _charge(connection, tenant, size_bytes=size_bytes, files=1, quota_bytes=quota_bytes)
                connection.execute(insert(file_rows).values(**_file_values(file)))
                _write_metadata(connection, file.file_id, file.metadata)
                retag(connection, tenant, [file.file_id], file.tags, file.created_at)
            return [_find(connection, file.owner.tenant, file.file_id) for file in files]

        return await self._database.write(work)

    async def find(self, tenant: str, file_id: str) -> StoredFile:
        return await self._database.read(lambda connection: _find(connection, tenant, file_id))

    async def find_page(self, tenant: str, query: FileQuery) -> FilePage:
        def work(connection: Connection) -> FilePage:
            newest_first = (file_rows.c.created_at.desc(), file_rows.c.file_id.desc())
            wanted = select(file_rows).where(conditions(tenant, query)).order_by(*newest_first)
            if query.after is not None:  # MariaDB would read the tenant's newer files first
                wanted = wanted.with_hint(file_rows, "FORCE INDEX (uq_files_listing)", "mysql")
            rows = connection.execute(wanted.limit(query.limit + 1)).all()
            found = _complete(connection, rows[: query.limit])
            more = len(rows) > query.limit
            last = found[-1] if more else None
            return FilePage(
                files=found,
                next=FilePosition(created_at=last.created_at, file_id=last.file_id) if last else None,
            )

        return await self._database.read(work)

    async def describe(
        self, tenant: str, file_id: str, change: FileDescription, *, if_version: int | None = None
    ) -> StoredFile:
        def work(connection: Connection) -> StoredFile:
            named = {} if change.name is None else _name_values(change.name)
            self._change(connection, tenant, file_id, if_version, named)
            if change.metadata is not None:
                _write_metadata(connection, file_id, change.metadata)
            if change.tags is not None:
                retag(connection, tenant, [file_id], change.tags, self._now())
            return _find(connection, tenant, file_id)

        return await self._database.write(work)

    async def replace_content(
        self, tenant: str, file_id: str, content: Content, *, if_version: int, quota_bytes: int
    ) -> StoredFile:
        def work(connection: Connection) -> StoredFile:
            before = _find(connection, tenant, file_id)
            grown_bytes = content.size_bytes - before.content.size_bytes
            values = {**_content_values(content), "properties": None}
            self._change(connection, tenant, file_id, if_version, values)
            _charge(connection, tenant, size_bytes=grown_bytes, files=0, quota_bytes=quota_bytes)
            return before

        return await self._database.write(work)

    async def keep_properties(
        self, tenant: str, file_id: str, properties: Mapping[str, object], *, sha256: str
    ) -> None:
        same = (file_rows.c.tenant == tenant, file_rows.c.file_id == file_id, file_rows.c.sha256 == sha256)
        text = json.dumps(properties, ensure_ascii=False)
        await self._database.write(
            lambda connection: connection.execute(update(file_rows).where(*same).values(properties=text))
        )

    async def remove(self, tenant: str, file_id: str) -> StoredFile:
        def work(connection: Connection) -> StoredFile:
            file = _find(connection, tenant, file_id)
            if connection.execute(delete(file_rows).where(file_rows.c.file_id == file_id)).rowcount == 0:
                raise _not_found()
            _discharge(connection, file)
            return file

        return await self._database.write(work)

    async def usage(self, tenant: str) -> Usage:
        def work(connection: Connection) -> Usage:
            row = connection.execute(select(tenant_usage).where(tenant_usage.c.tenant == tenant)).first()
            return Usage(size_bytes=row.size_bytes, files=row.files) if row else Usage(size_bytes=0, files=0)

        return await self._database.read(work)

    async def identity(self) -> str:
        wanted = (
            select(catalogue_identity.c.catalogue_id).order_by(catalogue_identity.c.catalogue_id).limit(1)
        )
        return await self._database.read(lambda connection: str(connection.execute(wanted).scalar_one()))

    async def forget_requests(self, before: datetime) -> int:
        old = delete(idempotency_keys).where(idempotency_keys.c.created_at < to_microseconds(before))
        return await self._database.write(lambda connection: connection.execute(old).rowcount)

    async def known_blobs(self, blob_ids: Collection[str]) -> set[str]:
        wanted = select(file_rows.c.blob_id).where(file_rows.c.blob_id.in_(blob_ids))
        return await self._database.read(lambda connection: set(connection.execute(wanted).scalars()))

    def _added_before(
        self, connection: Connection, request: RequestName, files: Sequence[StoredFile]
    ) -> list[StoredFile] | None:
        tenant, file_ids = files[0].owner.tenant, [file.file_id for file in files]
        before = made_before(
            connection, request, tenant=tenant, operation="upload", made=file_ids, now=self._now()
        )
        return None if before is None else [_find(connection, tenant, file_id) for file_id in before]

    def _change(
        self,
        connection: Connection,
        tenant: str,
        file_id: str,
        if_version: int | None,
        values: Mapping[str, Any],
    ) -> None:
        chosen = [file_rows.c.tenant == tenant, file_rows.c.file_id == file_id]
        if if_version is not None:
            chosen.append(file_rows.c.version == if_version)
        stamped = {**values, "version": file_rows.c.version + 1, "modified_at": to_microseconds(self._now())}
        if connection.execute(update(file_rows).where(*chosen).values(**stamped)).rowcount == 0:
            _find(connection, tenant, file_id)
            raise PreconditionFailed("The file has been changed since the version that you name.")


def _not_found() -> FileNotFound:
    return FileNotFound("There is no such file.", field="file_id")


def _find(connection: Connection, tenant: str, file_id: str) -> StoredFile:
    chosen = select(file_rows).where(file_rows.c.tenant == tenant, file_rows.c.file_id == file_id)
    row = connection.execute(chosen).first()
    if row is None:
        raise _not_found()
    return _complete(connection, [row])[0]


def _complete(connection: Connection, rows: Sequence[Any]) -> list[StoredFile]:
    """Add what other tables say of these files."""
    file_ids = [row.file_id for row in rows]
    described: dict[str, dict[str, MetadataValue]] = defaultdict(dict)
    wanted = select(file_metadata).where(file_metadata.c.file_id.in_(file_ids)).order_by(file_metadata.c.name)
    for entry in connection.execute(wanted):
        described[entry.file_id][entry.name] = metadata_value(entry.value, entry.kind)
    tagged: dict[str, list[str]] = defaultdict(list)
    borne = select(file_tags.c.file_id, tags.c.path).join(tags, tags.c.tag_id == file_tags.c.tag_id)
    for entry in connection.execute(borne.where(file_tags.c.file_id.in_(file_ids)).order_by(tags.c.path)):
        tagged[entry.file_id].append(entry.path)
    return [_stored_file(row, described[row.file_id], tagged[row.file_id]) for row in rows]


def _stored_file(row: Any, described: Metadata, tagged: Sequence[str]) -> StoredFile:
    return StoredFile(
        file_id=row.file_id,
        owner=Owner(tenant=row.tenant, user=row.created_by),
        name=row.name,
        content=Content(
            blob_id=row.blob_id, size_bytes=row.size_bytes, sha256=row.sha256, media_type=row.media_type
        ),
        created_at=from_microseconds(row.created_at),
        modified_at=from_microseconds(row.modified_at),
        version=row.version,
        metadata=described,
        tags=tuple(tagged),
        properties=None if row.properties is None else json.loads(row.properties),
    )


def _file_values(file: StoredFile) -> dict[str, Any]:
    return {
        "file_id": file.file_id,
        "tenant": file.owner.tenant,
        "created_by": file.owner.user,
        "version": file.version,
        "created_at": to_microseconds(file.created_at),
        "modified_at": to_microseconds(file.modified_at),
        **_name_values(file.name),
        **_content_values(file.content),
    }


def _name_values(name: str) -> dict[str, str]:
    return {"name": name, "name_folded": name.casefold()}


def _content_values(content: Content) -> dict[str, Any]:
    return {
        "blob_id": content.blob_id,
        "size_bytes": content.size_bytes,
        "sha256": content.sha256,
        "media_type": content.media_type,
    }


def _write_metadata(connection: Connection, file_id: str, described: Metadata) -> None:
    connection.execute(delete(file_metadata).where(file_metadata.c.file_id == file_id))
    rows = []
    for name, value in described.items():
        text, kind = metadata_text(value)
        rows.append({"file_id": file_id, "name": name, "value": text, "kind": kind})
    if rows:
        connection.execute(insert(file_metadata), rows)


def _charge(connection: Connection, tenant: str, *, size_bytes: int, files: int, quota_bytes: int) -> None:
    """Add to the tenant's usage in one statement, so that uploads at once cannot pass the quota together."""
    usage = tenant_usage.c
    fits = true() if size_bytes <= 0 else usage.size_bytes + size_bytes <= quota_bytes
    grown = {"size_bytes": usage.size_bytes + size_bytes, "files": usage.files + files}
    charge = update(tenant_usage).where(usage.tenant == tenant, fits).values(**grown)
    if connection.execute(charge).rowcount:
        return
    insert_unless_there(connection, tenant_usage, tenant=tenant, size_bytes=0, files=0)
    if connection.execute(charge).rowcount == 0:
        raise QuotaExceeded(f"All files together may take {quota_bytes} bytes.")


def _discharge(connection: Connection, file: StoredFile) -> None:
    usage = tenant_usage.c
    shrunk = {"size_bytes": usage.size_bytes - file.content.size_bytes, "files": usage.files - 1}
    connection.execute(update(tenant_usage).where(usage.tenant == file.owner.tenant).values(**shrunk))
