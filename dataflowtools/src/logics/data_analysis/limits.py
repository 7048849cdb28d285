"""How large tables and results may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisLimits:
    """The operator's limits on one piece of work."""

    rows: int = 20_000_000
    cells: int = 200_000_000
    columns: int = 16_384
    inline_rows: int = 100_000
    inline_bytes: int = 32 * 1024**2
    stream_bytes: int = 200 * 1024**2
    line_bytes: int = 16 * 1024**2
    timeout_s: float = 120
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 4 * 1024**3
