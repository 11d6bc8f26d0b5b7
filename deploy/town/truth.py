"""The town's real figures, and those that a faultless import arrives at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from deploy.town.layout import Layout
from deploy.town.people import Household, Living, Relation, Use
from deploy.town.sites import Site
from deploy.town.tables import Expect, Line

_RELATIONS = {Relation.OWNER: "owners", Relation.TENANT: "tenants", Relation.DEPENDANT: "dependants"}


@dataclass(slots=True)
class _People:
    """Lines of people, and people counted once: each where the first line about them stands."""

    people: int = 0
    residents: Counter[str] = field(default_factory=Counter)
    absentee_owners: int = 0

    def add(self, living: Living, *, first: bool) -> None:
        self.people += first
        if living.lives_here:
            self.residents[_RELATIONS[living.relation]] += 1
        else:
            self.absentee_owners += 1

    def told(self) -> dict[str, int]:
        kinds = {name: self.residents[name] for name in _RELATIONS.values()}
        return {"people": self.people, **kinds, "absentee_owners": self.absentee_owners}


@dataclass(slots=True)
class _Compound:
    layout: Layout
    uses: Counter[Use]
    real: _People = field(default_factory=_People)
    imported: _People = field(default_factory=_People)
    sites: int = 0


class Truth:
    """Counts while the files are made.

    `people` counts a person once in the whole town; `owners`, `tenants`, `dependants` count who lives at a
    dwelling (somebody who lives in two counts in both), `absentee_owners` the lines of owners who live
    elsewhere. `after_import` is the same when every line is treated as the answer key says.
    """

    def __init__(self) -> None:
        """Start with an empty town."""
        self._compounds: dict[str, _Compound] = {}
        self._seen: set[object] = set()
        self._seen_imported: set[object] = set()

    @property
    def dwellings(self) -> int:
        """Dwellings of the whole town."""
        return sum(len(compound.layout.dwellings) for compound in self._compounds.values())

    @property
    def people(self) -> int:
        """People of the whole town, each once."""
        return len(self._seen)

    def add_compound(self, layout: Layout, households: Sequence[Household]) -> None:
        """Enter a compound with its dwellings."""
        uses = Counter(household.use for household in households)
        self._compounds[layout.compound.code] = _Compound(layout, uses)

    def add_lines(self, lines: Iterable[tuple[Living, Line]]) -> None:
        """Enter lines in load order, without duplicates."""
        for living, line in lines:
            # newborns have no number, but stand in one line only: the line itself tells them apart
            key: object = living.person.document or id(living)
            compound = self._compounds[living.dwelling.compound.code]
            compound.real.add(living, first=_first(self._seen, key))
            if line.blemish is None or line.blemish.expect is not Expect.REJECT:
                compound.imported.add(living, first=_first(self._seen_imported, key))

    def add_sites(self, sites: Iterable[Site]) -> None:
        """Enter the disinfection sites."""
        for site in sites:
            self._compounds[site.compound].sites += 1

    def told(self) -> dict[str, object]:
        """The content of `truth.json`."""
        compounds = {code: _told(compound) for code, compound in self._compounds.items()}
        total: Counter[str] = Counter()
        imported: Counter[str] = Counter()
        for compound in self._compounds.values():
            total.update(_counts(compound))
            imported.update(compound.imported.told())
        return {"town": {**total, "after_import": dict(imported)}, "compounds": compounds}


def _first(seen: set[object], key: object) -> bool:
    before = len(seen)
    seen.add(key)
    return len(seen) > before


def _counts(compound: _Compound) -> dict[str, int]:
    return {
        "dwellings": len(compound.layout.dwellings),
        "owner_occupied": compound.uses[Use.OWNER_OCCUPIED],
        "let": compound.uses[Use.LET],
        "empty": compound.uses[Use.EMPTY],
        "grids": len(compound.layout.grids),
        "sites": compound.sites,
        **compound.real.told(),
    }


def _told(compound: _Compound) -> dict[str, object]:
    place = compound.layout.compound
    return {
        "name": place.name,
        "neighbourhood": place.neighbourhood,
        "area": place.area,
        "mode": "staffed" if place.staffed else "closed",
        **_counts(compound),
        "after_import": compound.imported.told(),
    }
