"""Who takes part in the town's days, and how much of everything there is: drawn from the town and a seed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from deploy.town import DEFAULT_SEED, Returnee, returnees, town_households
from deploy.town.documents import RESIDENT_ID
from deploy.town.layout import Dwelling, checkpoint_of, stream
from deploy.town.people import Living
from deploy.town.places import COMPOUNDS
from shared.kernel.days import at_local

FIRST_DAY = date(2020, 2, 24)
MOST_DAYS = 14
"""The figures by which people come back end on 12 March 2020; the town's plan is of 24 February."""
ADULT_YEARS = 18


Home = tuple[str, str, str, str]
"""Compound, building, stair and room."""


def named(home: Home) -> str:
    """The ledger's own name of a dwelling."""
    return "/".join(home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much of everything a run has; all of it follows from the scale of the town."""

    scale: float
    days: int

    @property
    def compounds(self) -> int:
        """How many compounds are lively; the others are neglected by everybody, which has to be seen as well."""
        return min(len(COMPOUNDS), 4 + round(600 * self.scale))

    @property
    def walkers(self) -> int:
        """How many residents with a pass go out and come home."""
        return 24 + round(12_000 * self.scale)

    @property
    def drivers(self) -> int:
        """How many of them drive."""
        return self.walkers // 8

    @property
    def returning(self) -> int:
        """How many people come back a day."""
        return 2 + round(150 * self.scale)

    @property
    def came_before(self) -> int:
        """How many came back on each of the fourteen days before, and are registered only now."""
        return max(1, self.returning // 3)

    @property
    def homecoming(self) -> int:
        """How many residents come home from elsewhere a day, and stand at a gate before anybody knows."""
        return 2 + round(60 * self.scale)

    @property
    def newcomers(self) -> int:
        """How many come a day of whom nobody knows anything."""
        return 1 + round(50 * self.scale)

    @property
    def leads(self) -> int:
        """How many leads come in a day."""
        return 1 + round(50 * self.scale)

    @property
    def surveyed(self) -> int:
        """How many households are looked up a day."""
        return 3 + round(400 * self.scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """A resident who goes out and comes home."""

    key: str
    document: str
    home: Home
    drives: bool

    @property
    def compound(self) -> str:
        """Where they live."""
        return self.home[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is made of."""

    seed: int
    extent: Extent
    compounds: tuple[str, ...]
    walkers: tuple[Walker, ...]
    away: tuple[Living, ...]
    """Residents without a pass who are elsewhere when the days begin, in the order in which they come home."""
    names_at: Mapping[Home, tuple[str, ...]]
    """Who stands in the register for a dwelling."""

    @property
    def days(self) -> list[date]:
        """The days of the run."""
        return [FIRST_DAY + timedelta(days=nth) for nth in range(self.extent.days)]

    def draw(self, purpose: str, key: str = "") -> Random:
        """A stream of luck of its own, so that one part of a day never shifts another."""
        return stream(self.seed, f"live/{purpose}", key)

    def id_of(self, key: str) -> UUID:
        """The id under which the services know something that its author may name."""
        return uuid5(NAMESPACE_URL, f"fangkong/live/{self.seed}/{key}")

    def back_on(self, day: date) -> list[Returnee]:
        """Who is registered as returned on a day; on the first one also who came back in the fortnight before."""
        late: list[Returnee] = []
        if day == FIRST_DAY:
            for nth in range(MOST_DAYS, 0, -1):
                late += self._came(day - timedelta(days=nth), self.extent.came_before)
        return [*late, *self._came(day, self.extent.returning)]

    def _came(self, day: date, number: int) -> list[Returnee]:
        return returnees(day, seed=DEFAULT_SEED, n=number, scale=self.extent.scale)


def plan_of(*, seed: int, scale: float, days: int) -> Plan:
    """Draw the people and places of a run.

    Raises:
        ValueError: there are no figures for so many days.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"from 1 to {MOST_DAYS} days, not {days}")
    extent = Extent(scale=scale, days=days)
    luck = stream(seed, "live/compounds")
    codes = sorted(luck.sample([one.code for one in COMPOUNDS], extent.compounds))
    names: dict[Home, tuple[str, ...]] = {}
    people = _people(seed, scale, set(codes), names)
    walkers = tuple(
        Walker(
            key=f"walker-{nth}",
            document=living.person.document,
            home=home_of(living.dwelling),
            drives=nth < extent.drivers,
        )
        for nth, living in enumerate(people[: extent.walkers])
    )
    away = people[extent.walkers :][: extent.homecoming * days]
    return Plan(
        seed=seed, extent=extent, compounds=tuple(codes), walkers=walkers, away=tuple(away), names_at=names
    )


def _people(seed: int, scale: float, codes: set[str], names: dict[Home, tuple[str, ...]]) -> list[Living]:
    """Adults who live in one lively compound and stand in the register once; fills in who is where on the way."""
    found: dict[str, Living] = {}
    times: Counter[str] = Counter()
    for _, households in town_households(DEFAULT_SEED, scale):
        for household in households:
            names[home_of(household.dwelling)] = tuple(living.person.name for living in household.livings)
            for living in household.livings:
                times[living.person.document] += 1
                if _goes_out(living):
                    found[living.person.document] = living
    possible = sorted(
        number
        for number, living in found.items()
        if living.dwelling.compound.code in codes and times[number] == 1
    )
    stream(seed, "live/walkers").shuffle(possible)
    return [found[number] for number in possible]


def home_of(place: Dwelling) -> Home:
    """A dwelling of the town as the plan names it."""
    return place.compound.code, place.building, place.unit, place.room


def _goes_out(living: Living) -> bool:
    """An adult who lives there, with a document that the list has as it is."""
    return (
        living.person.document_kind == RESIDENT_ID
        and living.lives_here
        and living.written == living.person.document
        and FIRST_DAY.year - living.person.born.year > ADULT_YEARS
    )


def gate_of(compound: str) -> str:
    """The checkpoint of a compound."""
    return checkpoint_of(next(one for one in COMPOUNDS if one.code == compound))


def at(day: date, clock: str) -> datetime:
    """An instant of a day in town."""
    return at_local(day, time.fromisoformat(clock))
