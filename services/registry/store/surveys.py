"""Survey rounds: which dwellings they ask, and how each stands (R4.1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.surveys import (
    Part,
    Round,
    RoundNumberUsed,
    RoundOpenAlready,
    Tally,
)
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "survey_round_pkey": SameIdOtherContent(
        "该编号已用于另一轮排摸。This id was used for another round.", field="round_id"
    ),
    "survey_round_number_once": RoundNumberUsed(
        "该轮次号已使用。Another round has this number.", field="number"
    ),
    "survey_one_open_round": RoundOpenAlready(
        "小区正在进行另一轮排摸，请先结束。A compound is being surveyed; close that round first.",
        field="compounds",
    ),
}

# Whoever adds a dwelling holds its grid's key: with the grids locked, either the opening counts the dwelling or the
# adding sees the round.
LOCK_GRIDS_OF = """
select grid_id from grid where compound_id = any($1::text[]) order by grid_id for update
"""
ADD_ROUND = """
insert into survey_round (round_id, number, due_on, opened_at, opened_by) values ($1, $2, $3, $4, $5)
"""
ADD_COMPOUNDS = """
insert into survey_compound (round_id, compound_id)
select $1, compound_id from unnest($2::text[]) as wanted (compound_id) order by compound_id
"""
ADD_TARGETS = """
insert into survey_target (round_id, dwelling_id, compound_id, added_at)
select s.round_id, d.dwelling_id, d.compound_id, $2
from survey_compound s join dwelling d using (compound_id) where s.round_id = $1 and d.removed_at is null
"""
ADD_TO_OPEN_ROUNDS = """
insert into survey_target (round_id, dwelling_id, compound_id, added_at)
select s.round_id, d.dwelling_id, d.compound_id, $2
from dwelling d join survey_compound s on s.compound_id = d.compound_id and not s.closed
where d.dwelling_id = any($1::uuid[])
on conflict (round_id, dwelling_id) do nothing
"""
ROUND = """
select r.round_id, r.number, r.due_on, r.opened_at, r.closed_at, r.close_reason, r.open_dwellings,
  (select array_agg(s.compound_id order by s.compound_id) from survey_compound s where s.round_id = r.round_id)
    as compounds
from survey_round r where r.round_id = $1
"""
LOCK_ROUND = "select round_id from survey_round where round_id = $1 for no key update"
ROUNDS = """
select r.round_id, r.number, r.due_on, r.opened_at, r.closed_at, r.close_reason, r.open_dwellings,
  (select array_agg(s.compound_id order by s.compound_id) from survey_compound s where s.round_id = r.round_id)
    as compounds
from survey_round r
where ($1::boolean is null or (r.closed_at is null) = $1) and r.number < $2
order by r.number desc limit $3
"""
PLACES = """
select compound_id, neighbourhood_id from compound where compound_id = any($1::text[]) order by compound_id
"""
HAS_GRID = """
select exists (select from grid where compound_id = any($1::text[]) and grid_id = any($2::text[]))
"""
CLOSE_ROUND = """
update survey_round set closed_at = $2, closed_by = $3, close_reason = $4, open_dwellings = $5 where round_id = $1
"""
CLOSE_COMPOUNDS = "update survey_compound set closed = true where round_id = $1"

PARTS = """
select c.neighbourhood_id, t.compound_id, d.building, d.building_order, d.grid_id,
  count(*) filter (where not t.conflict and t.outcome is null)::int as open,
  count(*) filter (where not t.conflict and t.outcome = 'done')::int as done,
  count(*) filter (where not t.conflict and t.outcome = 'absent')::int as absent,
  count(*) filter (where not t.conflict and t.outcome = 'refused')::int as refused,
  count(*) filter (where not t.conflict and t.outcome = 'empty')::int as empty,
  count(*) filter (where not t.conflict and t.outcome = 'to_confirm')::int as to_confirm,
  count(*) filter (where t.conflict)::int as conflict
from survey_target t join dwelling d using (dwelling_id) join compound c on c.compound_id = t.compound_id
where t.round_id = $1 and t.listed
group by c.neighbourhood_id, t.compound_id, d.building_order, d.building, d.grid_id
order by t.compound_id, d.building_order, d.building, d.grid_id
"""
TARGET_PAGE = """
select t.dwelling_id, t.compound_id, d.grid_id, d.building, d.unit, d.room, d.building_order, d.unit_order,
  d.room_order, d.occupancy, t.outcome, t.final, t.conflict, t.attempts, t.surveyed_at
