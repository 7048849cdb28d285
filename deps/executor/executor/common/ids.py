"""Identifiers: sortable by time, unguessable."""

import secrets
import time


def new_id(prefix: str) -> str:
    """64 bits of nanoseconds, then 80 random bits: ids sort by creation, also within a batch."""
    return f"{prefix}_{time.time_ns():016x}{secrets.token_hex(10)}"
