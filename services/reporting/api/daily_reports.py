"""The daily report: read, confirmed by units, sent by headquarters, corrected by what comes later (R7.4, H1)."""

import asyncio
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from services.reporting import queries
from services.reporting.api import daily_report_answers as answers
from services.reporting.api.board import CompoundUnknown
from services.reporting.api.common import (
    IfNoneMatch,
    InContext,
    SourceAsOf,
    as_of,
    cause,
    conditional,
    roles_of,
)
from services.reporting.api.daily_report_answers import (
    DailyReportAnswer,
    DifferenceAnswer,
    FaultAnswer,
    ReportLine,
    SaidAnswer,
    SentAnswer,
    UnitAnswer,
    UpwardAnswer,
    VersionAnswer,
    VersionsAnswer,
)
from services.reporting.domain.report_text import Language
from services.reporting.handlers import daily_reports as handlers
from services.reporting.handlers import report_files
from services.reporting.handlers.daily_report_views import VersionUnknown, View, view
from services.reporting.handlers.daily_reports import Say, Send
from services.reporting.store import compounds
from services.reporting.store import daily_reports as store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import TOWN, Caller, Principal
from shared.http.models import Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.uploads import as_file
from shared.kernel.ids import CompoundId
from shared.kernel.tables import DocumentFormat

router = APIRouter(tags=["daily reports"])

SOURCES = (
    "census",
    "daily_tally",
    "duty",
    "entry_flow",
    "inspections",
    "leads",
    "notices",
    "observation_roll",
    "population",
    "returnees",
    "site_rounds",
    "survey",
    "vehicle_flow",
    "waste_chain",
    "watch_lists",
)
_AFTER = Cursor(date)
_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)
ReportDate = Annotated[date, Path(ge=_FIRST, le=_LAST, description="The day on whose cut-off it ends.")]
VersionQuery = Annotated[
    int | None, Query(ge=1, le=100_000, description="As it was sent; the newest when left out.")
]
Words = Annotated[str, Field(min_length=2, max_length=500)]


class SayBody(Body):
    """A unit's word on its figures. `act_id` is made by the client and makes a repeat harmless."""

    act_id: UUID


class CorrectBody(SayBody):
    """Figures that are not what was derived: `figure.part` to its value, and why."""

    changes: dict[Annotated[str, Field(max_length=80)], int] = Field(
        min_length=1, max_length=100, examples=[{"home_quarantine.now": 12}]
    )
    reason: Words


class SendBody(Body):
    """The report goes upward. `missing_accepted`: before the hour, without units that have not confirmed."""

    sending_id: UUID
    missing_accepted: bool = False


@router.get("/v1/daily-reports", summary="Reports that were sent")
async def daily_reports(
    _who: Caller, context: InContext, limit: Limit = 50, after: After = None
) -> Page[ReportLine]:
    """List reports, the newest day first."""
    before: date = _AFTER.read(after)[0] if after else _LAST
    async with context.database.read() as conn:
        rows = await store.reports_before(conn, before, limit + 1)
    items = [ReportLine(**dict(row)) for row in rows[:limit]]
    return Page(items=items, next=_AFTER.write(items[-1].day) if len(rows) > limit else None)


