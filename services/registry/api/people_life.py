"""Life goes on, over HTTP: deaths, departures, moves, changes of tenants, and taking them back (Data and law)."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.registry.api.common import Day, Running, cause, keeper_of
from services.registry.api.people_changes import (
    ActAnswer,
    ActBody,
    HomeBody,
    IdentityBody,
    Reason,
    newcomer_of,
    told,
)
from services.registry.api.people_scope import require_dwelling, require_person
from services.registry.domain.people import Relation
from services.registry.domain.people_life import ActKind
from services.registry.domain.premises import Occupancy
from services.registry.handlers import people_life as handlers
from services.registry.handlers.people_acts import Asked
from services.registry.handlers.people_life import Arrival, Move
from shared.db.pool import Conn
from shared.http.access import Caller, Principal

router = APIRouter(tags=["people"])

People = Annotated[list[UUID], Field(min_length=1, max_length=30)]


class DeathBody(ActBody):
    """When somebody died, and how that is known."""

    died_on: Day
    reason: Reason | None = None


class DepartureBody(ActBody):
    """Who left the town, and when. An owner stays the owner, unless they gave up the dwelling (`gives_up`)."""

    people: People
    left_on: Day
    gives_up: bool = False
    reason: Reason | None = None


class MoveBody(ActBody):
    """Who moved where: a household together, or the part of one that splits off. `left`: only from this dwelling."""

    people: People
    to: UUID
    relation: Relation
    moved_on: Day
    left: UUID | None = None
    reason: Reason | None = None


class TenantBody(IdentityBody):
    """One of the new tenants; `guardian`: the place in the list of who answers for somebody without a document."""

    relation: Literal[Relation.TENANT, Relation.DEPENDANT] = Relation.TENANT
    guardian: Annotated[int, Field(ge=0, lt=30)] | None = None


class TenancyBody(ActBody):
    """The tenants of a dwelling leave, and these come; nobody where it stands empty afterwards."""

    changed_on: Day
    arriving: list[TenantBody] = Field(max_length=30)
    reason: Reason | None = None


class OccupancyBody(ActBody):
    """How a dwelling is used now."""

    occupancy: Occupancy
    reason: Reason | None = None


class UndoBody(ActBody):
    """Why a change is taken back."""

    reason: Reason


@router.post("/v1/people/{person_ref}/death", summary="Enter a death")
async def enter_death(person_ref: UUID, body: DeathBody, who: Caller, context: Running) -> ActAnswer:
    """End every stay of somebody who died and revoke their passes; a death entered by mistake is undone."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_person(tx, who, person_ref)
        asked = _asked(body, ActKind.DIED, body.died_on, body.reason, about=str(person_ref))
        act = await handlers.die(person_ref, body.died_on, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


@router.post("/v1/departures", summary="People leave the town")
async def leave_town(body: DepartureBody, who: Caller, context: Running) -> ActAnswer:
    """End the stays of people who left the town; their passes are revoked."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _require_people(tx, who, body.people)
        asked = _asked(body, ActKind.LEFT_TOWN, body.left_on, body.reason)
        act = await handlers.leave_town(
            body.people, body.left_on, asked, gives_up=body.gives_up, tx=tx, keeper=keeper_of(context)
        )
    return told(act)


@router.post("/v1/moves", summary="People move within the town")
async def move(body: MoveBody, who: Caller, context: Running) -> ActAnswer:
    """Move people to another dwelling, in whatever compound; passes of a compound that they left are revoked."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _require_people(tx, who, body.people)
        cmd = Move(
            people=tuple(dict.fromkeys(body.people)),
            left=body.left,
            to=body.to,
            relation=body.relation,
            moved_on=body.moved_on,
        )
        asked = _asked(body, ActKind.MOVED, body.moved_on, body.reason)
        act = await handlers.move(cmd, asked, tx=tx, keeper=keeper_of(context))
    return told(act)


@router.post("/v1/dwellings/{dwelling_id}/tenancy", summary="Tenants change")
async def change_tenants(dwelling_id: UUID, body: TenancyBody, who: Caller, context: Running) -> ActAnswer:
    """Let the tenants of a dwelling leave, with who depends on them, and register the new ones."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_dwelling(tx, who, dwelling_id)
        arriving = [_arrival(one, dwelling_id, body.changed_on, tx.today) for one in body.arriving]
        asked = _asked(body, ActKind.TENANTS_CHANGED, body.changed_on, body.reason, about=str(dwelling_id))
        act = await handlers.change_tenants(
            dwelling_id, arriving, body.changed_on, asked, tx=tx, keeper=keeper_of(context)
        )
    return told(act)


@router.post("/v1/dwellings/{dwelling_id}/occupancy", summary="Say how a dwelling is used")
async def set_occupancy(dwelling_id: UUID, body: OccupancyBody, who: Caller, context: Running) -> ActAnswer:
    """Say that a dwelling is lived in by its owner, let, or empty."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_dwelling(tx, who, dwelling_id)
        asked = _asked(body, ActKind.OCCUPANCY_SET, tx.today, body.reason, about=str(dwelling_id))
        act = await handlers.set_occupancy(
            dwelling_id, body.occupancy, asked, tx=tx, keeper=keeper_of(context)
        )
    return told(act)


@router.post("/v1/people-changes/{change_id}/undo", summary="Take a change back")
async def undo(change_id: UUID, body: UndoBody, who: Caller, context: Running) -> ActAnswer:
    """Restore what a death, departure, move, or change of tenants or of use changed.

    `changed_since`: a later act changed the same; undo that one first.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        undone = await handlers.existing(tx, change_id)
        await _require_people(tx, who, undone.people)
        if undone.kind == ActKind.OCCUPANCY_SET:
            await require_dwelling(tx, who, await handlers.dwelling_of(tx, change_id))
        asked = Asked(
            change_id=body.change_id,
            kind=ActKind.UNDONE,
            effective_on=tx.today,
            content=f"{change_id}\n{body.content()}",
            reason=body.reason,
            undoes=change_id,
        )
        act = await handlers.undo(asked, tx=tx, keeper=keeper_of(context))
    return told(act)


async def _require_people(conn: Conn, who: Principal, refs: list[UUID] | tuple[UUID, ...]) -> None:
    for ref in refs:
        await require_person(conn, who, ref)


def _arrival(body: TenantBody, dwelling_id: UUID, day: date, today: date) -> Arrival:
    home = HomeBody(dwelling_id=dwelling_id, relation=body.relation, registered_on=day)
    return Arrival(newcomer=newcomer_of(body, [home], None, today), guardian=body.guardian)


def _asked(body: ActBody, kind: ActKind, day: date, reason: str | None, *, about: str = "") -> Asked:
    return Asked(
        change_id=body.change_id,
        kind=kind,
        effective_on=day,
        content=f"{about}\n{body.content()}",
        reason=reason,
    )
