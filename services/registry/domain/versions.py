"""What lies between two versions of something that is kept for good, and when each of them holds. Pure (R1.2)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that is another one now; None on a side where it is not said."""

    field: str
    old: Any
    new: Any


def differences(old: Any, new: Any, at: str = "") -> Iterator[Difference]:
    """Field by field, dotted, in the fields' order.

    Lists of the same length are compared place by place; where one grew or shrank, the whole list is what changed.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in (*old, *(name for name in new if name not in old)):
            yield from differences(old.get(name), new.get(name), f"{at}.{name}" if at else str(name))
    elif _aligned(old, new):
        for nth, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{at}.{nth}")
    elif old != new:
        yield Difference(field=at, old=old, new=new)


def _aligned(old: object, new: object) -> bool:
    return isinstance(old, list) and isinstance(new, list) and len(old) == len(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """The days on which a version holds; `until` None: until another follows."""

    since: date
    until: date | None


def tenures_by_day(versions: Iterable[tuple[int, date]]) -> dict[int, Tenure]:
    """When policy versions hold: on a day that which began last, of those the highest number.

    A version that is absent from the answer never holds: another began on its very day.
    """
    last = {day: number for number, day in sorted(versions)}
    days = sorted(last)
    return {
        last[day]: Tenure(since=day, until=_day_before(following))
        for day, following in zip(days, [*days[1:], None], strict=True)
    }


def tenures_by_number(revisions: Iterable[tuple[int, date]]) -> dict[int, Tenure]:
    """When risk lists hold: on a day the highest number that has begun, for a revision replaces all before it.

    A revision that is absent from the answer never holds: a later one begins no later.
    """
    found: dict[int, Tenure] = {}
    earliest: date | None = None
    for number, day in sorted(revisions, reverse=True):
        if earliest is None or day < earliest:
            found[number] = Tenure(since=day, until=_day_before(earliest))
            earliest = day
    return found


Standing = Literal["past", "in_force", "planned", "replaced"]


def standing(tenure: Tenure | None, today: date) -> Standing:
    """`past`, `in_force`, `planned`, or `replaced` for one that never holds."""
    if tenure is None:
        return "replaced"
    if tenure.since > today:
        return "planned"
    return "in_force" if tenure.until is None or today <= tenure.until else "past"


def _day_before(day: date | None) -> date | None:
    return day - timedelta(days=1) if day else None
