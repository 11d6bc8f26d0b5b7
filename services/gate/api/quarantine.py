"""A supervisor's view of the quarantine over HTTP: see, release, discard (G11, G16)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal, assert_never
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, ValidationError

from services.gate.api.arrivals import ArrivalBody, take_arrival
from services.gate.api.checks import take_vouched
from services.gate.api.commands import command_of
from services.gate.api.devices import Working, command_cause
from services.gate.api.models import EntryCheckBody
from services.gate.api.vehicles import VehicleCheckBody, take_vehicle
from services.gate.desk import Desk, Station, desk
from services.gate.domain.quarantine import Because, decide_settling
from services.gate.domain.rulings import Direction, Verdict
from services.gate.domain.vehicles import VehicleNotNamed, VehicleVerdict
from services.gate.handlers import quarantine
from services.gate.handlers.judging import CheckEntry
from services.gate.handlers.roster import places_of, require_post
from services.gate.store import quarantine as store
from services.gate.store.quarantine import Cause, Kept, State
from shared.db.pool import Tx
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.refusal import SameIdOtherContent
from shared.obs.logging import get_logger

log = get_logger(__name__)
router = APIRouter(tags=["quarantine"])
_AFTER = Cursor(UUID)


class CheckShown(Answer):
    """What a supervisor goes by. Whom the check was of is not shown: nobody needs it to judge the device."""

    check_id: UUID
    seq: int
    direction: Direction
    subject_kind: str
    checked_at: datetime = Field(description="The device's time.")
    what: Literal["person", "vehicle", "arrival"]
    verdict: Verdict | VehicleVerdict | None = Field(
        description="What the device decided; null: it had decided nothing."
    )


class QuarantinedItem(Answer):
    """An item in quarantine. `check` is null where it is no check that could be applied."""

    item_id: UUID
    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    cause: Cause
    received_at: datetime
    state: State
    check: CheckShown | None
    outcome: str | None = Field(
        description="Of a released item: `created`, `exists`, or why it was not taken."
    )
    decided_at: datetime | None
    decided_by: str | None
    decided_because: str | None


class SettleBody(Body):
    """Decide about items, all with one reason. Sent again, the answer is the same."""

    item_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]
    because: Because


class Settled(Answer):
    """What became of each item, in the order of their age."""

    items: list[QuarantinedItem]


@router.get("/v1/quarantine", summary="What is kept aside, by age")
async def list_quarantine(
    *,
    who: Caller,
    context: Working,
    device_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[QuarantinedItem]:
    """Tell the items of the places that the caller answers for. Nobody's identity is in the answer."""
    last = _AFTER.read(after)[0] if after else UUID(int=0)
    async with context.database.read() as conn:
        found = await store.listed(
            conn,
            after=last,
            places=await places_of(conn, who),
            device_id=device_id,
            state=state,
            limit=limit + 1,
        )
    content = await quarantine.opened(found[:limit], vault=context.vault)
    items = [_shown(item, content.get(item.item_id)) for item in found[:limit]]
    return Page(items=items, next=_AFTER.write(items[-1].item_id) if len(found) > limit else None)


@router.post("/v1/quarantine/release", summary="Apply items that a supervisor vouches for")
async def release(body: SettleBody, who: Caller, request: Request) -> Settled:
    """Each is taken as if it came now from its device at its checkpoint; `outcome` says what became of it."""
    mine = desk(request.app)
    context = mine.context
    async with context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        held = await _lock(tx, body, who, as_="released")
        content = await quarantine.opened(held, vault=context.vault)
        outcomes = await _apply(mine, held, content, tx)
        await store.settle(tx, "released", outcomes, by=who.subject, because=body.because)
        answer = await _settled(tx, body, mine)
    log.warning("quarantine_released", items=len(outcomes), by=who.subject)
    return answer


@router.post("/v1/quarantine/discard", summary="Let items rest for good")
async def discard(body: SettleBody, who: Caller, request: Request) -> Settled:
    """Decide that items are not applied. They stay readable, with the reason."""
    mine = desk(request.app)
    async with mine.context.database.begin(actor=who.subject, cause=command_cause()) as tx:
        held = await _lock(tx, body, who, as_="discarded")
        outcomes = [(item.item_id, None) for item in held]
        await store.settle(tx, "discarded", outcomes, by=who.subject, because=body.because)
        answer = await _settled(tx, body, mine)
    log.warning("quarantine_discarded", items=len(outcomes), by=who.subject)
    return answer


