"""The catalogue of files in memory."""

import dataclasses
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.stored_file import (
    Content,
    FileDescription,
    FilePage,
    FilePosition,
    FileQuery,
    StoredFile,
    Usage,
)
from dataflowtools.src.common.tags import AllOf, AnyOf, HasTag, NoneOf, TagExpression
from dataflowtools.src.errors import (
    DatabaseUnavailable,
    FileNotFound,
    IdempotencyKeyReused,
    PreconditionFailed,
    QuotaExceeded,
)
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.tests.fakes.tag_catalogue import FakeTagCatalogue


def utc_now() -> datetime:
    return datetime.now(UTC)


class FakeFileCatalogue(FileCatalogue):
    def __init__(
        self, tags: FakeTagCatalogue | None = None, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.files: dict[str, StoredFile] = {}
        self.tags = FakeTagCatalogue() if tags is None else tags
        self._now = now
        self._requests: dict[tuple[str, str], tuple[str, list[str], datetime]] = {}
        self._identity = secrets.token_hex(16)

    async def add(
        self, files: Sequence[StoredFile], *, quota_bytes: int, request: RequestName | None = None
    ) -> Sequence[StoredFile]:
        if request is not None and (known := self._requests.get((files[0].owner.tenant, request.name))):
            if known[0] != request.fingerprint:
                raise IdempotencyKeyReused("This Idempotency-Key was used for another request.")
            return [await self.find(files[0].owner.tenant, file_id) for file_id in known[1]]
        for tenant in {file.owner.tenant for file in files}:
            added = sum(file.content.size_bytes for file in files if file.owner.tenant == tenant)
            self._check_quota(tenant, added, quota_bytes)
        if request is not None:
            made = [file.file_id for file in files]
            self._requests[files[0].owner.tenant, request.name] = (request.fingerprint, made, self._now())
        for file in files:
            self.files[file.file_id] = dataclasses.replace(file, tags=())
            self.tags.retag(file.owner.tenant, file.file_id, file.tags, file.created_at)
        return [await self.find(file.owner.tenant, file.file_id) for file in files]

    async def find(self, tenant: str, file_id: str) -> StoredFile:
        file = self.files.get(file_id)
        if file is None or file.owner.tenant != tenant:
            raise FileNotFound("There is no such file.", field="file_id")
        return dataclasses.replace(file, tags=self.tags.paths_of(file_id))

    async def find_page(self, tenant: str, query: FileQuery) -> FilePage:
        mine = [
            await self.find(tenant, file.file_id)
            for file in self.files.values()
            if file.owner.tenant == tenant
        ]
        chosen = [file for file in mine if self._meets(file, query)]
        chosen.sort(key=lambda file: (file.created_at, file.file_id), reverse=True)
        page = chosen[: query.limit]
        last = page[-1] if len(chosen) > query.limit else None
        return FilePage(
            files=page, next=FilePosition(created_at=last.created_at, file_id=last.file_id) if last else None
        )

    async def describe(
        self, tenant: str, file_id: str, change: FileDescription, *, if_version: int | None = None
    ) -> StoredFile:
        file = await self.find(tenant, file_id)
        self._check_version(file, if_version)
        self._put(
            file,
            name=file.name if change.name is None else change.name,
            metadata=file.metadata if change.metadata is None else dict(change.metadata),
        )
        if change.tags is not None:
            self.tags.retag(tenant, file_id, change.tags, self._now())
        return await self.find(tenant, file_id)

    async def replace_content(
        self, tenant: str, file_id: str, content: Content, *, if_version: int, quota_bytes: int
    ) -> StoredFile:
        file = await self.find(tenant, file_id)
        self._check_version(file, if_version)
        self._check_quota(tenant, content.size_bytes - file.content.size_bytes, quota_bytes)
        self._put(file, content=content, properties=None)
        return file

    async def keep_properties(
        self, tenant: str, file_id: str, properties: Mapping[str, object], *, sha256: str
    ) -> None:
        file = self.files.get(file_id)
        if file is not None and file.owner.tenant == tenant and file.content.sha256 == sha256:
            self.files[file_id] = dataclasses.replace(file, properties=dict(properties))

    async def remove(self, tenant: str, file_id: str) -> StoredFile:
        file = await self.find(tenant, file_id)
        del self.files[file_id]
        self.tags.borne.pop(file_id, None)
        return file

    async def usage(self, tenant: str) -> Usage:
        mine = [file for file in self.files.values() if file.owner.tenant == tenant]
        return Usage(size_bytes=sum(file.content.size_bytes for file in mine), files=len(mine))

    async def identity(self) -> str:
        return self._identity

    async def forget_requests(self, before: datetime) -> int:
        old = [key for key, (_, _, asked_at) in self._requests.items() if asked_at < before]
        for key in old:
            del self._requests[key]
        return len(old)

    async def known_blobs(self, blob_ids: Collection[str]) -> set[str]:
        return {file.content.blob_id for file in self.files.values()} & set(blob_ids)

    def _put(self, file: StoredFile, **changes: object) -> None:
        changed = dataclasses.replace(file, version=file.version + 1, modified_at=self._now(), **changes)
        self.files[file.file_id] = changed

    def _check_version(self, file: StoredFile, if_version: int | None) -> None:
        if if_version is not None and file.version != if_version:
            raise PreconditionFailed("The file has been changed since the version that you name.")

    def _check_quota(self, tenant: str, grown_bytes: int, quota_bytes: int) -> None:
        mine = (file for file in self.files.values() if file.owner.tenant == tenant)
        if grown_bytes > 0 and sum(file.content.size_bytes for file in mine) + grown_bytes > quota_bytes:
            raise QuotaExceeded(f"All files together may take {quota_bytes} bytes.")

    def _meets(self, file: StoredFile, query: FileQuery) -> bool:
        media_type = query.media_type
        conditions = (
            query.name_contains is None or query.name_contains.casefold() in file.name.casefold(),
            media_type is None
            or media_type == file.content.media_type
            or (media_type.endswith("/*") and file.content.media_type.startswith(media_type[:-1])),
            query.tag is None or self._tagged(file, query.tag),
            query.sha256 is None or query.sha256 == file.content.sha256,
            query.created_from is None or file.created_at >= query.created_from,
            query.created_before is None or file.created_at < query.created_before,
            all(_as_text(file.metadata.get(name)) == value for name, value in query.metadata.items()),
            query.after is None
            or (file.created_at, file.file_id) < (query.after.created_at, query.after.file_id),
        )
        return all(conditions)

    def _tagged(self, file: StoredFile, expression: TagExpression) -> bool:
        match expression:
            case HasTag(reference):
                below = any((path + "/").startswith(reference + "/") for path in file.tags)
                return below or reference in self.tags.borne.get(file.file_id, ())
            case AllOf(parts):
                return all(self._tagged(file, part) for part in parts)
            case AnyOf(parts):
                return any(self._tagged(file, part) for part in parts)
            case NoneOf(part):
                return not self._tagged(file, part)


class BrokenFileCatalogue(FakeFileCatalogue):
    """Loses the database at the moment of adding."""

    async def add(
        self, files: Sequence[StoredFile], *, quota_bytes: int, request: RequestName | None = None
    ) -> Sequence[StoredFile]:
        raise DatabaseUnavailable("The database does not answer.")


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
