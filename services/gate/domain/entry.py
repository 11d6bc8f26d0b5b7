"""May this person pass the checkpoint now? Pure: the time, the records and the rules are handed in (R2.3, gate rules).

Every reason against passing is collected, so that the guard explains once. Each reason calls for a verdict by the
table of `domain.rulings`; the strictest one holds, and the gravest reason that calls for it names the action. So a
further reason never makes a verdict milder.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from services.gate.domain.rulings import (
    DEFAULT_TABLE,
    HOME_MEASURES,
    Action,
    ArrivalReason,
    Case,
    Direction,
    Reason,
    Table,
    Verdict,
    strictest_measure,
    table_of,
)
from services.gate.domain.times import DailyHours
from shared.events.policy import PolicyDocument
from shared.events.policy_gate import DutyRules, OverrideRules, VehicleRules
from shared.events.policy_observation import Category, Measure
from shared.kernel.ids import CompoundId, PersonRef

ASK = "ask"
_STEPS_AT: dict[Direction, frozenset[str]] = {
    Direction.ENTRY: frozenset({"mask", "temperature", ASK}),
    # The plan asks for a mask "in and out" and for a temperature of "people entering"; a reading given at the way
    # out acts all the same.
    Direction.EXIT: frozenset({"mask"}),
}


_GRAVITY = {reason: nth for nth, reason in enumerate(Reason)}
"""Reasons are declared gravest first."""


class SubjectKind(StrEnum):
    """How somebody says who they are."""

    PASS_TOKEN = "pass_token"  # noqa: S105 -- a word of the contract
    PASS_NUMBER = "pass_number"  # noqa: S105 -- a word of the contract
    DOCUMENT = "document"
    DWELLING_SURNAME = "dwelling_surname"
    VISITOR = "visitor"


_LOOKED_UP = frozenset({SubjectKind.DOCUMENT, SubjectKind.DWELLING_SURNAME})


class Purpose(StrEnum):
    """Why somebody without any tie to the compound comes."""

    VISIT = "visit"
    COURIER = "courier"
    EMERGENCY = "emergency"  # ambulance, fire brigade, police on duty


class Proof(StrEnum):
    """What the token that was shown is worth."""

    NONE = "none"  # no token: something typed
    VERIFIED = "verified"
    FORGED = "forged"  # the signature does not hold under the key that it names
    UNKNOWN_KEY = "unknown_key"
    UNREADABLE = "unreadable"  # no token of ours


class PassState(StrEnum):
    """What the registry last said of a pass."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPass:
    """A pass as gate's copy holds it. Valid from `valid_from` on and before `valid_until`.

    `hours`: of each day, those in which a temporary pass admits; None: at any hour.
    """

    pass_id: UUID
    serial: int
    person_ref: PersonRef
    compound: CompoundId
    state: PassState
    valid_from: datetime
    valid_until: datetime
    hours: DailyHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A measure that a person is under, the compound where it is served, and since when where that is known."""

    measure: Measure
    compound: CompoundId
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRecords:
    """All that gate knows about whom the attempt may mean.

    `people` are those who fit what was shown or typed: none, one, or several of a surname in a dwelling; pass and
    restrictions are told only where it is one. `serial` is the one printed in the token. `entries_today` is how often
    that one was let in here before on this local day. `list_age_seconds` is None where gate itself decides by its own
    copy; a device without an answer decides by a list of that age (G14).
    """

    people: frozenset[PersonRef] = frozenset()
    entry_pass: KnownPass | None = None
    proof: Proof = Proof.NONE
    serial: int | None = None
    restrictions: tuple[Restriction, ...] = ()
    entries_today: int = 0
    list_age_seconds: int | None = None

    @property
    def offline(self) -> bool:
        """Does a device decide by its own list?"""
        return self.list_age_seconds is not None

    @property
    def person(self) -> PersonRef | None:
        """The person, where it is certain who it is."""
        return next(iter(self.people)) if len(self.people) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was asked at the gate (R2.5 *ask*); None where it was not asked."""

    been_to_focus_area: bool | None = None
    contact_with_case: bool | None = None
    unwell: bool | None = None

    @property
    def all_given(self) -> bool:
        """Was everything asked that there is to ask?"""
        return None not in (self.been_to_focus_area, self.contact_with_case, self.unwell)

    @property
    def any_given(self) -> bool:
        """Was anything asked at all?"""
        return not (self.been_to_focus_area is self.contact_with_case is self.unwell is None)

    @property
    def any_yes(self) -> bool:
        """Did one of the answers call for a follow-up?"""
        return True in (self.been_to_focus_area, self.contact_with_case, self.unwell)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAttempt:
    """Somebody at a checkpoint of the compound `here`. `at` is the instant for which passes are judged."""

    here: CompoundId
    direction: Direction
    kind: SubjectKind
    purpose: Purpose | None = None
    mask: bool | None
    temperature_c: Decimal | None
    answers: Answers = Answers()
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """The numbers of the policy version in force (R1.2). Degrees Celsius, both ends of a range belong to it."""

    version: int
    musts: frozenset[str]
    fever_from_c: Decimal
    plausible_from_c: Decimal
    plausible_to_c: Decimal
    ahead_seconds: int
    offline_admit_minutes: int
    offline_action_minutes: int
    table: Table = field(default_factory=lambda: DEFAULT_TABLE, repr=False)
    measures: Mapping[Category, Measure] = field(default_factory=dict)
    duty: DutyRules | None = None
    vehicles: VehicleRules | None = None
    overrides: OverrideRules | None = None

    @classmethod
    def of(cls, version: int, document: PolicyDocument) -> "GateRules":
        """The part of a policy document that gate goes by."""
        return cls(
            version=version,
            musts=frozenset(document.gate.musts),
            fever_from_c=document.temperature.fever_from_c,
            plausible_from_c=document.temperature.plausible_from_c,
            plausible_to_c=document.temperature.plausible_to_c,
            ahead_seconds=document.gate.future_stamp_seconds,
            offline_admit_minutes=document.gate.offline.admit_up_to_minutes,
            offline_action_minutes=document.gate.offline.action_up_to_minutes,
            table=table_of(document.gate_table),
            measures=document.observation.measures,
            duty=document.duty,
            vehicles=document.vehicles,
            overrides=document.gate.overrides,
        )

    def body_temperature(self, reading: Decimal | None) -> Decimal | None:
        """The reading if it can be a body's; anything else is measured again and never kept (G5)."""
        if reading is None or not self.plausible_from_c <= reading <= self.plausible_to_c:
            return None
        return reading


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDecision:
    """The answer to one attempt.

    Attributes:
        reasons: all of them, gravest first.
        action: what the guard does; None for a plain `admit`.
        temperature_c: the reading that may be kept, or None.
        holds: gate itself holds the person from now on (a resident's fever).
    """

    verdict: Verdict
    reasons: tuple[Reason | ArrivalReason, ...]
    action: Action | None
    temperature_c: Decimal | None
    holds: bool


