"""What the runner tells Prometheus: the pools, the line and the places."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from coderunner.src.logics.runner.admission import Admission
from coderunner.src.logics.runner.ports.sandbox import Sandbox


class _Runs(Collector):
    def __init__(self, sandbox: Sandbox, admission: Admission) -> None:
        self._sandbox = sandbox
        self._admission = admission

    def collect(self) -> Iterator[GaugeMetricFamily]:
        places = GaugeMetricFamily("coderunner_runs", "Runs now.", labels=["state"])
        places.add_metric(["running"], self._admission.running)
        places.add_metric(["waiting"], self._admission.waiting)
        yield places
        pool = GaugeMetricFamily("coderunner_pool", "Children and parents.", labels=["kind", "figure"])
        for kind, figures in self._sandbox.state().pools.items():
            for figure, value in figures.items():
                pool.add_metric([kind, figure], value)
        yield pool


def watch_runs(registry: CollectorRegistry, sandbox: Sandbox, admission: Admission) -> None:
    """Add the runner's gauges to the service's metrics."""
    registry.register(_Runs(sandbox, admission))
