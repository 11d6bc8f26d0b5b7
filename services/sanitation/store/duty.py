"""What was asked of sites day by day: states and closures."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import asyncpg

from services.sanitation.domain.duty import Closure, DutyState
from services.sanitation.domain.sites import ClosureReason
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed_texts import SealedText

REJECTIONS: Rejections = {
    "site_closure_once": SameIdOtherContent(
        "该编号已用于另一次停用。This id was used for another closure.", field="closure_id"
    ),
}

PUT_STATES = """
insert into site_state
  (site_id, from_day, kind, rounds_per_day, since, active, on_duty_from, revision, changed_at, changed_by)
select site_id, from_day, kind, rounds_per_day, since, active, on_duty_from, revision, $9, $10
from unnest($1::uuid[], $2::date[], $3::text[], $4::int[], $5::date[], $6::boolean[], $7::timestamptz[], $8::int[])
  as row (site_id, from_day, kind, rounds_per_day, since, active, on_duty_from, revision)
order by site_id
on conflict (site_id, from_day) do update
  set kind = excluded.kind, rounds_per_day = excluded.rounds_per_day, since = excluded.since,
      active = excluded.active, on_duty_from = excluded.on_duty_from, revision = excluded.revision,
      changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
STATES = """
select site_id, from_day, kind, rounds_per_day, since, active, on_duty_from
from site_state where site_id = any($1::uuid[]) order by site_id, from_day
"""
ADD_CLOSURE = """
insert into site_closure
  (closure_id, site_id, from_day, last_day, reason, note_sealed, note_index, entered_at, entered_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
CLOSURE = """
select closure_id, site_id, from_day, last_day, reason, note_sealed, note_index, entered_at, ended_at
from site_closure where closure_id = $1
"""
END_CLOSURE = """
update site_closure set last_day = $2, ended_at = $3, ended_by = $4 where closure_id = $1
"""
CLOSURES_OF_COMPOUND = """
select c.closure_id, c.site_id, s.code, s.kind, s.name, c.from_day, c.last_day, c.reason, c.note_sealed, c.entered_at
from site_closure c join site s using (site_id)
where s.compound = $1 and c.closure_id > $3
  and (c.last_day is null or c.last_day >= $2) and (c.last_day is null or c.last_day >= c.from_day)
order by c.closure_id limit $4
"""
CLOSED_ON = """
select exists (
  select from site_closure
  where site_id = $1 and from_day <= $2 and (last_day is null or last_day >= $2))
"""


async def put_states(tx: Tx, states: Iterable[tuple[UUID, DutyState, int]]) -> None:
    """Write what holds from today on, in place of what was written today already."""
    lines = [
        (
            *(site_id, state.from_day, state.kind, state.rounds_per_day, state.since, state.active),
            *(state.on_duty_from, revision),
        )
        for site_id, state, revision in states
    ]
    if lines:
        columns = [list(column) for column in zip(*lines, strict=True)]
        await tx.execute(PUT_STATES, *columns, tx.now, tx.actor)


async def histories(conn: Conn, sites: Sequence[UUID]) -> dict[UUID, list[DutyState]]:
    """All states of sites, each in order."""
    found: defaultdict[UUID, list[DutyState]] = defaultdict(list)
    for row in await conn.fetch(STATES, list(sites)):
        found[row["site_id"]].append(
            DutyState(
                from_day=row["from_day"],
                kind=row["kind"],
                rounds_per_day=row["rounds_per_day"],
                since=row["since"],
                active=row["active"],
                on_duty_from=row["on_duty_from"],
            )
        )
    return found


async def closure(conn: Conn, closure_id: UUID) -> asyncpg.Record | None:
    """A closure."""
    return await conn.fetchrow(CLOSURE, closure_id)


async def add_closure(
    tx: Tx,
    closure_id: UUID,
    *,
    site_id: UUID,
    days: Closure,
    reason: ClosureReason,
    note: SealedText | None,
) -> None:
    """Write a closure. An id that is in use violates `site_closure_once`."""
    await tx.execute(
        ADD_CLOSURE,
        closure_id,
        site_id,
        days.from_day,
        days.last_day,
        reason,
        note.sealed if note else None,
        note.index if note else None,
        tx.now,
        tx.actor,
    )


async def end_closure(tx: Tx, closure_id: UUID, last_day: date) -> None:
    """Write the last day of a closure."""
    await tx.execute(END_CLOSURE, closure_id, last_day, tx.now, tx.actor)


async def closed_on(conn: Conn, site_id: UUID, day: date) -> bool:
    """Say whether a site is exempt on a day."""
    found: bool = await conn.fetchval(CLOSED_ON, site_id, day)
    return found
