"""The invented places: neighbourhoods, compounds and their kinds."""

from dataclasses import dataclass
from enum import StrEnum

#: Day of the township's plan; the register is as it stood on this day.
REGISTER_DAY = "2020-02-24"


class Building(StrEnum):
    """How a compound is built; the value is what the office writes."""

    TOWER = "高层"
    MIDRISE = "小高层"
    WALKUP = "多层"
    VILLAGE = "自然村"


#: Square metres of the compound's area per dwelling, by kind. Rough, but in the range of real compounds.
_AREA_PER_DWELLING = {Building.TOWER: 108, Building.MIDRISE: 118, Building.WALKUP: 92, Building.VILLAGE: 210}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """A 社区 or 村; one of the nine work groups is posted to each (R3.1)."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """One of the 53 residential compounds.

    `dwellings` is the number at full size; `area` is in square metres and does not shrink with the scale,
    because the opening rule of checkpoints depends on it (R2.1).
    """

    number: int
    code: str
    name: str
    neighbourhood: str
    building: Building
    dwellings: int
    area: int
    staffed: bool
    address: str
    company: str


NEIGHBOURHOODS = tuple(
    Neighbourhood(code=code, name=name, kind=name[-1] if name.endswith("村") else "社区")
    for code, name in (
        ("nb-01", "南溪社区"),
        ("nb-02", "北苑社区"),
        ("nb-03", "云桥社区"),
        ("nb-04", "青禾社区"),
        ("nb-05", "香樟社区"),
        ("nb-06", "菱塘社区"),
        ("nb-07", "芦浜村"),
        ("nb-08", "杨家渡村"),
        ("nb-09", "石泾村"),
    )
)

_COMPOUNDS = (
    ("南溪花园", "nb-01", Building.TOWER, 2560),
    ("溪畔雅苑", "nb-01", Building.MIDRISE, 823),
    ("听澜名邸", "nb-01", Building.TOWER, 1301),
    ("南溪新村", "nb-01", Building.WALKUP, 1394),
    ("碧水湾", "nb-01", Building.MIDRISE, 1099),
    ("望溪公寓", "nb-01", Building.TOWER, 1093),
    ("文汇苑", "nb-01", Building.WALKUP, 1222),
    ("北苑一村", "nb-02", Building.WALKUP, 716),
    ("北苑二村", "nb-02", Building.WALKUP, 848),
    ("锦绣家园", "nb-02", Building.TOWER, 3060),
    ("紫藤苑", "nb-02", Building.MIDRISE, 1112),
    ("金桂花园", "nb-02", Building.MIDRISE, 629),
    ("悦湖府", "nb-02", Building.WALKUP, 537),
    ("银杏里", "nb-02", Building.WALKUP, 727),
    ("云桥新城", "nb-03", Building.TOWER, 3420),
    ("云桥佳苑", "nb-03", Building.MIDRISE, 808),
    ("虹桥雅居", "nb-03", Building.MIDRISE, 597),
    ("星河湾畔", "nb-03", Building.MIDRISE, 506),
    ("柏悦庭", "nb-03", Building.MIDRISE, 874),
    ("梧桐里", "nb-03", Building.MIDRISE, 878),
    ("云栖公寓", "nb-03", Building.TOWER, 1305),
    ("青禾花园", "nb-04", Building.TOWER, 2860),
    ("青禾新村", "nb-04", Building.WALKUP, 735),
    ("稻香苑", "nb-04", Building.MIDRISE, 646),
    ("绿野家园", "nb-04", Building.MIDRISE, 459),
    ("丰和苑", "nb-04", Building.TOWER, 754),
    ("禾风雅筑", "nb-04", Building.TOWER, 615),
    ("春晓里", "nb-04", Building.MIDRISE, 1124),
    ("香樟园", "nb-05", Building.WALKUP, 814),
    ("樟华府", "nb-05", Building.TOWER, 599),
    ("枫林绿洲", "nb-05", Building.MIDRISE, 958),
    ("海棠苑", "nb-05", Building.MIDRISE, 1257),
    ("玉兰公寓", "nb-05", Building.MIDRISE, 448),
    ("翠堤花苑", "nb-05", Building.WALKUP, 1118),
    ("菱塘花苑", "nb-06", Building.WALKUP, 1186),
    ("莲香新村", "nb-06", Building.WALKUP, 731),
    ("荷风苑", "nb-06", Building.TOWER, 1282),
    ("水岸名都", "nb-06", Building.TOWER, 2980),
    ("双塘佳园", "nb-06", Building.TOWER, 914),
    ("鱼荡里", "nb-06", Building.VILLAGE, 173),
    ("芦浜新村", "nb-07", Building.WALKUP, 936),
    ("东浜头", "nb-07", Building.VILLAGE, 150),
    ("西浜头", "nb-07", Building.VILLAGE, 104),
    ("荻花苑", "nb-07", Building.TOWER, 783),
    ("芦苇荡村", "nb-07", Building.VILLAGE, 126),
    ("杨家渡新村", "nb-08", Building.WALKUP, 865),
    ("渡口里", "nb-08", Building.VILLAGE, 140),
    ("柳岸家园", "nb-08", Building.MIDRISE, 1007),
    ("北渡自然村", "nb-08", Building.VILLAGE, 183),
    ("石泾新村", "nb-09", Building.WALKUP, 1334),
    ("石泾花园", "nb-09", Building.MIDRISE, 841),
    ("泾东自然村", "nb-09", Building.VILLAGE, 146),
    ("泾西自然村", "nb-09", Building.VILLAGE, 223),
)
#: A natural village without a wall cannot be closed: named persons strengthen control instead (R1.1).
_STAFFED = frozenset({"鱼荡里", "东浜头", "西浜头", "芦苇荡村", "渡口里", "北渡自然村"})
#: Exactly the limit of Notice No. 4's "300,000 m² and above" (P1).
_EXACT_AREA = {"南溪花园": 300_000}
_ROADS = ("溪云路", "菱湖路", "青禾路", "樟荫路", "渡口街", "云桥大街", "石泾路", "北苑路", "芦花路")
_COMPANIES = ("清荷物业", "云栖物业", "安和物业", "锦程物业", "南溪物业服务", "菱塘物业服务")


def _compound(number: int, name: str, neighbourhood: str, building: Building, dwellings: int) -> Compound:
    road = _ROADS[int(neighbourhood[-2:]) - 1]
    return Compound(
        number=number,
        code=f"lj-{number:03d}",
        name=name,
        neighbourhood=neighbourhood,
        building=building,
        dwellings=dwellings,
        area=_EXACT_AREA.get(name, dwellings * _AREA_PER_DWELLING[building]),
        staffed=name in _STAFFED,
        address=f"陆家镇{road}{number * 17 % 390 + 8}号",
        company="" if building is Building.VILLAGE else _COMPANIES[number % len(_COMPANIES)],
    )


COMPOUNDS = tuple(_compound(number, *row) for number, row in enumerate(_COMPOUNDS, start=1))


def compounds_of(neighbourhood: Neighbourhood) -> tuple[Compound, ...]:
    """The compounds of one neighbourhood, in the order of their codes."""
    return tuple(compound for compound in COMPOUNDS if compound.neighbourhood == neighbourhood.code)
