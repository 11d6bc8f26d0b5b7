"""Bins for discarded masks."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.sanitation.api.common import Code, InContext, Instant, cause
from services.sanitation.domain.pickups import MOST_BAGS
from services.sanitation.handlers import mask_bins as handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.pickup_days import waste_rules
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["waste"])

_BINS_AFTER = Cursor(str)


class CollectionBody(Body):
    """A mask bin was emptied and disinfected; see `RoundBody` for the phone's times."""

    collection_id: UUID
    site_code: SiteId
    emptied_at: Instant
    sent_at: Instant | None = None
    bags: Annotated[int, Field(ge=0, le=MOST_BAGS)]
    agent: Code


class CollectionAnswer(Answer):
    """A collection."""

    collection_id: UUID
    site_code: SiteId
    compound: CompoundId
    emptied_at: datetime
    bags: int

    @classmethod
    def of(cls, one: handlers.EmptiedBin) -> Self:
        """The collection as it is kept."""
        return cls(
            collection_id=one.collection_id,
            site_code=one.site_code,
            compound=one.compound,
            emptied_at=one.emptied_at,
            bags=one.bags,
        )


class BinLine(Answer):
    """A bin in use. `due_at` is null where policy does not say how often it is emptied; `overdue`: it lies behind."""

    site_code: SiteId
    name: str
    emptied_at: datetime | None
    bags: int | None
    due_at: datetime | None
    overdue: bool

    @classmethod
    def of(cls, one: handlers.Bin, now: datetime) -> Self:
        """A bin as it stands at an instant."""
        return cls(
            site_code=one.site_code,
            name=one.name,
            emptied_at=one.emptied_at,
            bags=one.bags,
            due_at=one.due_at,
            overdue=one.due_at is not None and one.due_at <= now,
        )


@router.post("/v1/mask-bin-collections", status_code=201, summary="Log that a mask bin was emptied")
async def empty_bin(
    body: CollectionBody, who: Caller, context: InContext, response: Response
) -> CollectionAnswer:
    """Keep a collection. A repeat of id and content gets the first answer."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        emptied = await handlers.empty_bin(handlers.EmptyBin(**body.model_dump()), who=who, tx=tx)
    response.status_code = 201 if emptied.fresh else 200
    return CollectionAnswer.of(emptied)


@router.get("/v1/mask-bins", summary="Mask bins of a compound")
async def mask_bins(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    limit: Limit = 100,
    after: After = None,
) -> Page[BinLine]:
    """List a compound's mask bins by code: when each was emptied last, and whether it is time."""
    seen = _BINS_AFTER.read(after)[0] if after else ""
    now = context.clock.now()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        rules = await waste_rules(conn, context.clock.today())
        every = timedelta(hours=rules.mask_bin_hours) if rules else None
        found = await handlers.bins_of(conn, compound, after=seen, limit=limit + 1, every=every)
    return Page(
        items=[BinLine.of(one, now) for one in found[:limit]],
        next=_BINS_AFTER.write(found[limit - 1].site_code) if len(found) > limit else None,
    )
