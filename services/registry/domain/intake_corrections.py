"""What may be corrected of an intake, and what follows? Pure (O3, R2.7, R4.6)."""

from dataclasses import dataclass, replace
from typing import ClassVar

from services.registry.domain.intake_details import Details, Health, SuzhouCode
from services.registry.domain.returnees import Choice, Trip
from shared.kernel.refusal import Refusal

_OVER = frozenset({"completed", "closed"})


class NothingCorrected(Refusal):
    """The intake says this already."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "nothing_corrected"


class ObservationOver(Refusal):
    """The observation has ended: its dates and its measure are history."""

    code: ClassVar[str] = "observation_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Everything that an intake states and that can be corrected."""

    trip: Trip
    details: Details
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is to be said instead; None stays. The trip brings its places on the way, its number and kind of proof."""

    trip: Trip | None = None
    trip_details: Details | None = None
    health: Health | None = None
    suzhou_code: SuzhouCode | None = None
    choice: Choice | None = None

    @property
    def decides(self) -> bool:
        """Whether measure and period have to be decided again."""
        return self.trip is not None or self.choice is not None


def decide_amendment(before: Statement, amendment: Amendment) -> Statement:
    """What the intake states from now on. An earlier choice holds on, as long as it is allowed for the new trip.

    Raises:
        NothingCorrected: it states this already.
    """
    of_trip = amendment.trip_details or before.details
    after = Statement(
        trip=amendment.trip or before.trip,
        details=replace(
            of_trip,
            health=amendment.health or before.details.health,
            suzhou_code=amendment.suzhou_code or before.details.suzhou_code,
        ),
        choice=amendment.choice or before.choice,
    )
    if after == before:
        raise NothingCorrected("登记内容没有变化。The intake says this already.")
    return after


def decide_late(state: str, *, decision_changes: bool) -> None:
    """May measure and period still change? Health answers and how somebody came may be mended at any time.

    Raises:
        ObservationOver: the observation has ended.
    """
    if decision_changes and state in _OVER:
        raise ObservationOver(
            "健康观察已结束，不能再更改措施和日期。The observation is over; its measure and dates are history.",
            remedy="如仍须观察，请另行登记。Register a new intake where the person has to be observed again.",
            state=state,
        )
