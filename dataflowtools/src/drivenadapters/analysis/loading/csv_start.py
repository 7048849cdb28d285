"""Where a table begins in a text: its delimiter, what stands above it, its header."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dataflowtools.src.drivenadapters.analysis.loading.csv_structure import find_delimiter, rows_of
from dataflowtools.src.drivenadapters.analysis.loading.titles import names_columns
from dataflowtools.src.drivenadapters.documents.csv_handler import SEPARATOR_LINE
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.data_analysis.reading import ReadTable

_LOOKED_AT = 200
_PADDED_WIDTH = 3
_MOST = 0.5
Row = tuple[list[str], int]


@dataclass(frozen=True, slots=True)
class TableStart:
    """The header's fields, and how many lines stand above the first row of values."""

    delimiter: str
    header: list[str | None]
    lines: int
    above: list[str]


def find_start(sample: str, options: ReadTable) -> TableStart:
    """Find the table; raises CorruptFile where its first line cannot be read."""
    said = SEPARATOR_LINE.match(sample)
    skipped = options.skip_rows or (1 if said else 0)
    text = _without_lines(sample, skipped)
    delimiter = options.delimiter or (said[1] if said else find_delimiter(text, options.quote))
    rows = _first_rows(text, delimiter, options.quote)
    if not options.header:
        widest = _usual_width(rows)
        return TableStart(delimiter, [None] * max(widest, len(rows[0][0]) if rows else 0), skipped, [])
    above = 0 if options.skip_rows else _rows_above(rows)
    if not rows:
        return TableStart(delimiter, [], skipped, [])
    header, lines = rows[above]
    nameless = _columns_beyond(len(header), rows[above + 1 :])
    return TableStart(
        delimiter,
        [*header, *[None] * nameless],
        skipped + lines,
        [delimiter.join(fields).rstrip(delimiter)[:200] for fields, _ in rows[:above]],
    )


def _without_lines(sample: str, count: int) -> str:
    lines = io.StringIO(sample, newline="")
    for _ in range(count):
        lines.readline()
    return sample[lines.tell() :]


def _first_rows(text: str, delimiter: str, quote: str) -> list[Row]:
    """Read the first rows that are not blank, each with the number of lines up to its end."""
    reader = rows_of(io.StringIO(text, newline=""), delimiter, quote)
    rows: list[Row] = []
    try:
        for row in reader:
            if row:
                rows.append((row, reader.line_num))
            if len(rows) >= _LOOKED_AT:
                break
    except csv.Error as exc:
        if not rows:
            raise CorruptFile(f"The first line cannot be read: {exc}.") from exc
    return rows


def _usual_width(rows: Sequence[Row]) -> int:
    """Name the width that more than half of the rows have; none where they differ."""
    if not rows:
        return 0
    width, times = Counter(len(fields) for fields, _ in rows).most_common(1)[0]
    return width if times > _MOST * len(rows) else 0


def _columns_beyond(width: int, rows: Sequence[Row]) -> int:
    """Count columns with values that the header has no name for; a mark at every line's end makes none."""
    usual = _usual_width(rows)
    filled = any(part.strip() for fields, _ in rows for part in fields[width:usual])
    return usual - width if filled and usual > width else 0


def _rows_above(rows: Sequence[Row]) -> int:
    """Count titles and notes above the header: one text alone, where the table has more columns."""
    usual = _usual_width(rows)
    above = 0
    for fields, _ in rows:
        alone = len(fields) == 1 or (usual >= _PADDED_WIDTH and not any(part.strip() for part in fields[1:]))
        if usual < 2 or not alone:  # noqa: PLR2004 - a table of one column has no rows that are narrower
            break
        above += 1
    if above == len(rows) or len(rows[above][0]) != usual:
        return 0
    header = rows[above][0]
    prose = usual == 2 and header[1].startswith(" ")  # noqa: PLR2004 - one column of texts like `Smith, John`
    return above if names_columns(header) and not prose else 0
