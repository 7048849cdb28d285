"""The operations that batches know: converting and parsing."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation, FileResult
from dataflowtools.src.logics.file.clean_names import clean_name
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.formats import target_named
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.options import ReadOptions, page_ranges
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

_ENDINGS = {"json": "json", "markdown": "md", "text": "txt", "html": "html"}


class ConvertOne(FileOperation):
    """Converts a file to the format chosen."""

    def __init__(self, convert_file: ConvertFile, to: str, options: ConvertOptions) -> None:
        self._convert_file = convert_file
        self._to = to
        self._options = options

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Convert it."""
        converting = self._convert_file.converted(tenant, document, name, self._to, self._options)
        async with converting as made:
            route = [{"from": hop.source, "to": hop.target, "by": hop.converter} for hop in made.route.hops]
            facts = {"route": route, "losses": made.route.losses}
            yield FileResult(name=made.name, document=made.document, warnings=made.warnings, facts=facts)


class ParseOne(FileOperation):
    """Reads a file and renders it; as JSON with its metadata and warnings, otherwise the content alone."""

    def __init__(
        self,
        parse_document: ParseDocument,
        options: ReadOptions,
        hold: Callable[[bytes], AbstractAsyncContextManager[TakenDocument]],
    ) -> None:
        self._parse_document = parse_document
        self._options = options
        self._hold = hold

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Read it."""
        parsed = await self._parse_document.given(tenant, document, name, self._options)
        reply = json.loads(parsed.body)
        is_text = isinstance(reply["content"], str)
        data = reply["content"].encode("utf-8", errors="replace") if is_text else parsed.body
        async with self._hold(data) as held:
            made = f"{clean_name(name)}.{_ENDINGS[self._options.format]}"
            yield FileResult(name=made, document=held, warnings=reply["warnings"])


class BatchOperations:
    """Makes operations of what a caller chose."""

    def __init__(
        self,
        convert_file: ConvertFile,
        parse_document: ParseDocument,
        hold: Callable[[bytes], AbstractAsyncContextManager[TakenDocument]],
    ) -> None:
        self._convert_file = convert_file
        self._parse_document = parse_document
        self._hold = hold

    def convert(self, to: str, options: ConvertOptions) -> FileOperation:
        """Convert each file; raises UnsupportedConversion or InvalidSelection for what no file can be meant by."""
        page_ranges(options.pages)
        return ConvertOne(self._convert_file, target_named(to), options)

    def parse(self, options: ReadOptions) -> FileOperation:
        """Read each file."""
        return ParseOne(self._parse_document, options, self._hold)
