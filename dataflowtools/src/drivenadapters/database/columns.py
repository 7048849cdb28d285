"""How values travel to and from columns."""

from datetime import UTC, datetime, timedelta

from dataflowtools.src.common.stored_file import MetadataValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Give the moment back."""
    return _EPOCH + timedelta(microseconds=count)


def metadata_text(value: MetadataValue) -> tuple[str, str]:
    """Write a value as the text that searches compare with, and its kind."""
    if isinstance(value, bool):
        return ("true" if value else "false"), "bool"
    return str(value), type(value).__name__


def metadata_value(text: str, kind: str) -> MetadataValue:
    """Read back what metadata_text wrote."""
    if kind == "bool":
        return text == "true"
    if kind == "int":
        return int(text)
    return float(text) if kind == "float" else text
