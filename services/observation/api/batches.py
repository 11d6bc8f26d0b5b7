"""Declarations in one request: queued by a grid worker's phone, or by one member of a family for all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, ValidationError

from services.observation.api.models import (
    ReceiptAnswer,
    Running,
    StaffDeclarationBody,
    cause,
)
from services.observation.api.scope import place_within
from services.observation.domain.declaring import Channel
from services.observation.handlers import observing
from services.observation.handlers.observing import Receipt
from services.observation.metrics import count_declaration
from shared.db.pool import TRANSIENT
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["declarations"])
MOST = 200
RETRY_SECONDS = 5
_OF_THE_MOMENT = 500
"""From this status on a refusal is about the service, not about the item."""


class QueuedDeclaration(StaffDeclarationBody):
    """A declaration that a grid worker took and the phone kept until there was a network."""

    case_id: UUID


class BatchBody(Body):
    """At most 200 declarations, each a `QueuedDeclaration`; a malformed one is rejected by itself."""

    declarations: list[Any] = Field(
        min_length=1,
        max_length=MOST,
        examples=[[{"declaration_id": "…", "case_id": "…", "via": "visit", "temperature_c": 36.5}]],
    )


class BatchItem(Answer):
    """What became of one declaration.

    `created`, `exists`: it is kept, delete it from the queue. `rejected`: it never will be, a person has to look at
    it. `retry`: send it again, not before `retry_after` seconds.
    """

    declaration_id: UUID | None
    status: Literal["created", "exists", "rejected", "retry"]
    receipt: ReceiptAnswer | None = None
    code: str | None = None
    field: str | None = None
    detail: str | None = None
    retry_after: int | None = None

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """What was kept, now or before."""
        return cls(
            declaration_id=receipt.declaration_id,
            status="exists" if receipt.repeated else "created",
            receipt=ReceiptAnswer.of(receipt),
        )

    @classmethod
    def no(cls, declaration_id: UUID | None, refusal: Refusal) -> Self:
        """What was refused: for good, or for the moment."""
        again = refusal.status >= _OF_THE_MOMENT
        return cls(
            declaration_id=declaration_id,
            status="retry" if again else "rejected",
            code=refusal.code,
            field=refusal.field,
            detail=refusal.detail,
            retry_after=RETRY_SECONDS if again else None,
        )


class BatchAnswer(Answer):
    """One item for each declaration, in order."""

    items: list[BatchItem]


async def each_by_itself(
    items: Sequence[Any], take: Callable[[Any], Awaitable[tuple[Receipt, Channel]]]
) -> list[BatchItem]:
    """Take declarations one after another, each in a transaction of its own: one that fails harms no other.

    Args:
        items: as they came.
        take: reads, checks and keeps one.
    """
    return [await _one(raw, take) for raw in items]


async def _one(raw: Any, take: Callable[[Any], Awaitable[tuple[Receipt, Channel]]]) -> BatchItem:
    named = _id_of(raw)
    try:
        receipt, channel = await take(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))[:200] or None
        return BatchItem(declaration_id=named, status="rejected", code="invalid_request", field=place)
    except Refusal as refusal:
        return BatchItem.no(named, refusal)
    except TRANSIENT:
        return BatchItem(declaration_id=named, status="retry", code="unavailable", retry_after=RETRY_SECONDS)
    if not receipt.repeated:
        count_declaration(receipt.window, channel, receipt.standing)
    return BatchItem.of(receipt)


def _id_of(raw: Any) -> UUID | None:
    try:
        return UUID(str(raw["declaration_id"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        return None


@router.post("/v1/declarations/batch", summary="Send declarations that a phone kept, at most 200")
async def declare_queued(body: BatchBody, who: Caller, context: Running) -> BatchAnswer:
    """Record declarations taken by phone or at the door, each by itself; repeatable, in any order.

    Every item is checked against the caller's scope. A repeat with the same id and content is `exists`.
    """

    async def take(raw: Any) -> tuple[Receipt, Channel]:
        item = QueuedDeclaration.model_validate(raw)
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await place_within(tx, item.case_id, who)
            receipt = await observing.declare(
                item.draft(item.via),
                case_id=item.case_id,
                recorded_by=who.subject,
                tx=tx,
                vault=context.vault,
            )
        return receipt, item.via

    return BatchAnswer(items=await each_by_itself(body.declarations, take))
