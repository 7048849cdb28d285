"""The result cache: what a request wants of it, and identical requests that run once."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from executor.core.sharing import Shared
from executor.ports.cache import ResultCache

POLL_S = 0.05
LONGEST_FLIGHT_S = 60.0


class CacheStatus(StrEnum):
    """The value of `X-Cache`."""

    HIT = "HIT"
    MISS = "MISS"
    BYPASS = "BYPASS"


@dataclass(frozen=True, slots=True)
class CachePlan:
    """Whether to look, whether to remember, and how old a reply may be."""

    read: bool
    write: bool
    max_age_s: float

    @property
    def used(self) -> bool:
        return self.read or self.write


@dataclass(frozen=True, slots=True)
class Produced:
    """A fresh reply; only a good one is remembered."""

    body: bytes
    storable: bool


@dataclass(frozen=True, slots=True)
class Served:
    """A reply with where it came from."""

    body: bytes
    status: CacheStatus
    age_s: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        age = {"Age": str(int(self.age_s))} if self.status is CacheStatus.HIT else {}
        return {"X-Cache": self.status, **age}


def plan_cache(cache_control: str | None, *, enabled: bool, ttl_s: float) -> CachePlan:
    """What a request's Cache-Control asks for.

    `no-store` neither looks nor remembers; `no-cache` and `max-age=0` make a fresh reply and remember it;
    `max-age=n` takes a reply that is at most so old. Any of the last three asks for the cache; without
    a word the setting decides.
    """
    wishes = _directives(cache_control or "")
    if "no-store" in wishes:
        return CachePlan(read=False, write=False, max_age_s=0)
    max_age_s = _seconds(wishes.get("max-age"))
    if "no-cache" in wishes or max_age_s == 0:
        return CachePlan(read=False, write=True, max_age_s=0)
    if max_age_s is not None:
        return CachePlan(read=True, write=True, max_age_s=min(max_age_s, ttl_s))
    return CachePlan(read=enabled, write=enabled, max_age_s=ttl_s if enabled else 0)


def cache_key(**parts: Any) -> str:
    """A name for everything that the reply depends on: tenant, code, parameters, files, environment, level.

    Escapes keep texts apart that hold different halves of surrogate pairs.
    """
    return hashlib.sha256(json.dumps(dict(sorted(parts.items()))).encode()).hexdigest()


class ReplyCache:
    """Serves from the cache or makes the reply, once for all who ask at the same time."""

    def __init__(self, *, cache: ResultCache, ttl_s: float) -> None:
        self._cache = cache
        self._ttl_s = ttl_s
        self._flights: dict[str, Shared[Produced]] = {}

    async def call(self, key: str, plan: CachePlan, produce: Callable[[], Awaitable[Produced]]) -> Served:
        """`produce` runs at most once at a time for a key among all that share the cache."""
        if not plan.used:
            return Served((await produce()).body, CacheStatus.BYPASS)
        if plan.read:
            found = await self._look(key, plan)
            if found is not None:
                return found
        if not plan.read:
            return Served((await self._make(key, produce)).body, CacheStatus.MISS)
        flight = self._flight(key, plan, produce)
        try:
            made = await flight.result()
        finally:
            if flight.over and self._flights.get(key) is flight:
                del self._flights[key]
        return Served(made.body, CacheStatus.MISS)

    def _flight(
        self, key: str, plan: CachePlan, produce: Callable[[], Awaitable[Produced]]
    ) -> Shared[Produced]:
        """The flight that is under way, or a new one."""
        flight = self._flights.get(key)
        if flight is None or flight.over:
            flight = self._flights[key] = Shared(lambda: self._fly(key, plan, produce))
        return flight

    async def _look(self, key: str, plan: CachePlan) -> Served | None:
        found = await self._cache.get(key)
        if found is None or found.age_s > plan.max_age_s:
            return None
        return Served(found.body, CacheStatus.HIT, found.age_s)

    async def _fly(self, key: str, plan: CachePlan, produce: Callable[[], Awaitable[Produced]]) -> Produced:
        """Make the reply, or wait while another process makes it."""
        while not await self._cache.begin(key, LONGEST_FLIGHT_S):
            await asyncio.sleep(POLL_S)
            found = await self._look(key, plan)
            if found is not None:
                return Produced(found.body, storable=False)
        try:
            return await self._make(key, produce)
        finally:
            await self._cache.end(key)

    async def _make(self, key: str, produce: Callable[[], Awaitable[Produced]]) -> Produced:
        made = await produce()
        if made.storable:
            await self._cache.put(key, made.body, self._ttl_s)
        return made


def _directives(header: str) -> Mapping[str, str]:
    parts = (part.strip().lower().partition("=") for part in header.split(","))
    return {name.strip(): value.strip().strip('"') for name, _, value in parts if name}


def _seconds(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
