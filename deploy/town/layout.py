"""Buildings, stairs, rooms and grids of every compound: the town's standard addresses (R4.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from random import Random

from deploy.town.places import COMPOUNDS, Building, Compound

#: Dwellings of a grid, about (R3.2).
GRID_SIZE = 300
#: A compound keeps at least this many dwellings, however small the scale.
_FEWEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwelling:
    """One standard address. `unit` is empty where a building has one stair, and in villages."""

    compound: Compound
    building: str
    unit: str
    room: str
    grid: str

    @property
    def address(self) -> str:
        """The whole address as the office writes it."""
        return (
            f"江苏省昆山市{self.compound.address}{self.compound.name}{self.building}{self.unit}{self.room}室"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A part of a compound with its own team; `first` and `last` are its buildings."""

    code: str
    compound: Compound
    number: int
    first: str
    last: str
    dwellings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One compound as it is built."""

    compound: Compound
    dwellings: tuple[Dwelling, ...]
    grids: tuple[Grid, ...]


def stream(seed: int, purpose: str, key: str = "") -> Random:
    """An independent random stream for one purpose, so that one part of the town never shifts another."""
    return Random(f"{seed}/{purpose}/{key}")  # noqa: S311 - must be reproducible; nothing here is a secret


def checkpoint_of(compound: Compound) -> str:
    """The code of the compound's one checkpoint."""
    return f"{compound.code}-k1"


def _rooms(building: Building, rng: Random) -> Iterator[tuple[str, str, str]]:
    """Endless (building, unit, room) of one kind of compound."""
    number = 0
    while True:
        number += 1
        if building is Building.VILLAGE:
            yield from _house(number, rng)
            continue
        if building is Building.TOWER:
            units, floors, doors = rng.choice((1, 2, 2)), rng.choice((18, 24, 26, 32)), 4
        elif building is Building.MIDRISE:
            units, floors, doors = rng.choice((2, 3, 3)), 11, 2
        else:
            units, floors, doors = rng.choice((1, 3, 4, 5)), rng.choice((5, 6)), 2
        for unit in range(1, units + 1):
            label = f"{unit}单元" if units > 1 else ""
            for floor in range(1, floors + 1):
                for door in range(1, doors + 1):
                    yield f"{number}幢", label, f"{floor}{door:02d}"


def _house(number: int, rng: Random) -> Iterator[tuple[str, str, str]]:
    """A village house: the owner's rooms and often a few that are let."""
    yield f"{number}号", "", "101"
    for extra in range(rng.choice((0, 0, 1, 2, 3))):
        yield f"{number}号", "", ("102", "201", "202")[extra]


def lay_out(compound: Compound, *, seed: int, scale: float) -> Layout:
    """Build one compound. Grids are cut at buildings, so a household's grid is its building's."""
    count = max(_FEWEST, round(compound.dwellings * scale))
    rooms = list(islice(_rooms(compound.building, stream(seed, "layout", compound.code)), count))
    places: dict[str, list[int]] = {}
    for index, (building, _, _) in enumerate(rooms):
        places.setdefault(building, []).append(index)
    # equal shares, each building by its middle: neither a sliver at the end nor a grid of twice the size
    share = count / max(1, round(count / GRID_SIZE))
    grid_of = {name: int((inside[0] + inside[-1]) / 2 / share) for name, inside in places.items()}
    numbers = {cut: number for number, cut in enumerate(sorted(set(grid_of.values())), start=1)}
    codes = {building: f"{compound.code}-w{numbers[cut]:02d}" for building, cut in grid_of.items()}
    dwellings = tuple(
        Dwelling(compound=compound, building=building, unit=unit, room=room, grid=codes[building])
        for building, unit, room in rooms
    )
    return Layout(compound=compound, dwellings=dwellings, grids=tuple(_grids(compound, dwellings)))


def _grids(compound: Compound, dwellings: tuple[Dwelling, ...]) -> Iterator[Grid]:
    inside: dict[str, list[Dwelling]] = {}
    for dwelling in dwellings:
        inside.setdefault(dwelling.grid, []).append(dwelling)
    for number, (code, members) in enumerate(inside.items(), start=1):
        yield Grid(
            code=code,
            compound=compound,
            number=number,
            first=members[0].building,
            last=members[-1].building,
            dwellings=len(members),
        )


@lru_cache(maxsize=2)
def town_layout(seed: int, scale: float) -> tuple[Layout, ...]:
    """The whole town, all 53 compounds in the order of their codes."""
    return tuple(lay_out(compound, seed=seed, scale=scale) for compound in COMPOUNDS)
