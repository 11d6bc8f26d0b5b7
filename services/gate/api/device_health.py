"""Heartbeats, credentials, and the list of devices over HTTP (architecture §7, screens §6.2)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.gate import metrics
from services.gate.api.device_models import (
    MEASURED,
    CredentialAnswer,
    DeviceLine,
    HeartbeatAnswer,
    HeartbeatBody,
    OneDevice,
    RotateBody,
    SeqRun,
)
from services.gate.api.devices import Working, command_cause
from services.gate.api.proofs import CallingStation, binding_station
from services.gate.desk import desk
from services.gate.domain.devices import UnknownDevice
from services.gate.handlers import device_health, devices
from services.gate.handlers.device_health import Heartbeat
from services.gate.handlers.roster import places_of, require_post
from services.gate.store import device_health as store
from services.gate.store.rules import rules_version
from shared.http.access import Caller
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CheckpointId, CompoundId
from shared.obs.logging import get_logger

log = get_logger(__name__)
router = APIRouter(tags=["devices"])
_AFTER = Cursor(UUID)


@router.post("/v1/devices/me/heartbeat", summary="Say how the device is")
async def heartbeat(
    body: HeartbeatBody, station: CallingStation, context: Working, request: Request
) -> HeartbeatAnswer:
    """Once a minute, and after every upload. The answer tells how far the device's clock is from the server's."""
    beat = Heartbeat(**body.model_dump(exclude=MEASURED))
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        report = await device_health.hear(beat, station, real_now=context.clock.real_now(), tx=tx)
        version = await rules_version(tx, tx.today)
        now = tx.now
    if report.clock_skew_seconds != station.clock_skew_seconds:
        desk(request.app).forget(station.device_id)  # its stamps are read by the new skew from here on
    _count(body)
    return HeartbeatAnswer(
        now=now,
        clock_skew_seconds=report.clock_skew_seconds,
        policy_version=version,
        ticket=desk(request.app).ticket(station),
    )


@router.post("/v1/devices/me/credential", summary="Change the device's own credential")
async def rotate_credential(
    body: RotateBody, _who: Caller, context: Working, request: Request
) -> CredentialAnswer:
    """Tell the next credential. Store it before using it; its first use makes the present one void.

    A device of a time without keys names its public key here, once, and signs the request with it.
    """
    public_key = body.public_key.spelled() if body.public_key else None
    station = await binding_station(request, public_key)
    async with context.database.begin(actor=station.subject, cause=command_cause()) as tx:
        secret = await devices.offer_credential(
            station.device_id, body.request_id, public_key, vault=context.vault, tx=tx
        )
    desk(request.app).forget(station.device_id)
    log.info("device_credential_offered", device=str(station.device_id))
    return CredentialAnswer(device_id=station.device_id, credential=f"{station.device_id}.{secret}")


@router.get("/v1/devices", summary="Devices and how they are")
async def list_devices(
    *,
    who: Caller,
    context: Working,
    compound: Annotated[CompoundId | None, Query()] = None,
    checkpoint: Annotated[CheckpointId | None, Query()] = None,
    revoked: Annotated[bool | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[DeviceLine]:
    """Tell the devices of the places that the caller answers for, by id."""
    last = _AFTER.read(after)[0] if after else UUID(int=0)
    async with context.database.read() as conn:
        rows = await conn.fetch(
            store.DEVICES, last, await places_of(conn, who), compound, checkpoint, revoked, limit + 1
        )
    items = [DeviceLine(**_line(row, context.clock.now())) for row in rows[:limit]]
    return Page(items=items, next=_AFTER.write(items[-1].device_id) if len(rows) > limit else None)


@router.get("/v1/devices/{device_id}", summary="One device, and what is missing of what it sent")
async def one_device(device_id: UUID, who: Caller, context: Working) -> OneDevice:
    """A device numbers its checks without a gap: what is missing is still in its queue, or was lost with it."""
    async with context.database.read() as conn:
        row = await conn.fetchrow(store.DEVICE_AS_LISTED, device_id)
        if row is None:
            raise UnknownDevice("没有该设备。There is no such device.")
        await require_post(conn, who, row["checkpoint"])
        highest, missing = await store.gaps(conn, device_id)
    return OneDevice(
        **_line(row, context.clock.now()),
        highest_seq=highest,
        missing=[SeqRun(first=first, last=last) for first, last in missing],
    )


def _line(row: Any, now: datetime) -> dict[str, Any]:
    line = {name: value for name, value in dict(row).items() if name != "revoked_by"}
    made = line["list_made_at"]
    return line | {
        "state": "revoked" if line["revoked_at"] else "in_service",
        "list_age_seconds": max(0, round((now - made).total_seconds())) if made else None,
    }


def _count(body: HeartbeatBody) -> None:
    for verdict in body.verdicts:
        metrics.CLIENT_VERDICT_SECONDS.labels(body.device_class, verdict.mode).observe(verdict.seconds)
    metrics.count_client_errors(body.app_version, body.errors.items())
