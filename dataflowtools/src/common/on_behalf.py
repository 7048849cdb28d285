"""On whose behalf another service is called, and in the course of which request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBehalf:
    """The tenant, and what ties the call to the request that caused it."""

    tenant: str
    request_id: str = ""
    traceparent: str = ""
