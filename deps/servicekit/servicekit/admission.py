"""What the requests of one application share, and who of their callers may do what."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tornado.httputil import HTTPServerRequest

from servicekit.health import Health
from servicekit.keys import ANYBODY, NOBODY, Caller, KeyFile, address_of, is_loopback
from servicekit.metrics import Metrics
from servicekit.operations import Operation
from servicekit.problems import ErrorTable, kit_problem

_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
_PRIVATE_NAMES = (".localhost", ".local", ".internal")


@dataclass(slots=True, kw_only=True)
class Kit:
    """One application: what its service said, and how many requests it is answering."""

    name: str
    version: str
    errors: ErrorTable
    keys: KeyFile | None
    health: Health
    metrics: Metrics
    max_body_bytes: int
    body_timeout_s: float
    trusted_hosts: frozenset[str]
    document: dict[str, Any] = field(default_factory=dict)
    endless: set[asyncio.Task[Any]] = field(default_factory=set)
    in_flight: int = 0
    draining: bool = False


async def admit(request: HTTPServerRequest, kit: Kit, declared: Operation | None) -> Caller:
    """The caller, known and allowed; 401 without a valid key, 403 without the scope."""
    _check_host(request, kit)
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise kit_problem("unsupported_media_type", "Send the body without Content-Encoding.")
    if kit.keys is None:
        return ANYBODY
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    known = kind.lower() == "bearer"
    caller = kit.keys.caller_of(key.strip(), request.headers.get("X-Tenant")) if known else None
    if declared is None or declared.public:
        return caller or NOBODY
    if caller is None:
        raise kit_problem("unauthenticated")
    if declared.scope is not None and not caller.may(declared.scope):
        raise kit_problem("forbidden", f"The key lacks the scope {declared.scope}.")
    return caller


def is_operator(request: HTTPServerRequest, caller: Caller) -> bool:
    """Whether the caller may see the inside: an admin, or somebody on this machine, not a proxy."""
    local = is_loopback(request.remote_ip or "") and not any(name in request.headers for name in _PROXIED)
    return local or caller.may("admin")


def _check_host(request: HTTPServerRequest, kit: Kit) -> None:
    """Without keys a web page must not reach this service by a public name that it makes point here."""
    host = request.host_name.lower().strip(".[]")
    private = "." not in host or host.endswith(_PRIVATE_NAMES) or address_of(host) is not None
    if kit.keys is None and not private and not kit.trusted_hosts & {host, "*"}:
        raise kit_problem("forbidden", "Without API keys the service does not answer to this Host.")
