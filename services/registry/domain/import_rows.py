"""Reading one line of each list of places and workers: a value, or every fault of the line. Pure (R4.2, P6)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

from services.registry.domain.faults import KEPT, Fault
from services.registry.domain.people import SEXES, Sex
from services.registry.domain.premises import (
    BUILDING_TYPES,
    MODES,
    NEIGHBOURHOOD_KINDS,
    OCCUPANCIES,
    TRAFFICS,
    AddressKey,
    Checkpoint,
    Compound,
    Dwelling,
    Grid,
    Neighbourhood,
    building_name,
    room_name,
)
from services.registry.domain.workers import WorkerFacts
from shared.events.policy import WorkerKind
from shared.kernel.cells import Cell, CellFault, code_of, compact, day_of, text_of, whole_number_of
from shared.kernel.identities import normalise_phone
from shared.kernel.ids import PLACE_CODE, CheckpointId, CompoundId, GridId, NeighbourhoodId

T = TypeVar("T")
_PLACE = re.compile(PLACE_CODE)
_LONGEST, _LONGEST_PART = 200, 40


class RawRow(NamedTuple):
    """A line as it stands in the file: `columns` maps a header to the place of its cell."""

    sheet: str
    number: int
    columns: Mapping[str, int]
    cells: Sequence[Cell]


@dataclass(slots=True)
class Reader:
    """Reads the cells of one line and collects what is wrong with them; a faulty cell gives None."""

    row: RawRow
    faults: list[Fault] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether nothing was found that forbids to take the line."""
        return not self.faults or all(fault.code in KEPT for fault in self.faults)

    def fault(self, column: str, code: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(column, code))

    def has_fault(self, column: str) -> bool:
        """Whether something was found wrong with a column already."""
        return any(fault.column == column for fault in self.faults)

    def cell(self, column: str) -> Cell:
        """The cell itself; nothing where the list has no such column or the line is short."""
        place = self.row.columns.get(column)
        return self.row.cells[place] if place is not None and place < len(self.row.cells) else None

    def read(self, column: str, how: Callable[[Cell], T]) -> T | None:
        """The cell read by a function that may raise CellFault."""
        try:
            return how(self.cell(column))
        except CellFault as fault:
            self.fault(column, fault.code)
            return None

    def text(self, column: str, *, missing: str = "value_missing") -> str:
        """A required text."""
        text = self.optional(column)
        if not text:
            self.fault(column, missing)
        return text or ""

    def optional(self, column: str) -> str | None:
        """A text, or None for an empty cell."""
        text = text_of(self.cell(column))
        if len(text) > _LONGEST:
            self.fault(column, "value_too_long")
        return text or None

    def place(self, column: str) -> str:
        """A required number of a place that this line brings in."""
        code = code_of(self.cell(column))
        if not code:
            self.fault(column, "value_missing")
        elif not _PLACE.fullmatch(code):
            self.fault(column, "id_malformed")
        return code

    def choice(self, column: str, allowed: Mapping[str, T], *, code: str = "value_unknown") -> T | None:
        """One of the allowed values."""
        text = compact(self.cell(column))
        found = allowed.get(text)
        if found is None:
            self.fault(column, code if text else "value_missing")
        return found

    def day(self, column: str) -> date | None:
        """A required day."""
        return self.read(column, day_of)

    def number(self, column: str) -> int | None:
        """A whole number, or None for an empty cell."""
        return self.read(column, whole_number_of)

    def address(self) -> AddressKey:
        """The parts of a dwelling's address."""
        building = building_name(compact(self.cell("楼栋")))
        unit, room = compact(self.cell("单元")), room_name(compact(self.cell("室号")))
        if not building:
            self.fault("楼栋", "value_missing")
        if not room:
            self.fault("室号", "room_missing")
        for column, part in (("楼栋", building), ("单元", unit), ("室号", room)):
            if len(part) > _LONGEST_PART:
                self.fault(column, "value_too_long")
        compound = CompoundId(code_of(self.cell("小区编号")))
        return AddressKey(compound, building, unit, room)


def read_all(
    rows: Iterable[RawRow], how: Callable[[Reader], T | None]
) -> list[tuple[RawRow, Reader, T | None]]:
    """Read many lines in one way."""
    return [(row, reader := Reader(row), how(reader)) for row in rows]


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "compounds": (
        "小区编号",
        "小区",
        "社区编号",
        "社区",
        "社区类型",
        "小区类型",
        "地址",
        "面积(平方米)",
        "管理方式",
    ),
    "checkpoints": ("卡口编号", "小区编号", "卡口名称", "通行类型", "启用日期"),
    "grids": ("网格编号", "小区编号", "网格名称"),
    "addresses": ("小区编号", "网格编号", "楼栋", "室号", "标准地址", "使用情况"),
    "residents": (
        *(
            "小区编号",
            "楼栋",
            "室号",
            "姓名",
            "性别",
            "出生日期",
            "证件类型",
            "证件号码",
            "与房屋关系",
            "是否常住",
        ),
        "登记日期",
    ),
    "workers": ("工号", "姓名", "性别", "手机号", "人员类别", "派出单位", "派驻类型", "派驻编号", "开始日期"),
    "watch_list": ("姓名", "证件类型", "证件号码", "手机号", "来源地区划代码", "到达日期", "备注"),
}
"""The columns that a list of each kind must have; all others may be absent."""


