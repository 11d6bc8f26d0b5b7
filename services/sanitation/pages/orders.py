"""Orders to put something right: given, answered, mended by the unit and reviewed by somebody else (R5.4, S5)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import InContext, Instant, cause, roles_of
from services.sanitation.api.orders import line_of, whole
from services.sanitation.domain.words import LETTERS, in_words
from services.sanitation.handlers import figures as figures_handlers
from services.sanitation.handlers import order_lists
from services.sanitation.handlers import orders as handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.orders import ActOnOrder, OrderByHand
from services.sanitation.handlers.policy import in_force, inspection_rules
from services.sanitation.pages.places import keep_photo, place_of
from shared.context import Context
from shared.http.access import Caller, Principal, Role
from shared.http.paging import After, Cursor
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of
from shared.pages.typed import LocalMinute, minute_of

router = page_router()

SHOWN = 50
_AFTER = Cursor(Instant, UUID)
Which = Literal["open", "overdue", "mended", "closed"]
_WHICH: Mapping[Which, order_lists.Filter] = {
    "open": order_lists.Filter(state=None, open=True, overdue=None, inspected=None),
    "overdue": order_lists.Filter(state=None, open=None, overdue=True, inspected=None),
    "mended": order_lists.Filter(state="mended", open=None, overdue=None, inspected=None),
    "closed": order_lists.Filter(state=None, open=False, overdue=None, inspected=None),
}
Act = Literal["mended", "replied", "rectified", "sent_back", "withdrawn", "handed_to_discipline"]
_CELLS: Mapping[Act, str] = {
    "mended": "mendings",
    "replied": "replies",
    "rectified": "reviews",
    "sent_back": "reviews",
    "withdrawn": "settlements",
    "handed_to_discipline": "settlements",
}


class ActForm(PageForm):
    """Something to be done with an order."""

    id: UUID
    kind: Act
    note: Annotated[str, Field(max_length=500)] = ""
    due_at: LocalMinute = ""
    photo: Any = None


class OrderForm(PageForm):
    """Something that was seen and is to be put right."""

    id: UUID
    compound: CompoundId
    item: Annotated[str, Field(max_length=40)]
    note: Annotated[str, Field(max_length=500)] = ""
    due_at: LocalMinute = ""
    photo: Any = None


@router.get("/orders")
async def orders(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    which: Annotated[Which, Query()] = "open",
    compound: Annotated[CompoundId | None, Query()] = None,
    after: After = None,
) -> Response:
    """List orders, the one that is due first on top."""
    pages: Pages = request.app.state.pages
    now = context.clock.now()
    seen = _AFTER.read(after) if after else None
    async with context.database.read() as conn:
        if compound is not None:
            await sites_handlers.require_compound(conn, who, compound)
        place = await place_of(conn, who, compound)
        mine = [compound] if compound else await figures_handlers.compounds_of(conn, who)
        rows = await order_lists.orders_of(
            conn, mine, _WHICH[which], now=now, after=(seen[0], seen[1]) if seen else None, limit=SHOWN + 1
        )
    lines = [line_of(row, now) for row in rows[:SHOWN]]
    following = _AFTER.write(lines[-1].due_at, lines[-1].order_id) if len(rows) > SHOWN else None
    return pages.render(
        request,
        "orders.html",
        place=place,
        compound=compound or "",
        which=which,
        lines=lines,
        following=following,
        paged=after is not None,
        may_order=who.has(*ACCESS["POST /v1/orders"]),
        may_export=who.has(*ACCESS["GET /v1/order-exports"]),
    )


@router.get("/orders/new")
async def order_form(
    request: Request, who: Caller, context: InContext, compound: Annotated[CompoundId | None, Query()] = None
) -> Response:
    """The form for what somebody saw without an inspection."""
    return await _form(request, who, context, {"compound": compound or ""})


@router.post("/orders")
async def give(
    request: Request, who: Caller, context: InContext, form: Annotated[OrderForm, Form()]
) -> Response:
    """Give an order; where it is refused, the form says why and keeps what was entered."""
    pages: Pages = request.app.state.pages
    try:
        note = in_words(form.note, LETTERS, needed=True) or ""
        photo_id = await keep_photo(form.photo, form.compound, proves=form.id, who=who, context=context)
        cmd = OrderByHand(
            order_id=form.id,
            compound=form.compound,
            item=form.item,
            due_at=minute_of(form.due_at),
            photo_id=photo_id,
            note=note,
        )
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await handlers.order_by_hand(cmd, who=who, tx=tx, vault=context.vault)
    except Refusal as refused:
        entered = form.model_dump(exclude={"csrf", "photo", "id"})
        return await _form(request, who, context, entered, refused=refused)
    return RedirectResponse(pages.url(f"/orders/{form.id}"), 303)


@router.get("/orders/{order_id}")
async def order(request: Request, order_id: UUID, who: Caller, context: InContext) -> Response:
    """One order: what is wrong, by when, and every hand that it went through."""
    return await _order(request, order_id, who, context)


@router.post("/orders/{order_id}")
async def act(
    request: Request, order_id: UUID, who: Caller, context: InContext, form: Annotated[ActForm, Form()]
) -> Response:
    """Mend, reply, review or settle; who may do which is the same as over the API, and who mends never closes."""
    pages: Pages = request.app.state.pages
    try:
        acting = who.acting(*_roles(form.kind))
        known, note = await whole(order_id, who, context), in_words(form.note, LETTERS)
        photo_id = await keep_photo(form.photo, known.compound, proves=form.id, who=acting, context=context)
        cmd = ActOnOrder(
            act_id=form.id,
            order_id=order_id,
            kind=form.kind,
            due_at=minute_of(form.due_at) if form.kind == "sent_back" else None,
            photo_id=photo_id,
            note=note,
        )
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await handlers.act_on(cmd, role=roles_of(acting), who=acting, tx=tx, vault=context.vault)
    except Refusal as refused:
        return await _order(request, order_id, who, context, refused=refused, entered={form.kind: form.note})
    return RedirectResponse(pages.url(f"/orders/{order_id}"), 303)


def _roles(kind: Act) -> frozenset[Role]:
    return ACCESS[f"POST /v1/orders/{{order_id}}/{_CELLS[kind]}"]


async def _order(
    request: Request,
    order_id: UUID,
    who: Principal,
    context: Context,
    *,
    refused: Refusal | None = None,
    entered: Mapping[str, str] | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    told = await whole(order_id, who, context)
    async with context.database.read() as conn:
        place = await place_of(conn, who, told.compound)
    waits, mended = told.state == "ordered", told.state == "mended"
    return pages.render(
        request,
        "order.html",
        status=refused.status if refused else 200,
        place=place,
        order=told,
        may_mend=waits and who.has(*_roles("mended")),
        may_reply=(waits or mended) and who.has(*_roles("replied")),
        may_review=mended and who.has(*_roles("rectified")),
        may_settle=(waits or mended) and who.has(*_roles("withdrawn")),
        may_see=who.has(*ACCESS["GET /v1/photos/{photo_id}"]),
        new_id=uuid7,
        entered=entered or {},
        refused=told_of(request, refused),
    )


async def _form(
    request: Request,
    who: Principal,
    context: Context,
    entered: Mapping[str, Any],
    *,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    async with context.database.read() as conn:
        place = await place_of(conn, who, None)
        rules = inspection_rules((await in_force(conn, context.clock.today())).document)
    listed = [item for one in rules.checklists for item in one.items]
    return pages.render(
        request,
        "order_new.html",
        status=refused.status if refused else 200,
        place=place,
        items={item.code: item for item in (*listed, *rules.findings)}.values(),
        new_id=uuid7(),
        entered={"compound": "", "item": "", "note": "", "due_at": ""} | dict(entered),
        refused=told_of(request, refused),
    )
