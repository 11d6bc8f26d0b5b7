"""Spot checks: somebody scans a place again and says whether a round that was logged there is true (screens 4.9)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from typing import Literal
from uuid import UUID

import asyncpg

from services.sanitation.domain.inspections import (
    Answered,
    CheckedTooEarly,
    OtherPlace,
    RoundUnknown,
    decide_result,
)
from services.sanitation.domain.orders import OwnWork
from services.sanitation.handlers.inspections import (
    Item,
    Recorded,
    RecordInspection,
    keep,
    order_failed,
    recorded,
    recorded_before,
    timely,
)
from services.sanitation.handlers.policy import clock_tolerance, finding, in_force, inspection_rules
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import copies as copies_store
from services.sanitation.store import inspections as store
from shared.db.pool import Conn, Tx
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in

Outcome = Literal["confirmed", "contradicted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRound:
    """Somebody looked again at a round. `site_code` is what was scanned; the times are what the phone said."""

    inspection_id: UUID
    round_id: UUID
    site_code: SiteId
    outcome: Outcome
    photo_id: UUID | None
    checked_at: datetime
    sent_at: datetime | None
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChecks:
    """A day's spot checks: rounds logged, how many policy wants looked at, what was; and which to look at next."""

    rounds: int
    wanted: int | None
    checked: int
    contradicted: int
    suggested: tuple[asyncpg.Record, ...]


async def check(cmd: CheckRound, *, role: str, who: Principal, tx: Tx, vault: Vault) -> Recorded:
    """Keep what somebody found who looked again; what is contradicted is ordered to be put right.

    The round itself stays as it was logged: what it is worth is for the reviewer of the order to say.

    Raises:
        RoundUnknown, OutOfScope, OtherPlace, OwnWork, CheckedTooEarly: about the round.
        EvidenceMissing: contradicted, and not shown by words or a photo.
        InTheFuture, RecordedTooLate: see `decide_time`.
        AlreadyChecked: somebody looked at it before.
        SameIdOtherContent, PhotoUnknown, PhotoUsed, PolicySilent, PolicyUnknown: see `inspections.record`.
    """
    logged = await tx.fetchrow(store.ROUND_LOGGED, cmd.round_id)
    if logged is None:
        raise RoundUnknown("没有这次消杀。There is no such round.", field="round_id")
    compound: CompoundId = logged["compound"]
    await require_compound(tx, who, compound)
    await tx.fetch(copies_store.LOCK_COMPOUNDS, [compound])
    item = Item(
        code="round_contradicted",
        verdict="pass" if cmd.outcome == "confirmed" else "fail",
        photo_id=cmd.photo_id,
        note=cmd.note,
    )
    looked = RecordInspection(
        inspection_id=cmd.inspection_id,
        inspected="round",
        subject=str(cmd.round_id),
        found=None,
        items=(item,),
        photo_id=None,
        inspected_at=cmd.checked_at,
        sent_at=cmd.sent_at,
        note=None,
    )
    if await recorded_before(tx, cmd.inspection_id, said_in(looked), vault):
        return await recorded(tx, cmd.inspection_id, fresh=False)
    if cmd.site_code != logged["code"]:
        raise OtherPlace("扫码点位与该次消杀不符。The code scanned is of another place.", field="site_code")
    if logged["logged_by"] == who.subject:
        raise OwnWork("不得抽查本人的记录。Nobody checks a round of their own.")
    policy = await in_force(tx, tx.today)
    rules = inspection_rules(policy.document)
    at = timely(
        cmd.checked_at, cmd.sent_at, now=tx.now, tolerance=clock_tolerance(policy.document), rules=rules
    )
    if at < logged["done_at"]:
        raise CheckedTooEarly("早于该次消杀。It is before the round.", field="checked_at")
    answer = Answered(code=item.code, verdict=item.verdict, evident=bool(item.note or item.photo_id))
    result = decide_result([answer], [finding(rules, "round_contradicted")])
    await keep(tx, looked, compound, result, at=at, policy_version=policy.version, vault=vault)
    await order_failed(
        tx,
        looked,
        compound,
        result,
        notes={item.code: item.note},
        source="spot_check",
        who=who,
        role=role,
        rules=rules,
        vault=vault,
    )
    return await recorded(tx, cmd.inspection_id, fresh=True)


async def checks_of_day(conn: Conn, compound: CompoundId, day: date, *, today: date) -> DayChecks:
    """How far a compound's spot checks of a day are, and which rounds to look at next.

    Rounds to look at are drawn by their ids: nobody chooses them, and everybody who asks sees the same ones.
    """
    policy = await copies_store.policy_of(conn, today)
    rules = policy.document.inspections if policy else None
    row = await conn.fetchrow(store.CHECKS_OF_DAY, compound, day)
    assert row is not None  # noqa: S101 -- counts are always one row
    wanted = ceil(row["rounds"] * rules.spot_check_percent / 100) if rules else None
    left = max(0, (wanted or 0) - row["checked"])
    return DayChecks(
        rounds=row["rounds"],
        wanted=wanted,
        checked=row["checked"],
        contradicted=row["contradicted"],
        suggested=tuple(await conn.fetch(store.NEXT_CHECKS, compound, day, left)) if left else (),
    )
