"""What is done on a case's page. Each act is the API's own; what is refused keeps what was typed."""

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.observation.api import desk, entries, exports, fevers, groups, staff
from services.observation.api.entries import StaffCorrectionBody
from services.observation.api.exports import SheetBody
from services.observation.api.fevers import ResultBody
from services.observation.api.groups import GroupChangeBody
from services.observation.api.models import OneDecisionBody, Running, StaffDeclarationBody
from services.observation.domain.refusals import CaseUnknown
from services.observation.pages.case import Refused, case_page
from services.observation.pages.case_forms import (
    FormMisfilled,
    acting,
    body_of,
    chosen,
    given,
    may,
    pages_of,
    told_of,
)
from shared.context import Context
from shared.http.access import Caller, OutOfScope, Principal, RoleNotAllowed
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router
from shared.pages.typed import minute_of

router = page_router()
Values: TypeAlias = dict[str, Any]
_SAID = ("temperature_c", "cannot_measure_reason", "symptoms")
_NOT_OURS = (OutOfScope, RoleNotAllowed, CaseUnknown)
"""Refusals after which there is no page of the case to show."""


async def answer(
    request: Request,
    case_id: UUID,
    who: Principal,
    context: Context,
    *,
    act: str,
    do: Callable[[Values], Awaitable[Any]],
) -> Response:
    """Do something and lead back to the case; a refusal shows the case as it is now, with what was typed."""
    values: Values = dict(await given(request))
    if picked := await chosen(request, "symptoms"):
        values["symptoms"] = picked
    try:
        await do(values)
    except _NOT_OURS:
        raise
    except Refusal as refusal:
        refused = Refused(act=act, values=values, refusal=refusal)
        return await case_page(request, case_id, who, context, refused=refused)
    return RedirectResponse(pages_of(request).url(f"/cases/{case_id}?done={act}"), 303)


