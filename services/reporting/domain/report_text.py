"""The daily report in words: a text to be read out or pasted, and the lines of its tables. Pure. (R7.4)"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from services.reporting.domain.report_content import Content, UnitLine, UnitState
from services.reporting.domain.report_figures import (
    FIGURES,
    NOTES_EN,
    NOTES_ZH,
    PART_WORDS,
    SECTION_WORDS,
    UNIT_KEYS,
    Figure,
    Part,
    Section,
    Values,
    words_of,
)
from shared.kernel.cells import Cell
from shared.kernel.days import SHANGHAI

Language = Literal["zh", "en"]
NOT_KNOWN: Final = "—"
_SHOWN: Final[frozenset[Part]] = frozenset({"due", "done", "missed", "late", "new", "now", "total"})
"""Parts that a reader of the text is told; the others are in the table of the units."""
_NUMBERS: Final = "一二三四五六七八九十"
_STATES: Final[Mapping[UnitState, tuple[str, str]]] = {
    "open": ("未报", "not confirmed"),
    "confirmed": ("已确认", "confirmed"),
    "zero": ("零报告", "zero report"),
    "corrected": ("已更正", "corrected"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Which report it is. `number` and `version` None: it was not sent yet."""

    town: str
    number: int | None
    version: int | None
    before: Values | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureLine:
    """A line of the town's table: a number, a dash where it is not known, nothing where the figure has no such part.

    `done` of what was `due`; of what is only counted late, how many.
    """

    title: str
    new: Cell
    now: Cell
    total: Cell
    done: Cell
    due: Cell
    change: int | None


def title(issue: Issue, how: Language) -> str:
    """The heading."""
    return f"{issue.town}疫情防控日报" if how == "zh" else f"Daily epidemic prevention report, {issue.town}"


def subtitle(content: Content, issue: Issue, how: Language) -> str:
    """Day, number, version and cut-off."""
    ends = content.ends.astimezone(SHANGHAI)
    if how == "en":
        number = f"No. {issue.number}" if issue.number else "draft, not sent"
        version = f", correction {issue.version - 1}" if issue.version and issue.version > 1 else ""
        return f"{content.day:%Y-%m-%d}, {number}{version} (up to {ends:%H:%M})"
    number = f"第{issue.number}期" if issue.number else "草稿（未报送）"
    version = f" 更正第{issue.version - 1}次" if issue.version and issue.version > 1 else ""
    day = content.day
    return f"{day.year}年{day.month}月{day.day}日 {number}{version}（截至{ends:%H:%M}）"


def words_given(content: Content, how: Language) -> str:
    """How many units gave their word, and who is missing."""
    expected, missing = len(content.expected), content.missing
    said = expected - len(missing)
    named = {line.unit: line.name or line.unit for line in content.lines}
    if how == "en":
        text = f"Units confirmed {said}/{expected}, zero reports {len(content.zero)}."
        return text + (f" Missing: {', '.join(named[unit] for unit in missing)}." if missing else "")
    text = f"小区确认 {said}/{expected}，零报告 {len(content.zero)} 个。"
    return text + (f"未报：{'、'.join(named[unit] for unit in missing)}。" if missing else "")


def paragraphs(content: Content, issue: Issue, how: Language) -> list[tuple[str, str]]:
    """A heading and a sentence for each section, in the order of a report."""
    found: list[tuple[str, str]] = []
    for place, section in enumerate(get_args(Section)):
        told = [
            _sentence(figure, content.town, issue.before, how)
            for figure in FIGURES
            if figure.section == section and any(key in content.town for key in figure.keys)
        ]
        zh, en = SECTION_WORDS[section]
        heading = f"{_NUMBERS[place]}、{zh}" if how == "zh" else f"{place + 1}. {en}"
        found.append((heading, ("；".join(told) + "。") if how == "zh" else ("; ".join(told) + ".")))
    return found


