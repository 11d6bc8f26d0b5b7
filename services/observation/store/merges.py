"""Which pseudonyms are one person: a copy of the merges that the registry decided (P10)."""

from uuid import UUID

from shared.db.pool import Conn, Tx
from shared.kernel.merges import roots

KEEP = """
insert into person_merge (merge_id, kept, merged, in_force) values ($1, $2, $3, $4)
on conflict (merge_id) do update set in_force = excluded.in_force
"""
SAME_PERSON = """
with recursive same (person_ref) as (
  select $1::uuid
  union
  select case when m.kept = s.person_ref then m.merged else m.kept end
  from same s join person_merge m on m.in_force and (m.kept = s.person_ref or m.merged = s.person_ref)
)
select person_ref from same order by person_ref
"""
IN_FORCE = "select kept, merged from person_merge where in_force"


async def keep(tx: Tx, merge_id: UUID, *, kept: UUID, merged: UUID, in_force: bool) -> None:
    """Keep a merge, or that it was undone."""
    await tx.execute(KEEP, merge_id, kept, merged, in_force)


async def same_person(conn: Conn, person_ref: UUID) -> list[UUID]:
    """Tell every pseudonym of whoever has this one, itself included."""
    return [row["person_ref"] for row in await conn.fetch(SAME_PERSON, person_ref)]


async def in_force(conn: Conn) -> dict[UUID, UUID]:
    """Tell who stands for each pseudonym of the merges in force, as `roots` does."""
    return roots([(row["kept"], row["merged"]) for row in await conn.fetch(IN_FORCE)])
