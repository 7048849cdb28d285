"""The engine's whole HTTP surface on one page."""

from executor.core.engine import ExecutionEngine
from executor.http.overview import CallbackSecretHandler, PoolHandler, QueueHandler, TotalsHandler
from executor.http.submitting import BatchHandler, ExecutionsHandler, RetryHandler
from executor.http.watching import (
    CallbacksHandler,
    CancelHandler,
    EventsHandler,
    ExecutionHandler,
    LogsHandler,
    MetricsHandler,
    ResultHandler,
)
from servicekit.http import Route


def execution_routes(engine: ExecutionEngine, *, base: str = "/api") -> list[Route]:
    """The routes under `base`; permissions by kind are the engine's, tenants are the keys'."""
    parts = {"engine": engine, "base": base}
    one = f"{base}/executions/{{execution_id}}"
    return [
        Route(f"{base}/executions", ExecutionsHandler, parts),
        Route(f"{base}/executions/batch", BatchHandler, parts),
        Route(one, ExecutionHandler, parts),
        Route(f"{one}/result", ResultHandler, parts),
        Route(f"{one}/logs", LogsHandler, parts),
        Route(f"{one}/metrics", MetricsHandler, parts),
        Route(f"{one}/events", EventsHandler, parts),
        Route(f"{one}/callbacks", CallbacksHandler, parts),
        Route(f"{one}/cancel", CancelHandler, parts),
        Route(f"{one}/retry", RetryHandler, parts),
        Route(f"{base}/queue", QueueHandler, parts),
        Route(f"{base}/pool", PoolHandler, parts),
        Route(f"{base}/execution-metrics", TotalsHandler, parts),
        Route(f"{base}/callback-secret", CallbackSecretHandler, parts),
    ]
