"""A table at hand: lazy, with what is known about it and what was odd about its file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import polars as pl

from dataflowtools.src.errors import TableTooLarge
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

Warning_ = dict[str, Any]


@dataclass(slots=True)
class LoadedTable:
    """What reading gave; `frame` is there when the table is held in memory."""

    lazy: pl.LazyFrame
    frame: pl.DataFrame | None = None
    source: dict[str, Any] = field(default_factory=dict)
    warnings: list[Warning_] = field(default_factory=list)
    records: Sequence[Mapping[str, Any]] | None = None
    open_files: list[IO[Any]] = field(default_factory=list)

    @classmethod
    def held(cls, frame: pl.DataFrame, **more: Any) -> "LoadedTable":
        """Wrap a frame."""
        return cls(lazy=frame.lazy(), frame=frame, **more)

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the columns."""
        return self.frame.schema if self.frame is not None else self.lazy.collect_schema()

    def close(self) -> None:
        """Close what a table that stays on disk is read from."""
        for file in self.open_files:
            file.close()

    def collected(self) -> pl.DataFrame:
        """Hold the table in memory."""
        if self.frame is None:
            self.frame = self.lazy.collect(engine="streaming")
            self.lazy = self.frame.lazy()
        return self.frame


def check_size(frame: pl.DataFrame, limits: AnalysisLimits) -> None:
    """Refuse more rows or cells than are taken."""
    if frame.height > limits.rows or frame.height * frame.width > limits.cells:
        raise TableTooLarge(
            f"The table has {frame.height} rows and {frame.width} columns; "
            f"{limits.rows} rows and {limits.cells} cells are taken."
        )


def check_columns(count: int, limits: AnalysisLimits) -> None:
    """Refuse more columns than are taken."""
    if count > limits.columns:
        raise TableTooLarge(f"The table has {count} columns; {limits.columns} are taken.")
