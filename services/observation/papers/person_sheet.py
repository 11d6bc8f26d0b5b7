"""A person's sheet to print and file: fourteen rows, morning and evening, on one page of A4 (R2.7)."""

from collections.abc import Sequence
from html import escape

from services.observation.domain.sheets import SheetDay
from services.observation.handlers.exports import Sheet

TITLE = "健康观察登记表 Observation sheet"
STYLE = """
@page{size:A4;margin:12mm}
*{box-sizing:border-box;margin:0;padding:0}
body{color:#000;font-size:10pt}
h1{font-size:16pt;text-align:center;margin-bottom:3mm}
p{margin-bottom:1mm}
table{width:100%;border-collapse:collapse;margin-top:3mm}
th,td{border:.3mm solid #000;padding:1.2mm;text-align:left}
tr{break-inside:avoid}
.sign{margin-top:8mm;display:flex;justify-content:space-between}
"""
HEADER = ("天 Day", "日期 Date", "早 Morning", "晚 Evening")


def page(one: Sheet, days: Sequence[SheetDay]) -> str:
    """The whole page."""
    case = one.case
    rows = "".join(
        f"<tr><td>{day.number}</td><td>{day.day:%m-%d}</td><td>{escape(day.morning)}</td>"
        f"<td>{escape(day.evening)}</td></tr>"
        for day in days
    )
    head = "".join(f"<th>{title}</th>" for title in HEADER)
    return (
        f"<h1>{TITLE}</h1>"
        f"<p>{escape(one.name)} {escape(one.phone)} {escape(one.room)}</p>"
        f"<p>{escape(case.compound)} · {escape(case.grid)} · 起始 day 0 {case.day_zero:%Y-%m-%d} · "
        f"期满 last day {case.last_day:%Y-%m-%d}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        '<div class="sign"><span>被观察人 Observed ______</span><span>网格员 Grid worker ______</span>'
        "<span>日期 Date ______</span></div>"
    )
