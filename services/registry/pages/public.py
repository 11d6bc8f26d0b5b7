"""What the pages that anybody may open share: what a browser keeps of a form, and a receipt for a while."""

import base64
import json
import zlib

from fastapi import Request
from starlette.responses import Response

from services.registry.pages.entered import Entered
from shared.pages.languages import N_
from shared.pages.rendering import Pages

Faults = dict[str, str]
"""Field -> what is wrong with it and how to mend it."""
PHONE_FAULT = N_("电话填 11 位手机号，或带区号的固话；境外号码以 + 和国家代码开头。")
RECEIPT_SECONDS = 1_800
DRAFT_SECONDS = 3_600
_MOST_KEPT = 3_500
"""Letters of a cookie: browsers refuse larger ones."""


def say(request: Request, text: str, **values: object) -> str:
    """A marked text in the reader's language."""
    pages: Pages = request.app.state.pages
    return pages.say(request, text, **values)


def kept_code(request: Request, answer: Response, path: str, code: str) -> None:
    """Let the browser keep a receipt code for half an hour, for the pages below a path: it is in no address."""
    pages: Pages = request.app.state.pages
    pages.sessions.give(answer, request, "receipt", code, seconds=RECEIPT_SECONDS, path=pages.url(path))


def shown_code(request: Request, path: str) -> str | None:
    """The receipt code that the browser keeps."""
    pages: Pages = request.app.state.pages
    return request.cookies.get(pages.sessions.named("receipt", request, path=pages.url(path)))


def kept_form(request: Request, path: str) -> Entered:
    """What this browser typed on the pages below a path and has not sent yet."""
    pages: Pages = request.app.state.pages
    cookie = request.cookies.get(pages.sessions.named("draft", request, path=pages.url(path)), "")
    try:
        opened = zlib.decompressobj().decompress(base64.urlsafe_b64decode(cookie.encode()), 20_000)
        kept = {str(name): tuple(map(str, values)) for name, values in json.loads(opened).items()}
    except (ValueError, TypeError, AttributeError, RecursionError, zlib.error):
        return Entered({})
    return Entered(kept)


def keep_form(request: Request, answer: Response, path: str, typed: Entered) -> bool:
    """Let the browser keep for an hour what was typed; False where it is more than a browser keeps."""
    pages: Pages = request.app.state.pages
    kept = {name: list(values) for name, values in typed.values.items() if any(values)}
    packed = zlib.compress(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode()
    if len(text) > _MOST_KEPT:
        return False
    pages.sessions.give(answer, request, "draft", text, seconds=DRAFT_SECONDS, path=pages.url(path))
    return True


def drop_form(request: Request, answer: Response, path: str) -> None:
    """Let the browser forget what was typed."""
    pages: Pages = request.app.state.pages
    pages.sessions.take(answer, request, "draft", path=pages.url(path))
