"""What a text table is made of: its delimiter, its header, its bad rows; nothing is guessed twice."""

import csv
import io
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, TextIO

from dataflowtools.src.errors import CorruptFile, TableTooLarge
from dataflowtools.src.logics.data_analysis.reading import ReadTable

DELIMITERS = ",;\t|"
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_ROWS = 200
_LISTED_ROWS = 100
_BLOCK_BYTES = 1 << 22


def find_delimiter(sample: str, quote: str) -> str:
    """Find the separator that gives the most rows of one same width, above one."""
    scores = {delimiter: _score(sample, delimiter, quote) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def _score(sample: str, delimiter: str, quote: str) -> float:
    try:
        widths = [
            len(row)
            for row in islice(rows_of(io.StringIO(sample, newline=""), delimiter, quote), _SAMPLE_ROWS)
            if row
        ]
    except csv.Error:
        return 0.0
    if not widths or max(widths) == 1:
        return 0.0
    usual = max(set(widths), key=widths.count)
    return widths.count(usual) / len(widths) + min(usual, 50) / 1000 if usual > 1 else 0.0


def rows_of(lines: Any, delimiter: str, quote: str) -> Any:
    """Read rows with the module of the standard library."""
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_MINIMAL)


@dataclass(frozen=True, slots=True)
class Look:
    """What a fast look over the bytes says: whether they are plain enough for the fast reader."""

    has_nul: bool
    has_quote: bool
    odd_quotes: bool
    lone_returns: bool


def look_over(file: BinaryIO, quote: str, line_bytes: int) -> Look:
    """Look for NUL bytes, quotes and over-long lines without reading the file into memory."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        _check_lines(view, line_bytes)
        quotes = _count(view, quote.encode()) if quote else 0
        lone = _count(view, b"\r") != _count(view, b"\r\n")
        return Look(view.find(b"\0") >= 0, quotes > 0, quotes % 2 == 1, lone)


def _count(view: mmap.mmap, part: bytes) -> int:
    if view.find(part) < 0:
        return 0
    over = len(part) - 1
    return sum(
        view[start : start + _BLOCK_BYTES + over].count(part) for start in range(0, len(view), _BLOCK_BYTES)
    )


def _check_lines(view: mmap.mmap, line_bytes: int) -> None:
    """Step from line end to line end; a window without one is a line too long."""
    place, size = 0, len(view)
    while size - place > line_bytes:
        end = max(view.rfind(b"\n", place, place + line_bytes), view.rfind(b"\r", place, place + line_bytes))
        if end < 0:
            line = 1 + sum(1 for _ in _lines_before(view, place))
            raise TableTooLarge(f"Line {line} is longer than the {line_bytes} bytes that a line may have.")
        place = end + 1


def _lines_before(view: mmap.mmap, place: int) -> Iterator[int]:
    found = view.find(b"\n", 0, place)
    while found >= 0:
        yield found
        found = view.find(b"\n", found + 1, place)


@dataclass(slots=True)
class Repair:
    """Rows that were not as wide as the header, and what else was put right."""

    count: int = 0
    rows: list[dict[str, int]] = field(default_factory=list)
    nul_bytes: int = 0

    def note(self, line: int, fields: int) -> None:
        """Count a bad row and list the first ones."""
        self.count += 1
        if len(self.rows) < _LISTED_ROWS:
            self.rows.append({"line": line, "fields": fields})

    def warnings(self, expected: int, policy: str) -> list[dict[str, Any]]:
        """Say what was found."""
        found: list[dict[str, Any]] = []
        if self.count:
            done = "left out" if policy == "drop" else "cut or padded"
            found.append(
                {
                    "code": "bad_rows",
                    "message": f"Rows without exactly {expected} fields were {done}.",
                    "count": self.count,
                    "expected_fields": expected,
                    "rows": self.rows,
                }
            )
        if self.nul_bytes:
            found.append(
                {"code": "nul_bytes", "message": "NUL bytes were left out.", "count": self.nul_bytes}
            )
        return found


def rewrite(
    source: TextIO,
    target: TextIO,
    *,
    delimiter: str,
    width: int,
    options: ReadTable,
    skip_lines: int,
    odd: bool,
) -> Repair:
    """Write the rows again, each of the right width; raises CorruptFile for an unclosed quote."""
    repair = Repair()
    for _ in range(skip_lines):
        source.readline()
    reader = rows_of(_without_nul(source, repair), delimiter, options.quote)
    writer = csv.writer(target, delimiter=",", lineterminator="\n")
    previous, start = skip_lines, skip_lines + 1
    try:
        for row in reader:
            start, previous = previous + 1, skip_lines + reader.line_num
            if not row:
                continue
            kept = _fitted(row, width, start, repair, options.bad_rows)
            if kept is not None:
                writer.writerow(kept)
    except csv.Error as exc:
        raise CorruptFile(f"Line {skip_lines + reader.line_num} cannot be read: {exc}.") from exc
    if odd and previous > start:
        raise CorruptFile(
            f"A quote that opens in line {start} is never closed; the read option quote = '' reads quotes as text."
        )
    if repair.count and options.bad_rows == "refuse":
        lines = ", ".join(str(row["line"]) for row in repair.rows[:10])
        raise CorruptFile(f"{repair.count} rows do not have {width} fields: lines {lines}.")
    return repair


def _fitted(row: list[str], width: int, line: int, repair: Repair, policy: str) -> Sequence[str] | None:
    if len(row) == width:
        return row
    repair.note(line, len(row))
    if policy != "keep":
        return None
    return row[:width] + [""] * (width - len(row))


def _without_nul(source: TextIO, repair: Repair) -> Iterator[str]:
    for line in source:
        if "\0" in line:
            repair.nul_bytes += line.count("\0")
            yield line.replace("\0", "")
        else:
            yield line
