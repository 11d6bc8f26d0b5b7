"""The sections of a policy about headquarters' day (R7.4)."""

from datetime import time

from pydantic import Field

from shared.events.policy_part import Part


class ReportingRules(Part):
    """HQ's day: a report day runs from cut-off to cut-off (R7.4).

    `stale_after_seconds`: without word of a producer for so long, its figures count as stale.
    """

    cut_off: time
    stale_after_seconds: int | None = Field(default=None, ge=1)


class DailyReportRules(Part):
    """The daily report (R7.4).

    Units confirm from the cut-off until `confirm_until`; then the report goes out by itself, and names who is missing.
    What becomes known later is sent as a correction, at most one in `correction_minutes`, and for so many days
    (`correction_days`) after the report's own.
    """

    confirm_until: time
    correction_minutes: int = Field(ge=1)
    correction_days: int = Field(ge=0)
