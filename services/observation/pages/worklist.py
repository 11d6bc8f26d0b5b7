"""Today's work: who calls for somebody, fevers first, then what waits longest (screens.md 2d, 4.6)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from services.observation.api import contacts
from services.observation.api import worklists as api
from services.observation.api.models import Running
from services.observation.domain.worklists import Worklist
from services.observation.handlers import observing
from services.observation.pages.case_forms import acting, may, pages_of
from services.observation.store import desk as store
from services.observation.store.desk import Reach
from shared.db.pool import Conn
from shared.events.policy_observation import Measure
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.days import local_day
from shared.pages.languages import N_
from shared.pages.routes import page_router

router = page_router()

SHOWN = 50
LISTS: Mapping[Worklist, str] = {
    Worklist.TODAY: N_("今天要处理"),
    Worklist.FEVER: N_("发热就医"),
    Worklist.MISSED: N_("未报"),
    Worklist.UNREACHABLE: N_("联系不上"),
    Worklist.AWAITING_CLOSURE: N_("期满待核"),
    Worklist.NOT_SENT: N_("没有通知到"),
    Worklist.ASSIGNED: N_("已派电话或上门"),
    Worklist.ENDS_TOMORROW: N_("明天期满"),
    Worklist.ALL: N_("全部在观察"),
}
"""The lists in the order in which they are shown, by their names."""
BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("missed_1", 1, 1),
    ("missed_2", 2, 2),
    ("missed_3", 3, 3),
    ("missed_more", 4, None),
)
"""Figure of the counts, and from how many to how many windows in a row."""
MEASURES: tuple[Measure, ...] = (
    "home_self_monitoring",
    "home_quarantine",
    "centralized_observation",
    "medical",
)
OfMeasure = Annotated[Measure | str, Query(max_length=40)]
_LEVELS = {Worklist.FEVER: "bad", Worklist.MISSED: "warn", Worklist.UNREACHABLE: "warn"}


@router.get("/worklist")
async def worklist(
    request: Request,
    who: Caller,
    context: Running,
    of: Annotated[str, Query(max_length=20)] = Worklist.TODAY,
    *,
    compound: Annotated[str, Query(max_length=40)] = "",
    grid: Annotated[str, Query(max_length=40)] = "",
    measure: OfMeasure = "",
    times: Annotated[int | None, Query(ge=1, le=100)] = None,
    at_most: Annotated[int | None, Query(ge=1, le=100)] = None,
    mine: Annotated[bool, Query()] = False,
    after: After = None,
) -> Response:
    """Show a list with what it is part of; filters stand in the address, and nobody's name does."""
    chosen = Worklist(of) if of in set(Worklist) else Worklist.TODAY
    narrowed: Any = {
        "compound": compound or None,
        "grid": grid or None,
        "measure": measure if measure in MEASURES else None,
    }
    counts = await api.count_worklists(acting(who, "GET /v1/worklists"), context, **narrowed)
    page = await api.read_worklist(
        chosen,
        who,
        context,
        **narrowed,
        assigned_to=who.subject if mine else None,
        times=times,
        at_most=at_most,
        after=after,
        limit=SHOWN,
    )
    async with context.database.read() as conn:
        places = await places_of(conn, who)
        calendar = await observing.calendar_in_force(conn, context.clock.today())
    kept = {name: value for name, value in narrowed.items() if value} | ({"mine": "1"} if mine else {})
    window = {"times": times, "at_most": at_most}
    own = kept | {"of": chosen.value} | {name: value for name, value in window.items() if value}
    return pages_of(request).render(
        request,
        "worklist.html",
        today=context.clock.today(),
        next_check=calendar.next_close(context.clock.now()),
        lists=LISTS,
        levels=_LEVELS,
        buckets=BUCKETS,
        chosen=chosen,
        counts=counts,
        lines=page.items,
        filters=narrowed | {"mine": mine, **window},
        kept=urlencode(kept),
        own=urlencode(own),
        following=page.next,
        paged=after is not None,
        compounds=compounds_of(places),
        grids=sorted({row["grid"] for row in places if not compound or row["compound"] == compound}),
        measures=MEASURES,
        since=lambda at: waiting_for(at, context.clock.now()),
        may_read=may(who, "POST /v1/cases/{case_id}/contact-readings") is not None,
        may_act=may(who, "POST /v1/bulk-follow-ups") is not None
        or may(who, "POST /v1/bulk-decisions") is not None,
    )


@router.post("/cases/{case_id}/contact")
async def reveal(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Show name and phone whole, in the line that asked for them or on a page of its own; the reading is recorded."""
    contact = await contacts.read_contact(
        case_id, acting(who, "POST /v1/cases/{case_id}/contact-readings"), context
    )
    inside = request.headers.get("hx-request") == "true"
    return pages_of(request).render(
        request, "contact_part.html" if inside else "contact.html", contact=contact, case_id=case_id
    )


def compounds_of(places: Iterable[Any]) -> dict[str, str]:
    """The compounds of places by their names, for a filter."""
    return {row["compound"]: row["name"] for row in places}


async def places_of(conn: Conn, who: Principal) -> list[Any]:
    """Compounds and grids of the caller in which somebody is under observation, for filters."""
    return await store.places_in_force(conn, Reach(scopes=who.scopes_for(), compound=None, grid=None))


async def workers_of(conn: Conn, who: Principal) -> list[str]:
    """Accounts to choose from where somebody is to call or to visit: one's own, and those that did before."""
    known = await store.workers(conn, Reach(scopes=who.scopes_for(), compound=None, grid=None))
    return [who.subject, *(one for one in known if one != who.subject)]


def waiting_for(at: datetime, now: datetime) -> int:
    """How many days ago something fell due: 0 today, 1 yesterday."""
    return (local_day(now) - local_day(at)).days
