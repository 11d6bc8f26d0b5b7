"""Sanitation's commands: one transaction each."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal
from uuid import UUID

import asyncpg

from services.sanitation import store
from services.sanitation.domain.day_sheet import DaySheet, Duty, day_sheet
from services.sanitation.domain.rounds import RoundLog, RoundRules, SiteNotInUse, decide_round
from services.sanitation.domain.sites import CompoundUnknown, Site, SiteCodeTaken, SiteUnknown
from services.sanitation.imports import sheets
from services.sanitation.imports.job import announce
from services.sanitation.imports.site_rows import REQUIRED
from shared.db.pool import Conn, Tx
from shared.events.policy import PolicyDocument, RoundRule, SiteKind
from shared.events.sanitation import RoundLogged
from shared.http.access import Principal
from shared.http.problem import PolicyUnknown, Unavailable
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.kernel.refusal import Refusal, SameIdOtherContent


class NoPolicyOnThatDay(Refusal):
    """Policy is known, but none was in force on the day in question."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "no_policy_on_that_day"


class NoRuleForKind(Refusal):
    """Policy has no rule for this kind of site."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "no_rule_for_kind"


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


async def require_compound(conn: Conn, who: Principal, compound: CompoundId) -> None:
    """Insist that the compound is known and the caller's.

    Raises:
        OutOfScope: no grant covers it.
        CompoundUnknown: the registry has not told of it.
    """
    neighbourhood = await store.compound_place(conn, compound)
    who.require_compound(compound, neighbourhood=neighbourhood)
    if neighbourhood is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")


async def register_site(
    site: Site, *, who: Principal, tx: Tx, day_given: bool
) -> tuple[store.KnownSite, bool]:
    """Add a site; the code is its natural key, so the same again is answered alike. Says whether it is new.

    `day_given` is false where `site.since` is merely today: a repeat on the next day is still the same.

    Raises:
        SiteCodeTaken: the code is in use with other particulars.
    """
    await require_compound(tx, who, site.compound)
    await tx.fetch(store.LOCK_COMPOUNDS, [site.compound])  # whoever adds sites here takes turns
    known = await store.site_for_update(tx, site.code)
    if known is not None:
        if known.site != (site if day_given else replace(site, since=known.site.since)):
            raise SiteCodeTaken(
                "该点位编号已被使用，内容不同。The code is in use with other particulars.", field="code"
            )
        return known, False
    known = store.KnownSite(site_id=uuid7(), version=1, registered_at=tx.now, site=site)
    await store.add_sites(tx, [known])
    await announce(tx, known)
    return known, True


async def log_round(cmd: LogRound, *, who: Principal, tx: Tx) -> LoggedRound:
    """Keep a disinfection and say whether it counts. Asked twice, answered once (R5.1, S1, S3).

    The site's row is locked while the day's other logs are read, so two logs of one site are judged in turn.

    Raises:
        SiteUnknown, OutOfScope, SiteNotInUse: about the site.
        SameIdOtherContent: the id was used for something else.
        PolicyUnknown, NoPolicyOnThatDay, NoRuleForKind: nothing to judge by.
        Refusal: what `decide_round` raises.
    """
    known = await store.site_for_update(tx, cmd.site_code)
    if known is None:
        raise SiteUnknown("没有这个点位编号。There is no site with this code.", field="site_code")
    neighbourhood = await store.compound_place(tx, known.site.compound)
    who.require_compound(known.site.compound, neighbourhood=neighbourhood)
    if (earlier := await _answered_before(tx, cmd, known)) is not None:
        return earlier
    if not known.site.active:
        raise SiteNotInUse("该点位已停用。The site is not in use.", field="site_code")
    day = local_day(cmd.done_at)
    policy = await _policy(tx, day)
    decision = decide_round(
        RoundLog(agent=cmd.agent, concentration_mg_l=cmd.concentration_mg_l, done_at=cmd.done_at),
        [row["done_at"] for row in await tx.fetch(store.TIMES_OF_DAY, known.site_id, day)],
        _rules(policy.document, known.site.kind),
        tx.now,
    )
    version = await store.add_round(
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
    document = (await _policy(conn, day)).document
    rules = {rule.kind: rule for rule in document.sanitation.rounds}
    return [
        SiteSheet(
            code=row["code"],
            kind=row["kind"],
            name=row["name"],
            outside_range=row["outside_range"],
            sheet=_sheet_of(row, rules.get(row["kind"]), day, now),
        )
        for row in await conn.fetch(store.DAY_OF_COMPOUND, compound, day)
    ]


async def accept_import(tx: Tx, *, rows: int, content: bytes, file: str, kind: Literal["sites"]) -> UUID:
    """Take a readable file for later work; a file that is being worked on already is the same import."""
    digest = hashlib.sha256(content).hexdigest()
    import_id = await tx.fetchval(
        store.ADD_IMPORT, uuid7(), kind, file, digest, content, rows, tx.actor, tx.now
    )
    if import_id is None:
        import_id = await tx.fetchval(store.RUNNING_IMPORT, kind, digest)
    if import_id is None:  # it was finished at this very moment
        raise Unavailable(retry_after=1)
    found: UUID = import_id
    return found


def readable_rows(content: bytes) -> int:
    """Count the rows of an uploaded list, or refuse it here and now.

    Raises:
        FileUnreadable: not a list of sites.
    """
    return len(sheets.read(content, required=REQUIRED))


async def _answered_before(tx: Tx, cmd: LogRound, known: store.KnownSite) -> LoggedRound | None:
    row = await store.round_log(tx, cmd.round_id)
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


async def _policy(conn: Conn, day: date) -> store.PolicyInForce:
    policy = await store.policy_of(conn, day)
    if policy is not None:
        return policy
    if await conn.fetchval(store.ANY_POLICY):
        raise NoPolicyOnThatDay("当日没有生效的规则。No policy was in force on that day.")
    raise PolicyUnknown


def _rules(document: PolicyDocument, kind: SiteKind) -> RoundRules:
    for rule in document.sanitation.rounds:
        if rule.kind == kind:
            return RoundRules(
                spacing=timedelta(minutes=rule.spacing_minutes),
                concentration_from_mg_l=rule.concentration_from_mg_l,
                concentration_to_mg_l=rule.concentration_to_mg_l,
                future_tolerance=timedelta(seconds=document.gate.future_stamp_seconds),
            )
    raise NoRuleForKind("现行规则没有规定这类点位。Policy has no rule for this kind of site.")


def _sheet_of(row: asyncpg.Record, rule: RoundRule | None, day: date, now: datetime) -> DaySheet:
    return day_sheet(
        Duty(rounds_per_day=row["rounds_per_day"], since=row["since"], active=row["active"]),
        row["logs"],
        day=day,
        now=now,
        policy_rounds=rule.rounds_per_day if rule else 0,
        spacing=timedelta(minutes=rule.spacing_minutes if rule else 0),
    )
