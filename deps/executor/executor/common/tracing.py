"""W3C trace context carried through the queue."""

import re
import secrets

_TRACEPARENT = re.compile(r"(00)-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def child_of(traceparent: str | None) -> str | None:
    """The same trace with a new span; None when there is no valid trace."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return f"00-{found[2]}-{secrets.token_hex(8)}-{found[4]}" if found else None


def trace_id_of(traceparent: str | None) -> str | None:
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found[2] if found else None


def span_of(traceparent: str | None, parent: str | None) -> dict[str, str]:
    """The names of a span and of the one above it, as log lines carry them; nothing outside of a trace."""
    found, above = _TRACEPARENT.fullmatch(traceparent or ""), _TRACEPARENT.fullmatch(parent or "")
    if found is None:
        return {}
    return {"trace_id": found[2], "span_id": found[3], **({"parent_span_id": above[3]} if above else {})}
