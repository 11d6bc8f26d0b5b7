"""Sanitation's own figures (screens.md section 6.2)."""

from services.sanitation.handlers.rounds import LoggedRound
from shared.obs.metrics import LED, counter, gauge

ROUNDS = counter(
    "sanitation_rounds_total",
    "Rounds logged: `ok`, `late` (entered afterwards), `fail` (too close, or outside the range).",
    *("compound", "place_class", "result"),
)

ROUNDS_DUE = gauge(
    "sanitation_rounds_due",
    "Rounds that today asks for, whether done or not.",
    *("compound", "place_class"),
    registry=LED,
)


def count_round(logged: LoggedRound) -> None:
    """Count a round that was committed."""
    if not (logged.counts and logged.within_range):
        result = "fail"
    else:
        result = "late" if logged.source == "late_entry" else "ok"
    ROUNDS.labels(logged.compound, logged.kind, result).inc()
