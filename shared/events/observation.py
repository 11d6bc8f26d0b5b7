"""What observation tells: cases from start to end, declarations given and missed."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy import Category, Measure
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

WindowName = Literal["morning", "evening"]


class ObservationStarted(
    Event, type="fangkong.observation.ObservationStarted.v1", channel="cases", key="case_id", place="compound"
):
    """A person is under observation: day 0 is the anchor date, the last day is the anchor plus the period (R2.7)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId
    category: Category
    measure: Measure
    anchor_date: date
    last_day: date
    started_at: AwareDatetime
    policy_version: int


class DeclarationSubmitted(
    Event,
    type="fangkong.observation.DeclarationSubmitted.v1",
    channel="declarations",
    key="case_id",
    place="compound",
):
    """Somebody declared for a window of a day; `late` ones are kept and marked (R2.7)."""

    declaration_id: UUID
    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    day: date
    window: WindowName
    late: bool
    by: Literal["self", "proxy", "phone", "visit"]
    temperature_c: Decimal | None
    symptomatic: bool
    submitted_at: AwareDatetime


class DeclarationMissed(
    Event,
    type="fangkong.observation.DeclarationMissed.v1",
    channel="declarations",
    key="case_id",
    place="compound",
):
    """A due window closed empty. `streak` counts the windows missed in a row, this one included."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    day: date
    window: WindowName
    streak: int


class ObservationInterrupted(
    Event,
    type="fangkong.observation.ObservationInterrupted.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """The clock stands still while the person is in medical hands (observation rules, O6)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    reason: Literal["fever", "symptoms"]
    interrupted_at: AwareDatetime


class ObservationResumed(
    Event, type="fangkong.observation.ObservationResumed.v1", channel="cases", key="case_id", place="compound"
):
    """By recorded decision the observation goes on, its last day moved by the days of the interruption (O6)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    measure: Measure
    last_day: date
    resumed_at: AwareDatetime


class ObservationAwaitsClosure(
    Event,
    type="fangkong.observation.ObservationAwaitsClosure.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """The last day is over, but something is open: an officer decides with a reason (observation rules, O5)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    last_day: date


class ObservationCompleted(
    Event,
    type="fangkong.observation.ObservationCompleted.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """Released: the full period is over and nothing is open. A pass may be issued from `pass_from` on (R2.7, O12)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    last_day: date
    pass_from: date
    completed_at: AwareDatetime
