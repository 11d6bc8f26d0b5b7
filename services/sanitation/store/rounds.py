"""Rounds of disinfection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.day_sheet import Log
from services.sanitation.domain.duty import DutyState
from services.sanitation.domain.rounds import RoundDecision
from shared.db.pool import Conn, Rejections, Tx
from shared.events.policy_sanitation import SiteKind
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed_texts import SealedText

REJECTIONS: Rejections = {
    "round_log_once": SameIdOtherContent(
        "该编号已用于另一次消杀。This id was used for another round.", field="round_id"
    ),
}

RAISE_SITE_VERSION = "update site set version = version + 1 where site_id = $1 returning version"
ROUND = """
select l.round_id, l.site_id, s.code, s.compound, coalesce(d.kind, s.kind) as kind, l.day, l.agent,
       l.concentration_mg_l, l.within_range, l.counts, l.done_at, coalesce(l.device_at, l.done_at) as device_at,
       l.source, l.photo_id, l.explanation_index, l.logged_at, l.policy_version
from round_log l join site s using (site_id)
left join lateral (
  select kind from site_state where site_id = l.site_id and from_day <= l.day order by from_day desc limit 1
) d on true
where l.round_id = $1
"""
TIMES_OF_DAY = "select done_at from round_log where site_id = $1 and day = $2 order by done_at"
ADD_ROUND = """
insert into round_log (round_id, site_id, day, agent, concentration_mg_l, within_range, counts, done_at, device_at,
                       source, photo_id, explanation_sealed, explanation_index, logged_at, logged_by, policy_version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
# A day's sites with the state that held on that day, whether a closure covered it, and the day's logs.
SITE_DAYS = """
select s.site_id, s.code, s.compound, s.name, coalesce(d.kind, s.kind) as kind, d.from_day, d.rounds_per_day, d.since,
       d.active, d.on_duty_from,
       exists (
         select from site_closure c
         where c.site_id = s.site_id and c.from_day <= $2 and (c.last_day is null or c.last_day >= $2)) as closed,
       coalesce(l.done_at, '{}') as done_at, coalesce(l.late, '{}') as late,
       coalesce(l.outside_range, 0) as outside_range
from site s
left join lateral (
  select kind, from_day, rounds_per_day, since, active, on_duty_from from site_state
  where site_id = s.site_id and from_day <= $2 order by from_day desc limit 1
) d on true
left join lateral (
  select array_agg(done_at order by done_at, round_id) as done_at,
         array_agg(source = 'late_entry' order by done_at, round_id) as late,
         (count(*) filter (where not within_range))::int as outside_range
  from round_log where site_id = s.site_id and day = $2
) l on true
where s.compound = any($1::text[]) and ($3::uuid is null or s.site_id = $3)
order by s.code
"""
ROUNDS_OF_DAY = """
select l.round_id, l.site_id, s.code, s.name, l.agent, l.concentration_mg_l, l.within_range, l.counts, l.done_at,
       coalesce(l.device_at, l.done_at) as device_at, l.source, l.photo_id, l.explanation_sealed, l.logged_at,
       l.logged_by
from round_log l join site s using (site_id)
where s.compound = $1 and l.day = $2 and (l.done_at, l.round_id) > ($3, $4)
order by l.done_at, l.round_id limit $5
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDay:
    """A site on a day as it is known now: what held, whether it was closed, and its logs in order."""

    site_id: UUID
    code: SiteId
    compound: CompoundId
    name: str
    kind: SiteKind
    state: DutyState | None
    closed: bool
    logs: tuple[Log, ...]
    outside_range: int


async def add_round(
    tx: Tx,
    decision: RoundDecision,
    *,
    round_id: UUID,
    site_id: UUID,
    done_at: datetime,
    device_at: datetime,
    source: str,
    photo_id: UUID | None,
    explanation: SealedText | None,
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
        device_at,
        source,
        photo_id,
        explanation.sealed if explanation else None,
        explanation.index if explanation else None,
        tx.now,
        tx.actor,
        policy_version,
    )
    return await raise_version(tx, site_id)


async def raise_version(tx: Tx, site_id: UUID) -> int:
    """The next version of a locked site."""
    version: int = await tx.fetchval(RAISE_SITE_VERSION, site_id)
    return version


async def round_log(conn: Conn, round_id: UUID) -> asyncpg.Record | None:
    """A round with its site's code, compound and kind."""
    return await conn.fetchrow(ROUND, round_id)


async def site_days(
    conn: Conn, compounds: Sequence[CompoundId], day: date, *, only: UUID | None = None
) -> Sequence[SiteDay]:
    """The sites of compounds on a day, by code; `only` one of them where it is named."""
    return [_site_day(row) for row in await conn.fetch(SITE_DAYS, list(compounds), day, only)]


def _site_day(row: asyncpg.Record) -> SiteDay:
    state = None
    if row["from_day"] is not None:
        state = DutyState(
            from_day=row["from_day"],
            kind=row["kind"],
            rounds_per_day=row["rounds_per_day"],
            since=row["since"],
            active=row["active"],
            on_duty_from=row["on_duty_from"],
        )
    return SiteDay(
        site_id=row["site_id"],
        code=row["code"],
        compound=row["compound"],
        name=row["name"],
        kind=row["kind"],
        state=state,
        closed=row["closed"],
        logs=tuple(
            Log(done_at=done_at, late=late) for done_at, late in zip(row["done_at"], row["late"], strict=True)
        ),
        outside_range=row["outside_range"],
    )
