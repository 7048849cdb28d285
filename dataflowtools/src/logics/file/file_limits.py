"""How much people may store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """The operator's limits on uploads."""

    file_bytes: int
    quota_bytes: int
    upload_files: int
    upload_s: float
