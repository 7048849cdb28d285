"""Requests that may come twice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestName:
    """A caller's own name for a creating request, and a hash of what it asks for."""

    name: str
    fingerprint: str
