"""What each list that offices hand in looks like: its name, and per column what belongs there. Pure (R4.2, P6).

Templates are made from it, and exports have these columns, so that what is exported can be imported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.registry.domain.documents import LABELS
from services.registry.domain.import_rows import COLUMNS, PLACE_KINDS, WORKER_KINDS
from services.registry.domain.people import RELATIONS, RESIDENT, SEXES
from services.registry.domain.premises import (
    BUILDING_TYPES,
    MODES,
    NEIGHBOURHOOD_KINDS,
    OCCUPANCIES,
    TRAFFICS,
)

Kind = Literal["compounds", "checkpoints", "grids", "addresses", "residents", "workers"]
"""What `/v1/imports` takes and `/v1/exports` gives; a watch list has routes of its own."""


class ColumnGuide(NamedTuple):
    """A column: what belongs there (Chinese first), an example, and the allowed values where they are few."""

    title: str
    tells: str
    example: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGuide:
    """A kind of list as the office knows it."""

    name: str
    columns: tuple[ColumnGuide, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The titles in their order."""
        return tuple(column.title for column in self.columns)


def is_required(kind: str, title: str) -> bool:
    """Whether a list of this kind must have the column."""
    return title in COLUMNS[kind]


def _values(of: Iterable[str]) -> tuple[str, ...]:
    return tuple(of)


_ID = "字母、数字、连字符，最长 32 位。Letters, digits and hyphens, at most 32."
_DAY = "写成 2020-02-24；Excel 日期格式也可以。As 2020-02-24; a date cell is fine."
_DOCUMENT = (
    "整列设为文本，18 位写全；末位 X 大小写均可。"
    "Format the column as text and give all 18 characters; x or X at the end."
)
_COMPOUND = ColumnGuide("小区编号", "已在小区表中的编号。A number of the compounds list.", "lj-001")
_BUILDING = ColumnGuide("楼栋", "幢号；村居写门牌。Building, or the house number in a village.", "8幢")
_UNIT = ColumnGuide("单元", "没有单元的留空。Empty where a building has one stair.", "2单元")
_ROOM = ColumnGuide("室号", "与标准地址一致。As in the address list.", "501")
_NOTE = ColumnGuide("备注", "可留空，最长 200 字。May be empty; at most 200 characters.", "")
_NAME = ColumnGuide("姓名", "与证件一致。As on the document.", "欧阳某某")
_SEX = ColumnGuide("性别", "与证件一致。As on the document.", "女", _values(SEXES))
_PHONE = ColumnGuide(
    "手机号",
    "11 位手机号，或带区号的固话。A mobile number of 11 digits, or a landline with its area code.",
    "19900000000",
)
_KIND = ColumnGuide(
    "证件类型", "没有证件的填“无”。For people without a document: 无.", "居民身份证", _values(LABELS)
)
_NUMBER = ColumnGuide("证件号码", _DOCUMENT, "32058319900307001X")

