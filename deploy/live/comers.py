"""Who stands at a gate in the evening and comes from elsewhere: announced, at home here, or unknown to everybody."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Literal

from deploy.live.plan import Home, Plan, home_of
from deploy.town import DEFAULT_SEED, Returnee, returnees
from deploy.town.people import Living

PROVINCE_IN_FOCUS = "42"
DRAWN = 40
"""So many trips are drawn for each that is made: of every two one begins outside the province in focus."""
CODES: tuple[tuple[str, int], ...] = (
    ("green", 10),
    ("none", 3),
    ("green_pending", 1),
    ("yellow", 2),
    ("red", 2),
)
NO_MASK, PAPERS_OF_THREE = 0.2, 2

Colour = Literal["green", "yellow", "red", "green_pending", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comer:
    """Somebody who arrives. `newcomer`: with no home here that anybody knows of; `bare`: without a mask at first."""

    key: str
    who: Returnee
    newcomer: bool
    code: Colour
    papers: tuple[Literal["id_document", "lease"], ...]
    bare: bool

    @property
    def home(self) -> Home:
        """Where they live, or mean to."""
        return self.who.compound, self.who.building, self.who.unit, self.who.room


def announced(plan: Plan, day: date) -> list[Comer]:
    """Those whom a clerk registered in the forenoon of the day on which they come, and who pass one of our gates."""
    luck = plan.draw("announced", str(day))
    return [
        _comer(luck, f"returnee-{day:%m%d}-{nth}", who)
        for nth, who in enumerate(plan.back_on(day))
        if who.arrived == day and who.compound in plan.compounds
    ]


def homecoming(plan: Plan, day: date) -> list[Comer]:
    """Residents of whom nobody knows that they were away, or come back."""
    luck, number = plan.draw("homecoming", str(day)), plan.extent.homecoming
    first = (day - plan.days[0]).days * number
    people = plan.away[first : first + number]
    return [
        _comer(luck, f"homecomer-{day:%m%d}-{nth}", _of(living, trip))
        for nth, (living, trip) in enumerate(zip(people, _trips(plan, day), strict=False))
    ]


def newcomers(plan: Plan, day: date) -> list[Comer]:
    """People whom nobody has heard of, some with papers."""
    luck, number = plan.draw("newcomers", str(day)), plan.extent.newcomers
    nth_day = (day - plan.days[0]).days
    homes = sorted(home for home in plan.names_at if home[0] in plan.compounds)
    trips = list(_trips(plan, day))[plan.extent.homecoming :][:number]
    found = []
    for nth, trip in enumerate(trips):
        compound, building, unit, room = luck.choice(homes)
        who = replace(trip, compound=compound, building=building, unit=unit, room=room)
        papers = (nth + nth_day) % 3 < PAPERS_OF_THREE
        found.append(_comer(luck, f"newcomer-{day:%m%d}-{nth}", who, newcomer=True, papers=papers))
    return found


def _comer(luck: Random, key: str, who: Returnee, *, newcomer: bool = False, papers: bool = False) -> Comer:
    words, weights = zip(*CODES, strict=True)
    return Comer(
        key=key,
        who=who,
        newcomer=newcomer,
        code=luck.choices(words, weights)[0],
        papers=("id_document", "lease") if papers else (),
        bare=luck.random() < NO_MASK,
    )


def _trips(plan: Plan, day: date) -> Iterator[Returnee]:
    """Trips of a day that nobody else makes, by its figures; by turns from outside the province in focus and inside."""
    known = plan.extent.returning
    number = plan.extent.homecoming + plan.extent.newcomers
    drawn = returnees(day, seed=DEFAULT_SEED, n=known + DRAWN * number, scale=plan.extent.scale)[known:]
    outside = (one for one in drawn if not one.from_code.startswith(PROVINCE_IN_FOCUS))
    inside = (one for one in drawn if one.from_code.startswith(PROVINCE_IN_FOCUS))
    turns = (outside, inside) if (day - plan.days[0]).days % 2 == 0 else (inside, outside)
    return _by_turns(*turns)


def _by_turns(*lines: Iterable[Returnee]) -> Iterator[Returnee]:
    for group in zip(*lines, strict=False):
        yield from group


def _of(living: Living, trip: Returnee) -> Returnee:
    """A trip, made by somebody of the register to their own home."""
    compound, building, unit, room = home_of(living.dwelling)
    return replace(
        trip,
        name=living.person.name,
        document=living.person.document,
        born=living.person.born,
        sex="male" if living.person.sex == "男" else "female",
        compound=compound,
        building=building,
        unit=unit,
        room=room,
    )
