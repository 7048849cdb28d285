"""Puts an engine together from settings; every part can be replaced by keyword."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from executor.adapters.bus import open_bus
from executor.adapters.embedded.pool import EmbeddedPool
from executor.adapters.machine import ElsewhereAdmission, is_dead, machine_admission, make_worker_id
from executor.adapters.results import open_results
from executor.adapters.sql.store import SqlStore
from executor.common.settings import ExecutorSettings
from executor.core.attempts import AttemptRunner
from executor.core.courier import Courier
from executor.core.dispatch import Dispatcher
from executor.core.engine import ExecutionEngine
from executor.core.heart import Heart
from executor.core.permissions import ScopePermissions
from executor.core.plugins import load_class, with_custom_executor
from executor.core.scheduling import FairScheduler
from executor.core.signing import tenant_secret
from executor.core.submitting import SubmitExecutions
from executor.core.sweep import Sweeper
from executor.errors import ConfigurationError
from executor.ports.bus import EventBus
from executor.ports.callbacks import CallbackPolicy, NoCallbacks
from executor.ports.carrier import Carrier
from executor.ports.handler import Handler, OwnCallbacks
from executor.ports.monitoring import Monitoring, NoMonitoring
from executor.ports.permissions import PermissionChecker
from executor.ports.results import ResultStore
from executor.ports.scheduler import Admission, Scheduler
from executor.ports.store import Store


@asynccontextmanager
async def open_engine(
    settings: ExecutorSettings,
    *,
    database_url: str,
    handlers: Mapping[str, Handler],
    results: ResultStore | Path,
    permissions: PermissionChecker | None = None,
    monitoring: Monitoring | None = None,
    admission: Admission | None = None,
    store: Store | None = None,
    bus: EventBus | None = None,
    drain_s: float = 30.0,
) -> AsyncIterator[ExecutionEngine]:
    """A running engine; the tables are there already. Leaving drains it."""
    distributed = _is_distributed(settings, database_url)
    async with AsyncExitStack() as opened:
        if isinstance(results, Path):
            results = await opened.enter_async_context(open_results(settings, results))
        parts = _Parts(
            settings=settings,
            handlers=with_custom_executor(handlers, settings.executor_class),
            store=store or open_store(settings, database_url),
            bus=bus or open_bus(settings),
            results=results,
            monitoring=monitoring or NoMonitoring(),
            permissions=permissions or ScopePermissions({}),
            admission=admission or (ElsewhereAdmission() if distributed else machine_admission(settings)),
        )
        engine = _assemble(parts, distributed=distributed)
        try:
            await engine.start()
            yield engine
        finally:
            await engine.stop(drain_s)


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: ExecutorSettings
    handlers: Mapping[str, Handler]
    store: Store
    bus: EventBus
    results: ResultStore
    monitoring: Monitoring
    permissions: PermissionChecker
    admission: Admission


def _assemble(parts: _Parts, *, distributed: bool) -> ExecutionEngine:
    settings, store, bus = parts.settings, parts.store, parts.bus
    scheduler = make_scheduler(settings, store)
    policy, courier = _make_courier(parts)
    carrier, heart = _make_distributed(parts) if distributed else _make_embedded(parts)
    return ExecutionEngine(
        store=store,
        results=parts.results,
        bus=bus,
        carrier=carrier,
        scheduler=scheduler,
        submit=SubmitExecutions(
            store=store,
            handlers=parts.handlers,
            permissions=parts.permissions,
            scheduler=scheduler,
            callbacks=policy,
            bus=bus,
            settings=settings,
        ),
        permissions=parts.permissions,
        kinds=sorted(parts.handlers),
        dispatcher=Dispatcher(
            store=store,
            scheduler=scheduler,
            admission=parts.admission,
            carrier=carrier,
            kinds=sorted(parts.handlers),
            settings=settings,
        ),
        sweeper=Sweeper(store=store, results=parts.results, bus=bus, is_dead=is_dead, settings=settings),
        heart=heart,
        courier=courier,
        monitoring=parts.monitoring,
        settings=settings,
    )


def _is_distributed(settings: ExecutorSettings, database_url: str) -> bool:
    if settings.executor_backend != "celery":
        return False
    if database_url.startswith("sqlite"):
        raise ConfigurationError("EXECUTOR_BACKEND=celery needs MySQL or MariaDB; SQLite has one machine.")
    return True


def _make_distributed(parts: _Parts) -> tuple[Carrier, None]:
    """The broker; its workers have hearts of their own."""
    from executor.adapters.celery.carrier import CeleryCarrier

    return CeleryCarrier(store=parts.store, settings=parts.settings), None


def _make_embedded(parts: _Parts) -> tuple[Carrier, Heart]:
    """The pool of this process with its heart."""
    settings, worker_id = parts.settings, make_worker_id()
    runner = AttemptRunner(
        store=parts.store,
        handlers=parts.handlers,
        results=parts.results,
        bus=parts.bus,
        monitoring=parts.monitoring,
        settings=settings,
    )
    heart = Heart(
        store=parts.store, runner=runner, worker_id=worker_id, slots=settings.max_workers, settings=settings
    )
    return EmbeddedPool(runner=runner, worker_id=worker_id, settings=settings), heart


def _make_courier(parts: _Parts) -> tuple[CallbackPolicy, Courier | None]:
    """Callbacks need a secret to sign with, except those of kinds that have their own."""
    settings = parts.settings
    if settings.callback_secret is None and not any(
        isinstance(handler, OwnCallbacks) for handler in parts.handlers.values()
    ):
        return NoCallbacks(), None
    from executor.adapters.webhooks.addresses import AllowedAddresses
    from executor.adapters.webhooks.sender import HttpCallbackSender

    allowed = AllowedAddresses(settings.callback_allow, settings.callback_private)
    sender = HttpCallbackSender(allowed=allowed, timeout_s=settings.callback_timeout_s)
    courier = Courier(
        store=parts.store,
        results=parts.results,
        handlers=parts.handlers,
        sender=sender,
        secret_of=_secret_of(settings),
        settings=settings,
    )
    return (NoCallbacks() if settings.callback_secret is None else allowed), courier


def _secret_of(settings: ExecutorSettings) -> Callable[[str], str] | None:
    """A tenant's secret; None while callbacks are switched off."""
    if settings.callback_secret is None:
        return None
    root = settings.callback_secret.get_secret_value()
    return lambda tenant: tenant_secret(root, tenant)


def open_store(settings: ExecutorSettings, database_url: str) -> SqlStore:
    """The rows, with as many threads as the settings say."""
    return SqlStore(
        database_url,
        threads=settings.worker_count,
        capacity=settings.queue_size,
        with_metrics=settings.enable_monitoring,
    )


def make_scheduler(settings: ExecutorSettings, store: Store) -> Scheduler:
    """The fair scheduler, or the class that the setting names."""
    if settings.scheduler_class is None:
        return FairScheduler(store=store, settings=settings)
    custom = load_class(settings.scheduler_class, Scheduler)  # type: ignore[type-abstract]
    return custom(store=store, settings=settings)  # type: ignore[call-arg]
