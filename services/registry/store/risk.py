"""Divisions, case counts and risk revisions in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from services.registry.domain.risk import CaseCount
from shared.db.pool import Conn, Tx
from shared.events.policy_observation import Category

LOCK_RISK = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.risk', 0))"
FIGURES_LOADED = "select sha256 from figures_loaded where name = $1"
NOTE_LOADED = """
insert into figures_loaded (name, sha256, rows, loaded_at) values ($1, $2, $3, $4)
on conflict (name) do update set sha256 = excluded.sha256, rows = excluded.rows, loaded_at = excluded.loaded_at
"""
LOAD_DIVISIONS = """
insert into division (code, name, level, parent, same_as)
select code, name, level, parent, same_as
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as row (code, name, level, parent, same_as)
order by code
on conflict (code) do update
set name = excluded.name, level = excluded.level, parent = excluded.parent, same_as = excluded.same_as
where (division.name, division.level, division.parent, division.same_as)
  is distinct from (excluded.name, excluded.level, excluded.parent, excluded.same_as)
"""
LOAD_COUNTS = """
insert into case_count (day, province_code, province, city_code, city, confirmed, suspected, cured, dead)
select day, province_code, province, city_code, city, confirmed, suspected, cured, dead
from unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::int[])
  as row (day, province_code, province, city_code, city, confirmed, suspected, cured, dead)
on conflict on constraint case_count_once do update
set province = excluded.province, confirmed = excluded.confirmed, suspected = excluded.suspected,
  cured = excluded.cured, dead = excluded.dead
where (case_count.province, case_count.confirmed, case_count.suspected, case_count.cured, case_count.dead)
  is distinct from (excluded.province, excluded.confirmed, excluded.suspected, excluded.cured, excluded.dead)
"""
DIVISION = "select code, name, level, parent, same_as from division where code = $1"
DIVISIONS_KNOWN = (
    "select code, coalesce(same_as, code) as one_code from division where code = any($1::text[])"
)
FIND_DIVISIONS = """
select d.code, d.name, d.level, d.parent, d.same_as, p.name as parent_name, pp.name as grandparent_name
from division d
left join division p on p.code = d.parent
left join division pp on pp.code = p.parent
where d.code > $3 and (d.name like '%' || $1 || '%' or d.code like $1 || '%')
order by d.code limit $2
"""
# Places with their own code, and provinces' totals.
COUNTS_OF_DAY = """
select coalesce(city_code, province_code) as code, coalesce(city, province) as name, confirmed
from case_count where day = $1 and (city_code is not null or city is null)
order by code
"""
COUNTS_OF_PLACE = """
select day, coalesce(city_code, province_code) as code, coalesce(city, province) as name,
  confirmed, suspected, cured, dead
from case_count
where day = $1 and (city_code = $2 or (province_code = $2 and city is null))
order by city_code nulls last limit 1
"""
DAYS_COUNTED = "select min(day) as first, max(day) as last from case_count"
ADD_RISK = """
insert into risk_revision (revision, effective_from, areas, proposed_from, published_by, published_at)
values ($1, $2, $3, $4, $5, $6)
"""
# A revision replaces the whole list from its day on, also one that was to begin later than it (R4.8).
RISK_OF_DAY = """
select revision, effective_from, areas, proposed_from, published_by, published_at from risk_revision
where effective_from <= $1 order by revision desc limit 1
"""
RISK_BY_REVISION = """
select revision, effective_from, areas, proposed_from, published_by, published_at from risk_revision
where revision = $1
"""
RISK_LINES = """
select revision, effective_from, proposed_from, published_by, published_at,
  (select coalesce(jsonb_object_agg(category, places), '{}')
   from (select value as category, count(*) as places from jsonb_each_text(areas) group by value) as counted) as places
