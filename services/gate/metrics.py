"""The gate's figures (screens.md section 6.2). No label says who."""

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
TEMPERATURE = histogram(
    "gate_body_temperature_celsius",
    "Plausible readings at the gate.",
    "compound",
    buckets=(33.0, 34.0, 35.0, 35.5, 36.0, 36.3, 36.5, 36.7, 36.9, 37.1, 37.3, 37.5, 38.0, 39.0, 40.0),
)
temperature = lru_cache(maxsize=1_000)(TEMPERATURE.labels)
DEVICE_SEEN = gauge(
    "gate_device_last_seen_timestamp_seconds",
    "When a device of a checkpoint last called, real time.",
    *("compound", "checkpoint"),
)
device_seen = lru_cache(maxsize=10_000)(DEVICE_SEEN.labels)
DEVICE_QUEUE = gauge(
    "gate_device_queue_length",
    "Checks that a checkpoint's device has decided and not handed in yet, as it says.",
    *("compound", "checkpoint"),
)
DEVICE_OLDEST_QUEUED = gauge(
    "gate_device_oldest_queued_timestamp_seconds",
    "When the oldest check in a device's queue was made; 0 for an empty queue.",
    *("compound", "checkpoint"),
)
DEVICE_CLOCK_SKEW = gauge(
    "gate_device_clock_skew_seconds",
    "By how much a device's clock is ahead of ours; negative: behind.",
    *("compound", "checkpoint"),
)
LIST_UPDATED = gauge(
    "gate_list_updated_timestamp_seconds",
    "When the oldest of a device's own lists was made here; 0 for a device without one.",
    *("compound", "checkpoint", "list"),
)
QUARANTINED = counter(
    "gate_quarantined_items_total",
    "Items kept aside for a supervisor instead of being applied.",
    *("compound", "checkpoint", "cause"),
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
