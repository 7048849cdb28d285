"""What fails, rule by rule: counted whole, listed page by page."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.output.records import json_bytes

ROW = "\0row"


@dataclass(slots=True)
class Check:
    """One rule on a table: which rows fail it, and which column and value to name."""

    rule: str
    failed: pl.Expr
    column: str | None
    value: pl.Expr
    message: str = ""


@dataclass(slots=True)
class Failures:
    """Errors in the order of rules and rows; only the page asked for is written out."""

    offset: int
    limit: int
    total: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    by_column: dict[str, int] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    _page: list[bytes] = field(default_factory=list)
    _bad: pl.Series | None = None

    def take(self, check: Check, frame: pl.DataFrame, failed: pl.Series) -> None:
        """Count a check's failures and list those on the page."""
        places = failed.fill_null(value=False).arg_true()
        self.count(check.rule, check.column, len(places))
        self._note(places)
        start = max(self.offset - (self.total - len(places)), 0)
        room = self.offset + self.limit - (self.total - len(places))
        shown = places.slice(start, max(room - start, 0)) if room > 0 else places.head(0)
        if len(shown):
            self._page.append(_written(check, frame, shown))

    def count(self, rule: str, column: str | None, count: int) -> None:
        """Count failures; every rule is named, also one that none fails."""
        self.total += count
        self.by_rule[rule] = self.by_rule.get(rule, 0) + count
        if count and column is not None:
            self.by_column[column] = self.by_column.get(column, 0) + count

    def add(self, row: int | None, column: str | None, rule: str, value: Any, message: str) -> None:
        """Take one failure that was found on its own."""
        self.count(rule, column, 1)
        if row is not None:
            self.rows.add(row)
        if self.offset < self.total <= self.offset + self.limit:
            import json

            entry = {"row": row, "column": column, "rule": rule, "value": value, "message": message}
            self._page.append(
                json.dumps([entry], ensure_ascii=False, allow_nan=False, default=str).encode(
                    "utf-8", "replace"
                )
            )

    def _note(self, places: pl.Series) -> None:
        if not len(places):
            return
        self._bad = places if self._bad is None else pl.concat([self._bad, places]).unique()

    def bad_rows(self) -> int:
        """Count the rows with at least one failure."""
        vector = 0 if self._bad is None else self._bad.n_unique()
        if not self.rows:
            return vector
        extra = self.rows if self._bad is None else self.rows - {place + 1 for place in self._bad.to_list()}
        return vector + len(extra)

    def page(self) -> bytes:
        """Write the page as JSON."""
        inner = b",".join(part[1:-1] for part in self._page)
        return b"[" + inner + b"]"


def _written(check: Check, frame: pl.DataFrame, places: pl.Series) -> bytes:
    rows = frame.select(
        (pl.int_range(pl.len(), dtype=pl.Int64) + 1).alias("row"),
        pl.lit(check.column, dtype=pl.String).alias("column"),
        pl.lit(check.rule).alias("rule"),
        check.value.alias("value"),
        pl.lit(check.message).alias("message"),
    )
    return json_bytes(rows[places])
