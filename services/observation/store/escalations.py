"""Steps of the ladder: what is due for which missed window, and what fired."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.observation.domain.ladder import Missed, Step
from shared.db.pool import Conn, Tx
from shared.http.access import Scope, ScopeKind

CASES_DUE = """
select case_id from missed_window where ladder_next_at <= $1 and not void
group by case_id order by min(ladder_next_at), case_id limit $2
"""
MISSED_DUE = """
select m.case_id, m.day, m.window_name, m.closed_at, m.streak,
  coalesce((select array_agg(f.step) from escalation_step f
    where f.case_id = m.case_id and f.day = m.day and f.window_name = m.window_name), '{}') as fired
from missed_window m
where m.case_id = any($1::uuid[]) and m.ladder_next_at <= $2 and not m.void order by m.case_id, m.closed_at
"""
LOOK_NEXT = """
update missed_window m set ladder_next_at = n.next_at
from unnest($1::uuid[], $2::date[], $3::text[], $4::timestamptz[]) as n (case_id, day, window_name, next_at)
where m.case_id = n.case_id and m.day = n.day and m.window_name = n.window_name
"""
FIRED = """
insert into escalation_step (case_id, day, window_name, step, due_at, fired_at)
select case_id, day, window_name, step, due_at, $6
from unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::timestamptz[])
  as s (case_id, day, window_name, step, due_at)
"""
LIST_STEPS = """
select f.case_id, c.person_ref, c.compound, c.grid, f.day, f.window_name as window, f.step, f.due_at, f.fired_at,
  f.number
from escalation_step f join observation_case c using (case_id) left join compound_place p using (compound)
join missed_window m on (m.case_id, m.day, m.window_name) = (f.case_id, f.day, f.window_name) and not m.void
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or f.step = $5)
  and c.ended_at is null and f.number > $6
  and not exists (select from declaration d
    where d.case_id = f.case_id and d.day = f.day and d.window_name = f.window_name and d.standing <> 'after')
order by f.number limit $7
"""


async def cases_due(conn: Conn, now: datetime, limit: int) -> list[UUID]:
    """Tell cases with a step that is due, those that wait longest first."""
    return [row["case_id"] for row in await conn.fetch(CASES_DUE, now, limit)]


async def missed_due(conn: Conn, case_ids: Sequence[UUID], now: datetime) -> list[tuple[UUID, Missed]]:
    """Read the missed windows of cases for which a step is due, in the order in which they closed."""
    return [
        (
            row["case_id"],
            Missed(
                slot=(row["day"], row["window_name"]),
                closed_at=row["closed_at"],
                streak=row["streak"],
                fired=frozenset(row["fired"]),
            ),
        )
        for row in await conn.fetch(MISSED_DUE, case_ids, now)
    ]


async def look_next(tx: Tx, windows: Sequence[tuple[UUID, Missed, datetime | None]]) -> None:
    """Keep when each window has to be looked at again."""
    await tx.execute(
        LOOK_NEXT,
        [case_id for case_id, _, _ in windows],
        [missed.slot[0] for _, missed, _ in windows],
        [missed.slot[1] for _, missed, _ in windows],
        [next_at for _, _, next_at in windows],
    )


async def keep_fired(tx: Tx, steps: Sequence[tuple[UUID, Missed, Step, datetime]]) -> None:
    """Keep steps that fire. A second time is an error: the whole transaction falls."""
    await tx.execute(
        FIRED,
        [case_id for case_id, _, _, _ in steps],
        [missed.slot[0] for _, missed, _, _ in steps],
        [missed.slot[1] for _, missed, _, _ in steps],
        [step for _, _, step, _ in steps],
        [due_at for _, _, _, due_at in steps],
        tx.now,
    )


async def page(
    conn: Conn, *, scopes: Sequence[Scope], step: str | None, after: int, limit: int
) -> list[asyncpg.Record]:
    """Tell the steps that fired for windows that are still empty, within scopes."""
    places: dict[ScopeKind, list[str]] = {kind: [] for kind in ScopeKind}
    for scope in scopes:
        places[scope.kind].append(scope.id or "")
    return await conn.fetch(
        LIST_STEPS,
        bool(places[ScopeKind.TOWN]),
        places[ScopeKind.COMPOUND],
        places[ScopeKind.NEIGHBOURHOOD],
        places[ScopeKind.GRID],
        step,
        after,
        limit,
    )
