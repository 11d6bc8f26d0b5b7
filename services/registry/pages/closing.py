"""The end of the measures: what there is, who asks, how far it is, and the certificate to print."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import StringConstraints
from starlette.responses import Response

from services.registry.api import closing as api
from services.registry.api.closing import ClosingBody, ClosingRequestBody
from services.registry.api.common import Running
from services.registry.domain.closing import verify
from services.registry.pages.common import acting, leads_to, may, pages_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.routes import PageForm, page_router

router: APIRouter = page_router()


class ClosingForm(PageForm):
    """One step: count, ask, or take back."""

    act: Literal["count", "ask", "withdraw"]
    closing_id: UUID
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


@router.get("/closing")
async def closing(request: Request, who: Caller, context: Running) -> Response:
    """Show how far it is."""
    return await _page(request, who, context)


@router.post("/closing")
async def step(
    request: Request, who: Caller, context: Running, form: Annotated[ClosingForm, Form()]
) -> Response:
    """Do one step, and show how far it is."""
    try:
        match form.act:
            case "count":
                await api.begin_closing(ClosingBody(closing_id=form.closing_id), who, context)
            case "ask":
                if len(form.reason) < 2:
                    return await _page(request, who, context, missing_reason=True)
                await api.ask_closing(form.closing_id, ClosingRequestBody(reason=form.reason), who, context)
            case "withdraw":
                await api.withdraw_closing(form.closing_id, who, context)
    except Refusal as refused:
        return await _page(request, who, context, refused=refused)
    return leads_to(request, "/closing")


@router.get("/closing/certificate")
async def printed(request: Request, who: Caller, context: Running) -> Response:
    """Show the certificate, to print and to keep."""
    told = await api.read_certificate(acting(who, "GET /v1/closing/certificate"), context)
    content = verify(told.certificate, {told.key_id: told.jwk})
    return pages_of(request).render(
        request, "closing_certificate.html", told=told, content=content, lines=_lines(told.certificate)
    )


def _lines(text: str) -> list[str]:
    """A long text as it fits on paper."""
    return [text[start : start + 80] for start in range(0, len(text), 80)]


async def _page(
    request: Request,
    who: Principal,
    context: Context,
    *,
    refused: Refusal | None = None,
    missing_reason: bool = False,
) -> Response:
    told = await api.read_closing(who, context)
    one = told.closing
    status = 422 if missing_reason else refused.status if refused else 200
    return pages_of(request).render(
        request,
        "closing.html",
        status=status,
        one=one,
        fresh=str(uuid7()),
        acts=may(who, "POST /v1/closing"),
        keys=sum(part.found.get("data_keys", 0) for part in one.services) if one else 0,
        refused=one_language(refused.detail, language_of(request)) if refused else None,
        missing_reason=missing_reason,
    )
