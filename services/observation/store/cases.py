"""Cases with everything that their state is derived from."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.observation.domain.calendar import Slot
from services.observation.domain.case import Case, Interruption, Rescheduling, State
from services.observation.domain.settling import WindowMissed
from services.observation.store import merges
from shared.db.pool import Conn, Tx
from shared.http.access import Scope, ScopeKind
from shared.kernel.ids import PersonRef
from shared.kernel.refusal import Refusal

FIND_CASE = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where case_id = $1
"""
LOCK_CASE = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where case_id = $1 for update
"""
LOCK_MERGED = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case m where person_ref = any($1::uuid[]) and closed_as = 'merged' and not exists (
  select from observation_case later where later.person_ref = any($1::uuid[]) and later.opened_at > m.ended_at
) order by ended_at desc limit 1 for update
"""
LOCK_ENDED_FOR_GOOD = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where closed_as in ('died', 'left_town') and dwelling_id = $2 and case_id = (
  select case_id from observation_case where person_ref = any($1::uuid[]) order by opened_at desc limit 1
) for update
"""
LOCK_MERGED_OF_INTAKE = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where intake_id = $1 and closed_as = 'merged' order by ended_at desc limit 1 for update
"""
LOCK_PEOPLE = """
select pg_advisory_xact_lock(hashtextextended('observation.person:' || person_ref::text, 0))
from (select distinct unnest($1::uuid[]) as person_ref order by 1) as people
"""
LOCK_OF_PEOPLE = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where person_ref = any($1::uuid[]) and ended_at is null order by case_id for update
"""
LOCK_MANY = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where case_id = any($1::uuid[]) order by case_id for update
"""
LOCK_DUE_CASES = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, anchor_date, anchor_basis, days,
  policy_version, opened_at, settled_through, awaiting_since, ended_at, closed_as, origin_code, version
from observation_case where next_step_at = $1 order by case_id limit $2 for update
"""
FIND_CASES = FIND_CASE.replace("= $1", "= any($1::uuid[])")
CASE_PLACES = """
select c.case_id, c.person_ref, c.compound, c.grid, p.neighbourhood
from observation_case c left join compound_place p using (compound) where c.case_id = any($1::uuid[])
"""
NEXT_STEP = "select min(next_step_at) from observation_case where next_step_at <= $1"
OVERDUE_STEPS = """
select next_step_at, count(*) as cases from observation_case where next_step_at <= $1 group by next_step_at
"""
IN_FORCE = """
select exists (select from observation_case where person_ref = any($1::uuid[]) and ended_at is null)
  or exists (select from observation_case where intake_id = $2)
"""

INTERRUPTIONS = """
select case_id, number, began_at, reason, ended_at, ended_by
from interruption where case_id = any($1::uuid[]) order by case_id, number
"""
# One row a case: at the end of a period there are 28 answers to each of some hundred cases.
ANSWERS = """
select case_id, array_agg(day) as days, array_agg(window_name) as windows, array_agg(received_at) as received
from (
  select case_id, day, window_name, min(received_at) as received_at
  from declaration where case_id = any($1::uuid[]) and standing <> 'after'
  group by case_id, day, window_name) answered
group by case_id
"""
TOLD_MISSED = "select case_id, day, window_name from missed_window where case_id = any($1::uuid[])"

ADD_CASE = """
insert into observation_case (case_id, intake_id, person_ref, compound, dwelling_id, grid, category, measure,
  anchor_date, anchor_basis, days, policy_version, opened_at, settled_through, awaiting_since, ended_at, version,
  state, last_day, next_step_at, day_zero, origin_code)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
"""
SAVE_CASES = """
update observation_case c set
  settled_through = s.settled_through, awaiting_since = s.awaiting_since, ended_at = s.ended_at,
  version = s.version, state = s.state, last_day = s.last_day, next_step_at = s.next_step_at,
  day_zero = s.day_zero, closed_as = s.closed_as, category = s.category, measure = s.measure
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::text[], $7::date[],
  $8::timestamptz[], $9::date[], $10::text[], $11::text[], $12::text[])
  as s (case_id, settled_through, awaiting_since, ended_at, version, state, last_day, next_step_at, day_zero,
    closed_as, category, measure)
