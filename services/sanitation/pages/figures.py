"""A day's figures by compound and kind of site, and what a property company answers for (R5.1, R5.4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Self

from fastapi import Form, Query, Request
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import Day, InContext, Text, cause
from services.sanitation.api.property_record import property_record
from services.sanitation.domain.figures import KindFigures
from services.sanitation.handlers import figures as handlers
from services.sanitation.handlers import property_record as company_handlers
from services.sanitation.pages.places import place_of
from shared.http.access import Caller
from shared.kernel.ids import CompoundId
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router

router = page_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The figures of some kinds or compounds together."""

    name: str
    sites: int
    required: int
    done: int
    on_time: int
    shortfall: int
    outside_range: int
    final: bool

    @classmethod
    def of(cls, name: str, lines: Iterable[KindFigures]) -> Self:
        """Add lines up."""
        every = list(lines)
        return cls(
            name=name,
            sites=sum(one.sites for one in every),
            required=sum(one.required for one in every),
            done=sum(one.done for one in every),
            on_time=sum(one.on_time for one in every),
            shortfall=sum(one.shortfall for one in every),
            outside_range=sum(one.outside_range for one in every),
            final=all(one.final for one in every),
        )


class CompanyForm(PageForm):
    """The company that answers for a compound from today on."""

    compound: CompoundId
    name: Text


@router.get("/figures")
async def figures(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    day: Annotated[Day | None, Query()] = None,
    compound: Annotated[CompoundId | None, Query()] = None,
) -> Response:
    """A day: by compound, or of one compound by kind of site. What is short stands on top."""
    pages: Pages = request.app.state.pages
    today = context.clock.today()
    wanted = min(day, today) if day else today
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        mine = [place.compound] if place.compound else await handlers.compounds_of(conn, who)
        found = await handlers.figures(conn, mine, first=wanted, last=wanted, now=context.clock.now())
    grouped: defaultdict[str, list[KindFigures]] = defaultdict(list)
    for one in found:
        grouped[one.kind if place.compound else one.compound].append(one)
    lines = [Sums.of(name, lines) for name, lines in grouped.items()]
    return pages.render(
        request,
        "figures.html",
        place=place,
        day=wanted,
        before=wanted - timedelta(days=1),
        after=wanted + timedelta(days=1) if wanted < today else None,
        lines=sorted(lines, key=lambda one: (-one.shortfall, one.name)),
        total=Sums.of("", found),
        may_read_record=who.has(*ACCESS["GET /v1/compounds/{compound}/property-record"]),
    )


@router.get("/property")
async def record(
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
) -> Response:
    """A compound's last two weeks: orders, rounds, inspections and reports that its company answers for."""
    pages: Pages = request.app.state.pages
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
    told = await property_record(place.compound, who, context) if place.compound else None
    return pages.render(
        request,
        "property.html",
        place=place,
        record=told,
        may_name=who.has(*ACCESS["PUT /v1/compounds/{compound}/property-company"]),
    )


@router.post("/property")
async def name_company(
    request: Request, who: Caller, context: InContext, form: Annotated[CompanyForm, Form()]
) -> Response:
    """Say which company answers for a compound from today on."""
    pages: Pages = request.app.state.pages
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await company_handlers.name_company(form.compound, form.name, tx.today, who=who, tx=tx)
    return RedirectResponse(pages.url(f"/property?compound={form.compound}"), 303)
