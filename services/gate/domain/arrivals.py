"""Who comes back from elsewhere, and who is new: the steps *record* and *report* (R2.4, R2.5, R2.8, G4, G17). Pure.

An arrival is an entry check of its own: what the steps found stands, and what is known of the journey is added. Where
somebody has been decides the measure by policy; the Suzhou code never admits anybody, and a red or yellow one holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal

from services.gate.domain.entry import EntryDecision
from services.gate.domain.rulings import Action, ArrivalReason, Reason, Verdict
from shared.events.policy_observation import Category, Measure
from shared.kernel.divisions import listed_as

SuzhouCode = Literal["green", "yellow", "red", "green_pending", "none"]
Paper = Literal["id_document", "lease", "work_certificate", "title_deed", "household_register", "other"]
Ticket = Literal["train", "flight", "coach", "ship", "road_toll", "other"]


class ArrivalKind(StrEnum):
    """Who comes, by what they say."""

    RETURNEE = "returnee"  # has a dwelling here
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What was asked and shown. `measure` is what policy has for people who have been where they were."""

    kind: ArrivalKind
    origin_code: str
    category: Category
    measure: Measure
    suzhou_code: SuzhouCode
    papers: tuple[Paper, ...]
    ticket: Ticket | None
    arrived_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What is told of an arrival, upward and at once."""

    first_return: bool
    held: bool
    focus_area: bool
    application: bool

    @property
    def any(self) -> bool:
        """Is anything told?"""
        return self.first_return or self.focus_area or self.application


_STEPS = frozenset(
    {Reason.FEVER, Reason.SUBJECT_AMBIGUOUS, Reason.NO_MASK, Reason.INCOMPLETE, Reason.FOLLOW_UP}
)
_RULINGS: Mapping[ArrivalReason, tuple[Verdict, Action]] = {
    ArrivalReason.TO_BE_TRANSFERRED: (Verdict.REFUSE, Action.HOLD_FOR_TRANSFER),
    ArrivalReason.CODE_NOT_GREEN: (Verdict.REFUSE, Action.HOLD_AND_REPORT),
    ArrivalReason.NEWCOMER: (Verdict.REFUSE, Action.APPLY_AT_COMMUNITY),
    ArrivalReason.FIRST_RETURN: (Verdict.ADMIT_WITH_ACTION, Action.GO_STRAIGHT_HOME),
}


def category_of(code: str, areas: Mapping[str, Category]) -> Category:
    """The category of a place (GB/T 2260): its own entry, or its prefecture's, or its province's; else `other`."""
    listed = listed_as(code, areas)
    return areas[listed] if listed else "other"


def decide_arrival(
    arrival: Arrival, steps: EntryDecision, *, lives_here: bool, under_measure: bool
) -> EntryDecision:
    """Add the journey to what the steps found. Who is under a measure already is judged by that alone.

    Args:
        arrival: what was asked and shown.
        steps: the check as it would be of anybody.
        lives_here: gate knows of a dwelling here; which of several people of that name it is may still be open.
        under_measure: an observation goes on already, or gate holds the person.
    """
    if under_measure:
        return steps
    of_the_steps = tuple(reason for reason in steps.reasons if reason in _STEPS)
    of_the_journey = _of_the_journey(arrival, lives_here=lives_here)
    verdict, action = _judge(steps, of_the_steps, of_the_journey)
    return replace(steps, reasons=(*of_the_steps, *of_the_journey), verdict=verdict, action=action)


def decide_reports(arrival: Arrival, reasons: tuple[str, ...]) -> Reports:
    """What has to be told of an arrival that was answered for these reasons.

    Somebody from a focus area is reported at once, whatever the check still lacks. A first return is told when they
    may go home or are held; who merely has to put on a mask or show a document is checked again first. A
    newcomer's application is opened when there are papers, whatever the colour of the code: a clerk verifies.
    """
    pending = bool({Reason.SUBJECT_AMBIGUOUS, Reason.NO_MASK, Reason.INCOMPLETE}.intersection(reasons))
    held = bool(
        {ArrivalReason.TO_BE_TRANSFERRED, ArrivalReason.CODE_NOT_GREEN, Reason.FEVER}.intersection(reasons)
    )
    newcomer = ArrivalReason.NEWCOMER in reasons
    lives_here = ArrivalReason.FIRST_RETURN in reasons or (not newcomer and held)
    judged = bool(set(ArrivalReason).intersection(reasons))
    return Reports(
        first_return=judged and lives_here and (held or not pending),
        held=held,
        focus_area=arrival.category == "focus" and judged,
        application=newcomer and "id_document" in arrival.papers and not pending,
    )


def _of_the_journey(arrival: Arrival, *, lives_here: bool) -> tuple[ArrivalReason, ...]:
    found: list[ArrivalReason] = []
    if arrival.measure in {"centralized_observation", "medical"}:
        found.append(ArrivalReason.TO_BE_TRANSFERRED)
    if arrival.suzhou_code in {"red", "yellow"}:
        found.append(ArrivalReason.CODE_NOT_GREEN)
    found.append(
        ArrivalReason.FIRST_RETURN
        if lives_here and arrival.kind is ArrivalKind.RETURNEE
        else ArrivalReason.NEWCOMER
    )
    return tuple(found)


def _judge(
    steps: EntryDecision, of_the_steps: tuple[Reason | ArrivalReason, ...], journey: tuple[ArrivalReason, ...]
) -> tuple[Verdict, Action | None]:
    """The strictest verdict, with the action of the gravest reason that calls for it; a fever comes before all."""
    if Reason.FEVER in of_the_steps:
        return Verdict.REFUSE, Action.FEVER_PATH
    verdict, action = max((_RULINGS[reason] for reason in journey), key=lambda ruling: ruling[0].severity)
    if Reason.NO_MASK in of_the_steps and verdict.severity < Verdict.REFUSE.severity:
        return Verdict.REFUSE, Action.PUT_ON_MASK
    if Reason.SUBJECT_AMBIGUOUS in of_the_steps and verdict.severity < Verdict.CANNOT_VERIFY.severity:
        return Verdict.CANNOT_VERIFY, Action.MATCH_DOCUMENT
    if Reason.INCOMPLETE in of_the_steps and verdict.severity < Verdict.CANNOT_VERIFY.severity:
        return Verdict.CANNOT_VERIFY, _missing(steps)
    return verdict, action


def _missing(steps: EntryDecision) -> Action:
    """Which step has to be done: what the check itself would have asked for, if it came to that."""
    doing = {
        *(Action.MEASURE_AGAIN, Action.MEASURE_TEMPERATURE),
        *(Action.LOOK_AT_MASK, Action.ASK_QUESTIONS),
    }
    return steps.action if steps.action in doing and steps.action else Action.COMPLETE_CHECK
