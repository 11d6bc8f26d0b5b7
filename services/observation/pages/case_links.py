"""What is shown once and what is taken back: personal links and devices at doors."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.observation.api import doors, families, link_sheets, staff
from services.observation.api.doors import DoorDeviceBody, DoorResultBody
from services.observation.api.models import LinkBody, Running
from services.observation.pages.case import Refused, case_page
from services.observation.pages.case_acts import answer
from services.observation.pages.case_forms import FormMisfilled, body_of, given, identifier
from shared.http.access import Caller
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router = page_router()


@router.post("/cases/{case_id}/links")
async def issue(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Make a link and show it this once; the one before stops working."""
    values = await given(request)
    try:
        body = body_of(LinkBody, {"link_id": values.get("link_id")})
        made = await staff.issue_link(case_id, body, who, context)
    except Refusal as refusal:
        refused = Refused(act="link", values=values, refusal=refusal)
        return await case_page(request, case_id, who, context, refused=refused)
    return await case_page(request, case_id, who, context, secret={"kind": "link", "text": made.token})


@router.post("/cases/{case_id}/links/{link_id}/revocation")
async def revoke(request: Request, case_id: UUID, link_id: UUID, who: Caller, context: Running) -> Response:
    """Withdraw a link, and the session of the phone that opened it."""

    async def do(_values: Any) -> None:
        await staff.revoke_link(case_id, link_id, who, context)

    return await answer(request, case_id, who, context, act="revoke", do=do)


@router.post("/cases/{case_id}/links/{link_id}/unbinding")
async def unbind(request: Request, case_id: UUID, link_id: UUID, who: Caller, context: Running) -> Response:
    """Let another phone open a link."""

    async def do(_values: Any) -> None:
        await link_sheets.unbind(case_id, link_id, who, context)

    return await answer(request, case_id, who, context, act="unbind", do=do)


@router.post("/cases/{case_id}/links/{link_id}/members")
async def member(request: Request, case_id: UUID, link_id: UUID, who: Caller, context: Running) -> Response:
    """Let a link reach somebody else of the dwelling, or no longer."""

    async def do(values: dict[str, Any]) -> None:
        member_case_id = identifier(values.get("member_case_id"))
        if member_case_id is None:
            raise FormMisfilled("member_case_id", "unusable")
        change = families.remove_member if values.get("reach") == "remove" else families.add_member
        await change(case_id, link_id, member_case_id, who, context)

    return await answer(request, case_id, who, context, act="member", do=do)


@router.post("/cases/{case_id}/door-devices")
async def register(request: Request, case_id: UUID, who: Caller, context: Running) -> Response:
    """Let a device watch a door, and show its key this once."""
    values = await given(request)
    try:
        body = body_of(
            DoorDeviceBody, {name: values[name] for name in ("device_id", "door") if name in values}
        )
        made = await doors.register(case_id, body, who, context, Response())
    except Refusal as refusal:
        refused = Refused(act="device", values=values, refusal=refusal)
        return await case_page(request, case_id, who, context, refused=refused)
    return await case_page(request, case_id, who, context, secret={"kind": "device", "text": made.credential})


@router.post("/cases/{case_id}/door-devices/{device_id}/end")
async def end_device(
    request: Request, case_id: UUID, device_id: UUID, who: Caller, context: Running
) -> Response:
    """Stop believing a device."""

    async def do(_values: Any) -> None:
        await doors.end_device(case_id, device_id, who, context)

    return await answer(request, case_id, who, context, act="end_device", do=do)


@router.post("/cases/{case_id}/door-tasks/{task_id}/results")
async def end_task(request: Request, case_id: UUID, task_id: UUID, who: Caller, context: Running) -> Response:
    """Keep what was found out about a door."""

    async def do(values: dict[str, Any]) -> None:
        asked = {name: values[name] for name in ("result_id", "result") if name in values}
        body = body_of(DoorResultBody, asked | {"note": values.get("note", "")})
        await doors.end_task(task_id, body, who, context, Response())

    return await answer(request, case_id, who, context, act="door", do=do)
