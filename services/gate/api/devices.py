"""Enrolment codes, devices, and the device's own checkpoint over HTTP (architecture §7)."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.gate.api.models import (
    CheckpointAnswer,
    CodeAnswer,
    CodeBody,
    DeviceAnswer,
    DeviceBody,
    RevokedAnswer,
)
from services.gate.api.proofs import CallingStation
from services.gate.desk import desk
from services.gate.domain.devices import CodeInvalid, UnknownCheckpoint
from services.gate.handlers import devices
from services.gate.handlers.roster import require_post
from services.gate.store import devices as store
from services.gate.store.lists import list_keys
from services.gate.store.rules import rules_version
from shared.context import Context
from shared.events.envelope import Cause
from shared.http.access import IDENTIFIED, Caller
from shared.http.problem import refusing
from shared.kernel.ids import uuid7
from shared.obs.logging import current_correlation, get_logger

log = get_logger(__name__)
router = APIRouter(tags=["devices"])


async def context_of(request: Request) -> Context:
    """What the service works with."""
    context: Context = request.app.state.context
    return context


Working = Annotated[Context, Depends(context_of)]


def command_cause() -> Cause:
    """What the events of a request name as their beginning."""
    return Cause(correlation=current_correlation() or uuid7())


@router.post(
    "/v1/enrolment-codes",
    status_code=HTTPStatus.CREATED,
    summary="Issue a one-time code that enrols a device at one checkpoint",
)
async def issue_enrolment_code(body: CodeBody, who: Caller, context: Working) -> CodeAnswer:
    """The code lives ten minutes of real time and works once. It is told in this answer only."""
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        post = await store.post(tx, body.checkpoint)
        if post is None:
            raise UnknownCheckpoint("没有该卡口。There is no such checkpoint.", field="checkpoint")
        await require_post(tx, who, post.checkpoint)
        issued = await devices.issue_code(
            body.request_id, post, issued_by=who.subject, real_now=context.clock.real_now(), tx=tx
        )
    log.info("enrolment_code_issued", checkpoint=post.checkpoint, by=who.subject)
    return CodeAnswer(
        request_id=body.request_id,
        code=issued.code,
        checkpoint=post.checkpoint,
        compound=post.compound,
        expires_at=issued.expires_at,
    )


@router.post(
    "/v1/devices",
    status_code=HTTPStatus.CREATED,
    summary="Enrol a device with its code",
    responses=refusing(CodeInvalid),
    dependencies=IDENTIFIED,
)
async def enrol_device(body: DeviceBody, request: Request, response: Response) -> DeviceAnswer:
    """Exchange the code for the device's own credential.

    A device that sends its own `device_id` may ask again with the same code and id if the answer was lost; the code
    works for no other device.
    """
    context: Context = request.app.state.context
    async with context.database.begin(actor="enrolment", cause=command_cause()) as tx:
        enrolled = await devices.enrol(
            body.code,
            body.device_id,
            body.public_key.spelled() if body.public_key else None,
            vault=context.vault,
            real_now=context.clock.real_now(),
            tx=tx,
        )
        keys = await list_keys(tx)
    if not enrolled.created:
        response.status_code = HTTPStatus.OK
    log.info("device_enrolled", device=str(enrolled.device_id), checkpoint=enrolled.checkpoint)
    return DeviceAnswer(
        device_id=enrolled.device_id,
        credential=f"{enrolled.device_id}.{enrolled.secret}",
        checkpoint=enrolled.checkpoint,
        compound=enrolled.compound,
        list_keys=[dict(key) for key in keys],
    )


@router.post("/v1/devices/{device_id}/revoke", summary="Stop a device at once")
async def revoke_device(device_id: UUID, who: Caller, request: Request) -> RevokedAnswer:
    """From the answer on this process applies nothing of the device's; every other one within 60 seconds.

    What the device still holds may be uploaded, and waits in quarantine for a supervisor.
    """
    context: Context = request.app.state.context
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        compound, checkpoint, revoked_at = await devices.device_for_update(device_id, tx=tx)
        await require_post(tx, who, checkpoint)
        if revoked_at is None:
            revoked_at = await devices.revoke(
                device_id, compound=compound, checkpoint=checkpoint, revoked_by=who.subject, tx=tx
            )
    desk(request.app).forget(device_id)
    log.warning("device_revoked", device=str(device_id), checkpoint=checkpoint, by=who.subject)
    return RevokedAnswer(device_id=device_id, revoked_at=revoked_at)


@router.get("/v1/checkpoints/me", summary="The checkpoint that the calling device serves")
async def my_checkpoint(station: CallingStation, context: Working) -> CheckpointAnswer:
    """For the device's start: where it stands, which rules are in force, and the server's time."""
    async with context.database.read() as conn:
        row = await conn.fetchrow(store.POST_NAMES, station.checkpoint)
        version = await rules_version(conn, context.clock.today())
    assert row is not None  # noqa: S101 -- a device is enrolled at a known checkpoint, and none is dropped
    return CheckpointAnswer(**row, policy_version=version, now=context.clock.now())
