"""Messages and how far they came; and what the message service tells of them afterwards."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field

from services.observation.api.models import Running, cause
from services.observation.api.worklists import OfCompound, OfGrid
from services.observation.domain.messages import Channel, Kind, MessageState, Unsent
from services.observation.domain.signatures import SignatureRefused, check_signature
from services.observation.handlers.webhook import RECEIPTS, signing_keys
from services.observation.store import messages as store
from services.observation.store.desk import Reach
from services.observation.store.messages import Settlement
from shared.events.observation import WindowName
from shared.http.access import IDENTIFIED, Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId, PersonRef

router = APIRouter(tags=["messages"])
_AFTER = Cursor(int)


class MessageLine(Answer):
    """A message: about whom, by which channel, and how far it came. Not to which number, and not in which words."""

    message_id: UUID
    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    grid: GridId
    day: date
    window: WindowName
    kind: Kind
    channel: Channel
    state: MessageState
    reason: Unsent | None
    attempts: int
    queued_at: datetime
    due_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None


class MessageCount(Answer):
    """How many messages of a channel came so far."""

    channel: Channel
    state: MessageState
    reason: Unsent | None
    messages: int


class MessageCounts(Answer):
    """Every message counts once; together they are `total`."""

    total: int
    counts: list[MessageCount]


class ReceiptItem(Body):
    """What became of a message that was taken."""

    message_id: UUID
    status: Literal["delivered", "failed"]


class ReceiptsBody(Body):
    """What became of messages."""

    receipts: list[ReceiptItem] = Field(min_length=1, max_length=500)


class ReceiptsAnswer(Answer):
    """Which are known and kept, and which are no messages of ours."""

    kept: list[UUID]
    unknown: list[UUID]


@router.get("/v1/messages", summary="Messages and how far they came")
async def list_messages(
    who: Caller,
    context: Running,
    compound: OfCompound = None,
    grid: OfGrid = None,
    *,
    state: Annotated[MessageState | None, Query(description="Only this state.")] = None,
    channel: Annotated[Channel | None, Query(description="Only this channel.")] = None,
    case_id: Annotated[UUID | None, Query(description="Only of this case.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[MessageLine]:
    """Tell the messages within the caller's scopes, in the order in which they were queued."""
    last = 0 if after is None else _AFTER.read(after)[0]
    reach = Reach(scopes=who.scopes_for(), compound=compound, grid=grid)
    async with context.database.read() as conn:
        rows = await store.page(
            conn, reach, state=state, channel=channel, case_id=case_id, after=last, limit=limit + 1
        )
    more = _AFTER.write(rows[limit - 1]["number"]) if len(rows) > limit else None
    lines = [{name: value for name, value in row.items() if name != "number"} for row in rows[:limit]]
    return Page(items=[MessageLine(**line) for line in lines], next=more)


@router.get("/v1/message-counts", summary="How many messages came how far")
async def count_messages(
    who: Caller, context: Running, compound: OfCompound = None, grid: OfGrid = None
) -> MessageCounts:
    """Count the messages within the caller's scopes by channel, state and reason."""
    async with context.database.read() as conn:
        rows = await store.counts(conn, Reach(scopes=who.scopes_for(), compound=compound, grid=grid))
    counts = [MessageCount(**dict(row)) for row in rows]
    return MessageCounts(total=sum(count.messages for count in counts), counts=counts)


@router.post("/v1/message-receipts", summary="What became of messages", dependencies=IDENTIFIED)
async def receive(
    body: ReceiptsBody,
    request: Request,
    context: Running,
    signature: Annotated[str | None, Header(alias="Fangkong-Signature", max_length=200)] = None,
) -> ReceiptsAnswer:
    """Take the message service's word for what arrived. Signed as our own calls are; the first word holds."""
    keys = signing_keys(context.settings.webhook_key_file)
    if keys is None:
        raise SignatureRefused("未配置消息服务。No message service is configured.")
    check_signature(
        signature,
        keys.keys,
        now=context.clock.real_now().timestamp(),
        of=RECEIPTS,
        body=await request.body(),
    )
    kept: list[UUID] = []
    unknown: list[UUID] = []
    async with context.database.begin(actor="message_service", cause=cause()) as tx:
        for item in sorted(body.receipts, key=lambda item: item.message_id):
            known = await store.receive(tx, _settlement(item))
            (kept if known else unknown).append(item.message_id)
    return ReceiptsAnswer(kept=kept, unknown=unknown)


def _settlement(item: ReceiptItem) -> Settlement:
    if item.status == "delivered":
        return Settlement(message_id=item.message_id, state=MessageState.DELIVERED)
    return Settlement(message_id=item.message_id, state=MessageState.FAILED, reason=Unsent.UNDELIVERED)
