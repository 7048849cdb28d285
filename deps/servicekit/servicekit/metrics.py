"""Prometheus metrics of requests, in a registry of their own that services add theirs to."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

__all__ = ["Metrics"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counts requests; `registry` takes a service's own collectors."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route")
        self._total = Counter(
            "http_requests", "Requests answered.", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Time to answer.",
            labels,
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.in_flight = Gauge("http_requests_in_flight", "Requests being answered.", registry=self.registry)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request; `route` is the template, so that paths cannot multiply the series."""
        key = (method, route, status)
        if key not in self._known:
            self._known[key] = (
                self._total.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
        total, histogram = self._known[key]
        total.inc()
        histogram.observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
