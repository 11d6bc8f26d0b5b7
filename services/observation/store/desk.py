"""What a desk looks at and does: worklists, calls and visits, follow-ups."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from services.observation.domain.attempts import Attempt
from services.observation.domain.repeats import other_content
from services.observation.domain.worklists import Worklist
from shared.db.pool import Conn, Tx
from shared.http.access import Scope, ScopeKind
from shared.kernel.refusal import Refusal

WORKLIST = """
with line as (
  select w.case_id, w.person_ref, w.compound, w.grid, w.category, w.measure, w.state, w.last_day, w.streak,
    w.missed_since, w.declared_at, w.attempt_kind, w.attempt_outcome, w.attempted_at, w.unavailable,
    call.assigned_to as call_by, visit.assigned_to as visit_by, k.name_sealed, k.phone_sealed, k.room_sealed,
    case when w.state = 'medical' then 0 else 1 end as rank,
    coalesce(
      case w.state when 'medical' then stop.began_at when 'awaiting_closure' then c.awaiting_since
        else w.missed_since end,
      least(call.assigned_at, visit.assigned_at),
      case when w.unavailable >= 1 then w.attempted_at end,
      '9999-01-01') as since
  from case_on_desk w
  join observation_case c using (case_id)
  left join interruption stop on stop.case_id = w.case_id and stop.ended_at is null
  left join follow_up call on call.case_id = w.case_id and call.kind = 'call' and call.ended_at is null
  left join follow_up visit on visit.case_id = w.case_id and visit.kind = 'visit' and visit.ended_at is null
  left join contact_card k on k.person_ref = w.person_ref
  where ($1::boolean or w.compound = any($2::text[]) or w.neighbourhood = any($3::text[]) or w.grid = any($4::text[]))
    and ($5::text is null or w.compound = $5)
    and ($6::text is null or w.grid = $6)
    and ($7::text is null or call.assigned_to = $7 or visit.assigned_to = $7)
    and ($8::text is null or w.measure = $8)
    and case $9::text
      when 'today' then w.state in ('medical', 'awaiting_closure') or w.streak >= 1 or w.unavailable >= 1
        or call.follow_up_id is not null or visit.follow_up_id is not null
        or w.state = 'under_observation' and exists (select from case_not_told t where t.case_id = w.case_id)
      when 'missed' then w.state = 'under_observation' and w.streak between $10::int and $11::int
      when 'streak' then w.state = 'under_observation' and w.streak between $10::int and $11::int
      when 'fever' then w.state = 'medical'
      when 'ends_tomorrow' then w.state = 'under_observation' and w.last_day = $12::date
      when 'unreachable' then w.unavailable between $10::int and $11::int
      when 'awaiting_closure' then w.state = 'awaiting_closure'
      when 'not_sent' then w.state = 'under_observation'
        and exists (select from case_not_told t where t.case_id = w.case_id)
      when 'assigned' then call.follow_up_id is not null or visit.follow_up_id is not null
      else true end)
select * from line where $13::int is null or (rank, since, case_id) > ($13, $14::timestamptz, $15::uuid)
order by rank, since, case_id limit $16
"""
COUNTS = """
select count(*) as in_force,
  count(*) filter (where state = 'under_observation') as under_observation,
  count(*) filter (where state in ('medical', 'awaiting_closure') or streak >= 1 or unavailable >= 1 or assigned
    or state = 'under_observation' and not_sent) as today,
  count(*) filter (where state = 'under_observation' and streak >= 1) as missed,
  count(*) filter (where state = 'under_observation' and streak = 1) as missed_1,
  count(*) filter (where state = 'under_observation' and streak = 2) as missed_2,
  count(*) filter (where state = 'under_observation' and streak = 3) as missed_3,
  count(*) filter (where state = 'under_observation' and streak > 3) as missed_more,
  count(*) filter (where state = 'under_observation' and streak >= $7::int) as streak,
  count(*) filter (where state = 'medical') as fever,
  count(*) filter (where state = 'under_observation' and last_day = $8::date) as ends_tomorrow,
  count(*) filter (where unavailable >= 1) as unreachable,
  count(*) filter (where state = 'awaiting_closure') as awaiting_closure,
  count(*) filter (where state = 'under_observation' and not_sent) as not_sent,
  count(*) filter (where assigned) as assigned
