"""Who is under home quarantine, and the rooms where waste is fetched."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from services.sanitation.domain.quarantine import Case, Plan
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CompoundId, DwellingId

CASE = """
select case_id, person_ref, compound, dwelling_id, measure, paused, over, until_day
from quarantine_case where case_id = $1 for update
"""
PUT_CASE = """
insert into quarantine_case (case_id, person_ref, compound, dwelling_id, measure, paused, over, until_day)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (case_id) do update
  set measure = excluded.measure, paused = excluded.paused, over = excluded.over, until_day = excluded.until_day
"""
BEGIN_SPELL = """
insert into quarantine_spell (case_id, number, began_at)
select $1, coalesce(max(number), 0) + 1, $2 from quarantine_spell where case_id = $1
"""
END_SPELL = """
update quarantine_spell set ended_at = greatest(began_at, $2) where case_id = $1 and ended_at is null
returning ended_at
"""
# Stretches for which a day may lack its pickup.
SPELLS_TO_PLAN = """
select s.case_id, s.number, s.began_at, s.ended_at, s.next_day, c.compound, c.dwelling_id, c.until_day, h.hour
from quarantine_spell s join quarantine_case c using (case_id) left join pickup_hour h using (dwelling_id)
where not s.finished and (s.next_day is null or s.next_day <= $1)
  and (s.ended_at is not null or c.until_day is null or s.next_day is null or s.next_day <= c.until_day)
order by s.case_id, s.number limit $2 for update of s skip locked
"""
PLANNED = "update quarantine_spell set next_day = $3, finished = $4 where case_id = $1 and number = $2"
DWELLING_COMPOUND = "select compound from quarantine_case where dwelling_id = $1 limit 1"
AGREE_HOUR = """
insert into pickup_hour (dwelling_id, hour, agreed_at, agreed_by) values ($1, $2, $3, $4)
on conflict (dwelling_id) do update
  set hour = excluded.hour, agreed_at = excluded.agreed_at, agreed_by = excluded.agreed_by
"""
KEEP_CARD = """
insert into room_card (person_ref, compound, room_sealed, withdrawn) values ($1, $2, $3, false)
on conflict (person_ref) do update
  set compound = excluded.compound, room_sealed = excluded.room_sealed, withdrawn = false
"""
WITHDRAW_CARD = "update room_card set withdrawn = true where person_ref = $1"
DROP_CARDS = "delete from room_card where person_ref = any($1::uuid[])"
# A withdrawn card stays only while waste of that household may still be underway.
DROP_SPENT_CARDS = """
delete from room_card r where r.withdrawn and not exists (
  select from quarantine_case c join waste_pickup p using (dwelling_id)
  where c.person_ref = r.person_ref and p.state in ('due', 'sealed', 'collected', 'disinfected') and p.due_day >= $1)
"""
ROOMS = """
select distinct on (c.dwelling_id) c.dwelling_id, r.person_ref, r.room_sealed
from quarantine_case c join room_card r using (person_ref)
where c.dwelling_id = any($1::uuid[]) order by c.dwelling_id, r.withdrawn, c.over, r.person_ref
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpellToPlan:
    """A stretch of home quarantine with how far it was planned, and the hour agreed with the household."""

    case_id: UUID
    number: int
    compound: CompoundId
    dwelling_id: DwellingId
    began_at: datetime
    ended_at: datetime | None
    until_day: date | None
    next_day: date | None
    hour: time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRoom:
    """A household's room as it is kept, under the key of one of its people."""

    dwelling_id: DwellingId
    person_ref: UUID
    room: bytes = field(repr=False)


async def case_for_update(tx: Tx, case_id: UUID) -> Case | None:
    """An observation that was told of, with everyone else waiting."""
    row = await tx.fetchrow(CASE, case_id)
    return Case(**dict(row)) if row else None


async def put_case(tx: Tx, case: Case) -> None:
    """Write how an observation stands."""
    await tx.execute(
        PUT_CASE,
        case.case_id,
        case.person_ref,
        case.compound,
        case.dwelling_id,
        case.measure,
        case.paused,
        case.over,
        case.until_day,
    )


async def begin_spell(tx: Tx, case_id: UUID, at: datetime) -> None:
    """A stretch of home quarantine begins."""
    await tx.execute(BEGIN_SPELL, case_id, at)


async def end_spell(tx: Tx, case_id: UUID, at: datetime) -> datetime | None:
    """The open stretch ends; tells when."""
    ended: datetime | None = await tx.fetchval(END_SPELL, case_id, at)
    return ended


async def spells_to_plan(tx: Tx, limit: int) -> list[SpellToPlan]:
    """Stretches whose pickups may not be planned up to today, locked."""
    return [SpellToPlan(**dict(row)) for row in await tx.fetch(SPELLS_TO_PLAN, tx.today, limit)]


async def planned(tx: Tx, spell: SpellToPlan, done: Plan) -> None:
    """Write how far a stretch was planned."""
    await tx.execute(PLANNED, spell.case_id, spell.number, done.next_day, done.finished)


async def dwelling_compound(conn: Conn, dwelling_id: UUID) -> CompoundId | None:
    """The compound of a household that is or was under home quarantine."""
    found: CompoundId | None = await conn.fetchval(DWELLING_COMPOUND, dwelling_id)
    return found


async def agree_hour(tx: Tx, dwelling_id: UUID, hour: time) -> None:
    """Write the hour agreed with a household."""
    await tx.execute(AGREE_HOUR, dwelling_id, hour, tx.now, tx.actor)


async def rooms(conn: Conn, dwellings: list[DwellingId]) -> list[SealedRoom]:
    """The rooms of households, of those of which a card is held."""
    return [
        SealedRoom(dwelling_id=row["dwelling_id"], person_ref=row["person_ref"], room=row["room_sealed"])
        for row in await conn.fetch(ROOMS, dwellings)
    ]