from risk_revision order by revision desc
"""
DIVISION_NAMES = "select code, name from division where code = any($1::text[])"
LATEST_REVISION = "select coalesce(max(revision), 0) from risk_revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskList:
    """A revision of the risk areas: the whole list, division code -> category."""

    revision: int
    effective_from: date
    areas: dict[str, Category]
    proposed_from: date | None
    published_by: str


async def lock(tx: Tx) -> None:
    """Let one revision, or one load, at a time be decided."""
    await tx.execute(LOCK_RISK)


async def loaded(conn: Conn, name: str) -> bytes | None:
    """The content hash of a file of figures as it was loaded last."""
    found: bytes | None = await conn.fetchval(FIGURES_LOADED, name)
    return found


async def note_loaded(tx: Tx, name: str, sha256: bytes, rows: int) -> None:
    """Write down that a file of figures is loaded."""
    await tx.execute(NOTE_LOADED, name, sha256, rows, tx.now)


async def load_divisions(tx: Tx, rows: Sequence[Sequence[str | None]]) -> int:
    """Add or correct divisions; returns how many rows that changed."""
    return _changed(await tx.execute(LOAD_DIVISIONS, *_columns(rows)))


async def load_counts(tx: Tx, rows: Sequence[Sequence[object]]) -> int:
    """Add or correct case counts; returns how many rows that changed: none the second time (H5)."""
    return _changed(await tx.execute(LOAD_COUNTS, *_columns(rows)))


async def division(conn: Conn, code: str) -> asyncpg.Record | None:
    """A division by its code."""
    return await conn.fetchrow(DIVISION, code)


async def one_codes(conn: Conn, codes: Sequence[str]) -> dict[str, str]:
    """Known codes -> the one code of that place, where code sets differ. Unknown codes are absent."""
    return {row["code"]: row["one_code"] for row in await conn.fetch(DIVISIONS_KNOWN, list(codes))}


async def find_divisions(conn: Conn, query: str, *, limit: int, after: str) -> list[asyncpg.Record]:
    """Divisions whose name contains a text or whose code begins with it, by code."""
    escaped = query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return await conn.fetch(FIND_DIVISIONS, escaped, limit, after)


async def counts_of_day(conn: Conn, day: date) -> list[CaseCount]:
    """Confirmed cases of every place that has a code, and of every province."""
    return [
        CaseCount(code=row["code"], name=row["name"], confirmed=row["confirmed"])
        for row in await conn.fetch(COUNTS_OF_DAY, day)
    ]


async def count_of(conn: Conn, day: date, code: str) -> asyncpg.Record | None:
    """The figures of one place on a day."""
    return await conn.fetchrow(COUNTS_OF_PLACE, day, code)


async def days_counted(conn: Conn) -> tuple[date, date] | None:
    """First and last day with figures."""
    row = await conn.fetchrow(DAYS_COUNTED)
    return (row["first"], row["last"]) if row and row["first"] else None


async def risk_at(conn: Conn, day: date) -> RiskList | None:
    """The risk list in force on a business day."""
    row = await conn.fetchrow(RISK_OF_DAY, day)
    return _risk(row) if row else None


async def by_revision(conn: Conn, revision: int) -> RiskList | None:
    """One revision."""
    row = await conn.fetchrow(RISK_BY_REVISION, revision)
    return _risk(row) if row else None


async def lines(conn: Conn) -> list[asyncpg.Record]:
    """Every revision without its areas, the newest first, with how many places it lists per category."""
    return await conn.fetch(RISK_LINES)


async def names_of(conn: Conn, codes: Sequence[str]) -> dict[str, str]:
    """The names of divisions."""
    return {row["code"]: row["name"] for row in await conn.fetch(DIVISION_NAMES, list(codes))}


async def latest_revision(conn: Conn) -> int:
    """The highest revision; 0 before the first."""
    found: int = await conn.fetchval(LATEST_REVISION)
    return found


async def add_risk(tx: Tx, risk: RiskList) -> None:
    """Write a revision."""
    await tx.execute(
        ADD_RISK,
        risk.revision,
        risk.effective_from,
        risk.areas,
        risk.proposed_from,
        risk.published_by,
        tx.now,
    )


def _risk(row: asyncpg.Record) -> RiskList:
    return RiskList(
        revision=row["revision"],
        effective_from=row["effective_from"],
        areas=row["areas"],
        proposed_from=row["proposed_from"],
        published_by=row["published_by"],
    )


def _columns(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _changed(tag: str) -> int:
    return int(tag.rsplit(" ", 1)[1])
