"""The daily report: what was sent, how it stands, and each unit's word on its figures (R7.4, screens.md 4.15)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request
from pydantic import ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from services.reporting import queries
from services.reporting.access import ACCESS
from services.reporting.api.board import CompoundUnknown
from services.reporting.api.common import InContext, as_of, cause, roles_of
from services.reporting.api.daily_reports import SOURCES, ReportDate, VersionQuery, answer_of
from services.reporting.domain.daily_report import against_zero
from services.reporting.domain.report_figures import (
    BY_CODE,
    CENSUS_PARTS,
    FIGURES,
    MEASURES,
    PART_WORDS,
    SECTION_WORDS,
    Part,
    Section,
)
from services.reporting.handlers import daily_reports as handlers
from services.reporting.handlers.daily_report_views import View, view
from services.reporting.handlers.daily_reports import Say, Send
from services.reporting.handlers.report_days import require_reported
from services.reporting.store import daily_reports as store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.http.paging import After, Cursor
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of

router = page_router()

SHOWN = 31
_AFTER = Cursor(date)
_BEFORE_ALL = date(2199, 12, 31)
_ON_A_LINE: Sequence[Part] = ("new", "now", "total", "due", "done", "missed", "late")
"""The parts that the table of a section has columns for; the rest tells where the people in force come from."""


class SendForm(PageForm):
    """The report goes out. The id is made with the page, so a second press is the same."""

    sending_id: UUID
    missing_accepted: bool = False


class WordForm(PageForm):
    """A unit's word; fields named as figures hold corrected values, blank or unchanged ones say nothing."""

    model_config = ConfigDict(extra="allow")

    act_id: UUID
    kind: Literal["confirm", "zero", "correct"]
    reason: Annotated[str, Field(max_length=500)] = ""


@router.get("/reports")
async def report_list(request: Request, who: Caller, context: InContext, after: After = None) -> Response:
    """List the reports that were sent, today's as it stands on top."""
    del who  # reports are the town's; a report itself is cut to what the reader may see
    pages: Pages = request.app.state.pages
    before: date = _AFTER.read(after)[0] if after else _BEFORE_ALL
    async with context.database.read() as conn:
        rows = await store.reports_before(conn, before, SHOWN + 1)
    following = _AFTER.write(rows[SHOWN - 1]["day"]) if len(rows) > SHOWN else None
    return pages.render(
        request,
        "report_list.html",
        rows=rows[:SHOWN],
        today=context.clock.today(),
        next=pages.url(f"/reports?after={following}") if following else None,
        first=pages.url("/reports") if after else None,
    )


@router.get("/reports/{day}")
async def report(
    request: Request, day: ReportDate, who: Caller, context: InContext, version: VersionQuery = None
) -> Response:
    """Show a day's report as it was sent last, or as it stands."""
    async with context.database.read() as conn:
        return await _report(request, conn, who, context, day, version=version)


@router.post("/reports/{day}/send")
async def send(
    request: Request, day: ReportDate, who: Caller, context: InContext, form: Annotated[SendForm, Form()]
) -> Response:
    """Send the report, or a correction; what stands against it is said on the page."""
    pages: Pages = request.app.state.pages
    who.require_town()
    cmd = Send(sending_id=form.sending_id, day=day, missing_accepted=form.missing_accepted)
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await handlers.send(cmd, tx=tx)
    except Refusal as refused:
        async with context.database.read() as conn:
            return await _report(request, conn, who, context, day, refused=refused)
    return RedirectResponse(pages.url(f"/reports/{day}"), 303)


@router.get("/reports/{day}/units/{unit}")
async def unit_report(
    request: Request, day: ReportDate, unit: CompoundId, who: Caller, context: InContext
) -> Response:
    """Show a unit's figures, with the form for its word where the reader may give it."""
    async with context.database.read() as conn:
        return await _unit(request, conn, who, context, day=day, unit=unit)


@router.post("/reports/{day}/units/{unit}")
async def say(
    *,
    request: Request,
    day: ReportDate,
    unit: CompoundId,
    who: Caller,
    context: InContext,
    form: Annotated[WordForm, Form()],
) -> Response:
    """Keep a unit's word; where it is refused, the page says why and keeps what was entered."""
    pages: Pages = request.app.state.pages
    entered = {name: str(value) for name, value in (form.model_extra or {}).items()}
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await _require_unit(tx, who, unit)
            line = (await handlers.stand(tx, day, now=tx.now)).content.by_unit.get(unit, {})
            cmd = Say(
                act_id=form.act_id,
                day=day,
                unit=unit,
                kind=form.kind,
                changes=_changes(entered, line) if form.kind == "correct" else {},
                reason=form.reason if form.kind == "correct" else None,
            )
            _require_whole(cmd)
            await handlers.say(cmd, role=roles_of(who), tx=tx, vault=context.vault)
    except Refusal as refused:
        async with context.database.read() as conn:
            return await _unit(
                request,
                conn,
                who,
                context,
                day=day,
                unit=unit,
                refused=refused,
                entered=entered,
                reason=form.reason,
            )
    return RedirectResponse(pages.url(f"/reports/{day}/units/{unit}"), 303)


