"""Declarations as they come in: one, or many at once with one statement a kind (R2.7, O4, O6, O7).

However many there are, each is judged by itself and in its order, and one that is refused leaves nothing behind and
holds up no other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case
from services.observation.domain.declaring import Declared, Draft, Standing, decide_declaration
from services.observation.domain.repeats import same_content
from services.observation.domain.settling import Fact, decide_settling, next_step
from services.observation.handlers.keys import key_of
from services.observation.handlers.observing import found, in_force, missed_of, tell
from services.observation.handlers.telling import interruption_of
from services.observation.store import cases, copies, declarations, fevers, patterns
from services.observation.store.declarations import KeptDeclaration, NewDeclaration
from shared.db.pool import Tx
from shared.events.observation import DeclarationSubmitted, SymptomReported, WindowName
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import PersonKeys, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody declares for a case."""

    draft: Draft
    case_id: UUID
    recorded_by: str

    def content(self) -> str:
        """Everything that was said, and of whom: a repeat is the same when this is."""
        return f"{self.case_id}|{self.draft.content()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a declaration is answered with, also when it is repeated."""

    declaration_id: UUID
    case_id: UUID
    day: date
    window: WindowName
    standing: Standing
    alarming: bool
    received_at: datetime
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A declaration that is taken, with the case before it, once what fell due was settled, and after it."""

    said: Said
    kept: KeptDeclaration
    sealed: bytes
    before: Case
    settled: Case
    facts: tuple[Fact, ...]
    after: Case
    declared: Declared


async def declare(draft: Draft, *, case_id: UUID, recorded_by: str, tx: Tx, vault: Vault) -> Receipt:
    """Take a declaration, once per id; a fever or a symptom opens the fever path in the same step.

    Raises:
        CaseUnknown, PolicyUnknown, ErasedPerson, SameIdOtherContent, and what `decide_declaration` raises.
    """
    said = Said(draft=draft, case_id=case_id, recorded_by=recorded_by)
    (outcome,) = await declare_all([said], tx=tx, vault=vault)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def declare_all(said: Sequence[Said], *, tx: Tx, vault: Vault) -> list[Receipt | Refusal]:
    """Take declarations in their order, each once per id; tells for each its receipt, or why it was refused."""
    locked = {case.case_id: case for case in await cases.lock_many(tx, sorted({one.case_id for one in said}))}
    kept = await declarations.find_all(tx, [one.draft.declaration_id for one in said])
    keys = await vault.keys((case.person_ref for case in locked.values()), create=True)
    calendar = await copies.calendar(tx)
    taken: list[_Taken] = []
    outcomes: list[Receipt | Refusal] = []
    for one in said:
        try:
            known = kept.get(one.draft.declaration_id)
            if known is not None:
                same_content(known.content_index, vault.index_all("declaration", one.content()))
                outcomes.append(_receipt(known, repeated=True))
                continue
            case = found(locked.get(one.case_id))
            taken.append(_judge(one, case, in_force(calendar, tx.today), keys, vault, now=tx.now))
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        locked[one.case_id], kept[one.draft.declaration_id] = taken[-1].after, taken[-1].kept
        outcomes.append(_receipt(taken[-1].kept, repeated=False))
    if taken:
        await _keep(taken, in_force(calendar, tx.today), tx=tx)
    return outcomes


def _judge(
    said: Said, case: Case, calendar: Calendar, keys: PersonKeys, vault: Vault, *, now: datetime
) -> _Taken:
    settled, facts = decide_settling(case, calendar, until=now)
    after, declared = decide_declaration(settled, said.draft, calendar, now=now)
    return _Taken(
        said=said,
        kept=KeptDeclaration(
            declaration_id=said.draft.declaration_id,
            case_id=said.case_id,
            day=declared.span.day,
            window=declared.span.window,
            standing=declared.standing,
            alarming=declared.alarming,
            received_at=declared.received_at,
            content_index=vault.index("declaration", said.content()),
        ),
        sealed=vault.seal(key_of(keys, case.person_ref), "declaration", _answers(said.draft)),
        before=case,
        settled=settled,
        facts=facts,
        after=after,
        declared=declared,
    )


async def _keep(taken: Sequence[_Taken], calendar: Calendar, *, tx: Tx) -> None:
    """Save what was decided and tell it: of a case each fact in its order."""
    settled = [(one.before, one.settled, one.facts) for one in taken]
    await cases.add_missed(tx, missed_of(settled))
    await declarations.add(
        tx,
        [
            NewDeclaration(
                kept=one.kept,
                channel=one.said.draft.channel,
                taken_at=one.declared.taken_at,
                recorded_by=one.said.recorded_by,
                sealed=one.sealed,
            )
            for one in taken
        ],
    )
    last = {one.after.case_id: one.after for one in taken}
    await patterns.note_due(tx, sorted(last))
    for one in taken:  # few, and each may be refused by what is open already
        if one.declared.interruption is not None:
            await cases.save_interruption(tx, one.after.case_id, one.declared.interruption)
        if one.declared.alarming:
            await fevers.open_episode(
                tx,
                one.kept.declaration_id,
                person_ref=one.after.person_ref,
                compound=one.after.compound,
                grid=one.after.grid,
                case_id=one.after.case_id,
                source="declaration",
                at=one.declared.received_at,
            )
    await cases.save(tx, [(case, next_step(case, calendar)) for case in last.values()])
    for one, due in zip(taken, settled, strict=True):
        await tell(tx, [due])
        await _tell(one, tx=tx)


async def _tell(taken: _Taken, *, tx: Tx) -> None:
    case, draft, declared = taken.settled, taken.said.draft, taken.declared
    submitted = DeclarationSubmitted(
        declaration_id=draft.declaration_id,
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        day=declared.span.day,
        window=declared.span.window,
        late=declared.standing is not Standing.IN_TIME,
        by=draft.channel,
        temperature_c=draft.temperature_c,
        symptomatic=bool(draft.symptoms),
        submitted_at=declared.received_at,
        worker_ref=tx.worker_ref,
    )
    await tx.publish(submitted, version=case.version + 1)
    if declared.alarming:
        reported = SymptomReported(
            case_id=case.case_id,
            person_ref=case.person_ref,
            compound=case.compound,
            fever=declared.fever,
            by=draft.channel,
            reported_at=declared.received_at,
        )
        await tx.publish(reported, version=case.version + 2)
    if declared.interruption is not None:
        await tx.publish(interruption_of(taken.after), version=taken.after.version)


def _receipt(kept: KeptDeclaration, *, repeated: bool) -> Receipt:
    return Receipt(
        declaration_id=kept.declaration_id,
        case_id=kept.case_id,
        day=kept.day,
        window=kept.window,
        standing=kept.standing,
        alarming=kept.alarming,
        received_at=kept.received_at,
        repeated=repeated,
    )


def _answers(draft: Draft) -> str:
    """The health answers as one text to seal."""
    answers: Mapping[str, Any] = {
        "temperature_c": None if draft.temperature_c is None else str(draft.temperature_c),
        "cannot_measure_reason": draft.cannot_measure_reason,
        "symptoms": sorted(draft.symptoms),
    }
    return json.dumps(answers, separators=(",", ":"))