async def _lock(tx: Tx, body: SettleBody, who: Principal, *, as_: State) -> list[Kept]:
    """The items that are to be settled now, locked, in the caller's places."""
    found = await store.for_update(tx, body.item_ids)
    for item in found:
        await require_post(tx, who, item.checkpoint)
    due = decide_settling(body.item_ids, {item.item_id: item.state for item in found}, as_=as_)
    return [item for item in found if item.item_id in due]


async def _apply(
    mine: Desk, held: Sequence[Kept], content: Mapping[UUID, Any], tx: Tx
) -> list[tuple[UUID, str]]:
    """Take items as their device's; what is none, or is not taken, keeps its code.

    People before vehicles: a vehicle's occupants have their own checks.
    """
    stations = {item.device_id: await mine.station_of(item.device_id) for item in held}
    outcomes: dict[UUID, str] = {}
    commands: dict[UUID, CheckEntry] = {}
    others: list[tuple[Kept, VehicleCheckBody | ArrivalBody]] = []
    for item in held:
        match _read(content.get(item.item_id)):
            case EntryCheckBody() as check:
                commands[item.item_id] = await command_of(mine, stations[item.device_id], check)
            case VehicleCheckBody() | ArrivalBody() as other:
                others.append((item, other))
            case None:
                outcomes[item.item_id] = "invalid_request"
            case never:
                assert_never(never)
    answered = await take_vouched(mine, list(commands.values()), tx)
    outcomes |= dict(zip(commands, answered, strict=True))
    for item, other in others:
        outcomes[item.item_id] = await _vouched(mine, stations[item.device_id], other, tx)
    return list(outcomes.items())


async def _vouched(mine: Desk, station: Station, item: VehicleCheckBody | ArrivalBody, tx: Tx) -> str:
    """What became of a vehicle or an arrival that a supervisor vouches for."""
    try:
        if isinstance(item, VehicleCheckBody):
            created, _ = await take_vehicle(mine, station, item, tx)
        else:
            created, _ = await take_arrival(mine, station, item, tx)
    except (SameIdOtherContent, VehicleNotNamed) as refusal:  # told before anything is written
        return refusal.code
    return "created" if created else "exists"


def _read(content: Any) -> EntryCheckBody | VehicleCheckBody | ArrivalBody | None:
    """What an item is; None for nothing that could be applied. No two of them share all their fields."""
    for shape in (EntryCheckBody, VehicleCheckBody, ArrivalBody):
        with suppress(ValidationError):
            return shape.model_validate(content)
    return None


async def _settled(tx: Tx, body: SettleBody, mine: Desk) -> Settled:
    now = await store.for_update(tx, body.item_ids)
    content = await quarantine.opened(now, vault=mine.context.vault)
    return Settled(items=[_shown(item, content.get(item.item_id)) for item in now])


def _shown(item: Kept, content: Any) -> QuarantinedItem:
    return QuarantinedItem(
        item_id=item.item_id,
        device_id=item.device_id,
        compound=item.compound,
        checkpoint=item.checkpoint,
        cause=item.cause,
        received_at=item.received_at,
        state=item.state,
        check=_shown_check(_read(content)),
        outcome=item.outcome,
        decided_at=item.decided_at,
        decided_by=item.decided_by,
        decided_because=item.decided_because,
    )


def _shown_check(item: EntryCheckBody | VehicleCheckBody | ArrivalBody | None) -> CheckShown | None:
    what: str
    kind: str
    match item:
        case None:
            return None
        case EntryCheckBody():
            what, direction, kind = "person", item.direction, item.subject.kind
        case VehicleCheckBody():
            what, direction, kind = "vehicle", item.direction, "vehicle"
        case ArrivalBody():
            what, direction, kind = "arrival", Direction.ENTRY, item.subject.kind
        case never:
            assert_never(never)
    return CheckShown.model_validate(
        {
            "check_id": item.check_id,
            "seq": item.seq,
            "what": what,
            "direction": direction,
            "subject_kind": kind,
            "checked_at": item.checked_at,
            "verdict": item.offline.verdict if item.offline else None,
        }
    )
