"""What goes out to residents and comes in from them: leads, notices, and the lists of people to be found (R4.4, R6)."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import leads as lead_store
from services.reporting.store import notices as notice_store
from services.reporting.store import watch_lists as watch_store
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])


class LeadFigures(Answer):
    """Leads of a compound. A duplicate counts with the lead it was merged into; `overdue` are open past their clock."""

    compound: CompoundId
    received: int
    open: int
    overdue: int
    valid: int
    duplicates: int


class LeadsAnswer(Answer):
    """Leads of the compounds in scope, most overdue first."""

    as_of: list[SourceAsOf]
    compounds: list[LeadFigures]


class NoticeFigures(Answer):
    """Notices in a compound: postings asked for and confirmed. `waiting_since`: of the oldest not confirmed."""

    compound: CompoundId
    notices: int
    wanted: int
    posted: int
    waiting_since: datetime | None


class NoticesAnswer(Answer):
    """Notices in the compounds in scope, most missing first."""

    as_of: list[SourceAsOf]
    compounds: list[NoticeFigures]


class WatchListFigures(Answer):
    """A watch list. `late`: it is open past its search period; `overdue` are lines settled as not found in time."""

    list_id: UUID
    search_until: date
    closed: bool
    late: bool
    lines: int
    open: int
    found_here: int
    elsewhere: int
    wrong_data: int
    missed_before: int
    overdue: int


class WatchListsAnswer(Answer):
    """All watch lists, the earliest search period first."""

    as_of: list[SourceAsOf]
    lists: list[WatchListFigures]


@router.get("/v1/leads", summary="Leads per compound")
async def leads(who: Caller, context: InContext) -> LeadsAnswer:
    """Tell how many leads are open, overdue and found true, without a word of what was told."""
    async with context.database.read() as conn:
        mine = set(await queries.compounds_in_scope(conn, who))
        rows = await conn.fetch(lead_store.LEADS_AS_OF, context.clock.now())
        sources = await queries.sources(conn, ("leads",))
    found = [LeadFigures(**dict(row)) for row in rows if row["compound"] in mine]
    found.sort(key=lambda one: (-one.overdue, -one.open, one.compound))
    return LeadsAnswer(as_of=as_of(sources), compounds=found)


@router.get("/v1/notices", summary="Coverage of notices per compound")
async def notices(who: Caller, context: InContext) -> NoticesAnswer:
    """Tell how many postings of notices are confirmed in each compound."""
    async with context.database.read() as conn:
        mine = set(await queries.compounds_in_scope(conn, who))
        rows = await conn.fetch(notice_store.NOTICE_COVERAGE)
        sources = await queries.sources(conn, ("notices",))
    found = [NoticeFigures(**dict(row)) for row in rows if row["compound"] in mine]
    found.sort(key=lambda one: (one.posted - one.wanted, one.compound))
    return NoticesAnswer(as_of=as_of(sources), compounds=found)


@router.get("/v1/watch-lists", summary="Figures of watch lists")
async def watch_lists(_who: Caller, context: InContext) -> WatchListsAnswer:
    """Tell how many lines of each list are settled and how."""
    async with context.database.read() as conn:
        rows = await conn.fetch(watch_store.WATCH_LISTS)
        sources = await queries.sources(conn, ("watch_lists",))
    today = context.clock.today()
    return WatchListsAnswer(as_of=as_of(sources), lists=list(_lists(map(dict, rows), today)))


def _lists(rows: Iterable[dict[str, object]], today: date) -> Iterable[WatchListFigures]:
    for row in rows:
        settled, closed = row.pop("settled"), row["closed"]
        late = not closed and row["search_until"] < today  # type: ignore[operator]  # a date
        yield WatchListFigures.model_validate(
            row | {"open": row["lines"] - settled, "late": late}  # type: ignore[operator]  # counts
        )
