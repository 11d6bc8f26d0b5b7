"""Technical means at doors: staff register devices and answer for tasks; devices tell openings and that they live."""

import hmac
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Response
from pydantic import Field

from services.observation.api.models import Instant, Running, cause
from services.observation.api.scope import place_within
from services.observation.api.worklists import OfCompound, OfGrid
from services.observation.domain.doors import (
    DoorDeviceUnknown,
    DoorTaskUnknown,
    SignalKind,
    TaskKind,
    TaskResult,
)
from services.observation.handlers import doors as handlers
from services.observation.store import doors as store
from services.observation.store.desk import Reach
from shared.db.pool import Database
from shared.http.access import Caller, Grant, Principal, Role, Scope, ScopeKind
from shared.http.auth import Authenticator, TokenRefused
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef

router = APIRouter(tags=["doors"])
_AFTER = Cursor(int)
_SUBJECT = "door:"


class DoorDeviceBody(Body):
    """A device at one of the doors of a dwelling."""

    device_id: UUID
    door: int = Field(default=1, ge=1, le=9, description="Which of the dwelling's doors.")


class DoorKeyAnswer(Answer):
    """The device's own key, for `Authorization: Door <credential>`. Told here only."""

    device_id: UUID
    credential: str = Field(repr=False)


class DoorDeviceAnswer(Answer):
    """A device; `heard_at` is real time."""

    device_id: UUID
    door: int
    registered_at: datetime
    registered_by: str
    heard_at: datetime
    ended_at: datetime | None
    ended_by: str | None


class DoorDevicesAnswer(Answer):
    """The devices of a case, oldest first."""

    devices: list[DoorDeviceAnswer]


class SignalBody(Body):
    """What a device tells: its door was opened at an instant, or that it lives. Repeatable with the same id."""

    signal_id: UUID
    kind: SignalKind
    at: Instant


class SignalAnswer(Answer):
    """It is kept."""

    signal_id: UUID
    received_at: datetime


class DoorTaskLine(Answer):
    """What somebody has to look into: a burst of openings, a silent device, or somebody at a gate's way out. No names.

    `door` is null where it was a gate; `openings` then counts how often they stood there.
    """

    task_id: UUID
    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    door: int | None
    kind: TaskKind
    first_at: datetime
    last_at: datetime
    openings: int
    raised_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    result: TaskResult | None


class DoorResultBody(Body):
    """What somebody found out."""

    result_id: UUID
    result: Literal["explained", "left_home", "false_alarm", "device_mended"]
    note: str = Field(min_length=2, max_length=500, examples=["开门取物资，人员在家"])


class DoorResultReceipt(Answer):
    """It is kept."""

    result_id: UUID
    task_id: UUID


def door_authenticator(database: Database) -> Authenticator:
    """Make the authenticator behind `Authorization: Door <device>.<key>`; a device ends with its case."""

    async def authenticate(credential: str, _app: FastAPI) -> Principal:
        named, _, key = credential.partition(".")
        try:
            device_id = UUID(named)
        except ValueError:
            raise TokenRefused("not a door credential") from None
        async with database.read() as conn:
            device = await store.device(conn, device_id)
        if device is None or not hmac.compare_digest(device["key_hash"], handlers.hash_key(key)):
            raise TokenRefused("door device or key unknown")
        if device["ended_at"] is not None or device["case_ended_at"] is not None:
            raise TokenRefused("door device ended, or its case is over")
        scope = Scope(kind=ScopeKind.COMPOUND, id=device["compound"])
        grant = Grant(role=Role.DEVICE, scope=scope)
        return Principal(kind="device", subject=f"{_SUBJECT}{device_id}", grants=(grant,))

    return authenticate


