"""Medians of repeated calls, and how one median stands to another."""

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any


def summary(times: list[float]) -> dict[str, float]:
    return {"median_s": round(statistics.median(times), 3), "best_s": round(min(times), 3)}


def timed(call: Callable[[], Any], runs: int) -> dict[str, float]:
    """Time a call so many times."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return summary(times)


def ratio(theirs: dict[str, Any], ours: dict[str, Any]) -> float | None:
    """How many times as long theirs takes, median to median; None where theirs was not measured."""
    return round(theirs["median_s"] / ours["median_s"], 2) if "median_s" in theirs else None


def run(argv: list[str]) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
