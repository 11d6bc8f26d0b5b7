"""Workers one by one, and who serves in a compound on a day (R3.1 to R3.3)."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.posts import Candidate, Period, Place, Serving
from services.registry.store.workers import Posting
from shared.db.pool import Conn, Tx
from shared.events.policy import WorkerKind

LOCK_CODE = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.worker.' || $1, 0))"
WORKER_BY_CODE = """
select worker_ref, code, name_sealed, sex_sealed, phone_sealed, content_index, kind, home_unit, work_group,
  home_compound_id, person_ref, version
from worker where code = $1
"""
WORKER = """
select w.worker_ref, w.code, w.name_sealed, w.sex_sealed, w.phone_sealed, w.content_index, w.kind, w.home_unit,
  w.work_group, w.home_compound_id, w.person_ref, w.version
from worker w where w.worker_ref = $1
"""
LOCK_WORKER = "select kind from worker where worker_ref = $1 for no key update"
SET_PERSON = "update worker set person_ref = $2 where worker_ref = $1"
WORKER_LINES = """
select w.worker_ref, w.code, w.kind, w.home_unit, w.work_group, w.home_compound_id, w.version,
  exists (select from posting p where p.worker_ref = w.worker_ref
    and p.from_day <= $1 and (p.until_day is null or p.until_day >= $1)) as posted
from worker w
where w.code > $2 and ($3::text is null or w.kind = $3) and ($4::text is null or w.work_group = $4)
  and ($5::text is null or w.home_compound_id = $5 or exists (
    select from posting p where p.worker_ref = w.worker_ref and p.compound_id = $5
      and p.from_day <= $1 and (p.until_day is null or p.until_day >= $1)))
order by w.code limit $6
"""
WORK_GROUPS = """
select w.work_group, w.home_unit, count(distinct w.worker_ref)::int as members,
  count(distinct w.worker_ref) filter (where p.posting_id is not null)::int as posted,
  coalesce(array_agg(distinct p.neighbourhood_id) filter (where p.neighbourhood_id is not null), '{}') as neighbourhoods
from worker w left join posting p on p.worker_ref = w.worker_ref
  and p.from_day <= $1 and (p.until_day is null or p.until_day >= $1)
where w.work_group is not null group by w.work_group, w.home_unit order by w.work_group, w.home_unit
"""
POSTINGS_OF = """
select p.posting_id, p.worker_ref, w.kind, p.place_kind, p.neighbourhood_id, p.compound_id, p.checkpoint_id, p.grid_id,
  p.from_day, p.until_day, p.policy_version, p.version
from posting p join worker w using (worker_ref) where p.worker_ref = $1 order by p.from_day, p.posting_id
"""
POSTING = """
select p.posting_id, p.worker_ref, w.kind, p.place_kind, p.neighbourhood_id, p.compound_id, p.checkpoint_id, p.grid_id,
  p.from_day, p.until_day, p.policy_version, p.version
from posting p join worker w using (worker_ref) where p.posting_id = $1
"""
ADD_POSTING = """
insert into posting (posting_id, worker_ref, place_kind, neighbourhood_id, compound_id, checkpoint_id, grid_id,
  from_day, until_day, policy_version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
BUMP_POSTINGS = """
update posting set version = version + 1 where worker_ref = $1 and (until_day is null or until_day >= $2)
"""
SERVING_IN = """
select p.posting_id, p.worker_ref, w.kind, p.place_kind, p.neighbourhood_id, p.compound_id, p.checkpoint_id, p.grid_id,
  p.from_day, p.until_day
from posting p join worker w using (worker_ref)
where p.compound_id = $1 and p.from_day <= $2 and (p.until_day is null or p.until_day >= $2)
order by p.posting_id
"""
# Where somebody lives: as the list of workers says, or as the book of people says of the same person.
CANDIDATES = """
select w.worker_ref, w.code, w.kind,
  coalesce(w.home_compound_id = $1, false) or exists (
    select from residence r join dwelling d using (dwelling_id)
    where r.person_ref = w.person_ref and r.resident and r.ended_on is null and d.compound_id = $1) as lives_here,
  coalesce(home.neighbourhood_id = $2, false) as lives_near,
  exists (select from posting p where p.worker_ref = w.worker_ref
    and p.from_day <= $3 and (p.until_day is null or p.until_day >= $3)) as posted
from worker w left join compound home on home.compound_id = w.home_compound_id
where $4::text is null or w.kind = $4 or w.kind = any($5::text[])
order by w.code
"""


async def lock_code(tx: Tx, code: str) -> None:
    """Let one entry about a staff number be decided at a time."""
    await tx.execute(LOCK_CODE, code)


async def by_code(conn: Conn, code: str) -> asyncpg.Record | None:
    """A worker by staff number, sealed."""
    return await conn.fetchrow(WORKER_BY_CODE, code)


async def one(conn: Conn, worker_ref: UUID) -> asyncpg.Record | None:
    """A worker, sealed."""
    return await conn.fetchrow(WORKER, worker_ref)


async def lock_worker(tx: Tx, worker_ref: UUID) -> WorkerKind | None:
    """Let one posting of a worker be decided at a time; tells the kind, None where there is no such worker."""
    kind: WorkerKind | None = await tx.fetchval(LOCK_WORKER, worker_ref)
    return kind


async def postings_of(conn: Conn, worker_ref: UUID) -> list[asyncpg.Record]:
    """A worker's postings, the first one first."""
    return await conn.fetch(POSTINGS_OF, worker_ref)


async def posting(conn: Conn, posting_id: UUID) -> asyncpg.Record | None:
    """One posting with the worker's kind."""
    return await conn.fetchrow(POSTING, posting_id)


async def add_posting(tx: Tx, posting: Posting, *, policy_version: int) -> None:
    """Write a posting that was decided under a policy."""
    post = posting.post
    await tx.execute(
        ADD_POSTING,
        posting.posting_id,
        posting.worker_ref,
        post.kind,
        post.neighbourhood_id,
        post.compound_id,
        post.checkpoint_id,
        post.grid_id,
        posting.from_day,
        posting.until_day,
        policy_version,
    )


async def serving_in(conn: Conn, compound_id: str, day: date) -> list[Serving]:
    """Who serves in a compound on a day, at the compound itself, its checkpoints and its grids."""
    return [serving(row) for row in await conn.fetch(SERVING_IN, compound_id, day)]


def serving(row: asyncpg.Record) -> Serving:
    """A posting from a row that names its place and the worker's kind."""
    place = row["grid_id"] or row["checkpoint_id"] or row["compound_id"] or row["neighbourhood_id"]
    return Serving(
        posting_id=row["posting_id"],
        worker_ref=row["worker_ref"],
        kind=row["kind"],
        place=Place(row["place_kind"], place),
        period=Period(from_day=row["from_day"], until_day=row["until_day"]),
    )


async def candidates(
    conn: Conn,
    compound_id: str,
    neighbourhood_id: str,
    day: date,
    *,
    kind: str | None,
    stand_ins: Iterable[str],
    several_at_once: Collection[str],
) -> list[Candidate]:
    """Workers who might serve in a compound on a day; None: of every kind."""
    rows = await conn.fetch(CANDIDATES, compound_id, neighbourhood_id, day, kind, list(stand_ins))
    return [
        Candidate(
            worker_ref=row["worker_ref"],
            code=row["code"],
            kind=row["kind"],
            lives_here=row["lives_here"],
            lives_near=row["lives_near"],
            posted=row["posted"] and row["kind"] not in several_at_once,
        )
        for row in rows
    ]
