"""The door of people who hold a personal link: the link's secret becomes a cookie of the browser that opens it.

The secret stands behind `#`, which browsers keep to themselves. A script puts it into the page's form, or somebody
pastes the link there; it travels in the body of one POST and in nothing else. The browser has a key of its own, so
that opening the same link again, also after an answer that was lost, gives the same session and never a second one.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from shared.http.access import IDENTIFIED
from shared.kernel.links import new_secret
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_, language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, resident_router

KEPT_SECONDS = 60 * 86_400
"""How long a browser keeps the session and its own key; the link itself ends with what it is for."""
_SECRET = re.compile(r"^[A-Za-z0-9_-]{16,200}$")
NOT_A_LINK = N_("这不是完整的链接。把收到的链接从头到尾复制过来。")

Exchange = Callable[[Request, str, str], Awaitable[str]]
"""Turns a link's secret and the browser's own key into a session, or refuses."""


class LinkForm(PageForm):
    """A link as somebody pastes it: the whole address, or what stands behind its `#`."""

    link: Annotated[str, Field(max_length=600)] = ""


def entrance(
    path: str,
    *,
    onward: str,
    title: str,
    exchange: Exchange,
    count_fault: Callable[[str, str], None],
) -> APIRouter:
    """The page that a personal link leads to: `GET` and `POST` of `path`, both for anybody.

    Args:
        path: its address.
        onward: where whoever holds the link works.
        title: its heading, marked for translation.
        exchange: opens a session.
        count_fault: counts what a form was shown again for, by form and field.
    """
    router = resident_router(path)

    def shown(
        request: Request, *, status: int = 200, faults: dict[str, str] | None = None, entered: str = ""
    ) -> Response:
        pages: Pages = request.app.state.pages
        for field in faults or {}:
            count_fault("link", field)
        return pages.render(
            request,
            "link_open.html",
            status=status,
            title=title,
            here_path=path,
            onward=onward,
            open_already=pages.sessions.named("link", request) in request.cookies,
            faults=faults or {},
            entered=entered,
        )

    @router.get(path, dependencies=IDENTIFIED)
    async def ask(request: Request) -> Response:
        """Ask for the link; a browser that comes for the first time gets a key of its own."""
        answer = shown(request)
        _own_key(request, answer)
        return answer

    @router.post(path, dependencies=IDENTIFIED)
    async def open_link(request: Request, form: Annotated[LinkForm, Form()]) -> Response:
        """Take the link and lead on."""
        pages: Pages = request.app.state.pages
        secret = form.link.rpartition("#")[2].strip()
        if not _SECRET.match(secret):
            return shown(
                request, status=422, faults={"link": pages.say(request, NOT_A_LINK)}, entered=form.link
            )
        answer = RedirectResponse(pages.url(onward), 303)
        key = _own_key(request, answer)
        try:
            session = await exchange(request, secret, key)
        except Refusal as refused:
            told = one_language(refused.detail, language_of(request))
            remedy = one_language(refused.remedy, language_of(request)) if refused.remedy else ""
            return shown(
                request, status=refused.status, faults={"link": f"{told} {remedy}".strip()}, entered=form.link
            )
        pages.sessions.give(answer, request, "link", session, seconds=KEPT_SECONDS)
        return answer

    return router


def _own_key(request: Request, answer: Response) -> str:
    """The browser's own key, which it keeps from now on."""
    pages: Pages = request.app.state.pages
    key = request.cookies.get(pages.sessions.named("device", request)) or new_secret()
    pages.sessions.give(answer, request, "device", key, seconds=KEPT_SECONDS)
    return key
