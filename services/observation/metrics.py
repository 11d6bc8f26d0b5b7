"""Figures of observation for Prometheus (screens.md §6.2)."""

from shared.obs import metrics

PEOPLE = metrics.gauge(
    "observation_people", "People under observation by place, measure and state.", "compound", "kind", "state"
)
DECLARATIONS = metrics.counter(
    "observation_declarations_total",
    "Declarations taken, by how they stand to their window.",
    "window",
    "channel",
    "result",
)
OVERDUE = metrics.gauge(
    "observation_windows_overdue",
    "Cases whose window or period is past its end and not yet acted on; 0 in health.",
    "window",
)
LAST_SUCCESS = metrics.gauge(
    "observation_scheduler_last_success_timestamp_seconds",
    "When everything due so far was last acted on (machine's time).",
    "job",
)
DUE = metrics.gauge(
    "observation_declarations_due",
    "People whose declaration is due in today's windows.",
    "compound",
    "window",
)
MISSED = metrics.gauge(
    "observation_missed_windows",
    "People under observation by how many due windows in a row they missed.",
    "compound",
    "streak",
)
FOLLOW_UP_DELAY = metrics.histogram(
    "observation_followup_delay_seconds",
    "From the close of a window that stayed empty to the first contact.",
    "step",
    buckets=(60, 300, 900, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400),
)
MESSAGES = metrics.gauge("observation_messages", "Messages by how far they came.", "channel", "state")
JOBS = ("am_close", "pm_close", "release")
OVERDUE_WINDOWS = ("morning", "evening", "release")


def count_declaration(window: str, channel: str, result: str) -> None:
    """Count a declaration that was taken for the first time."""
    DECLARATIONS.labels(window, channel, result).inc()
