"""Byte ranges and preconditions of RFC 9110."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

MAX_RANGES = 16
_SPEC = re.compile(r"\s*(\d*)\s*-\s*(\d*)\s*")
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file, its last byte included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """No range lies within the file."""


def parse_ranges(header: str, size_bytes: int) -> Sequence[ByteRange] | None:
    """Return the ranges; None when the header is to be ignored. Raises Unsatisfiable."""
    unit, equals, specs = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    matches = [_SPEC.fullmatch(spec) for spec in specs.split(",") if spec.strip()]
    if not matches or len(matches) > MAX_RANGES:
        return None
    ranges: list[ByteRange] = []
    for match in matches:
        if match is None or not any(match.groups()) or max(map(len, match.groups())) > _MAX_DIGITS:
            return None
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return None
        ranges.append(_resolve(first, last, size_bytes))
    satisfiable = [found for found in ranges if 0 <= found.first <= found.last]
    if not satisfiable:
        raise Unsatisfiable
    return _merged(satisfiable)


def _resolve(first: str, last: str, size_bytes: int) -> ByteRange:
    if not first:  # the last so many bytes; none of them cannot be satisfied
        count = min(int(last), size_bytes)
        return ByteRange(size_bytes - count, size_bytes - 1)
    return ByteRange(int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1)


def _merged(ranges: list[ByteRange]) -> list[ByteRange]:
    """Join those that overlap, so that a few bytes cannot be asked for many times over."""
    joined: list[ByteRange] = []
    for found in sorted(ranges, key=lambda one: one.first):
        if joined and found.first <= joined[-1].last + 1:
            joined[-1] = ByteRange(joined[-1].first, max(joined[-1].last, found.last))
        else:
            joined.append(found)
    return joined


def http_date(moment: datetime) -> str:
    """Write a time as HTTP does, to the second."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """Read a time; None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def names_etag(header: str, etag: str, *, weak: bool) -> bool:
    """Hold when a list of entity tags names this one; `*` names any."""
    if header.strip() == "*":
        return True
    listed = [tag.strip() for tag in header.split(",")]
    return etag in ([tag.removeprefix("W/") for tag in listed] if weak else listed)


def range_applies(if_range: str, etag: str, modified_at: datetime) -> bool:
    """Hold when the part that the client has is of this very version."""
    if if_range.startswith(('"', "W/")):
        return if_range.strip() == etag
    moment = parse_http_date(if_range)
    return moment is not None and moment == modified_at.replace(microsecond=0)
