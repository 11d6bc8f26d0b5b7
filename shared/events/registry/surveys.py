"""Survey rounds: who was asked, and what is still open."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.kernel.ids import CompoundId, DwellingId, GridId


class SurveyRoundOpened(
    Event, type="fangkong.registry.SurveyRoundOpened.v1", channel="surveys", key="round_id"
):
    """A door-to-door round begins in these compounds; the address list is its denominator (R4.1).

    `dwellings` is how many each compound has at this moment; those that are added meanwhile join the round.
    """

    round_id: UUID
    number: int
    compounds: tuple[CompoundId, ...]
    dwellings: dict[CompoundId, int]
    opened_at: AwareDatetime
    due_on: date


class SurveyRoundClosed(
    Event, type="fangkong.registry.SurveyRoundClosed.v1", channel="surveys", key="round_id"
):
    """A round is over; `open_dwellings` is how many had no final result when it was closed (R4.1).

    `dwellings` is the denominator of each compound at that moment: what is built later belongs to the next round.
    """

    round_id: UUID
    number: int
    dwellings: dict[CompoundId, int]
    open_dwellings: int
    closed_at: AwareDatetime


class HouseholdSurveyed(
    Event,
    type="fangkong.registry.HouseholdSurveyed.v1",
    channel="surveys",
    key="dwelling_id",
    place="compound",
):
    """What a visit or an online form found at a dwelling; the newest version of a round holds (R4.1, R4.2, P7, P8).

    Only `done` and `empty` are final. `attempts` counts the visits of this round so far; `conflict` says that two
    submissions disagree and somebody has to choose; `people` is how many live there by the current record. Told
    again when the dwelling moves to another grid, and when it leaves the address list (`listed`) or comes back.
    """

    round_id: UUID
    dwelling_id: DwellingId
    compound: CompoundId
    grid: GridId
    outcome: Literal["done", "absent", "refused", "empty", "to_confirm"]
    final: bool
    attempts: int
    people: int
    conflict: bool
    surveyed_at: AwareDatetime
    listed: bool = True
    worker_ref: UUID | None = None
    """Whose work it was, where that is known (R7.3)."""
