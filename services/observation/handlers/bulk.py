"""Bulk actions: single commands, one transaction each, twenty at a time, in the background (screens W9, W10).

An item is marked in the transaction that carries it out, so a process that dies leaves nothing half done and the next
one goes on. What was refused is skipped with the refusal's code; what was cancelled stays waiting, still selected.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal
from uuid import UUID, uuid5

import asyncpg
from pydantic import TypeAdapter

from services.observation.domain.attempts import AttemptKind
from services.observation.domain.deciding import NO_TERMS, DecisionKind, Terms
from services.observation.domain.repeats import same_content
from services.observation.handlers import desk, messages, observing
from services.observation.handlers.webhook import Outlets
from services.observation.store import bulk as store
from shared.db.pool import Database, Tx
from shared.events.envelope import Cause
from shared.events.policy import SecondPersonRules
from shared.http.access import OutOfScope, Principal, Role
from shared.http.problem import PolicyUnknown
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import Vault
from shared.second_person import requests
from shared.second_person.requests import Act as SecondAct
from shared.second_person.requests import Acts

NAME = "observation.bulk"
BATCH = 20
Act = Literal["assign", "withdraw", "remind", "decide"]


class BulkUnknown(Refusal):
    """There is no such bulk action, or it is somebody else's."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "bulk_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done for each case: `kind` and `assigned_to` of an assignment; the rest of a decision."""

    act: Act
    kind: AttemptKind | None = None
    assigned_to: str | None = None
    decision: DecisionKind | None = None
    reason: str | None = field(default=None, repr=False)
    terms: Terms = NO_TERMS


_ORDER = TypeAdapter(Order)


async def ask(
    bulk_id: UUID, order: Order, case_ids: Sequence[UUID], *, who: Principal, tx: Tx, vault: Vault
) -> bool:
    """Keep what is to be done, once per id; cases out of the caller's reach are skipped at once. Tells if it is new.

    Raises:
        SameIdOtherContent.
    """
    text = _ORDER.dump_json(order).decode()
    content = f"{who.subject}|{text}|{','.join(map(str, case_ids))}"
    kept = await store.lock(tx, bulk_id)
    if kept is not None:
        same_content(kept["content_index"], vault.index_all("bulk", content))
        return False
    places = await store.places(tx, case_ids)
    rules = await _second_person(tx) if order.act == "decide" else None
    waits = rules is not None and len(case_ids) > rules.bulk_cases
    key = await vault.key(bulk_id, create=True)
    await store.add(
        tx,
        bulk_id,
        order.act,
        order_sealed=vault.seal(key, "bulk_order", text),
        content_index=vault.index("bulk", content),
        asked_by=who.subject,
        waits=waits,
    )
    await store.add_items(
        tx, bulk_id, [(case_id, _hindrance(places.get(case_id), who)) for case_id in case_ids]
    )
    if waits and rules is not None and order.reason:
        await requests.ask(
            tx,
            bulk_id,
            ACT,
            facts={"decision": order.decision, "cases": len(case_ids)},
            reason=order.reason,
            role=",".join(sorted({grant.role for grant in who.grants})),
            within=timedelta(hours=rules.hours),
            vault=vault,
        )
    return True


async def _second_person(tx: Tx) -> SecondPersonRules:
    rules = (await observing.calendar_in_force(tx, tx.today)).on(tx.today).document.second_person
    if rules is None:
        raise PolicyUnknown
    return rules


async def _dropped(tx: Tx, bulk_id: UUID, _why: str | None) -> None:
    await store.cancel(tx, bulk_id, by=tx.actor or "unknown")


ACT = "bulk_decision"
DECIDERS = frozenset({Role.HQ_OFFICER})
ACTS: Acts = {ACT: SecondAct(deciders=DECIDERS, approved=store.release, dropped=_dropped)}
"""What needs two people in this service."""


def _hindrance(place: asyncpg.Record | None, who: Principal) -> str | None:
    if place is None:
        return "case_unknown"
    reached = who.reaches(
        compound=place["compound"], neighbourhood=place["neighbourhood"], grid=place["grid"]
    )
    return None if reached else OutOfScope.code


async def run_due(database: Database, vault: Vault, outlets: Outlets, *, batch: int = BATCH) -> int:
    """Carry out what waits, batch by batch; tells how many items were settled."""
    settled = 0
    while True:
        async with database.read() as conn:
            due = await store.waiting(conn, batch)
        if not due:
            return settled
        for row in due:
            await _settle(row, database, vault, outlets)
        settled += len(due)


async def _settle(row: asyncpg.Record, database: Database, vault: Vault, outlets: Outlets) -> None:
    bulk_id, case_id = row["bulk_id"], row["case_id"]
    key = await vault.key(bulk_id)
    order = _ORDER.validate_json(vault.open(key, "bulk_order", row["order_sealed"]))
    cause = Cause(correlation=row["correlation_id"])
    try:
        async with database.begin(actor=row["asked_by"], cause=cause) as tx:
            if await store.take(tx, bulk_id, case_id):
                await _carry_out(
                    order, bulk_id, case_id, by=row["asked_by"], tx=tx, vault=vault, outlets=outlets
                )
    except Refusal as refusal:
        async with database.begin(actor=row["asked_by"], cause=cause) as tx:
            await store.skip(tx, bulk_id, case_id, refusal.code)


async def _carry_out(
    order: Order, bulk_id: UUID, case_id: UUID, *, by: str, tx: Tx, vault: Vault, outlets: Outlets
) -> None:
    """The single command; its id follows from the action and the case, so that it is carried out once."""
    command_id = uuid5(bulk_id, str(case_id))
    match order:
        case Order(act="assign", kind=str(kind), assigned_to=str(worker)):
            await desk.assign(
                command_id,
                kind,
                case_id=case_id,
                assigned_to=worker,
                assigned_by=by,
                tx=tx,
                bulk_id=bulk_id,
            )
        case Order(act="decide", decision=str(decision), reason=str(reason)):
            await observing.decide(
                command_id,
                decision,
                reason,
                case_id=case_id,
                decided_by=by,
                tx=tx,
                vault=vault,
                terms=order.terms,
            )
        case Order(act="remind"):
            await messages.remind(command_id, case_id=case_id, tx=tx, vault=vault, outlets=outlets)
        case _:
            await desk.withdraw(case_id, by=by, tx=tx)
