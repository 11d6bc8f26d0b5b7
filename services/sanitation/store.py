"""All SQL of sanitation."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.sanitation.domain.rounds import RoundDecision
from services.sanitation.domain.sites import Site, SiteCodeTaken
from services.sanitation.imports.site_rows import Fault
from shared.db.pool import Conn, Rejections, Tx
from shared.events.policy import PolicyDocument
from shared.kernel.ids import CompoundId, NeighbourhoodId, SiteId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "round_log_once": SameIdOtherContent(
        "该编号已用于另一次消杀。This id was used for another round.", field="round_id"
    ),
    "site_code_once": SiteCodeTaken("该点位编号已被使用。This code is in use.", field="code"),
}

# --- copies ----------------------------------------------------------------------------------------------

COPY_COMPOUNDS = """
insert into compound (compound, name, neighbourhood, version)
select compound, name, neighbourhood, version
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as row (compound, name, neighbourhood, version)
order by compound
on conflict (compound) do update
  set name = excluded.name, neighbourhood = excluded.neighbourhood, version = excluded.version
  where compound.version < excluded.version
"""
COPY_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3)
on conflict (version) do nothing
"""
POLICY_OF_DAY = """
select version, document from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
ANY_POLICY = "select exists (select from policy_version)"
COMPOUND = "select compound, neighbourhood from compound where compound = $1"
COMPOUNDS = "select compound from compound"
LOCK_COMPOUNDS = (
    "select compound from compound where compound = any($1::text[]) order by compound for no key update"
)
SETTLED = """
select not exists (
  select from bus_position
  where producer = 'registry' and channel = 'town'
    and moved_at > clock_timestamp() - make_interval(secs => $2::float8)
) and received_at < clock_timestamp() - make_interval(secs => $2::float8) from import_job where import_id = $1
"""

# --- sites -----------------------------------------------------------------------------------------------

SITE_FOR_UPDATE = """
select site_id, code, compound, kind, name, building, unit, rounds_per_day, since, active, registered_at, version
from site where code = $1 for no key update
"""
SITES_FOR_UPDATE = """
select site_id, code, compound, kind, name, building, unit, rounds_per_day, since, active, registered_at, version
from site where code = any($1::text[]) order by code for no key update
"""
SITES_OF_COMPOUND = """
select site_id, code, compound, kind, name, building, unit, rounds_per_day, since, active, registered_at, version
from site where compound = $1 and code > $2 order by code limit $3
"""
ADD_SITES = """
insert into site
  (site_id, version, registered_at, code, compound, kind, name, building, unit, rounds_per_day, since, active)
select site_id, version, registered_at, code, compound, kind, name, building, unit, rounds_per_day, since, active
from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::int[], $11::date[], $12::boolean[])
  as row (site_id, version, registered_at, code, compound, kind, name, building, unit, rounds_per_day, since, active)
order by code
"""
CHANGE_SITES = """
update site
set version = row.version, kind = row.kind, name = row.name, building = row.building, unit = row.unit,
    rounds_per_day = row.rounds_per_day, since = row.since, active = row.active
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::date[],
            $9::boolean[])
  as row (site_id, version, kind, name, building, unit, rounds_per_day, since, active)
where site.site_id = row.site_id
"""
RAISE_SITE_VERSION = "update site set version = version + 1 where site_id = $1 returning version"

# --- rounds ----------------------------------------------------------------------------------------------

ROUND = """
select l.round_id, l.site_id, s.code, s.compound, s.kind, l.day, l.agent, l.concentration_mg_l,
       l.within_range, l.counts, l.done_at, l.source, l.logged_at, l.policy_version
