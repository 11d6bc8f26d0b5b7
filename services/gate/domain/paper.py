"""The paper sheet for when the device dies, and what is keyed in from it (gate rules). Pure."""

import re
from contextlib import suppress
from datetime import date
from html import escape
from typing import ClassVar

from shared.kernel.refusal import Refusal

LINES = 22
"""Lines that fit on a page with room to write by hand."""
_COLUMNS = (
    "序号",
    "时间",
    "进/出",
    "证号或楼室+姓",
    "口罩",
    "体温 ℃",
    "问询",
    "放行/不放行及原因",
    "值守签名",
)
_WIDTHS = (5, 9, 7, 23, 7, 9, 12, 18, 10)
_STYLE = """
@page { size: A4 portrait; margin: 12mm; }
body { font: 11pt "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; color: #000; margin: 0; }
h1 { font-size: 15pt; margin: 0 0 2mm; }
p { margin: 0 0 2mm; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { border: 0.3mm solid #000; padding: 0.5mm 1mm; text-align: left; }
th { font-weight: 600; font-size: 9.5pt; }
td { height: 8mm; }
"""


class LineKeyed(Refusal):
    """The line of this sheet was keyed in as another check."""

    code: ClassVar[str] = "line_keyed"


class NotDecidedOnPaper(Refusal):
    """A check from paper carries what the guard decided then."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "not_decided_on_paper"


class SheetUnknown(Refusal):
    """No sheet of this number was printed for the post: a slip here would let a line be keyed in twice."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "sheet_unknown"


def decide_sheet(number: str, checkpoint: str, today: date) -> None:
    """Is it the number of a sheet of this post, for a day up to today?

    Raises:
        SheetUnknown: it is not.
    """
    found = re.fullmatch(rf"{re.escape(checkpoint)}-([0-9]{{8}})-[0-9]{{2}}", number)
    with suppress(ValueError):
        if found and date.fromisoformat(found[1]) <= today:
            return
    raise SheetUnknown(
        "没有这张登记表。There is no such sheet of this post.",
        field="sheet",
        remedy=f"核对表头编号，如 {sheet_number(checkpoint, today, 1)}；其他卡口的表在该卡口录入。"
        "Check the number at its head; a sheet of another post is keyed in there.",
    )


def sheet_number(checkpoint: str, day: date, page: int) -> str:
    """What stands at the head of a sheet, and names it when it is keyed in."""
    return f"{checkpoint}-{day:%Y%m%d}-{page:02}"


def render_sheet(*, compound: str, checkpoint: str, number: str, day: date, fever_from_c: str) -> str:
    """A page to print: everything in it, nothing fetched; no person on it.

    Args:
        compound: its name, for people.
        checkpoint: its name.
        number: the sheet's number.
        day: the day it is for.
        fever_from_c: from which reading on it is a fever, as policy says.
    """
    columns = "".join(f'<col style="width: {width}%">' for width in _WIDTHS)
    heads = "".join(f"<th>{escape(name)}</th>" for name in _COLUMNS)
    blank = "<td></td>" * (len(_COLUMNS) - 1)
    lines = "".join(f"<tr><td>{line}</td>{blank}</tr>" for line in range(1, LINES + 1))
    return f"""<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>{escape(number)}</title><style>{_STYLE}</style></head>
<body>
<h1>出入查验登记表（设备停用时使用）</h1>
<p>{escape(compound)} · {escape(checkpoint)}　日期 {day:%Y年%m月%d日}　表号 {escape(number)}</p>
<p>逐人查验：一查证件，二测体温，三问健康，四记录，五上报。</p>
<p>体温 {escape(fever_from_c)} ℃ 及以上为发热，请其单独等候并立即联系社区。</p>
<table><colgroup>{columns}</colgroup><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>
<p>设备恢复后由值守人员逐行补录。When the device works again, key in every line under this sheet's number.</p>
</body>
</html>
"""
