"""What a policy version says of observation: days, windows, measures, and what follows on silence."""

from datetime import time
from typing import Literal

from pydantic import Field

from shared.events.policy_part import LocalTime, Part

Category = Literal["focus", "higher_risk", "concern", "other", "close_contact"]

Measure = Literal["centralized_observation", "home_quarantine", "home_self_monitoring", "medical"]


class Window(Part):
    """A declaration window of the day, and until when a late one still counts for it (observation rules)."""

    opens: time
    closes: time
    late_until: time


class ObservationRules(Part):
    """Fourteen days, twice a day (R2.7, R4.6 to R4.10)."""

    days: int = Field(ge=1)
    morning: Window
    evening: Window
    measures: dict[Category, Measure]
    approval_required: tuple[tuple[Category, Measure], ...]
    visit_after_missed: int
    headquarters_after_missed: int


class FollowUpRules(Part):
    """What follows on a declaration window that closed empty, in minutes after it closed (observation rules).

    Steps that fall between `quiet_from` and `quiet_until` wait until `quiet_until`. After how many windows in a row a
    door visit and headquarters follow is said by `ObservationRules`.
    """

    remind_after_minutes: tuple[int, ...] = Field(max_length=3)
    grid_worker_after_minutes: int = Field(ge=0)
    quiet_from: LocalTime
    quiet_until: LocalTime


class DoorRules(Part):
    """Technical means at the door of a home quarantine (R4.6): when openings are one burst, when silence is a fault.

    A heartbeat that is missing for `heartbeat_minutes` (real time) raises a task.
    """

    burst_minutes: int = Field(ge=0)
    heartbeat_minutes: int = Field(ge=1)


class PatternRules(Part):
    """When declarations look made up, so that somebody looks at them; nobody is punished for it (O11).

    `same_second_days`: the same value at the same second of so many days. `same_value_days`: every value of so many
    days is the same. `family_days`: on so many days, at least `family_people` were declared for by one link within
    `family_within_seconds`, all with the same value.
    """

    same_second_days: int = Field(ge=2)
    same_value_days: int = Field(ge=2)
    family_people: int = Field(ge=2)
    family_within_seconds: int = Field(ge=0)
    family_days: int = Field(ge=1)
