"""Returnees' intakes, the copy of observation's facts, and which cards went out."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.registry.domain.errors import AlreadyObserved
from services.registry.domain.passes import Ending, KnownObservation
from services.registry.domain.premises import AddressKey, Home
from services.registry.domain.returnees import IntakeDecision, Trip
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "returnee_intake_pkey": SameIdOtherContent(
        "该编号已用于另一次登记。This id was used for another intake.", field="intake_id"
    ),
    "returnee_pending_once": AlreadyObserved(
        "此人已登记，观察即将开始。The person is registered, the observation is about to begin."
    ),
}

LOCK_INTAKE = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.intake:' || $1::text, 0))"
ORIGIN_OF = """
select origin_code from person where person_ref in (select pseudonyms_of($1)) and origin_code is not null
order by person_ref = $1 desc, person_ref limit 1
"""
LOCK_PERSON = """
select version from person where person_ref in (select pseudonyms_of($1)) order by person_ref for no key update
"""
DWELLING = """
select d.dwelling_id, d.compound_id, d.grid_id, c.neighbourhood_id, d.building, d.unit, d.room
from dwelling d join compound c using (compound_id) where d.dwelling_id = $1 and d.removed_at is null
"""
DWELLING_BY_ADDRESS = """
select d.dwelling_id, d.compound_id, d.grid_id, c.neighbourhood_id, d.building, d.unit, d.room
from dwelling d join compound c using (compound_id)
where d.compound_id = $1 and d.building = $2 and d.unit = $3 and d.room = $4 and d.removed_at is null
"""
COMPOUND_PLACE = "select neighbourhood_id from compound where compound_id = $1"
LIVES_AT = """
select true from residence
where person_ref in (select pseudonyms_of($1)) and dwelling_id = $2 and resident and ended_on is null limit 1
"""
ADD_INTAKE = """
insert into returnee_intake (intake_id, person_ref, compound_id, dwelling_id, grid_id, origin_code, arrived_on,
  transport, proof, category, measure, reason_sealed, approved_by, anchor_date, anchor_basis, last_day, pass_from,
  policy_version, risk_revision, registered_at, recorded_at, recorded_by, content_index)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
"""
INTAKE = """
select i.intake_id, i.person_ref, i.compound_id, c.neighbourhood_id, i.dwelling_id, i.grid_id, i.origin_code,
  i.arrived_on, i.transport, i.proof, i.category, i.measure, i.approved_by, i.anchor_date, i.anchor_basis,
  coalesce(o.last_day, i.last_day) as last_day, coalesce(o.pass_from, i.pass_from) as pass_from, i.policy_version,
  i.risk_revision, i.registered_at, i.recorded_at, i.content_index, i.case_id,
  i.proposed, i.via, i.proof_kind, i.suzhou_code, i.transport_number_sealed, i.health_sealed, i.reason_sealed,
  i.version, i.last_day as stated_last_day, i.pass_from as stated_pass_from, coalesce(o.state, 'pending') as state
from returnee_intake i join compound c using (compound_id) left join observation_state o using (case_id)
where i.intake_id = $1
"""
INTAKES_OF_COMPOUND = """
select i.intake_id, i.person_ref, i.compound_id, c.neighbourhood_id, i.dwelling_id, i.grid_id, i.origin_code,
  i.arrived_on, i.transport, i.proof, i.category, i.measure, i.approved_by, i.anchor_date, i.anchor_basis,
  coalesce(o.last_day, i.last_day) as last_day, coalesce(o.pass_from, i.pass_from) as pass_from, i.policy_version,
  i.risk_revision, i.registered_at, i.recorded_at, i.content_index, i.case_id,
  i.proposed, i.via, i.proof_kind, i.suzhou_code, i.transport_number_sealed, i.health_sealed,
  coalesce(o.state, 'pending') as state
from returnee_intake i join compound c using (compound_id) left join observation_state o using (case_id)
where i.compound_id = $1 and ($2::text[] is null or i.grid_id = any($2))
  and (i.recorded_at, i.intake_id) > ($3, $4)
  and ($6::text is null or coalesce(o.state, 'pending') = $6) and ($7::text is null or i.category = $7)
  and ($8::text is null or i.measure = $8) and ($9::date is null or i.arrived_on >= $9)
order by i.recorded_at, i.intake_id limit $5
"""
OPEN_OF_PEOPLE = """
select i.intake_id, i.person_ref, i.compound_id, c.neighbourhood_id, i.grid_id
from returnee_intake i join compound c using (compound_id) left join observation_state o using (case_id)
where i.person_ref = any($1::uuid[]) and coalesce(o.state, 'pending') not in ('completed', 'closed')
order by i.recorded_at, i.intake_id
"""
SET_DETAILS = """
update returnee_intake set proposed = $2, via = $3, proof_kind = $4, suzhou_code = $5, transport_number_sealed = $6,
  health_sealed = $7