def decide_entry(
    attempt: EntryAttempt, known: GateRecords, rules: GateRules, table: Table | None = None
) -> EntryDecision:
    """Collect every reason, then judge once, by the policy's table or the one handed in.

    Fever is never simply a refusal: a resident is sent the fever path, not into the street (G2).
    """
    case = case_of(attempt, known)
    found = frozenset(
        (
            *_of_the_person(attempt, known),
            *_of_the_pass(attempt, known),
            *_of_the_list(attempt, known, rules),
            *_of_the_steps(attempt, known, rules),
        )
    )
    reasons = tuple(sorted(found, key=_GRAVITY.__getitem__))
    verdict, action = judge(reasons, case, attempt.direction, table or rules.table)
    if action is Action.COMPLETE_CHECK:
        action = _missing_step(attempt, known, rules)
    return EntryDecision(
        verdict=verdict,
        reasons=reasons,
        action=action,
        temperature_c=rules.body_temperature(attempt.temperature_c),
        holds=Reason.FEVER in found and known.person is not None,
    )


def judge(
    reasons: Iterable[Reason], case: Case, direction: Direction, table: Table = DEFAULT_TABLE
) -> tuple[Verdict, Action | None]:
    """The strictest verdict that a reason calls for, with the action of the gravest reason that calls for it."""
    chosen, action = Verdict.ADMIT, None
    for reason in sorted(reasons, key=_GRAVITY.__getitem__):
        ruling = table[case, direction][reason]
        if ruling.verdict.severity > chosen.severity:
            chosen, action = ruling.verdict, ruling.action
    return chosen, action


def case_of(attempt: EntryAttempt, known: GateRecords) -> Case:
    """Which row of the table of "who comes" this is (gate rules)."""
    if attempt.kind is SubjectKind.VISITOR:
        return Case.EMERGENCY if attempt.purpose is Purpose.EMERGENCY else Case.VISITOR
    if known.person is None:
        return Case.UNKNOWN
    gravest = strictest_measure(restriction.measure for restriction in known.restrictions)
    if gravest is None:
        return Case.RESIDENT
    here = any(
        restriction.compound == attempt.here
        for restriction in known.restrictions
        if restriction.measure == gravest
    )
    if gravest in HOME_MEASURES and not here:
        return Case.MEASURE_ELSEWHERE
    return Case(gravest)


