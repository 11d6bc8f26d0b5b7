"""May an address leave the list, and come back? Pure (R4.1, R4.3)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from shared.kernel.refusal import Refusal


class RemovalReason(StrEnum):
    """Why an address leaves the list; a code, because nothing about people belongs here."""

    DEMOLISHED = "demolished"
    JOINED = "joined"
    """Two dwellings became one."""
    ENTERED_TWICE = "entered_twice"
    NO_DWELLING = "no_dwelling"
    """Never was one: a shop, a store room, a mistake."""


class DwellingInUse(Refusal):
    """Somebody is registered there, observed there, or parks there with a pass; the counts say how many."""

    code: ClassVar[str] = "dwelling_in_use"


class DwellingRemoved(Refusal):
    """The address is off the list already; `reason` says why."""

    code: ClassVar[str] = "dwelling_removed"


class RemovalUnknown(Refusal):
    """The address is on the list: there is nothing to take back."""

    code: ClassVar[str] = "removal_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """What still names a dwelling.

    Attributes:
        people: registered there, owners who live elsewhere included.
        observed: under observation there, or about to be.
        passes: active passes of vehicles registered there, and of people who live there.
    """

    people: int
    observed: int
    passes: int


def decide_removal(used: InUse) -> None:
    """May the address leave the list? Only when nobody and nothing names it any more.

    Raises:
        DwellingInUse: with the counts.
    """
    if used.people or used.observed or used.passes:
        raise DwellingInUse(
            f"该房屋仍登记 {used.people} 人、观察 {used.observed} 人、有效通行证 {used.passes} 张，不能注销。"
            f"{used.people} people are registered there, {used.observed} are observed there, "
            f"{used.passes} passes are active.",
            remedy="先办理迁出、结束观察、作废证件。Move the people out, end the observations and the passes first.",
            people=used.people,
            observed=used.observed,
            passes=used.passes,
        )