@router.get("/v1/daily-reports/{day}", response_model=DailyReportAnswer, summary="The report of a day")
async def daily_report(
    day: ReportDate,
    who: Caller,
    context: InContext,
    version: VersionQuery = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Tell a day's report as it was sent last, or as it stands while it was not, with what has changed since."""
    async with context.database.read() as conn:
        found = await view(conn, who, day, version=version, now=context.clock.now(), vault=context.vault)
        sources = [] if found.version else await queries.sources(conn, SOURCES)
    return conditional(answer_of(found, as_of(sources)), if_none_match)


@router.get("/v1/daily-reports/{day}/versions", summary="Every version of a day's report")
async def report_versions(day: ReportDate, who: Caller, context: InContext) -> VersionsAnswer:
    """Tell every version that was sent, with the differences from the one before, figure by figure."""
    async with context.database.read() as conn:
        versions = await store.versions_of(conn, day)
        mine = None if TOWN in who.scopes_for() else set(await queries.compounds_in_scope(conn, who))
    if not versions:
        raise VersionUnknown("该日尚未报送。No report of that day was sent.", field="day")
    return VersionsAnswer(
        day=day,
        number=versions[0].number,
        versions=[
            VersionAnswer(
                version=one.version,
                made_at=one.made_at,
                made_by=one.made_by,
                policy_version=one.policy_version,
                units_missing=one.units_missing,
                differences=[
                    DifferenceAnswer.of(difference)
                    for difference in one.differences
                    if mine is None or difference.unit in mine
                ],
            )
            for one in versions
        ],
    )


@router.get("/v1/daily-reports/{day}/upward", summary="People from focus areas, as counts")
async def upward(
    day: ReportDate, who: Caller, context: InContext, version: VersionQuery = None
) -> UpwardAnswer:
    """Count people from focus areas by area, measure and compound for whoever asks from above; nobody is named."""
    async with context.database.read() as conn:
        found = await view(conn, who, day, version=version, now=context.clock.now(), vault=context.vault)
    return UpwardAnswer.of(day, found.version.version if found.version else None, found.content.upward)


@router.get("/v1/daily-reports/{day}/file", summary="A day's report as a file", response_class=Response)
async def report_file(
    *,
    day: ReportDate,
    who: Caller,
    context: InContext,
    how: Annotated[DocumentFormat, Query(alias="format", description="One page of A4, a table, or a text.")],
    lang: Annotated[Language, Query(description="Chinese or English.")] = "zh",
    version: VersionQuery = None,
) -> Response:
    """Give the report as one printed page, a workbook, CSV with a BOM, or a text to be pasted; a draft says so.

    It counts people and names none.
    """
    async with context.database.read() as conn:
        found = await view(conn, who, day, version=version, now=context.clock.now(), vault=context.vault)
    town = context.settings.town
    content = await asyncio.to_thread(report_files.file_of, found, town=town, how=how, language=lang)
    return as_file(content, report_files.name_of(found, town), how)


@router.post("/v1/daily-reports/{day}/units/{unit}/confirm", status_code=201, summary="Confirm figures")
async def confirm(
    *, day: ReportDate, unit: CompoundId, body: SayBody, who: Caller, context: InContext, response: Response
) -> SaidAnswer:
    """Say that a unit's figures are right. From the cut-off on; after the report went out it counts as late."""
    return await _say(Say(act_id=body.act_id, day=day, unit=unit, kind="confirm"), who, context, response)


@router.post("/v1/daily-reports/{day}/units/{unit}/zero", status_code=201, summary="Report zero")
async def zero(
    *, day: ReportDate, unit: CompoundId, body: SayBody, who: Caller, context: InContext, response: Response
) -> SaidAnswer:
    """Say that a unit has nothing to report: refused, naming the figures, where the derived ones are not zero."""
    return await _say(Say(act_id=body.act_id, day=day, unit=unit, kind="zero"), who, context, response)


@router.post("/v1/daily-reports/{day}/units/{unit}/correct", status_code=201, summary="Correct figures")
async def correct(
    *,
    day: ReportDate,
    unit: CompoundId,
    body: CorrectBody,
    who: Caller,
    context: InContext,
    response: Response,
) -> SaidAnswer:
    """Say that figures are others than derived, and why. What was derived is kept; the newest word holds.

    In force has to follow from the last and what moved, so figures that belong together are corrected together.
    """
    wanted = Say(
        act_id=body.act_id, day=day, unit=unit, kind="correct", changes=body.changes, reason=body.reason
    )
    return await _say(wanted, who, context, response)


@router.post("/v1/daily-reports/{day}/send", status_code=201, summary="Send a day's report upward")
async def send(
    day: ReportDate, body: SendBody, who: Caller, context: InContext, response: Response
) -> SentAnswer:
    """Send the report; once it was sent, a correction with what changed since. The same again is one (200).

    Refused while the figures contradict each other, naming unit, figure and by how much; and before the hour that
    policy says while units have not confirmed, unless that is accepted.
    """
    who.require_town()
    cmd = Send(sending_id=body.sending_id, day=day, missing_accepted=body.missing_accepted)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        version, new = await handlers.send(cmd, tx=tx)
    response.status_code = 201 if new else 200
    return SentAnswer.of(version)


async def _say(cmd: Say, who: Principal, context: Context, response: Response) -> SaidAnswer:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _require_unit(tx, who, cmd.unit)
        act, new = await handlers.say(cmd, role=roles_of(who), tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return SaidAnswer(
        act_id=act.act_id, day=act.day, unit=act.compound, kind=act.kind, late=act.late, said_at=act.acted_at
    )


async def _require_unit(conn: Conn, who: Principal, unit: CompoundId) -> None:
    rows = {row["compound"]: row["neighbourhood"] for row in await conn.fetch(compounds.COMPOUNDS)}
    who.require_compound(unit, neighbourhood=rows.get(unit))
    if unit not in rows:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="unit")


def answer_of(found: View, sources: list[SourceAsOf]) -> DailyReportAnswer:
    """A report in the words of the API."""
    content, version = found.content, found.version
    faults = content.faults()
    return DailyReportAnswer(
        day=content.day,
        number=version.number if version else None,
        state=found.state,
        scope=found.scope,
        starts=content.starts,
        ends=content.ends,
        confirm_until=found.hours.confirm_until,
        policy_version=found.policy_version,
        version=version.version if version else None,
        newest_version=found.newest,
        made_at=version.made_at if version else None,
        made_by=version.made_by if version else None,
        as_of=sources,
        units_expected=len(content.expected),
        units_said=len(content.expected) - len(content.missing),
        missing=content.missing,
        zero=content.zero,
        continuous=not faults,
        faults=[FaultAnswer.of(fault) for fault in faults],
        figures=answers.figures(content.town, found.before),
        units=[UnitAnswer.of(line) for line in content.lines],
        corrections=answers.corrections(content, found.reasons),
        pending=[DifferenceAnswer.of(one) for one in found.pending],
        **answers.notes(),
    )
