"""What Polars refuses, as the caller is told."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from dataflowtools.src.errors import DataflowError, InvalidStep, UnknownColumn


@contextmanager
def told(field: str | None = None) -> Iterator[None]:
    """Raise what goes wrong inside as an error of the tree, with the field that is at fault."""
    try:
        yield
    except DataflowError as error:
        if error.field is None:
            error.field = field
        raise
    except pl.exceptions.ColumnNotFoundError as exc:
        raise UnknownColumn(f"There is no column {_first_line(exc)}.", field=field) from exc
    except pl.exceptions.PolarsError as exc:
        raise InvalidStep(_reason(exc), field=field) from exc
    except OverflowError as exc:
        raise InvalidStep("A number is too large to be counted with.", field=field) from exc


def _reason(exc: Exception) -> str:
    said = _first_line(exc)
    if "i128" in said and "failed" in said:
        return "A whole number does not fit in 64 bits."
    return f"The table does not allow it: {said}."


def _first_line(exc: Exception) -> str:
    return (str(exc).strip().splitlines() or ["it fails"])[0][:300].rstrip(".")
