"""Sheets to print: pages that stand for themselves, without script, in a font of the project's own.

A machine at a desk may have any Chinese font or none, and a pass has to look the same from every printer. The font is
a subset that the service serves beside its pages; a character that it lacks comes from the machine.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse

from shared.pages.assets import PREFIX, SHARED, Asset
from shared.settings import ServiceSettings

_NAME: Final = "vendor/fangkong-sans.woff2"
_FONT: Final = (
    f"{PREFIX}/{Asset(name=_NAME, body=(SHARED / _NAME).read_bytes(), media_type='font/woff2').hashed_name}"
)
"""Where it is fetched; the pages serve it among their assets."""


def paper(
    body: str,
    *,
    title: str,
    css: str,
    settings: ServiceSettings,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Answer with a sheet that loads nothing but its font.

    Args:
        body: markup, with everything that was entered escaped.
        title: in both languages.
        css: its own style, without the font.
        settings: tell under which path an ingress reaches the service.
        status: of the answer.
        headers: further ones.
    """
    prefix = urlsplit(settings.public_url or "").path.rstrip("/")
    style = (
        f'@font-face{{font-family:"fangkong";src:url("{prefix}{_FONT}") format("woff2");font-display:block}}'
        f'body{{font-family:"fangkong","Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif}}{css}'
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    page = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )
    return HTMLResponse(page, status, {"Content-Security-Policy": policy, **(headers or {})})
