"""What reporting tells: findings of supervision, and the daily report."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy_supervision import FindingRule
from shared.kernel.ids import CompoundId, NeighbourhoodId


class FindingOpened(
    Event,
    type="fangkong.reporting.FindingOpened.v1",
    channel="findings",
    key="finding_id",
    place="compound",
    archive_only=True,
):
    """Supervision found something that somebody has to answer for (R7.2).

    Without a compound it is a unit's (a neighbourhood), without both the town's. Told again, with a higher version,
    when the same fact comes back on the day on which it went (`reopened`), or when a person sends it back.
    """

    finding_id: UUID
    compound: CompoundId | None
    unit: NeighbourhoodId | None
    rule: FindingRule
    opened_at: AwareDatetime
    due_at: AwareDatetime
    reopened: bool = False


class FindingClosed(
    Event,
    type="fangkong.reporting.FindingClosed.v1",
    channel="findings",
    key="finding_id",
    place="compound",
    archive_only=True,
):
    """The facts say that it is over, or somebody else than who settled it closed it with evidence (R7.2)."""

    finding_id: UUID
    compound: CompoundId | None
    unit: NeighbourhoodId | None
    rule: FindingRule
    closed_by: Literal["facts", "person"]
    closed_at: AwareDatetime


class DailyReportSent(
    Event,
    type="fangkong.reporting.DailyReportSent.v1",
    channel="daily_reports",
    key="report_id",
    archive_only=True,
):
    """The town's report of a day went upward; this version is kept (R7.4)."""

    report_id: UUID
    day: date
    version: int
    units_missing: int
    sent_at: AwareDatetime


class DailyReportCorrected(
    Event,
    type="fangkong.reporting.DailyReportCorrected.v1",
    channel="daily_reports",
    key="report_id",
    archive_only=True,
):
    """A later version of a day's report says what changed since the one before (R7.4, H1)."""

    report_id: UUID
    day: date
    version: int
    changed: tuple[str, ...]
    corrected_at: AwareDatetime
