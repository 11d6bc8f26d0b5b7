"""Acts about people: what was done, what it was before, and what an undo puts back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.registry.domain.people import Relation
from services.registry.domain.people_life import NotUndoable, Stay
from services.registry.store.people import KEEP_PERIODS
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "people_change_pkey": SameIdOtherContent(
        "该编号已用于另一次变更。This id was used for another change.", field="change_id"
    ),
    "people_change_undone_once": NotUndoable("该变更已被撤销。This change is undone already."),
}

LOCK_ACT = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.change:' || $1::text, 0))"

ACT = """
select c.change_id, c.kind, c.effective_on, c.content_index, c.people, c.recorded_by, c.recorded_at, c.undoes,
  u.change_id as undone_by
from people_change c left join people_change u on u.undoes = c.change_id
where c.change_id = $1
"""

ADD_ACT = """
insert into people_change (change_id, kind, effective_on, content_index, people, recorded_by, recorded_at, undoes)
values ($1, $2, $3, $4, '{}', $5, $6, $7)
"""

NAME_PEOPLE = "update people_change set people = $2 where change_id = $1"

ADD_CHANGES = """
insert into person_change (change_id, person_ref, before_sealed, after_sealed, reason_sealed)
select $1, person_ref, before_sealed, after_sealed, reason_sealed
from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[])
  as row (person_ref, before_sealed, after_sealed, reason_sealed)
order by person_ref
"""

HISTORY = """
select p.nth, p.person_ref, p.change_id, c.kind, c.effective_on, c.recorded_by, c.recorded_at, c.undoes,
  u.change_id as undone_by, p.before_sealed, p.after_sealed, p.reason_sealed
from person_change p join people_change c using (change_id) left join people_change u on u.undoes = c.change_id
where p.person_ref = any($1::uuid[]) order by p.nth desc limit $2
"""

# ---- residences, with those that ended

STAYS = """
select r.person_ref, r.dwelling_id, r.relation, r.resident, r.registered_on, r.ended_on, r.surname_index,
  r.identity_index, r.content_index, r.note_sealed, r.version, d.compound_id, d.grid_id, c.neighbourhood_id,
  d.building, d.unit, d.room
from residence r join dwelling d using (dwelling_id) join compound c using (compound_id)
where r.person_ref = any($1::uuid[]) or r.dwelling_id = any($2::uuid[])
order by r.person_ref, r.ended_on is not null, r.resident desc, r.registered_on, r.dwelling_id
"""

LIVES = "select person_ref, born_sealed, died_on from person where person_ref = any($1::uuid[]) order by person_ref"

SAVE_RESIDENCES = """
insert into residence (person_ref, dwelling_id, relation, resident, registered_on, ended_on, surname_index,
  identity_index, content_index, note_sealed)
select person_ref, dwelling_id, relation, resident, registered_on, ended_on, surname_index, identity_index,
  content_index, note_sealed
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::date[], $6::date[], $7::bytea[], $8::bytea[],
  $9::bytea[], $10::bytea[]) as fresh (person_ref, dwelling_id, relation, resident, registered_on, ended_on,
  surname_index, identity_index, content_index, note_sealed)
order by person_ref, dwelling_id
on conflict (person_ref, dwelling_id) do update
set relation = excluded.relation, resident = excluded.resident, registered_on = excluded.registered_on,
  ended_on = excluded.ended_on, surname_index = excluded.surname_index, identity_index = excluded.identity_index,
  content_index = excluded.content_index, note_sealed = excluded.note_sealed, version = residence.version + 1
"""

RESTORE_RESIDENCE = """
update residence set relation = $3, resident = $4, registered_on = $5, ended_on = $6, surname_index = $7,
  identity_index = $8, content_index = $9, note_sealed = $10, version = $11
where person_ref = $1 and dwelling_id = $2
"""

DROP_RESIDENCE = "delete from residence where person_ref = $1 and dwelling_id = $2"

DROP_PERIOD = """
delete from residence_period
where person_ref = $1 and dwelling_id = $2 and registered_on = $3 and ended_on = $4
"""

PERIODS = """
select p.person_ref, p.dwelling_id, p.relation, p.resident, p.registered_on, p.ended_on, d.compound_id, d.grid_id,
  c.neighbourhood_id, d.building, d.unit, d.room
