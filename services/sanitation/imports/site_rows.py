"""Rows of a site list (消杀点位) to sites, with every fault named by row and column. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.sanitation.domain.sites import MOST_ROUNDS, Site
from shared.events.policy_sanitation import SiteKind
from shared.kernel.cells import CellFault, day_of
from shared.kernel.ids import PLACE_CODE, CompoundId, SiteId
from shared.kernel.sheets import Row

REQUIRED: Final = ("点位编号", "小区编号", "点位类型", "点位名称", "启用日期", "状态")

KINDS: Final[dict[str, SiteKind]] = {
    "电梯": "lift",
    "楼道": "stairwell",
    "门卫室": "gatehouse",
    "垃圾箱房": "waste_room",
    "垃圾桶": "bin_point",
    "口罩回收桶": "mask_bin",
    "公共区域": "public_area",
}
"""Of the policy's kinds all but `other`: what a list calls 其他 is for a person to look at, not to be guessed."""
_ACTIVE: Final = {"启用": True, "停用": False}
_CODE = re.compile(PLACE_CODE)
_DAYS: Final = {
    "date_impossible": "没有这个日期。There is no such day.",
    "date_unreadable": "日期看不懂，请写成 2020-02-24。Not readable as a day; write it as 2020-02-24.",
}
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a row was not simply taken; `column` is the header of the cell at fault, "" for the whole row."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str
    outcome: Literal["rejected", "duplicate"]


class _CellError(Exception):
    def __init__(self, column: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.column, self.code, self.detail = column, code, detail


def judge(rows: Iterable[Row], compounds: Collection[str]) -> Iterator[Site | Fault]:
    """Each row as a site or as a fault, in order.

    Args:
        rows: of the whole file, so that a repetition is seen.
        compounds: the compounds that the registry has told of.
    """
    seen: dict[str, Site] = {}
    for row in rows:
        try:
            site = _site(row, compounds)
        except _CellError as error:
            yield _fault(row, error.column, error.code, error.detail, "rejected")
            continue
        earlier = seen.setdefault(site.code, site)
        if earlier is site:
            yield site
        elif earlier == site:
            yield _fault(row, "", "duplicate", "与前面的行重复。The same as an earlier row.", "duplicate")
        else:
            yield _fault(
                row,
                "点位编号",
                "code_repeated",
                "编号与前面的行相同但内容不同。An earlier row has the same code with other content.",
                "rejected",
            )


def names_unknown_compound(rows: Iterable[Row], compounds: Collection[str]) -> bool:
    """Say whether any row names a compound that is not among these."""
    return any(row.cells.get("小区编号", "").lower() not in compounds for row in rows)


def refused_elsewhere(row: Row) -> Fault:
    """The fault of a row whose code is in use in another compound."""
    detail = "该编号已属于另一小区。The code belongs to a site of another compound."
    return _fault(row, "点位编号", "site_of_another_compound", detail, "rejected")


def _fault(row: Row, column: str, code: str, detail: str, outcome: Literal["rejected", "duplicate"]) -> Fault:
    return Fault(sheet=row.sheet, row=row.number, column=column, code=code, detail=detail, outcome=outcome)


def _site(row: Row, compounds: Collection[str]) -> Site:
    code = _filled(row, "点位编号").lower()
    if not _CODE.fullmatch(code):
        raise _CellError(
            "点位编号", "code_malformed", "编号只能用字母、数字和连字符。Letters, digits, hyphens only."
        )
    compound = _filled(row, "小区编号").lower()
    if compound not in compounds:
        raise _CellError("小区编号", "compound_unknown", "没有这个小区。There is no such compound.")
    kind = KINDS.get(_filled(row, "点位类型"))
    if kind is None:
        raise _CellError("点位类型", "site_kind_unknown", "没有这种点位类型。There is no such kind of site.")
    active = _ACTIVE.get(_filled(row, "状态"))
    if active is None:
        raise _CellError("状态", "status_unknown", "状态应为启用或停用。The status is 启用 or 停用.")
    return Site(
        code=SiteId(code),
        compound=CompoundId(compound),
        kind=kind,
        name=_filled(row, "点位名称"),
        building=_short(row, "楼栋") or None,
        unit=_short(row, "单元") or None,
        rounds_per_day=_rounds(row),
        since=_day(row, "启用日期"),
        active=active,
    )


def _short(row: Row, column: str) -> str:
    text = row.cells.get(column, "")
    if len(text) > _LONGEST:
        raise _CellError(column, "too_long", f"最多 {_LONGEST} 个字。At most {_LONGEST} characters.")
    return text


def _filled(row: Row, column: str) -> str:
    text = _short(row, column)
    if not text:
        raise _CellError(column, "cell_missing", "不能为空。The cell must not be empty.")
    return text


def _rounds(row: Row) -> int | None:
    text = _short(row, "每日消杀次数")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_ROUNDS:
        detail = f"应为 1 到 {MOST_ROUNDS} 的整数。A whole number from 1 to {MOST_ROUNDS}."
        raise _CellError("每日消杀次数", "rounds_impossible", detail)
    return int(text)


def _day(row: Row, column: str) -> date:
    try:
        return day_of(_filled(row, column))
    except CellFault as fault:
        raise _CellError(column, fault.code, _DAYS[fault.code]) from fault
