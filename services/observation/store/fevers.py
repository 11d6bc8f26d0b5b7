"""Fever paths, what clinics said, confirmed cases and their contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.observation.domain.contacts import Nearness, Outcome
from services.observation.domain.repeats import other_content
from shared.db.pool import Conn, Tx
from shared.http.access import Scope, ScopeKind
from shared.kernel.refusal import Refusal

OPEN_EPISODE = """
insert into fever_episode (episode_id, person_ref, compound, grid, case_id, source, opened_at)
select $1, $2, $3, $4, $5, $6, $7
where not exists (select from fever_episode where person_ref = any($8::uuid[]) and closed_at is null)
on conflict do nothing
"""
FOLLOW_GRIDS = """
update fever_episode e set grid = c.grid from observation_case c
where c.case_id = e.case_id and c.dwelling_id = any($1::uuid[]) and e.closed_at is null
  and e.grid is distinct from c.grid
"""
CLOSE_EPISODE = """
update fever_episode set outcome = $2, closed_at = $3 where person_ref = any($1::uuid[]) and closed_at is null
"""
LOOKED_AT_SINCE = """
select exists (select from fever_episode where person_ref = any($1::uuid[]) and closed_at >= $2)
"""
SEE_GATE_FEVER = """
insert into gate_fever (check_id, person_ref, checked_at) values ($1, $2, $3) on conflict (check_id) do nothing
"""
WITHDRAW_GATE_FEVER = "update gate_fever set withdrawn_at = coalesce(withdrawn_at, $2) where check_id = $1"
STANDS_FOR = """
select exists (select from gate_fever g
    where g.person_ref = any($1::uuid[]) and g.withdrawn_at is null and g.checked_at > looked.at)
  or exists (select from declaration d join observation_case c using (case_id)
    where c.person_ref = any($1::uuid[]) and d.alarming and d.received_at > looked.at)
  or exists (select from fever_result r join fever_episode e using (episode_id)
    where e.person_ref = any($1::uuid[]) and r.decided_at > looked.at)
from (select coalesce(max(closed_at), '-infinity') as at from fever_episode where person_ref = any($1::uuid[])) looked
"""
IS_OPEN = """
select exists (select from fever_episode where person_ref = any($1::uuid[]) and closed_at is null)
"""
LOCK_EPISODE = """
select e.episode_id, e.person_ref, e.compound, e.grid, e.case_id, e.closed_at, p.neighbourhood
from fever_episode e left join compound_place p using (compound) where e.episode_id = $1 for update of e
"""
LIST_EPISODES = """
select e.episode_id, e.person_ref, e.compound, e.case_id, e.source, e.opened_at
from fever_episode e left join compound_place p using (compound)
where e.closed_at is null
  and ($1::boolean or e.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or e.grid = any($4::text[]))
  and ($5::uuid is null or e.case_id = $5)
  and ($6::uuid is null or e.episode_id > $6)
