"""Proposals that follow from a new list of risk areas, and officers' decisions about them, many at once."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.observation.api.models import Running, cause
from services.observation.domain.case import Approver, TechnicalMeans
from services.observation.domain.deciding import Terms
from services.observation.domain.refusals import ProposalUnknown
from services.observation.domain.risk import ProposalState
from services.observation.handlers import risks as handlers
from services.observation.handlers.risks import Verdict
from services.observation.store import risks
from shared.context import Context
from shared.events.policy_observation import Category, Measure
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["risk proposals"])
_AFTER = Cursor(UUID)


class ProposalLine(Answer):
    """Somebody whose origin a newer list of risk areas makes graver."""

    proposal_id: UUID
    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    origin_code: str
    revision: int
    from_category: Category
    to_category: Category
    measure: Measure
    proposed_at: datetime
    state: ProposalState


class ProposalDecision(Body):
    """What is decided about one proposal. Without a measure the proposed one holds, or a stricter one that does now."""

    decision_id: UUID
    proposal_id: UUID
    verdict: Verdict
    measure: Measure | None = None
    approver: Approver | None = None
    technical_means: TechnicalMeans | None = None
    site: str | None = Field(default=None, min_length=1, max_length=100)
    room: str | None = Field(default=None, min_length=1, max_length=40)


class ProposalDecisions(Body):
    """Decisions that share a reason."""

    reason: str = Field(min_length=2, max_length=500, examples=["按最新风险地区名单调整"])
    decisions: list[ProposalDecision] = Field(min_length=1, max_length=200)


class DecidedItem(Answer):
    """What became of one decision: done now, done before, or refused with a code."""

    proposal_id: UUID
    status: Literal["done", "exists", "refused"]
    code: str | None = None
    field: str | None = None
    detail: str | None = None

    @classmethod
    def no(cls, proposal_id: UUID, refusal: Refusal) -> Self:
        """Nothing of it was done."""
        return cls(
            proposal_id=proposal_id,
            status="refused",
            code=refusal.code,
            field=refusal.field,
            detail=refusal.detail,
        )


class DecidedAnswer(Answer):
    """One item for each decision, in order."""

    items: list[DecidedItem]


@router.get("/v1/risk-proposals", summary="Who would be under a graver category")
async def list_proposals(
    who: Caller,
    context: Running,
    state: Annotated[ProposalState, Query()] = "open",
    *,
    after: After = None,
    limit: Limit = 50,
) -> Page[ProposalLine]:
    """Tell the proposals within the caller's scopes. A lighter list never proposes anything."""
    last = None if after is None else _AFTER.read(after)[0]
    async with context.database.read() as conn:
        rows = await risks.page(conn, scopes=who.scopes_for(), state=state, after=last, limit=limit + 1)
    more = _AFTER.write(rows[limit - 1]["proposal_id"]) if len(rows) > limit else None
    return Page(items=[ProposalLine(**dict(row)) for row in rows[:limit]], next=more)


@router.post("/v1/risk-proposals/decisions", summary="Decide about proposals, at most 200")
async def decide_proposals(body: ProposalDecisions, who: Caller, context: Running) -> DecidedAnswer:
    """Accept or decline proposals with a reason, each in a transaction of its own: a refused one harms no other."""
    return DecidedAnswer(items=[await _one(item, body.reason, who, context) for item in body.decisions])


async def _one(item: ProposalDecision, reason: str, who: Principal, context: Context) -> DecidedItem:
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            proposal = await risks.lock(tx, item.proposal_id)
            if proposal is None:
                raise ProposalUnknown("没有这条建议。There is no such proposal.", field="proposal_id")
            who.require_compound(
                proposal["compound"], neighbourhood=proposal["neighbourhood"], grid=proposal["grid"]
            )
            repeated = await handlers.decide_proposal(
                item.proposal_id,
                item.verdict,
                reason,
                decision_id=item.decision_id,
                terms=Terms(
                    measure=item.measure,
                    approver=item.approver,
                    technical_means=item.technical_means,
                    site=item.site,
                    room=item.room,
                ),
                decided_by=who.subject,
                tx=tx,
                vault=context.vault,
            )
    except Refusal as refusal:
        return DecidedItem.no(item.proposal_id, refusal)
    return DecidedItem(proposal_id=item.proposal_id, status="exists" if repeated else "done")
