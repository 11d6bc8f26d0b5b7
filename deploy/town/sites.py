"""Disinfection sites per compound: lifts, stairs, gatehouses, waste, bins, public areas (R5.1, R5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.town.layout import Layout
from deploy.town.places import Building

_PUBLIC = ("物业服务中心", "快递柜", "儿童活动区", "非机动车库", "健身广场", "地下车库入口")
#: Dwellings per site of the kinds that follow a compound's size.
_PER_WASTE_ROOM, _PER_BIN, _PER_MASK_BIN = 600, 60, 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place that is disinfected every day; `rounds` is 0 where the policy's default holds."""

    code: str
    compound: str
    compound_name: str
    kind: str
    name: str
    building: str
    unit: str
    rounds: int
    since: date
    active: bool


def sites_of(layout: Layout, rng: Random) -> list[Site]:
    """The sites of one compound; at full size about 60 on average."""
    compound = layout.compound
    return [
        Site(
            code=f"{compound.code}-s{number:03d}",
            compound=compound.code,
            compound_name=compound.name,
            kind=kind,
            name=name,
            building=building,
            unit=unit,
            rounds=0 if rng.random() < 0.3 else 3 if kind == "垃圾箱房" else 2,
            since=date(2020, 1, 30) + timedelta(days=rng.randrange(20)),
            active=rng.random() >= 0.02,
        )
        for number, (kind, name, building, unit) in enumerate(_places(layout), start=1)
    ]


def _places(layout: Layout) -> Iterator[tuple[str, str, str, str]]:
    count = len(layout.dwellings)
    village = layout.compound.building is Building.VILLAGE
    yield "门卫室", "卡口值守点" if village else "门卫室", "", ""
    yield from _numbered("垃圾箱房", 1 + count // _PER_WASTE_ROOM)
    yield from _numbered("垃圾桶", 2 + count // _PER_BIN)
    yield from _numbered("口罩回收桶", 1 + count // _PER_MASK_BIN)
    for name in _PUBLIC[: 2 if village else 3 + min(3, count // 400)]:
        yield "公共区域", name, "", ""
    if village:
        return
    lifts = layout.compound.building is not Building.WALKUP
    # each stair of a tower is its own site; lower buildings are logged as a whole
    by_unit = layout.compound.building is Building.TOWER
    stairs = dict.fromkeys((home.building, home.unit if by_unit else "") for home in layout.dwellings)
    for building, unit in stairs:
        yield "楼道", f"{building}{unit}楼道", building, unit
        if lifts:
            yield "电梯", f"{building}{unit}电梯", building, unit


def _numbered(kind: str, count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(1, count + 1):
        yield kind, f"{number}号{kind}", "", ""
