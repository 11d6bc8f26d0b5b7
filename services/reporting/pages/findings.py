"""Findings of supervision: what is wrong, who answers for it and by when, and what people say of it (R7.2, 4.14)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.reporting import queries
from services.reporting.access import ACCESS
from services.reporting.api.common import InContext, cause, roles_of
from services.reporting.api.findings import line_of, whole
from services.reporting.domain import evidence_texts
from services.reporting.domain.finding_texts import ESCALATED_TO, OUTCOMES, RULES, STATES
from services.reporting.handlers import finding_acts, finding_lists
from services.reporting.handlers.finding_acts import ActOnFinding, FindByHand
from services.reporting.handlers.finding_lists import Filter, ListState
from services.reporting.store import compounds as compound_store
from services.reporting.store import policy as policy_store
from shared.context import Context
from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.events.policy_inspections import Finding as Item
from shared.events.policy_supervision import FindingRule
from shared.http.access import Caller, Principal, Role
from shared.http.paging import After, Cursor
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.figures import moment
from shared.pages.languages import Language, language_of
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of
from shared.pages.typed import LocalMinute, minute_of

router = page_router()

SHOWN = 50
_AFTER = Cursor(datetime, UUID)
Words = Annotated[str, Field(min_length=2, max_length=500)]


class FindForm(PageForm):
    """What an inspector found; the id is made with the page, so a second press is the same."""

    finding_id: UUID
    compound: CompoundId
    item: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    note: Words


class ActForm(PageForm):
    """Something to be done with a finding, in words. `due_at` is on the clocks of the town."""

    act_id: UUID
    kind: Literal["replied", "settled", "rectified", "sent_back", "criticised", "handed_to_discipline"]
    note: Words
    due_at: LocalMinute = ""


@router.get("/findings")
async def finding_list(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    state: ListState = "open",
    rule: Annotated[FindingRule | Literal[""], Query()] = "",
    compound: Annotated[CompoundId | None, Query()] = None,
    escalated: Annotated[bool, Query()] = False,
    after: After = None,
) -> Response:
    """List findings, what is due first on top; what is closed with the newest on top."""
    pages: Pages = request.app.state.pages
    now = context.clock.now()
    seen = _AFTER.read(after) if after else None
    async with context.database.read() as conn:
        rules = await finding_lists.supervision_rules(conn, context.clock.today())
        steps = rules.escalation if rules else ()
        rows = await finding_lists.findings_of(
            conn,
            await finding_acts.within_scope(conn, who),
            Filter(state=state, rule=rule or None, compound=compound, escalated=escalated),
            steps=steps,
            now=now,
            after=(seen[0], seen[1]) if seen else None,
            limit=SHOWN + 1,
        )
    lines = [line_of(row, steps=steps, now=now) for row in rows[:SHOWN]]
    following = None
    if len(rows) > SHOWN:
        last = lines[-1]
        following = _AFTER.write(last.closed_at if state == "closed" else last.due_at, last.finding_id)
    given = {
        "state": state,
        "rule": rule,
        "compound": compound or "",
        "escalated": "true" if escalated else "",
    }
    return pages.render(
        request,
        "finding_list.html",
        lines=lines,
        given=given,
        kept="&".join(f"{name}={value}" for name, value in given.items() if value),
        states=STATES,
        rules=RULES,
        escalated_to=ESCALATED_TO,
        may_open=who.has(*ACCESS["GET /compounds/{compound}"]),
        may_enter=who.has(*ACCESS["POST /findings"]),
        may_export=who.has(*ACCESS["GET /v1/finding-exports"]),
        following=following,
        paged=after is not None,
    )


@router.get("/findings/new")
async def finding_form(
    request: Request, who: Caller, context: InContext, compound: Annotated[CompoundId | None, Query()] = None
) -> Response:
    """Show the form for what somebody found by looking."""
    async with context.database.read() as conn:
        return await _form(request, conn, who, context, {"compound": compound or ""})


@router.post("/findings")
async def enter(
    request: Request, who: Caller, context: InContext, form: Annotated[FindForm, Form()]
) -> Response:
    """Keep what somebody found; where it is refused, the form says why and keeps what was entered."""
    pages: Pages = request.app.state.pages
    cmd = FindByHand(
        finding_id=form.finding_id,
        compound=form.compound,
        unit=None,
        item=form.item,
        measure=None,
        inspection_id=None,
        due_at=None,
        note=form.note,
    )
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await finding_acts.find_by_hand(cmd, who=who, tx=tx, vault=context.vault)
    except Refusal as refused:
        entered = {"compound": form.compound, "item": form.item, "note": form.note}
        async with context.database.read() as conn:
            return await _form(request, conn, who, context, entered, refused=refused)
    return RedirectResponse(pages.url(f"/findings/{form.finding_id}"), 303)


@router.get("/findings/{finding_id}")
async def finding(request: Request, finding_id: UUID, who: Caller, context: InContext) -> Response:
    """Show what was found, on what evidence, and everything that was done with it."""
    return await _finding(request, finding_id, who, context)


@router.post("/findings/{finding_id}")
async def act(
    request: Request, finding_id: UUID, who: Caller, context: InContext, form: Annotated[ActForm, Form()]
) -> Response:
    """Reply, say that it is settled, or review; who may do which is the same as over the API."""
    pages: Pages = request.app.state.pages
    cmd = ActOnFinding(
        act_id=form.act_id,
        finding_id=finding_id,
        kind=form.kind,
        due_at=minute_of(form.due_at),
        note=form.note,
    )
    try:
        acting = who.acting(*_roles(form.kind))
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await finding_acts.act_on(cmd, role=roles_of(acting), who=acting, tx=tx, vault=context.vault)
    except Refusal as refused:
        return await _finding(request, finding_id, who, context, refused=refused, note=form.note)
    return RedirectResponse(pages.url(f"/findings/{finding_id}"), 303)


_CELLS = {"replied": "reply", "settled": "close"}


def _roles(kind: str) -> frozenset[Role]:
    return ACCESS[f"POST /v1/findings/{{finding_id}}/{_CELLS.get(kind, 'review')}"]


async def _finding(
    request: Request,
    finding_id: UUID,
    who: Principal,
    context: Context,
    *,
    refused: Refusal | None = None,
    note: str = "",
) -> Response:
    pages: Pages = request.app.state.pages
    told, language = await whole(finding_id, who, context), language_of(request)
    open_to = {kind: who.has(*_roles(kind)) for kind in ("replied", "settled", "rectified")}
    return pages.render(
        request,
        "finding.html",
        status=refused.status if refused else 200,
        finding=told,
        states=STATES,
        outcomes=OUTCOMES,
        escalated_to=ESCALATED_TO,
        may_open=who.has(*ACCESS["GET /compounds/{compound}"]),
        may_reply=told.state != "closed" and open_to["replied"],
        may_settle=told.state == "open" and told.closes_by == "person" and open_to["settled"],
        may_review=told.state == "to_review" and open_to["rectified"],
        evidence=list(
            evidence_texts.told(
                told.evidence,
                english=language is Language.ENGLISH,
                clock=lambda at: moment(at, language, context.clock.today().year),
            )
        ),
        act_ids=[uuid7() for _ in range(3)],
        refused=told_of(request, refused),
        note=note,
    )


async def _form(
    request: Request,
    conn: Conn,
    who: Principal,
    context: Context,
    entered: dict[str, str],
    *,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    mine = set(await queries.compounds_in_scope(conn, who))
    _, document = await policy_store.of_day(conn, context.clock.today()) or (None, None)
    return pages.render(
        request,
        "finding_new.html",
        status=refused.status if refused else 200,
        compounds=[one for one in await conn.fetch(compound_store.COMPOUNDS) if one["compound"] in mine],
        items=_items(document),
        finding_id=uuid7(),
        entered={"compound": "", "item": "", "note": ""} | entered,
        refused=told_of(request, refused),
    )


def _items(document: PolicyDocument | None) -> list[Item]:
    """What policy says that inspectors look for, each once."""
    rules = document.inspections if document else None
    if rules is None:
        return []
    found: dict[str, Item] = {one.code: one for one in rules.findings}
    for checklist in rules.checklists:
        found |= {one.code: one for one in checklist.items}
    return sorted(found.values(), key=lambda one: one.code)
