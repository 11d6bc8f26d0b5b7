"""Non-essential indoor venues: listed, closed, approved to reopen."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response

from services.sanitation.api.common import Code, Day, Explanation, InContext, Text, cause
from services.sanitation.domain.venues import Status
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers import venues as handlers
from services.sanitation.handlers.venues import ApproveReopening, RegisterVenue
from services.sanitation.store import venues as store
from services.sanitation.store.venues import KnownVenue
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId
from shared.kernel.sealed_texts import unseal

router = APIRouter(tags=["venues"])

_AFTER = Cursor(UUID)
_MOST_APPROVALS = 100


class VenueBody(Body):
    """A venue that policy wants closed. `name` is what its sign says; `place` where it lies in the compound."""

    venue_id: UUID
    compound: CompoundId
    kind: Code
    name: Text
    place: Text | None = None


class VenueAnswer(Answer):
    """A venue as it stands; `status_at` is the instant of which that was said last."""

    venue_id: UUID
    compound: CompoundId
    kind: str
    name: str
    place: str | None
    status: Status
    status_at: datetime

    @classmethod
    def of(cls, known: KnownVenue) -> Self:
        """The venue as it stands."""
        return cls(
            venue_id=known.venue_id,
            compound=known.compound,
            kind=known.kind,
            name=known.name,
            place=known.place,
            status=known.status,
            status_at=known.status_at,
        )


class VenueLine(VenueAnswer):
    """A venue with the approval that holds or comes next."""

    approved_from: date | None
    approved_until: date | None


class ApprovalBody(Body):
    """Let a venue reopen from the first day to the last one, both included; `reason` is kept sealed."""

    approval_id: UUID
    from_day: Day
    last_day: Day
    reason: Explanation


class ApprovalAnswer(Answer):
    """An approval, and how the venue stands with it. `approved_by` and `revoked_by` are accounts."""

    approval_id: UUID
    venue: VenueAnswer
    from_day: date
    last_day: date
    approved_at: datetime
    approved_by: str
    revoked_at: datetime | None
    revoked_by: str | None


class ApprovalLine(Answer):
    """An approval with its reason."""

    approval_id: UUID
    from_day: date
    last_day: date
    reason: str | None
    approved_at: datetime
    approved_by: str
    revoked_at: datetime | None
    revoked_by: str | None


class ApprovalsAnswer(Answer):
    """A venue's newest approvals, the newest first."""

    venue: VenueAnswer
    approvals: list[ApprovalLine]


@router.post("/v1/venues", status_code=201, summary="Enter a venue: it is closed")
async def register_venue(body: VenueBody, who: Caller, context: InContext, response: Response) -> VenueAnswer:
    """Put a venue on the list of those that stay closed. A repeat changes nothing (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        venue, new = await handlers.register(
            RegisterVenue(**body.model_dump()), who=who, tx=tx, vault=context.vault
        )
    response.status_code = 201 if new else 200
    return VenueAnswer.of(venue)


@router.get("/v1/venues", summary="Venues of a compound")
async def venues(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    kind: Annotated[Code | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[VenueLine]:
    """List venues with how they stand and which approval holds or comes next."""
    seen = _AFTER.read(after)[0] if after else UUID(int=0)
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await store.venues_of(
            conn,
            compound,
            kind=kind,
            status=status,
            after=seen,
            today=context.clock.today(),
            limit=limit + 1,
        )
    return Page(
        items=[
            VenueLine(
                **VenueAnswer.of(one.known).model_dump(),
                approved_from=one.approved_from,
                approved_until=one.approved_until,
            )
            for one in found[:limit]
        ],
        next=_AFTER.write(found[limit - 1].known.venue_id) if len(found) > limit else None,
    )


@router.post("/v1/venues/{venue_id}/approvals", status_code=201, summary="Approve that a venue reopens")
async def approve(
    venue_id: UUID, body: ApprovalBody, who: Caller, context: InContext, response: Response
) -> ApprovalAnswer:
    """Let a venue be open for some days; without one it is closed. Refused while it stands accused of being open."""
    cmd = ApproveReopening(venue_id=venue_id, **body.model_dump())
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        venue, approval, new = await handlers.approve(cmd, who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return _approval(venue, approval)


@router.get("/v1/venues/{venue_id}/approvals", summary="A venue's approvals")
async def approvals(venue_id: UUID, who: Caller, context: InContext) -> ApprovalsAnswer:
    """Tell who let a venue reopen, for which days and why."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        venue = await handlers.venue_within(tx, who, venue_id)
        rows = await tx.fetch(store.APPROVALS, venue_id, _MOST_APPROVALS)
        lines = [
            ApprovalLine(
                approval_id=row["approval_id"],
                from_day=row["from_day"],
                last_day=row["last_day"],
                reason=await unseal(context.vault, row["key_ref"], handlers.REASON, row["reason_sealed"]),
                approved_at=row["approved_at"],
                approved_by=row["approved_by"],
                revoked_at=row["revoked_at"],
                revoked_by=row["revoked_by"],
            )
            for row in rows
        ]
    return ApprovalsAnswer(venue=VenueAnswer.of(venue), approvals=lines)


@router.post("/v1/venues/{venue_id}/approvals/{approval_id}/revocation", summary="Take an approval back")
async def revoke(venue_id: UUID, approval_id: UUID, who: Caller, context: InContext) -> ApprovalAnswer:
    """Close a venue again from now on. A repeat changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        venue, approval = await handlers.revoke(venue_id, approval_id, who=who, tx=tx)
    return _approval(venue, approval)


def _approval(venue: KnownVenue, row: asyncpg.Record) -> ApprovalAnswer:
    return ApprovalAnswer(
        approval_id=row["approval_id"],
        venue=VenueAnswer.of(venue),
        from_day=row["from_day"],
        last_day=row["last_day"],
        approved_at=row["approved_at"],
        approved_by=row["approved_by"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
    )