where c.case_id = s.case_id
"""
SAVE_VERSIONS = """
update observation_case c set version = s.version from unnest($1::uuid[], $2::int[]) as s (case_id, version)
where c.case_id = s.case_id
"""
SAVE_INTERRUPTION = """
insert into interruption (case_id, number, began_at, reason, ended_at, ended_by)
values ($1, $2, $3, $4, $5, $6)
on conflict (case_id, number) do update set ended_at = excluded.ended_at, ended_by = excluded.ended_by
"""
RESCHEDULINGS = """
select case_id, number, kind, at, day_zero, basis, extra_days
from rescheduling where case_id = any($1::uuid[]) order by case_id, number
"""
ADD_MISSED = """
insert into missed_window (case_id, day, window_name, closed_at, streak, ladder_next_at)
select case_id, day, window_name, closed_at, streak, closed_at
from unnest($1::uuid[], $2::date[], $3::text[], $4::timestamptz[], $5::int[])
  as m (case_id, day, window_name, closed_at, streak)
"""
LOOK_AGAIN = """
update observation_case set next_step_at = least(next_step_at, $1)
where ended_at is null and next_step_at is not null
"""
FOLLOW_GRIDS = """
update observation_case c set grid = moved.grid
from (select o.case_id, h.grid from observation_case o join household h using (dwelling_id)
  where o.dwelling_id = any($1::uuid[]) and o.grid <> h.grid order by o.case_id for no key update of o) moved
where c.case_id = moved.case_id
"""
LIST_CASES = """
select c.case_id, c.person_ref, c.compound, c.grid, c.category,
  case when c.state = 'medical' then 'medical' else c.measure end as measure, c.state,
  c.day_zero as anchor_date, c.last_day, c.opened_at
from observation_case c left join compound_place p using (compound)
where ($1::text is null or c.compound = $1)
  and ($2::text is null or c.state = $2)
  and ($3::boolean or c.compound = any($4::text[]) or p.neighbourhood = any($5::text[]) or c.grid = any($6::text[]))
  and ($7::uuid is null or c.case_id > $7)
order by c.case_id limit $8
"""
PEOPLE = """
select compound, case when state = 'medical' then 'medical' else measure end as kind, state, count(*) as people
from observation_case where ended_at is null group by 1, 2, 3
"""


class PersonObserved(Refusal):
    """The person has a case in force: the database's own guard."""

    code = "person_observed"


REJECTIONS: dict[str, Refusal] = {
    "case_one_in_force": PersonObserved("此人已在观察中。The person is under observation already."),
}


async def find(conn: Conn, case_id: UUID) -> Case | None:
    """Read a case."""
    row = await conn.fetchrow(FIND_CASE, case_id)
    return None if row is None else (await _whole(conn, [row]))[0]


async def find_all(conn: Conn, case_ids: Sequence[UUID]) -> list[Case]:
    """Read several cases, in no particular order."""
    return await _whole(conn, await conn.fetch(FIND_CASES, list(case_ids)))


async def place(conn: Conn, case_id: UUID) -> asyncpg.Record | None:
    """Tell whom a case is about and where it lies, for deciding who may touch it."""
    return (await places(conn, [case_id])).get(case_id)


