"""Separated values (csv, tsv): encoding and delimiter found out, broken rows listed with their lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.documents import encodings
from dataflowtools.src.errors import DocumentTooLarge, InvalidSelection
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import Caveat, Cell, Document, Table
from dataflowtools.src.logics.file.documents.options import ReadOptions, cell_range

MAX_LINE_CHARACTERS = 4 << 20
SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?\r?(?:\n|\Z)', re.IGNORECASE)
_MAX_RECORD_LINES = 500
_SNIFF_LINES = 100
_LISTED = 1000
_WARNED = 20
_BATCH = 2000
_DELIMITERS = ",;\t|"
Record = tuple[int, list[str], str]


class CsvHandler(DocumentHandler):
    """Reads delimited text as one table."""

    formats: ClassVar[frozenset[str]] = frozenset({"csv", "tsv"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read all records; the first one is taken for the header."""
        encoding = encodings.detect(source.file, options.encoding)
        text = io.TextIOWrapper(source.file, encoding=encoding.name, errors="replace", newline="")
        try:
            return _read(Lines(text), encoding, options, source.format)
        finally:
            text.detach()


class Lines:
    """Lines with their numbers; they can be put back, are of bounded length and hold no NUL."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._back: list[str] = []
        self.number = 0
        self.nuls = 0
        self.replaced = 0

    def next(self) -> str:
        """Return the next line with its end, or nothing at the end of the file."""
        self.number += 1
        if self._back:
            return self._back.pop()
        line: str = self._text.readline(MAX_LINE_CHARACTERS)
        if len(line) >= MAX_LINE_CHARACTERS and not line.endswith("\n"):
            raise DocumentTooLarge(f"Line {self.number} is longer than {MAX_LINE_CHARACTERS} characters.")
        if "\0" in line:
            self.nuls += line.count("\0")
            line = line.replace("\0", "")
        self.replaced += line.count("\ufffd")
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        """Let these lines come again, in their order."""
        self._back.extend(reversed(lines))
        self.number -= len(lines)


def _read(lines: Lines, encoding: encodings.Encoding, options: ReadOptions, format_name: str) -> Document:
    if len(options.delimiter) > 1:
        raise InvalidSelection("A delimiter is one character.", field="delimiter")
    delimiter = options.delimiter or _delimiter(lines, format_name)
    records = list(_limited(read_records(lines, delimiter), options.max_rows + 1))
    caveats: list[Caveat] = []
    if len(records) > options.max_rows:
        records.pop()
        message = f"Only the first {options.max_rows} rows are shown."
        caveats.append(Caveat(code="rows_truncated", message=message))
    metadata: dict[str, Any] = {"encoding": encoding.name, "delimiter": delimiter, "rows": len(records)}
    _report_faults(records, metadata, caveats)
    _report_signs(lines, encoding, caveats)
    rows: list[list[Cell | None]] = [
        [Cell(text, header=not index) for text in fields] for index, (_, fields, _) in enumerate(records)
    ]
    if records:
        _report_names(records[0][1], metadata, caveats)
    place = (1, 1)
    if options.cells:
        wanted = cell_range(options.cells)
        rows = [
            row[wanted.first_column - 1 : wanted.last_column]
            for row in rows[wanted.first_row - 1 : wanted.last_row]
        ]
        place = (wanted.first_row, wanted.first_column)
    blocks = [Table(rows=rows, first_row=place[0], first_column=place[1])] if rows else []
    return Document(blocks=blocks, metadata=metadata, warnings=caveats)


def _delimiter(lines: Lines, format_name: str) -> str:
    """Take what a first line `sep=;` says, as spreadsheet programs do; else what divides the lines most evenly."""
    head = [line for line in (lines.next() for _ in range(_SNIFF_LINES)) if line]
    lines.number = len(head)
    said = SEPARATOR_LINE.match(head[0]) if head else None
    lines.put_back(head[1:] if said else head)
    return said[1] if said else sniff(head, "\t" if format_name == "tsv" else ",")


def _limited(records: Iterator[Record], limit: int) -> Iterator[Record]:
    for _, record in zip(range(limit), records, strict=False):
        yield record


def sniff(lines: Sequence[str], default: str) -> str:
    """Choose the delimiter that divides the lines most evenly."""
    best, best_score = default, 0.0
    for delimiter in _DELIMITERS:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not counts:
            continue
        width, times = Counter(counts).most_common(1)[0]
        if width < 2:  # noqa: PLR2004  # it divides nothing
            continue
        score = times / len(counts) + (0.1 if delimiter == default else 0) + min(width, 20) / 200
        if score > best_score:
            best, best_score = delimiter, score
    return best


def read_records(lines: Lines, delimiter: str) -> Iterator[Record]:
    """Yield line number, fields and fault of every record; an unclosed quote costs one line, not the file."""
    while True:
        batch = _batch(lines)
        if not batch:
            return
        start = lines.number - len(batch) + 1
        if not any('"' in line for line in batch):
            for offset, fields in enumerate(csv.reader(batch, delimiter=delimiter)):
                if fields:
                    yield start + offset, fields, ""
            continue
        lines.put_back(batch[1:])
        yield from _quoted(lines, batch[0], delimiter)


def _batch(lines: Lines) -> list[str]:
    batch: list[str] = []
    while len(batch) < _BATCH:
        line = lines.next()
        if not line:
            lines.number -= 1
            break
        if '"' in line and batch:
            lines.put_back([line])
            break
        batch.append(line)
        if '"' in line:
            break
    return batch


def _quoted(lines: Lines, first: str, delimiter: str) -> Iterator[Record]:
    """Read one record that has quotes; it may go on over several lines."""
    start, record, length = lines.number, first, len(first)
    more: list[str] = []
    while record.count('"') % 2:
        line = lines.next()
        length += len(line)
        if not line or len(more) >= _MAX_RECORD_LINES or length > MAX_LINE_CHARACTERS:
            if line:
                lines.put_back([line])
            else:
                lines.number -= 1
            lines.put_back(more)
            yield start, first.rstrip("\r\n").split(delimiter), "unclosed_quote"
            return
        more.append(line)
        record += line
    for fields in csv.reader(io.StringIO(record, newline=""), delimiter=delimiter):
        if fields:
            yield start, fields, ""


def _report_faults(records: list[Record], metadata: dict[str, Any], caveats: list[Caveat]) -> None:
    """List rows that are broken or of another width than most."""
    width = Counter(len(fields) for _, fields, _ in records).most_common(1)[0][0] if records else 0
    metadata["columns"] = width
    bad = [
        {"line": line, "fault": fault or "ragged_row", "fields": len(fields)}
        for line, fields, fault in records
        if fault or len(fields) != width
    ]
    if not bad:
        return
    metadata["bad_rows"], metadata["bad_row_count"] = bad[:_LISTED], len(bad)
    for row in bad[:_WARNED]:
        message = f"Line {row['line']} has {row['fields']} fields where most have {width}."
        if row["fault"] == "unclosed_quote":
            message = f"Line {row['line']} opens a quote that is never closed; it was split as it stands."
        caveats.append(Caveat(code=str(row["fault"]), message=message, where=f"line {row['line']}"))
    if len(bad) > _WARNED:
        caveats.append(
            Caveat(code="bad_rows", message=f"{len(bad)} rows are broken; metadata.bad_rows lists them.")
        )


def _report_signs(lines: Lines, encoding: encodings.Encoding, caveats: list[Caveat]) -> None:
    if lines.nuls:
        caveats.append(Caveat(code="nul_bytes", message=f"{lines.nuls} NUL characters were left out."))
    if lines.replaced:
        message = f"{lines.replaced} characters are not {encoding.name}; choose `encoding` if this is not it."
        caveats.append(Caveat(code="undecodable", message=message))
    elif not encoding.certain:
        message = f"The encoding was taken for {encoding.name}; choose `encoding` if it is another."
        caveats.append(Caveat(code="encoding_guessed", message=message))


def _report_names(names: Sequence[str], metadata: dict[str, Any], caveats: list[Caveat]) -> None:
    """Tell which header names are empty or occur twice, and what unique names would be."""
    unique: list[str] = []
    taken = set(names)
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        candidate = name.strip() or f"column_{number}"
        count = 2
        while candidate in seen or (candidate != name and candidate in taken):
            candidate = f"{name.strip() or 'column'}_{count}"
            count += 1
        seen.add(candidate)
        unique.append(candidate)
    metadata["column_names"] = unique
    if unique != list(names):
        message = "Header names are empty or occur twice; metadata.column_names has unique ones."
        caveats.append(Caveat(code="column_names", message=message))
