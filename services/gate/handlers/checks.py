"""Entry checks: any number in one transaction, each decided once (R2.3, G8, device contract).

Inside a group equal ids coalesce and the same person's checks are decided in sequence; the loser of a conflict with
another transaction gives the winner's answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic_core import from_json

from services.gate.domain.entry import (
    Answers,
    GateRules,
)
from services.gate.domain.rulings import Direction, Reason, strictest_measure
from services.gate.domain.subjects import Display, masked
from services.gate.handlers.flags import HandedIn, tell_late_admissions
from services.gate.handlers.judging import CheckEntry, Judged, days_of, judge_all, time_of
from services.gate.sealing import ANSWERS, CONTENT, HOMES, READING, SURNAME
from services.gate.store import arrivals
from services.gate.store import checks as store
from services.gate.store.checks import FirstAnswer, Known, NewCheck
from shared.db.pool import Tx
from shared.events.gate import (
    CaseContactReported,
    EntryChecked,
    FeverSeen,
    FocusAreaPersonReported,
    QuarantineExitSeen,
)
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import PersonKeys, Vault


class Answered(NamedTuple):
    """The first answer to a check. `created` is false for a repeat.

    Of a new check, `found` are the reasons as gate sees them now: a device that decided by itself may have had others;
    and `happened_at` is when it was at the gate, which for a check that is handed in later lies behind.
    """

    created: bool
    answer: FirstAnswer
    display: Display | None
    temperature_c: Decimal | None = None
    found: tuple[str, ...] = ()
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A check that is not taken."""

    refusal: SameIdOtherContent


Outcome = Answered | Rejected


async def check_entries(
    commands: Sequence[CheckEntry], *, tx: Tx, rules: GateRules, vault: Vault
) -> list[Outcome]:
    """Decide, keep and publish; one outcome a command, in order. Nothing is answered before the commit."""
    times = [time_of(command, received_at=tx.now, rules=rules) for command in commands]
    days = days_of(commands, times, tx.now)
    known = await store.known(tx, [command.lookup for command in commands], days)
    judged = judge_all(zip(commands, known, times, strict=True), tx.now, rules, vault)
    # Keys are fetched before the first write, so that no row lock waits for the key store.
    shown = [_shown(command, facts) for command, facts in zip(commands, known, strict=True)]
    keys = await vault.keys(card.person_ref for card in shown if card)
    keys.update(await vault.keys(_who_told(judged.values()), create=True))
    rows = [_row(each, tx.now, keys, vault) for each in judged.values()]
    new = await store.add_checks(tx, rows, _reads(commands, shown))
    firsts = {check_id: judged[check_id].answer for check_id in new}
    if others := [check_id for check_id in judged if check_id not in new]:
        firsts.update(await store.first_answers(tx, others))
    await _hold_and_tell(tx, [each for check_id, each in judged.items() if check_id in new])
    await tell_late_admissions([late for check_id in new if (late := _handed_in(judged[check_id]))], tx=tx)
    outcomes: list[Outcome] = []
    for command, facts, card in zip(commands, known, shown, strict=True):
        first = facts.first or firsts[command.check_id]
        created = command.check_id in new
        new.discard(command.check_id)  # a second one of the same id in this group is a repeat
        if not created and first.content not in vault.index_all(CONTENT, command.content):
            outcomes.append(Rejected(refusal=_other_content()))
            continue
        display = _display(card, command.station.compound, keys, vault)
        if not created:
            outcomes.append(Answered(created=False, answer=first, display=display))
            continue
        decision, happened_at = judged[command.check_id].decision, judged[command.check_id].time.happened_at
        outcomes.append(
            Answered(
                created=True,
                answer=first,
                display=display,
                temperature_c=decision.temperature_c,
                found=decision.reasons,
                happened_at=happened_at,
            )
        )
    return outcomes


def _who_told(judged: Iterable[Judged]) -> list[PersonRef]:
    """Whose reading or answers are kept: they are sealed with the person's key, so without a person they are not."""
    return [
        each.answer.person_ref
        for each in judged
        if each.answer.person_ref is not None
        and (each.decision.temperature_c is not None or each.command.answers.any_given)
    ]


def _row(each: Judged, now: datetime, keys: PersonKeys, vault: Vault) -> NewCheck:
    command, answer, records = each.command, each.answer, each.records
    person = answer.person_ref
    key = keys.get(person) if person is not None else None
    reading = each.decision.temperature_c
    return NewCheck(
        check_id=command.check_id,
        device_id=command.station.device_id,
        seq=command.seq,
        compound=command.station.compound,
        checkpoint=command.station.checkpoint,
        direction=command.direction,
        subject_kind=command.kind,
        person_ref=person,
        pass_id=records.entry_pass.pass_id if records.entry_pass else None,
        mask=command.mask,
        temperature_sealed=vault.seal(key, READING, str(reading)) if key and reading is not None else None,
        answers_sealed=vault.seal(key, ANSWERS, _spell(command.answers))
        if key and command.answers.any_given
        else None,
        verdict=answer.verdict,
        reasons=" ".join(answer.reasons),
        action=answer.action,
        offline=answer.offline,
        policy_version=answer.policy_version,
        device_at=command.checked_at,
        happened_at=each.time.happened_at,
        time_trusted=each.time.trusted,
        received_at=now,
        content=answer.content,
        nth_today=answer.nth_today,
    )


