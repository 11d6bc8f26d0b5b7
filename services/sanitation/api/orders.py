"""Orders to put something right: given, mended, answered, reviewed, settled; lists, custody and a bulletin."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response

from services.sanitation.api.common import Code, InContext, Instant, Words, cause, roles_of
from services.sanitation.domain.orders import ActKind, Source, State
from services.sanitation.handlers import figures as figures_handlers
from services.sanitation.handlers import order_lists
from services.sanitation.handlers import orders as handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.orders import ActOnOrder, OrderByHand
from services.sanitation.store.orders import KnownOrder
from shared.context import Context
from shared.events.policy_inspections import Inspected
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.uploads import FormatQuery, as_file
from shared.kernel import tables
from shared.kernel.ids import CompoundId
from shared.kernel.sealed_texts import unseal

router = APIRouter(tags=["orders"])

_AFTER = Cursor(Instant, UUID)


class OrderBody(Body):
    """Something that is to be put right. `item` is one of today's checklists or findings; `due_at` null: as it says."""

    order_id: UUID
    compound: CompoundId
    item: Code
    note: Words
    due_at: Instant | None = None
    photo_id: UUID | None = None


class MendingBody(Body):
    """It was put right: shown by words or a photo."""

    act_id: UUID
    note: Words | None = None
    photo_id: UUID | None = None


class ReplyBody(Body):
    """What the unit has to say about it."""

    act_id: UUID
    note: Words
    photo_id: UUID | None = None


class ReviewBody(Body):
    """Somebody else looked: it is put right (shown by words or a photo), or sent back with words and a new deadline."""

    act_id: UUID
    outcome: Literal["rectified", "sent_back"]
    note: Words | None = None
    photo_id: UUID | None = None
    due_at: Instant | None = None


class SettlementBody(Body):
    """An order that ends otherwise: it should not have been, or the unit does not mend."""

    act_id: UUID
    outcome: Literal["withdrawn", "handed_to_discipline"]
    note: Words
    photo_id: UUID | None = None


class OrderLine(Answer):
    """An order with its clock. `level`: how far up it went; `minutes_left` is negative when it is overdue.

    `found_by`, `mended_by` and `settled_by` are accounts. `minutes_left` is null unless somebody has to mend it.
    """

    order_id: UUID
    compound: CompoundId
    source: Source
    inspection_id: UUID | None
    inspected: Inspected | None
    subject: str | None
    item: str
    title: str
    basis: str
    ordered_at: datetime
    found_by: str
    due_at: datetime
    state: State
    level: int
    overdue: bool
    minutes_left: int | None
    mended_at: datetime | None
    mended_by: str | None
    settled_at: datetime | None
    settled_by: str | None

    @classmethod
    def of(cls, known: KnownOrder, now: datetime) -> Self:
        """The order as it stands."""
        order = known.order
        return cls(
            order_id=known.order_id,
            compound=known.compound,
            source=known.source,
            inspection_id=known.inspection_id,
            inspected=known.inspected,
            subject=known.subject,
            item=known.item,
            title=known.title,
            basis=known.basis,
            ordered_at=known.ordered_at,
            found_by=order.found_by,
            state=order.state,
            level=order.level,
            mended_at=known.mended_at,
            mended_by=known.mended_by,
            settled_at=known.settled_at,
            settled_by=known.settled_by,
            **_clock(order.state, order.due_at, now),
        )


class ActLine(Answer):
    """Something that was done with an order, by whom, in which capacity and when."""

    act_id: UUID
    kind: ActKind
    at: datetime
    by: str
    role: str
    note: str | None
    photo_id: UUID | None
    due_at: datetime | None


class OrderAnswer(OrderLine):
    """An order with its custody."""

    note: str | None
    photo_id: UUID | None
    acts: list[ActLine]


