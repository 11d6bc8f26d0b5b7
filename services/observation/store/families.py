"""For whom the holder of a personal link may declare: the own case, and those of the dwelling that staff added."""

from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

FAMILY = """
select c.case_id, c.person_ref, c.compound, c.state, l.case_id = c.case_id as own, k.name_sealed
from resident_link l
join observation_case c on c.case_id = l.case_id
  or exists (select from link_member m where m.link_id = l.link_id and m.case_id = c.case_id)
left join contact_card k on k.person_ref = c.person_ref
where l.link_id = $1 and l.revoked_at is null and c.ended_at is null
order by own desc, c.case_id
"""
LINK_AND_MEMBER = """
select l.link_id, own.dwelling_id = member.dwelling_id as one_dwelling, member.compound, member.grid,
  p.neighbourhood, member.ended_at
from resident_link l
join observation_case own on own.case_id = l.case_id
join observation_case member on member.case_id = $3
left join compound_place p on p.compound = member.compound
where l.link_id = $1 and l.case_id = $2 and l.revoked_at is null
"""
HOUSEMATES = """
select other.case_id, other.person_ref, other.state, other.last_day, k.name_sealed, k.phone_sealed, k.room_sealed
from observation_case own
join observation_case other on other.dwelling_id = own.dwelling_id and other.case_id <> own.case_id
left join contact_card k on k.person_ref = other.person_ref
where own.case_id = $1 and other.ended_at is null
order by other.case_id
"""
ADD_MEMBER = """
insert into link_member (link_id, case_id, added_at, added_by) values ($1, $2, $3, $4)
on conflict (link_id, case_id) do nothing
"""
REMOVE_MEMBER = "delete from link_member where link_id = $1 and case_id = $2"


async def family(conn: Conn, link_id: UUID) -> list[asyncpg.Record]:
    """Tell the cases in force that a living link reaches, the own one first."""
    return await conn.fetch(FAMILY, link_id)


async def housemates(conn: Conn, case_id: UUID) -> list[asyncpg.Record]:
    """Tell who else of the dwelling is under observation, with the sealed contact of each."""
    return await conn.fetch(HOUSEMATES, case_id)


async def link_and_member(
    tx: Tx, *, link_id: UUID, case_id: UUID, member_case_id: UUID
) -> asyncpg.Record | None:
    """Read a living link of a case beside the case of a member."""
    return await tx.fetchrow(LINK_AND_MEMBER, link_id, case_id, member_case_id)


async def add_member(tx: Tx, *, link_id: UUID, case_id: UUID, added_by: str) -> None:
    """Let the link's holder declare for the case; a second time changes nothing."""
    await tx.execute(ADD_MEMBER, link_id, case_id, tx.now, added_by)


async def remove_member(tx: Tx, *, link_id: UUID, case_id: UUID) -> None:
    """Let the link's holder declare for the case no longer."""
    await tx.execute(REMOVE_MEMBER, link_id, case_id)
