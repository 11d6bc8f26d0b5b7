"""Reports that nobody sent, and corrections of those that were: found from state, oldest day first (R7.4, H1).

A service that was down catches up. A day's report goes out when its units' hour is over, and names who is missing; one
whose figures contradict each other does not go out: it is said, measured, and tried again.
"""

from datetime import date, datetime, timedelta

from services.reporting import metrics
from services.reporting.domain.daily_report import ContinuityBroken, NothingChanged, hours_of
from services.reporting.domain.report_day import ONE_DAY
from services.reporting.handlers.daily_reports import Send, send
from services.reporting.handlers.report_days import RuledDay, ruled_day
from services.reporting.store import daily_reports as store
from shared.db.pool import Conn, Database
from shared.events.policy_reporting import DailyReportRules
from shared.http.problem import PolicyUnknown
from shared.kernel.days import local_day
from shared.kernel.ids import uuid7
from shared.kernel.refusal import PolicySilent, Refusal
from shared.obs.logging import get_logger

log = get_logger(__name__)

ACTOR = "reporting.daily_reports"
FURTHEST = 60
"""Days looked back at most, whatever policy says."""


async def send_due(database: Database) -> int:
    """Send every report and every correction that is due now; tells how many went out."""
    sent = 0
    off_by: dict[str, int] = {}
    async with database.read() as conn:
        due = await days_due(conn, now=database.clock.now())
    for day in due:
        try:
            async with database.begin(actor=ACTOR) as tx:
                version, _ = await send(Send(sending_id=uuid7(), day=day), tx=tx)
        except NothingChanged:
            continue
        except ContinuityBroken as broken:
            off_by |= broken.off_by()
            log.warning("daily_report_not_sent", day=day.isoformat(), off_by=broken.off_by())
            continue
        except Refusal as refused:  # a day that is over for good, or one without rules: the others go on
            log.info("daily_report_not_due", day=day.isoformat(), code=refused.code)
            continue
        log.info("daily_report_sent", day=day.isoformat(), version=version.version)
        sent += 1
    metrics.tell_continuity(off_by)
    return sent


async def days_due(conn: Conn, *, now: datetime) -> list[date]:
    """Days whose report is due, and days whose report may be due for a correction, the oldest first.

    A day before the first report that was ever sent is nobody's: the first one is today's. A correction waits for its
    time after the version before, unless a later report is due: that one goes on from it.
    """
    rules = await _rules(conn, local_day(now))
    if rules is None:
        return []
    sent, unsent = await _sent_and_missing(conn, rules, now)
    wait = timedelta(minutes=rules.correction_minutes)
    again = [day for day, newest in sent.items() if now >= newest + wait or (unsent and day < unsent[-1])]
    return sorted([*unsent, *again])


async def days_missing(conn: Conn, *, now: datetime) -> list[date]:
    """Days whose report is due and was never sent, the oldest first."""
    rules = await _rules(conn, local_day(now))
    return (await _sent_and_missing(conn, rules, now))[1] if rules else []


async def policy_version(conn: Conn, day: date) -> int | None:
    """The version of the policy by which a day's report is made; None where there is none."""
    ruled = await _ruled(conn, day)
    return ruled.policy_version if ruled else None


async def _rules(conn: Conn, day: date) -> DailyReportRules | None:
    ruled = await _ruled(conn, day)
    return ruled.document.daily_report if ruled else None


async def _sent_and_missing(
    conn: Conn, rules: DailyReportRules, now: datetime
) -> tuple[dict[date, datetime], list[date]]:
    today = local_day(now)
    earliest = today - min(rules.correction_days, FURTHEST) * ONE_DAY
    sent = await store.sent_since(conn, earliest)
    last = await store.last_day(conn)
    first = today if last is None else max(earliest, min([*sent, last + ONE_DAY]))
    days = [first + number * ONE_DAY for number in range((today - first).days + 1)]
    return sent, [day for day in days if day not in sent and await _is_due(conn, day, now)]


async def _is_due(conn: Conn, day: date, now: datetime) -> bool:
    ruled = await _ruled(conn, day)
    return (
        ruled is not None
        and ruled.document.daily_report is not None
        and now >= hours_of(ruled.span, ruled.rules).confirm_until
    )


async def _ruled(conn: Conn, day: date) -> RuledDay | None:
    try:
        return await ruled_day(conn, day)
    except (PolicyUnknown, PolicySilent):
        return None