def text(content: Content, issue: Issue, how: Language) -> str:
    """The whole report as plain text, as it is pasted into a group."""
    lines = [title(issue, how), subtitle(content, issue, how), words_given(content, how)]
    lines += [f"{heading}\n{sentence}" for heading, sentence in paragraphs(content, issue, how)]
    lines.append(holds(content, how))
    lines += notes(how)
    return "\n".join(lines) + "\n"


def holds(content: Content, how: Language) -> str:
    """Whether the numbers follow from each other."""
    faults = content.faults()
    if not faults:
        return "数据衔接校验通过。" if how == "zh" else "The figures follow from each other."
    named = [
        f"{fault.unit or ('全镇' if how == 'zh' else 'the town')} {words_of(fault.figure)[how == 'en']} "
        f"{fault.found}≠{fault.expected}"
        for fault in faults
    ]
    return ("数据不衔接：" if how == "zh" else "The figures contradict each other: ") + "；".join(named)


def notes(how: Language) -> list[str]:
    """By what the figures are counted."""
    return [f"口径：{note}" for note in NOTES_ZH] if how == "zh" else [f"Note: {note}" for note in NOTES_EN]


def figure_lines(content: Content, issue: Issue, how: Language) -> list[FigureLine]:
    """The town's table."""
    return [
        FigureLine(
            title=figure.zh if how == "zh" else figure.en,
            new=_cell(figure, "new", content.town),
            now=_cell(figure, "now", content.town),
            total=_cell(figure, "total", content.town),
            done=_cell(figure, "late" if "late" in figure.parts else "done", content.town),
            due=_cell(figure, "due", content.town),
            change=_change(figure, content.town, issue.before),
        )
        for figure in FIGURES
        if any(key in content.town for key in figure.keys)
    ]


def shown(cell: Cell) -> str:
    """A cell as it is printed."""
    return f"{cell:,}" if isinstance(cell, int) else str(cell or "")


def unit_header(how: Language) -> tuple[str, ...]:
    """Titles of the table of the units."""
    place = how == "en"
    fixed = (("单位", "unit"), ("名称", "name"), ("社区", "neighbourhood"), ("状态", "state"))
    return (*(one[place] for one in fixed), *(words_of(key)[place] for key in UNIT_KEYS))


def unit_rows(content: Content, how: Language) -> Iterable[Sequence[Cell]]:
    """The town and then each unit, with every figure; what is not known is a dash."""
    whole = ("全镇", "all")[how == "en"]
    yield (whole, "", "", "", *_values(content.town))
    for line in content.lines:
        around = line.neighbourhood_name or line.neighbourhood
        yield (line.unit, line.name, around, state_words(line, how), *_values(line.values))


def state_words(line: UnitLine, how: Language) -> str:
    """What a unit's word is."""
    words = _STATES[line.state][how == "en"]
    late = ("（补报）", " (late)")[how == "en"] if line.late else ""
    return words + late


def local(instant: datetime) -> str:
    """An instant on the town's clocks."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _values(values: Values) -> list[Cell]:
    return [NOT_KNOWN if (value := values.get(key)) is None else value for key in UNIT_KEYS]


def _sentence(figure: Figure, town: Values, before: Values | None, how: Language) -> str:
    english = how == "en"
    parts = [part for part in figure.parts if part in _SHOWN]
    told = [f"{PART_WORDS[part][english]}{' ' * english}{shown(_cell(figure, part, town))}" for part in parts]
    change = _change(figure, town, before)
    if english:
        against = "" if change is None else f" ({change:+,} against the day before)"
        return f"{figure.en} {', '.join(told)}{against}"
    against = "" if change is None else f"（较昨{change:+,}）"
    return f"{figure.zh}{'、'.join(told)}{against}"


def _cell(figure: Figure, part: Part, values: Values) -> Cell:
    if part not in figure.parts:
        return None
    value = values.get(f"{figure.code}.{part}")
    return NOT_KNOWN if value is None else value


def _change(figure: Figure, values: Values, before: Values | None) -> int | None:
    now, then = values.get(figure.compared), before.get(figure.compared) if before else None
    return None if now is None or then is None else now - then
