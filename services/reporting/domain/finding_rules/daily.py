"""The daily report: who has not said their numbers, and whether it went upward (R7.4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.reporting.domain.findings import Wanted
from shared.events.policy_supervision import FindingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDay:
    """A report day after its cut-off: of each unit when it said its numbers, and when the report was sent."""

    day: date
    confirm_until: datetime
    units: Mapping[str, datetime | None]
    sent_at: datetime | None


def all_said_at(said: Iterable[datetime | None]) -> datetime | None:
    """When the last of a unit's compounds had said its numbers; None while one has not."""
    found: list[datetime] = []
    for at in said:
        if at is None:
            return None
        found.append(at)
    return max(found, default=None)


def reports_late(days: Iterable[ReportDay], *, send_within: timedelta, now: datetime) -> list[Wanted]:
    """Units that said nothing until they had to, and reports that were not sent so long after that."""
    found = []
    for one in days:
        for unit, said_at in sorted(one.units.items()):
            if one.confirm_until < (said_at or now):
                found.append(_late("unit_report_late", one.day, one.confirm_until, said_at, unit))
        send_until = one.confirm_until + send_within
        if send_until < (one.sent_at or now):
            found.append(_late("daily_report_late", one.day, send_until, one.sent_at))
    return found


def _late(
    rule: FindingRule, day: date, due_at: datetime, until: datetime | None, unit: str | None = None
) -> Wanted:
    return Wanted(
        rule=rule,
        subject=f"{day.isoformat()}:{unit}" if unit else day.isoformat(),
        unit=unit,
        since=due_at,
        until=until,
        evidence={"day": day.isoformat(), "due_at": due_at.isoformat()},
    )
