"""Accepting requests: kind, permission, limits, room in the queue, then the rows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from executor.common.codec import clean_text, encode_request
from executor.common.executions import NewExecution, Submission
from executor.common.ids import new_id
from executor.common.requests import Caller, ExecutionOptions, ExecutionRequest
from executor.common.settings import ExecutorSettings
from executor.core.room import QueueRoom
from executor.errors import (
    CallbackRefused,
    ExecutorError,
    InvalidParameters,
    QueueFull,
    QuotaExceeded,
    UnknownKind,
)
from executor.ports.bus import TOPIC_QUEUE, EventBus, topic_of
from executor.ports.callbacks import CallbackPolicy
from executor.ports.handler import Handler, OwnCallbacks
from executor.ports.permissions import PermissionChecker
from executor.ports.scheduler import Scheduler
from executor.ports.store import ExecutionStore, IdempotencyKey

MAX_SEARCH_CHARS = 8000


class SubmitExecutions:
    """The one way in."""

    def __init__(
        self,
        *,
        store: ExecutionStore,
        handlers: Mapping[str, Handler],
        permissions: PermissionChecker,
        scheduler: Scheduler,
        callbacks: CallbackPolicy,
        bus: EventBus,
        settings: ExecutorSettings,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._permissions = permissions
        self._scheduler = scheduler
        self._callbacks = callbacks
        self._bus = bus
        self._settings = settings
        self._room = QueueRoom(store=store, settings=settings)

    async def __call__(
        self,
        caller: Caller,
        requests: Sequence[ExecutionRequest],
        *,
        idempotency_key: str | None = None,
        ids: Sequence[str] = (),
        retry_of: str | None = None,
    ) -> list[Submission]:
        """Accept all or none; `ids` are those that `depends_on` of later requests already names."""
        checked = [await self._check_one(caller, request, place) for place, request in enumerate(requests)]
        key = self._key(idempotency_key, body_hash(requests, ids, retry_of))
        try:
            await self._room.require(caller.tenant_id, len(requests))
        except (QueueFull, QuotaExceeded):
            accepted = await self._store.replay(caller.tenant_id, key) if key else []
            if not accepted:
                raise
            return accepted
        names = list(ids) or [new_id("ex") for _ in checked]
        new = [self._place(name, one, retry_of) for name, one in zip(names, checked, strict=True)]
        submissions = await self._store.submit(new, key)
        self._room.took(sum(not one.replayed for one in submissions))
        for one in submissions:
            await self._bus.publish(topic_of(one.execution_id))
        await self._bus.publish(TOPIC_QUEUE)
        return submissions

    async def _check_one(self, caller: Caller, request: ExecutionRequest, place: int) -> ExecutionRequest:
        try:
            return await self._check(caller, request)
        except ExecutorError as refused:
            refused.position = place
            raise

    async def _check(self, caller: Caller, request: ExecutionRequest) -> ExecutionRequest:
        handler = self._handlers.get(request.kind)
        if handler is None:
            raise UnknownKind(request.kind, sorted(self._handlers))
        await self._permissions.check(caller, request)
        self._check_limits(request.options)
        if request.options.callback is not None and not isinstance(handler, OwnCallbacks):
            refusal = self._callbacks.refusal(request.options.callback.url)
            if refusal:
                raise CallbackRefused(refusal)
        return handler.validate(request)

    def _check_limits(self, options: ExecutionOptions) -> None:
        settings, limits = self._settings, options.resource_limits
        for pointer, asked, most in (
            ("timeout_s", options.timeout_s, settings.max_timeout_s),
            ("retry_count", options.retry_count, settings.max_retry_count),
            ("resource_limits/memory_bytes", limits.memory_bytes, settings.max_memory_bytes),
            ("isolation/memory_limit_bytes", options.isolation.memory_limit_bytes, settings.max_memory_bytes),
            ("resource_limits/cpu_time_s", limits.cpu_time_s, settings.max_cpu_time_s),
        ):
            if asked is not None and most is not None and asked > most:
                name = pointer.rsplit("/", 1)[-1]
                raise InvalidParameters(f"{name} may be at most {most:g}.", pointer=f"/options/{pointer}")

    def _place(self, execution_id: str, request: ExecutionRequest, retry_of: str | None) -> NewExecution:
        placement = self._scheduler.place(request)
        return NewExecution(
            execution_id=execution_id,
            request=request,
            rank=placement.rank,
            cost=placement.cost,
            timeout_s=request.options.timeout_s or self._settings.default_timeout_s,
            retry_of=retry_of,
            search_text=clean_text(self._handlers[request.kind].search_text(request)[:MAX_SEARCH_CHARS]),
        )

    def _key(self, key: str | None, hashed: str) -> IdempotencyKey | None:
        return None if key is None else IdempotencyKey(key, hashed, self._settings.idempotency_ttl_s)


def body_hash(
    requests: Sequence[ExecutionRequest], ids: Sequence[str] = (), retry_of: str | None = None
) -> str:
    """The same for two submissions of one body: the HTTP request's name and ids made for it do not count."""
    places = {execution_id: f"#{place}" for place, execution_id in enumerate(ids)}
    digest = hashlib.sha256()
    if retry_of is not None:
        digest.update(f"retry of {retry_of}\n".encode())
    for request in requests:
        context = replace(request.context, request_id="", traceparent=None)
        names = tuple(places.get(name, name) for name in request.options.depends_on)
        options = replace(request.options, depends_on=names)
        plain = replace(request, context=context, options=options)
        digest.update(encode_request(plain).encode() + b"\n")
    return digest.hexdigest()