@router.post(
    "/v1/cases/{case_id}/door-devices",
    summary="Let a device watch a door",
    status_code=201,
    responses={200: {"model": DoorKeyAnswer, "description": "Asked before: the same key."}},
)
async def register(
    case_id: UUID, body: DoorDeviceBody, who: Caller, context: Running, response: Response
) -> DoorKeyAnswer:
    """Register a device at the door of somebody in home quarantine. It works until it is ended or the case is over."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        registered = await handlers.register(
            body.device_id,
            body.door,
            case_id=case_id,
            by=who.subject,
            real_now=context.clock.real_now(),
            tx=tx,
            vault=context.vault,
        )
    if not registered.new:
        response.status_code = 200
    return DoorKeyAnswer(
        device_id=registered.device_id, credential=f"{registered.device_id}.{registered.key}"
    )


@router.get("/v1/cases/{case_id}/door-devices", summary="The devices at somebody's doors")
async def list_devices(case_id: UUID, who: Caller, context: Running) -> DoorDevicesAnswer:
    """Tell the devices of a case and when each was heard last."""
    async with context.database.read() as conn:
        await place_within(conn, case_id, who)
        rows = await store.devices(conn, case_id)
    return DoorDevicesAnswer(devices=[DoorDeviceAnswer(**dict(row)) for row in rows])


@router.delete("/v1/cases/{case_id}/door-devices/{device_id}", summary="Stop a device", status_code=204)
async def end_device(case_id: UUID, device_id: UUID, who: Caller, context: Running) -> None:
    """Stop believing a device; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        if not await store.end_device(tx, device_id, case_id=case_id, by=who.subject):
            raise DoorDeviceUnknown("没有这个设备。There is no such device.")


@router.post(
    "/v1/door-signals",
    summary="What a device at a door tells",
    status_code=201,
    responses={200: {"model": SignalAnswer, "description": "Sent before: the first answer."}},
)
async def take_signal(body: SignalBody, who: Caller, context: Running, response: Response) -> SignalAnswer:
    """Keep an opening and have somebody look into it, once for each burst; or note that the device lives."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        kept = await handlers.take_signal(
            body.signal_id,
            body.kind,
            body.at,
            device_id=UUID(who.subject.removeprefix(_SUBJECT)),
            real_now=context.clock.real_now(),
            tx=tx,
        )
    if kept.repeated:
        response.status_code = 200
    return SignalAnswer(signal_id=body.signal_id, received_at=kept.received_at)


@router.get("/v1/door-tasks", summary="Doors that somebody has to look into")
async def list_tasks(
    who: Caller,
    context: Running,
    compound: OfCompound = None,
    grid: OfGrid = None,
    *,
    kind: Annotated[TaskKind | None, Query(description="Only this kind.")] = None,
    case_id: Annotated[UUID | None, Query(description="Only of this case.")] = None,
    ended: Annotated[bool, Query(description="Also those that are over.")] = False,
    after: After = None,
    limit: Limit = 50,
) -> Page[DoorTaskLine]:
    """Tell the tasks within the caller's scopes, oldest first. With its case a task is over."""
    last = 0 if after is None else _AFTER.read(after)[0]
    reach = Reach(scopes=who.scopes_for(), compound=compound, grid=grid)
    async with context.database.read() as conn:
        rows = await store.tasks(
            conn, reach, only_open=not ended, kind=kind, case_id=case_id, after=last, limit=limit + 1
        )
    more = _AFTER.write(rows[limit - 1]["number"]) if len(rows) > limit else None
    lines = [{name: value for name, value in row.items() if name != "number"} for row in rows[:limit]]
    return Page(items=[DoorTaskLine(**line) for line in lines], next=more)


@router.post(
    "/v1/door-tasks/{task_id}/results",
    summary="What came of a door's task",
    status_code=201,
    responses={200: {"model": DoorResultReceipt, "description": "Sent before: the first answer."}},
)
async def end_task(
    task_id: UUID, body: DoorResultBody, who: Caller, context: Running, response: Response
) -> DoorResultReceipt:
    """Answer for a task, with a note. An opening after this is news."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        task = await store.lock_task(tx, task_id)
        if task is None:
            raise DoorTaskUnknown("没有这个事项。There is no such task.")
        place = await place_within(tx, task["case_id"], who)
        new = await handlers.end_task(
            body.result_id,
            body.result,
            body.note,
            task=task,
            person_ref=place["person_ref"],
            by=who.subject,
            tx=tx,
            vault=context.vault,
        )
    if not new:
        response.status_code = 200
    return DoorResultReceipt(result_id=body.result_id, task_id=task_id)
