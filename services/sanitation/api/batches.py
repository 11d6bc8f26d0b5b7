"""What a phone kept while it had no network: at most 200 logs of any kind, each by itself (the gate's contract)."""

from typing import Annotated, Any, Literal, assert_never
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, TypeAdapter, ValidationError

from services.sanitation.api.common import InContext, cause
from services.sanitation.api.mask_bins import CollectionBody
from services.sanitation.api.pickups import SkipBody, StepBody
from services.sanitation.api.rounds import RoundBody
from services.sanitation.api.ventilations import VentilationBody
from services.sanitation.handlers import mask_bins, pickups, rounds, ventilation
from services.sanitation.metrics import count_round
from shared.context import Context
from shared.db.pool import TRANSIENT, Tx
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.kernel.field_faults import place_of, told_of
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["sanitation"])
MOST = 200
RETRY_SECONDS = 5
_OF_THE_MOMENT = 500
"""From this status on a refusal is about the service, not about the item."""


class QueuedRound(RoundBody):
    """A round."""

    kind: Literal["round"]


class QueuedVentilation(VentilationBody):
    """An airing."""

    kind: Literal["ventilation"]


class QueuedCollection(CollectionBody):
    """A mask bin that was emptied."""

    kind: Literal["mask_bin"]


class QueuedStep(StepBody):
    """A step of a pickup."""

    kind: Literal["pickup_step"]
    pickup_id: UUID


class QueuedSkip(SkipBody):
    """A pickup that could not be done."""

    kind: Literal["pickup_skip"]
    pickup_id: UUID


Queued = QueuedRound | QueuedVentilation | QueuedCollection | QueuedStep | QueuedSkip
_QUEUED: TypeAdapter[Queued] = TypeAdapter(Annotated[Queued, Field(discriminator="kind")])
_IDS = ("round_id", "ventilation_id", "collection_id", "act_id")


class BatchBody(Body):
    """At most 200 logs in the order in which they were made; a malformed one is rejected by itself."""

    logs: list[Any] = Field(
        min_length=1,
        max_length=MOST,
        examples=[
            [
                {
                    "kind": "round",
                    "round_id": "0170737c-1d80-7000-8000-000000000001",
                    "site_code": "lj-001-s001",
                    "agent": "chlorine_84",
                    "concentration_mg_l": 500,
                    "done_at": "2020-02-24T08:30:00+08:00",
                }
            ]
        ],
    )


class BatchItem(Answer):
    """What became of one log.

    `created`, `exists`: it is kept, delete it from the queue. `rejected`: it never will be, a person has to look at
    it. `retry`: send it again, not before `retry_after` seconds. `counts` and `within_range` are told of rounds.
    """

    id: UUID | None
    status: Literal["created", "exists", "rejected", "retry"]
    counts: bool | None = None
    within_range: bool | None = None
    code: str | None = None
    field: str | None = None
    detail: str | None = None
    retry_after: int | None = None


class BatchAnswer(Answer):
    """One item for each log, in order."""

    items: list[BatchItem]


@router.post("/v1/logs/batch", summary="Send logs that a phone kept, at most 200")
async def log_queued(body: BatchBody, who: Caller, context: InContext) -> BatchAnswer:
    """Keep logs one after another, each in a transaction of its own: one that fails harms no other.

    Every item is checked against the caller's scope. A repeat with the same id and content is `exists`.
    """
    return BatchAnswer(items=[await _one(raw, who, context) for raw in body.logs])


async def _one(raw: Any, who: Principal, context: Context) -> BatchItem:
    named = _id_of(raw)
    try:
        item = _QUEUED.validate_python(raw)
        async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
            fresh, logged = await _keep(item, who, tx, context)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = place_of(first, skip=1)[:200] or None
        return BatchItem(
            id=named, status="rejected", code="invalid_request", field=place, detail=told_of(first)
        )
    except Refusal as refusal:
        again = refusal.status >= _OF_THE_MOMENT
        return BatchItem(
            id=named,
            status="retry" if again else "rejected",
            code=refusal.code,
            field=refusal.field,
            detail=refusal.detail,
            retry_after=RETRY_SECONDS if again else None,
        )
    except TRANSIENT:
        return BatchItem(id=named, status="retry", code="unavailable", retry_after=RETRY_SECONDS)
    if logged is not None and fresh:
        count_round(logged)
    return BatchItem(
        id=named,
        status="created" if fresh else "exists",
        counts=logged.counts if logged else None,
        within_range=logged.within_range if logged else None,
    )


async def _keep(
    item: Queued, who: Principal, tx: Tx, context: Context
) -> tuple[bool, rounds.LoggedRound | None]:
    said = item.model_dump(exclude={"kind"})
    match item:
        case QueuedRound():
            logged = await rounds.log_round(rounds.LogRound(**said), who=who, tx=tx, vault=context.vault)
            return logged.fresh, logged
        case QueuedVentilation():
            aired = await ventilation.log_ventilation(
                ventilation.LogVentilation(**said), who=who, tx=tx, vault=context.vault
            )
            return aired.fresh, None
        case QueuedCollection():
            return (await mask_bins.empty_bin(mask_bins.EmptyBin(**said), who=who, tx=tx)).fresh, None
        case QueuedStep():
            return (await pickups.record_step(pickups.RecordStep(**said), who=who, tx=tx)).fresh, None
        case QueuedSkip():
            skipped = await pickups.skip(pickups.SkipPickup(**said), who=who, tx=tx, vault=context.vault)
            return skipped.fresh, None
        case _:
            assert_never(item)


def _id_of(raw: Any) -> UUID | None:
    if not isinstance(raw, dict):
        return None
    for name in _IDS:
        try:
            return UUID(str(raw[name]))
        except (KeyError, ValueError):
            continue
    return None
