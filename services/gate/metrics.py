"""The gate's figures (screens.md section 6.2). No label says who."""

from collections.abc import Iterable
from functools import lru_cache

from shared.obs.metrics import LED, counter, gauge, histogram

CHECKS = counter(
    "gate_checks_total",
    "Entry checks kept, by what was answered.",
    *("compound", "checkpoint", "direction", "mode", "verdict"),
)
checks = lru_cache(maxsize=10_000)(CHECKS.labels)
"""The series of a checkpoint and an answer: finding one costs more than counting."""
CHECK_SECONDS = histogram(
    "gate_check_duration_seconds",
    "Server part of a verdict: from the parsed request to the commit.",
    "mode",
)
check_seconds = lru_cache(maxsize=10)(CHECK_SECONDS.labels)
GROUP_CHECKS = histogram(
    "gate_group_checks",
    "Checks that shared one transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
MANUAL_ADMISSIONS = counter(
    "gate_manual_admissions_total",
    "People let in without a scanned code, by what they were found by instead.",
    *("compound", "reason"),
)
manual_admissions = lru_cache(maxsize=1_000)(MANUAL_ADMISSIONS.labels)
OVERRIDES = counter(
    "gate_overrides_total", "Verdicts that somebody let pass against.", *("compound", "verdict", "role")
)
TEMPERATURE = histogram(
    "gate_body_temperature_celsius",
    "Plausible readings at the gate.",
    "compound",
    buckets=(33.0, 34.0, 35.0, 35.5, 36.0, 36.3, 36.5, 36.7, 36.9, 37.1, 37.3, 37.5, 38.0, 39.0, 40.0),
)
temperature = lru_cache(maxsize=1_000)(TEMPERATURE.labels)
QUARANTINED = counter(
    "gate_quarantined_items_total",
    "Items kept aside for a supervisor instead of being applied.",
    *("compound", "checkpoint", "cause"),
)

# What devices say of themselves in a heartbeat; a repeat of one whose answer was lost counts again.
CLIENT_VERDICT_SECONDS = histogram(
    "gate_client_verdict_duration_seconds",
    "From the capture to the verdict on the screen, as the device measured it.",
    *("device_class", "mode"),
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
)
CLIENT_ERRORS = counter(
    "gate_client_errors_total", "Faults that devices met with, as they say.", *("version", "kind")
)

# Counted in the database: a process that was just started, or that another one's heartbeat did not reach, knows too.
DEVICE_SEEN = gauge(
    "gate_device_last_seen_timestamp_seconds",
    "When a device of a checkpoint last said how it is.",
    *("compound", "checkpoint"),
    registry=LED,
)
DEVICE_QUEUE = gauge(
    "gate_device_queue_length",
    "Checks that a checkpoint's devices have decided and not handed in yet, as they say.",
    *("compound", "checkpoint"),
    registry=LED,
)
DEVICE_OLDEST_QUEUED = gauge(
    "gate_device_oldest_queued_timestamp_seconds",
    "When the oldest check in the queue of a checkpoint's devices was made; 0 for empty queues.",
    *("compound", "checkpoint"),
    registry=LED,
)
DEVICE_CLOCK_SKEW = gauge(
    "gate_device_clock_skew_seconds",
    "By how much the device's clock that is furthest off is ahead of ours; negative: behind.",
    *("compound", "checkpoint"),
    registry=LED,
)
LIST_UPDATED = gauge(
    "gate_list_updated_timestamp_seconds",
    "When the oldest of the lists that a checkpoint's devices hold was made; 0 where one has none.",
    *("compound", "checkpoint", "list"),
    registry=LED,
)
ON_DUTY = gauge(
    "gate_people_on_duty",
    "People who have signed in at a checkpoint.",
    *("compound", "checkpoint"),
    registry=LED,
)
REVOKED_AFTER = histogram(
    "registry_revocation_propagation_seconds",
    "From the revocation of a pass at the registry until the gate applied it.",
    "mode",
    buckets=(0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3_600),
    registry=LED,
)
DUTY_GAPS = gauge("gate_duty_gaps_open", "Posts of a compound where nobody stands.", "compound", registry=LED)
REPORTS_OPEN = gauge(
    "gate_reports_open",
    "People whom a checkpoint reported and who have no outcome yet.",
    *("compound", "kind"),
    registry=LED,
)
REPORTS_OLDEST = gauge(
    "gate_reports_oldest_timestamp_seconds",
    "When the oldest report without an outcome was made, business time; 0 for none.",
    registry=LED,
)
_MOST_VERSIONS = 20
"""Programs of devices that are told apart: their names are the devices' own, and nothing else bounds them."""
_versions: set[str] = set()


def count_client_errors(version: str, errors: Iterable[tuple[str, int]]) -> None:
    """Count what a device met with since it last said."""
    if len(_versions) < _MOST_VERSIONS:
        _versions.add(version)
    known = version if version in _versions else "other"
    for kind, number in errors:
        CLIENT_ERRORS.labels(known, kind).inc(number)
