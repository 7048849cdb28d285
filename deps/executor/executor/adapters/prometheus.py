"""The engine's counters for Prometheus; tenants, users and ids are never labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from executor.common.executions import Claim, Settlement
from executor.common.queues import PoolStatus, QueueStatus
from executor.ports.monitoring import Monitoring

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class PrometheusMonitoring(Monitoring):
    """Attempts that this process carried, and the state of queue and pool as the rows tell it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "stepflow_executions", "Attempts that ended.", ["kind", "status"], registry=registry
        )
        self._run = Histogram(
            "stepflow_executions_execution_duration_seconds",
            "Run time of attempts.",
            ["kind", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._wait = Histogram(
            "stepflow_executions_queue_wait_seconds",
            "Time from submitting to the first start.",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._running = Gauge(
            "stepflow_executions_running", "Attempts under way.", ["kind"], registry=registry
        )
        self._depth = Gauge(
            "stepflow_executions_queue_depth", "Executions that wait.", ["state"], registry=registry
        )
        self._oldest = Gauge(
            "stepflow_executions_queue_age_seconds", "Wait of the oldest ready execution.", registry=registry
        )
        self._workers = Gauge(
            "stepflow_executions_workers", "Workers by state.", ["state"], registry=registry
        )

    def record_execution_start(self, claim: Claim) -> None:
        kind = claim.request.kind
        self._running.labels(kind).inc()
        if claim.attempt == 1:
            self._wait.labels(kind).observe(max(0.0, (claim.claimed_at - claim.ready_at).total_seconds()))

    def record_execution_end(self, claim: Claim, settlement: Settlement | None, run_s: float) -> None:
        kind, status = claim.request.kind, str(settlement.status) if settlement else "lost"
        self._running.labels(kind).dec()
        self._total.labels(kind, status).inc()
        self._run.labels(kind, status).observe(run_s)

    async def refresh(self, queue: QueueStatus, pool: PoolStatus) -> None:
        for state in ("ready", "scheduled", "blocked", "handed_out"):
            self._depth.labels(state).set(getattr(queue, state))
        self._oldest.set(queue.oldest_wait_s)
        self._workers.labels("busy").set(pool.busy)
        self._workers.labels("idle").set(pool.idle)
        self._workers.labels("lost").set(sum(not one.healthy for one in pool.workers))