async def places(conn: Conn, case_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Tell the same of several cases; one that is not there is left out."""
    return {row["case_id"]: row for row in await conn.fetch(CASE_PLACES, list(case_ids))}


async def lock(tx: Tx, case_id: UUID) -> Case | None:
    """Read a case under its row lock."""
    row = await tx.fetchrow(LOCK_CASE, case_id)
    return None if row is None else (await _whole(tx, [row]))[0]


async def lock_person(tx: Tx, person_ref: UUID) -> list[UUID]:
    """Tell every pseudonym of a person (P10); nobody opens a case under any of them meanwhile."""
    people: list[UUID] = []
    while (found := await merges.same_person(tx, person_ref)) != people:  # merged while this waited
        people = found
        await lock_people(tx, people)
    return people


async def lock_in_force(tx: Tx, person_ref: UUID) -> Case | None:
    """Read the case in force of a person, opened under whichever pseudonym, under its row lock; nobody opens one."""
    people = await lock_person(tx, person_ref)
    return next(iter((await lock_of_people(tx, people)).values()), None)


async def lock_merged(tx: Tx, people: Sequence[UUID]) -> Case | None:
    """Read the case of a person, by their pseudonyms, that a merging closed, if it is the last; locks it."""
    row = await tx.fetchrow(LOCK_MERGED, people)
    return None if row is None else (await _whole(tx, [row]))[0]


async def lock_ended_for_good(tx: Tx, people: Sequence[UUID], dwelling_id: UUID) -> Case | None:
    """Read a person's last case, if a death or a departure at the dwelling ended it, under its row lock."""
    row = await tx.fetchrow(LOCK_ENDED_FOR_GOOD, people, dwelling_id)
    return None if row is None else (await _whole(tx, [row]))[0]


async def lock_merged_of_intake(tx: Tx, intake_id: UUID) -> Case | None:
    """Read the case that an intake opened and a merging closed, under its row lock."""
    row = await tx.fetchrow(LOCK_MERGED_OF_INTAKE, intake_id)
    return None if row is None else (await _whole(tx, [row]))[0]


async def lock_people(tx: Tx, people: Sequence[UUID]) -> None:
    """Keep everybody else from opening cases of these people meanwhile; always in the same order."""
    await tx.fetch(LOCK_PEOPLE, people)


async def lock_of_people(tx: Tx, people: Sequence[UUID]) -> dict[PersonRef, Case]:
    """Read the cases in force of people under their row locks, always in the same order."""
    return {case.person_ref: case for case in await _whole(tx, await tx.fetch(LOCK_OF_PEOPLE, people))}


async def lock_many(tx: Tx, case_ids: Sequence[UUID]) -> list[Case]:
    """Read cases under their row locks, always in the same order."""
    return await _whole(tx, await tx.fetch(LOCK_MANY, case_ids))


async def lock_due(tx: Tx, step: datetime, limit: int) -> list[Case]:
    """Read cases whose next step is at an instant, under their row locks, always in the same order."""
    return await _whole(tx, await tx.fetch(LOCK_DUE_CASES, step, limit))


async def next_step(conn: Conn, now: datetime) -> datetime | None:
    """Tell the earliest instant, up to now, at which something falls due."""
    step: datetime | None = await conn.fetchval(NEXT_STEP, now)
    return step


async def overdue(conn: Conn, until: datetime) -> list[tuple[datetime, int]]:
    """Tell the steps that should have been taken by then, with the number of cases."""
    return [(row["next_step_at"], row["cases"]) for row in await conn.fetch(OVERDUE_STEPS, until)]


async def in_force(tx: Tx, person_ref: UUID, intake_id: UUID) -> bool:
    """Say whether the person has a case in force, or this intake opened one; nobody else opens one meanwhile."""
    return bool(await tx.fetchval(IN_FORCE, await lock_person(tx, person_ref), intake_id))


async def add(tx: Tx, case: Case, *, intake_id: UUID | None, next_step_at: datetime | None) -> None:
    """Keep a new case."""
    await tx.execute(
        ADD_CASE,
        case.case_id,
        intake_id,
        case.person_ref,
        case.compound,
        case.dwelling_id,
        case.grid,
        case.category,
        case.measure,
        case.anchor_date,
        case.anchor_basis,
        case.days,
        case.policy_version,
        case.opened_at,
        case.settled_through,
        case.awaiting_since,
        case.ended_at,
        case.version,
        case.state.value,
        case.last_day,
        next_step_at,
        case.day_zero,
        case.origin_code,
    )


async def save(tx: Tx, cases: Sequence[tuple[Case, datetime | None]]) -> None:
    """Keep what changed in cases that are locked, each with its next step."""
    if not cases:
        return
    await tx.execute(
        SAVE_CASES,
        [case.case_id for case, _ in cases],
        [case.settled_through for case, _ in cases],
        [case.awaiting_since for case, _ in cases],
        [case.ended_at for case, _ in cases],
        [case.version for case, _ in cases],
        [case.state.value for case, _ in cases],
        [case.last_day for case, _ in cases],
        [step for _, step in cases],
        [case.day_zero for case, _ in cases],
        [case.closed_as for case, _ in cases],
        [case.category for case, _ in cases],
        [case.measure for case, _ in cases],
    )


async def save_versions(tx: Tx, cases: Sequence[Case]) -> None:
    """Keep that something was told of locked cases which changed in nothing else."""
    await tx.execute(SAVE_VERSIONS, [case.case_id for case in cases], [case.version for case in cases])


async def save_interruption(tx: Tx, case_id: UUID, stop: Interruption) -> None:
    """Keep an interruption, begun or ended."""
    await tx.execute(
        SAVE_INTERRUPTION, case_id, stop.number, stop.began_at, stop.reason, stop.ended_at, stop.ended_by
    )


async def add_missed(tx: Tx, missed: Sequence[tuple[UUID, WindowMissed]]) -> None:
    """Keep windows that closed empty. A second time is an error: the whole transaction falls."""
    if not missed:
        return
    await tx.execute(
        ADD_MISSED,
        [case_id for case_id, _ in missed],
        [fact.day for _, fact in missed],
        [fact.window for _, fact in missed],
        [fact.closed_at for _, fact in missed],
        [fact.streak for _, fact in missed],
    )


async def look_again(tx: Tx) -> None:
    """Have every case in force looked at now: the rules by which its next step was found have changed."""
    await tx.execute(LOOK_AGAIN, tx.now)


async def follow_grids(tx: Tx, dwellings: Sequence[UUID]) -> None:
    """Let cases belong to the grids in which their dwellings lie now."""
    await tx.execute(FOLLOW_GRIDS, list(dwellings))


async def page(
    conn: Conn,
    *,
    scopes: Sequence[Scope],
    compound: str | None,
    state: State | None,
    after: UUID | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Tell cases within scopes, in the order in which they were opened."""
    places: defaultdict[ScopeKind, list[str]] = defaultdict(list)
    for scope in scopes:
        places[scope.kind].append(scope.id or "")
    return await conn.fetch(
        LIST_CASES,
        compound,
        None if state is None else state.value,
        ScopeKind.TOWN in places,
        places[ScopeKind.COMPOUND],
        places[ScopeKind.NEIGHBOURHOOD],
        places[ScopeKind.GRID],
        after,
        limit,
    )


async def people(conn: Conn) -> list[tuple[str, str, str, int]]:
    """Count people under observation by compound, measure and state."""
    return [(row["compound"], row["kind"], row["state"], row["people"]) for row in await conn.fetch(PEOPLE)]


async def _whole(conn: Conn, rows: Sequence[asyncpg.Record]) -> list[Case]:
    """Cases with their interruptions, answers and missed windows: one statement each, however many cases."""
    if not rows:
        return []
    ids = [row["case_id"] for row in rows]
    stops: defaultdict[UUID, list[Interruption]] = defaultdict(list)
    for row in await conn.fetch(INTERRUPTIONS, ids):
        stops[row["case_id"]].append(
            Interruption(
                number=row["number"],
                began_at=row["began_at"],
                reason=row["reason"],
                ended_at=row["ended_at"],
                ended_by=row["ended_by"],
            )
        )
    changes: defaultdict[UUID, list[Rescheduling]] = defaultdict(list)
    for row in await conn.fetch(RESCHEDULINGS, ids):
        change = {name: value for name, value in row.items() if name != "case_id"}
        changes[row["case_id"]].append(Rescheduling(**change))
    answers: dict[UUID, dict[Slot, datetime]] = {}
    for case_id, days, windows, received in await conn.fetch(ANSWERS, ids):
        answers[case_id] = dict(zip(zip(days, windows, strict=True), received, strict=True))
    missed: defaultdict[UUID, set[tuple[date, Any]]] = defaultdict(set)
    for case_id, day, window in await conn.fetch(TOLD_MISSED, ids):
        missed[case_id].add((day, window))
    return [
        _case(
            row,
            interruptions=tuple(stops.get(row["case_id"], ())),
            reschedulings=tuple(changes.get(row["case_id"], ())),
            answers=answers.get(row["case_id"], {}),
            told_missed=frozenset(missed.get(row["case_id"], ())),
        )
        for row in rows
    ]


def _case(row: asyncpg.Record, **derived_from: Any) -> Case:
    return Case(
        case_id=row["case_id"],
        person_ref=row["person_ref"],
        compound=row["compound"],
        dwelling_id=row["dwelling_id"],
        grid=row["grid"],
        category=row["category"],
        measure=row["measure"],
        anchor_date=row["anchor_date"],
        anchor_basis=row["anchor_basis"],
        days=row["days"],
        policy_version=row["policy_version"],
        opened_at=row["opened_at"],
        settled_through=row["settled_through"],
        awaiting_since=row["awaiting_since"],
        ended_at=row["ended_at"],
        closed_as=row["closed_as"],
        origin_code=row["origin_code"],
        version=row["version"],
        **derived_from,
    )
