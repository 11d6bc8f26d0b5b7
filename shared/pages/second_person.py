"""The page of what waits for a second person."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import StringConstraints

from shared.http.access import AccessTable, Caller, Principal, Role
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.second_person import api
from shared.second_person.api import SecondPersonBody
from shared.second_person.requests import Acts


class DecisionForm(PageForm):
    """Whether it may happen, and why."""

    outcome: Literal["approved", "refused"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


def access_of(deciders: frozenset[Role]) -> AccessTable:
    """The cells of page and API in a service where these roles decide."""
    pages = ("GET /second-person", "POST /second-person/{request_id}")
    return {**api.access_of(deciders), **dict.fromkeys(pages, deciders)}


def router_of(acts: Acts) -> APIRouter:
    """The page of a service with these acts."""
    router = page_router()

    @router.get("/second-person")
    async def waiting(request: Request, who: Caller) -> Response:
        """Show what waits for somebody with the caller's roles."""
        return await _page(request, acts, who)

    @router.post("/second-person/{request_id}")
    async def decide(
        request: Request, request_id: UUID, who: Caller, form: Annotated[DecisionForm, Form()]
    ) -> Response:
        """Decide, and show what waits still."""
        body = SecondPersonBody(outcome=form.outcome, reason=form.reason)
        try:
            await api.decided(request.app.state.context, acts, request_id, body, who)
        except Refusal as refused:
            return await _page(request, acts, who, refused=refused)
        pages: Pages = request.app.state.pages
        return RedirectResponse(pages.url("/second-person"), 303)

    return router


async def _page(request: Request, acts: Acts, who: Principal, *, refused: Refusal | None = None) -> Response:
    pages: Pages = request.app.state.pages
    found = await api.waiting_for(request.app.state.context, acts, who)
    return pages.render(
        request,
        "second_person.html",
        status=refused.status if refused else 200,
        waiting=found,
        refused=one_language(refused.detail, language_of(request)) if refused else None,
    )
