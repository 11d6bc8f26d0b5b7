"""Who lives where, by pseudonym: a copy of the registry's households."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.observation.domain.contacts import Household
from shared.db.pool import Conn, Tx
from shared.events.registry.people import HouseholdChanged
from shared.kernel.ids import GridId

KEEP_HOUSEHOLDS = """
insert into household (dwelling_id, compound, grid)
select dwelling_id, compound, grid from unnest($1::uuid[], $2::text[], $3::text[]) as h (dwelling_id, compound, grid)
order by dwelling_id
on conflict (dwelling_id) do update set compound = excluded.compound, grid = excluded.grid
"""
FORGET_MEMBERS = "delete from household_member where dwelling_id = any($1::uuid[])"
KEEP_MEMBERS = """
insert into household_member (dwelling_id, person_ref)
select dwelling_id, person_ref from unnest($1::uuid[], $2::uuid[]) as m (dwelling_id, person_ref)
on conflict do nothing
"""
GRID_OF = "select grid from household where dwelling_id = $1"
HOUSEHOLDS_OF = """
select h.dwelling_id, h.compound, h.grid, array_agg(m.person_ref) as members
from household h join household_member m using (dwelling_id)
where h.dwelling_id in (select dwelling_id from household_member where person_ref = any($1::uuid[]))
group by h.dwelling_id order by h.dwelling_id
"""


async def keep(tx: Tx, newest: Iterable[HouseholdChanged]) -> None:
    """Keep households as they are now, each given once."""
    homes = list(newest)
    ids = [home.dwelling_id for home in homes]
    await tx.execute(KEEP_HOUSEHOLDS, ids, [home.compound for home in homes], [home.grid for home in homes])
    await tx.execute(FORGET_MEMBERS, ids)
    members = [(home.dwelling_id, person) for home in homes for person in home.members]
    await tx.execute(KEEP_MEMBERS, [home for home, _ in members], [person for _, person in members])


async def grid_of(conn: Conn, dwelling_id: UUID) -> GridId | None:
    """Tell in which grid a dwelling lies now, as far as that was told."""
    found: GridId | None = await conn.fetchval(GRID_OF, dwelling_id)
    return found


async def of_people(conn: Conn, people: Sequence[UUID]) -> list[Household]:
    """Read every household in which one of the people lives."""
    return [
        Household(
            dwelling_id=row["dwelling_id"],
            compound=row["compound"],
            grid=row["grid"],
            members=frozenset(row["members"]),
        )
        for row in await conn.fetch(HOUSEHOLDS_OF, people)
    ]
