"""A confirmed case: registered in one step, with everybody who was near; and what became of each (O9)."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from services.observation.api import fevers
from services.observation.api.fevers import ConfirmationBody
from services.observation.api.models import Running
from services.observation.api.scope import place_within
from services.observation.pages.case_forms import acting, body_of, given, pages_of, told_of
from services.observation.pages.case_names import contacts_of
from services.observation.store import copies
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import MAX_LIMIT
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router = page_router()


@router.get("/confirmations/new")
async def form(
    request: Request,
    who: Caller,
    context: Running,
    case_id: Annotated[UUID | None, Query()] = None,
    episode_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Ask for what headquarters was told; of whom is known where it begins at a case or a fever."""
    person = await _person(case_id, episode_id, who, context)
    return _form(request, context, {"person_ref": "" if person is None else str(person)})


@router.post("/confirmations")
async def confirm(request: Request, who: Caller, context: Running) -> Response:
    """Make everybody near a close contact, in one step."""
    values = await given(request)
    asked: dict[str, Any] = {
        name: values[name]
        for name in ("confirmation_id", "person_ref", "confirmed_on", "last_exposure")
        if name in values
    }
    asked |= {"contacts": values.get("contacts", "").split(), "reason": values.get("reason", "")}
    try:
        body = body_of(ConfirmationBody, asked)
        await fevers.confirm(body, who, context, Response())
    except Refusal as refused:
        return _form(request, context, values, refused=refused)
    return RedirectResponse(pages_of(request).url(f"/confirmations/{body.confirmation_id}"), 303)


@router.get("/confirmations/{confirmation_id}")
async def confirmation(request: Request, confirmation_id: UUID, who: Caller, context: Running) -> Response:
    """Show a confirmed case, and every way in which somebody was near."""
    told = await fevers.read_confirmation(confirmation_id, who, context)
    async with context.database.read() as conn:
        names = await copies.compound_names(conn, [told.compound])
    return pages_of(request).render(
        request,
        "confirmation.html",
        told=told,
        compound_name=names.get(told.compound, told.compound),
        contacts=await contacts_of([told], who, context, action="observation.confirmation"),
    )


async def _person(
    case_id: UUID | None, episode_id: UUID | None, who: Principal, context: Context
) -> UUID | None:
    if case_id is not None:
        async with context.database.read() as conn:
            person: UUID = (await place_within(conn, case_id, who))["person_ref"]
        return person
    if episode_id is None:
        return None
    reader, after = acting(who, "GET /v1/fevers"), None
    while True:
        page = await fevers.list_fevers(reader, context, after=after, limit=MAX_LIMIT)
        for one in page.items:
            if one.episode_id == episode_id:
                return one.person_ref
        if page.next is None:
            return None
        after = page.next


def _form(
    request: Request, context: Context, values: Mapping[str, Any], *, refused: Refusal | None = None
) -> Response:
    return pages_of(request).render(
        request,
        "confirmation_new.html",
        status=refused.status if refused else 200,
        values=dict(values),
        confirmation_id=values.get("confirmation_id") or uuid7(),
        today=context.clock.today(),
        refused=told_of(request, refused),
    )
