"""What a daily report tells: the figures, their parts, and in which words. (R7.4; screens, the least set of 32)

A value has the key `figure.part`. A key that nobody tells is None, never 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.events.policy_observation import Measure

Part = Literal[
    "last",
    "new",
    "moved_in",
    "moved_out",
    "released",
    "transferred",
    "closed",
    "merged",
    "now",
    "total",
    "due",
    "done",
    "missed",
    "late",
]
"""`new`: between the two cut-offs; `now`: at the later one; `total`: from the beginning; `due`, `done`: asked, done."""
Values = Mapping[str, int | None]
Section = Literal["people", "gates", "sanitation", "publicity", "leads", "supervision"]

CAME: Final[tuple[Part, ...]] = ("new", "moved_in")
WENT: Final[tuple[Part, ...]] = ("moved_out", "released", "transferred", "closed", "merged")
CENSUS_PARTS: Final[tuple[Part, ...]] = ("last", *CAME, *WENT, "now", "total")
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
PART_WORDS: Final[Mapping[Part, tuple[str, str]]] = {
    "last": ("上期现有", "last"),
    "new": ("新增", "new"),
    "moved_in": ("转入", "moved in"),
    "moved_out": ("转出措施", "moved out"),
    "released": ("解除", "released"),
    "transferred": ("移交", "transferred"),
    "closed": ("其他结束", "closed otherwise"),
    "merged": ("合并", "merged"),
    "now": ("现有", "now"),
    "total": ("累计", "total"),
    "due": ("应", "due"),
    "done": ("实", "done"),
    "missed": ("未报", "missed"),
    "late": ("补报", "late"),
}
SECTION_WORDS: Final[Mapping[Section, tuple[str, str]]] = {
    "people": ("人员排查", "People"),
    "gates": ("卡口", "Gates"),
    "sanitation": ("消毒", "Sanitation"),
    "publicity": ("宣传", "Publicity"),
    "leads": ("线索", "Leads"),
    "supervision": ("督查", "Supervision"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of the report.

    Attributes:
        parts: which parts it has, in the order in which they are shown.
        zero: parts that must be zero where a unit has nothing to report.
        stands: parts that tell how things stood when the report was made; nothing that comes later changes them.
        town_only: it belongs to no compound.
    """

    code: str
    zh: str
    en: str
    section: Section
    parts: tuple[Part, ...]
    zero: tuple[Part, ...] = ()
    stands: tuple[Part, ...] = ()
    town_only: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its values."""
        return tuple(f"{self.code}.{part}" for part in self.parts)

    @property
    def compared(self) -> str:
        """The key that is compared with the day before: what is there now, else what was new or done."""
        part = next((one for one in ("now", "new", "done", "due") if one in self.parts), self.parts[0])
        return f"{self.code}.{part}"


def _under(code: Measure, zh: str, en: str) -> Figure:
    return Figure(code=code, zh=zh, en=en, section="people", parts=CENSUS_PARTS, zero=(*CAME, *WENT, "now"))


def _returnees(code: str, zh: str, en: str) -> Figure:
    return Figure(
        code=f"returnees_{code}", zh=zh, en=en, section="people", parts=("new", "total"), zero=("new",)
    )


def _lines(code: str, zh: str, en: str) -> Figure:
    return Figure(
        code=f"watch_{code}",
        zh=f"大数据比对{zh}",
        en=f"watch-list lines: {en}",
        section="people",
        parts=("now",),
        stands=("now",),
        town_only=True,
    )


def _figure(
    section: Section,
    code: str,
    zh: str,
    en: str,
    *parts: Part,
    zero: tuple[Part, ...] = (),
    stands: tuple[Part, ...] = (),
) -> Figure:
    return Figure(code=code, zh=zh, en=en, section=section, parts=parts, zero=zero, stands=stands)


FIGURES: Final[tuple[Figure, ...]] = (
    _figure("people", "households", "排查户数", "dwellings surveyed", "due", "done", stands=("due", "done")),
    _figure("people", "people", "登记人数", "people registered", "now", stands=("now",)),
    _returnees("focus", "返昆（重点地区，含湖北）", "returnees: focus areas"),
    _returnees("higher_risk", "返昆（较高风险）", "returnees: higher risk"),
    _returnees("concern", "返昆（关注地区）", "returnees: areas of concern"),
    _returnees("other", "返昆（其他）", "returnees: elsewhere"),
    _returnees("close_contact", "密切接触者", "close contacts"),
    _lines("lines", "总数", "all"),
    _lines("settled", "已核", "settled"),
    _lines("wrong_data", "信息有误", "wrong data"),
    _lines("missed_before", "漏排", "missed before"),
    _lines("elsewhere", "不在本地", "elsewhere"),
    _under("centralized_observation", "集中观察", "centralized observation"),
    _under("home_quarantine", "居家隔离", "home quarantine"),
    _under("home_self_monitoring", "居家自律健康观察", "home self-monitoring"),
    _under("medical", "医学观察（就医）", "in medical hands"),
    _figure("people", "released", "解除观察", "released", "new", "total", zero=("new",)),
    _figure("people", "symptoms", "异常（发热、症状）上报", "fever or symptoms", "new", "total", zero=("new",)),
    _figure("people", "cleared", "异常排除", "cleared by a clinic", "new", "total", zero=("new",)),
    _figure("people", "morning", "早申报", "morning declarations", "due", "done", "missed"),
    _figure("people", "evening", "晚申报", "evening declarations", "due", "done", "missed"),
    _figure("people", "made_up", "未报后补报", "declared late", "late"),
    _figure("people", "followed_up", "未报已跟进", "missed and followed up", "done"),
    _figure("people", "out_of_contact", "失联", "out of contact", "now"),
    _figure("gates", "gates", "卡口在岗", "gates with somebody on duty", "due", "done", stands=("due",)),
    _figure("gates", "on_duty", "在岗人数", "people on duty", "now"),
    _figure("gates", "entries", "进入人次", "entries", "new"),
    _figure("gates", "exits", "外出人次", "exits", "new"),
    _figure("gates", "vehicles", "车次", "vehicles", "new"),
    _figure("gates", "turned_back", "劝返人次", "turned back", "new"),
    _figure("gates", "gate_fevers", "卡口发热", "fevers at gates", "new", zero=("new",)),
    _figure("gates", "gate_contacts", "卡口自述接触病例", "contacts with a case told at gates", "new", zero=("new",)),
    _figure("gates", "quarantine_exits", "居家隔离外出", "home quarantine, at the way out", "new", zero=("new",)),
    _figure("gates", "quarantine_left", "居家隔离外出放行", "home quarantine, let out", "new", zero=("new",)),
    _figure("gates", "passes_issued", "发证", "passes issued", "new", "total"),
    _figure("gates", "passes_stopped", "停证", "passes suspended or revoked", "new"),
    _figure("sanitation", "rounds", "消毒点次", "disinfection rounds", "due", "done", stands=("due", "done")),
    _figure("sanitation", "area", "消毒面积（平方米）", "disinfected area in square metres", "done"),
    _figure("sanitation", "isolation_waste", "隔离户垃圾收运", "waste of isolating households", "due", "done"),
    _figure("sanitation", "mask_bins", "废弃口罩桶清运", "mask bins emptied", "new"),
    _figure("publicity", "notices", "宣传张贴", "notices posted", "new"),
    _figure("leads", "leads", "线索", "leads", "new", "total"),
    _figure("leads", "leads_valid", "有效线索", "leads found true", "new", "total"),
    _figure("supervision", "orders", "督查发现", "orders to put something right", "new"),
    _figure("supervision", "orders_mended", "督查整改", "put right", "new"),
)  # fmt: skip
BY_CODE: Final[Mapping[str, Figure]] = {figure.code: figure for figure in FIGURES}
UNIT_KEYS: Final[tuple[str, ...]] = tuple(
    key for figure in FIGURES if not figure.town_only for key in figure.keys
)
STANDING: Final[frozenset[str]] = frozenset(
    f"{figure.code}.{part}" for figure in FIGURES for part in figure.stands
)
ZERO_KEYS: Final[tuple[str, ...]] = tuple(
    f"{figure.code}.{part}" for figure in FIGURES for part in figure.zero
)
_OF_UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "units.missing": ("未报单位", "units that have not confirmed"),
    "units.zero": ("零报告单位", "units that report zero"),
}
NOTES_ZH: Final[tuple[str, ...]] = (
    "现有=上期现有+新增+转入−转出措施−解除−移交−其他结束−合并，逐小区、逐措施、全镇校验。",
    "观察人数按记录时间计入，卡口、线索、申报按发生时间计入。",
    "消毒、隔离垃圾按前一自然日统计；“—”为无数据来源，不等于零。",
)
NOTES_EN: Final[tuple[str, ...]] = (
    "Now = last + new + moved in − moved out − released − transferred − closed − merged, for every line and the town.",
    "Observation counts when it was recorded; gates, leads and declarations when they happened.",
    'Rounds and waste are of the natural day before; "—" means that nobody tells it, which is not zero.',
)


def words_of(key: str) -> tuple[str, str]:
    """A key in Chinese and English; a key that is not known any more stands for itself."""
    if key in _OF_UNITS:
        return _OF_UNITS[key]
    code, _, part = key.partition(".")
    figure = BY_CODE.get(code)
    if figure is None or part not in figure.parts:
        return key, key
    zh, en = PART_WORDS[part]
    return f"{figure.zh}{zh}", f"{figure.en}, {en}"


def summed(lines: Iterable[Values]) -> dict[str, int | None]:
    """The sum of the lines, key by key; what one line does not know is unknown in the sum."""
    every = list(lines)
    found: dict[str, int | None] = {}
    for key in UNIT_KEYS:
        values = [line.get(key) for line in every]
        known = [value for value in values if value is not None]
        found[key] = sum(known) if len(known) == len(values) else None
    return found
