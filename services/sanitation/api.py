"""HTTP surface of sanitation."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, File, Query, Request, Response, UploadFile
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from services.sanitation import handlers, store
from services.sanitation.domain.day_sheet import SheetState
from services.sanitation.domain.sites import MOST_ROUNDS, Site
from services.sanitation.handlers import LogRound
from services.sanitation.imports.sheets import plain
from services.sanitation.metrics import count_round
from shared.events.envelope import Cause
from shared.events.policy import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import NotFound
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.obs.logging import current_correlation
from shared.runtime import Context

router = APIRouter(tags=["sanitation"])

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SITES_AFTER = Cursor(str)
_LINES_AFTER = Cursor(Annotated[int, Field(ge=0, lt=2**31)])

Instant = Annotated[
    AwareDatetime, Field(ge=_FIRST, lt=_LAST), AfterValidator(lambda instant: instant.astimezone(UTC))
]
Day = Annotated[date, Field(ge=_FIRST.date(), lt=_LAST.date())]
Text = Annotated[str, Field(min_length=1, max_length=100)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


def context_of(request: Request) -> Context:
    """The service's context."""
    found: Context = request.app.state.context
    return found


InContext = Annotated[Context, Depends(context_of)]


def cause() -> Cause:
    """What a request sets off carries the request's correlation id."""
    return Cause(correlation=current_correlation() or uuid7())


class ImportAccepted(Answer):
    """A list was taken; ask for its progress under its id."""

    import_id: UUID


class ImportProgress(Answer):
    """How far an import is. `rows_done` = accepted + unchanged + duplicate + rejected."""

    import_id: UUID
    kind: Literal["sites"]
    file: str
    state: Literal["running", "done"]
    rows_total: int
    rows_done: int
    rows_accepted: int
    rows_unchanged: int
    rows_duplicate: int
    rows_rejected: int
    requested_at: datetime
    finished_at: datetime | None


class ImportLine(Answer):
    """A row that was not simply taken. Row 1 is the header; `column` is "" where the whole row is meant."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str
    outcome: Literal["rejected", "duplicate"]


class SiteBody(Body):
    """A place that is to be disinfected every day."""

    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: Text
    building: Text | None = None
    unit: Text | None = None
    rounds_per_day: Annotated[int, Field(ge=1, le=MOST_ROUNDS)] | None = None
    since: Day | None = None
    active: bool = True

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "lj-001-s900", "compound": "lj-001", "kind": "lift", "name": "3幢2单元电梯"}
            ]
        }
    )


class SiteAnswer(Answer):
    """A site. `rounds_per_day` is null where the policy's number holds."""

    site_id: UUID
    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: str
    building: str | None
    unit: str | None
    rounds_per_day: int | None
    since: date
    active: bool


class RoundBody(Body):
    """A disinfection that was done. Agent and concentration are the proof; without them `incomplete`."""

    round_id: UUID
    site_code: SiteId
    agent: Code | None = None
    concentration_mg_l: int | None = None
    done_at: Instant
    source: Literal["code", "late_entry"] = "code"

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "round_id": "0170737c-1d80-7000-8000-000000000001",
                    "site_code": "lj-001-s001",
                    "agent": "chlorine_84",
                    "concentration_mg_l": 500,
                    "done_at": "2020-02-24T08:30:00+08:00",
                    "source": "code",
                }
            ]
        }
    )


class RoundAnswer(Answer):
    """A round as it was judged when it was first logged.

    `counts` is false when it was too close to another one of the day; `within_range` is false as a warning.
    """

    round_id: UUID
    site_id: UUID
    site_code: SiteId
    compound: CompoundId
    kind: SiteKind
    day: date
    done_at: datetime
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    warnings: list[Literal["too_close", "outside_range"]]
    source: Literal["code", "late_entry"]
    policy_version: int


class SheetLine(Answer):
    """One site on one day. `missed` is said only once the day is over in Shanghai."""

    site_code: SiteId
    kind: SiteKind
    name: str
    required: int
    logged: int
    counted: int
    outside_range: int
    shortfall: int
    state: SheetState


class SheetAnswer(Answer):
    """A compound's day: its sites by code, and their sums."""

    compound: CompoundId
    day: date
    required: int
    counted: int
    shortfall: int
    sites: list[SheetLine]


@router.post("/v1/imports", status_code=202, summary="Send a list of sites")
async def send_list(
    kind: Annotated[Literal["sites"], Query(description="What the list holds.")],
    file: Annotated[UploadFile, File(description="CSV (UTF-8, BOM, GBK) or xlsx, columns found by header.")],
    who: Caller,
    context: InContext,
) -> ImportAccepted:
    """Take a list and work it off in the background: good rows go in, rows with faults on the error sheet.

    A file that cannot be read, or lacks a column, is refused at once. The same file again changes nothing.
    """
    who.require_town()
    content = await file.read()
    rows = await asyncio.to_thread(handlers.readable_rows, content)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        name = plain(file.filename or "")[:200]
        return ImportAccepted(
            import_id=await handlers.accept_import(tx, rows=rows, content=content, file=name, kind=kind)
        )


