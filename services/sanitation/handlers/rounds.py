"""Rounds of disinfection: kept once, judged by the policy of their day."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.sanitation.domain.duty import state_on
from services.sanitation.domain.late import Source, by_our_clock, decide_timeliness
from services.sanitation.domain.rounds import RoundLog, SiteNotInUse, decide_round
from services.sanitation.handlers.day_close import reconsider
from services.sanitation.handlers.photos import use_photo
from services.sanitation.handlers.policy import clock_tolerance, in_force, late_rules, rules_of
from services.sanitation.handlers.sites import site_within
from services.sanitation.store import duty as duty_store
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import sites as sites_store
from shared.db.pool import Conn, Tx
from shared.events.policy_sanitation import SiteKind
from shared.events.sanitation import RoundLogged
from shared.http.access import Principal
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import same, seal, unseal

EXPLANATION = "explanation"
"""Name of a sealed field, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRound:
    """A worker disinfected a site. `done_at` and `sent_at` are what the worker's phone said."""

    round_id: UUID
    site_code: SiteId
    agent: str | None
    concentration_mg_l: int | None
    done_at: datetime
    sent_at: datetime | None
    source: Source
    explanation: str | None
    photo_id: UUID | None


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
    device_at: datetime
    logged_at: datetime
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    source: Source
    photo_id: UUID | None
    policy_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRound:
    """A round as the day's book shows it: when, what, by whom, and why late."""

    round_id: UUID
    site_code: SiteId
    name: str
    agent: str
    concentration_mg_l: int
    within_range: bool
    counts: bool
    done_at: datetime
    device_at: datetime
    logged_at: datetime
    logged_by: str
    source: Source
    explanation: str | None
    photo_id: UUID | None


async def log_round(cmd: LogRound, *, who: Principal, tx: Tx, vault: Vault) -> LoggedRound:
    """Keep a disinfection and say whether it counts. Asked twice, answered once (R5.1, S1, S3).

    The site's row is locked while the day's other logs are read, so two logs of one site are judged in turn.

    Raises:
        SiteUnknown, OutOfScope, SiteNotInUse: about the site; whether it was in use is asked of the round's day.
        SameIdOtherContent: the id was used for something else.
        PolicyUnknown, NoPolicyOnThatDay, NoRuleForKind: nothing to judge by.
        PhotoUnknown, PhotoUsed: see `use_photo`.
        Refusal: what `decide_timeliness` and `decide_round` raise.
    """
    known = await site_within(tx, who, cmd.site_code)
    if (earlier := await _answered_before(tx, cmd, known, vault)) is not None:
        return earlier
    current = await in_force(tx, tx.today)
    today = current.document
    tolerance = clock_tolerance(today)
    done_at = by_our_clock(cmd.done_at, sent_at=cmd.sent_at, now=tx.now, tolerance=tolerance)
    day = local_day(done_at)
    held = state_on((await duty_store.histories(tx, [known.site_id]))[known.site_id], day)
    if held is not None and not held.active:
        raise SiteNotInUse("该点位当日已停用。The site was not in use on that day.", field="site_code")
    kind = held.kind if held else known.site.kind
    decide_timeliness(
        done_at,
        source=cmd.source,
        explained=cmd.explanation is not None,
        now=tx.now,
        tolerance=tolerance,
        rules=late_rules(today),
    )
    policy = current if day == tx.today else await in_force(tx, day)
    decision = decide_round(
        RoundLog(agent=cmd.agent, concentration_mg_l=cmd.concentration_mg_l, done_at=done_at),
        [row["done_at"] for row in await tx.fetch(rounds_store.TIMES_OF_DAY, known.site_id, day)],
        rules_of(policy.document, kind),
    )
    await use_photo(tx, cmd.photo_id, known.site.compound)
    version = await rounds_store.add_round(
        tx,
        decision,
        round_id=cmd.round_id,
        site_id=known.site_id,
        done_at=done_at,
        device_at=cmd.done_at,
        source=cmd.source,
        photo_id=cmd.photo_id,
        explanation=await seal(vault, known.site_id, EXPLANATION, cmd.explanation),
        policy_version=policy.version,
    )
    event = RoundLogged(
        round_id=cmd.round_id,
        site_id=known.site_id,
        compound=known.site.compound,
        kind=kind,
        agent=decision.agent,
        concentration_mg_l=decision.concentration_mg_l,
        within_range=decision.within_range,
        counts=decision.counts,
        done_at=done_at,
        source=cmd.source,
        worker_ref=tx.worker_ref,
    )
    await tx.publish(event, version=version)
    await reconsider(tx, known.site.compound, known.site_id, day)
    return LoggedRound(
        fresh=True,
        round_id=cmd.round_id,
        site_id=known.site_id,
        site_code=known.site.code,
        compound=known.site.compound,
        kind=kind,
        day=decision.day,
        done_at=done_at,
        device_at=cmd.done_at,
        logged_at=tx.now,
        agent=decision.agent,
        concentration_mg_l=decision.concentration_mg_l,
        within_range=decision.within_range,
        counts=decision.counts,
        source=cmd.source,
        photo_id=cmd.photo_id,
        policy_version=policy.version,
    )


async def rounds_of_day(
    conn: Conn, compound: CompoundId, day: date, *, after: tuple[datetime, UUID], limit: int, vault: Vault
) -> list[ListedRound]:
    """The day's book of a compound, in the order in which things were done."""
    rows = await conn.fetch(rounds_store.ROUNDS_OF_DAY, compound, day, *after, limit)
    return [
        ListedRound(
            round_id=row["round_id"],
            site_code=row["code"],
            name=row["name"],
            agent=row["agent"],
            concentration_mg_l=row["concentration_mg_l"],
            within_range=row["within_range"],
            counts=row["counts"],
            done_at=row["done_at"],
            device_at=row["device_at"],
            logged_at=row["logged_at"],
            logged_by=row["logged_by"],
            source=row["source"],
            explanation=await unseal(vault, row["site_id"], EXPLANATION, row["explanation_sealed"]),
            photo_id=row["photo_id"],
        )
        for row in rows
    ]


async def _answered_before(
    tx: Tx, cmd: LogRound, known: sites_store.KnownSite, vault: Vault
) -> LoggedRound | None:
    row = await rounds_store.round_log(tx, cmd.round_id)
    if row is None:
        return None
    said = (row["site_id"], row["agent"], row["concentration_mg_l"], row["device_at"], row["source"])
    asked = (known.site_id, cmd.agent, cmd.concentration_mg_l, cmd.done_at, cmd.source)
    explained = same(vault, EXPLANATION, row["explanation_index"], cmd.explanation)
    if said != asked or row["photo_id"] != cmd.photo_id or not explained:
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
        device_at=row["device_at"],
        logged_at=row["logged_at"],
        agent=row["agent"],
        concentration_mg_l=row["concentration_mg_l"],
        within_range=row["within_range"],
        counts=row["counts"],
        source=row["source"],
        photo_id=row["photo_id"],
        policy_version=row["policy_version"],
    )