@router.post("/cases/{case_id}/declarations")
async def declare(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Keep what somebody said on the phone or at the door."""

    async def do(values: Values) -> None:
        body = body_of(
            StaffDeclarationBody, _said(values) | _named(values, "declaration_id", "via") | _at(values)
        )
        await staff.declare_for(case_id, body, who, context, Response())

    return await answer(request, case_id, who, context, act="declare", do=do)


@router.post("/cases/{case_id}/attempts")
async def attempt(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Keep what a call or a visit came to; without another time, it was now."""

    async def do(values: Values) -> None:
        said = _said(values)
        asked = _named(values, "attempt_id", "kind", "outcome", "note")
        asked |= _at(values) or {"at": context.clock.now()}
        if said:
            asked["declaration"] = said | _named(values, "declaration_id")
        await desk.record_attempt(case_id, body_of(desk.AttemptBody, asked), who, context, Response())

    return await answer(request, case_id, who, context, act="attempt", do=do)


@router.post("/cases/{case_id}/follow-ups")
async def assign(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Have somebody call or visit."""

    async def do(values: Values) -> None:
        body = body_of(desk.FollowUpBody, _named(values, "follow_up_id", "kind", "assigned_to"))
        await desk.assign(case_id, body, who, context, Response())

    return await answer(request, case_id, who, context, act="assign", do=do)


@router.post("/cases/{case_id}/decisions")
async def decide(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Decide, of what the page showed: where something else holds by now, nothing is done."""

    async def do(values: Values) -> None:
        asked = {name: value for name, value in values.items() if not name.startswith("seen_")}
        seen = {
            name.removeprefix("seen_"): value for name, value in values.items() if name.startswith("seen_")
        }
        body = body_of(OneDecisionBody, asked | {"seen": seen})
        await staff.decide(case_id, body, who, context, Response())

    return await answer(request, case_id, who, context, act="decide", do=do)


@router.post("/cases/{case_id}/fevers/{episode_id}/results")
async def result(
    request: Request, case_id: UUID, episode_id: UUID, who: Caller, context: Running
) -> Response:
    """Keep what the fever clinic said."""

    async def do(values: Values) -> None:
        body = body_of(
            ResultBody, _named(values, "result_id", "result") | {"reason": values.get("reason", "")}
        )
        await fevers.take_result(episode_id, body, who, context, Response())

    return await answer(request, case_id, who, context, act="result", do=do)


@router.post("/cases/{case_id}/group-changes")
async def group(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Keep that somebody joined or left the group."""

    async def do(values: Values) -> None:
        body = body_of(GroupChangeBody, _named(values, "change_id", "change"))
        await groups.confirm_change(case_id, body, who, context, Response())

    return await answer(request, case_id, who, context, act="group", do=do)


@router.post("/cases/{case_id}/sheet")
async def sheet(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """The person's sheet to print; masked unless the caller files it. The reason is kept with the reading."""
    values = await given(request)
    try:
        body = body_of(SheetBody, {"reason": values.get("reason", "")})
    except FormMisfilled as refusal:
        refused = Refused(act="sheet", values=values, refusal=refusal)
        return await case_page(request, case_id, who, context, refused=refused)
    return await exports.read_sheet(case_id, body, who, context, "html")


@router.get("/cases/{case_id}/declarations/{declaration_id}")
async def correction_form(
    request: Request, case_id: UUID, declaration_id: UUID, who: Caller, context: Running
) -> Response:
    """Show what was declared, to be corrected."""
    return await _correction(request, case_id, declaration_id, who, context)


@router.post("/cases/{case_id}/declarations/{declaration_id}")
async def correct(
    request: Request, case_id: UUID, declaration_id: UUID, who: Caller, context: Running
) -> Response:
    """Say something else instead; both are kept."""
    values: Values = dict(await given(request)) | {"symptoms": await chosen(request, "symptoms")}
    try:
        body = body_of(
            StaffCorrectionBody,
            _said(values) | _named(values, "declaration_id", "via") | {"reason": values.get("reason", "")},
        )
        caller = acting(who, "POST /v1/cases/{case_id}/declarations/{declaration_id}/corrections")
        await entries.correct_for(case_id, declaration_id, body, caller, context=context, response=Response())
    except _NOT_OURS:
        raise
    except Refusal as refusal:
        return await _correction(
            request, case_id, declaration_id, who, context, refusal=refusal, values=values
        )
    return RedirectResponse(pages_of(request).url(f"/cases/{case_id}?done=correct"), 303)


async def _correction(
    request: Request,
    case_id: UUID,
    declaration_id: UUID,
    who: Principal,
    context: Context,
    *,
    refusal: Refusal | None = None,
    values: Values | None = None,
) -> Response:
    reader = may(who, "GET /v1/cases/{case_id}/declarations") or acting(
        who, "GET /v1/cases/{case_id}/declarations"
    )
    told = (await entries.list_entries(case_id, reader, context)).entries
    entry = next((one for one in told if one.declaration_id == declaration_id), None)
    if entry is None:
        raise CaseUnknown("没有这条申报。There is no such declaration.")
    before: Values = {
        "temperature_c": entry.temperature_c,
        "cannot_measure_reason": entry.cannot_measure_reason,
        "symptoms": entry.symptoms or [],
        "via": entry.channel,
    }
    return pages_of(request).render(
        request,
        "correction.html",
        status=refusal.status if refusal else 200,
        case_id=case_id,
        entry=entry,
        values=before | (values or {}),
        new_id=uuid7(),
        refused=told_of(request, refusal),
    )


def _named(values: Mapping[str, Any], *names: str) -> Values:
    return {name: values[name] for name in names if name in values}


def _said(values: Mapping[str, Any]) -> Values:
    """What was declared, as people type it: full-width figures and a degree sign are understood."""
    said = {name: values[name] for name in _SAID if values.get(name)}
    if "temperature_c" in said:
        text = unicodedata.normalize("NFKC", said["temperature_c"])
        said["temperature_c"] = text.replace("°C", "").replace(",", ".").strip()
    return said


def _at(values: Mapping[str, Any]) -> Values:
    """An instant on the clocks of the town, where one was given.

    Raises:
        FormMisfilled: it is none.
    """
    text = values.get("at")
    if not text:
        return {}
    try:
        return {"at": minute_of(text)}
    except ValueError as error:
        raise FormMisfilled("at", "unusable") from error