from (
  select w.state, w.streak, w.last_day, w.unavailable,
    exists (select from case_not_told t where t.case_id = w.case_id) as not_sent,
    exists (select from follow_up f where f.case_id = w.case_id and f.ended_at is null) as assigned
  from case_on_desk w
  where ($1::boolean or w.compound = any($2::text[]) or w.neighbourhood = any($3::text[]) or w.grid = any($4::text[]))
    and ($5::text is null or w.compound = $5)
    and ($6::text is null or w.grid = $6)
    and ($9::text is null or w.measure = $9)) line
"""
PLACES_IN_FORCE = """
select distinct c.compound, c.grid, coalesce(p.name, c.compound) as name
from observation_case c left join compound_place p using (compound)
where c.ended_at is null
  and ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
order by c.compound, c.grid
"""
GRID_PAGE = """
select c.case_id, c.person_ref, c.grid
from observation_case c left join compound_place p using (compound)
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5)
  and ($6::text is null or c.grid = $6)
  and least(c.anchor_date, c.day_zero) <= $7::date and (c.ended_at is null or c.ended_at >= $8::timestamptz)
  and ($9::uuid is null or c.case_id > $9)
order by c.case_id limit $10
"""
MARKS = """
select case_id, day, window_name, array_agg(distinct channel order by channel) as channels,
  count(*)::int as declarations, bool_or(alarming) as alarming
from declaration where case_id = any($1::uuid[]) and day between $2 and $3
group by case_id, day, window_name
"""
WORKERS = """
select distinct f.assigned_to
from follow_up f join observation_case c using (case_id) left join compound_place p using (compound)
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
order by f.assigned_to limit 200
"""
TRIED = """
select case_id, at, outcome from contact_attempt
where case_id = any($1::uuid[]) and at >= $2 and at < $3 order by at, attempt_id
"""
ADD_ATTEMPT = """
insert into contact_attempt (attempt_id, case_id, kind, outcome, at, recorded_at, recorded_by, note_sealed,
  content_index)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
# Since when nobody has done anything about windows that stayed empty, but for what has the id $2 itself. To have
# somebody call or visit counts as well where an assignment is asked about ($3); whoever calls need not be assigned.
UNTOUCHED_SINCE = """
select min(closed_at) from missed_window where case_id = $1 and closed_at > coalesce(
  (select max(at) from (
    select recorded_at as at from contact_attempt where case_id = $1 and attempt_id <> $2
    union all
    select assigned_at from follow_up where case_id = $1 and follow_up_id <> $2 and $3
  ) touched), '-infinity')
"""
FIND_ATTEMPT = "select case_id, recorded_at, content_index from contact_attempt where attempt_id = $1"
ATTEMPTS = """
select attempt_id, kind, outcome, at, recorded_at, recorded_by, note_sealed
from contact_attempt where case_id = $1 order by at, attempt_id
"""
FOLLOW_UPS = """
select follow_up_id, kind, assigned_to, assigned_by, assigned_at, bulk_id, ended_at, ended_by, ended_as
from follow_up where case_id = $1 order by assigned_at, ended_at, follow_up_id
"""
FIND_FOLLOW_UP = "select case_id, kind, assigned_to, bulk_id from follow_up where follow_up_id = $1"
ADD_FOLLOW_UP = """
insert into follow_up (follow_up_id, case_id, kind, assigned_to, assigned_by, assigned_at, bulk_id)
values ($1, $2, $3, $4, $5, $6, $7)
"""
END_FOLLOW_UPS = """
update follow_up set ended_at = $3, ended_by = $4, ended_as = $5
where case_id = $1 and kind = any($2::text[]) and ended_at is null returning follow_up_id
"""

