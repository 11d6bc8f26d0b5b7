"""What observation tells: cases from start to end, declarations given and missed."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.base import Event
from shared.events.policy_observation import Category, Measure
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
    by: Literal["self", "proxy", "phone", "visit", "import"]
    temperature_c: Decimal | None
    symptomatic: bool
    submitted_at: AwareDatetime
    worker_ref: UUID | None = None
    """Whose work it was, where that is known (R7.3)."""


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


class ObservationMeasureChanged(
    Event,
    type="fangkong.observation.ObservationMeasureChanged.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """By recorded decision the person is observed in another way from now on; dates stay (R4.6 to R4.8, O8)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    measure: Measure
    category: Category
    changed_at: AwareDatetime
    policy_version: int


class Slot(BaseModel):
    """A window of a day."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: date
    window: WindowName


class ObservationRescheduled(
    Event,
    type="fangkong.observation.ObservationRescheduled.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """Day 0 or the last day is another one: a ticket was shown, a new exposure, an extension (O3).

    `void_windows` goes with a corrected day 0: every window that was told as missed and by it was not due.
    """

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    anchor_date: date
    last_day: date
    reason: Literal["anchor_corrected", "re_exposure", "extended"]
    rescheduled_at: AwareDatetime
    void_windows: tuple[Slot, ...] | None = None


class ObservationRestarted(
    Event,
    type="fangkong.observation.ObservationRestarted.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """The fourteen days begin again from a new day 0, by decision or after a confirmed contact (O6, O9)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    category: Category
    measure: Measure
    anchor_date: date
    last_day: date
    restarted_at: AwareDatetime


class ObservationClosed(
    Event,
    type="fangkong.observation.ObservationClosed.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """A case ended without the full period: never a release, and of exactly one kind (R7.4)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    ending: Literal["transferred", "died", "left_town", "cancelled", "merged"]
    closed_at: AwareDatetime


class SymptomReported(
    Event,
    type="fangkong.observation.SymptomReported.v1",
    channel="cases",
    key="case_id",
    place="compound",
):
    """Somebody under observation reported a fever or a symptom: the fever path is open (observation rules)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    fever: bool
    by: Literal["self", "proxy", "phone", "visit", "import"]
    reported_at: AwareDatetime


class FeverCleared(
    Event,
    type="fangkong.observation.FeverCleared.v1",
    channel="fevers",
    key="person_ref",
    place="compound",
):
    """A fever clinic cleared somebody: holds that stood for the fever end (observation rules, G2).

    Told of people under observation and of residents who have no case alike.
    """

    person_ref: PersonRef
    compound: CompoundId
    case_id: UUID | None
    cleared_at: AwareDatetime


class CaseConfirmed(
    Event,
    type="fangkong.observation.CaseConfirmed.v1",
    channel="fevers",
    key="person_ref",
    place="compound",
):
    """Somebody was confirmed ill: their household and contacts become close contacts (O9)."""

    person_ref: PersonRef
    compound: CompoundId
    confirmed_on: date
    last_exposure: date
    contacts: tuple[PersonRef, ...]
    confirmed_at: AwareDatetime


class DeclarationCorrected(
    Event,
    type="fangkong.observation.DeclarationCorrected.v1",
    channel="declarations",
    key="case_id",
    place="compound",
    archive_only=True,
):
    """A mistyped declaration was corrected by a new entry with a reason; both are kept (observation rules)."""

    declaration_id: UUID
    corrects: UUID
    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    day: date
    window: WindowName
    temperature_c: Decimal | None
    symptomatic: bool
    corrected_at: AwareDatetime


class FollowUpEscalated(
    Event,
    type="fangkong.observation.FollowUpEscalated.v1",
    channel="follow_ups",
    key="case_id",
    place="compound",
    archive_only=True,
):
    """A step of the ladder fired for a window that stayed empty, once and in order (observation rules, O4)."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    day: date
    window: WindowName
    step: Literal["remind", "remind_again", "remind_last", "grid_worker", "door_visit", "headquarters"]
    fired_at: AwareDatetime
