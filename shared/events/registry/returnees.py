"""Returnees and the lists of people to be found."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.base import Event
from shared.events.policy_observation import Category, Measure
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

AnchorBasis = Literal["arrival_with_proof", "registration_date", "last_exposure"]


class StatedBefore(BaseModel):
    """What an intake said of the observation until it was corrected."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    category: Category
    measure: Measure
    anchor_date: date


class ReturneeRegistered(
    Event,
    type="fangkong.registry.ReturneeRegistered.v1",
    channel="returnees",
    key="person_ref",
    place="compound",
):
    """Someone came back from elsewhere and a measure was decided for them (R2.7, R4.6 to R4.10).

    `anchor_date` is day 0. `origin_code` is where they have been (GB/T 2260), never where they are registered.
    Told again, with a higher version, when the intake is corrected; `corrects` is what it said until then.
    """

    intake_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId
    category: Category
    measure: Measure
    origin_code: str
    anchor_date: date
    anchor_basis: AnchorBasis
    policy_version: int
    risk_revision: int
    registered_at: AwareDatetime
    corrects: StatedBefore | None = None


class IntakeTaskSettled(
    Event,
    type="fangkong.registry.IntakeTaskSettled.v1",
    channel="returnees",
    key="task_id",
    place="compound",
):
    """Whom gates had reported was registered, or somebody found that no intake is due, and why (R2.5).

    `checks` are the reports that it answers, also of somebody whom the gate did not know.
    """

    task_id: UUID
    compound: CompoundId
    checks: tuple[UUID, ...]
    outcome: Literal[
        "registered",
        "never_left",
        "registered_elsewhere",
        "went_elsewhere",
        "mistaken_identity",
        "handed_over",
    ]
    settled_at: AwareDatetime


class WatchListRevised(
    Event,
    type="fangkong.registry.WatchListRevised.v1",
    channel="watch_lists",
    key="list_id",
):
    """A watch list was opened, got lines, or was closed: its lines, and until when they are sought (R4.4)."""

    list_id: UUID
    lines: int
    search_until: date
    closed: bool
    revised_at: AwareDatetime


class WatchListLineSettled(
    Event,
    type="fangkong.registry.WatchListLineSettled.v1",
    channel="watch_lists",
    key="line_id",
):
    """Somebody wrote down what became of a line of a watch list, or corrected it; codes only (R4.4)."""

    line_id: UUID
    list_id: UUID
    match: Literal["matched", "possible", "none"]
    disposition: Literal["found_here", "elsewhere", "wrong_data", "missed_before", "overdue"]
