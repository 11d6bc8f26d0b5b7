"""Messages about windows that stayed empty: written with the step that causes them, sent afterwards, at least once.

A message is taken up in one transaction, sent outside of any, and settled in another: a process that dies in between
sends it again under the same id, and the receiver takes it once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import asyncpg

from services.observation.domain.calendar import Calendar, Slot
from services.observation.domain.case import Case
from services.observation.domain.ladder import Missed, Step, awake
from services.observation.domain.messages import (
    Kind,
    MessageState,
    Unsent,
    Verdict,
    channel_of,
    decide_reminder,
    group_of,
    judge,
    next_attempt,
    text_for_group,
    text_for_resident,
)
from services.observation.handlers import observing
from services.observation.handlers.webhook import Letter, Outlets
from services.observation.metrics import FOLLOW_UP_DELAY
from services.observation.store import copies
from services.observation.store import messages as store
from services.observation.store.messages import NewMessage, Settlement
from shared.db.pool import Database, Tx
from shared.kernel.days import local_day
from shared.kernel.sealed import PersonKey, PersonKeys, Vault
from shared.obs.logging import get_logger

log = get_logger(__name__)
NAME = "observation.messages"
BATCH = 64
"""Messages taken up at once: all of them are through before their lease is over, however slow the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A step that fires for a missed window of a case."""

    case: Case
    missed: Missed
    step: Step


async def write(
    fired: Sequence[Fired], calendar: Calendar, *, tx: Tx, vault: Vault, outlets: Outlets
) -> None:
    """Write the message of each step that fires, in order; also where it cannot be sent, and then why."""
    people = list(dict.fromkeys(one.case.person_ref for one in fired))
    phones = await store.phones(tx, people)
    keys = await vault.keys(people, create=True)
    written = []
    for one in fired:
        slot = one.missed.slot
        span = calendar.span(*slot)
        if channel_of(one.step) == "sms":
            to, text = _phone(one.case, phones, keys), text_for_resident(span)
        else:
            to = group_of(one.step, one.case)
            text = text_for_group(one.step, slot, one.case, streak=one.missed.streak)
        written.append(
            _message(
                uuid5(one.case.case_id, f"{slot[0]}|{slot[1]}|{one.step}"),
                one.step,
                one.case,
                slot=slot,
                due_at=_not_at_night(calendar, tx.now),
                said=None if to is None else json.dumps({"to": to, "text": text}, ensure_ascii=False),
                key=keys.get(one.case.person_ref),
                outlets=outlets,
            )
        )
    await store.add(tx, written)


async def remind(message_id: UUID, *, case_id: UUID, tx: Tx, vault: Vault, outlets: Outlets) -> None:
    """Remind somebody of the window that opened last, because a worker asks for it.

    Raises:
        CaseUnknown, NothingToRemind, PolicyUnknown.
    """
    case = await observing.locked(tx, case_id)
    calendar = await observing.calendar_in_force(tx, tx.today)
    span = decide_reminder(case, calendar, now=tx.now)
    phones = await store.phones(tx, [case.person_ref])
    keys = await vault.keys([case.person_ref], create=True)
    to = _phone(case, phones, keys)
    said = None if to is None else json.dumps({"to": to, "text": text_for_resident(span)}, ensure_ascii=False)
    message = _message(
        message_id,
        "bulk_reminder",
        case,
        slot=span.slot,
        due_at=_not_at_night(calendar, tx.now),
        said=said,
        key=keys.get(case.person_ref),
        outlets=outlets,
    )
    await store.add(tx, [message])


def _message(
    message_id: UUID,
    kind: Kind,
    case: Case,
    *,
    slot: Slot,
    due_at: datetime,
    said: str | None,
    key: PersonKey | None,
    outlets: Outlets,
) -> NewMessage:
    channel, (day, window) = channel_of(kind), slot
    reason: Unsent | None = None
    if key is None:
        reason = Unsent.ERASED
    elif not outlets.lead_somewhere(channel):
        reason = Unsent.NOT_CONFIGURED
    elif said is None:
        reason = Unsent.NO_CONTACT
    sealed = None if key is None or said is None or reason is not None else Vault.seal(key, "message", said)
    return NewMessage(
        message_id=message_id,
        case_id=case.case_id,
        person_ref=case.person_ref,
        day=day,
        window=window,
        kind=kind,
        channel=channel,
        due_at=due_at,
        sealed=sealed,
        reason=reason,
    )


def _phone(case: Case, phones: dict[UUID, bytes], keys: PersonKeys) -> str | None:
    key, sealed = keys.get(case.person_ref), phones.get(case.person_ref)
    return None if key is None or sealed is None else Vault.open(key, "phone", sealed)


def _not_at_night(calendar: Calendar, now: datetime) -> datetime:
    """The instant from which a message may leave: a step of a service that was down may fire in the quiet hours."""
    rules = calendar.on(local_day(now)).document.follow_up
    return now if rules is None else awake(now, rules)


async def deliver_due(database: Database, vault: Vault, outlets: Outlets, *, batch: int = BATCH) -> int:
    """Send what is due, once through; tells how many messages were taken up."""
    real_now = database.clock.real_now()
    async with database.begin(actor=NAME) as tx:
        rows = await _take_up(tx, outlets, real_now=real_now, limit=batch)
    if not rows:
        return 0
    keys = await vault.keys(row["person_ref"] for row in rows)
    readable = [row for row in rows if row["person_ref"] in keys]
    statuses = await outlets.send([_letter(row, keys[row["person_ref"]]) for row in readable], database.clock)
    settled, again = _judged(readable, statuses, outlets, database.clock.real_now())
    settled += [
        Settlement(message_id=row["message_id"], state=MessageState.NOT_SENT, reason=Unsent.ERASED)
        for row in rows
        if row["person_ref"] not in keys
    ]
    async with database.begin(actor=NAME) as tx:
        kept = await store.settle(tx, settled)
        await store.put_off(tx, again)
        sent_at = tx.now
    for row in readable:
        if row["message_id"] in kept and row["channel"] == "sms" and row["closed_at"] is not None:
            FOLLOW_UP_DELAY.labels("remind").observe((sent_at - row["closed_at"]).total_seconds())
    log.info("messages_sent", taken_up=len(rows), settled=len(kept), again=len(again))
    return len(rows)


async def _take_up(tx: Tx, outlets: Outlets, *, real_now: datetime, limit: int) -> list[asyncpg.Record]:
    """What is sent now. What the quiet hours overtook waits for their end, also when an attempt failed before them."""
    if not await store.any_due(tx, now=tx.now, real_now=real_now):
        return []
    await store.drop_needless(tx, real_now=real_now)
    calendar = await copies.calendar(tx)
    wakes = tx.now if calendar is None else _not_at_night(calendar, tx.now)
    if wakes > tx.now:
        await store.hold(tx, real_now=real_now, until=wakes)
        return []
    until = real_now + timedelta(seconds=outlets.lease_seconds)
    return await store.take_up(tx, real_now=real_now, until=until, limit=limit)


def _judged(
    rows: Sequence[asyncpg.Record], statuses: Sequence[int | None], outlets: Outlets, real_now: datetime
) -> tuple[list[Settlement], list[tuple[UUID, datetime]]]:
    settled, again = [], []
    for row, status in zip(rows, statuses, strict=True):
        wait = next_attempt(row["attempts"], outlets.patience)
        match judge(status):
            case Verdict.TAKEN:
                settled.append(Settlement(message_id=row["message_id"], state=MessageState.SENT))
            case Verdict.AGAIN if wait is not None:
                again.append((row["message_id"], real_now + wait))
            case verdict:
                reason = Unsent.REFUSED if verdict is Verdict.REFUSED else Unsent.ATTEMPTS_EXHAUSTED
                settled.append(
                    Settlement(message_id=row["message_id"], state=MessageState.FAILED, reason=reason)
                )
    return settled, again


def _letter(row: asyncpg.Record, key: PersonKey) -> Letter:
    said = json.loads(Vault.open(key, "message", row["content_sealed"]))
    return Letter(message_id=row["message_id"], channel=row["channel"], to=said["to"], text=said["text"])
