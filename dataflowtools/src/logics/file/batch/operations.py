"""The operations that batches know, made of what a caller chose."""

from collections.abc import AsyncIterator, Callable

from dataflowtools.src.logics.file.batch.convert_each import ConvertEach
from dataflowtools.src.logics.file.batch.parse_each import ParseEach
from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.formats import target_named
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.options import ReadOptions, page_ranges
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument


class BatchOperations:
    """Makes operations; what no file can be meant by is refused here."""

    def __init__(
        self,
        convert_file: ConvertFile,
        parse_document: ParseDocument,
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
    ) -> None:
        self._convert_file = convert_file
        self._parse_document = parse_document
        self._read = read

    def convert(self, to: str, options: ConvertOptions) -> FileOperation:
        """Convert each file; raises UnsupportedConversion or InvalidSelection."""
        page_ranges(options.pages)
        return ConvertEach(self._convert_file, self._read, target_named(to), options)

    def parse(self, options: ReadOptions) -> FileOperation:
        """Read each file."""
        return ParseEach(self._parse_document, options)
