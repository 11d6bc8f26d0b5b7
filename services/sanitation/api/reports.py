"""Reports of the public at a place's code: no sign-in, a limit on how often, and a page to make them on."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from services.sanitation.api.common import InContext, Instant, Words, cause, roles_of
from services.sanitation.domain.reports import Decision, Problem, State
from services.sanitation.handlers import reports as handlers
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.handlers.reports import ReportProblem
from services.sanitation.papers import place as page
from services.sanitation.store import copies as copies_store
from services.sanitation.store import reports as store
from shared.http.access import IDENTIFIED, Caller, Role
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.sealed_texts import unseal

router = APIRouter(tags=["reports"])

_AFTER = Cursor(Instant, UUID)


class ReportBody(Body):
    """Something is wrong at a place. Nobody is asked who they are; `text` is kept sealed."""

    report_id: UUID
    site_code: SiteId
    problem: Problem
    text: Annotated[str, Field(min_length=2, max_length=200)] | None = None


class ReportAnswer(Answer):
    """It was taken."""

    report_id: UUID
    reported_at: datetime


class DecisionBody(Body):
    """What somebody found who went there."""

    outcome: Decision
    note: Words


class DecisionAnswer(Answer):
    """A report after it was decided; `order_id` where it is so."""

    report_id: UUID
    state: State
    order_id: UUID | None


class ReportLine(Answer):
    """A report. `text` and `note` are there for those who look at it; `overdue`: nobody did within policy's hours."""

    report_id: UUID
    compound: CompoundId
    site_code: SiteId
    name: str
    problem: Problem
    text: str | None
    reported_at: datetime
    state: State
    overdue: bool
    note: str | None
    decided_at: datetime | None
    decided_by: str | None
    order_id: UUID | None


@router.get(
    "/place",
    response_class=HTMLResponse,
    summary="The page behind a place's code",
    dependencies=IDENTIFIED,
)
async def place_page() -> Response:
    """Let anybody who scanned the code report a problem; the code stands behind `#`, in no request's line."""
    return HTMLResponse(page.PAGE, headers={"content-security-policy": page.CONTENT_POLICY})


@router.post(
    "/v1/site-reports", status_code=201, summary="Report a problem at a place", dependencies=IDENTIFIED
)
async def report_problem(body: ReportBody, context: InContext, response: Response) -> ReportAnswer:
    """Take a report from anybody. A repeat changes nothing (200); 429 to whoever is too fast."""
    async with context.database.begin(actor="public", cause=cause()) as tx:
        at, new = await handlers.report(ReportProblem(**body.model_dump()), tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return ReportAnswer(report_id=body.report_id, reported_at=at)


@router.get("/v1/site-reports", summary="What was reported in a compound")
async def site_reports(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[ReportLine]:
    """List reports, the oldest first; the words only to who looks at them."""
    seen = _AFTER.read(after) if after else None
    reads_words = who.has(Role.COMMUNITY_CLERK, Role.HQ_OFFICER, Role.SUPERVISOR)
    now = context.clock.now()
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        policy = await copies_store.policy_of(conn, context.clock.today())
        rows = await store.reports_of(
            conn, compound, state=state, after=(seen[0], seen[1]) if seen else None, limit=limit + 1
        )
    rules = policy.document.inspections if policy else None
    if reads_words:  # all keys at once, for the texts that are opened one by one
        await context.vault.keys(row["key_ref"] for row in rows)
    items = []
    for row in rows[:limit]:
        told = {name: row[name] for name in ReportLine.model_fields.keys() & set(row.keys())}
        for name, field in (("text", handlers.TEXT), ("note", handlers.NOTE)):
            sealed = row[f"{name}_sealed"] if reads_words else None
            told[name] = await unseal(context.vault, row["key_ref"], field, sealed)
        late = rules is not None and now >= row["reported_at"] + timedelta(hours=rules.report_within_hours)
        items.append(ReportLine(**told, site_code=row["code"], overdue=row["state"] == "open" and late))
    return Page(
        items=items,
        next=_AFTER.write(items[-1].reported_at, items[-1].report_id) if len(rows) > limit else None,
    )


@router.post("/v1/site-reports/{report_id}/decision", summary="Say whether a report is so")
async def decide(report_id: UUID, body: DecisionBody, who: Caller, context: InContext) -> DecisionAnswer:
    """Dismiss it, or order what is wrong to be put right. The same again changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.decide(
            report_id, body.outcome, body.note, role=roles_of(who), who=who, tx=tx, vault=context.vault
        )
    return DecisionAnswer(report_id=found.report_id, state=found.state, order_id=found.order_id)
