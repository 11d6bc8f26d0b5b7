"""Prometheus metrics of a process: the registry, constructors that keep the rules, HTTP and build figures.

Names are snake_case with a base unit and `_total` on counters (screens.md section 6.1). Labels are bounded
and never say who: the constructors refuse the ones that would.
"""

from collections.abc import Sequence

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

__all__ = [
    "CONTENT_TYPE_LATEST",
    "LED",
    "REGISTRY",
    "build_info",
    "counter",
    "exposition",
    "gauge",
    "histogram",
]

LED = CollectorRegistry()
"""The figures of what one process does for all (`shared.leader`). A family of figures is in this registry or in the
other, never in both: where another process leads, its answer is put behind our own."""

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


def histogram(name: str, doc: str, *labels: str, buckets: Sequence[float] = LATENCY_BUCKETS) -> Histogram:
    """Make a histogram, in seconds unless its name says otherwise."""
    return Histogram(name, doc, _checked(name, labels), buckets=buckets)


HTTP_SECONDS = histogram(
    "http_server_request_duration_seconds",
    "Time from the request's head to the response's end.",
    *("service", "route", "method", "code"),
)
HTTP_REQUESTS = counter(
    "http_server_requests_total", "Requests answered.", *("service", "route", "method", "code")
)
_BUILD = Info("build", "Which version of the code and of the rules this process runs.", ["service"])


def build_info(service: str, *, version: str, rules_version: str = "") -> None:
    """Say which code and which rules run (`build_info`)."""
    _BUILD.labels(service).info({"version": version, "rules_version": rules_version})


def tell_process(registry: CollectorRegistry, prefix: str) -> None:
    """Add this process's processor time, memory and files to a registry, under names that begin with the prefix."""
    ProcessCollector(namespace=prefix, registry=registry)


def exposition(*registries: CollectorRegistry) -> bytes:
    """Render metrics of this process in Prometheus' text format (`CONTENT_TYPE_LATEST`): all, or some registries."""
    return b"".join(generate_latest(registry) for registry in registries or (REGISTRY, LED))
