"""The report day of a date or an instant, by the policies in force on its cut-offs (R7.4)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from services.reporting.domain.report_day import ONE_DAY, ReportDay, day_of, report_day
from services.reporting.store import policy as policies
from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.events.policy_reporting import DailyReportRules
from shared.http.problem import PolicyUnknown
from shared.kernel.days import local_day
from shared.kernel.refusal import PolicySilent, Refusal


class ReportDayUnknown(Refusal):
    """A day that has no report and is not being counted for one."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "report_day_unknown"
    usual_remedy: ClassVar[str | None] = "从日报清单选一天。Choose a day from the list of reports."


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledDay:
    """A report day with the policy of its date."""

    span: ReportDay
    policy_version: int
    document: PolicyDocument

    @property
    def rules(self) -> DailyReportRules:
        """What policy says about the report of the day.

        Raises:
            PolicySilent: nothing.
        """
        if self.document.daily_report is None:
            raise PolicySilent("daily_report")
        return self.document.daily_report


async def policy_of(conn: Conn, day: date) -> tuple[int, PolicyDocument]:
    """The policy in force on a day.

    Raises:
        PolicyUnknown: none is known here.
    """
    found = await policies.of_day(conn, day)
    if found is None:
        raise PolicyUnknown
    return found


async def ruled_day(conn: Conn, day: date) -> RuledDay:
    """The report day that ends on a date. Before the first policy the cut-off was the same as on that day.

    Raises:
        PolicyUnknown, PolicySilent: as their names say.
    """
    version, document = await policy_of(conn, day)
    _, earlier = await policies.of_day(conn, day - ONE_DAY) or (None, document)
    span = report_day(day, cut_off=document.reporting.cut_off, cut_off_before=earlier.reporting.cut_off)
    return RuledDay(span=span, policy_version=version, document=document)


async def ruled_day_at(conn: Conn, instant: datetime) -> RuledDay:
    """The report day on which an instant lies.

    Raises:
        PolicyUnknown, PolicySilent: as their names say.
    """
    _, document = await policy_of(conn, local_day(instant))
    return await ruled_day(conn, day_of(instant, cut_off=document.reporting.cut_off))


async def require_ruled(conn: Conn, day: date, *, now: datetime, field: str = "day") -> None:
    """Insist that some policy was in force on a day that is over, when there is one by now.

    Raises:
        ReportDayUnknown: there was none.
        PolicyUnknown: none is known here at all.
    """
    if await policies.of_day(conn, day) is not None:
        return
    await policy_of(conn, local_day(now))
    raise ReportDayUnknown(
        "那天还没有现行规则，没有日报。No policy was in force on that day: it has no report.", field=field
    )


async def require_reported(conn: Conn, day: date, *, now: datetime) -> None:
    """Insist that a day has a report, or is being counted for one.

    Raises:
        ReportDayUnknown: it is still to come, or from before the first policy.
        PolicyUnknown, PolicySilent: as their names say.
    """
    await require_ruled(conn, day, now=now)
    found = await ruled_day(conn, day)
    if found.span.starts > now:
        raise ReportDayUnknown(
            "这一天还没有到，没有日报。That day is still to come: it has no report.", field="day"
        )
