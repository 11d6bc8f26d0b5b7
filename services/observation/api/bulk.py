"""Bulk actions with progress: what is done stays, what was skipped says why, the rest stays selected (W9, W10)."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, model_validator

from services.observation.api.models import DecisionBody, Running, cause
from services.observation.api.worklists import Subject
from services.observation.domain.attempts import AttemptKind
from services.observation.handlers import bulk as handlers
from services.observation.handlers.bulk import Act, BulkUnknown, Order
from services.observation.store import bulk as store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body, BodyRuleError

router = APIRouter(tags=["bulk actions"])
MOST = 2_000
Cases = Annotated[list[UUID], Field(min_length=1, max_length=MOST)]


class BulkFollowUpBody(Body):
    """Assign a call or a visit for many cases, withdraw all open follow-ups of them, or remind them of their window."""

    bulk_id: UUID
    act: Literal["assign", "withdraw", "remind"]
    case_ids: Cases
    kind: AttemptKind | None = None
    assigned_to: Subject | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        named = sum(value is not None for value in (self.kind, self.assigned_to))
        if named != (2 if self.act == "assign" else 0):
            raise BodyRuleError(
                "kind",
                "指派须同时填写方式和人员，撤销和提醒则都不填。To assign, name kind and worker; else neither.",
            )
        return self


class BulkDecisionBody(DecisionBody):
    """One decision for many cases; `decision_id` is the bulk action's id."""

    case_ids: Cases


class SkippedAnswer(Answer):
    """Why cases were skipped, and which."""

    code: str
    case_ids: list[UUID]


class BulkAnswer(Answer):
    """How far a bulk action is: done + skipped + waiting == total. After a cancellation `rest` stays selected."""

    bulk_id: UUID
    act: Act
    asked_at: datetime
    asked_by: str
    state: Literal["asked", "running", "finished", "cancelled"]
    total: int
    done: int
    skipped: list[SkippedAnswer]
    waiting: int
    rest: list[UUID]


@router.post("/v1/bulk-follow-ups", summary="Assign, withdraw or remind for many cases", status_code=202)
async def bulk_follow_ups(
    body: BulkFollowUpBody, who: Caller, context: Running, response: Response
) -> BulkAnswer:
    """Begin to assign, to withdraw or to remind, case by case; ask for the progress with the same id."""
    order = Order(act=body.act, kind=body.kind, assigned_to=body.assigned_to)
    return await _begin(body.bulk_id, order, body.case_ids, who, context=context, response=response)


@router.post("/v1/bulk-decisions", summary="Decide the same for many cases", status_code=202)
async def bulk_decisions(
    body: BulkDecisionBody, who: Caller, context: Running, response: Response
) -> BulkAnswer:
    """Begin to decide case by case, each by the rules of the single decision; what they refuse is skipped.

    About many cases it is `asked` until a second person lets it begin (`/v1/second-person`).
    """
    order = Order(act="decide", decision=body.kind, reason=body.reason, terms=body.terms())
    return await _begin(body.decision_id, order, body.case_ids, who, context=context, response=response)


async def _begin(
    bulk_id: UUID, order: Order, case_ids: list[UUID], who: Principal, *, context: Context, response: Response
) -> BulkAnswer:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        new = await handlers.ask(
            bulk_id, order, list(dict.fromkeys(case_ids)), who=who, tx=tx, vault=context.vault
        )
        answer = await _progress(tx, bulk_id, who)
    if not new:
        response.status_code = 200
    return answer


@router.get("/v1/bulk-actions/{bulk_id}", summary="How far a bulk action is")
async def read_bulk(bulk_id: UUID, who: Caller, context: Running) -> BulkAnswer:
    """Tell what is done, what was skipped and why, and what waits; to whoever began it."""
    async with context.database.read() as conn:
        return await _progress(conn, bulk_id, who)


@router.post("/v1/bulk-actions/{bulk_id}/cancellation", summary="Stop a bulk action")
async def cancel_bulk(bulk_id: UUID, who: Caller, context: Running) -> BulkAnswer:
    """Do no more of it. What is done stays done; the rest stays selected."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        before = await _progress(tx, bulk_id, who)
        if before.state in {"asked", "running"}:
            await store.cancel(tx, bulk_id, by=who.subject)
        return await _progress(tx, bulk_id, who)


async def _progress(conn: Conn, bulk_id: UUID, who: Principal) -> BulkAnswer:
    row = await store.find(conn, bulk_id)
    if row is None or row["asked_by"] != who.subject:
        raise BulkUnknown("没有这个批量操作。There is no such bulk action of yours.")
    items = await store.items(conn, bulk_id)
    count = Counter(item["status"] for item in items)
    codes = dict.fromkeys(item["code"] for item in items if item["code"] is not None)
    under_way: Literal["asked", "running", "finished"] = "running" if count["waiting"] else "finished"
    if row["waits"]:
        under_way = "asked"
    return BulkAnswer(
        bulk_id=bulk_id,
        act=row["act"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        state=under_way if row["cancelled_at"] is None else "cancelled",
        total=len(items),
        done=count["done"],
        skipped=[
            SkippedAnswer(code=code, case_ids=[item["case_id"] for item in items if item["code"] == code])
            for code in codes
        ],
        waiting=count["waiting"],
        rest=[item["case_id"] for item in items if item["status"] == "waiting"],
    )
