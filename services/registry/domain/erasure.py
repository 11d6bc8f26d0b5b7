"""May everything personal of somebody be destroyed? Pure (Data and law)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from shared.events.policy import RetentionRules
from shared.kernel.days import local_day
from shared.kernel.refusal import Refusal


class ErasureReason(StrEnum):
    """Why; a code, because nothing about the person may stay."""

    RETENTION_OVER = "retention_over"
    REQUESTED = "requested"
    ENTERED_IN_ERROR = "entered_in_error"


class PersonInUse(Refusal):
    """Identity is kept while a dwelling, a pass or a case is open; the counts say how many are."""

    code: ClassVar[str] = "person_in_use"


class WithinRetention(Refusal):
    """The policy keeps trip, health and contact for some days after the release; `first_possible` is the day after."""

    code: ClassVar[str] = "within_retention"


class ErasedAlready(Refusal):
    """Nothing personal is kept of this person any more."""

    status: ClassVar[int] = 410
    code: ClassVar[str] = "person_erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What still needs a person's identity.

    Attributes:
        dwellings: where they are registered, owners who live elsewhere included.
        passes: theirs and their vehicles' that are not void and not over.
        observations: in force, or about to begin.
        wards: people registered at a dwelling for whom they answer as guardian.
        released_at: when their last observation ended; None where there was none.
    """

    dwellings: int
    passes: int
    observations: int
    wards: int
    released_at: datetime | None


def decide_erasure(ties: Ties, rules: RetentionRules, *, now: datetime) -> None:
    """May it be destroyed now?

    Raises:
        PersonInUse, WithinRetention: as their names say.
    """
    if ties.dwellings or ties.passes or ties.observations or ties.wards:
        raise PersonInUse(
            f"此人仍登记在 {ties.dwellings} 处房屋、有 {ties.passes} 张有效证件、{ties.observations} 个观察、"
            f"监护 {ties.wards} 人。{ties.dwellings} dwellings, {ties.passes} passes, {ties.observations} observations "
            f"and {ties.wards} wards still need this person.",
            remedy="先办理迁出、作废证件、结束观察、更换监护人。"
            "End the stays, the passes and the observation first, and name another guardian.",
            dwellings=ties.dwellings,
            passes=ties.passes,
            observations=ties.observations,
            wards=ties.wards,
        )
    days = max(rules.trip_days, rules.health_days, rules.contact_days)
    if ties.released_at is not None and now < (until := ties.released_at + timedelta(days=days)):
        first = local_day(until) + timedelta(days=1)
        raise WithinRetention(
            f"解除观察后须保存 {days} 天，最早 {first} 可清除。The policy keeps it for {days} days after the release; "
            f"the first possible day is {first}.",
            first_possible=first.isoformat(),
        )