where intake_id = $1
"""
TIMES_TOLD = "select sum(version) from returnee_intake where person_ref = $1"
OBSERVATIONS_OF = """
select case_id, state, pass_from, completed_at, ending, closed_at from observation_state
where person_ref in (select pseudonyms_of($1))
union all
select null, 'pending', pass_from, null, null, null from returnee_intake
where person_ref in (select pseudonyms_of($1)) and case_id is null
"""

START_OBSERVATION = """
insert into observation_state (case_id, person_ref, compound_id, state, last_day, pass_from, started_at)
values ($1, $2, $3, 'in_force', $4, $5, $6)
on conflict (case_id) do nothing
"""
NAME_CASE = "update returnee_intake set case_id = $2 where person_ref = $1 and case_id is null"
# Completed and closed are final: news that was overtaken changes nothing.
MOVE_OBSERVATION = """
update observation_state set state = coalesce($2, state), last_day = coalesce($3, last_day),
  pass_from = coalesce($4, pass_from), completed_at = $5
where case_id = $1 and state not in ('completed', 'closed')
"""
CLOSE_OBSERVATION = """
update observation_state set state = 'closed', ending = $2, closed_at = $3
where case_id = $1 and state not in ('completed', 'closed')
"""
CASE_KNOWN = "select exists (select from observation_state where case_id = $1)"

OPEN_CASE = """
select o.case_id, o.compound_id, i.dwelling_id
from observation_state o left join returnee_intake i using (case_id)
where o.person_ref in (select pseudonyms_of($1)) and o.state not in ('completed', 'closed')
order by o.started_at desc limit 1
"""

NEXT_CARD = """
insert into card_sent (recipient, person_ref, version, content_index) values ($1, $2, 1, $3)
on conflict (recipient, person_ref) do update
set version = card_sent.version + 1, content_index = excluded.content_index
where card_sent.content_index is distinct from excluded.content_index
returning version
"""
CARD_STANDS = """
select exists (
  select from card_sent where recipient = $1 and person_ref = $2 and content_index is distinct from $3)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A dwelling and the neighbourhood it lies in."""

    home: Home
    neighbourhood: NeighbourhoodId

    @property
    def compound(self) -> CompoundId:
        """The compound it is in."""
        return self.home.key.compound_id

    @property
    def grid(self) -> GridId:
        """The one grid it belongs to."""
        return self.home.grid_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAs:
    """One observation of a person; without a case while it is about to begin."""

    case_id: UUID | None
    known: KnownObservation


async def lock_intake(tx: Tx, intake_id: UUID) -> None:
    """Let one request with this id at a time pass."""
    await tx.execute(LOCK_INTAKE, str(intake_id))


async def lock_person(tx: Tx, person_ref: UUID) -> bool:
    """Hold a person's row until the end; False when nobody has this reference."""
    return await tx.fetchval(LOCK_PERSON, person_ref) is not None


async def dwelling(conn: Conn, dwelling_id: UUID) -> Place | None:
    """A dwelling by its id."""
    row = await conn.fetchrow(DWELLING, dwelling_id)
    return _place(row) if row else None


async def dwelling_at(conn: Conn, key: AddressKey) -> Place | None:
    """A dwelling by its address."""
    row = await conn.fetchrow(DWELLING_BY_ADDRESS, key.compound_id, key.building, key.unit, key.room)
    return _place(row) if row else None


async def neighbourhood_of(conn: Conn, compound: str) -> NeighbourhoodId | None:
    """The neighbourhood of a compound; None when there is no such compound."""
    found: str | None = await conn.fetchval(COMPOUND_PLACE, compound)
    return NeighbourhoodId(found) if found else None


async def lives_at(conn: Conn, person_ref: UUID, dwelling_id: UUID) -> bool:
    """Whether the person is a resident of the dwelling."""
    return bool(await conn.fetchval(LIVES_AT, person_ref, dwelling_id))


async def add_intake(
    tx: Tx,
    *,
    intake_id: UUID,
    person_ref: UUID,
    place: Place,
    trip: Trip,
    decision: IntakeDecision,
    reason_sealed: bytes | None,
    approved_by: str | None,
    policy_version: int,
    risk_revision: int,
    registered_at: datetime,
    content_index: bytes,
) -> None:
    """Write an intake. One that is pending already violates `returnee_pending_once`."""
    await tx.execute(
        ADD_INTAKE,
        intake_id,
        person_ref,
        place.compound,
        place.home.dwelling_id,
        place.grid,
        trip.origin_code,
        trip.arrived_on,
        trip.transport,
        trip.proof,
        decision.category,
        decision.measure,
        reason_sealed,
        approved_by,
        decision.anchor_date,
        decision.anchor_basis,
        decision.last_day,
        decision.pass_from,
        policy_version,
        risk_revision,
        registered_at,
        tx.now,
        tx.actor or "",
        content_index,
    )


