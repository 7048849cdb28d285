"""What the runner tells Prometheus: runs, their pools and places, the cache and the environments."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from coderunner.src.logics.code.count_inventory import CountInventory
from coderunner.src.logics.runner.admission import Admission
from coderunner.src.logics.runner.cached_runs import CachedRuns
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from coderunner.src.logics.runner.run_board import SECONDS, Durations, RunBoard


class _Runs(Collector):
    """Reads the figures when they are asked for; tenants and ids are never labels."""

    def __init__(self, sandbox: Sandbox, admission: Admission, board: RunBoard) -> None:
        self._sandbox = sandbox
        self._admission = admission
        self._board = board

    def collect(self) -> Iterator[Metric]:
        yield from self._now()
        yield from self._ended()

    def _now(self) -> Iterator[Metric]:
        places = GaugeMetricFamily("coderunner_runs", "Runs now.", labels=["state"])
        places.add_metric(["running"], self._admission.running)
        places.add_metric(["waiting"], self._admission.waiting)
        yield places
        pool = GaugeMetricFamily("coderunner_pool", "Children and parents.", labels=["kind", "figure"])
        for kind, figures in self._sandbox.state().pools.items():
            for figure, value in figures.items():
                pool.add_metric([kind, figure], value)
        yield pool

    def _ended(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "coderunner_executions", "Runs that ended, by verdict and level.", labels=["status", "level"]
        )
        for (status, level), count in self._board.ended.items():
            ended.add_metric([status, level], count)
        yield ended
        seconds = HistogramMetricFamily(
            "coderunner_execution_duration_seconds", "Wall time of runs.", labels=["status"]
        )
        for status, durations in self._board.durations.items():
            seconds.add_metric([status], _buckets(durations), durations.sum_s)
        yield seconds


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    found, total = [], 0
    for bound, count in zip((*map(str, SECONDS), "+Inf"), durations.counts, strict=True):
        total += count
        found.append((bound, float(total)))
    return found


class _Around(Collector):
    """What runs are answered from and stand in: the cache, and the environments as they were last counted."""

    def __init__(self, cached_runs: CachedRuns, inventory: CountInventory) -> None:
        self._cached_runs = cached_runs
        self._inventory = inventory

    def collect(self) -> Iterator[Metric]:
        cache = CounterMetricFamily(
            "coderunner_result_cache", "Requests that asked for the result cache.", labels=["status"]
        )
        for status, count in self._cached_runs.served.items():
            cache.add_metric([status.lower()], count)
        yield cache
        last = self._inventory.last
        for name, text, value in (
            ("environments", "Environments.", last.environments),
            ("environments_active", "Environments that were used within a day.", last.active_environments),
            ("dependencies", "Packages of all environments.", last.dependencies),
        ):
            yield GaugeMetricFamily(f"coderunner_{name}", text, value=value)


def watch_runs(registry: CollectorRegistry, sandbox: Sandbox, admission: Admission, board: RunBoard) -> None:
    """Add the runner's figures to the service's metrics."""
    registry.register(_Runs(sandbox, admission, board))


def watch_surroundings(
    registry: CollectorRegistry, cached_runs: CachedRuns, inventory: CountInventory
) -> None:
    """Add those of the result cache and of the environments."""
    registry.register(_Around(cached_runs, inventory))
