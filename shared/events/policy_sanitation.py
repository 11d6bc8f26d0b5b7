"""What a policy version says of disinfection, airing, waste and photos."""

from typing import Literal

from pydantic import Field

from shared.events.policy_part import LocalTime, Part

SiteKind = Literal[
    "lift", "stairwell", "gatehouse", "waste_room", "bin_point", "mask_bin", "public_area", "other"
]


class RoundRule(Part):
    """Disinfection of one kind of site (R5.1, R5.5)."""

    kind: SiteKind
    rounds_per_day: int = Field(ge=1)
    spacing_minutes: int = Field(ge=0)
    concentration_from_mg_l: int
    concentration_to_mg_l: int


class LateEntryRules(Part):
    """What is logged after its day (R5.1).

    A log by a place's code may come so many hours after it was done, from a phone that had no network; whatever comes
    later needs an explanation, and so many days after its day nothing is entered or closed any more.
    """

    code_hours: int = Field(ge=0)
    entry_days: int = Field(ge=0)


class AiringRule(Part):
    """Airing of one kind of site: how often a day, and how many minutes at least (R5.1)."""

    kind: SiteKind
    times_per_day: int = Field(ge=1)
    minutes: int = Field(ge=1)


class WasteRules(Part):
    """Waste of households under home quarantine, and bins for discarded masks (R5.2).

    `usual_hour` holds where no hour was agreed with a household. A quarantine that begins before `same_day_before` has
    its first pickup on that day. What was collected is handed over within `hand_over_hours`; a mask bin is emptied at
    least every `mask_bin_hours`.
    """

    usual_hour: LocalTime
    same_day_before: LocalTime
    hand_over_hours: int = Field(ge=1)
    mask_bin_hours: int = Field(ge=1)


class PhotoRules(Part):
    """How long photos are kept: so many hours when they prove nothing, so many days when they do (Data and law)."""

    unused_hours: int = Field(ge=1)
    keep_days: int = Field(ge=1)


class SanitationRules(Part):
    """Disinfection rounds, airing and waste (R5.1, R5.2)."""

    rounds: tuple[RoundRule, ...]
    late: LateEntryRules | None = None
    airing: tuple[AiringRule, ...] | None = None
    waste: WasteRules | None = None
    photos: PhotoRules | None = None
