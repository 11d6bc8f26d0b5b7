"""Closing checkpoints, opening them again, and temporary gates over HTTP (R2.1)."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import StringConstraints

from services.registry.api.common import Instant, Running, cause
from services.registry.api.places import Name, Seen, Text, reached
from services.registry.api.premises import CheckpointAnswer, CompoundPath, PlaceCode, checkpoint_answer
from services.registry.domain.checkpoints import ClosedFor, TemporaryFor
from services.registry.domain.premises import Checkpoint, Traffic
from services.registry.handlers import checkpoints as handlers
from shared.http.access import Caller
from shared.http.models import Body
from shared.kernel.ids import CheckpointId, CompoundId

router = APIRouter(tags=["premises"])
CheckpointPath = Annotated[PlaceCode, Path(examples=["lj-001-n"])]


class ClosingBody(Body):
    """Why it closes: it is no longer used, or was opened by mistake."""

    reason: Literal["closed", "opened_in_error"]


class CorrectionBody(Body):
    """What a checkpoint is called and who may use it."""

    version: Seen
    name: Name
    traffic: Traffic
    note: Text | None = None


class TemporaryGateBody(Body):
    """A gate for fire engines or ambulances. `checkpoint_id` is the office's own number, so a repeat is the same."""

    checkpoint_id: PlaceCode
    name: Name
    purpose: TemporaryFor
    reason: Annotated[str, StringConstraints(min_length=2, max_length=200)]
    expires_at: Instant


@router.put("/v1/compounds/{compound_id}/checkpoints/{checkpoint_id}", summary="Correct a checkpoint")
async def correct_checkpoint(
    *,
    compound_id: CompoundPath,
    checkpoint_id: CheckpointPath,
    body: CorrectionBody,
    who: Caller,
    context: Running,
) -> CheckpointAnswer:
    """Correct the name, the traffic or the note of a checkpoint in use, and tell every service."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        place = Checkpoint(
            checkpoint_id=CheckpointId(checkpoint_id),
            compound_id=CompoundId(compound_id),
            name=body.name,
            traffic=body.traffic,
            opened_on=tx.today,
            note=body.note,
        )
        gate = await handlers.correct(place, seen=body.version, tx=tx)
    return checkpoint_answer(gate, context.clock.now())


@router.post("/v1/compounds/{compound_id}/checkpoints/{checkpoint_id}/closing", summary="Close a checkpoint")
async def close_checkpoint(
    *,
    compound_id: CompoundPath,
    checkpoint_id: CheckpointPath,
    body: ClosingBody,
    who: Caller,
    context: Running,
) -> CheckpointAnswer:
    """Take a checkpoint out of use: no device is enrolled there any more. Closing it again changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        gate = await handlers.close(compound_id, checkpoint_id, ClosedFor(body.reason), tx=tx)
    return checkpoint_answer(gate, context.clock.now())


@router.post(
    "/v1/compounds/{compound_id}/checkpoints/{checkpoint_id}/reopening", summary="Open a checkpoint again"
)
async def reopen_checkpoint(
    compound_id: CompoundPath, checkpoint_id: CheckpointPath, who: Caller, context: Running
) -> CheckpointAnswer:
    """Open a closed checkpoint again, within the limit in force today; 409 `checkpoint_limit` names the rule."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        gate = await handlers.reopen(compound_id, checkpoint_id, tx=tx)
    return checkpoint_answer(gate, context.clock.now())


@router.post("/v1/compounds/{compound_id}/temporary-gates", summary="Open a temporary gate", status_code=201)
async def open_temporary_gate(
    compound_id: CompoundPath, body: TemporaryGateBody, who: Caller, context: Running, response: Response
) -> CheckpointAnswer:
    """Open a gate for fire engines or ambulances beside the limit; it closes by itself at `expires_at`."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        place = Checkpoint(
            checkpoint_id=CheckpointId(body.checkpoint_id),
            compound_id=CompoundId(compound_id),
            name=body.name,
            traffic=Traffic.MIXED,
            opened_on=tx.today,
            note=None,
        )
        gate, new = await handlers.open_temporary(
            place, purpose=body.purpose, reason=body.reason, expires_at=_utc(body.expires_at), tx=tx
        )
    response.status_code = 201 if new else 200
    return checkpoint_answer(gate, context.clock.now())


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
