"""Codes of sites on paper: eight on a sheet of A4, to be cut and hung at the place.

The code holds the address of the page for places with the site's code behind `#`; where no address is configured it
holds the site's code alone. The range of the solution is printed with it: guidance belongs where the work is done
(R5.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import segno

from services.sanitation.imports.site_rows import KINDS
from services.sanitation.store.sites import KnownSite
from shared.events.policy_sanitation import RoundRule, SiteKind

TITLE = "消杀点位码 Site codes"
STYLE = """
@page{size:A4;margin:8mm}
*{box-sizing:border-box;margin:0;padding:0}
body{color:#000;background:#fff}
main{display:grid;grid-template-columns:1fr 1fr;grid-auto-rows:70mm}
.site{border:.2mm dashed #888;padding:3mm;font-size:9pt;break-inside:avoid;overflow:hidden}
.site:nth-child(8n){break-after:page}
.site h2{font-size:13pt;border-bottom:.5mm solid #000}
.body{display:flex;gap:3mm;margin-top:2mm}
.body svg{width:42mm;height:42mm;display:block}
.code{font-size:11pt;font-family:monospace}
.en{font-size:.75em}
"""
_NAMES: Final[dict[SiteKind, str]] = {kind: name for name, kind in KINDS.items()} | {"other": "其他"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedSite:
    """A site with what policy asks of its kind today; None where no policy is known."""

    known: KnownSite
    rule: RoundRule | None


def address_of(code: str, page: str | None) -> str:
    """What the code says."""
    return code if page is None else f"{page}#{code}"


def sheet(sites: Sequence[PrintedSite], *, compound_name: str, page: str | None) -> str:
    """The sites one after another."""
    return f"<main>{''.join(_site(one, compound_name, page) for one in sites)}</main>"


def _site(one: PrintedSite, compound_name: str, page: str | None) -> str:
    site = one.known.site
    drawn = segno.make_qr(address_of(site.code, page), error="m", boost_error=False).svg_inline(
        scale=1, border=4, omitsize=True, svgclass=None, lineclass=None
    )
    where = " ".join(part for part in (site.building, site.unit) if part)
    asked = ""
    if one.rule is not None:
        rounds = site.rounds_per_day or one.rule.rounds_per_day
        asked = (
            f"<p>每日至少 {rounds} 次，间隔 {one.rule.spacing_minutes} 分钟以上"
            f'<span class="en"> at least {rounds} rounds a day</span></p>'
            f"<p>有效氯 {one.rule.concentration_from_mg_l}–{one.rule.concentration_to_mg_l} mg/L</p>"
        )
    return (
        f'<section class="site"><h2>{escape(site.name)}</h2><div class="body"><div>{drawn}</div><div>'
        f"<p>{escape(compound_name)} {escape(where)}</p>"
        f'<p>{_NAMES[site.kind]} <span class="en">{site.kind.replace("_", " ")}</span></p>'
        f'<p class="code">{escape(site.code)}</p>{asked}'
        '<p>消杀后扫码登记，有问题扫码反映。<span class="en">Scan after disinfection, or to report.</span></p>'
        "</div></div></section>"
    )
