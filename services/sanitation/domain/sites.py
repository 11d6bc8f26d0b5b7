"""What a site is, and what happens when it is named again."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from shared.events.policy import SiteKind
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import Refusal

MOST_ROUNDS = 24
"""Once an hour: more rounds a day than that are a slip of the pen."""


class SiteUnknown(Refusal):
    """No site has this code."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "site_unknown"


class CompoundUnknown(Refusal):
    """The registry has not told of such a compound (yet)."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "compound_unknown"


class SiteCodeTaken(Refusal):
    """The code belongs to another site, or to the same one with other particulars."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "same_id_other_content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The particulars of a place that is disinfected every day.

    Attributes:
        code: short and public; printed as a QR code at the place.
        rounds_per_day: the site's own number, or None where the policy's holds.
        since: first day of duty.
        active: in use.
    """

    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: str
    building: str | None
    unit: str | None
    rounds_per_day: int | None
    since: date
    active: bool


class ListedAs(StrEnum):
    """What a line of a site list means for what is known."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ELSEWHERE = "elsewhere"


def decide_listing(listed: Site, known: Site | None) -> ListedAs:
    """Compare a line of a list with what is known under its code. A code never moves to another compound."""
    if known is None:
        return ListedAs.NEW
    if known.compound != listed.compound:
        return ListedAs.ELSEWHERE
    return ListedAs.UNCHANGED if known == listed else ListedAs.CHANGED
