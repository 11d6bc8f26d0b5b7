"""Prometheus metrics of a process: the registry, constructors that keep the rules, HTTP and build figures.

Names are snake_case with a base unit and `_total` on counters (screens.md section 6.1). Labels are bounded
and never say who: the constructors refuse the ones that would.
"""

from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, Info, generate_latest

__all__ = ["CONTENT_TYPE_LATEST", "REGISTRY", "build_info", "counter", "exposition", "gauge", "histogram"]

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


def counter(name: str, doc: str, *labels: str) -> Counter:
    """Make a counter; `name` is given with its `_total`."""
    if not name.endswith("_total"):
        raise ValueError(f"counter {name} must end in _total")
    return Counter(name, doc, _checked(name, labels))


def gauge(name: str, doc: str, *labels: str) -> Gauge:
    """Make a gauge."""
    return Gauge(name, doc, _checked(name, labels))


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


def exposition() -> bytes:
    """Render all metrics of the process in Prometheus' text format (`CONTENT_TYPE_LATEST`)."""
    return generate_latest(REGISTRY)
