"""Files in: streamed to the store, looked at on the way, and kept all or none."""

import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.stored_file import (
    Content,
    FileDescription,
    IncomingFile,
    Owner,
    StoredFile,
)
from dataflowtools.src.errors import (
    DatabaseUnavailable,
    DataflowError,
    FileNotFound,
    FileTooLarge,
    InvalidFileRequest,
    QuotaExceeded,
    ServiceTrouble,
    UploadInterrupted,
)
from dataflowtools.src.logics.file.check_metadata import check_metadata, check_tag_count
from dataflowtools.src.logics.file.clean_names import clean_name
from dataflowtools.src.logics.file.file_limits import FileLimits
from dataflowtools.src.logics.file.inspect_content import ContentInspector
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.tag.check_tags import check_reference

_log = logging.getLogger(__name__)


class UploadFiles:
    """Stores what comes in for its owner; a failure or a sender that goes away leaves nothing behind."""

    def __init__(
        self, *, store: FileStore, catalogue: FileCatalogue, limits: FileLimits, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._limits = limits
        self._now = now

    async def __call__(
        self,
        owner: Owner,
        parts: AsyncIterator[IncomingFile | FileDescription],
        *,
        request_name: str | None = None,
        file_id: str | None = None,
    ) -> Sequence[StoredFile]:
        """Store every incoming file; descriptions among the parts hold for all of them.

        A request of a name that was used before stores nothing and returns what was stored then. So does one
        whose single file is to have an id that is there already.
        """
        if file_id is not None and (there := await self._find(owner.tenant, file_id)) is not None:
            return [there]
        upload = _Upload(owner, (await self._catalogue.usage(owner.tenant)).size_bytes)
        try:
            async for part in parts:
                if isinstance(part, FileDescription):
                    upload.describe(part)
                else:
                    await self._store_one(upload, part)
            longest = timedelta(seconds=self._limits.upload_s)
            files = upload.described_files(self._now(), longest, file_id)
        except BaseException:
            await self._forget(upload)
            raise
        return await self._keep(upload, files, request_name)

    async def _find(self, tenant: str, file_id: str) -> StoredFile | None:
        try:
            return await self._catalogue.find(tenant, file_id)
        except FileNotFound:
            return None

    async def _store_one(self, upload: "_Upload", incoming: IncomingFile) -> None:
        if len(upload.blob_ids) >= self._limits.upload_files:
            raise InvalidFileRequest(
                f"One upload takes at most {self._limits.upload_files} files.", field="file"
            )
        name = clean_name(incoming.name)
        inspector, blob_id = ContentInspector(name), secrets.token_hex(16)
        await self._store.write(blob_id, self._inspected(upload, inspector, incoming.chunks))
        upload.blob_ids.append(blob_id)
        sha256, media_type = inspector.finish()
        content = Content(
            blob_id=blob_id, size_bytes=inspector.size_bytes, sha256=sha256, media_type=media_type
        )
        upload.add(name, content, self._now())

    async def _inspected(
        self, upload: "_Upload", inspector: ContentInspector, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            inspector.take(chunk)
            if inspector.size_bytes > self._limits.file_bytes:
                raise FileTooLarge(f"A file may have at most {self._limits.file_bytes} bytes.", field="file")
            if upload.used_bytes + inspector.size_bytes > self._limits.quota_bytes:
                raise QuotaExceeded(f"All files together may take {self._limits.quota_bytes} bytes.")
            yield chunk

    async def _keep(
        self, upload: "_Upload", files: Sequence[StoredFile], request_name: str | None
    ) -> Sequence[StoredFile]:
        request = None if request_name is None else RequestName(name=request_name, fingerprint=_hash(files))
        try:
            kept = await self._catalogue.add(files, quota_bytes=self._limits.quota_bytes, request=request)
        except DatabaseUnavailable:  # perhaps the rows are there: the sweep will know
            raise
        except DataflowError:
            await self._forget(upload)
            raise
        if kept[0].file_id != files[0].file_id:  # a repetition
            await self._forget(upload)
        return kept

    async def _forget(self, upload: "_Upload") -> None:
        for blob_id in upload.blob_ids:
            try:
                await self._store.remove(blob_id)
            except ServiceTrouble:  # the first error is the one to tell; the sweep removes the bytes
                _log.warning("The bytes %s of an upload that failed wait for the sweep.", blob_id)


def _hash(files: Sequence[StoredFile]) -> str:
    facts = [
        (file.name, file.content.sha256, sorted(file.metadata.items()), sorted(file.tags)) for file in files
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


class _Upload:
    """What is known of one upload while it goes on."""

    def __init__(self, owner: Owner, used_bytes: int) -> None:
        self.owner = owner
        self.used_bytes = used_bytes
        self.blob_ids: list[str] = []
        self._contents: list[tuple[str, Content, datetime]] = []
        self._description = FileDescription()

    def describe(self, description: FileDescription) -> None:
        if description.metadata is not None and self._description.metadata is not None:
            raise InvalidFileRequest("The metadata is given twice.", field="metadata")
        tags = None
        if description.tags is not None:
            tags = check_tag_count(
                [*(self._description.tags or ()), *(check_reference(tag) for tag in description.tags)]
            )
        self._description = FileDescription(
            metadata=self._description.metadata
            if description.metadata is None
            else check_metadata(description.metadata),
            tags=self._description.tags if tags is None else tags,
        )

    def add(self, name: str, content: Content, stored_at: datetime) -> None:
        self.used_bytes += content.size_bytes
        self._contents.append((name, content, stored_at))

    def described_files(self, now: datetime, longest: timedelta, file_id: str | None) -> list[StoredFile]:
        if not self._contents:
            raise InvalidFileRequest(
                "The upload holds no file: send it as the part named file.", field="file"
            )
        if now - self._contents[0][2] > longest:  # the sweep could take the first file for an orphan
            raise UploadInterrupted("The upload took too long.")
        return [
            StoredFile(
                file_id=file_id or secrets.token_hex(16),
                owner=self.owner,
                name=name,
                content=content,
                created_at=now,
                modified_at=now,
                metadata=self._description.metadata or {},
                tags=self._description.tags or (),
            )
            for name, content, _ in self._contents
        ]
