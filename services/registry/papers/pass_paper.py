"""A pass on paper: its code as an image, and self-contained sheets to print (R2.4).

Colours do not survive a photocopier, so the class is a letter and a word. The code holds the signed token only; name
and room stand beside it for the guard's eye: surname and a star, building-unit-room.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from html import escape
from typing import Literal

import segno

from shared.kernel.days import SHANGHAI

SheetFormat = Literal["a4", "58mm"]
PaperClass = Literal["resident", "temporary", "vehicle"]

_CLASSES: dict[PaperClass, tuple[str, str, str]] = {
    "resident": ("A", "居民", "Resident"),
    "temporary": ("B", "临时", "Temporary"),
    "vehicle": ("C", "车辆", "Vehicle"),
}
_TITLES: dict[PaperClass, tuple[str, str]] = {
    "resident": ("出入证", "Entry pass"),
    "temporary": ("临时出入证", "Temporary pass"),
    "vehicle": ("车辆通行证", "Vehicle pass"),
}
_PURPOSES = {
    "supplies": "物资配送 supplies",
    "repair": "维修 repair",
    "care": "照护 care",
    "medical_visit": "就医 medical visit",
    "official_duty": "公务 official duty",
}
_COMMON = """
*{box-sizing:border-box;margin:0;padding:0}
body{color:#000;background:#fff}
.pass{break-inside:avoid;overflow:hidden}
.head{display:flex;justify-content:space-between;align-items:center;border-bottom:.5mm solid #000}
.class{border:.7mm solid #000;padding:0 1.5mm;font-weight:700}
.class b{font-size:1.5em}
.number{font-family:monospace;font-weight:700;letter-spacing:.06em;white-space:nowrap}
.en{font-size:.72em}
svg{display:block}
"""
_A4 = """
@page{size:A4;margin:8mm}
main{display:grid;grid-template-columns:1fr 1fr;grid-auto-rows:70mm}
.pass{border:.2mm dashed #888;padding:3mm;font-size:10pt}
.pass:nth-child(8n){break-after:page}
.body{display:flex;gap:3mm;margin-top:2mm}
.code svg{width:40mm;height:40mm}
.number{font-size:17pt}
"""
_ROLL = """
@page{size:58mm auto;margin:0}
body{width:58mm}
.pass{padding:2mm 3mm;font-size:9pt;break-after:page}
.code svg{width:50mm;height:50mm;margin:1mm auto}
.number{font-size:20pt;text-align:center}
"""
TITLE = "出入证打印 Passes"
STYLES: dict[SheetFormat, str] = {"a4": _COMMON + _A4, "58mm": _COMMON + _ROLL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What one pass shows.

    Attributes:
        holder: surname and a star; of a vehicle its plate's last characters.
        room: building-unit-room, empty for somebody who does not live there.
        ends: the first instant that it no longer covers.
    """

    kind: PaperClass
    number: str
    serial: int
    holder: str
    compound: str
    room: str
    starts: datetime
    ends: datetime
    token: str
    purpose: str | None = None
    daily_from: time | None = None
    daily_until: time | None = None


def code_svg(token: str) -> str:
    """The token's QR code as one inline SVG element: correction level M, four light modules around it."""
    return str(_code(token).svg_inline(scale=1, border=4, omitsize=True, svgclass=None, lineclass=None))


def code_svg_file(token: str) -> bytes:
    """The token's QR code as an SVG document."""
    out = io.BytesIO()
    _code(token).save(out, kind="svg", scale=6, border=4)
    return out.getvalue()


def code_png(token: str) -> bytes:
    """The token's QR code as a PNG, large enough for a phone's screen."""
    out = io.BytesIO()
    _code(token).save(out, kind="png", scale=8, border=4)
    return out.getvalue()


def sheet(papers: Sequence[Paper]) -> str:
    """The passes one after another; the style lays eight on a sheet of A4, or each on its piece of a 58 mm roll."""
    return f"<main>{''.join(_pass(paper) for paper in papers)}</main>"


def _code(token: str) -> segno.QRCode:
    return segno.make_qr(token, error="m", boost_error=False)


def _pass(paper: Paper) -> str:
    letter, word, english = _CLASSES[paper.kind]
    title, title_english = _TITLES[paper.kind]
    lines = [
        (paper.compound, ""),
        (paper.holder, paper.room),
        (f"{_day(paper.starts)} 至 {_day(paper.ends - timedelta(seconds=1))}", ""),
    ]
    if paper.purpose is not None:
        lines.append((_PURPOSES.get(paper.purpose, paper.purpose), ""))
    if paper.daily_from is not None and paper.daily_until is not None:
        lines.append((f"每日 daily {paper.daily_from:%H:%M}-{paper.daily_until:%H:%M}", ""))
    told = "".join(f"<p>{escape(' '.join(part for part in line if part))}</p>" for line in lines)
    return (
        f'<section class="pass"><div class="head"><span>{title} <span class="en">{title_english}</span></span>'
        f'<span class="class"><b>{letter}</b> {word} <span class="en">{english}</span></span></div>'
        f'<div class="body"><div class="code">{code_svg(paper.token)}</div><div class="told">{told}'
        f'<p class="en">第 {paper.serial} 次制证 print {paper.serial}</p></div></div>'
        f'<p class="number">{_grouped(paper.number)}</p></section>'
    )


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d}"


def _grouped(number: str) -> str:
    """Eight digits in two groups, as they are read aloud and typed."""
    return f"{number[:4]} {number[4:]}"
