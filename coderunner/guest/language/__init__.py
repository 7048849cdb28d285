"""The language people get: programs run under a policy or plain, and what they show and return."""

from __future__ import annotations

from coderunner.guest.language.reseeding import reseed
from coderunner.guest.language.runner import check, run
from coderunner.guest.language.warming import (
    touch_data_science,
    touch_slim,
    warm_data_science,
    warm_slim,
    warm_tables,
)

__all__ = [
    "check",
    "reseed",
    "run",
    "touch_data_science",
    "touch_slim",
    "warm_data_science",
    "warm_slim",
    "warm_tables",
]
