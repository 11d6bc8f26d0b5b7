"""Rounds and day sheets."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from services.sanitation.domain.day_sheet import DaySheet, Duty, day_sheet
from services.sanitation.domain.rounds import RoundLog, SiteNotInUse, decide_round
from services.sanitation.domain.sites import SiteUnknown
from services.sanitation.handlers.policy import in_force, rules_of
from services.sanitation.store import copies as copies_store
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import sites as sites_store
from shared.db.pool import Conn, Tx
from shared.events.policy import RoundRule, SiteKind
from shared.events.sanitation import RoundLogged
from shared.http.access import Principal
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import SameIdOtherContent


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRound:
    """A worker disinfected a site."""

    round_id: UUID
    site_code: SiteId
    agent: str | None
    concentration_mg_l: int | None
    done_at: datetime
    source: Literal["code", "late_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRound:
    """A round as it was answered the first time. `fresh`: logged by this very command."""

    fresh: bool
    round_id: UUID
    site_id: UUID
    site_code: SiteId
    compound: CompoundId
    kind: SiteKind
    day: date
    done_at: datetime
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    source: Literal["code", "late_entry"]
    policy_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSheet:
    """A site's sheet of a day."""

    code: SiteId
    kind: SiteKind
    name: str
    outside_range: int
    sheet: DaySheet


async def log_round(cmd: LogRound, *, who: Principal, tx: Tx) -> LoggedRound:
    """Keep a disinfection and say whether it counts. Asked twice, answered once (R5.1, S1, S3).

    The site's row is locked while the day's other logs are read, so two logs of one site are judged in turn.

    Raises:
        SiteUnknown, OutOfScope, SiteNotInUse: about the site.
        SameIdOtherContent: the id was used for something else.
        PolicyUnknown, NoPolicyOnThatDay, NoRuleForKind: nothing to judge by.
        Refusal: what `decide_round` raises.
    """
    known = await sites_store.site_for_update(tx, cmd.site_code)
    if known is None:
        raise SiteUnknown("没有这个点位编号。There is no site with this code.", field="site_code")
    neighbourhood = await copies_store.compound_place(tx, known.site.compound)
    who.require_compound(known.site.compound, neighbourhood=neighbourhood)
    if (earlier := await _answered_before(tx, cmd, known)) is not None:
        return earlier
    if not known.site.active:
        raise SiteNotInUse("该点位已停用。The site is not in use.", field="site_code")
    day = local_day(cmd.done_at)
    policy = await in_force(tx, day)
    decision = decide_round(
        RoundLog(agent=cmd.agent, concentration_mg_l=cmd.concentration_mg_l, done_at=cmd.done_at),
        [row["done_at"] for row in await tx.fetch(rounds_store.TIMES_OF_DAY, known.site_id, day)],
        rules_of(policy.document, known.site.kind),
        tx.now,
    )
    version = await rounds_store.add_round(
        tx,
        decision,
        round_id=cmd.round_id,
        site_id=known.site_id,
        done_at=cmd.done_at,
        source=cmd.source,
        policy_version=policy.version,
    )
    event = RoundLogged(
        round_id=cmd.round_id,
        site_id=known.site_id,
        compound=known.site.compound,
        kind=known.site.kind,
        agent=decision.agent,
        concentration_mg_l=decision.concentration_mg_l,
        within_range=decision.within_range,
        counts=decision.counts,
        done_at=cmd.done_at,
        source=cmd.source,
    )
    await tx.publish(event, version=version)
    return LoggedRound(
        fresh=True,
        round_id=cmd.round_id,
        site_id=known.site_id,
        site_code=known.site.code,
        compound=known.site.compound,
        kind=known.site.kind,
        day=decision.day,
        done_at=cmd.done_at,
        agent=decision.agent,
        concentration_mg_l=decision.concentration_mg_l,
        within_range=decision.within_range,
        counts=decision.counts,
        source=cmd.source,
        policy_version=policy.version,
    )


async def day_sheets(conn: Conn, compound: CompoundId, *, day: date, now: datetime) -> list[SiteSheet]:
    """What each site of a compound owes on a day and has, derived from all logs known now.

    Raises:
        PolicyUnknown, NoPolicyOnThatDay: nothing to judge by.
    """
    document = (await in_force(conn, day)).document
    rules = {rule.kind: rule for rule in document.sanitation.rounds}
    return [
        SiteSheet(
            code=row["code"],
            kind=row["kind"],
            name=row["name"],
            outside_range=row["outside_range"],
            sheet=_sheet_of(row, rules.get(row["kind"]), day, now),
        )
        for row in await conn.fetch(rounds_store.DAY_OF_COMPOUND, compound, day)
    ]


async def _answered_before(tx: Tx, cmd: LogRound, known: sites_store.KnownSite) -> LoggedRound | None:
    row = await rounds_store.round_log(tx, cmd.round_id)
    if row is None:
        return None
    said = (row["site_id"], row["agent"], row["concentration_mg_l"], row["done_at"], row["source"])
    if said != (known.site_id, cmd.agent, cmd.concentration_mg_l, cmd.done_at, cmd.source):
        raise SameIdOtherContent(
            "该编号已用于另一次消杀。This id was used for another round.", field="round_id"
        )
    return LoggedRound(
        fresh=False,
        round_id=cmd.round_id,
        site_id=known.site_id,
        site_code=row["code"],
        compound=row["compound"],
        kind=row["kind"],
        day=row["day"],
        done_at=row["done_at"],
        agent=row["agent"],
        concentration_mg_l=row["concentration_mg_l"],
        within_range=row["within_range"],
        counts=row["counts"],
        source=row["source"],
        policy_version=row["policy_version"],
    )


def _sheet_of(row: asyncpg.Record, rule: RoundRule | None, day: date, now: datetime) -> DaySheet:
    return day_sheet(
        Duty(rounds_per_day=row["rounds_per_day"], since=row["since"], active=row["active"]),
        row["logs"],
        day=day,
        now=now,
        policy_rounds=rule.rounds_per_day if rule else 0,
        spacing=timedelta(minutes=rule.spacing_minutes if rule else 0),
    )
