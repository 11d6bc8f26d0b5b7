"""Rounds of disinfection."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.rounds import RoundDecision
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "round_log_once": SameIdOtherContent(
        "该编号已用于另一次消杀。This id was used for another round.", field="round_id"
    ),
}

RAISE_SITE_VERSION = "update site set version = version + 1 where site_id = $1 returning version"
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


async def round_log(conn: Conn, round_id: UUID) -> asyncpg.Record | None:
    """A round with its site's code, compound and kind."""
    return await conn.fetchrow(ROUND, round_id)