@router.post("/v1/orders", status_code=201, summary="Order that something is put right")
async def give_order(body: OrderBody, who: Caller, context: InContext, response: Response) -> OrderAnswer:
    """Give an order for something that was seen. A repeat changes nothing (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        known, new = await handlers.order_by_hand(
            OrderByHand(**body.model_dump()), who=who, tx=tx, vault=context.vault
        )
    response.status_code = 201 if new else 200
    return await whole(known.order_id, who, context)


@router.get("/v1/orders", summary="Orders with their clocks")
async def orders(
    *,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query(description="All in scope when left out.")] = None,
    state: Annotated[State | None, Query()] = None,
    open_: Annotated[bool | None, Query(alias="open", description="Not settled yet, or settled.")] = None,
    overdue: Annotated[bool | None, Query(description="Not mended, and the deadline is over.")] = None,
    inspected: Annotated[Inspected | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[OrderLine]:
    """List orders, the one that is due first before the others."""
    now = context.clock.now()
    wanted = order_lists.Filter(state=state, open=open_, overdue=overdue, inspected=inspected)
    seen = _AFTER.read(after) if after else None
    async with context.database.read() as conn:
        if compound is not None:
            await sites_handlers.require_compound(conn, who, compound)
        mine = [compound] if compound else await figures_handlers.compounds_of(conn, who)
        rows = await order_lists.orders_of(
            conn, mine, wanted, now=now, after=(seen[0], seen[1]) if seen else None, limit=limit + 1
        )
    items = [line_of(row, now) for row in rows[:limit]]
    return Page(
        items=items,
        next=_AFTER.write(items[-1].due_at, items[-1].order_id) if len(rows) > limit else None,
    )


@router.get("/v1/orders/{order_id}", summary="One order with its custody")
async def order(order_id: UUID, who: Caller, context: InContext) -> OrderAnswer:
    """Tell everything that was done with an order, by whom and when."""
    return await whole(order_id, who, context)


@router.post("/v1/orders/{order_id}/mendings", status_code=201, summary="Say that it is put right")
async def mend(
    order_id: UUID, body: MendingBody, who: Caller, context: InContext, response: Response
) -> OrderAnswer:
    """Hand in the evidence; somebody else reviews it. A repeat changes nothing (200)."""
    cmd = ActOnOrder(order_id=order_id, kind="mended", due_at=None, **body.model_dump())
    return await _act(cmd, who, context, response)


@router.post("/v1/orders/{order_id}/replies", status_code=201, summary="Reply to an order")
async def reply(
    order_id: UUID, body: ReplyBody, who: Caller, context: InContext, response: Response
) -> OrderAnswer:
    """Keep what the unit has to say; the clock runs on. A repeat changes nothing (200)."""
    cmd = ActOnOrder(order_id=order_id, kind="replied", due_at=None, **body.model_dump())
    return await _act(cmd, who, context, response)


@router.post("/v1/orders/{order_id}/reviews", status_code=201, summary="Review what was mended")
async def review(
    order_id: UUID, body: ReviewBody, who: Caller, context: InContext, response: Response
) -> OrderAnswer:
    """Close it as put right, or send it back: never by who found or mended it. A repeat changes nothing (200)."""
    cmd = ActOnOrder(order_id=order_id, kind=body.outcome, **body.model_dump(exclude={"outcome"}))
    return await _act(cmd, who, context, response)


@router.post("/v1/orders/{order_id}/settlements", status_code=201, summary="End an order otherwise")
async def settle(
    order_id: UUID, body: SettlementBody, who: Caller, context: InContext, response: Response
) -> OrderAnswer:
    """Withdraw it, or hand it over when it is overdue. A repeat changes nothing (200)."""
    cmd = ActOnOrder(
        order_id=order_id, kind=body.outcome, due_at=None, **body.model_dump(exclude={"outcome"})
    )
    return await _act(cmd, who, context, response)


@router.get(
    "/v1/order-exports",
    summary="A bulletin of orders by unit",
    response_class=Response,
    responses={200: {"content": {media: {} for media in tables.MEDIA_TYPES.values()}}},
)
async def export(
    *,
    who: Caller,
    context: InContext,
    only_open: Annotated[bool, Query(description="Only orders that are not settled.")] = False,
    file_format: FormatQuery = "xlsx",
) -> Response:
    """Every order in scope, by compound, the oldest first, with what was found. The reading is written down."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        table = await order_lists.bulletin(
            tx,
            await figures_handlers.compounds_of(tx, who),
            only_open=only_open,
            role=roles_of(who),
            scope=",".join(sorted(str(scope) for scope in who.scopes_for())),
            vault=context.vault,
        )
    return as_file(await asyncio.to_thread(tables.write, table, file_format), "督查通报", file_format)


async def _act(cmd: ActOnOrder, who: Principal, context: Context, response: Response) -> OrderAnswer:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        _, fresh = await handlers.act_on(cmd, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    response.status_code = 201 if fresh else 200
    return await whole(cmd.order_id, who, context)


async def whole(order_id: UUID, who: Principal, context: Context) -> OrderAnswer:
    """An order within the caller's scope with its custody and texts.

    Raises:
        OrderUnknown, OutOfScope: there is none, or it is somebody else's.
    """
    async with context.database.read() as conn:
        known, acts = await handlers.custody(conn, order_id, who)
    texts = {
        row["act_id"]: await unseal(context.vault, known.key_ref, handlers.NOTE, row["note_sealed"])
        for row in acts
    }
    return OrderAnswer(
        **OrderLine.of(known, context.clock.now()).model_dump(),
        note=await unseal(context.vault, known.key_ref, handlers.NOTE, known.note),
        photo_id=known.photo_id,
        acts=[
            ActLine(
                **{name: value for name, value in dict(row).items() if name != "note_sealed"},
                note=texts[row["act_id"]],
            )
            for row in acts
        ],
    )


def line_of(row: asyncpg.Record, now: datetime) -> OrderLine:
    """A row of the list with its clock."""
    return OrderLine(**dict(row) | _clock(row["state"], row["due_at"], now))


def _clock(state: State, due_at: datetime, now: datetime) -> dict[str, object]:
    waits = state == "ordered"
    return {
        "due_at": due_at,
        "overdue": waits and now >= due_at,
        "minutes_left": (due_at - now) // timedelta(minutes=1) if waits else None,
    }