@router.get("/v1/imports/{import_id}", summary="How far an import is")
async def import_progress(import_id: UUID, who: Caller, context: InContext) -> ImportProgress:
    """Tell the progress of an import."""
    who.require_town()
    async with context.database.read() as conn:
        row = await conn.fetchrow(store.IMPORT, import_id)
    if row is None:
        raise NotFound("没有这次导入。There is no such import.")
    return ImportProgress(**dict(row))


@router.get("/v1/imports/{import_id}/rows", summary="The error sheet of an import")
async def import_rows(
    import_id: UUID, who: Caller, context: InContext, limit: Limit = 100, after: After = None
) -> Page[ImportLine]:
    """List the rows that were rejected or stand there twice, in the order of the file."""
    who.require_town()
    seen = _LINES_AFTER.read(after)[0] if after else -1
    async with context.database.read() as conn:
        if await conn.fetchrow(store.IMPORT, import_id) is None:
            raise NotFound("没有这次导入。There is no such import.")
        rows = await conn.fetch(store.IMPORT_ROWS, import_id, seen, limit + 1)
    return Page(
        items=[
            ImportLine(**{name: value for name, value in dict(row).items() if name != "nth"})
            for row in rows[:limit]
        ],
        next=_LINES_AFTER.write(rows[limit - 1]["nth"]) if len(rows) > limit else None,
    )


@router.post("/v1/sites", status_code=201, summary="Register a site")
async def register_site(body: SiteBody, who: Caller, context: InContext, response: Response) -> SiteAnswer:
    """Register a place under its code. The same again: 200; the code with other particulars: refused."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        site = Site(**{**body.model_dump(), "since": body.since or tx.today})
        known, fresh = await handlers.register_site(site, who=who, tx=tx, day_given=body.since is not None)
    response.status_code = 201 if fresh else 200
    return _site_answer(known)


@router.get("/v1/sites", summary="Sites of a compound")
async def sites(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    limit: Limit = 100,
    after: After = None,
) -> Page[SiteAnswer]:
    """List a compound's sites by code."""
    seen = _SITES_AFTER.read(after)[0] if after else ""
    async with context.database.read() as conn:
        await handlers.require_compound(conn, who, compound)
        found = await store.sites_of(conn, compound, after=seen, limit=limit + 1)
    return Page(
        items=[_site_answer(known) for known in found[:limit]],
        next=_SITES_AFTER.write(found[limit - 1].site.code) if len(found) > limit else None,
    )


@router.post("/v1/rounds", status_code=201, summary="Log a disinfection round")
async def log_round(body: RoundBody, who: Caller, context: InContext, response: Response) -> RoundAnswer:
    """Keep a disinfection and say whether it counts. A repeat of id and content gets the first answer."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        logged = await handlers.log_round(LogRound(**body.model_dump()), who=who, tx=tx)
    if logged.fresh:
        count_round(logged)
    response.status_code = 201 if logged.fresh else 200
    return RoundAnswer(
        round_id=logged.round_id,
        site_id=logged.site_id,
        site_code=logged.site_code,
        compound=logged.compound,
        kind=logged.kind,
        day=logged.day,
        done_at=logged.done_at,
        agent=logged.agent,
        concentration_mg_l=logged.concentration_mg_l,
        within_range=logged.within_range,
        counts=logged.counts,
        warnings=[
            *(["too_close"] if not logged.counts else []),
            *(["outside_range"] if not logged.within_range else []),
        ],
        source=logged.source,
        policy_version=logged.policy_version,
    )


@router.get("/v1/day-sheets", summary="A compound's rounds of a day")
async def day_sheets(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query(description="Shanghai day; today when left out.")] = None,
) -> SheetAnswer:
    """Tell per site what the day requires, what counts, and what is short. Derived anew from all logs."""
    wanted = day or context.clock.today()
    async with context.database.read() as conn:
        await handlers.require_compound(conn, who, compound)
        found = await handlers.day_sheets(conn, compound, day=wanted, now=context.clock.now())
    lines = [
        SheetLine(
            site_code=one.code,
            kind=one.kind,
            name=one.name,
            required=one.sheet.required,
            logged=one.sheet.logged,
            counted=one.sheet.counted,
            outside_range=one.outside_range,
            shortfall=one.sheet.shortfall,
            state=one.sheet.state,
        )
        for one in found
    ]
    return SheetAnswer(
        compound=compound,
        day=wanted,
        required=sum(line.required for line in lines),
        counted=sum(line.counted for line in lines),
        shortfall=sum(line.shortfall for line in lines),
        sites=lines,
    )


def _site_answer(known: store.KnownSite) -> SiteAnswer:
    site = known.site
    return SiteAnswer(
        site_id=known.site_id,
        code=site.code,
        compound=site.compound,
        kind=site.kind,
        name=site.name,
        building=site.building,
        unit=site.unit,
        rounds_per_day=site.rounds_per_day,
        since=site.since,
        active=site.active,
    )