from survey_target t join dwelling d using (dwelling_id)
where t.round_id = $1 and t.compound_id = $2 and t.listed and ($3::text[] is null or d.grid_id = any($3))
  and ($4::text is null or d.building = $4) and ($5::boolean is null or t.final <> $5)
  and (d.building_order, d.building, d.unit_order, d.unit, d.room_order, d.room) > ($6, $7, $8, $9, $10, $11)
order by d.building_order, d.building, d.unit_order, d.unit, d.room_order, d.room
limit $12
"""


async def lock_grids(tx: Tx, compounds: Sequence[str]) -> None:
    """Let nobody add dwellings to these compounds until the end of the transaction."""
    await tx.fetch(LOCK_GRIDS_OF, list(compounds))


async def places(conn: Conn, compounds: Sequence[str]) -> dict[CompoundId, NeighbourhoodId]:
    """Those of these compounds that exist, and the neighbourhoods they lie in."""
    rows = await conn.fetch(PLACES, list(compounds))
    return {CompoundId(row["compound_id"]): NeighbourhoodId(row["neighbourhood_id"]) for row in rows}


async def has_grid(conn: Conn, compounds: Sequence[str], grids: Sequence[str]) -> bool:
    """Whether one of these grids lies in one of these compounds."""
    return bool(await conn.fetchval(HAS_GRID, list(compounds), list(grids)))


async def add_round(tx: Tx, round_id: UUID, opening: Round) -> None:
    """Write a round and one row for every dwelling of its compounds."""
    await tx.execute(
        ADD_ROUND, round_id, opening.number, opening.due_on, opening.opened_at, tx.actor or "unknown"
    )
    await tx.execute(ADD_COMPOUNDS, round_id, sorted(opening.compounds))
    await tx.execute(ADD_TARGETS, round_id, opening.opened_at)


async def find_round(conn: Conn, round_id: UUID) -> Round | None:
    """A round."""
    row = await conn.fetchrow(ROUND, round_id)
    return _round(row) if row else None


async def locked_round(tx: Tx, round_id: UUID) -> Round | None:
    """A round, with nobody else opening, surveying or closing it until the end of the transaction."""
    await tx.fetchval(LOCK_ROUND, round_id)
    return await find_round(tx, round_id)


async def rounds(conn: Conn, *, is_open: bool | None, below: int, limit: int) -> list[tuple[UUID, Round]]:
    """Rounds whose number is below one, the newest first."""
    return [(row["round_id"], _round(row)) for row in await conn.fetch(ROUNDS, is_open, below, limit)]


async def close_round(tx: Tx, round_id: UUID, *, reason: str | None, open_dwellings: int) -> None:
    """Write that a round is over; its compounds may be surveyed anew."""
    await tx.execute(CLOSE_ROUND, round_id, tx.now, tx.actor or "unknown", reason, open_dwellings)
    await tx.execute(CLOSE_COMPOUNDS, round_id)


async def parts(conn: Conn, round_id: UUID) -> list[Part]:
    """How a round stands, building by building and grid by grid; every dwelling in exactly one figure."""
    return [
        Part(
            neighbourhood=NeighbourhoodId(row["neighbourhood_id"]),
            compound=CompoundId(row["compound_id"]),
            building=row["building"],
            grid=GridId(row["grid_id"]),
            tally=Tally(
                **{
                    name: row[name]
                    for name in ("open", "done", "absent", "refused", "empty", "to_confirm", "conflict")
                }
            ),
        )
        for row in await conn.fetch(PARTS, round_id)
    ]


async def target_page(
    conn: Conn,
    round_id: UUID,
    compound: str,
    *,
    grids: Sequence[str] | None,
    building: str | None,
    is_open: bool | None,
    after: tuple[Any, ...],
    limit: int,
) -> list[asyncpg.Record]:
    """Dwellings of a round in reading order behind a key."""
    return await conn.fetch(
        TARGET_PAGE,
        round_id,
        compound,
        list(grids) if grids is not None else None,
        building,
        is_open,
        *after,
        limit,
    )


async def add_to_open_rounds(tx: Tx, dwellings: Sequence[UUID], at: datetime) -> None:
    """Let the rounds that are open in their compounds ask new dwellings as well."""
    await tx.execute(ADD_TO_OPEN_ROUNDS, list(dwellings), at)


def _round(row: asyncpg.Record) -> Round:
    return Round(
        number=row["number"],
        compounds=frozenset(CompoundId(one) for one in row["compounds"] or ()),
        due_on=row["due_on"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        close_reason=row["close_reason"],
        open_dwellings=row["open_dwellings"],
    )