def read_compound(reader: Reader) -> tuple[Compound, Neighbourhood] | None:
    """A compound and the neighbourhood it names."""
    compound_id = CompoundId(reader.place("小区编号"))
    neighbourhood_id = NeighbourhoodId(reader.place("社区编号"))
    kind = reader.choice("社区类型", NEIGHBOURHOOD_KINDS)
    building_type = reader.choice("小区类型", BUILDING_TYPES)
    mode = reader.choice("管理方式", MODES)
    area = reader.number("面积(平方米)")
    if not area and not reader.has_fault("面积(平方米)"):
        reader.fault("面积(平方米)", "value_missing")
    name, address, neighbourhood = reader.text("小区"), reader.text("地址"), reader.text("社区")
    buildings, households = reader.number("楼栋数"), reader.number("户数")
    company, note = reader.optional("物业公司"), reader.optional("备注")
    if not reader.usable or kind is None or building_type is None or mode is None or area is None:
        return None
    return (
        Compound(
            compound_id=compound_id,
            neighbourhood_id=neighbourhood_id,
            name=name,
            building_type=building_type,
            address=address,
            area_m2=area,
            buildings=buildings,
            households=households,
            mode=mode,
            property_company=company,
            note=note,
        ),
        Neighbourhood(neighbourhood_id=neighbourhood_id, name=neighbourhood, kind=kind),
    )


def read_checkpoint(reader: Reader, today: date) -> Checkpoint | None:
    """A checkpoint that is in use by `today`."""
    checkpoint_id = CheckpointId(reader.place("卡口编号"))
    compound_id = CompoundId(code_of(reader.cell("小区编号")))
    traffic = reader.choice("通行类型", TRAFFICS)
    opened_on = reader.day("启用日期")
    if opened_on is not None and opened_on > today:
        reader.fault("启用日期", "date_in_future")
    name, note = reader.text("卡口名称"), reader.optional("备注")
    if not reader.usable or traffic is None or opened_on is None:
        return None
    return Checkpoint(
        checkpoint_id=checkpoint_id,
        compound_id=compound_id,
        name=name,
        traffic=traffic,
        opened_on=opened_on,
        note=note,
    )


def read_grid(reader: Reader) -> Grid | None:
    """A grid."""
    grid_id = GridId(reader.place("网格编号"))
    compound_id = CompoundId(code_of(reader.cell("小区编号")))
    name, span, dwellings = reader.text("网格名称"), reader.optional("范围"), reader.number("户数")
    if not reader.usable:
        return None
    return Grid(grid_id=grid_id, compound_id=compound_id, name=name, span=span, dwellings=dwellings or 0)


def read_dwelling(reader: Reader) -> Dwelling | None:
    """A line of the address list."""
    key = reader.address()
    grid_id = GridId(code_of(reader.cell("网格编号")))
    occupancy = reader.choice("使用情况", OCCUPANCIES)
    address = reader.text("标准地址")
    if not reader.usable or occupancy is None:
        return None
    return Dwelling(key=key, grid_id=grid_id, address=address, occupancy=occupancy)


WORKER_KINDS: dict[str, WorkerKind] = {
    "工作组组长": "work_group_leader",
    "工作组成员": "work_group_member",
    "辅警": "auxiliary_police",
    "保安": "guard",
    "网格长": "grid_leader",
    "社区民警": "community_police",
    "专职网格员": "grid_worker",
    "卫生服务人员": "health_worker",
    "综合执法人员": "enforcement_officer",
    "物业人员": "property_staff",
    "楼道长": "stair_leader",
    "志愿者": "volunteer",
    "管控专人": "named_person",
}
PLACE_KINDS = {"社区": "neighbourhood", "小区": "compound", "卡口": "checkpoint", "网格": "grid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """A worker at one post as a list states it."""

    code: str
    name: str
    sex: Sex
    phone: str
    kind: WorkerKind
    home_unit: str
    work_group: str | None
    home_compound: CompoundId | None
    place_kind: str
    place: str
    from_day: date
    until_day: date | None

    def facts(self) -> WorkerFacts:
        """What the line states of the worker, without the post."""
        return WorkerFacts(
            code=self.code,
            name=self.name,
            sex=self.sex,
            phone=self.phone,
            kind=self.kind,
            home_unit=self.home_unit,
            work_group=self.work_group,
            home_compound=self.home_compound,
        )


def read_worker(reader: Reader) -> WorkerLine | None:
    """A worker and where the worker is posted."""
    code = reader.text("工号").upper()
    written = reader.text("手机号")
    phone = normalise_phone(written)
    if written and phone is None:
        reader.fault("手机号", "phone_malformed")
    sex, kind = reader.choice("性别", SEXES), reader.choice("人员类别", WORKER_KINDS)
    place_kind = reader.choice("派驻类型", PLACE_KINDS)
    place = code_of(reader.cell("派驻编号"))
    if not place:
        reader.fault("派驻编号", "value_missing")
    from_day = reader.day("开始日期")
    until_day = reader.day("结束日期") if text_of(reader.cell("结束日期")) else None
    if from_day and until_day and until_day < from_day:
        reader.fault("结束日期", "date_order")
    name, home_unit, group = reader.text("姓名"), reader.text("派出单位"), reader.optional("工作组")
    home = code_of(reader.cell("居住小区编号"))
    if not reader.usable or sex is None or kind is None or place_kind is None or from_day is None:
        return None
    return WorkerLine(
        code=code,
        name=name,
        sex=sex,
        phone=phone or written,
        kind=kind,
        home_unit=home_unit,
        work_group=group,
        home_compound=CompoundId(home) if home else None,
        place_kind=place_kind,
        place=place,
        from_day=from_day,
        until_day=until_day,
    )
