"""Addresses that left the list, and what still names one (R4.1, R4.3)."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.registry.domain.addresses import InUse
from services.registry.domain.premises import AddressKey
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CompoundId

LOCK = """
select dwelling_id, compound_id, grid_id, version, removed_at from dwelling where dwelling_id = $1 for no key update
"""
IN_USE = """
select (
    select count(distinct coalesce(a.root, r.person_ref)) from residence r left join person_alias a using (person_ref)
    where r.dwelling_id = $1 and r.ended_on is null)::int as people,
  (
    select count(*) from returnee_intake i left join observation_state o using (case_id)
    where i.dwelling_id = $1 and coalesce(o.state, 'pending') not in ('completed', 'closed'))::int as observed,
  (
    select count(distinct p.pass_id) from residence r join dwelling d using (dwelling_id)
      join entry_pass p on p.person_ref = r.person_ref and p.compound_id = d.compound_id
    where r.dwelling_id = $1 and r.resident and r.ended_on is null and p.state = 'active' and p.valid_until > $2)::int
  + (
    select count(*) from vehicle v join vehicle_pass p using (vehicle_ref)
    where v.dwelling_id = $1 and v.removed_at is null and p.state = 'active' and p.valid_until > $2)::int as passes
"""
REMOVAL = "select dwelling_id, reason, removed_at, restored_at from dwelling_removal where removal_id = $1"
STANDING_REMOVAL = """
select removal_id, reason from dwelling_removal where dwelling_id = $1 and restored_at is null
"""
ADD_REMOVAL = """
insert into dwelling_removal (removal_id, dwelling_id, reason, removed_at, removed_by) values ($1, $2, $3, $4, $5)
"""
END_REMOVAL = """
update dwelling_removal set restored_at = $2, restored_by = $3 where dwelling_id = $1 and restored_at is null
"""
SET_REMOVED = (
    "update dwelling set removed_at = $2, version = version + 1 where dwelling_id = $1 returning version"
)
UNLIST_TARGETS = """
update survey_target t set listed = $2, version = t.version + 1 from survey_round r
where r.round_id = t.round_id and t.dwelling_id = any($1::uuid[]) and r.closed_at is null and t.listed <> $2
"""
BUMP_TARGETS = """
update survey_target t set version = t.version + 1 from survey_round r
where r.round_id = t.round_id and t.dwelling_id = any($1::uuid[]) and r.closed_at is null and t.outcome is not null
"""
FOLLOW_INTAKES = """
update returnee_intake i set grid_id = d.grid_id from dwelling d
where d.dwelling_id = i.dwelling_id and d.dwelling_id = any($1::uuid[]) and i.grid_id <> d.grid_id
"""
FOLLOW_TASKS = """
update intake_task t set grid_id = (
  select d.grid_id from residence r join dwelling d using (dwelling_id)
  where r.person_ref in (select pseudonyms_of(t.person_ref)) and d.compound_id = t.compound_id and r.ended_on is null
  order by r.resident desc, r.registered_on, r.dwelling_id limit 1)
where t.state = 'open' and t.person_ref in (
  select pseudonyms_of(r.person_ref) from residence r join dwelling d using (dwelling_id)
  where r.dwelling_id = any($1::uuid[]) and d.compound_id = t.compound_id and r.ended_on is null)
"""
SURVEYED = """
select t.round_id, t.dwelling_id, t.compound_id, d.grid_id, t.outcome, t.final, t.conflict, t.attempts, t.surveyed_at,
  t.listed, t.version,
  (
    select count(distinct coalesce(a.root, p.person_ref)) from residence p left join person_alias a using (person_ref)
    where p.dwelling_id = t.dwelling_id and p.resident and p.ended_on is null)::int as people
from survey_target t join survey_round r using (round_id) join dwelling d using (dwelling_id)
where t.dwelling_id = any($1::uuid[]) and r.closed_at is null and t.outcome is not null
order by t.round_id, t.dwelling_id
"""
REMOVED_OF = """
select compound_id, building, unit, room from dwelling
where compound_id = any($1::text[]) and removed_at is not null
"""


async def lock(tx: Tx, dwelling_id: UUID) -> asyncpg.Record | None:
    """An address, on the list or off it, locked: nobody moves in meanwhile."""
    return await tx.fetchrow(LOCK, dwelling_id)


async def in_use(tx: Tx, dwelling_id: UUID) -> InUse:
    """What names a dwelling."""
    row = await tx.fetchrow(IN_USE, dwelling_id, tx.now)
    assert row is not None  # noqa: S101 -- a query of counts has a row
    return InUse(people=row["people"], observed=row["observed"], passes=row["passes"])


async def remove(tx: Tx, dwelling_id: UUID, removal_id: UUID, reason: str) -> int:
    """Take a locked address off the list; tells its version."""
    await tx.execute(ADD_REMOVAL, removal_id, dwelling_id, reason, tx.now, tx.actor or "registry")
    return await _set_removed(tx, dwelling_id, tx.now)


async def restore(tx: Tx, dwelling_id: UUID) -> int:
    """Put a locked address on the list again; tells its version.

    Raises:
        AddressTaken: the list has got the same address meanwhile, by its constraint.
    """
    await tx.execute(END_REMOVAL, dwelling_id, tx.now, tx.actor or "registry")
    return await _set_removed(tx, dwelling_id, None)


async def removed_of(conn: Conn, compound_ids: list[str]) -> set[AddressKey]:
    """Addresses of compounds that left the list."""
    rows = await conn.fetch(REMOVED_OF, compound_ids)
    return {
        AddressKey(CompoundId(row["compound_id"]), row["building"], row["unit"], row["room"]) for row in rows
    }


async def _set_removed(tx: Tx, dwelling_id: UUID, removed_at: datetime | None) -> int:
    version: int = await tx.fetchval(SET_REMOVED, dwelling_id, removed_at)
    return version