REJECTIONS: dict[str, Refusal] = {
    name: other_content() for name in ("contact_attempt_pkey", "follow_up_pkey")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which cases a caller asks for, within what the caller reaches."""

    scopes: Sequence[Scope]
    compound: str | None
    grid: str | None

    def values(self) -> tuple[object, ...]:
        """The first six arguments of the statements above."""
        places: defaultdict[ScopeKind, list[str]] = defaultdict(list)
        for scope in self.scopes:
            places[scope.kind].append(scope.id or "")
        return (
            ScopeKind.TOWN in places,
            places[ScopeKind.COMPOUND],
            places[ScopeKind.NEIGHBOURHOOD],
            places[ScopeKind.GRID],
            self.compound,
            self.grid,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which lines of a worklist are asked for.

    Attributes:
        at_least, at_most: how often something must have happened, where the list counts.
        after: rank, instant and case of the last line of the page before.
    """

    of: Worklist
    at_least: int
    at_most: int
    tomorrow: date
    assigned_to: str | None = None
    measure: str | None = None
    after: tuple[int, datetime, UUID] | None = None


async def worklist(conn: Conn, reach: Reach, choice: Choice, *, limit: int) -> list[asyncpg.Record]:
    """Tell a page of a list, fevers first and then what waits longest, with the sealed contact of each person."""
    return await conn.fetch(
        WORKLIST,
        *reach.values(),
        choice.assigned_to,
        choice.measure,
        choice.of.value,
        choice.at_least,
        choice.at_most,
        choice.tomorrow,
        *(choice.after or (None, None, None)),
        limit,
    )


async def counts(
    conn: Conn, reach: Reach, *, streak_from: int, tomorrow: date, measure: str | None
) -> asyncpg.Record:
    """Count every list, and what it is part of."""
    return (await conn.fetch(COUNTS, *reach.values(), streak_from, tomorrow, measure))[0]


async def places_in_force(conn: Conn, reach: Reach) -> list[asyncpg.Record]:
    """Tell the compounds and grids in which somebody is under observation, of all that the caller reaches."""
    return await conn.fetch(PLACES_IN_FORCE, *reach.values()[:4])


async def workers(conn: Conn, reach: Reach) -> list[str]:
    """Tell the accounts to which calls and visits were assigned before, of all that the caller reaches."""
    return [row["assigned_to"] for row in await conn.fetch(WORKERS, *reach.values()[:4])]


async def grid_page(
    conn: Conn, reach: Reach, *, last: date, ended_since: datetime, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Tell a page of cases that had a day in a range."""
    return await conn.fetch(GRID_PAGE, *reach.values(), last, ended_since, after, limit)


async def marks(conn: Conn, case_ids: Sequence[UUID], first: date, last: date) -> list[asyncpg.Record]:
    """Tell by whom each window was answered, how often, and whether something was alarming."""
    return await conn.fetch(MARKS, list(case_ids), first, last)


async def tried(
    conn: Conn, case_ids: Sequence[UUID], since: datetime, until: datetime
) -> list[asyncpg.Record]:
    """Tell calls and visits of a stretch of time, oldest first."""
    return await conn.fetch(TRIED, list(case_ids), since, until)


async def add_attempt(
    tx: Tx,
    case_id: UUID,
    attempt: Attempt,
    *,
    recorded_by: str,
    note_sealed: bytes | None,
    content_index: bytes,
) -> None:
    """Keep a call or a visit."""
    await tx.execute(
        ADD_ATTEMPT,
        attempt.attempt_id,
        case_id,
        attempt.kind,
        attempt.outcome.value,
        attempt.at,
        tx.now,
        recorded_by,
        note_sealed,
        content_index,
    )


async def find_attempt(tx: Tx, attempt_id: UUID) -> asyncpg.Record | None:
    """Read what a repeat is compared with."""
    return await tx.fetchrow(FIND_ATTEMPT, attempt_id)


async def untouched_for(tx: Tx, case_id: UUID, step_id: UUID, *, assigning: bool) -> timedelta | None:
    """How long empty windows had waited for a step that was just made; None where it was not the first of its kind."""
    since: datetime | None = await tx.fetchval(UNTOUCHED_SINCE, case_id, step_id, assigning)
    return None if since is None else tx.now - since


async def attempts(conn: Conn, case_id: UUID) -> list[asyncpg.Record]:
    """Tell the calls and visits of a case, oldest first."""
    return await conn.fetch(ATTEMPTS, case_id)


async def follow_ups(conn: Conn, case_id: UUID) -> list[asyncpg.Record]:
    """Tell who was to call or visit, oldest first."""
    return await conn.fetch(FOLLOW_UPS, case_id)


async def find_follow_up(tx: Tx, follow_up_id: UUID) -> asyncpg.Record | None:
    """Read what a repeat is compared with."""
    return await tx.fetchrow(FIND_FOLLOW_UP, follow_up_id)


async def add_follow_up(
    tx: Tx,
    follow_up_id: UUID,
    *,
    case_id: UUID,
    kind: str,
    assigned_to: str,
    assigned_by: str,
    bulk_id: UUID | None,
) -> None:
    """Assign a call or a visit."""
    await tx.execute(ADD_FOLLOW_UP, follow_up_id, case_id, kind, assigned_to, assigned_by, tx.now, bulk_id)


async def end_follow_ups(tx: Tx, case_id: UUID, kinds: Sequence[str], *, ended_by: str, ended_as: str) -> int:
    """End what is open; tells how many."""
    return len(await tx.fetch(END_FOLLOW_UPS, case_id, list(kinds), tx.now, ended_by, ended_as))
