"""The job that looks for a stranger's patterns: they may run for ever, so they run where they can be killed."""

import re
from collections.abc import Mapping
from typing import Any

from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import InvalidPattern


def find_patterns(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Find the spans of every match in every text."""
    del job
    compiled = [_compiled(pattern) for pattern in arguments["patterns"]]
    return {"spans": [_spans(text, compiled) for text in arguments["texts"]]}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as exc:
        raise InvalidPattern(f"Not a regular expression: {pattern[:100]!r}.", field="/redact") from exc


def _spans(text: str, patterns: list[re.Pattern[str]]) -> list[list[int]]:
    found = {match.span() for pattern in patterns for match in pattern.finditer(text)}
    return sorted([start, end] for start, end in found if end > start)
