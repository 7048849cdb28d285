"""Regular expressions of strangers: only those that the linear-time engine takes."""

import polars as pl

from dataflowtools.src.errors import InvalidPattern

_MAX_PATTERN = 1_000


def checked_pattern(pattern: str, *, field: str | None = None) -> str:
    """Return the pattern, or raise InvalidPattern: look-around and back-references are not linear."""
    if len(pattern) > _MAX_PATTERN:
        raise InvalidPattern(f"A pattern has at most {_MAX_PATTERN} characters.", field=field)
    try:
        pl.select(pl.lit("x").str.contains(pattern, strict=True))
    except pl.exceptions.ComputeError as exc:
        said = " ".join(str(exc).split()).partition(" This error occurred")[0]
        reason = said.rpartition("error: ")[2][:300]
        raise InvalidPattern(
            f"The pattern {pattern[:80]!r} is not taken by the linear-time engine: {reason}", field=field
        ) from exc
    return pattern
