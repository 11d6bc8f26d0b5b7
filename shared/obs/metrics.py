"""Prometheus metrics of a process: the registry, constructors that keep the rules, HTTP and build figures.

Names are snake_case with a base unit and `_total` on counters (screens.md section 6.1). Labels are bounded
and never say who: the constructors refuse the ones that would.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import Metric

__all__ = [
    "BESIDE",
    "CONTENT_TYPE_LATEST",
    "LED",
    "REGISTRY",
    "build_info",
    "counter",
    "exposition",
    "gauge",
    "histogram",
]


class LedRegistry(CollectorRegistry):
    """Figures that are told only while this process leads, so that of several processes one tells them."""

    leads = False

    def collect(self) -> Iterable[Metric]:
        """What is known; nothing while another process leads: what was counted before then is old."""
        return super().collect() if self.leads else ()

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Tell them, for as long as the leader's lock is held."""
        self.leads = True
        try:
            yield
        finally:
            self.leads = False


LED = LedRegistry()
"""The figures of what one process does for all (`shared.leader`): the bus, and every gauge that is counted in the
database. A family of figures is in this registry or in the other, never in both: where another process leads, its
answer is put behind our own."""
BESIDE = CollectorRegistry()
"""Processor time, memory and files of a leader's own process."""

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds; covers the promises of screens.md section 6.3 (300 ms, 800 ms, 2 s) with a bound on each side."""

_PERSONAL = frozenset(
    [
        "person",
        "person_ref",
        "name",
        "phone",
        "document",
        "room",
        "dwelling",
        "plate",
        "pass_id",
        "case_id",
        "subject",
    ]
)


def _checked(name: str, labels: Sequence[str]) -> Sequence[str]:
    if found := _PERSONAL.intersection(labels):
        raise ValueError(f"metric {name}: a label must not say who: {sorted(found)}")
    return labels


def counter(name: str, doc: str, *labels: str, registry: CollectorRegistry = REGISTRY) -> Counter:
    """Make a counter; `name` is given with its `_total`."""
    if not name.endswith("_total"):
        raise ValueError(f"counter {name} must end in _total")
    return Counter(name, doc, _checked(name, labels), registry=registry)


def gauge(name: str, doc: str, *labels: str, registry: CollectorRegistry = REGISTRY) -> Gauge:
    """Make a gauge."""
    return Gauge(name, doc, _checked(name, labels), registry=registry)


def histogram(
    name: str,
    doc: str,
    *labels: str,
    buckets: Sequence[float] = LATENCY_BUCKETS,
    registry: CollectorRegistry = REGISTRY,
) -> Histogram:
    """Make a histogram, in seconds unless its name says otherwise."""
    return Histogram(name, doc, _checked(name, labels), buckets=buckets, registry=registry)


HTTP_SECONDS = histogram(
    "http_server_request_duration_seconds",
    "Time from the request's head to the response's end.",
    *("service", "route", "method", "code"),
)
HTTP_REQUESTS = counter(
    "http_server_requests_total", "Requests answered.", *("service", "route", "method", "code")
)
_BUILD = Info("build", "Which version of the code this process runs.", ["service"])
RULES_VERSION = gauge(
    "rules_version",
    "The version of the policy by which this service judges today; 0: it knows none.",
    registry=LED,
)
"""Beside the build, because versions come into force while a process runs."""


def build_info(service: str, *, version: str) -> None:
    """Say which code runs (`build_info`)."""
    _BUILD.labels(service).info({"version": version})


def tell_process(registry: CollectorRegistry, prefix: str) -> None:
    """Add this process's processor time, memory and files to a registry, under names that begin with the prefix."""
    ProcessCollector(namespace=prefix, registry=registry)


def exposition(*registries: CollectorRegistry) -> bytes:
    """Render metrics of this process in Prometheus' text format (`CONTENT_TYPE_LATEST`): all, or some registries."""
    return b"".join(generate_latest(registry) for registry in registries or (REGISTRY, BESIDE, LED))
