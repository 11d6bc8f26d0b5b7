"""Somebody of the book: found by a question that no address carries, shown whole to who may see it (R4.3, H3, W12)."""

from typing import Any, get_args
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry.api import people as api
from services.registry.api import people_sheet as sheet_api
from services.registry.api.common import Running
from services.registry.api.people import LookupAnswer, LookupBody
from services.registry.api.people_sheet import ActLine, SettlementBody
from services.registry.domain.pass_life import ReinstatementReason
from services.registry.domain.passes import HoldKind
from services.registry.pages.common import acting, leads_to, may, pages_of, status_of
from services.registry.pages.entered import Entered, Misfilled, Typed, judged, told_of
from shared.context import Context
from shared.http.access import Caller, Principal, Role
from shared.kernel.identities import normalise_phone
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SETTLE = "POST /v1/people/{person_ref}/holds/{kind}/settlement"
_SHORTEST_REASON, _LONGEST_REASON = 2, 100
_OWN = (Role.COMMUNITY_CLERK, Role.GRID_WORKER)
"""Whose work these people are: whoever else looks says why, and that is recorded."""


@router.get("/people")
async def search_form(request: Request, who: Caller) -> Response:
    """Show the question."""
    return _search(request, who, Entered.of(), None)


@router.post("/people")
async def search(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Look for somebody by document, phone or whole name: masked, and recorded."""
    try:
        why = {"reason": _reason(who, typed)} if typed["reason"] or not who.has(*_OWN) else {}
        body = judged(
            LookupBody, _question(typed["query"]) | why, shown={"name": "query", "document": "query"}
        )
        found = await api.look_up(body, acting(who, "POST /v1/people/lookup"), context)
    except Refusal as refused:
        return _search(request, who, typed, None, refused=refused)
    return _search(request, who, typed, found)


@router.get("/people/{person_ref}")
async def person(request: Request, person_ref: UUID, who: Caller, context: Running) -> Response:
    """Show a person's sheet; who does not work with them every day is asked why first."""
    if not who.has(*_OWN):
        return _why(request, person_ref, Entered.of())
    return await _sheet(request, person_ref, who, context, Entered.of(), reason=None)


@router.post("/people/{person_ref}")
async def act(request: Request, person_ref: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Open the sheet for a stated reason, or settle what stands against the person."""
    if typed["act"] != "settle":
        try:
            return await _sheet(request, person_ref, who, context, typed, reason=_reason(who, typed))
        except Misfilled as refused:
            return _why(request, person_ref, typed, refused=refused)
    kind: HoldKind | None = next((one for one in get_args(HoldKind) if one == typed["kind"]), None)
    if kind is None:
        return leads_to(request, f"/people/{person_ref}")
    try:
        stated = {name: typed[name] for name in ("settlement_id", "reason", "note") if typed[name]}
        body = judged(SettlementBody, stated)
        await sheet_api.settle_hold(person_ref, kind, body, acting(who, _SETTLE), context)
    except Refusal as refused:
        if not who.has(*_OWN):
            return _why(request, person_ref, typed, refused=refused)
        return await _sheet(request, person_ref, who, context, typed, reason=None, refused=refused)
    return leads_to(request, f"/people/{person_ref}")


def _question(text: str) -> dict[str, Any]:
    """One field for three questions: digits of a phone, anything with a digit in it, or a name."""
    if normalise_phone(text):
        return {"phone": text}
    return {"document" if any(letter.isdigit() for letter in text) else "name": text}


def _reason(who: Principal, typed: Entered) -> str:
    reason = typed["reason"]
    if not who.has(*_OWN) and len(reason) < _SHORTEST_REASON:
        raise Misfilled({"reason": "fault.missing"})
    if len(reason) > _LONGEST_REASON:
        raise Misfilled({"reason": "fault.too_long"})
    return reason


def _search(
    request: Request,
    who: Principal,
    typed: Entered,
    found: LookupAnswer | None,
    *,
    refused: Refusal | None = None,
) -> Response:
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "people.html",
        status=status_of(request, told.status if told else None),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "query",
        found=found,
        asks_why=not who.has(*_OWN),
        may_register=may(who, "POST /v1/returnees"),
    )


def _why(request: Request, person_ref: UUID, typed: Entered, *, refused: Refusal | None = None) -> Response:
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "person_why.html",
        status=status_of(request, told.status if told else None),
        person_ref=person_ref,
        typed=typed,
        told=told,
        focus="reason",
    )


async def _sheet(
    request: Request,
    person_ref: UUID,
    who: Principal,
    context: Context,
    typed: Entered,
    *,
    reason: str | None,
    refused: Refusal | None = None,
) -> Response:
    one = await sheet_api.sheet_for(person_ref, who, context, reason=reason)
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "person.html",
        status=status_of(request, told.status if told else None),
        one=one,
        reason=reason,
        typed=typed,
        told=told,
        focus="",
        today=context.clock.today(),
        reasons=get_args(ReinstatementReason),
        settlement_id=uuid7(),
        may_settle=may(who, _SETTLE),
        may_give=may(who, "POST /v1/vehicles"),
        may_undo=may(who, "POST /v1/merges/{merge_id}/undo"),
        changes=_changes,
    )


def _changes(act: ActLine) -> list[tuple[str, str, str]]:
    """What an act changed, field by field, as far as it is said in one text; lists are told by their field's name."""
    before, after = act.before or {}, act.after or {}

    def text(value: object) -> str:
        return value if isinstance(value, str) else ""

    found = [(name, text(before.get(name)), text(after.get(name))) for name in act.fields]
    return [
        (name, old, new) for name, old, new in found if (old or new) and not name.endswith(("_id", "_ref"))
    ]
