"""The operations that batches know, made of what a caller chose."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.file.batch.convert_each import ConvertEach
from dataflowtools.src.logics.file.batch.edit_each import EditCopies, EditInPlace
from dataflowtools.src.logics.file.batch.fill_each import FillFromData, FillTemplates
from dataflowtools.src.logics.file.batch.parse_each import ParseEach
from dataflowtools.src.logics.file.batch.run_batch import Operation
from dataflowtools.src.logics.file.batch.write_each import WriteEach
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.formats import target_named
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.options import ReadOptions, page_ranges
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.templates.fill_template import FillTemplate, check_choices
from dataflowtools.src.logics.file.writing.edit_document import EditDocument
from dataflowtools.src.logics.file.writing.write_document import WriteDocument, check_order


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOperations:
    """Makes operations on the use cases for one file; what no file can be meant by is refused here."""

    convert_file: ConvertFile
    parse_document: ParseDocument
    write_document: WriteDocument
    edit_document: EditDocument
    fill_template: FillTemplate
    read: Callable[[TakenDocument], AsyncIterator[bytes]]
    max_json_bytes: int

    def convert(self, to: str, options: ConvertOptions) -> Operation:
        """Convert each file; raises UnsupportedConversion or InvalidSelection."""
        page_ranges(options.pages)
        return ConvertEach(self.convert_file, self.read, target_named(to), options)

    def parse(self, options: ReadOptions) -> Operation:
        """Read each file."""
        return ParseEach(self.parse_document, options)

    def write(self, order: Mapping[str, Any]) -> Operation:
        """Write what each file holds; raises UnsupportedConversion or InvalidContent."""
        check_order(order)
        return WriteEach(
            self.write_document, self.parse_document, self.read, order, max_bytes=self.max_json_bytes
        )

    def edit(self, operations: Sequence[Mapping[str, Any]]) -> Operation:
        """Change a copy of each file."""
        return EditCopies(self.edit_document, self.read, operations)

    def edit_in_place(
        self, operations: Sequence[Mapping[str, Any]], versions: Mapping[str, str]
    ) -> Operation:
        """Change each stored file, where it is of the version named for it."""
        return EditInPlace(self.edit_document, operations, versions)

    def fill(self, data: Mapping[str, Any], choices: Mapping[str, Any]) -> Operation:
        """Fill each file with the data; raises UnsupportedConversion."""
        check_choices(choices)
        return FillTemplates(self.fill_template, self.read, data, choices)

    def fill_from(self, template: str, choices: Mapping[str, Any]) -> Operation:
        """Fill the template with what each file holds; raises UnsupportedConversion."""
        check_choices(choices)
        return FillFromData(self.fill_template, self.read, template, choices, max_bytes=self.max_json_bytes)
