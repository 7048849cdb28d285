"""Records to fill templates with, out of a table."""

from pathlib import Path
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.detect import detect
from dataflowtools.src.drivenadapters.documents.handlers import make_factory
from dataflowtools.src.errors import InvalidTemplateData, UnsupportedType
from dataflowtools.src.logics.file.documents.handler import Source
from dataflowtools.src.logics.file.documents.model import Cell, Table
from dataflowtools.src.logics.file.documents.options import ReadOptions

_TABLES = frozenset({"csv", "tsv", "xlsx", "xls", "ods"})


def records_of(file: BinaryIO, name: str, scratch: Path, most: int) -> list[dict[str, Any]]:
    """Read the first table of a csv or workbook; the first row names the fields."""
    found = detect(file, name)
    if found not in _TABLES:
        raise UnsupportedType(f"Records are read from {', '.join(sorted(_TABLES))}, not from {found}.")
    source = Source(file=file, name=name, format=found, scratch=scratch)
    document = make_factory().handler_for(found).read(source, ReadOptions(max_rows=most + 2))
    table = next((block for block in document.blocks if isinstance(block, Table) and block.rows), None)
    if table is None:
        raise InvalidTemplateData("The file of records holds no table.", [])
    names = [(cell.text.strip() if cell else "") for cell in table.rows[0]]
    return [
        {field: _value(cell) for field, cell in zip(names, row, strict=False) if field}
        for row in table.rows[1:]
        if any(cell is not None and cell.text.strip() for cell in row)
    ]


def _value(cell: Cell | None) -> Any:
    if cell is None:
        return ""
    return cell.text if cell.value is None else cell.value
