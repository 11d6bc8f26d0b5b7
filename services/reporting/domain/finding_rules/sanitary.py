"""Sanitation: days that closed short, waste that was not fetched, orders that nobody mended (R5.1, R5.2, R5.4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.reporting.domain.findings import Wanted
from shared.kernel.days import end_of, local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortDay:
    """A site's day that is over and lacks rounds."""

    site_id: UUID
    compound: str
    kind: str
    day: date
    shortfall: int


def rounds_missed(days: Iterable[ShortDay]) -> list[Wanted]:
    """One finding a compound and day, with the sites that are short in it."""
    found: defaultdict[tuple[date, str], list[ShortDay]] = defaultdict(list)
    for one in days:
        if one.shortfall > 0:
            found[one.day, one.compound].append(one)
    return [
        Wanted(
            rule="rounds_missed",
            subject=f"{compound}:{day.isoformat()}",
            compound=compound,
            since=end_of(day),
            evidence={
                "day": day.isoformat(),
                "rounds_missed": sum(one.shortfall for one in short),
                "sites": [
                    {"site_id": str(one.site_id), "kind": one.kind, "shortfall": one.shortfall}
                    for one in sorted(short, key=lambda one: (one.kind, one.site_id))
                ],
            },
        )
        for (day, compound), short in sorted(found.items())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedPickup:
    """Isolation waste that was not fetched, or is not handed over; `due_at` as it was agreed last, where known."""

    pickup_id: UUID
    compound: str
    day: date
    due_at: datetime | None
    reason: str


def pickups_missed(pickups: Iterable[MissedPickup], *, now: datetime) -> list[Wanted]:
    """Each of them, from the end of the day for which it was agreed last; what is said before is known then (S4)."""
    return [
        Wanted(
            rule="pickup_missed",
            subject=str(one.pickup_id),
            compound=one.compound,
            since=min(now, end_of(max(one.day, local_day(one.due_at)) if one.due_at else one.day)),
            evidence={"pickup_id": str(one.pickup_id), "day": one.day.isoformat(), "reason": one.reason},
        )
        for one in pickups
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateOrder:
    """An order to put something right that nobody says is mended."""

    order_id: UUID
    compound: str
    item: str | None
    source: str | None
    due_at: datetime
    level: int


def orders_overdue(orders: Iterable[LateOrder], *, now: datetime) -> list[Wanted]:
    """Orders whose deadline is over (R5.4, S5)."""
    return [
        Wanted(
            rule="order_overdue",
            subject=str(one.order_id),
            compound=one.compound,
            since=one.due_at,
            evidence={
                "order_id": str(one.order_id),
                "item": one.item,
                "source": one.source,
                "due_at": one.due_at.isoformat(),
                "level": one.level,
            },
        )
        for one in orders
        if one.due_at <= now
    ]
