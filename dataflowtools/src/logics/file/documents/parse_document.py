"""Read a document, or give what an earlier reading of the same bytes with the same options gave."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import (
    DocumentReader,
    RenderedDocument,
    TakenDocument,
)
from dataflowtools.src.logics.file.documents.ports.result_cache import ResultCache
from dataflowtools.src.logics.file.documents.ports.text_recogniser import Progress, TextRecogniser
from dataflowtools.src.logics.file.documents.single_flight import SingleFlight
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore

MODEL_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheChoice:
    """Whether a kept result may be given, and whether this one may be kept."""

    may_give: bool = True
    may_keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """The reply's JSON, and whether it was there already."""

    body: bytes
    from_cache: bool


class ParseDocument:
    """Reads stored files and files that come with the request."""

    def __init__(
        self,
        *,
        catalogue: FileCatalogue,
        store: FileStore,
        reader: DocumentReader,
        cache: ResultCache,
        recogniser: TextRecogniser | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._reader = reader
        self._cache = cache
        self._recogniser = recogniser
        self._flights: SingleFlight[bytes] = SingleFlight()

    async def stored(
        self,
        tenant: str,
        file_id: str,
        options: ReadOptions,
        *,
        password: str | None = None,
        cache: CacheChoice | None = None,
        on_progress: Progress | None = None,
    ) -> ParsedDocument:
        """Read a stored file of the tenant; raises FileNotFound and what reading raises."""
        file = await self._catalogue.find(tenant, file_id)

        async def work() -> bytes:
            async with (
                self._store.open(file.content.blob_id) as blob,
                self._reader.take(blob.chunks()) as document,
            ):
                return _reply(await self._read(document, file.name, options, password, on_progress))

        key = _key(tenant, file.content.sha256, file.name, options, password)
        return await self._shared(key, work, cache or CacheChoice())

    async def given(
        self,
        tenant: str,
        document: TakenDocument,
        name: str,
        options: ReadOptions,
        *,
        password: str | None = None,
        cache: CacheChoice | None = None,
    ) -> ParsedDocument:
        """Read a document that the caller holds."""

        async def work() -> bytes:
            return _reply(await self._read(document, name, options, password))

        key = _key(tenant, document.sha256, name, options, password)
        return await self._shared(key, work, cache or CacheChoice())

    def take(self, chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[TakenDocument]:
        """Hold a document that comes with a request."""
        return self._reader.take(chunks)

    async def _read(
        self,
        document: TakenDocument,
        name: str,
        options: ReadOptions,
        password: str | None,
        on_progress: Progress | None = None,
    ) -> RenderedDocument:
        """Read; pages that are pictures are recognised, and the document is read again with them."""
        found = await self._reader.read(document, name, options, password=password)
        if self._recogniser is None or not found.unrecognised or options.ocr == "never":
            return found
        seen = await self._recogniser.recognise(
            document, found.unrecognised, password=password, on_progress=on_progress
        )
        read = await self._reader.read(document, name, options, password=password, recognised=seen.pages)
        warnings = [*read.warnings, *seen.warnings]
        return replace(read, metadata={**read.metadata, "ocr_engine": seen.engine}, warnings=warnings)

    async def _shared(
        self, key: str, work: Callable[[], Awaitable[bytes]], choice: CacheChoice
    ) -> ParsedDocument:
        if choice.may_give and (kept := await self._cache.get(key)) is not None:
            return ParsedDocument(body=kept, from_cache=True)
        if not choice.may_give:
            body = await work()
        else:
            body = await self._flights.run(key, work)
        if choice.may_keep:
            await self._cache.put(key, body)
        return ParsedDocument(body=body, from_cache=False)


def _key(tenant: str, sha256: str, name: str, options: ReadOptions, password: str | None) -> str:
    """Name a result by all that it depends on; the tenant too, so that time tells nobody what others have."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    parts = [MODEL_VERSION, tenant, sha256, ending, options.as_message(), password]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _reply(document: RenderedDocument) -> bytes:
    rest = json.dumps(
        {"metadata": document.metadata, "warnings": document.warnings}, ensure_ascii=False, allow_nan=False
    )
    return b'{"content":' + document.content + b"," + rest[1:].encode(errors="replace")
