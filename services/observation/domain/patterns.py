"""Which declarations look made up? For somebody to look at, never a verdict (O11). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Literal, assert_never
from uuid import UUID

from shared.events.policy_observation import PatternRules
from shared.kernel.days import local_day, local_time
from shared.kernel.refusal import Refusal

OwnKind = Literal["same_second", "same_value"]
OWN_KINDS: tuple[OwnKind, ...] = ("same_second", "same_value")
PatternKind = Literal["same_second", "same_value", "family_same"]
"""The same value at the same second of the day; every value the same; a whole family the same within seconds."""
Review = Literal["plausible", "clarified", "made_up"]
"""What whoever looked found: it is likely enough; it was talked over; it was not measured, and is from now on."""


class FlagUnknown(Refusal):
    """There is no such flag."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "flag_unknown"


class FlagReviewed(Refusal):
    """Somebody has looked at it."""

    code: ClassVar[str] = "flag_reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A measured value as it was declared and not corrected."""

    case_id: UUID
    taken_at: datetime
    received_at: datetime
    value: Decimal = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What looks made up: on which days, and of how many people. Not which value: that is a health answer."""

    kind: PatternKind
    days: tuple[date, ...]
    people: int = 1


def own_pattern(kind: OwnKind, said: Iterable[Said], rules: PatternRules) -> Pattern | None:
    """Tell whether one person's values look made up in a way; the days of it are the longest that were found."""
    match kind:
        case "same_second":
            days, least = _same_second(said), rules.same_second_days
        case "same_value":
            days, least = _same_value(said), rules.same_value_days
        case _:
            assert_never(kind)
    return Pattern(kind=kind, days=tuple(sorted(days))) if len(days) >= least else None


def family_pattern(said: Iterable[Said], rules: PatternRules) -> Pattern | None:
    """Tell whether what came by one link looks made up: many people at once, all with the same value, on many days."""
    found: dict[date, int] = {}
    within = timedelta(seconds=rules.family_within_seconds)
    by_value: defaultdict[tuple[date, Decimal], list[Said]] = defaultdict(list)
    everybody: defaultdict[date, list[Said]] = defaultdict(list)
    for one in sorted(said, key=lambda one: (one.received_at, one.case_id)):
        by_value[local_day(one.received_at), one.value].append(one)
        everybody[local_day(one.received_at)].append(one)
    for (day, value), same in by_value.items():
        for first in same:
            ends = first.received_at + within
            at_once = [one for one in everybody[day] if first.received_at <= one.received_at <= ends]
            people = {one.case_id for one in at_once}
            if len(people) >= rules.family_people and all(one.value == value for one in at_once):
                found[day] = max(found.get(day, 0), len(people))
    if len(found) < rules.family_days:
        return None
    return Pattern(kind="family_same", days=tuple(sorted(found)), people=max(found.values()))


def _same_second(said: Iterable[Said]) -> Collection[date]:
    """The days of the value that came at the same second of the day most often."""
    days: defaultdict[tuple[Decimal, str], set[date]] = defaultdict(set)
    for one in said:
        days[one.value, f"{local_time(one.taken_at):%H:%M:%S}"].add(local_day(one.taken_at))
    return max(days.values(), key=len, default=set())


def _same_value(said: Iterable[Said]) -> Collection[date]:
    """The longest run of days with values, all of them the same."""
    longest: list[date] = []
    run: list[date] = []
    before: Decimal | None = None
    for one in sorted(said, key=lambda one: (one.taken_at, one.value)):  # however they arrived
        if one.value != before:
            run, before = [], one.value
        if (day := local_day(one.taken_at)) not in run:
            run.append(day)
        longest = max(longest, run, key=len)
    return longest
