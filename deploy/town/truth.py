"""The town's real figures, and those that a faultless import arrives at."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from deploy.town.layout import Layout
from deploy.town.people import Household, Living, Relation, Use
from deploy.town.sites import Site
from deploy.town.tables import Expect, Line

_RELATIONS = {Relation.OWNER: "owners", Relation.TENANT: "tenants", Relation.DEPENDANT: "dependants"}


class _Home(NamedTuple):
    """A dwelling of a person. The least is their home; of equal ones that of the earlier line is."""

    elsewhere: bool
    registered: date
    compound: str


@dataclass(slots=True)
class _Lines:
    """A compound's lines of people."""

    living_here: Counter[str] = field(default_factory=Counter)
    absentee_owners: int = 0

    def add(self, living: Living) -> None:
        if living.lives_here:
            self.living_here[_RELATIONS[living.relation]] += 1
        else:
            self.absentee_owners += 1


class _Register:
    """Lines, and the people in them: each once, at their home."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, _Lines] = defaultdict(_Lines)
        self._homes: dict[object, _Home] = {}

    @property
    def people(self) -> int:
        return len(self._homes)

    def add(self, living: Living) -> None:
        key: object = (
            living.person.document or object()
        )  # newborns have no number, but stand in one line only
        home = _Home(not living.lives_here, living.registered, living.dwelling.compound.code)
        self._lines[home.compound].add(living)
        known = self._homes.get(key)
        if known is None or home[:2] < known[:2]:
            self._homes[key] = home

    def told(self, codes: Iterable[str]) -> dict[str, dict[str, int]]:
        """Figures per compound."""
        people = Counter(home.compound for home in self._homes.values())
        residents = Counter(home.compound for home in self._homes.values() if not home.elsewhere)
        return {
            code: {
                "people": people[code],
                "residents": residents[code],
                **{name: self._lines[code].living_here[name] for name in _RELATIONS.values()},
                "absentee_owners": self._lines[code].absentee_owners,
            }
            for code in codes
        }


@dataclass(slots=True)
class _Compound:
    layout: Layout
    uses: Counter[Use]
    sites: int = 0


class Truth:
    """Counts while the files are made.

    `people` counts a person once in the whole town, at their home; `residents` those of them who live there.
    `owners`, `tenants`, `dependants` count who lives at a dwelling (somebody who lives in two counts in both),
    `absentee_owners` the lines of owners who live elsewhere. `after_import` is the same when every line is treated
    as the answer key says.

    A person's home is the dwelling where they live, of several the one registered first, or else the first
    dwelling that they stand at; of dwellings registered on one day the one that comes first in the address list.
    """

    def __init__(self) -> None:
        """Start with an empty town."""
        self._compounds: dict[str, _Compound] = {}
        self._real, self._imported = _Register(), _Register()

    @property
    def dwellings(self) -> int:
        """Dwellings of the whole town."""
        return sum(len(compound.layout.dwellings) for compound in self._compounds.values())

    @property
    def people(self) -> int:
        """People of the whole town, each once."""
        return self._real.people

    def add_compound(self, layout: Layout, households: Sequence[Household]) -> None:
        """Enter a compound with its dwellings."""
        uses = Counter(household.use for household in households)
        self._compounds[layout.compound.code] = _Compound(layout, uses)

    def add_lines(self, lines: Iterable[tuple[Living, Line]]) -> None:
        """Enter lines in load order, which is that of the address list, without duplicates."""
        for living, line in lines:
            self._real.add(living)
            if line.blemish is None or line.blemish.expect is not Expect.REJECT:
                self._imported.add(living)

    def add_sites(self, sites: Iterable[Site]) -> None:
        """Enter the disinfection sites."""
        for site in sites:
            self._compounds[site.compound].sites += 1

    def told(self) -> dict[str, object]:
        """The content of `truth.json`."""
        real, imported = self._real.told(self._compounds), self._imported.told(self._compounds)
        counts = {code: _counts(compound) | real[code] for code, compound in self._compounds.items()}
        return {
            "town": {**_sum(counts.values()), "after_import": _sum(imported.values())},
            "compounds": {
                code: {**_place(compound), **counts[code], "after_import": imported[code]}
                for code, compound in self._compounds.items()
            },
        }


def _sum(figures: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in figures:
        total.update(one)
    return dict(total)


def _counts(compound: _Compound) -> dict[str, int]:
    return {
        "dwellings": len(compound.layout.dwellings),
        "owner_occupied": compound.uses[Use.OWNER_OCCUPIED],
        "let": compound.uses[Use.LET],
        "empty": compound.uses[Use.EMPTY],
        "grids": len(compound.layout.grids),
        "sites": compound.sites,
    }


def _place(compound: _Compound) -> dict[str, object]:
    place = compound.layout.compound
    return {
        "name": place.name,
        "neighbourhood": place.neighbourhood,
        "area": place.area,
        "mode": "staffed" if place.staffed else "closed",
    }