def _of_the_person(attempt: EntryAttempt, known: GateRecords) -> Iterator[Reason]:
    measures = {restriction.measure for restriction in known.restrictions}
    if measures - {"home_self_monitoring"}:
        yield Reason.UNDER_QUARANTINE
    if "home_self_monitoring" in measures:
        yield Reason.SELF_MONITORING
    if attempt.kind in _LOOKED_UP:
        if not known.people and not known.offline:  # who is in no list may be known all the same
            yield Reason.SUBJECT_UNKNOWN
        elif known.people and known.person is None:
            yield Reason.SUBJECT_AMBIGUOUS


def _of_the_pass(attempt: EntryAttempt, known: GateRecords) -> Iterator[Reason]:
    if attempt.kind in _LOOKED_UP and known.person is None:
        return  # said by `_of_the_person`
    if known.entry_pass is None:
        yield _without_record(attempt.kind, known.proof)
        return
    if attempt.kind in _LOOKED_UP:
        yield Reason.PASS_NOT_SHOWN
    elif attempt.kind is SubjectKind.PASS_NUMBER:
        yield Reason.PASS_NOT_SCANNED
    yield from _faults(known.entry_pass, attempt, known.serial)


def _without_record(kind: SubjectKind, proof: Proof) -> Reason:
    """Why no pass of ours stands behind the attempt."""
    match kind, proof:
        case SubjectKind.PASS_TOKEN, Proof.FORGED:
            return Reason.PASS_FORGED
        case SubjectKind.PASS_TOKEN, Proof.UNKNOWN_KEY:
            return Reason.PASS_UNVERIFIABLE
        case SubjectKind.PASS_TOKEN | SubjectKind.PASS_NUMBER, _:
            return Reason.PASS_UNKNOWN
        case _:
            return Reason.NO_PASS


def _faults(entry_pass: KnownPass, attempt: EntryAttempt, serial: int | None) -> Iterator[Reason]:
    if entry_pass.state is PassState.REVOKED:
        yield Reason.PASS_REVOKED
    elif entry_pass.state is PassState.SUSPENDED:
        yield Reason.PASS_SUSPENDED
    if serial is not None and serial < entry_pass.serial:  # a later reprint made this one void
        yield Reason.PASS_REPLACED
    if entry_pass.compound != attempt.here:
        yield Reason.WRONG_COMPOUND
    if attempt.at >= entry_pass.valid_until:
        yield Reason.PASS_EXPIRED
    elif attempt.at < entry_pass.valid_from:
        yield Reason.PASS_NOT_YET_VALID
    if entry_pass.hours is not None and not entry_pass.hours.cover(attempt.at):
        yield Reason.OUTSIDE_HOURS


def _required(attempt: EntryAttempt, known: GateRecords, rules: GateRules) -> frozenset[str]:
    """The steps that this attempt cannot do without. Who comes in again on the same day was asked already (R2.3)."""
    steps = _STEPS_AT[attempt.direction] & rules.musts
    return steps - {ASK} if known.person is not None and known.entries_today else steps


def _of_the_steps(attempt: EntryAttempt, known: GateRecords, rules: GateRules) -> Iterator[Reason]:
    required = _required(attempt, known, rules)
    temperature = rules.body_temperature(attempt.temperature_c)
    if temperature is not None and temperature >= rules.fever_from_c:
        yield Reason.FEVER
    if attempt.mask is False and "mask" in required:
        yield Reason.NO_MASK
    if attempt.mask is None and "mask" in required:
        yield Reason.INCOMPLETE
    if temperature is None and ("temperature" in required or attempt.temperature_c is not None):
        yield Reason.INCOMPLETE
    if ASK in required and not attempt.answers.all_given:
        yield Reason.INCOMPLETE
    if attempt.answers.any_yes:
        yield Reason.FOLLOW_UP


def _of_the_list(attempt: EntryAttempt, known: GateRecords, rules: GateRules) -> Iterator[Reason]:
    """What a device may not conclude from its own list: only a signature stands for somebody (gate rules, G14).

    Who comes without any tie to the compound is in no list, so its age says nothing about them.
    """
    age = known.list_age_seconds
    if age is None or attempt.kind is SubjectKind.VISITOR:
        return
    if attempt.kind is not SubjectKind.PASS_TOKEN:
        yield Reason.NOT_CHECKABLE_OFFLINE
    if age > rules.offline_action_minutes * 60:
        yield Reason.LIST_TOO_OLD
    elif age > rules.offline_admit_minutes * 60:
        yield Reason.LIST_AGED


def _missing_step(attempt: EntryAttempt, known: GateRecords, rules: GateRules) -> Action:
    """Which part of the check has to be done (again)."""
    required = _required(attempt, known, rules)
    if rules.body_temperature(attempt.temperature_c) is None:
        if attempt.temperature_c is not None:
            return Action.MEASURE_AGAIN
        if "temperature" in required:
            return Action.MEASURE_TEMPERATURE
    return Action.LOOK_AT_MASK if attempt.mask is None and "mask" in required else Action.ASK_QUESTIONS
