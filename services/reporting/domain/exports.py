"""What can be taken away as a file, and by which columns. Pure. (R7.1, H3)

Reporting holds pseudonyms only: no list of it has a name, a document or a phone to mask. The registry exports people,
masked for headquarters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, Literal

from services.reporting.domain.report_text import unit_header
from shared.kernel.refusal import Refusal

Kind = Literal["board", "observation_roll", "census_movements", "entries_by_hour", "daily_reports"]
LONGEST_DAYS: Final = 366


class ExportUnknown(Refusal):
    """There is no such export, or it is somebody else's."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "export_unknown"


class ExportNotReady(Refusal):
    """The export is still being made, or it failed; its state says which."""

    code: ClassVar[str] = "export_not_ready"


class DaysOutOfOrder(Refusal):
    """The days are the wrong way round, or too many."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "days_out_of_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """A list: what its file is called, its columns, and whether its lines are about single (nameless) people."""

    name: str
    columns: Mapping[str, str]
    about_people: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """The titles."""
        return tuple(self.columns.values())


_PLACE = {"compound": "小区编号", "name": "小区", "neighbourhood": "社区", "neighbourhood_name": "社区名称"}
GUIDES: Final[Mapping[Kind, Guide]] = {
    "board": Guide(
        name="小区看板",
        columns=_PLACE
        | {
            "mode": "管理方式",
            "dwellings": "住房数",
            "people": "登记人数",
            "residents": "居住人数",
            "households": "有人住户数",
            "under_observation": "观察人数",
            "awaiting_closure": "待办结观察",
            "missed_streaks": "连续未申报",
            "passes_active": "有效出入证",
            "checks": "查验人次",
            "entries": "进入人次",
            "exits": "外出人次",
            "refused": "劝返人次",
            "cannot_verify": "无法核验",
            "fever": "发热",
            "case_contacts": "自述接触病例",
            "quarantine_exits": "居家隔离外出",
            "quarantine_left": "居家隔离外出放行",
            "vehicles_in": "车辆进入",
            "vehicles_out": "车辆外出",
            "gates": "卡口数",
            "gates_online": "卡口在线",
            "on_duty": "在岗人数",
            "duty_gaps": "缺岗卡口",
            "duty_gap_minutes": "缺岗分钟",
            "sites": "点位数",
            "rounds_required": "应消毒点次",
            "rounds_counted": "已消毒点次",
            "sites_short": "昨日缺消毒点位",
            "pickups_missed": "漏收垃圾",
            "orders_open": "未整改",
            "orders_overdue": "整改逾期",
            "venues_found_open": "违规营业场所",
            "survey_dwellings": "应排摸户数",
            "survey_final": "已排摸户数",
        },
    ),
    "observation_roll": Guide(
        name="观察名册（代号）",
        about_people=True,
        columns={
            "case_id": "观察编号",
            "person_ref": "人员代号",
            "compound": "小区编号",
            "grid": "网格",
            "category": "类别",
            "measure": "措施",
            "state": "状态",
            "anchor_date": "起算日",
            "last_day": "期满日",
            "started_at": "开始时间",
            "ended_at": "结束时间",
            "streak": "连续未申报",
        },
    ),
    "census_movements": Guide(
        name="观察人数变动（代号）",
        about_people=True,
        columns={
            "recorded_at": "记录时间",
            "happened_at": "发生时间",
            "case_id": "观察编号",
            "compound": "小区编号",
            "measure": "措施",
            "kind": "变动",
            "ending": "结束方式",
        },
    ),
    "entries_by_hour": Guide(
        name="卡口分时人次",
        columns={
            "day": "日期",
            "compound": "小区编号",
            "hour": "小时",
            "checks": "查验人次",
            "entries": "进入人次",
            "exits": "外出人次",
            "refused": "劝返人次",
            "cannot_verify": "无法核验",
            "fever": "发热",
            "offline": "离线查验",
        },
    ),
    "daily_reports": Guide(
        name="日报分小区",
        columns={"day": "日期", "version": "版次"}
        | {str(place): title for place, title in enumerate(unit_header("zh"))},
    ),
}


def decide_days(from_day: date | None, to_day: date | None, today: date) -> tuple[date, date]:
    """From when to when: today where nothing is said.

    Raises:
        DaysOutOfOrder: the wrong way round, or more than a year.
    """
    last = to_day or today
    first = from_day or min(last, today)
    if first > last or (last - first).days >= LONGEST_DAYS:
        raise DaysOutOfOrder(
            "日期先后颠倒或超过一年。The days are the wrong way round, or more than a year.", field="from_day"
        )
    return first, last