def _spell(answers: Answers) -> str:
    """Answers as text: one letter each, in the order of the fields."""
    given = (answers.been_to_focus_area, answers.contact_with_case, answers.unwell)
    return "".join({None: "-", True: "y", False: "n"}[answer] for answer in given)


async def _hold_and_tell(tx: Tx, new: Sequence[Judged]) -> None:
    """A resident's fever holds them at once; each new check becomes one event, and who has to be reported is."""
    feverish = [each for each in new if each.decision.holds]
    if feverish:
        await tx.execute(
            store.ADD_HOLDS,
            [each.command.check_id for each in feverish],
            [each.answer.person_ref for each in feverish],
            [each.command.station.compound for each in feverish],
            [tx.now] * len(feverish),
        )
    for each in new:
        station, answer, person = each.command.station, each.answer, each.answer.person_ref
        await tx.publish(
            EntryChecked(
                check_id=each.command.check_id,
                compound=station.compound,
                checkpoint=station.checkpoint,
                person_ref=None,
                direction=each.command.direction.value,
                verdict=answer.verdict.value,
                reasons=tuple(str(reason) for reason in answer.reasons),
                temperature_c=None,
                checked_at=each.time.happened_at,
                offline=answer.offline,
                policy_version=answer.policy_version,
                corrects=each.command.corrects,
            ),
            version=1,
            cause=each.command.cause,
        )
        if each.decision.holds and person is not None and each.decision.temperature_c is not None:
            fever = FeverSeen(**_where(each), temperature_c=each.decision.temperature_c)
            await tx.publish(fever, version=1, cause=each.command.cause)
        if _from_focus_area(each):
            await arrivals.open_loop(tx, "focus_area", _where(each))
            await tx.publish(FocusAreaPersonReported(**_where(each)), version=1, cause=each.command.cause)
        if each.command.answers.contact_with_case and not each.records.restrictions:
            await arrivals.open_loop(tx, "case_contact", _where(each))
            await tx.publish(CaseContactReported(**_where(each)), version=1, cause=each.command.cause)
        if _leaves_quarantine(each):
            leaving = QuarantineExitSeen(**_where(each), verdict=answer.verdict.value)
            await tx.publish(leaving, version=1, cause=each.command.cause)


def _where(each: Judged) -> dict[str, Any]:
    """Which check is reported, of whom, where and when."""
    station = each.command.station
    return {
        "check_id": each.command.check_id,
        "person_ref": each.answer.person_ref,
        "compound": station.compound,
        "checkpoint": station.checkpoint,
        "checked_at": each.time.happened_at,
    }


def _from_focus_area(each: Judged) -> bool:
    """Does somebody say to have been in a focus area, of whom nobody knew (R2.5)? Arrivals tell it themselves."""
    unknown = not each.records.restrictions and each.command.arrival is None
    return unknown and each.command.answers.been_to_focus_area is True


def _leaves_quarantine(each: Judged) -> bool:
    """Does somebody who stays at home by a measure stand at the way out? A corrected check was told already.

    A check that is handed in later may be from before the measure began: then they might leave.
    """
    if each.command.direction is not Direction.EXIT or each.command.corrects is not None:
        return False
    held = [
        one.measure
        for one in each.records.restrictions
        if one.since is None or one.since <= each.time.happened_at
    ]
    return strictest_measure(held) == "home_quarantine"


_ENDED = frozenset({Reason.PASS_REVOKED, Reason.PASS_SUSPENDED, Reason.PASS_REPLACED})


def _handed_in(each: Judged) -> HandedIn | None:
    """A check that a device decided by itself, if its pass is not good any more as we see it now."""
    entry_pass, station = each.records.entry_pass, each.command.station
    if each.command.offline is None or entry_pass is None or _ENDED.isdisjoint(each.decision.reasons):
        return None
    return HandedIn(
        check_id=each.command.check_id,
        pass_id=entry_pass.pass_id,
        person_ref=each.answer.person_ref,
        shown_serial=each.records.serial,
        compound=station.compound,
        checkpoint=station.checkpoint,
        verdict=each.answer.verdict,
        happened_at=each.time.happened_at,
    )


def _shown(command: CheckEntry, facts: Known) -> store.SealedCard | None:
    """Whose card the guard may see: of those who live here or hold a pass for here."""
    card, entry_pass, here = facts.card, facts.records.entry_pass, command.station.compound
    if card and (here in card.compounds or (entry_pass and entry_pass.compound == here)):
        return card
    return None


def _display(
    card: store.SealedCard | None, here: CompoundId, keys: PersonKeys, vault: Vault
) -> Display | None:
    key = keys.get(card.person_ref) if card else None
    if card is None or key is None:  # no card, or the person was erased meanwhile
        return None
    rooms = from_json(vault.open(key, HOMES, card.homes))
    return Display(surname=masked(vault.open(key, SURNAME, card.surname)), room=rooms.get(here))


def _reads(commands: Sequence[CheckEntry], shown: Sequence[store.SealedCard | None]) -> list[store.Shown]:
    return [
        store.Shown(
            actor=command.station.subject,
            person_ref=card.person_ref,
            scope=f"checkpoint:{command.station.checkpoint}",
            correlation=command.cause.correlation,
        )
        for command, card in zip(commands, shown, strict=True)
        if card
    ]


def _other_content() -> SameIdOtherContent:
    return SameIdOtherContent(
        "该编号已用于另一次查验。This id was used for another check.",
        field="check_id",
        remedy="每次查验使用新的编号；更正请另行提交。Use a new id for every check; correct by a new check.",
    )
