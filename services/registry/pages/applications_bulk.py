"""Passes for many applications at once: each by itself, and whoever was skipped with the reason (R2.4, W9)."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry.api import applications as api
from services.registry.api.common import Running
from services.registry.api.passes import IssuedAnswer
from services.registry.pages.common import acting, leads_to, may, pages_of
from services.registry.pages.entered import Typed
from shared.http.access import Caller
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router: APIRouter = page_router()

MOST = 50
"""As many as the list shows at once."""
_ISSUE = "POST /v1/pass-applications/{application_id}/issue"


@dataclass(frozen=True, slots=True)
class Skipped:
    """An application for which no pass was issued, and why."""

    application_id: UUID
    reason: str


@router.post("/applications/bulk")
async def issue_many(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Issue a pass for each of the chosen applications that may have one; sent again, it issues none twice."""
    chosen = [UUID(one) for one in dict.fromkeys(typed.all("application_ids")) if _is_id(one)][:MOST]
    if not chosen:
        return leads_to(request, f"/applications?compound={typed['compound']}&said=none_chosen")
    clerk, language = acting(who, _ISSUE), language_of(request)
    issued: list[IssuedAnswer] = []
    skipped: list[Skipped] = []
    for application_id in chosen:
        try:
            issued.append(await api.issue_pass(application_id, clerk, context, Response()))
        except Refusal as refused:
            skipped.append(Skipped(application_id, one_language(refused.detail, language)))
    return pages_of(request).render(
        request,
        "application_bulk.html",
        issued=issued,
        skipped=skipped,
        chosen=len(chosen),
        compound=typed["compound"],
        may_print=may(who, "POST /v1/pass-sheets"),
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