order by e.episode_id limit $7
"""
NEXT_VERSION = """
insert into fever_told (person_ref, version) values ($1, 1)
on conflict (person_ref) do update set version = fever_told.version + 1 returning version
"""
FIND_RESULT = "select episode_id, result, content_index, decided_at from fever_result where result_id = $1"
ADD_RESULT = """
insert into fever_result (result_id, episode_id, result, reason_sealed, content_index, decided_at, decided_by)
values ($1, $2, $3, $4, $5, $6, $7)
"""
FIND_CONFIRMATION = """
select confirmation_id, person_ref, compound, confirmed_on, last_exposure, content_index, confirmed_at
from confirmation where confirmation_id = $1
"""
ADD_CONFIRMATION = """
insert into confirmation (confirmation_id, person_ref, compound, confirmed_on, last_exposure, reason_sealed,
  content_index, confirmed_at, confirmed_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ADD_CONTACTS = """
insert into close_contact (confirmation_id, number, person_ref, dwelling_id, outcome, case_id)
select $1, number, person_ref, dwelling_id, outcome, case_id
from unnest($2::int[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[])
  as c (number, person_ref, dwelling_id, outcome, case_id)
"""
CONTACTS = """
select person_ref, dwelling_id, outcome, case_id from close_contact where confirmation_id = $1 order by number
"""
LAST_PLACE = """
select compound from fever_episode where person_ref = any($1::uuid[]) order by opened_at desc limit 1
"""

_SAME_ID = other_content()
REJECTIONS: dict[str, Refusal] = {"fever_result_pkey": _SAME_ID, "confirmation_pkey": _SAME_ID}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What became of a close contact."""

    nearness: Nearness
    outcome: Outcome
    case_id: UUID | None


async def open_episode(
    tx: Tx,
    episode_id: UUID,
    *,
    person_ref: UUID,
    compound: str,
    grid: str | None,
    case_id: UUID | None,
    source: str,
    at: datetime,
    people: Sequence[UUID] = (),
) -> None:
    """Open a person's fever path, unless it is open, also under another one of their pseudonyms (`people`)."""
    await tx.execute(OPEN_EPISODE, episode_id, person_ref, compound, grid, case_id, source, at, people)


async def follow_grids(tx: Tx, dwellings: Sequence[UUID]) -> None:
    """Let open fever paths belong to the grids of their cases; after these did."""
    await tx.execute(FOLLOW_GRIDS, list(dwellings))


async def close_episodes(tx: Tx, people: Sequence[UUID], outcome: str, at: datetime) -> None:
    """Close the fever path of a person, by their pseudonyms, if one is open: two, where two records were merged."""
    await tx.execute(CLOSE_EPISODE, people, outcome, at)


async def looked_at_since(tx: Tx, people: Sequence[UUID], instant: datetime) -> bool:
    """Say whether somebody closed the fever path of a person, by their pseudonyms, after an instant."""
    return bool(await tx.fetchval(LOOKED_AT_SINCE, people, instant))


async def see_at_gate(tx: Tx, check_id: UUID, person_ref: UUID, checked_at: datetime) -> None:
    """Keep a fever that a gate saw, by its check."""
    await tx.execute(SEE_GATE_FEVER, check_id, person_ref, checked_at)


async def withdraw_at_gate(tx: Tx, check_id: UUID, at: datetime) -> None:
    """Keep that a gate's reading was mistyped."""
    await tx.execute(WITHDRAW_GATE_FEVER, check_id, at)


async def is_open(tx: Tx, people: Sequence[UUID]) -> bool:
    """Say whether the fever path of a person, by their pseudonyms, is open."""
    return bool(await tx.fetchval(IS_OPEN, people))


async def stands_for(tx: Tx, people: Sequence[UUID]) -> bool:
    """Say whether anything stands for an open fever path since it was last closed.

    A gate's reading that nobody took back, something alarming that was declared, or what a clinic said.
    """
    return bool(await tx.fetchval(STANDS_FOR, people))


async def lock(tx: Tx, episode_id: UUID) -> asyncpg.Record | None:
    """Read a fever path under its row lock."""
    return await tx.fetchrow(LOCK_EPISODE, episode_id)


async def page(
    conn: Conn, *, scopes: Sequence[Scope], case_id: UUID | None, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Tell the open fever paths within scopes, of everybody or of one case."""
    places: dict[ScopeKind, list[str]] = {kind: [] for kind in ScopeKind}
    for scope in scopes:
        places[scope.kind].append(scope.id or "")
    return await conn.fetch(
        LIST_EPISODES,
        bool(places[ScopeKind.TOWN]),
        places[ScopeKind.COMPOUND],
        places[ScopeKind.NEIGHBOURHOOD],
        places[ScopeKind.GRID],
        case_id,
        after,
        limit,
    )


async def next_version(tx: Tx, person_ref: UUID) -> int:
    """Number the next event about a person's fevers."""
    version: int = await tx.fetchval(NEXT_VERSION, person_ref)
    return version


async def find_result(tx: Tx, result_id: UUID) -> asyncpg.Record | None:
    """Read what a clinic said."""
    return await tx.fetchrow(FIND_RESULT, result_id)


async def add_result(
    tx: Tx,
    result_id: UUID,
    episode_id: UUID,
    result: str,
    *,
    sealed: bytes,
    content_index: bytes,
    decided_by: str,
) -> None:
    """Keep what a clinic said."""
    await tx.execute(ADD_RESULT, result_id, episode_id, result, sealed, content_index, tx.now, decided_by)


async def find_confirmation(conn: Conn, confirmation_id: UUID) -> asyncpg.Record | None:
    """Read a confirmed case."""
    return await conn.fetchrow(FIND_CONFIRMATION, confirmation_id)


async def add_confirmation(
    tx: Tx,
    confirmation_id: UUID,
    *,
    person_ref: UUID,
    compound: str,
    confirmed_on: date,
    last_exposure: date,
    sealed: bytes,
    content_index: bytes,
    confirmed_by: str,
) -> None:
    """Keep a confirmed case."""
    await tx.execute(
        ADD_CONFIRMATION,
        confirmation_id,
        person_ref,
        compound,
        confirmed_on,
        last_exposure,
        sealed,
        content_index,
        tx.now,
        confirmed_by,
    )


async def add_contacts(tx: Tx, confirmation_id: UUID, traced: Sequence[Traced]) -> None:
    """Keep whom a confirmed case made a close contact."""
    await tx.execute(
        ADD_CONTACTS,
        confirmation_id,
        list(range(1, len(traced) + 1)),
        [one.nearness.person_ref for one in traced],
        [one.nearness.dwelling_id for one in traced],
        [one.outcome for one in traced],
        [one.case_id for one in traced],
    )


async def contacts(conn: Conn, confirmation_id: UUID) -> list[asyncpg.Record]:
    """Tell whom a confirmed case made a close contact, in every way in which they were near."""
    return await conn.fetch(CONTACTS, confirmation_id)


async def last_place(conn: Conn, people: Sequence[UUID]) -> str | None:
    """Tell the compound of the newest fever path of a person, by their pseudonyms."""
    found: str | None = await conn.fetchval(LAST_PLACE, people)
    return found
