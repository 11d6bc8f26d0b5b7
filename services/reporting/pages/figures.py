"""The list behind each tile of the board: the figure compound by compound, with what it is made of (H1, H4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from services.reporting import queries
from services.reporting.api.common import InContext
from services.reporting.domain.board import Figures, total
from services.reporting.pages.columns import Level
from shared.http.access import Caller
from shared.http.problem import NotFound
from shared.pages.figures import number, share
from shared.pages.languages import N_
from shared.pages.rendering import Pages
from shared.pages.routes import page_router

router = page_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A column: its head, what it says, and whether that is a problem."""

    label: str
    text: Callable[[Figures], str]
    level: Callable[[Figures], Level] = lambda _: ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a tile opens.

    Attributes:
        title, meaning: source texts.
        rank: the worst first.
        tab: where a compound's line leads.
    """

    title: str
    meaning: str
    parts: Sequence[Part]
    rank: Callable[[Figures], float]
    tab: str


def _count(label: str, figure: Callable[[Figures], int | None], level: Level = "") -> Part:
    return Part(
        label=label,
        text=lambda one: number(figure(one)),
        level=lambda one: level if figure(one) else "",
    )


def _measured(measure: str) -> Callable[[Figures], int]:
    return lambda one: {str(name): cases for name, cases in one.observed.items()}.get(measure, 0)


def _short(part: int, whole: int | None) -> float:
    return 1 - part / whole if whole else 0.0


LISTINGS: Mapping[str, Listing] = {
    "gates": Listing(
        title=N_("门岗在线"),
        meaning=N_("近期有心跳的门岗 / 有设备的门岗；缺岗分钟数只算今天到现在。"),
        parts=(
            _count(N_("门岗"), lambda one: one.gates),
            _count(N_("在线"), lambda one: one.gates_online),
            _count(N_("离线"), lambda one: one.gates_offline, "bad"),
            _count(N_("在岗人数"), lambda one: one.on_duty),
            _count(N_("缺岗"), lambda one: one.duty_gaps, "bad"),
            _count(N_("缺岗分钟"), lambda one: one.duty_gap_minutes),
        ),
        rank=lambda one: one.gates_offline * 1_000_000 + one.duty_gaps * 10_000 + one.duty_gap_minutes,
        tab="gate",
    ),
    "entries": Listing(
        title=N_("今日进出"),
        meaning=N_("今日门岗查验；放行的才计入进、出。"),
        parts=(
            _count(N_("查验"), lambda one: one.checks),
            _count(N_("进"), lambda one: one.entries),
            _count(N_("出"), lambda one: one.exits),
            _count(N_("拒"), lambda one: one.refused),
            _count(N_("查不了"), lambda one: one.cannot_verify),
            _count(N_("发热"), lambda one: one.fever, "bad"),
            _count(N_("车辆进"), lambda one: one.vehicles_in),
            _count(N_("车辆出"), lambda one: one.vehicles_out),
            _count(N_("车辆拒"), lambda one: one.vehicles_refused),
            _count(N_("有效出入证"), lambda one: one.passes_active),
        ),
        rank=lambda one: one.entries,
        tab="gate",
    ),
    "observation": Listing(
        title=N_("在观察人数"),
        meaning=N_("观察措施执行中的人数，含期满待核；连续未报按上门标准计。"),
        parts=(
            _count(N_("在观察"), lambda one: one.under_observation),
            _count(N_("集中观察"), _measured("centralized_observation")),
            _count(N_("居家隔离"), _measured("home_quarantine")),
            _count(N_("居家自律健康观察"), _measured("home_self_monitoring")),
            _count(N_("集中医学观察"), _measured("medical")),
            _count(N_("连续未报"), lambda one: one.missed_streaks, "bad"),
            _count(N_("期满待核"), lambda one: one.awaiting_closure, "warn"),
        ),
        rank=lambda one: (one.missed_streaks or 0) * 10_000 + one.under_observation,
        tab="observation",
    ),
    "abnormal": Listing(
        title=N_("发热与待核"),
        meaning=N_("今日门岗测得发热的人次 / 今日查验人次；连续未报和期满待核为此刻人数。"),
        parts=(
            _count(N_("发热"), lambda one: one.fever, "bad"),
            _count(N_("查验"), lambda one: one.checks),
            _count(N_("自述接触病例"), lambda one: one.case_contacts, "bad"),
            _count(N_("居家隔离外出"), lambda one: one.quarantine_exits, "warn"),
            _count(N_("其中放行"), lambda one: one.quarantine_left, "bad"),
            _count(N_("连续未报"), lambda one: one.missed_streaks, "bad"),
            _count(N_("期满待核"), lambda one: one.awaiting_closure, "warn"),
        ),
        rank=lambda one: one.fever * 10_000 + (one.missed_streaks or 0) * 100 + one.awaiting_closure,
        tab="observation",
    ),
    "rounds": Listing(
        title=N_("消毒与垃圾"),
        meaning=N_("今日已计轮次 / 应做轮次，每个点位只计到应做为止；缺轮为昨日结束时的情况。"),
        parts=(
            _count(N_("点位"), lambda one: one.sites),
            _count(N_("应做"), lambda one: one.rounds_required),
            _count(N_("已计"), lambda one: one.rounds_counted),
            Part(label=N_("完成"), text=lambda one: share(one.rounds_counted, one.rounds_required)),
            _count(N_("浓度不符"), lambda one: one.rounds_outside_range),
            _count(N_("昨日缺轮点位"), lambda one: one.sites_short, "warn"),
            _count(N_("昨日缺轮次"), lambda one: one.rounds_missed),
            _count(N_("垃圾漏收"), lambda one: one.pickups_missed, "warn"),
        ),
        rank=lambda one: one.sites_short * 100 + _short(one.rounds_counted, one.rounds_required),
        tab="sanitation",
    ),
    "survey": Listing(
        title=N_("排摸进度"),
        meaning=N_("最近一轮排摸中已有最终结果的户 / 应排摸户；百分比不向上取整。"),
        parts=(
            _count(N_("应排摸户"), lambda one: one.survey_dwellings),
            _count(N_("已有结果"), lambda one: one.survey_final),
            Part(label=N_("完成"), text=lambda one: share(one.survey_final, one.survey_dwellings)),
            _count(N_("矛盾"), lambda one: one.survey_conflicts, "warn"),
            _count(N_("住户"), lambda one: one.households),
            _count(N_("登记人数"), lambda one: one.people),
        ),
        rank=lambda one: _short(one.survey_final, one.survey_dwellings),
        tab="survey",
    ),
}


@router.get("/figures/{name}")
async def figure(
    request: Request, who: Caller, context: InContext, name: Annotated[str, Path(max_length=40)]
) -> Response:
    """Show a figure of the board compound by compound, the worst first; the sums are the board's."""
    pages: Pages = request.app.state.pages
    listing = LISTINGS.get(name)
    if listing is None:
        raise NotFound("没有这个页面。There is no such page.")
    clock = context.clock
    async with context.database.read() as conn:
        found = await queries.board(conn, who, now=clock.now(), real_now=clock.real_now(), day=clock.today())
    lines = sorted(found.lines, key=lambda line: (-listing.rank(line.figures), line.compound))
    return pages.render(
        request,
        "figure.html",
        listing=listing,
        lines=lines,
        day=found.day,
        total=total(lines),
        sources=found.sources,
    )
