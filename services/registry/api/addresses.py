"""Taking addresses off the list, and putting them back, over HTTP (R4.1, R4.3)."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.registry.api.common import Running, cause
from services.registry.api.places import reached
from services.registry.api.premises import CompoundPath
from services.registry.domain.addresses import RemovalReason
from services.registry.handlers import addresses as handlers
from shared.http.access import Caller
from shared.http.models import Answer, Body

router = APIRouter(tags=["premises"])


class RemovalBody(Body):
    """Why an address leaves the list. `removal_id` is made by the client and makes a repeat harmless."""

    removal_id: UUID
    reason: RemovalReason


class ListedAnswer(Answer):
    """Whether an address is on the list now."""

    dwelling_id: UUID
    listed: bool


@router.post(
    "/v1/compounds/{compound_id}/dwellings/{dwelling_id}/removal",
    summary="Take an address off the list",
    status_code=201,
)
async def remove_dwelling(
    *,
    compound_id: CompoundPath,
    dwelling_id: UUID,
    body: RemovalBody,
    who: Caller,
    context: Running,
    response: Response,
) -> ListedAnswer:
    """Take it off, where nobody is registered or observed and no pass is active; open rounds ask it no more.

    What was lived and answered there is kept. The same removal again changes nothing (200).
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        new = await handlers.remove(compound_id, dwelling_id, body.removal_id, body.reason, tx=tx)
    response.status_code = 201 if new else 200
    return ListedAnswer(dwelling_id=dwelling_id, listed=False)


@router.post(
    "/v1/compounds/{compound_id}/dwellings/{dwelling_id}/restoration",
    summary="Put an address on the list again",
)
async def restore_dwelling(
    compound_id: CompoundPath, dwelling_id: UUID, who: Caller, context: Running
) -> ListedAnswer:
    """Take a removal back: the address is as it was, and rounds that are open ask it."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        await handlers.restore(compound_id, dwelling_id, tx=tx)
    return ListedAnswer(dwelling_id=dwelling_id, listed=True)