from round_log l join site s using (site_id) where l.round_id = $1
"""
TIMES_OF_DAY = "select done_at from round_log where site_id = $1 and day = $2 order by done_at"
ADD_ROUND = """
insert into round_log (round_id, site_id, day, agent, concentration_mg_l, within_range, counts, done_at,
                       source, logged_at, logged_by, policy_version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
DAY_OF_COMPOUND = """
select s.code, s.kind, s.name, s.rounds_per_day, s.since, s.active,
       coalesce(array_agg(l.done_at order by l.done_at) filter (where l.round_id is not null), '{}') as logs,
       count(l.round_id) filter (where not l.within_range) as outside_range
from site s left join round_log l on l.site_id = s.site_id and l.day = $2
where s.compound = $1
group by s.site_id
order by s.code
"""

# --- imports ---------------------------------------------------------------------------------------------

RUNNING_IMPORT = "select import_id from import_job where kind = $1 and sha256 = $2 and state = 'running'"
ADD_IMPORT = """
insert into import_job (import_id, kind, file, sha256, content, rows_total, requested_by, requested_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (kind, sha256) where state = 'running' do nothing
returning import_id
"""
IMPORT = """
select import_id, kind, file, state, rows_total, rows_done, rows_accepted, rows_unchanged, rows_duplicate,
       rows_rejected, requested_at, finished_at
from import_job where import_id = $1
"""
NEXT_IMPORT = """
select import_id, file, content, rows_total, rows_done from import_job where state = 'running'
order by received_at, import_id limit 1 for update skip locked
"""
ADD_IMPORT_ROWS = """
insert into import_row (import_id, nth, sheet, row, "column", code, detail, outcome)
select $1, nth, sheet, row, "column", code, detail, outcome
from unnest($2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
  as line (nth, sheet, row, "column", code, detail, outcome)
"""
ADVANCE_IMPORT = """
update import_job
set rows_done = rows_done + $2 + $3 + $4 + $5, rows_accepted = rows_accepted + $2,
    rows_unchanged = rows_unchanged + $3, rows_duplicate = rows_duplicate + $4,
    rows_rejected = rows_rejected + $5
where import_id = $1
"""
FINISH_IMPORT = """
update import_job set state = 'done', finished_at = $2, content = null
where import_id = $1 and state = 'running' and rows_done = rows_total
"""
IMPORT_ROWS = """
select nth, sheet, row, "column", code, detail, outcome from import_row
where import_id = $1 and nth > $2 order by nth limit $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSite:
    """A site with its identity, its version and when it was first entered."""

    site_id: UUID
    version: int
    registered_at: datetime
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce:
    """The policy of a day."""

    version: int
    document: PolicyDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows of a piece of an import came to what."""

    accepted: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: int = 0


def _known(row: asyncpg.Record) -> KnownSite:
    return KnownSite(
        site_id=row["site_id"],
        version=row["version"],
        registered_at=row["registered_at"],
        site=Site(
            code=row["code"],
            compound=row["compound"],
            kind=row["kind"],
            name=row["name"],
            building=row["building"],
            unit=row["unit"],
            rounds_per_day=row["rounds_per_day"],
            since=row["since"],
            active=row["active"],
        ),
    )


async def policy_of(conn: Conn, day: date) -> PolicyInForce | None:
    """The policy in force on a business day; None when none is known for it."""
    row = await conn.fetchrow(POLICY_OF_DAY, day)
    if row is None:
        return None
    return PolicyInForce(version=row["version"], document=PolicyDocument.model_validate(row["document"]))


async def compound_place(conn: Conn, compound: CompoundId) -> NeighbourhoodId | None:
    """The neighbourhood of a compound; None when the registry has not told of the compound."""
    row = await conn.fetchrow(COMPOUND, compound)
    return NeighbourhoodId(row["neighbourhood"]) if row else None


async def site_for_update(tx: Tx, code: SiteId) -> KnownSite | None:
    """The same, with everyone else waiting."""
    row = await tx.fetchrow(SITE_FOR_UPDATE, code)
    return _known(row) if row else None


async def sites_for_update(tx: Tx, codes: Sequence[SiteId]) -> dict[SiteId, KnownSite]:
    """Those of these codes that are known, with everyone else waiting."""
    return {row["code"]: _known(row) for row in await tx.fetch(SITES_FOR_UPDATE, list(codes))}


async def sites_of(conn: Conn, compound: CompoundId, *, after: str, limit: int) -> list[KnownSite]:
    """A compound's sites by code."""
    return [_known(row) for row in await conn.fetch(SITES_OF_COMPOUND, compound, after, limit)]


def _columns(lines: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*lines, strict=True)]


async def add_sites(tx: Tx, sites: Sequence[KnownSite]) -> None:
    """Write new sites. A code that is in use violates `site_code_once`."""
    if sites:
        lines = [(known.site_id, known.version, known.registered_at, *astuple(known.site)) for known in sites]
        await tx.execute(ADD_SITES, *_columns(lines))


async def change_sites(tx: Tx, sites: Sequence[KnownSite]) -> None:
    """Write new particulars and versions of locked sites."""
    if sites:
        lines = [
            (
                *(known.site_id, known.version, known.site.kind, known.site.name, known.site.building),
                *(known.site.unit, known.site.rounds_per_day, known.site.since, known.site.active),
            )
            for known in sites
        ]
        await tx.execute(CHANGE_SITES, *_columns(lines))


async def add_round(
    tx: Tx,
    decision: RoundDecision,
    *,
    round_id: UUID,
    site_id: UUID,
    done_at: datetime,
    source: str,
    policy_version: int,
) -> int:
    """Write a round; returns the site's version after it."""
    await tx.execute(
        ADD_ROUND,
        round_id,
        site_id,
        decision.day,
        decision.agent,
        decision.concentration_mg_l,
        decision.within_range,
        decision.counts,
        done_at,
        source,
        tx.now,
        tx.actor,
        policy_version,
    )
    version: int = await tx.fetchval(RAISE_SITE_VERSION, site_id)
    return version


async def add_faults(tx: Tx, import_id: UUID, faults: Sequence[tuple[int, Fault]]) -> None:
    """Write lines of the error sheet, each with its place in the file."""
    if faults:
        await tx.execute(
            ADD_IMPORT_ROWS,
            import_id,
            [nth for nth, _ in faults],
            [fault.sheet for _, fault in faults],
            [fault.row for _, fault in faults],
            [fault.column for _, fault in faults],
            [fault.code for _, fault in faults],
            [fault.detail for _, fault in faults],
            [fault.outcome for _, fault in faults],
        )


async def advance_import(tx: Tx, import_id: UUID, tally: Tally) -> None:
    """Move an import's position by what was done now."""
    await tx.execute(
        ADVANCE_IMPORT, import_id, tally.accepted, tally.unchanged, tally.duplicate, tally.rejected
    )


async def round_log(conn: Conn, round_id: UUID) -> asyncpg.Record | None:
    """A round with its site's code, compound and kind."""
    return await conn.fetchrow(ROUND, round_id)