class CorrectionIncomplete(Refusal):
    """A correction without a figure that is another one, or without a reason."""

    status = 422
    code = "correction_incomplete"


def _changes(entered: Mapping[str, str], line: Mapping[str, int | None]) -> dict[str, int]:
    """The figures that are others than what stands there."""
    found: dict[str, int] = {}
    for key, text in entered.items():
        if not text:
            continue
        if not text.isascii() or not text.isdigit() or len(text) > 8:
            raise CorrectionIncomplete("数值须为整数。A figure is a whole number.", field=key)
        if int(text) != line.get(key):
            found[key] = int(text)
    return found


def _require_whole(cmd: Say) -> None:
    if cmd.kind == "correct" and (not cmd.changes or len(cmd.reason or "") < 2):
        raise CorrectionIncomplete(
            "请改动至少一个数并写明理由。Change at least one figure and say why.",
            field="reason" if cmd.changes else None,
        )


async def _require_unit(conn: Conn, who: Principal, unit: CompoundId) -> None:
    if unit not in await queries.compounds_in_scope(conn, who):
        who.require_compound(unit)
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="unit")


async def _report(
    request: Request,
    conn: Conn,
    who: Principal,
    context: Context,
    day: date,
    *,
    version: int | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    found = await view(conn, who, day, version=version, now=context.clock.now(), vault=context.vault)
    sources = [] if found.version else await queries.sources(conn, SOURCES)
    may_send = who.has(*ACCESS["POST /reports/{day}/send"]) and found.state != "collecting"
    return pages.render(
        request,
        "report.html",
        status=refused.status if refused else 200,
        town_name=context.settings.town,
        report=answer_of(found, as_of(sources)),
        sections=sections(found),
        names={line.unit: line.name for line in found.content.lines},
        measures=[BY_CODE[measure] for measure in MEASURES],
        census_parts=CENSUS_PARTS,
        part_words=PART_WORDS,
        section_words=SECTION_WORDS,
        before=found.before,
        town=found.content.town,
        versions=await store.versions_of(conn, day),
        may_send=may_send and (found.version is None or bool(found.pending)),
        sending_id=uuid7(),
        refused=told_of(request, refused),
    )


async def _unit(
    request: Request,
    conn: Conn,
    who: Principal,
    context: Context,
    *,
    day: date,
    unit: CompoundId,
    refused: Refusal | None = None,
    entered: Mapping[str, str] | None = None,
    reason: str = "",
) -> Response:
    pages: Pages = request.app.state.pages
    await _require_unit(conn, who, unit)
    await require_reported(conn, day, now=context.clock.now())
    found = await handlers.stand(conn, day, now=context.clock.now())
    line = next((one for one in found.content.lines if one.unit == unit), None)
    if line is None:
        raise CompoundUnknown(
            "该小区当时还没有登记，这一天的日报里没有它。"
            "The compound was entered later: that day's report has no line of it.",
            field="unit",
        )
    derived = found.derived.get(unit, {})
    now = context.clock.now()
    return pages.render(
        request,
        "report_unit.html",
        status=refused.status if refused else 200,
        day=day,
        line=line,
        derived=derived,
        figures=[figure for figure in FIGURES if not figure.town_only],
        section_words=SECTION_WORDS,
        part_words=PART_WORDS,
        open=found.hours.opens_at <= now <= found.hours.closes_at,
        opens_at=found.hours.opens_at,
        confirm_until=found.hours.confirm_until,
        nothing=not against_zero(derived, line.values),
        may_say=who.has(*ACCESS["POST /reports/{day}/units/{unit}"]),
        act_id=uuid7(),
        refused=told_of(request, refused),
        entered=entered or {},
        reason=reason,
    )


def sections(found: View) -> list[tuple[Section, list[Part], list[Any]]]:
    """The figures section by section, each with the parts that its table needs columns for."""
    town = found.content.town
    told: list[tuple[Section, list[Part], list[Any]]] = []
    for section in SECTION_WORDS:
        figures = [
            figure
            for figure in FIGURES
            if figure.section == section and any(key in town for key in figure.keys)
        ]
        parts = [part for part in _ON_A_LINE if any(part in figure.parts for figure in figures)]
        if figures:
            told.append((section, parts, figures))
    return told
