"""Figures of observation for Prometheus (screens.md §6.2). Gauges are told by the process that leads."""

from datetime import timedelta
from functools import partial

from shared.obs import metrics

_gauge = partial(metrics.gauge, registry=metrics.LED)

PEOPLE = _gauge(
    "observation_people", "People under observation by place, measure and state.", "compound", "kind", "state"
)
DECLARATIONS = metrics.counter(
    "observation_declarations_total",
    "Declarations taken, by how they stand to their window.",
    "window",
    "channel",
    "result",
)
OVERDUE = _gauge(
    "observation_windows_overdue",
    "Cases whose window or period is past its end and not yet acted on; 0 in health.",
    "window",
)
LAST_SUCCESS = _gauge(
    "observation_scheduler_last_success_timestamp_seconds",
    "When everything due so far was last acted on (machine's time).",
    "job",
)
DUE = _gauge(
    "observation_declarations_due",
    "People whose declaration is due in today's windows.",
    "compound",
    "window",
)
DECLARED = _gauge(
    "observation_declarations_received",
    "People who have declared in time in one of today's windows so far.",
    "window",
)
USUAL = _gauge(
    "observation_declarations_usual",
    "As many as had declared this long after the window opened: the median of the last three days.",
    "window",
)
CLOSES = _gauge(
    "observation_window_closes_timestamp_seconds",
    "When today's window closes, or has closed (as the machine's clock shows it).",
    "window",
)
MISSED = _gauge(
    "observation_missed_windows",
    "People under observation by how many due windows in a row they missed.",
    "compound",
    "streak",
)
FOLLOW_UP_DELAY = metrics.histogram(
    "observation_followup_delay_seconds",
    "From the close of a window that stayed empty to the first message, assignment, call or visit after it.",
    "step",
    buckets=(60, 300, 900, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400),
)
MESSAGES = _gauge("observation_messages", "Messages by how far they came.", "channel", "state")
FORM_ERRORS = metrics.counter(
    "observation_form_errors_total",
    "How often a form of a page was shown again because of a field.",
    "form",
    "field",
)
JOBS = ("am_close", "pm_close", "release")
OVERDUE_WINDOWS = ("morning", "evening", "release")


def count_form_error(form: str, field: str) -> None:
    """Count a fault that a form was shown again for; both are names of ours, never what somebody typed."""
    FORM_ERRORS.labels(form, field).inc()


def count_follow_up(step: str, waited: timedelta | None) -> None:
    """Count what was first done about empty windows; None: something had been done before."""
    if waited is not None:
        FOLLOW_UP_DELAY.labels(step).observe(waited.total_seconds())


def count_declaration(window: str, channel: str, result: str) -> None:
    """Count a declaration that was taken for the first time."""
    DECLARATIONS.labels(window, channel, result).inc()
