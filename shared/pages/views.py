"""How somebody looks at a list, under a name: filters and columns of its address, kept per account (W11).

A view is the query of a list's address: whatever a list lets its readers choose can be kept without the list knowing.
It may be shared with whoever reads lists of the same neighbourhood; only who saved it changes or forgets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from shared.db.pool import Database
from shared.http.access import STAFF, AccessTable, Caller, OutOfScope, Principal
from shared.kernel.ids import NeighbourhoodId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import PageForm, page_router
from shared.pages.sign_in import local

SAVE_VIEW = """
insert into saved_view (view_id, subject, page, name, query, neighbourhood, saved_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (subject, page, name) do update set query = excluded.query, neighbourhood = excluded.neighbourhood,
  saved_at = excluded.saved_at
returning view_id
"""
FORGET_VIEW = "delete from saved_view where view_id = $1 and subject = $2 returning page"
VIEWS_OF = """
select view_id, name, query, subject = $1 as own, neighbourhood is not null as shared from saved_view
where page = $2 and (subject = $1 or neighbourhood = $3) order by subject <> $1, name limit 50
"""
COUNT_VIEWS = "select count(*) from saved_view where subject = $1"

MOST = 100
"""So many views an account may keep: more nobody finds again."""
_PASSING = frozenset({"after", "view", "said"})
"""Parts of an address that say where somebody is in a list and what was said to them, not how they look at it."""

router = page_router()
ACCESS: AccessTable = {"POST /views": STAFF, "POST /views/forget": STAFF}


class TooManyViews(Refusal):
    """The account keeps as many views as it may."""

    code: ClassVar[str] = "too_many_views"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view as a list offers it.

    Attributes:
        query: what stands in the list's address.
        own: whether the reader saved it.
        chosen: whether it is the one that the reader came by.
        changed: whether the reader has changed something since; shown as an asterisk.
    """

    view_id: UUID
    name: str
    query: str
    own: bool
    shared: bool
    chosen: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The views of a list, and what would be saved now.

    Attributes:
        page: the list's path.
        here: how the reader looks at it: the list's address without where they are in it.
        share_with: the neighbourhood that the reader may share a view with.
    """

    page: str
    here: str
    share_with: str | None
    all: Sequence[View]


class ViewForm(PageForm):
    """A view to be saved under a name; the same name again replaces it."""

    page: Annotated[str, Field(max_length=100, pattern=r"^/[a-z0-9/-]*$")]
    name: Annotated[str, Field(min_length=1, max_length=30)]
    query: Annotated[str, Field(max_length=500)] = ""
    neighbourhood: Annotated[str, Field(max_length=60)] = ""


class ForgetForm(PageForm):
    """A view that is not needed any more."""

    view_id: UUID


async def views_of(
    request: Request,
    who: Principal,
    database: Database,
    *,
    neighbourhood: str | None,
    page: str | None = None,
) -> Views:
    """What a list offers its reader.

    Args:
        request: of the list; its path and query are what a view keeps.
        who: the reader.
        database: where the service keeps views.
        neighbourhood: whose list is shown: views that are shared there are offered too. None: only the reader's own.
        page: the list's path, where it is shown at another one.
    """
    page = page or request.url.path
    here, chosen = kept(request.url.query), request.query_params.get("view")
    async with database.read() as conn:
        rows = await conn.fetch(VIEWS_OF, who.subject, page, neighbourhood)
    found = [
        View(
            view_id=row["view_id"],
            name=row["name"],
            query=row["query"],
            own=row["own"],
            shared=row["shared"],
            chosen=str(row["view_id"]) == chosen,
            changed=str(row["view_id"]) == chosen and row["query"] != here,
        )
        for row in rows
    ]
    shares = neighbourhood is not None and who.reaches(neighbourhood=NeighbourhoodId(neighbourhood))
    return Views(page=page, here=here, share_with=neighbourhood if shares else None, all=found)


def kept(query: str) -> str:
    """The part of an address that says how somebody looks at a list, in one order and spelling."""
    parts = parse_qsl(query)
    return urlencode(sorted((name, value) for name, value in parts if name not in _PASSING and value))


@router.post("/views")
async def save(request: Request, who: Caller, form: Annotated[ViewForm, Form()]) -> Response:
    """Keep how somebody looks at a list; who may see a list is asked when it is opened, not here."""
    context = request.app.state.context
    query = kept(form.query)
    if form.neighbourhood and not who.reaches(neighbourhood=NeighbourhoodId(form.neighbourhood)):
        raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
    async with context.database.begin(actor=who.subject) as tx:
        if await tx.fetchval(COUNT_VIEWS, who.subject) >= MOST:
            raise TooManyViews(
                "保存的视图太多，请先删掉不用的。Too many views are kept; forget some that are not used."
            )
        view_id = await tx.fetchval(
            SAVE_VIEW,
            uuid7(),
            who.subject,
            form.page,
            form.name,
            query,
            form.neighbourhood or None,
            context.clock.now(),
        )
    return _to(request, form.page, f"{query}&view={view_id}" if query else f"view={view_id}")


@router.post("/views/forget")
async def forget(request: Request, who: Caller, form: Annotated[ForgetForm, Form()]) -> Response:
    """Forget a view of one's own; whoever else had it shared loses it too."""
    async with request.app.state.context.database.begin(actor=who.subject) as tx:
        page = await tx.fetchval(FORGET_VIEW, form.view_id, who.subject)
    return _to(request, page or "/", "")


def _to(request: Request, page: str, query: str) -> Response:
    address = local(f"{page}?{query}" if query else page)
    return RedirectResponse(request.app.state.pages.url(address), 303)
