"""Titles and notes above a table's header."""

import re
from collections.abc import Sequence
from typing import Any

_VALUE = re.compile(r"(?!(?:19|20)\d\d$)[-+\d.,%$€¥£\s]+")
_SHOWN = 10


def titles_above(rows: Sequence[Sequence[str]], *, across: bool) -> list[str]:
    """List the rows of a sheet that stand above its header: nothing, or one text in the first cell.

    Of two columns the second may have no name: there a blank row or a title `across` them is asked for.
    """
    above: list[str] = []
    for row in rows:
        filled = [part for part in row if part]
        if len(filled) > 1 or (filled and not row[0]):
            break
        above.append(row[0])
    if not any(above) or len(above) >= len(rows):
        return []
    sure = len(rows[0]) > 2 or across or "" in above  # noqa: PLR2004 - more than two columns
    return above if sure and names_columns(rows[len(above)]) else []


def names_columns(row: Sequence[str]) -> bool:
    """Whether a row may be a header: it holds no numbers but years."""
    return not any(_VALUE.fullmatch(part) for part in row if part)


def above_header_warnings(above: Sequence[str]) -> list[dict[str, Any]]:
    """Report what stands above the table and was left out."""
    told = [text for text in above if text]
    if not told:
        return []
    message = "Rows above the header were left out; the read option skip_rows sets how many there are."
    return [{"code": "rows_above_header", "message": message, "count": len(told), "rows": told[:_SHOWN]}]
