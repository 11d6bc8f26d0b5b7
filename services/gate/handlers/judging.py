"""Judging checks: what a device sent, each new one decided once and in sequence (R2.3, G8, G10, G11)."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from services.gate.desk import Station
from services.gate.domain.arrivals import Arrival, decide_arrival
from services.gate.domain.entry import (
    Answers,
    EntryAttempt,
    EntryDecision,
    GateRecords,
    GateRules,
    Purpose,
    Restriction,
    SubjectKind,
    decide_entry,
)
from services.gate.domain.flags import LETS_THROUGH
from services.gate.domain.rulings import Action, Direction, Verdict
from services.gate.domain.times import JudgedTime, day_until, judge_time
from services.gate.sealing import CONTENT
from services.gate.store.checks import FirstAnswer, Known, Lookup
from shared.events.envelope import Cause
from shared.kernel.days import Span, local_day
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.sealed import Vault

_MOST_COUNTED = 10
"""An entry of the day beyond this one is told as this one: the statement that counts looks no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedOffline:
    """What the device itself decided, and by which policy version, while it had no answer from here.

    `clock_skew_seconds`: by how much its clock was ahead of ours, as far as it knew then.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    action: Action | None
    policy_version: int
    clock_skew_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEntry:
    """Decide and record one attempt. `content` spells out all that makes a repeat a repeat; it is never stored."""

    station: Station
    check_id: UUID
    seq: int
    direction: Direction
    kind: SubjectKind
    purpose: Purpose | None
    mask: bool | None
    temperature_c: Decimal | None
    answers: Answers
    checked_at: datetime
    offline: DecidedOffline | None
    lookup: Lookup
    content: str = field(repr=False)
    corrects: UUID | None = None
    arrival: Arrival | None = None
    cause: Cause


class Judged(NamedTuple):
    """A new check with what it was judged by, and what is answered and kept."""

    command: CheckEntry
    decision: EntryDecision
    time: JudgedTime
    records: GateRecords
    answer: FirstAnswer


def judge_all(
    asked: Iterable[tuple[CheckEntry, Known, JudgedTime]],
    now: datetime,
    rules: GateRules,
    vault: Vault,
) -> dict[UUID, Judged]:
    """Decide every check that is new, in the order given; a fever seen holds the person from the next one on."""
    judged: dict[UUID, Judged] = {}
    held: dict[PersonRef, Restriction] = {}
    entered: defaultdict[tuple[PersonRef, CompoundId], Counter[date]] = defaultdict(Counter)
    for command, facts, time in asked:
        if facts.first is not None or command.check_id in judged:
            continue
        records, person = facts.records, facts.records.person
        if person in held:
            records = dataclasses.replace(records, restrictions=(*records.restrictions, held[person]))
        if person is not None and (before := entered.get((person, command.station.compound))):
            today = records.entries_today + before[local_day(time.happened_at)]
            records = dataclasses.replace(records, entries_today=today)
        decision = decide_entry(_attempt(command, time, now), records, rules)
        if command.arrival is not None:
            decision = decide_arrival(
                command.arrival,
                decision,
                lives_here=_lives_here(command, facts),
                under_measure=bool(records.restrictions),
            )
        if decision.holds and person is not None:
            held[person] = Restriction(measure="medical", compound=command.station.compound)
        judged[command.check_id] = Judged(
            command=command,
            decision=decision,
            time=time,
            records=records,
            answer=_answer(
                command,
                decision,
                records=records,
                now=now,
                rules=rules,
                content=vault.index(CONTENT, command.content),
            ),
        )
        if person is not None and _enters(judged[command.check_id]):
            entered[person, command.station.compound][local_day(time.happened_at)] += 1
    return judged


def _lives_here(command: CheckEntry, facts: Known) -> bool:
    """Has somebody who fits a dwelling here? Who was found by room and surname lives there, whichever they are."""
    if command.kind is SubjectKind.DWELLING_SURNAME and facts.records.people:
        return True
    return facts.card is not None and command.station.compound in facts.card.compounds


def _enters(each: Judged) -> bool:
    return each.command.direction is Direction.ENTRY and each.answer.verdict in LETS_THROUGH


def days_of(commands: Sequence[CheckEntry], times: Sequence[JudgedTime], now: datetime) -> list[Span]:
    """In which span an earlier entry makes each a further one of its day: for history, up to when it happened."""
    today = day_until(now, whole=True)
    return [
        day_until(time.happened_at, whole=False) if command.offline else today
        for command, time in zip(commands, times, strict=True)
    ]


def time_of(command: CheckEntry, *, received_at: datetime, rules: GateRules) -> JudgedTime:
    """When a check happened: by what the device knew of its clock then, else by what it last said of it (G11)."""
    known = command.offline.clock_skew_seconds if command.offline else None
    return judge_time(
        command.checked_at,
        received_at=received_at,
        opened_at=command.station.opened_at,
        ahead_seconds=rules.ahead_seconds,
        skew_seconds=command.station.clock_skew_seconds if known is None else known,
    )


def _attempt(command: CheckEntry, time: JudgedTime, now: datetime) -> EntryAttempt:
    return EntryAttempt(
        here=command.station.compound,
        direction=command.direction,
        kind=command.kind,
        purpose=command.purpose,
        mask=command.mask,
        temperature_c=command.temperature_c,
        answers=command.answers,
        at=time.happened_at if command.offline else now,  # a slow device clock opens no expired pass
    )


def _answer(
    command: CheckEntry,
    decision: EntryDecision,
    *,
    records: GateRecords,
    now: datetime,
    rules: GateRules,
    content: bytes,
) -> FirstAnswer:
    """What is answered and kept: for a check of an offline device what it decided then, for it is history (G10)."""
    offline, person = command.offline, records.person
    return FirstAnswer(
        verdict=offline.verdict if offline else decision.verdict,
        reasons=offline.reasons if offline else decision.reasons,
        action=offline.action if offline else decision.action,
        checked_at=command.checked_at,
        received_at=now,
        offline=offline is not None,
        policy_version=offline.policy_version if offline else rules.version,
        content=content,
        person_ref=person,
        nth_today=min(records.entries_today + 1, _MOST_COUNTED)
        if person is not None and command.direction is Direction.ENTRY
        else None,
    )
