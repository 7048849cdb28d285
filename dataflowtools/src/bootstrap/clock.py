"""The service's clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)
