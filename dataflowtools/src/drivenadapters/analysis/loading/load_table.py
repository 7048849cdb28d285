"""Which reader takes a file: by its content, by what the caller says, and by its name, in this order."""

import os
from pathlib import Path
from typing import BinaryIO

from dataflowtools.src.drivenadapters.analysis.loading.columnar_table import load_columnar
from dataflowtools.src.drivenadapters.analysis.loading.csv_table import load_csv
from dataflowtools.src.drivenadapters.analysis.loading.json_table import load_json
from dataflowtools.src.drivenadapters.analysis.loading.sheet_table import load_sheet
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.documents.detect import ENCRYPTED, detect, ending
from dataflowtools.src.errors import EmptyFile, PasswordRequired, TypeMismatch, UnsupportedType
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.reading import ReadTable

_ARROW_FILE, _ARROW_STREAM, _PARQUET = b"ARROW1", b"\xff\xff\xff\xff", b"PAR1"
_SHEETS = frozenset({"xlsx", "xls", "xlsb", "ods"})
_TEXTS = {"csv": "csv", "tsv": "csv", "txt": "csv", "log": "csv", "json": "json", "jsonl": "ndjson"}
_BINARIES = _SHEETS | {"parquet", "arrow"}


def load_table(
    file: BinaryIO, name: str, options: ReadTable, limits: AnalysisLimits, scratch: Path
) -> LoadedTable:
    """Read a table; raises the errors of documents, TypeMismatch, UnsupportedType or TableTooLarge."""
    size_bytes = os.fstat(file.fileno()).st_size
    if not size_bytes:
        raise EmptyFile("The file is empty.")
    kind = find_format(file, name, options)
    if kind == "csv":
        if options.format == "tsv" and not options.delimiter:
            options = options.model_copy(update={"delimiter": "\t"})
        table = load_csv(file, options, limits, scratch)
    elif kind in _SHEETS:
        table = load_sheet(file, kind, options, limits)
    elif kind in {"json", "ndjson"}:
        table = load_json(file, options, limits, lines=kind == "ndjson")
    else:
        table = load_columnar(file, kind, size_bytes, limits)
    table.source = {"format": kind, **table.source}
    return table


def find_format(file: BinaryIO, name: str, options: ReadTable) -> str:
    """Name the format; raises TypeMismatch when the caller says another, UnsupportedType for no table."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    found = _by_mark(head) or _by_content(file, name, head, options)
    said = {"tsv": "csv"}.get(options.format or "", options.format)
    if said is None or said == found:
        return found
    if found in _BINARIES or said in _BINARIES:
        raise TypeMismatch(
            f"The file is said to be {said} but holds {found}.", field="/options/read/format", found=found
        )
    return said


def _by_mark(head: bytes) -> str:
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith((_ARROW_FILE, _ARROW_STREAM)):
        return "arrow"
    return ""


def _by_content(file: BinaryIO, name: str, head: bytes, options: ReadTable) -> str:
    claim = name
    if options.format in {"csv", "tsv"} and ending(name) not in {"csv", "tsv", "txt"}:
        claim = "table.csv" if head[:2] not in {b"PK", b"\xd0\xcf"} else name
    found = detect(file, claim)
    if found == ENCRYPTED:
        raise PasswordRequired("The spreadsheet is encrypted; store it without its password.")
    if found in _SHEETS:
        return found
    if found == "txt" and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}:
        return "ndjson" if _has_lines(head) else "json"
    if found not in _TEXTS:
        raise UnsupportedType(f"Files of the type {found} hold no table that is read here.")
    return _TEXTS[found]


def _has_lines(head: bytes) -> bool:
    first, newline, rest = head.strip().partition(b"\n")
    return bool(newline) and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")
