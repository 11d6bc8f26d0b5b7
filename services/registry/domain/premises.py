"""Places of the town: neighbourhoods, compounds, checkpoints, grids, dwellings. Pure (R1.1, R2.1, R3.2, R4.3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.policy_gate import CheckpointRules
from shared.kernel.ids import CheckpointId, CompoundId, GridId, NeighbourhoodId
from shared.kernel.refusal import Refusal


class NeighbourhoodKind(StrEnum):
    """社区 or 村."""

    COMMUNITY = "community"
    VILLAGE = "village"


class BuildingType(StrEnum):
    """How a compound is built."""

    HIGH_RISE = "high_rise"
    MID_RISE = "mid_rise"
    LOW_RISE = "low_rise"
    VILLAGE = "village"


class Mode(StrEnum):
    """How a compound is managed: closed, or strengthened by named persons where it cannot be closed (R1.1)."""

    CLOSED = "closed"
    STAFFED = "staffed"


class Traffic(StrEnum):
    """Who may use a checkpoint."""

    MIXED = "mixed"
    PEDESTRIAN = "pedestrian"


class Occupancy(StrEnum):
    """How a dwelling is used."""

    OWNER_OCCUPIED = "owner_occupied"
    LET = "let"
    EMPTY = "empty"


NEIGHBOURHOOD_KINDS = {"社区": NeighbourhoodKind.COMMUNITY, "村": NeighbourhoodKind.VILLAGE}
BUILDING_TYPES = {
    "高层": BuildingType.HIGH_RISE,
    "小高层": BuildingType.MID_RISE,
    "多层": BuildingType.LOW_RISE,
    "自然村": BuildingType.VILLAGE,
}
MODES = {"封闭管理": Mode.CLOSED, "专人管控": Mode.STAFFED}
TRAFFICS = {"人车混行": Traffic.MIXED, "仅行人": Traffic.PEDESTRIAN}
OCCUPANCIES = {"自住": Occupancy.OWNER_OCCUPIED, "出租": Occupancy.LET, "空置": Occupancy.EMPTY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """社区 or 村."""

    neighbourhood_id: NeighbourhoodId
    name: str
    kind: NeighbourhoodKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """小区. `area_m2` is the floor area that decides how many checkpoints are allowed."""

    compound_id: CompoundId
    neighbourhood_id: NeighbourhoodId
    name: str
    building_type: BuildingType
    address: str
    area_m2: int
    buildings: int | None
    households: int | None
    mode: Mode
    property_company: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """卡口. `temporary`: a gate for fire engines or ambulances, which stands beside the limit."""

    checkpoint_id: CheckpointId
    compound_id: CompoundId
    name: str
    traffic: Traffic
    opened_on: date
    note: str | None
    temporary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """网格."""

    grid_id: GridId
    compound_id: CompoundId
    name: str
    span: str | None
    dwellings: int


@dataclass(frozen=True, slots=True)
class AddressKey:
    """A dwelling's standard address in its one spelling; `unit` is empty where a building has one stair."""

    compound_id: CompoundId
    building: str
    unit: str
    room: str

    def parts(self) -> tuple[str, str, str]:
        """Building, unit and room."""
        return self.building, self.unit, self.room

    def shown(self) -> str:
        """As screens and cards show it: `8幢-2-501`, or `12号-101` where there is no unit."""
        unit = self.unit.removesuffix("单元")
        return "-".join(part for part in (self.building, unit, self.room) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwelling:
    """One line of the address list: belongs to exactly one grid."""

    key: AddressKey
    grid_id: GridId
    address: str
    occupancy: Occupancy


@dataclass(frozen=True, slots=True)
class Home:
    """A dwelling of the book as lines about people refer to it."""

    dwelling_id: UUID
    grid_id: GridId
    key: AddressKey


_BUILDING_WORDS = re.compile(r"(?:号楼|栋)$")
_NUMBER = re.compile(r"[0-9]+")
_LAST_NUMBER = 2_000_000_000


def building_name(text: str) -> str:
    """A building in its one spelling: `3栋` and `3号楼` are `3幢`; a village's house number stays `12号`."""
    return _BUILDING_WORDS.sub("幢", text) if text[:1].isdigit() else text


def room_name(text: str) -> str:
    """A room in its one spelling, without `室`."""
    return text.removesuffix("室").upper()


def numbered(building: str, unit: str) -> tuple[str, str]:
    """Building and unit where only their numbers were typed, as who fills in fields of that name does."""
    return (
        f"{building}幢" if building.isdecimal() else building,
        f"{unit}单元" if unit.isdecimal() else unit,
    )


def meant(key: AddressKey) -> tuple[AddressKey, ...]:
    """The addresses that may be meant, the one that was written first: lists often give numbers only (P6)."""
    return key, AddressKey(key.compound_id, *numbered(key.building, key.unit), key.room)


def order_of(part: str) -> int:
    """The first number in a part of an address, so that 2幢 stands before 10幢; 0 where there is none."""
    found = _NUMBER.search(part)
    return min(int(found[0]), _LAST_NUMBER) if found else 0


class CheckpointLimitReached(Refusal):
    """The compound may not have another checkpoint under the rules in force (R2.1)."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "checkpoint_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A decision that a checkpoint may open: how many may be open, and by whose rule."""

    limit: int
    rule: str


def checkpoint_limit(area_m2: int, rules: CheckpointRules) -> Opening:
    """How many checkpoints a compound of this area may have: the smaller of the city's and the town's number.

    An area that equals a threshold counts as reaching it (以上).
    """
    reached = [limit for limit in rules.city_limits if area_m2 >= limit.from_m2]
    city = max(reached, key=lambda limit: limit.from_m2).checkpoints if reached else 0
    if rules.town_limit <= city:
        return Opening(limit=rules.town_limit, rule="town")
    return Opening(limit=city, rule="city")


def decide_opening(area_m2: int, open_checkpoints: Sequence[str], rules: CheckpointRules) -> Opening:
    """May the compound open one more checkpoint? (R2.1, P1)

    Args:
        area_m2: the compound's floor area.
        open_checkpoints: those that are open now, without the new one.
        rules: the checkpoint rules of the policy in force.

    Raises:
        CheckpointLimitReached: naming the rule that forbids it.
    """
    opening = checkpoint_limit(area_m2, rules)
    if len(open_checkpoints) < opening.limit:
        return opening
    whose = {"town": ("镇", "the town's"), "city": ("市", "the city's")}[opening.rule]
    raise CheckpointLimitReached(
        f"按{whose[0]}规定，该小区最多开放 {opening.limit} 个出入口。"
        f"By {whose[1]} rule this compound may open {opening.limit}.",
        field="checkpoint_id",
        remedy="先关闭现有卡口，或修订政策。Close the open one first, or have the policy revised.",
        rule=opening.rule,
        limit=opening.limit,
        area_m2=area_m2,
    )
