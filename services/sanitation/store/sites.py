"""Sites."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.sanitation.domain.sites import Site, SiteCodeTaken
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.ids import CompoundId, SiteId

REJECTIONS: Rejections = {
    "site_code_once": SiteCodeTaken("该点位编号已被使用。This code is in use.", field="code"),
}

SITE_FOR_UPDATE = """
select site_id, code, compound, kind, name, building, unit, rounds_per_day, since, active, registered_at, version,
  revision
from site where code = $1 for no key update
"""
SITE_COMPOUND = "select compound from site where code = $1"
SITES_FOR_UPDATE = """
select site_id, code, compound, kind, name, building, unit, rounds_per_day, since, active, registered_at, version,
  revision
from site where code = any($1::text[]) order by code for no key update
"""
SITES_OF_COMPOUND = """
select site_id, code, compound, kind, name, building, unit, rounds_per_day, since, active, registered_at, version,
  revision
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
    rounds_per_day = row.rounds_per_day, since = row.since, active = row.active, revision = site.revision + 1
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::date[],
            $9::boolean[])
  as row (site_id, version, kind, name, building, unit, rounds_per_day, since, active)
where site.site_id = row.site_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSite:
    """A site with its identity, its version, when it was first entered, and how often it was entered or corrected."""

    site_id: UUID
    version: int
    registered_at: datetime
    site: Site
    revision: int = 1


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
        revision=row["revision"],
    )


async def site_compound(conn: Conn, code: SiteId) -> CompoundId | None:
    """The compound of a site, which never changes."""
    found: CompoundId | None = await conn.fetchval(SITE_COMPOUND, code)
    return found


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
