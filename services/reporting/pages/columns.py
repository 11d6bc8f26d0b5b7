"""The compound table of the board: which figure stands in which column, and when a cell is a problem.

Only cells that somebody should see to are marked; a finished or quiet one stays plain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.reporting.domain.board import Figures, Line, in_order
from shared.pages.figures import number, share
from shared.pages.languages import N_

Level = Literal["", "warn", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a cell says, and how much of a problem it is."""

    text: str
    level: Level = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the table.

    Attributes:
        key: its name in addresses.
        label: its head, source text.
        meaning: how the figure is counted, source text.
        cell: what it says of a compound.
        rank: what it is sorted by, the largest first.
        tab: the part of the compound's page that shows more.
    """

    key: str
    label: str
    meaning: str
    cell: Callable[[Figures], Cell]
    rank: Callable[[Figures], float]
    tab: str


def _counted(figure: Callable[[Figures], int | None], level: Level) -> Callable[[Figures], Cell]:
    """A count of which any is a problem."""

    def cell(figures: Figures) -> Cell:
        value = figure(figures)
        return Cell(text=number(value), level=level if value else "")

    return cell


def _gates(figures: Figures) -> Cell:
    online = number(figures.gates_online)
    return Cell(text=f"{online}/{number(figures.gates)}", level="bad" if figures.gates_offline else "")


def _missing(part: int, whole: int | None) -> float:
    return 1 - part / whole if whole else 0.0


COLUMNS: Sequence[Column] = (
    Column(
        key="gates",
        label=N_("门岗在线"),
        meaning=N_("近期有心跳的门岗 / 有设备的门岗"),
        cell=_gates,
        rank=lambda one: one.gates_offline,
        tab="gate",
    ),
    Column(
        key="duty",
        label=N_("缺岗"),
        meaning=N_("此刻无人值守的岗位数"),
        cell=_counted(lambda one: one.duty_gaps, "bad"),
        rank=lambda one: one.duty_gaps,
        tab="duty",
    ),
    Column(
        key="fever",
        label=N_("发热"),
        meaning=N_("今日门岗测得发热的人次"),
        cell=_counted(lambda one: one.fever, "bad"),
        rank=lambda one: one.fever,
        tab="gate",
    ),
    Column(
        key="missed",
        label=N_("连续未报"),
        meaning=N_("连续漏报窗口数达到上门标准的在观察人员"),
        cell=_counted(lambda one: one.missed_streaks, "bad"),
        rank=lambda one: one.missed_streaks or 0,
        tab="observation",
    ),
    Column(
        key="awaiting",
        label=N_("期满待核"),
        meaning=N_("观察期满、等待工作人员核定的人员"),
        cell=_counted(lambda one: one.awaiting_closure, "warn"),
        rank=lambda one: one.awaiting_closure,
        tab="observation",
    ),
    Column(
        key="rounds",
        label=N_("今日消毒"),
        meaning=N_("今日已计消毒轮次 / 今日应做轮次"),
        cell=lambda one: Cell(text=share(one.rounds_counted, one.rounds_required)),
        rank=lambda one: _missing(one.rounds_counted, one.rounds_required),
        tab="sanitation",
    ),
    Column(
        key="short",
        label=N_("昨日缺轮"),
        meaning=N_("昨日结束时轮次不足的点位（补录后仍不足）"),
        cell=_counted(lambda one: one.sites_short, "warn"),
        rank=lambda one: one.sites_short,
        tab="sanitation",
    ),
    Column(
        key="waste",
        label=N_("垃圾漏收"),
        meaning=N_("昨日和今日未收或未移交的隔离垃圾"),
        cell=_counted(lambda one: one.pickups_missed, "warn"),
        rank=lambda one: one.pickups_missed,
        tab="sanitation",
    ),
    Column(
        key="survey",
        label=N_("排摸"),
        meaning=N_("最近一轮排摸中已有最终结果的户 / 应排摸户"),
        cell=lambda one: Cell(text=share(one.survey_final, one.survey_dwellings)),
        rank=lambda one: _missing(one.survey_final, one.survey_dwellings),
        tab="survey",
    ),
    Column(
        key="orders",
        label=N_("整改超期"),
        meaning=N_("已过期限、无人报整改完成的整改单"),
        cell=_counted(lambda one: one.orders_overdue, "bad"),
        rank=lambda one: one.orders_overdue,
        tab="supervision",
    ),
    Column(
        key="venues",
        label=N_("违规营业"),
        meaning=N_("检查发现应关未关、尚未复查合格的场所"),
        cell=_counted(lambda one: one.venues_found_open, "warn"),
        rank=lambda one: one.venues_found_open,
        tab="supervision",
    ),
)
BY_KEY: Mapping[str, Column] = {column.key: column for column in COLUMNS}
TROUBLE, NAME = "trouble", "name"
SORTINGS = (TROUBLE, NAME, *BY_KEY)


def sorted_by(lines: Sequence[Line], sorting: str) -> list[Line]:
    """The lines as asked for: by name, by one column with the worst first, or by trouble."""
    lines = in_order(lines)
    if sorting == NAME:
        return sorted(lines, key=lambda line: (line.name or line.compound, line.compound))
    column = BY_KEY.get(sorting)
    return sorted(lines, key=lambda line: -column.rank(line.figures)) if column else lines


def troubled(line: Line) -> bool:
    """Say whether somebody should see to something there now: it stands in the table before it is unfolded."""
    scored = line.trouble is not None and line.trouble.score > 0
    return scored or line.figures.problems > 0 or line.figures.duty_gaps > 0
