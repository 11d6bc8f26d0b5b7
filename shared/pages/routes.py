"""Routes that answer with pages, and the check that a form was sent by one of our own pages."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import ClassVar
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from shared.http.access import SAFE
from shared.http.auth import NotAuthenticated
from shared.http.models import SubmittedForm
from shared.http.problem import HttpRefusal
from shared.http.uploads import form_in_memory

TOKEN_HEADER = "x-csrf-token"  # noqa: S105  # a header's name
TYPED = "fangkong.typed"
"""Scope key of the fields of a form that was not taken because the sign-in had ended, or another had begun."""
_FORM = "application/x-www-form-urlencoded"
_WITH_FILE = "multipart/form-data"


class CrossSite(HttpRefusal):
    """A form or script of another site, or a page that is older than the sign-in."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "cross_site"

    def __init__(self) -> None:
        super().__init__(
            "这次提交不是来自本系统的当前页面，没有执行。This was not sent by a current page of this system.",
            remedy="请重新打开页面再提交。Open the page again and send it from there.",
        )


class PageForm(SubmittedForm):
    """A form of a page: the token that proves where it comes from stands beside its fields."""

    csrf: str = ""


def token_for(session: str) -> str:
    """The token of a session's forms: nobody can tell it without the session's cookie, which scripts cannot read."""
    return hmac.new(session.encode(), b"form", sha256).hexdigest()


def same_origin(scope: Scope, origin: str | None) -> bool:
    """Say whether a request that changes something comes from our own pages.

    Args:
        scope: the request.
        origin: our own origin as people reach it; None: as the request names it.
    """
    headers = Headers(scope=scope)
    given = headers.get("origin", "null")
    if (
        given == "null"
    ):  # browsers may withhold it; then they still say whether the sender is of the same origin
        return headers.get("sec-fetch-site") == "same-origin"
    own = origin or f"{scope['scheme']}://{headers.get('host', '')}"
    return given == own


def own_origin(public_url: str | None) -> str | None:
    """Scheme, host and port of the address under which people reach a service."""
    if public_url is None:
        return None
    parts = urlsplit(public_url)
    return f"{parts.scheme}://{parts.netloc}"


class PageRoute(APIRoute):
    """A route that a browser calls. Whatever changes something is answered only when one of our own pages sent it.

    The check stands before the caller is known and before fields are read: who may not send learns nothing.
    """

    checks_forms: ClassVar[bool] = True
    """Whoever is signed in by a session may call it with a form, see `shared.pages.sessions`."""
    home: ClassVar[str | None] = None
    """Of pages that people of the town open, not staff: where they begin. None: a page of staff."""
    by_link: ClassVar[bool] = False
    """Its caller is whoever opened a personal link in this browser, and nobody who signed in."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The handler, behind the check."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                if request.method not in SAFE:
                    await require_own_form(request)
                return await answer(request)
            except (NotAuthenticated, CrossSite):
                await _keep_typed(request)
                raise
            finally:
                await request.close()  # the files of a form, whoever read it and however it ended

        return handle


async def _keep_typed(request: Request) -> None:
    """Keep for the page of the problem what one of our own pages sent in vain, so that it can be sent again (F9)."""
    sent = request.method == "POST" and request.headers.get("content-type", "").startswith(_FORM)
    if sent and same_origin(request.scope, request.app.state.pages.origin):
        fields = (await request.form()).multi_items()
        request.scope[TYPED] = [
            (name, text) for name, text in fields if isinstance(text, str) and name != "csrf"
        ]


async def require_own_form(request: Request) -> None:
    """Insist that a request was sent by one of our own pages, and by one of this session.

    Raises:
        CrossSite: it was not.
    """
    pages = request.app.state.pages
    if not same_origin(request.scope, pages.origin):
        raise CrossSite
    kind = request.headers.get("content-type", "")
    form = await form_in_memory(request) if kind.startswith(_WITH_FILE) else None
    session = request.cookies.get(pages.sessions.named(session_kind(request.scope), request))
    if session is None:  # nobody is signed in: there is nothing to act with
        return
    token: object = request.headers.get(TOKEN_HEADER)
    if token is None and kind.startswith((_FORM, _WITH_FILE)):
        token = (form or await request.form()).get("csrf")
    if not isinstance(token, str) or not holds(session, token):
        raise CrossSite


def session_kind(scope: Scope) -> str:
    """Which of a browser's sessions a page works with: that of a personal link, or that of a sign-in."""
    return "link" if getattr(scope.get("route"), "by_link", False) else "session"


def holds(session: str, token: str) -> bool:
    """Say whether a token is the session's."""
    return hmac.compare_digest(token_for(session).encode(), token.encode())


def page_router() -> APIRouter:
    """A router of pages; they are no part of the API's document."""
    return APIRouter(route_class=PageRoute, default_response_class=HTMLResponse, include_in_schema=False)


def resident_router(home_path: str, *, personal: bool = False) -> APIRouter:
    """A router of pages that people of the town open on a phone.

    Args:
        home_path: where they begin; who has no session (any more) is led there.
        personal: they come by a personal link, see `shared.pages.residents`.
    """

    class ResidentRoute(PageRoute):
        home = home_path
        by_link = personal

    return APIRouter(route_class=ResidentRoute, default_response_class=HTMLResponse, include_in_schema=False)


def cookies_of(scope: Scope) -> Mapping[str, str]:
    """The cookies of a request of which only the scope is there."""
    return Request(scope).cookies
