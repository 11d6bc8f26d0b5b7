"""Units (businesses) of a compound over HTTP; who answers for one is read with a note in the audit log (R4.3)."""

from datetime import date
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Day, Phone, Running, cause, roles_of
from services.registry.api.places import Name, Seen, Text, reached
from services.registry.api.premises import CompoundPath
from services.registry.domain.corrections import BusinessKind
from services.registry.handlers import businesses as handlers
from services.registry.handlers.businesses import Business
from services.registry.store import businesses as store
from shared.audit.noting import note_reads
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["premises"])
_AFTER = Cursor(UUID)
_FIRST = UUID(int=0)


class ContactBody(Body):
    """Who answers for a business."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    phone: Phone


class BusinessBody(Body):
    """A business as it is; `closed_on` is its last day."""

    version: Seen
    name: Name
    kind: BusinessKind
    address: Text
    contact: ContactBody
    closed_on: Day | None = None


class BusinessLine(Answer):
    """A business, without who answers for it."""

    business_id: UUID
    compound_id: str
    name: str
    kind: BusinessKind
    address: str
    closed_on: date | None
    version: int


class ContactAnswer(Answer):
    """Who answers for it."""

    name: str = Field(repr=False)
    phone: str = Field(repr=False)


class BusinessAnswer(BusinessLine):
    """A business and who answers for it."""

    contact: ContactAnswer


@router.get("/v1/compounds/{compound_id}/businesses", summary="The businesses of a compound")
async def list_businesses(
    *,
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    kind: Annotated[BusinessKind | None, Query()] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[BusinessLine]:
    """List units of a compound, those that closed too."""
    last = _AFTER.read(after)[0] if after else _FIRST
    async with context.database.read() as conn:
        await reached(conn, compound_id, who)
        rows = await store.page(conn, compound_id, kind=kind, after=last, limit=limit + 1)
    items = [BusinessLine(**dict(row)) for row in rows[:limit]]
    return Page(items=items, next=_AFTER.write(items[-1].business_id) if len(rows) > limit else None)


@router.put("/v1/compounds/{compound_id}/businesses/{business_id}", summary="Enter or correct a business")
async def save_business(
    *,
    compound_id: CompoundPath,
    business_id: UUID,
    body: BusinessBody,
    who: Caller,
    context: Running,
    response: Response,
) -> BusinessLine:
    """Enter it (201) under an id that the client made, or correct it (200)."""
    business = Business(
        business_id=business_id,
        compound_id=CompoundId(compound_id),
        name=body.name,
        kind=body.kind,
        address=body.address,
        contact_name=body.contact.name,
        contact_phone=body.contact.phone,
        closed_on=body.closed_on,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        _, new = await handlers.save(business, seen=body.version, tx=tx, vault=context.vault)
        row = await store.one(tx, business_id)
    assert row is not None  # noqa: S101 -- saved above
    response.status_code = 201 if new else 200
    return BusinessLine(**_shown(row))


@router.get("/v1/compounds/{compound_id}/businesses/{business_id}", summary="A business")
async def read_business(
    compound_id: CompoundPath, business_id: UUID, who: Caller, context: Running
) -> BusinessAnswer:
    """Tell a business and who answers for it; that it was read is written down."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        row, name, phone = await handlers.contact_of(tx, business_id, compound_id, context.vault)
        await note_reads(
            tx, role=roles_of(who), action="business.contact", refs=[business_id], scope=compound_id
        )
    return BusinessAnswer(**_shown(row), contact=ContactAnswer(name=name, phone=phone))


def _shown(row: asyncpg.Record) -> dict[str, object]:
    return {name: row[name] for name in BusinessLine.model_fields}
