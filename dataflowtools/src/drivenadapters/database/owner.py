"""Whose rows they are, to the kit that keeps them."""

from pathlib import Path

from dataflowtools.src.errors import DatabaseUnavailable, StorageFull
from rowkit.database import Owner

OWNER = Owner(
    name="dataflowtools",
    migrations=Path(__file__).resolve().parents[4] / "migrations" / "dataflowtools",
    unavailable=DatabaseUnavailable,
    full=StorageFull,
)
