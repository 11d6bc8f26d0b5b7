"""Declarations in one request: queued by a grid worker's phone, or by one member of a family for all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Self, TypeVar, cast
from uuid import UUID

import asyncpg
from fastapi import APIRouter
from pydantic import Field, ValidationError

from services.observation.api.models import (
    DeclarationBody,
    ReceiptAnswer,
    Running,
    StaffDeclarationBody,
    cause,
)
from services.observation.api.scope import within
from services.observation.domain.declaring import Channel
from services.observation.handlers import declaring
from services.observation.handlers.declaring import Receipt, Said
from services.observation.metrics import count_declaration
from services.observation.store import cases
from shared.context import Context
from shared.db.pool import TRANSIENT, Tx
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.problem import Unavailable
from shared.kernel.field_faults import place_of, told_of
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["declarations"])
MOST = 200
RETRY_SECONDS = 5
_OF_THE_MOMENT = 500
"""From this status on a refusal is about the service, not about the item."""


class NamedDeclaration(DeclarationBody):
    """A declaration with the case that it is for."""

    case_id: UUID


class QueuedDeclaration(NamedDeclaration, StaffDeclarationBody):
    """A declaration that a grid worker took and the phone kept until there was a network."""


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


N = TypeVar("N", bound=NamedDeclaration)
Outcome = tuple[Receipt, Channel] | Refusal


@dataclass(frozen=True, slots=True)
class Batch(Generic[N]):
    """How declarations of one kind are read, and for which of them the caller may speak.

    Attributes:
        model: their shape.
        admit: tells for each through what it came, or why the caller may not declare for that case.
    """

    model: type[N]
    admit: Callable[[Tx, Sequence[N]], Awaitable[list[Channel | Refusal]]]

    async def take(self, raws: Sequence[Any], *, who: Principal, context: Context) -> list[BatchItem]:
        """Keep declarations in one transaction, each judged by itself: one that is refused harms no other.

        Where the transaction fails as a whole (another one uses an id at this moment, the database is away), each is
        tried in a transaction of its own.
        """
        items: dict[int, BatchItem] = {}
        read: dict[int, N] = {}
        for nth, raw in enumerate(raws):
            try:
                read[nth] = self.model.model_validate(raw)
            except ValidationError as error:
                items[nth] = _malformed(raw, error)
        try:
            outcomes = await self._keep(list(read.values()), who, context)
        except (Refusal, *TRANSIENT):
            outcomes = await self._keep_each(list(read.values()), who, context)
        for (nth, item), outcome in zip(read.items(), outcomes, strict=True):
            items[nth] = _told(item.declaration_id, outcome)
        return [items[nth] for nth in range(len(raws))]

    async def _keep(self, items: Sequence[N], who: Principal, context: Context) -> list[Outcome]:
        async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
            admitted = list(zip(items, await self.admit(tx, items), strict=True))
            said = [
                Said(draft=item.draft(channel), case_id=item.case_id, recorded_by=who.subject)
                for item, channel in admitted
                if not isinstance(channel, Refusal)
            ]
            kept = iter(await declaring.declare_all(said, tx=tx, vault=context.vault))
            outcomes: list[Outcome] = []
            for _, channel in admitted:
                outcome = channel if isinstance(channel, Refusal) else next(kept)
                outcomes.append(
                    outcome if isinstance(outcome, Refusal) else (outcome, cast("Channel", channel))
                )
        return outcomes

    async def _keep_each(self, items: Sequence[N], who: Principal, context: Context) -> list[Outcome]:
        """Each in a transaction of its own; when the database is away, the rest comes again and does not wait."""
        outcomes: list[Outcome] = []
        away = False
        for item in items:
            try:
                outcomes += [Unavailable()] if away else await self._keep([item], who, context)
            except Refusal as refusal:
                outcomes.append(refusal)
            except TRANSIENT:
                outcomes.append(Unavailable())
                away = True
        return outcomes


def _told(declaration_id: UUID, outcome: Outcome) -> BatchItem:
    if isinstance(outcome, Refusal):
        return BatchItem.no(declaration_id, outcome)
    receipt, channel = outcome
    if not receipt.repeated:
        count_declaration(receipt.window, channel, receipt.standing)
    return BatchItem.of(receipt)


def _malformed(raw: Any, error: ValidationError) -> BatchItem:
    first = error.errors(include_input=False, include_url=False)[0]
    place = place_of(first)[:200] or None
    return BatchItem(
        declaration_id=_id_of(raw),
        status="rejected",
        code="invalid_request",
        field=place,
        detail=told_of(first),
    )


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

    async def admit(tx: Tx, items: Sequence[QueuedDeclaration]) -> list[Channel | Refusal]:
        places = await cases.places(tx, [item.case_id for item in items])
        return [_admitted(item, places.get(item.case_id), who) for item in items]

    batch = Batch(QueuedDeclaration, admit)
    return BatchAnswer(items=await batch.take(body.declarations, who=who, context=context))


def _admitted(item: QueuedDeclaration, place: asyncpg.Record | None, who: Principal) -> Channel | Refusal:
    try:
        within(place, who)
    except Refusal as refusal:
        return refusal
    return item.via
