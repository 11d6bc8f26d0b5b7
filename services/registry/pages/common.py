"""What the desk's pages share: whose places, by which cell of the API, and where a form leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from services.registry.access import ACCESS
from services.registry.domain.premises import Compound
from services.registry.store import premises as premises_store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Principal, ScopeKind
from shared.kernel.ids import CompoundId, NeighbourhoodId
from shared.pages.rendering import Pages
from shared.pages.views import Views, views_of

Hidden = Annotated[list[str] | None, Query(alias="hide", max_length=20)]
"""Columns of a list that its reader does not want to see."""


@dataclass(frozen=True, slots=True)
class Places:
    """The compounds of the caller, and the one that a page shows."""

    all: Sequence[Compound]
    chosen: Compound | None

    @property
    def id(self) -> CompoundId:
        """The chosen one's id; no page asks for it where there is none."""
        return CompoundId(self.chosen.compound_id if self.chosen else "")


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for a page, and with what."""

    request: Request
    who: Principal
    context: Context


def pages_of(request: Request) -> Pages:
    """What the pages are made with."""
    made: Pages = request.app.state.pages
    return made


async def places_of(context: Context, who: Principal, wanted: str | None) -> Places:
    """The caller's compounds by name, and the wanted one, or the first, among them."""
    async with context.database.read() as conn:
        mine = await compounds_within(conn, who)
    chosen = next((one for one in mine if one.compound_id == wanted), mine[0] if mine else None)
    return Places(mine, chosen)


async def compounds_within(conn: Conn, who: Principal) -> list[Compound]:
    """The compounds that the caller's grants touch, also by one of their grids."""
    grids = {scope.id for scope in who.scopes_for() if scope.kind is ScopeKind.GRID}
    by_grid = {
        grid.compound_id
        for grid in (await premises_store.grids(conn) if grids else {}).values()
        if grid.grid_id in grids
    }
    return [
        one
        for one in (await premises_store.compounds(conn)).values()
        if one.compound_id in by_grid
        or who.reaches(
            compound=CompoundId(one.compound_id), neighbourhood=NeighbourhoodId(one.neighbourhood_id)
        )
    ]


async def views_at(ask: Ask, places: Places, *, page: str | None = None) -> Views:
    """How the caller likes to look at a list of these places, with what is shared in the chosen one's neighbourhood."""
    neighbourhood = places.chosen.neighbourhood_id if places.chosen else None
    return await views_of(ask.request, ask.who, ask.context.database, neighbourhood=neighbourhood, page=page)


def may(who: Principal, *cells: str) -> bool:
    """Say whether the caller's roles open one of these cells of the API."""
    return any(who.has(*ACCESS[cell]) for cell in cells)


def acting(who: Principal, cell: str) -> Principal:
    """The caller with the grants that open a cell of the API, as if they had called it.

    Raises:
        RoleNotAllowed: none of them does.
    """
    return who.acting(*ACCESS[cell])


def by_script(request: Request) -> bool:
    """Whether the page itself asks, for a part of it."""
    return request.headers.get("hx-request") == "true"


def leads_to(request: Request, path: str) -> Response:
    """Go on to a page after something was done; so a reload does nothing a second time."""
    address = pages_of(request).url(path)
    if by_script(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def status_of(request: Request, refused_with: int | None) -> int:
    """The status of a form that is shown again: a page that asked by itself takes only 200 for its new self."""
    return 200 if refused_with is None or by_script(request) else refused_with