async def origin_of(conn: Conn, person_ref: UUID) -> str | None:
    """Where the book has somebody registered, under whatever pseudonym it was entered."""
    found: str | None = await conn.fetchval(ORIGIN_OF, person_ref)
    return found


async def intake(conn: Conn, intake_id: UUID) -> asyncpg.Record | None:
    """An intake with what observation made of it."""
    return await conn.fetchrow(INTAKE, intake_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which intakes a list shows; None means any."""

    state: str | None = None
    category: str | None = None
    measure: str | None = None
    arrived_from: date | None = None


async def intakes_of(
    conn: Conn,
    compound: str,
    *,
    grids: Sequence[str] | None,
    wanted: Wanted,
    after: tuple[datetime, UUID],
    limit: int,
) -> list[asyncpg.Record]:
    """A compound's intakes in the order of their recording; of these grids only, where they are named."""
    return await conn.fetch(
        INTAKES_OF_COMPOUND,
        compound,
        list(grids) if grids is not None else None,
        *after,
        limit,
        *astuple(wanted),
    )


async def times_told(conn: Conn, person_ref: UUID) -> int:
    """How often a person's intakes were told, corrected ones included."""
    found: int = await conn.fetchval(TIMES_TOLD, person_ref)
    return found


async def observations_of(conn: Conn, person_ref: UUID) -> list[ObservedAs]:
    """Every observation of a person that the registry knows of, one about to begin included."""
    return [
        ObservedAs(
            case_id=row["case_id"],
            known=KnownObservation(
                phase=row["state"],
                pass_from=row["pass_from"],
                completed_at=row["completed_at"],
                ending=row["ending"],
                closed_at=row["closed_at"],
            ),
        )
        for row in await conn.fetch(OBSERVATIONS_OF, person_ref)
    ]


async def start_observation(
    tx: Tx,
    case_id: UUID,
    person_ref: UUID,
    compound: str,
    *,
    last_day: date,
    pass_from: date,
    started_at: datetime,
) -> bool:
    """Note that a case began; False when it was noted before."""
    tag = await tx.execute(START_OBSERVATION, case_id, person_ref, compound, last_day, pass_from, started_at)
    fresh = tag.endswith(" 1")
    if fresh:  # an old case that is told again must not take over a new intake
        await tx.execute(NAME_CASE, person_ref, case_id)
    return fresh


async def move_observation(
    tx: Tx,
    case_id: UUID,
    state: str | None,
    *,
    last_day: date | None = None,
    pass_from: date | None = None,
    completed_at: datetime | None = None,
) -> bool:
    """Note what became of a case, its state unchanged where none is named; False when it is over already.

    Raises:
        LookupError: the case's beginning was never seen; the event waits among the dead letters until it is.
    """
    tag = await tx.execute(MOVE_OBSERVATION, case_id, state, last_day, pass_from, completed_at)
    return await _moved(tx, case_id, tag)


async def close_observation(tx: Tx, case_id: UUID, ending: Ending, closed_at: datetime) -> bool:
    """Note that a case ended without the full period; False when it is over already.

    Raises:
        LookupError: the case's beginning was never seen; the event waits among the dead letters until it is.
    """
    return await _moved(tx, case_id, await tx.execute(CLOSE_OBSERVATION, case_id, ending, closed_at))


async def _moved(tx: Tx, case_id: UUID, tag: str) -> bool:
    if tag.endswith(" 1"):
        return True
    if not await tx.fetchval(CASE_KNOWN, case_id):
        raise LookupError("a case whose beginning was never seen")
    return False


async def open_case(conn: Conn, person_ref: UUID) -> asyncpg.Record | None:
    """A person's observation that is not over, with the dwelling of its intake."""
    return await conn.fetchrow(OPEN_CASE, person_ref)


async def card_stands(tx: Tx, recipient: str, person_ref: UUID, withdrawn_index: bytes) -> bool:
    """Say whether the recipient holds a card of a person that was not withdrawn."""
    found: bool = await tx.fetchval(CARD_STANDS, recipient, person_ref, withdrawn_index)
    return found


async def next_card(tx: Tx, recipient: str, person_ref: UUID, content_index: bytes) -> int | None:
    """The version of the card to send now; None when the recipient holds exactly this one."""
    found: int | None = await tx.fetchval(NEXT_CARD, recipient, person_ref, content_index)
    return found


def _place(row: asyncpg.Record) -> Place:
    key = AddressKey(CompoundId(row["compound_id"]), row["building"], row["unit"], row["room"])
    return Place(
        home=Home(row["dwelling_id"], GridId(row["grid_id"]), key),
        neighbourhood=NeighbourhoodId(row["neighbourhood_id"]),
    )
