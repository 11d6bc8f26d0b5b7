"""Person x day x window: how every window of a fortnight stands, by shape, word and colour (W1 to W4)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from services.observation.api import desk as api
from services.observation.api.models import ContactAnswer, Running
from services.observation.domain.attempts import Outcome
from services.observation.domain.calendar import ONE_DAY, WINDOWS
from services.observation.domain.case import Case
from services.observation.domain.grid import Cell, WindowState
from services.observation.handlers.desk import Days, Mark
from services.observation.pages.case_forms import pages_of
from services.observation.pages.case_names import contacts_of
from services.observation.pages.worklist import compounds_of, places_of
from services.observation.store.desk import Reach
from shared.events.observation import WindowName
from shared.http.access import Caller
from shared.http.paging import After
from shared.kernel.ids import CompoundId, GridId
from shared.pages.routes import page_router

router = page_router()

SHOWN = 50
SPAN = 14
"""So many days are seen at once: a period."""
TURN = 7
"""So many days a turn of the page goes back or on."""
KINDS = (
    "no_symptoms",
    "symptomatic",
    "unavailable",
    "uncooperative",
    "not_performed",
    "late",
    "open",
    "upcoming",
)
"""What a cell shows, in the order of the legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A window as it is drawn.

    Attributes:
        kind: one of the five outcomes, or how a window stands that is not over.
        own: the resident's own phone declared it.
        late: it was answered after it closed.
    """

    kind: str
    own: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A person with the windows of the days shown; what lies outside of their period is None."""

    case: Case
    contact: ContactAnswer | None
    cells: tuple[tuple[date, WindowName, Shown | None], ...]


@router.get("/days")
async def days(
    request: Request,
    who: Caller,
    context: Running,
    to: Annotated[date | None, Query()] = None,
    compound: Annotated[str, Query(max_length=40)] = "",
    *,
    grid: Annotated[str, Query(max_length=40)] = "",
    after: After = None,
) -> Response:
    """Show fourteen days up to one; names are masked, and only for who may read the worklists."""
    today = context.clock.today()
    last = today if to is None else min(max(to, date(2020, 1, 1)), today + timedelta(days=SPAN))
    first = last - timedelta(days=SPAN - 1)
    reach = Reach(
        scopes=who.scopes_for(),
        compound=CompoundId(compound) if compound else None,
        grid=GridId(grid) if grid else None,
    )
    found, following = await api.days_within(reach, context, first=first, last=last, after=after, limit=SHOWN)
    async with context.database.read() as conn:
        places = await places_of(conn, who)
    kept = {name: value for name, value in (("compound", compound), ("grid", grid)) if value}
    span = [first + nth * ONE_DAY for nth in range(SPAN)]
    contacts = await contacts_of([one.case for one in found], who, context, action="observation.days")
    return pages_of(request).render(
        request,
        "days.html",
        today=today,
        days=span,
        earlier=last - timedelta(days=TURN),
        later=last + timedelta(days=TURN) if last < today else None,
        rows=[_row(one, span, contacts.get(one.case.person_ref)) for one in found],
        kinds=KINDS,
        kept=urlencode(kept),
        last=last,
        compound=compound,
        grid=grid,
        compounds=compounds_of(places),
        grids=sorted({row["grid"] for row in places if not compound or row["compound"] == compound}),
        following=following,
        paged=after is not None,
    )


def _row(one: Days, span: list[date], contact: ContactAnswer | None) -> Row:
    known = {cell.span.slot: _shown(cell, mark) for cell, mark in one.cells}
    return Row(
        case=one.case,
        contact=contact,
        cells=tuple((day, window, known.get((day, window))) for day in span for window in WINDOWS),
    )


def _shown(cell: Cell, mark: Mark) -> Shown:
    outcome: Outcome | None = mark.outcome
    return Shown(
        kind=cell.state.value if outcome is None else outcome.value,
        own="self" in mark.channels,
        late=cell.state is WindowState.LATE,
    )
