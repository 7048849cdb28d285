"""Change a stored document: all operations or none, and never over somebody else's change."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from dataflowtools.src.common.stored_file import Content, IncomingFile, Owner, StoredFile
from dataflowtools.src.errors import (
    DataflowError,
    EditConflict,
    FileTooLarge,
    PreconditionFailed,
    ServiceTrouble,
)
from dataflowtools.src.logics.file.clean_names import extension_of
from dataflowtools.src.logics.file.file_limits import FileLimits
from dataflowtools.src.logics.file.inspect_content import ContentInspector
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.file.upload_files import UploadFiles
from dataflowtools.src.logics.file.writing.convert_bytes import BY_WAY_OF, ConvertBytes
from dataflowtools.src.logics.file.writing.gather_files import gathered, picture_ids, require_files
from dataflowtools.src.logics.file.writing.ports.document_workshop import (
    DocumentWorkshop,
    InputFile,
    Made,
    MadeFile,
)

_log = logging.getLogger(__name__)
_ATTEMPTS = 5
MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What to do to which file; with `save_as` the result is a new file and the old one stays."""

    file_id: str
    operations: Sequence[Mapping[str, Any]]
    if_match: str | None = None
    save_as: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The file as it is now or the new ones, what each operation did, and warnings."""

    files: Sequence[StoredFile]
    is_new: bool
    results: Sequence[Mapping[str, Any]]
    warnings: Sequence[Mapping[str, Any]]


class EditDocument:
    """Changes documents; two edits of one file at once happen one after the other."""

    def __init__(
        self,
        *,
        workshop: DocumentWorkshop,
        open_file: OpenFile,
        store: FileStore,
        catalogue: FileCatalogue,
        upload_files: UploadFiles,
        limits: FileLimits,
        convert: ConvertBytes,
    ) -> None:
        self._workshop = workshop
        self._convert = convert
        self._open_file = open_file
        self._keeper = _Keeper(store, catalogue, limits)
        self._upload_files = upload_files
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, owner: Owner, edit: Edit, *, request_name: str | None = None) -> Edited:
        """Apply the operations; raises EditConflict, InvalidEdit, FileNotFound and the errors of workers.

        Without `if_match` an edit that another process has overtaken is done again on what is there now.
        """
        turn = self._turns.setdefault(edit.file_id, asyncio.Lock())
        async with turn:
            for _ in range(_ATTEMPTS):
                edited = await self._once(owner, edit, request_name)
                if edited is not None:
                    return edited
        file = await self._keeper.find(owner.tenant, edit.file_id)
        raise _conflict(file)

    async def _once(self, owner: Owner, edit: Edit, request_name: str | None) -> Edited | None:
        async with self._open_file(owner.tenant, edit.file_id) as opened:
            _check_match(opened.file, edit.if_match)
            name, chunks = opened.file.name, opened.reader.chunks()
            async with self.changed(
                owner.tenant, name, chunks, edit.operations, password=edit.password
            ) as made:
                if edit.save_as is not None or made.facts.get("is_new"):
                    return await self._as_new(owner, edit, made, request_name)
                return await self._in_place(opened.file, edit, made)

    @asynccontextmanager
    async def changed(
        self,
        tenant: str,
        name: str,
        chunks: AsyncIterator[bytes],
        operations: Sequence[Mapping[str, Any]],
        *,
        password: str | None = None,
    ) -> AsyncIterator[Made]:
        """Change a copy and hold it, by way of a newer format where it is of one that we do not write."""
        way = BY_WAY_OF.get(extension_of(name))
        if way is None:
            async with self._work(tenant, name, chunks, operations, password) as made:
                yield made
            return
        async with (
            self._convert(tenant, name, chunks, way) as newer,
            self._work(tenant, newer.name, newer.read(), operations) as made,
            self._convert(tenant, newer.name, made.files[0].read(), extension_of(name)) as back,
        ):
            lossy = {
                "code": "converted",
                "message": f"Changed by way of {way}; what that cannot hold is lost.",
            }
            facts = {**made.facts, "warnings": [*made.facts["warnings"], lossy]}
            yield Made(facts=facts, files=[back])

    async def require(self, tenant: str, operations: Sequence[Mapping[str, Any]], *, field: str) -> None:
        """Raise FileNotFound unless the tenant has the other files that the operations name."""
        await require_files(self._open_file, tenant, _others(operations), field=field)

    def _work(
        self,
        tenant: str,
        name: str,
        chunks: AsyncIterator[bytes],
        operations: Sequence[Mapping[str, Any]],
        password: str | None = None,
    ) -> AbstractAsyncContextManager[Made]:
        order = {"name": name, "operations": list(operations), "password": password}
        return self._workshop.work("edit", self._inputs(tenant, name, chunks, operations), order)

    async def _inputs(
        self, tenant: str, name: str, chunks: AsyncIterator[bytes], operations: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[InputFile]:
        yield InputFile(file_id=MAIN, name=name, chunks=chunks)
        async for one in gathered(self._open_file, tenant, _others(operations)):
            yield one

    async def _as_new(self, owner: Owner, edit: Edit, made: Made, request_name: str | None) -> Edited:
        async def incoming() -> AsyncIterator[IncomingFile]:
            for number, one in enumerate(made.files, start=1):
                name = _name(edit.save_as, number, len(made.files)) or one.name
                yield IncomingFile(name=name, chunks=one.read())

        files = await self._upload_files(owner, incoming(), request_name=request_name)
        return _edited(files, made, is_new=True)

    async def _in_place(self, file: StoredFile, edit: Edit, made: Made) -> Edited | None:
        try:
            return _edited([await self._keeper.replace(file, made.files[0])], made, is_new=False)
        except PreconditionFailed:
            if edit.if_match is None:
                return None
            now = await self._keeper.find(file.owner.tenant, file.file_id)
            raise _conflict(now) from None


class _Keeper:
    """Points a file at new bytes, unless it has changed meanwhile."""

    def __init__(self, store: FileStore, catalogue: FileCatalogue, limits: FileLimits) -> None:
        self._store, self._catalogue, self._limits = store, catalogue, limits

    async def find(self, tenant: str, file_id: str) -> StoredFile:
        return await self._catalogue.find(tenant, file_id)

    async def replace(self, file: StoredFile, made: MadeFile) -> StoredFile:
        """Store the bytes, then change the row; raises PreconditionFailed when somebody was faster."""
        if made.size_bytes > self._limits.file_bytes:
            raise FileTooLarge(f"A file may have at most {self._limits.file_bytes} bytes.")
        async with self._stored(file.name, made) as content:
            before = await self._catalogue.replace_content(
                file.owner.tenant, file.file_id, content, if_version=file.version,
                quota_bytes=self._limits.quota_bytes,
            )  # fmt: skip
        await self._forget(before.content.blob_id)
        return await self.find(file.owner.tenant, file.file_id)

    @asynccontextmanager
    async def _stored(self, name: str, made: MadeFile) -> AsyncIterator[Content]:
        inspector, blob_id = ContentInspector(name), secrets.token_hex(16)
        await self._store.write(blob_id, _inspected(inspector, made.read))
        try:
            sha256, media_type = inspector.finish()
            yield Content(blob_id=blob_id, size_bytes=made.size_bytes, sha256=sha256, media_type=media_type)
        except DataflowError as trouble:
            if not isinstance(
                trouble, ServiceTrouble
            ):  # else perhaps the row points at it: the sweep will know
                await self._forget(blob_id)
            raise

    async def _forget(self, blob_id: str) -> None:
        try:
            await self._store.remove(blob_id)
        except ServiceTrouble:
            _log.warning("The bytes %s that an edit left behind wait for the sweep.", blob_id)


def _name(save_as: str | None, number: int, count: int) -> str:
    """Name a new file as asked; of several each gets its number."""
    if save_as is None or count == 1:
        return save_as or ""
    stem, dot, ending = save_as.rpartition(".")
    return f"{stem or ending}-{number:0{len(str(count))}d}{dot}{ending if dot else ''}"


def _others(operations: Sequence[Mapping[str, Any]]) -> list[str]:
    named = [file_id for operation in operations for file_id in operation.get("file_ids", ())]
    return named + [file_id for operation in operations for file_id in picture_ids(dict(operation))]


async def _inspected(
    inspector: ContentInspector, read: Callable[[], AsyncIterator[bytes]]
) -> AsyncIterator[bytes]:
    async for chunk in read():
        inspector.take(chunk)
        yield chunk


def _check_match(file: StoredFile, if_match: str | None) -> None:
    if if_match is None or if_match.strip() == "*":
        return
    named = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if file.content.sha256 not in named:
        raise _conflict(file)


def _conflict(file: StoredFile) -> EditConflict:
    return EditConflict("The file has been changed since the version that the edit is about.", etag=file.etag)


def _edited(files: Sequence[StoredFile], made: Made, *, is_new: bool) -> Edited:
    return Edited(files=files, is_new=is_new, results=made.facts["results"], warnings=made.facts["warnings"])