GUIDES: Mapping[str, ListGuide] = {
    "compounds": ListGuide(
        name="小区表",
        columns=(
            ColumnGuide("小区编号", _ID, "lj-001"),
            ColumnGuide("小区", "小区名称。Name of the compound.", "云桥一村"),
            ColumnGuide("社区编号", _ID, "yq"),
            ColumnGuide("社区", "所属社区或村的名称。Name of the neighbourhood.", "云桥社区"),
            ColumnGuide("社区类型", "社区或村。Community or village.", "社区", _values(NEIGHBOURHOOD_KINDS)),
            ColumnGuide("小区类型", "建筑类型。How it is built.", "多层", _values(BUILDING_TYPES)),
            ColumnGuide("地址", "门牌地址。Street address.", "云桥路 1 号"),
            ColumnGuide(
                "面积(平方米)", "建筑面积，整数；决定可设几个出入口。Floor area, a whole number.", "80000"
            ),
            ColumnGuide("楼栋数", "整数，可留空。A whole number, may be empty.", "12"),
            ColumnGuide("户数", "整数，可留空。A whole number, may be empty.", "480"),
            ColumnGuide("管理方式", "不能封闭的填“专人管控”。How it is managed.", "封闭管理", _values(MODES)),
            ColumnGuide("物业公司", "可留空。May be empty.", ""),
            _NOTE,
        ),
    ),
    "checkpoints": ListGuide(
        name="卡口表",
        columns=(
            ColumnGuide("卡口编号", _ID, "lj-001-n"),
            _COMPOUND,
            ColumnGuide("卡口名称", "门岗名称。Name of the checkpoint.", "北门"),
            ColumnGuide("通行类型", "谁可以通行。Who may pass.", "人车混行", _values(TRAFFICS)),
            ColumnGuide("启用日期", _DAY, "2020-02-01"),
            _NOTE,
        ),
    ),
    "grids": ListGuide(
        name="网格表",
        columns=(
            ColumnGuide("网格编号", _ID, "lj-001-w01"),
            _COMPOUND,
            ColumnGuide("网格名称", "网格名称。Name of the grid.", "第一网格"),
            ColumnGuide("范围", "可留空。Which buildings; may be empty.", "1幢至6幢"),
            ColumnGuide("户数", "整数，可留空。A whole number, may be empty.", "120"),
        ),
    ),
    "addresses": ListGuide(
        name="标准地址表",
        columns=(
            _COMPOUND,
            ColumnGuide("网格编号", "该小区的网格编号。A grid of the compound.", "lj-001-w01"),
            _BUILDING,
            _UNIT,
            _ROOM,
            ColumnGuide("标准地址", "完整地址。The address in full.", "云桥路1号8幢2单元501室"),
            ColumnGuide("使用情况", "房屋怎样使用。How the dwelling is used.", "自住", _values(OCCUPANCIES)),
        ),
    ),
    "residents": ListGuide(
        name="住户居民表",
        columns=(
            _COMPOUND,
            _BUILDING,
            _UNIT,
            _ROOM,
            _NAME,
            _SEX,
            ColumnGuide("出生日期", _DAY, "1990-03-07"),
            _KIND,
            _NUMBER,
            ColumnGuide("手机号", f"{_PHONE.tells}可留空。May be empty.", _PHONE.example),
            ColumnGuide("与房屋关系", "房主、租客或家属。What they are to it.", "房主", _values(RELATIONS)),
            ColumnGuide("户籍地区划代码", "6 位，可留空。Six digits, may be empty.", "320583"),
            ColumnGuide(
                "是否常住", "不住在这里的房主填“否”。否 for owners elsewhere.", "是", _values(RESIDENT)
            ),
            ColumnGuide(
                "监护人证件号码",
                "仅无证件的人填写，须登记在同一房屋。Only for people without a document.",
                "",
            ),
            ColumnGuide("登记日期", _DAY, "2020-02-24"),
            _NOTE,
        ),
    ),
    "workers": ListGuide(
        name="工作人员表",
        columns=(
            ColumnGuide("工号", "同一工号是同一个人，每个岗位一行。One line a post.", "G0001"),
            _NAME,
            _SEX,
            _PHONE,
            ColumnGuide("人员类别", "从列表中选择。One of the list.", "专职网格员", _values(WORKER_KINDS)),
            ColumnGuide("派出单位", "本人所属单位。The home unit.", "云桥社区"),
            ColumnGuide("工作组", "可留空。May be empty.", ""),
            ColumnGuide("派驻类型", "在哪一级值守。Kind of the post.", "网格", _values(PLACE_KINDS)),
            ColumnGuide("派驻编号", "该社区、小区、卡口或网格的编号。The place's number.", "lj-001-w01"),
            ColumnGuide("居住小区编号", "可留空。Where they live; may be empty.", "lj-001"),
            ColumnGuide("开始日期", _DAY, "2020-02-10"),
            ColumnGuide("结束日期", f"可留空。May be empty. {_DAY}", ""),
        ),
    ),
    "watch_list": ListGuide(
        name="协查名单",
        columns=(
            _NAME,
            _KIND,
            _NUMBER,
            ColumnGuide("手机号", f"{_PHONE.tells}可留空。May be empty.", _PHONE.example),
            ColumnGuide("来源地区划代码", "6 位，可留空。Six digits, may be empty.", "420100"),
            ColumnGuide("到达日期", _DAY, "2020-02-20"),
            _NOTE,
        ),
    ),
}
"""Every kind of list that can be handed in."""
