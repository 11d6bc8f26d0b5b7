"""Reporting's own figures (screens.md section 6.2)."""

from collections.abc import Mapping

from shared.obs.metrics import LED, gauge

PROJECTION_LAG = gauge(
    "reporting_projection_lag_seconds",
    "How long ago the first event was heard of that a read model does not have yet; 0: it has them all.",
    "projection",
    registry=LED,
)

FINDINGS = gauge(
    "reporting_findings_open", "Findings that are open or wait for their reviewer.", "rule", registry=LED
)

REPORT_SENT = gauge(
    "reporting_daily_report_last_success_timestamp_seconds",
    "When a daily report or a correction was sent last (as the machine's clock shows it); 0: never.",
    registry=LED,
)
REPORTS_OVERDUE = gauge(
    "reporting_daily_reports_overdue",
    "Reports of today and yesterday whose hour is over and which were not sent.",
    registry=LED,
)
UNITS_MISSING = gauge(
    "reporting_daily_report_units_missing",
    "Units that had not confirmed when a report was sent last.",
    registry=LED,
)
CONTINUITY = gauge(
    "report_continuity_mismatch",
    "By how much a figure of the town's lines differs from what it must be; 0 when the report was sent.",
    "figure",
    registry=LED,
)


def tell_continuity(off_by: Mapping[str, int]) -> None:
    """By how much each figure of the reports that cannot go out is off; nothing: all could."""
    CONTINUITY.clear()
    for figure, number in off_by.items():
        CONTINUITY.labels(figure).set(number)
