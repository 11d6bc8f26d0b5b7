"""The daily report as files: text, CSV, a workbook, and one page of A4 (R7.4). Each blocks: make it in a thread."""

import io
import json
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import typst

from services.reporting.domain import report_text
from services.reporting.domain.report_figures import words_of
from services.reporting.domain.report_text import FigureLine, Issue, Language
from services.reporting.handlers.daily_report_views import View
from shared.kernel.tables import DocumentFormat, Table, add_sheet, workbook, write

DATA = Path(__file__).parents[1] / "data"
_COLUMNS = {
    "zh": ("指标", "新增", "现有", "累计", "实", "应", "较昨"),
    "en": ("figure", "new", "now", "total", "done", "due", "±"),
}
_SHEETS = {
    "zh": ("汇总", "分小区", "更正", "后续差异", "口径"),
    "en": ("town", "units", "corrections", "differences", "notes"),
}


def file_of(view: View, *, town: str, how: DocumentFormat, language: Language) -> bytes:
    """A report in one of its formats."""
    issue = issue_of(view, town)
    match how:
        case "txt":
            return report_text.text(view.content, issue, language).encode("utf-8-sig")
        case "csv":
            return write(_units(view, language), "csv")
        case "xlsx":
            return _workbook(view, issue, language)
        case "pdf":
            return page(view, issue, language)


def issue_of(view: View, town: str) -> Issue:
    """Which report it is."""
    return Issue(
        town=town,
        number=view.version.number if view.version else None,
        version=view.version.version if view.version else None,
        before=view.before,
    )


def name_of(view: View, town: str) -> str:
    """What the file is called."""
    version = f"-第{view.version.version}版" if view.version else "-草稿"
    return f"{town}疫情防控日报-{view.content.day}{version}"


def page(view: View, issue: Issue, language: Language) -> bytes:
    """One page of A4. The fonts are those beside the template; those of the machine are not looked at."""
    content = typst.compile(
        DATA / "daily_report.typ",
        root=DATA,
        font_paths=[DATA / "fonts"],
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(_of_page(view, issue, language), ensure_ascii=False)},
    )
    if not isinstance(content, bytes):
        raise TypeError("a report is one document")
    return content


def _of_page(view: View, issue: Issue, language: Language) -> dict[str, Any]:
    made = view.version.made_at if view.version else None
    zh = language == "zh"
    if made is None:
        when = "草稿，未报送" if zh else "draft, not sent"
    else:
        when = f"报送时间 {report_text.local(made)}" if zh else f"sent {report_text.local(made)}"
    return {
        "lang": language,
        "title": report_text.title(issue, language),
        "subtitle": report_text.subtitle(view.content, issue, language),
        "given": report_text.words_given(view.content, language),
        "sections": [
            {"heading": heading, "sentence": sentence}
            for heading, sentence in report_text.paragraphs(view.content, issue, language)
        ],
        "columns": _COLUMNS[language],
        "figures": [_printed(line) for line in report_text.figure_lines(view.content, issue, language)],
        "holds": report_text.holds(view.content, language),
        "notes": report_text.notes(language),
        "made": when,
        "signed": f"{issue.town}疫情防控指挥部" if zh else f"Headquarters, {issue.town}",
    }


def _printed(line: FigureLine) -> list[str]:
    cells = (line.new, line.now, line.total, line.done, line.due)
    change = "" if line.change is None else f"{line.change:+,}"
    return [line.title, *map(report_text.shown, cells), change]


def _units(view: View, language: Language) -> Table:
    return Table(
        name=_SHEETS[language][1],
        header=report_text.unit_header(language),
        rows=report_text.unit_rows(view.content, language),
    )


def _workbook(view: View, issue: Issue, language: Language) -> bytes:
    """Five sheets: the town, every unit, what units corrected, what changed since, and how it is counted."""
    place = language == "en"
    names, out = _SHEETS[language], io.BytesIO()
    town = [astuple(line) for line in report_text.figure_lines(view.content, issue, language)]
    corrections = [
        (one.unit, words_of(one.figure)[place], one.original, one.value, view.reasons.get(one.act_id))
        for one in view.content.corrections
    ]
    differences = [
        (one.unit, words_of(one.figure)[place], one.before, one.after)
        for one in (view.version.differences if view.version else ())
    ]
    units = _units(view, language)
    head = [
        (report_text.title(issue, language),),
        (report_text.subtitle(view.content, issue, language),),
        (report_text.words_given(view.content, language),),
        (report_text.holds(view.content, language),),
    ]
    change: Mapping[str, tuple[str, ...]] = {
        "zh": ("小区", "指标", "原值", "新值", "理由"),
        "en": ("unit", "figure", "before", "after", "reason"),
    }
    with workbook(out) as book:
        for name, header, rows in (
            (names[0], _COLUMNS[language], town),
            (names[1], units.header, units.rows),
            (names[2], change[language], corrections),
            (names[3], change[language][:4], differences),
            (names[4], (names[4],), [*head, *((note,) for note in report_text.notes(language))]),
        ):
            sheet = add_sheet(book, name, header)
            for number, row in enumerate(rows, start=1):
                sheet.write_row(number, 0, row)
    return out.getvalue()
