"""What grid workers, clerks and officers do with cases."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.observation.api.contacts import masked_of
from services.observation.api.models import (
    CaseAnswer,
    CaseLine,
    CellAnswer,
    DecisionAnswer,
    FiguresAnswer,
    InterruptionAnswer,
    LinkAnswer,
    LinkBody,
    MeasureChangeAnswer,
    OneDecisionBody,
    ReceiptAnswer,
    ReschedulingAnswer,
    Running,
    StaffDeclarationBody,
    cause,
)
from services.observation.api.receipts import answered
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.case import State
from services.observation.domain.grid import Cell, figures_of, grid_of
from services.observation.domain.refusals import CaseUnknown, LinkUnknown
from services.observation.handlers import declaring, observing
from services.observation.handlers import links as link_handlers
from services.observation.store import cases, changes, copies, declarations, links
from shared.audit.noting import note_reads
from shared.http.access import Caller
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["cases"])
_CASES_AFTER = Cursor(UUID)


@router.get("/v1/cases", summary="Cases within reach")
async def list_cases(
    who: Caller,
    context: Running,
    compound: Annotated[CompoundId | None, Query(description="Only this compound.")] = None,
    state: Annotated[State | None, Query(description="Only this state.")] = None,
    *,
    after: After = None,
    limit: Limit = 50,
) -> Page[CaseLine]:
    """Tell the cases within the caller's scopes, in the order in which they were opened. No names."""
    last = None if after is None else _CASES_AFTER.read(after)[0]
    async with context.database.read() as conn:
        rows = await cases.page(
            conn, scopes=who.scopes_for(), compound=compound, state=state, after=last, limit=limit + 1
        )
    more = _CASES_AFTER.write(rows[limit - 1]["case_id"]) if len(rows) > limit else None
    return Page(items=[CaseLine(**dict(row)) for row in rows[:limit]], next=more)


@router.get("/v1/cases/{case_id}", summary="A case with its days")
async def read_case(case_id: UUID, who: Caller, context: Running) -> CaseAnswer:
    """Tell a case with every window from day 0 to the last day. The contact is masked and its reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_within(tx, case_id, who)
        case = await cases.find(tx, case_id)
        if case is None:
            raise CaseUnknown("没有这个观察个案。There is no such case.")
        calendar = await observing.calendar_in_force(tx, tx.today)
        declared = await declarations.by_window(tx, case_id)
        measures = await changes.measures(tx, case_id)
        card = await copies.find_card(tx, case.person_ref)
        keys = await context.vault.keys([case.person_ref])
        contact = None if card is None else masked_of(keys.get(case.person_ref), card)
        if contact is not None:
            await note_reads(
                tx,
                role=roles_of(who),
                action="observation.read_case",
                refs=[case.person_ref],
                scope=f"compound:{place['compound']}",
            )
        cells = grid_of(case, calendar, now=tx.now)
        number = case.day_number(tx.today)
    return CaseAnswer(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        grid=case.grid,
        category=case.category,
        measure=case.measure_now,
        state=case.state,
        anchor_date=case.day_zero,
        anchor_basis=case.basis_now,
        first_anchor_date=case.anchor_date,
        closed_as=case.closed_as,
        last_day=case.last_day,
        opened_at=case.opened_at,
        day_number=number,
        days=case.period_days,
        pass_from=case.pass_from,
        figures=FiguresAnswer.of(figures_of(cells)),
        windows=[_cell(cell, declared.get(cell.span.slot, (0, False))) for cell in cells],
        interruptions=[
            InterruptionAnswer(
                reason=stop.reason, began_at=stop.began_at, ended_at=stop.ended_at, ended_by=stop.ended_by
            )
            for stop in case.interruptions
        ],
        reschedulings=[
            ReschedulingAnswer(
                kind=change.kind,
                at=change.at,
                day_zero=change.day_zero,
                basis=change.basis,
                extra_days=change.extra_days,
            )
            for change in case.reschedulings
        ],
        measure_changes=[MeasureChangeAnswer(**dict(row)) for row in measures],
        contact=contact,
    )


def _cell(cell: Cell, declared: tuple[int, bool]) -> CellAnswer:
    span = cell.span
    return CellAnswer(
        day=span.day,
        window=span.window,
        opens=span.opens,
        closes=span.closes,
        state=cell.state,
        declarations=declared[0],
        alarming=declared[1],
    )


@router.post(
    "/v1/cases/{case_id}/declarations",
    summary="A declaration taken by phone or visit",
    status_code=201,
    responses={200: {"model": ReceiptAnswer, "description": "Sent before: the first answer."}},
)
async def declare_for(
    case_id: UUID, body: StaffDeclarationBody, who: Caller, context: Running, response: Response
) -> ReceiptAnswer:
    """Record what a resident said on the phone or at the door. A fever or a symptom opens the fever path at once."""
    async with context.database.begin(actor=who.subject, worker_ref=who.worker_ref, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        receipt = await declaring.declare(
            body.draft(body.via), case_id=case_id, recorded_by=who.subject, tx=tx, vault=context.vault
        )
    return answered(receipt, body.via, response)


@router.post(
    "/v1/cases/{case_id}/decisions",
    summary="Decide about a case",
    status_code=201,
    responses={200: {"model": DecisionAnswer, "description": "Sent before: the first answer."}},
)
async def decide(
    case_id: UUID, body: OneDecisionBody, who: Caller, context: Running, response: Response
) -> DecisionAnswer:
    """Decide about a case, with a reason.

    `resume` or `restart` after the fever path; `close` when the period ended incomplete; `correct_anchor`, `extend`
    and `re_exposure` move its ends; `change_measure`; and the endings that are no release. Terms per kind below. Of two
    who decide about the same `seen` case, the second is told what holds now.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        kept, repeated = await observing.decide(
            body.decision_id,
            body.kind,
            body.reason,
            case_id=case_id,
            decided_by=who.subject,
            tx=tx,
            vault=context.vault,
            terms=body.terms(),
            seen=body.saw(),
        )
    if repeated:
        response.status_code = 200
    return DecisionAnswer(
        decision_id=kept.decision_id,
        case_id=kept.case_id,
        kind=kept.kind,
        decided_at=kept.decided_at,
        state=State(kept.state_after),
        last_day=kept.last_day_after,
    )


@router.post("/v1/cases/{case_id}/links", summary="A personal link for the resident", status_code=201)
async def issue_link(case_id: UUID, body: LinkBody, who: Caller, context: Running) -> LinkAnswer:
    """Make a link and show it this once. The one before, and the phone bound to it, stop working."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        issued = await link_handlers.issue_link(body.link_id, case_id=case_id, issued_by=who.subject, tx=tx)
    return LinkAnswer(link_id=issued.link_id, token=issued.token)


@router.delete("/v1/cases/{case_id}/links/{link_id}", summary="Withdraw a link", status_code=204)
async def revoke_link(case_id: UUID, link_id: UUID, who: Caller, context: Running) -> None:
    """Withdraw a link and the session bound to it; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        if not await links.revoke(tx, link_id=link_id, case_id=case_id):
            raise LinkUnknown("没有这个链接。There is no such link.")
