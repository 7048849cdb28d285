"""Whose rows they are, to the kit that keeps them."""

from pathlib import Path

from coderunner.src.errors import DatabaseUnavailable, StorageFull
from rowkit.database import Owner

OWNER = Owner(
    name="coderunner",
    migrations=Path(__file__).resolve().parents[4] / "migrations" / "coderunner",
    unavailable=DatabaseUnavailable,
    full=StorageFull,
)
