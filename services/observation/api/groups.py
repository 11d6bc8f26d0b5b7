"""A compound's observation group: who belongs to it, who is in it, and the worker's confirmations (R2.5)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.observation.api.contacts import masked_of
from services.observation.api.models import ContactAnswer, Running, cause
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.groups import GroupChange, Membership
from services.observation.handlers import groups as handlers
from services.observation.store import copies, groups
from shared.audit.noting import note_reads
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId, PersonRef

router = APIRouter(tags=["groups"])
_AFTER = Cursor(UUID)


async def is_in_group(case_id: UUID, who: Principal, context: Context) -> bool:
    """Say whether a worker has confirmed that somebody is in their compound's group.

    Raises:
        CaseUnknown, OutOfScope.
    """
    async with context.database.read() as conn:
        await place_within(conn, case_id, who)
        return await groups.is_in(conn, case_id)


class MemberLine(Answer):
    """Somebody who belongs to the group, or is still in it. Name and phone are masked."""

    case_id: UUID
    person_ref: PersonRef
    grid: GridId
    membership: Membership
    belongs_since: datetime
    belonged_until: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    contact: ContactAnswer | None


class GroupChangeBody(Body):
    """A worker saw somebody join or leave."""

    change_id: UUID
    change: GroupChange


class GroupChangeReceipt(Answer):
    """It is kept."""

    change_id: UUID
    case_id: UUID
    change: GroupChange


@router.get("/v1/compounds/{compound}/observation-group", summary="A compound's observation group")
async def read_group(
    compound: Annotated[CompoundId, Path()],
    who: Caller,
    context: Running,
    after: After = None,
    limit: Limit = 50,
) -> Page[MemberLine]:
    """Tell who is to join, who is a member, and who is to leave. People belong while their case is in force."""
    last = None if after is None else _AFTER.read(after)[0]
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        around = await copies.neighbourhood(tx, compound)
        who.require_compound(compound, neighbourhood=None if around is None else NeighbourhoodId(around))
        rows = await groups.group(tx, compound, last, limit + 1)
        keys = await context.vault.keys(row["person_ref"] for row in rows[:limit])
        items = [
            MemberLine(
                case_id=row["case_id"],
                person_ref=row["person_ref"],
                grid=row["grid"],
                membership=Membership(row["membership"]),
                belongs_since=row["opened_at"],
                belonged_until=row["ended_at"],
                confirmed_at=row["confirmed_at"],
                confirmed_by=row["confirmed_by"],
                contact=masked_of(keys.get(row["person_ref"]), row),
            )
            for row in rows[:limit]
        ]
        if read := [item.person_ref for item in items if item.contact is not None]:
            await note_reads(
                tx, role=roles_of(who), action="observation.group", refs=read, scope=f"compound:{compound}"
            )
    more = _AFTER.write(rows[limit - 1]["case_id"]) if len(rows) > limit else None
    return Page(items=items, next=more)


@router.post(
    "/v1/cases/{case_id}/group-changes",
    summary="Confirm that somebody joined or left the group",
    status_code=201,
    responses={200: {"model": GroupChangeReceipt, "description": "Sent before: the first answer."}},
)
async def confirm_change(
    case_id: UUID, body: GroupChangeBody, who: Caller, context: Running, response: Response
) -> GroupChangeReceipt:
    """Keep what a worker saw in the group; whether somebody belongs to it follows from the case alone."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        new = await handlers.confirm(body.change_id, body.change, case_id=case_id, by=who.subject, tx=tx)
    if not new:
        response.status_code = 200
    return GroupChangeReceipt(change_id=body.change_id, case_id=case_id, change=body.change)