from residence_period p join dwelling d using (dwelling_id) join compound c using (compound_id)
where p.person_ref = any($1::uuid[]) order by p.registered_on, p.dwelling_id
"""

ADD_BEFORE = """
insert into residence_before (change_id, person_ref, dwelling_id, existed, relation, resident, registered_on, ended_on,
  surname_index, identity_index, content_index, note_sealed, version, version_after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""

BEFORE = """
select person_ref, dwelling_id, existed, relation, resident, registered_on, ended_on, surname_index, identity_index,
  content_index, note_sealed, version, version_after
from residence_before where change_id = $1 order by person_ref, dwelling_id
"""

# ---- the rest of what an act touches

OFF_THE_LIST = """
select exists (select from dwelling where dwelling_id = any($1::uuid[]) and removed_at is not null)
"""
SET_DEATH = "update person set died_on = $2 where person_ref = any($1::uuid[])"
OCCUPANCY = "select occupancy from dwelling where dwelling_id = $1"
SET_OCCUPANCY = "update dwelling set occupancy = $2 where dwelling_id = $1"
ADD_OCCUPANCY_BEFORE = """
insert into occupancy_before (change_id, dwelling_id, occupancy, occupancy_after) values ($1, $2, $3, $4)
"""
OCCUPANCY_BEFORE = """
select b.dwelling_id, b.occupancy, b.occupancy_after, d.occupancy as occupancy_now
from occupancy_before b join dwelling d using (dwelling_id) where b.change_id = $1
"""
ADD_PASS_BEFORE = """
insert into pass_before (change_id, pass_id, state, reason, version_after) values ($1, $2, $3, $4, $5)
"""  # noqa: S105 -- entry passes
ADD_VEHICLE_PASS_BEFORE = """
insert into vehicle_pass_before (change_id, vehicle_pass_id, version_after) values ($1, $2, $3)
"""  # noqa: S105 -- vehicle passes
VEHICLE_PASSES_BEFORE = """
select vehicle_pass_id, version_after from vehicle_pass_before where change_id = $1 order by vehicle_pass_id
"""
PASSES_BEFORE = """
select pass_id, state, reason, version_after from pass_before where change_id = $1 order by pass_id
"""

_KEPT = (
    *("relation", "resident", "registered_on", "ended_on", "surname_index", "identity_index"),
    *("content_index", "note_sealed", "version"),
)

Place = tuple[UUID, UUID]
"""Person and dwelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act as it is kept."""

    change_id: UUID
    kind: str
    effective_on: date
    content_index: bytes
    people: tuple[UUID, ...]
    recorded_by: str
    recorded_at: datetime
    undoes: UUID | None
    undone_by: UUID | None


async def lock_act(tx: Tx, change_id: UUID) -> None:
    """Let one request with this id at a time pass."""
    await tx.execute(LOCK_ACT, str(change_id))


async def act(conn: Conn, change_id: UUID) -> Act | None:
    """An act by its id."""
    row = await conn.fetchrow(ACT, change_id)
    return Act(**{**dict(row), "people": tuple(row["people"])}) if row else None


async def add_act(
    tx: Tx, change_id: UUID, kind: str, effective_on: date, content_index: bytes, *, undoes: UUID | None
) -> None:
    """Keep that something is done; whom it concerns is named when that is known."""
    await tx.execute(ADD_ACT, change_id, kind, effective_on, content_index, tx.actor or "", tx.now, undoes)


async def name_people(tx: Tx, change_id: UUID, people: Iterable[UUID]) -> None:
    """Say whom an act concerns."""
    await tx.execute(NAME_PEOPLE, change_id, list(people))


async def add_changes(
    tx: Tx, change_id: UUID, rows: Sequence[tuple[UUID, bytes | None, bytes | None, bytes | None]]
) -> None:
    """Keep what an act changed: person, values before and after, reason; all sealed."""
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    await tx.execute(ADD_CHANGES, change_id, *columns)


async def history(conn: Conn, refs: Sequence[UUID], limit: int) -> list[asyncpg.Record]:
    """What was done to somebody, the newest first."""
    return await conn.fetch(HISTORY, list(refs), limit)


async def stays(
    conn: Conn, *, people: Iterable[UUID] = (), dwellings: Iterable[UUID] = ()
) -> dict[Place, asyncpg.Record]:
    """Residences of these people and at these dwellings, ended ones too."""
    rows = await conn.fetch(STAYS, list(people), list(dwellings))
    return {(row["person_ref"], row["dwelling_id"]): row for row in rows}


async def periods(conn: Conn, refs: Sequence[UUID]) -> list[asyncpg.Record]:
    """Earlier stays of somebody at dwellings to which they came back."""
    return await conn.fetch(PERIODS, list(refs))


def stay_of(row: asyncpg.Record) -> Stay:
    """A stay from its row."""
    return Stay(
        person_ref=row["person_ref"],
        dwelling_id=row["dwelling_id"],
        relation=Relation(row["relation"]),
        resident=row["resident"],
        registered_on=row["registered_on"],
        ended_on=row["ended_on"],
    )


async def save_residences(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """Write residences as they are now; a stay that had ended before is kept among the periods."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await tx.execute(KEEP_PERIODS, *_back(rows))
        await tx.execute(SAVE_RESIDENCES, *columns)


def _back(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """Person and dwelling of the rows that last (their sixth value, the end, is None)."""
    lasting = [row for row in rows if row[5] is None]
    return [[row[0] for row in lasting], [row[1] for row in lasting]]


async def note_before(tx: Tx, change_id: UUID, before: asyncpg.Record | None, now: asyncpg.Record) -> None:
    """Keep how a residence was before an act that changed it into what it is now."""
    values = [before[name] if before else None for name in _KEPT]
    await tx.execute(
        ADD_BEFORE,
        *(change_id, now["person_ref"], now["dwelling_id"], before is not None, *values, now["version"]),
    )
