"""Personal links on paper: eight on a sheet of A4, each with its code and what to do with it in words.

The code holds the address of the resident's page with the token behind `#`, which no server ever sees in a log; where
no address is configured it holds the token alone. Surname and a star and the room tell whose door it belongs to.
"""

from collections.abc import Sequence
from html import escape

import segno

from services.observation.handlers.link_sheets import PrintedLink

TITLE = "健康申报链接 Declaration links"
STYLE = """
@page{size:A4;margin:8mm}
*{box-sizing:border-box;margin:0;padding:0}
body{color:#000;background:#fff}
main{display:grid;grid-template-columns:1fr 1fr;grid-auto-rows:70mm}
.link{border:.2mm dashed #888;padding:3mm;font-size:9pt;break-inside:avoid;overflow:hidden}
.link:nth-child(8n){break-after:page}
.link h2{font-size:12pt;border-bottom:.5mm solid #000}
.body{display:flex;gap:3mm;margin-top:2mm}
.body svg{width:42mm;height:42mm;display:block}
.en{font-size:.75em}
"""


def address_of(token: str, page: str | None) -> str:
    """What the code says."""
    return token if page is None else f"{page}#{token}"


def sheet(links: Sequence[PrintedLink], page: str | None) -> str:
    """The links one after another."""
    return f"<main>{''.join(_link(one, page) for one in links)}</main>"


def _link(one: PrintedLink, page: str | None) -> str:
    code = segno.make_qr(address_of(one.token, page), error="m", boost_error=False)
    drawn = code.svg_inline(scale=1, border=4, omitsize=True, svgclass=None, lineclass=None)
    whose = " ".join(part for part in (one.name, one.room) if part)
    return (
        '<section class="link"><h2>早晚健康申报 <span class="en">Declare morning and evening</span></h2>'
        f'<div class="body"><div>{drawn}</div><div><p><b>{escape(whose)}</b></p>'
        f"<p>{escape(one.compound)} · {escape(one.grid)}</p><p>观察至 until {one.last_day:%Y-%m-%d} 24:00</p>"
        "<p>用本人手机扫码，首次打开的手机绑定此链接；换手机请联系网格员。每天早、晚各报一次体温和症状。</p>"
        '<p class="en">Scan with your own phone: the first one to open it keeps it. Ask your grid worker for another.'
        " Declare temperature and symptoms every morning and evening.</p>"
        "<p>此页不是出入凭证。<span class='en'>Not an entry pass.</span></p></div></div></section>"
    )
