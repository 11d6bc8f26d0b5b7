"""Requests that wait for a second person, and what became of them; each step is in the log of reads as well."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Literal
from uuid import UUID

import asyncpg

from shared.audit.noting import note_reads
from shared.db.pool import Conn, Database, Tx
from shared.http.access import Principal, Role, RoleNotAllowed
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import Vault
from shared.leader import Ticker

ADD = """
insert into second_person (request_id, act, facts, reason_sealed, asked_by, asked_at, lapses_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""
WAITING = """
select request_id, act, facts, reason_sealed, asked_by, asked_at, lapses_at, outcome, decided_by, because_sealed,
  decided_at
from second_person where act = any($1::text[]) and outcome is null and lapses_at > $2
order by lapses_at, request_id limit $3
"""
ONE_LOCKED = """
select request_id, act, facts, reason_sealed, asked_by, asked_at, lapses_at, outcome, decided_by, because_sealed,
  decided_at
from second_person where request_id = $1 for update
"""
DECIDE = """
update second_person set outcome = $2, decided_by = $3, because_sealed = $4, decided_at = $5 where request_id = $1
"""
LAPSED = """
select request_id, act from second_person where outcome is null and lapses_at <= $1
order by lapses_at, request_id limit 100 for update skip locked
"""

Outcome = Literal["approved", "refused"]
MOST_SHOWN = 200
_REASON, _BECAUSE = "second_person_reason", "second_person_because"
"""Names of sealed fields, part of what is stored: never renamed."""


class RequestUnknown(Refusal):
    """There is no such request."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "request_unknown"


class OwnRequest(Refusal):
    """Whoever asks for something does not decide about it."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "own_request"


class RequestDecided(Refusal):
    """It was decided otherwise, or its time is over."""

    code: ClassVar[str] = "request_decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A kind of act that needs two people.

    Attributes:
        deciders: who may let it happen.
        approved: carries it out, or lets it begin, in the transaction that decides.
        dropped: what is left to do when it was refused (why) or nobody decided in time (None).
    """

    deciders: frozenset[Role]
    approved: Callable[[Tx, UUID], Awaitable[None]]
    dropped: Callable[[Tx, UUID, str | None], Awaitable[None]]


Acts = Mapping[str, Act]


async def ask(
    tx: Tx,
    request_id: UUID,
    act: str,
    *,
    facts: Mapping[str, Any],
    reason: str,
    role: str,
    within: timedelta,
    vault: Vault,
) -> None:
    """Let an act wait for a second person."""
    actor = tx.by
    key = await vault.key(request_id, create=True)
    sealed = vault.seal(key, _REASON, reason)
    await tx.execute(ADD, request_id, act, dict(facts), sealed, actor, tx.now, tx.now + within)
    await _note(tx, role, f"{act}.asked", about=request_id)


async def waiting(conn: Conn, acts: Acts, who: Principal, now: datetime) -> list[asyncpg.Record]:
    """What waits for somebody with the caller's roles, what lapses first first; their own requests too."""
    mine = [name for name, act in acts.items() if who.has(*act.deciders)]
    return await conn.fetch(WAITING, mine, now, MOST_SHOWN)


async def decide(
    tx: Tx, acts: Acts, request_id: UUID, outcome: Outcome, because: str, *, who: Principal, vault: Vault
) -> asyncpg.Record:
    """Let an act happen or drop it. The same decision of the same person again changes nothing.

    Raises:
        RequestUnknown, OwnRequest, RequestDecided, RoleNotAllowed: as their names say.
    """
    row = await tx.fetchrow(ONE_LOCKED, request_id)
    if row is None or row["act"] not in acts:
        raise RequestUnknown("没有这个申请。There is no such request.")
    act = acts[row["act"]]
    if not who.has(*act.deciders):
        raise RoleNotAllowed("您的角色不能审批此项。Your role does not decide about this.")
    if row["asked_by"] == who.subject:
        raise OwnRequest(
            "不能审批自己提出的申请。Whoever asked does not decide.",
            remedy="请由另一名有权限的人员审批。Let somebody else with the role decide.",
        )
    if row["outcome"] is not None:
        if (row["outcome"], row["decided_by"]) == (outcome, who.subject):
            return row
        raise RequestDecided("该申请已有结论。It was decided already.", outcome=row["outcome"])
    if row["lapses_at"] <= tx.now:
        raise RequestDecided("该申请已过期，请重新提出。Its time is over; ask again.", outcome="lapsed")
    sealed = vault.seal(await vault.key(request_id), _BECAUSE, because)
    await tx.execute(DECIDE, request_id, outcome, who.subject, sealed, tx.now)
    roles = ",".join(sorted({grant.role for grant in who.grants}))
    await _note(tx, roles, f"{row['act']}.{outcome}", about=request_id)
    if outcome == "approved":
        await act.approved(tx, request_id)
    else:
        await act.dropped(tx, request_id, because)
    decided = await tx.fetchrow(ONE_LOCKED, request_id)
    assert decided is not None  # noqa: S101 -- it is held
    return decided


async def withdraw(tx: Tx, act: str, request_id: UUID, *, role: str) -> None:
    """Take back what nobody has decided about; whose it is the caller has asked. Again: the same."""
    row = await tx.fetchrow(ONE_LOCKED, request_id)
    if row is not None and row["outcome"] is None:
        await tx.execute(DECIDE, request_id, "withdrawn", None, None, tx.now)
        await _note(tx, role, f"{act}.withdrawn", about=request_id)


async def reasons(row: asyncpg.Record, vault: Vault) -> tuple[str, str | None]:
    """Why it was asked for, and why it was decided so."""
    key = await vault.key(row["request_id"])
    because = row["because_sealed"]
    return vault.open(key, _REASON, row["reason_sealed"]), because and vault.open(key, _BECAUSE, because)


async def lapse(database: Database, acts: Acts) -> None:
    """Drop what nobody decided about in time."""
    async with database.begin(actor=NAME) as tx:
        for row in await tx.fetch(LAPSED, tx.now):
            await tx.execute(DECIDE, row["request_id"], "lapsed", None, None, tx.now)
            await _note(tx, "service", f"{row['act']}.lapsed", about=row["request_id"])
            await acts[row["act"]].dropped(tx, row["request_id"], None)


NAME = "second_person"


def lapsing(service: str, acts: Acts) -> Ticker:
    """What drops them as time goes by."""
    return Ticker(name=f"{service}.{NAME}", act=partial(lapse, acts=acts))


async def _note(tx: Tx, role: str, action: str, *, about: UUID) -> None:
    await note_reads(tx, role=role, action=action, refs=[], scope=f"request:{about}")
