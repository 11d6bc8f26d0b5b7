"""Cases to look for patterns in, what looks made up, and what somebody found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.observation.domain.patterns import Pattern
from services.observation.domain.repeats import other_content
from services.observation.store.desk import Reach
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

NOTE_DUE = """
insert into pattern_due (case_id) select unnest($1::uuid[])
on conflict (case_id) do update set case_id = excluded.case_id
"""
TAKE_DUE = """
delete from pattern_due
where case_id in (select case_id from pattern_due order by case_id limit $1 for update skip locked)
returning case_id
"""
LINKS = """
select l.link_id, l.case_id as own, l.case_id from resident_link l
where l.case_id = any($1::uuid[])
  or l.link_id in (select link_id from link_member where case_id = any($1::uuid[]))
union
select l.link_id, l.case_id as own, m.case_id from resident_link l join link_member m using (link_id)
where l.case_id = any($1::uuid[])
  or l.link_id in (select link_id from link_member where case_id = any($1::uuid[]))
"""
PEOPLE = "select case_id, person_ref from observation_case where case_id = any($1::uuid[])"
REVIEWED = """
select case_id, kind, max(reviewed_at) as reviewed_at from pattern_flag
where case_id = any($1::uuid[]) and reviewed_at is not null group by case_id, kind
"""
FLAG = """
insert into pattern_flag (flag_id, case_id, kind, days, people, flagged_at) values ($1, $2, $3, $4, $5, $6)
on conflict (case_id, kind) where reviewed_at is null do update set days = excluded.days, people = excluded.people
"""
PAGE = """
select f.number, f.flag_id, f.case_id, c.person_ref, c.compound, c.grid, f.kind, f.days, f.people, f.flagged_at,
  f.reviewed_at, f.reviewed_by, f.verdict
from pattern_flag f join observation_case c using (case_id) left join compound_place p using (compound)
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5) and ($6::text is null or c.grid = $6)
  and ($7::boolean or f.reviewed_at is null) and ($8::text is null or f.kind = $8) and f.number > $9
order by f.number limit $10
"""
LOCK = """
select flag_id, case_id, reviewed_at, review_id, content_index from pattern_flag where flag_id = $1 for update
"""
KEEP_REVIEW = """
update pattern_flag set reviewed_at = $2, reviewed_by = $3, review_id = $4, verdict = $5, note_sealed = $6,
  content_index = $7
where flag_id = $1
"""

REJECTIONS: dict[str, Refusal] = {
    "pattern_flag_review_once": other_content(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReach:
    """A personal link: the case of its holder, and a case that it reaches."""

    link_id: UUID
    own: UUID
    case_id: UUID


async def note_due(tx: Tx, case_ids: Sequence[UUID]) -> None:
    """Have somebody look at cases; the rows stay locked, so nobody looks before this is committed."""
    await tx.execute(NOTE_DUE, list(case_ids))


async def take_due(tx: Tx, limit: int) -> list[UUID]:
    """Take some cases to look at."""
    return [row["case_id"] for row in await tx.fetch(TAKE_DUE, limit)]


async def links(conn: Conn, case_ids: Sequence[UUID]) -> list[LinkReach]:
    """Tell the links that reach these cases, each with every case that it reaches."""
    return [LinkReach(**dict(row)) for row in await conn.fetch(LINKS, list(case_ids))]


async def people(conn: Conn, case_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Tell whom cases are about."""
    return [(row["case_id"], row["person_ref"]) for row in await conn.fetch(PEOPLE, list(case_ids))]


async def reviewed(conn: Conn, case_ids: Sequence[UUID]) -> dict[tuple[UUID, str], datetime]:
    """Tell until when patterns of a kind were looked at in cases."""
    rows = await conn.fetch(REVIEWED, list(case_ids))
    return {(row["case_id"], row["kind"]): row["reviewed_at"] for row in rows}


async def flag(tx: Tx, found: Sequence[tuple[UUID, UUID, Pattern]]) -> None:
    """Keep what looks made up, as id, case and pattern; one that nobody has looked at yet is brought up to date."""
    await tx.executemany(
        FLAG,
        [
            (flag_id, case_id, pattern.kind, list(pattern.days), pattern.people, tx.now)
            for flag_id, case_id, pattern in sorted(found, key=lambda one: (one[1], one[2].kind))
        ],
    )


async def page(
    conn: Conn, reach: Reach, *, also_reviewed: bool, kind: str | None, after: int, limit: int
) -> list[asyncpg.Record]:
    """Tell flags within reach, oldest first."""
    return await conn.fetch(PAGE, *reach.values(), also_reviewed, kind, after, limit)


async def lock(tx: Tx, flag_id: UUID) -> asyncpg.Record | None:
    """Read a flag under its row lock."""
    return await tx.fetchrow(LOCK, flag_id)


async def keep_review(
    tx: Tx, flag_id: UUID, *, by: str, review_id: UUID, verdict: str, note_sealed: bytes, content_index: bytes
) -> None:
    """Keep what somebody found."""
    await tx.execute(KEEP_REVIEW, flag_id, tx.now, by, review_id, verdict, note_sealed, content_index)
