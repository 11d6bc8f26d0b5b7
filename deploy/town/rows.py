"""The office's tables: headers, and how a line is written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from deploy.town.layout import Dwelling, Grid, Layout, checkpoint_of
from deploy.town.people import Living, Use
from deploy.town.places import NEIGHBOURHOODS, Building, Compound
from deploy.town.sites import Site
from deploy.town.staff import Posting
from deploy.town.tables import Cell, Encoding, Line

COMPOUND_HEADER = (
    "小区编号",
    "小区",
    "社区编号",
    "社区",
    "社区类型",
    "小区类型",
    "地址",
    "面积(平方米)",
    "楼栋数",
    "户数",
    "管理方式",
    "物业公司",
    "备注",
)
CHECKPOINT_HEADER = ("卡口编号", "小区编号", "小区", "卡口名称", "通行类型", "启用日期", "备注")
GRID_HEADER = ("网格编号", "小区编号", "小区", "网格名称", "范围", "户数")
ADDRESS_HEADER = ("小区编号", "小区", "网格编号", "楼栋", "单元", "室号", "标准地址", "使用情况")
RESIDENT_HEADER = (
    "小区编号",
    "小区",
    "楼栋",
    "单元",
    "室号",
    "姓名",
    "性别",
    "出生日期",
    "证件类型",
    "证件号码",
    "手机号",
    "与房屋关系",
    "户籍地区划代码",
    "是否常住",
    "监护人证件号码",
    "登记日期",
    "备注",
)
WORKER_HEADER = (
    "工号",
    "姓名",
    "性别",
    "手机号",
    "人员类别",
    "派出单位",
    "工作组",
    "派驻类型",
    "派驻编号",
    "居住小区编号",
    "开始日期",
    "结束日期",
)
SITE_HEADER = (
    "点位编号",
    "小区编号",
    "小区",
    "点位类型",
    "点位名称",
    "楼栋",
    "单元",
    "每日消杀次数",
    "启用日期",
    "状态",
    "备注",
)

_DATE_STYLES: tuple[Callable[[date], str], ...] = (
    lambda day: day.isoformat(),
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day.year}.{day.month:02d}.{day.day:02d}",
    lambda day: f"{day.year}{day.month:02d}{day.day:02d}",
)
_ORDINALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """How one neighbourhood's clerk keeps the list."""

    encoding: Encoding
    numbers: bool = False
    dates: int | None = 0

    def day(self, day: date) -> Cell:
        """A date as this clerk writes it; `dates=None` means real date cells."""
        return day if self.dates is None else _DATE_STYLES[self.dates](day)

    def figure(self, text: str, digits: int = 15) -> Cell:
        """Digits as this clerk's program keeps them: as a number cell where it turns them into one."""
        return int(text) if self.numbers and text.isdigit() and len(text) <= digits else text


#: One hand per neighbourhood: four Excel, three CSV with BOM, two GBK.
HANDS = (
    Hand(encoding=Encoding.XLSX, numbers=True, dates=None),
    Hand(encoding=Encoding.XLSX, dates=0),
    Hand(encoding=Encoding.UTF8_BOM, dates=1),
    Hand(encoding=Encoding.GBK, dates=0),
    Hand(encoding=Encoding.XLSX, numbers=True, dates=2),
    Hand(encoding=Encoding.UTF8_BOM, dates=3),
    Hand(encoding=Encoding.XLSX, dates=None),
    Hand(encoding=Encoding.GBK, dates=4),
    Hand(encoding=Encoding.UTF8_BOM, dates=0),
)
_PLACES = {neighbourhood.code: neighbourhood for neighbourhood in NEIGHBOURHOODS}


def compound_line(layout: Layout) -> Line:
    """One line of 01-小区."""
    compound = layout.compound
    place = _PLACES[compound.neighbourhood]
    houses = len({home.building for home in layout.dwellings})
    mode = "专人管控" if compound.staffed else "封闭管理"
    return Line(
        [
            compound.code,
            compound.name,
            place.code,
            place.name,
            place.kind,
            compound.building.value,
            compound.address,
            compound.area,
            houses,
            len(layout.dwellings),
            mode,
            compound.company,
            "无围墙，多处道口" if compound.staffed else "",
        ]
    )


def checkpoint_line(compound: Compound, rng: Random) -> Line:
    """One line of 02-卡口: every compound has exactly one (R2.1)."""
    name = (
        "村口"
        if compound.building is Building.VILLAGE
        else rng.choice(("东门", "南门", "西门", "北门", "正门"))
    )
    traffic = "仅行人" if compound.number % 11 == 0 else "人车混行"
    opened = date(2020, 2, 1 + rng.randrange(9)).isoformat()
    return Line([checkpoint_of(compound), compound.code, compound.name, name, traffic, opened, ""])


def grid_line(grid: Grid) -> Line:
    """One line of 03-网格."""
    ordinal = (
        _ORDINALS[grid.number - 1] if grid.number <= len(_ORDINALS) else f"十{_ORDINALS[grid.number - 11]}"
    )
    span = grid.first if grid.first == grid.last else f"{grid.first}-{grid.last}"
    return Line([grid.code, grid.compound.code, grid.compound.name, f"第{ordinal}网格", span, grid.dwellings])


def address_line(home: Dwelling, use: Use) -> Line:
    """One line of 04-标准地址."""
    compound = home.compound
    cells: list[Cell] = [compound.code, compound.name, home.grid, home.building, home.unit, int(home.room)]
    return Line([*cells, home.address, use.value])


def resident_line(living: Living, hand: Hand) -> Line:
    """One line of 05-住户居民 in the clerk's hand."""
    home, person = living.dwelling, living.person
    number = hand.figure(living.written) if len(living.written) == 15 else living.written
    return Line(
        [
            home.compound.code,
            home.compound.name,
            home.building,
            home.unit,
            hand.figure(home.room),
            person.name,
            person.sex,
            hand.day(person.born),
            person.document_kind,
            number,
            hand.figure(person.phone),
            living.relation.value,
            person.origin,
            "是" if living.lives_here else "否",
            living.guardian,
            hand.day(living.registered),
            living.note,
        ]
    )


def worker_line(posting: Posting) -> Line:
    """One line of 06-工作人员."""
    who = posting.worker
    return Line(
        [
            who.code,
            who.name,
            who.sex,
            who.phone,
            who.kind,
            who.unit,
            who.group,
            posting.place_kind,
            posting.place,
            who.home,
            posting.since,
            "",
        ]
    )


def site_line(site: Site) -> Line:
    """One line of 07-消杀点位."""
    return Line(
        [
            site.code,
            site.compound,
            site.compound_name,
            site.kind,
            site.name,
            site.building,
            site.unit,
            str(site.rounds) if site.rounds else "",
            site.since.isoformat(),
            "启用" if site.active else "停用",
            "",
        ]
    )
