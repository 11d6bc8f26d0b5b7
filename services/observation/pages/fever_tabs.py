"""What waits for somebody beside the worklist: fevers, escalations, flags, proposals, doors, messages; one tab each."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from services.observation.api import doors, escalations, fevers, messages, patterns, risks
from services.observation.api.doors import DoorResultBody
from services.observation.api.fevers import ResultBody
from services.observation.api.models import Running
from services.observation.api.patterns import ReviewBody
from services.observation.api.risks import DecidedItem, ProposalDecisions
from services.observation.domain.ladder import Step
from services.observation.domain.messages import MessageState
from services.observation.pages.case_forms import (
    acting,
    body_of,
    chosen,
    given,
    identifier,
    may,
    pages_of,
    told_of,
)
from services.observation.pages.case_names import contacts_of
from services.observation.pages.worklist import waiting_for
from services.observation.store import copies
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_
from shared.pages.routes import page_router

router = page_router()

TABS: Mapping[str, tuple[str, str]] = {
    "/matters": (N_("发热"), "GET /v1/fevers"),
    "/matters/escalations": (N_("逐级跟进"), "GET /v1/escalations"),
    "/matters/door-tasks": (N_("门磁"), "GET /v1/door-tasks"),
    "/matters/pattern-flags": (N_("可疑申报"), "GET /v1/pattern-flags"),
    "/matters/risk-proposals": (N_("风险地区调整"), "GET /v1/risk-proposals"),
    "/matters/messages": (N_("短信和通知"), "GET /v1/messages"),
    "/matters/groups": (N_("观察群"), "GET /v1/compounds/{compound}/observation-group"),
}
"""Path -> name, and the cell of the API that opens it."""
STEPS: tuple[Step, ...] = (
    "remind",
    "remind_again",
    "remind_last",
    "grid_worker",
    "door_visit",
    "headquarters",
)
SHOWN = 50
RESULT = "POST /v1/fevers/{episode_id}/results"
REVIEW = "POST /v1/pattern-flags/{flag_id}/reviews"
DECIDE = "POST /v1/risk-proposals/decisions"
DOOR = "POST /v1/door-tasks/{task_id}/results"


async def tab(
    request: Request,
    path: str,
    who: Principal,
    context: Context,
    *,
    lines: Sequence[Any],
    following: str | None,
    after: str | None = None,
    refused: Refusal | None = None,
    values: Mapping[str, Any] | None = None,
    **more: Any,
) -> Response:
    """A tab's page: its lines with masked names, and what was refused."""
    now = context.clock.now()
    name = path.removeprefix("/matters").strip("/").replace("-", "_") or "fevers"
    contacts = await contacts_of(lines, who, context, action=f"observation.{name}")
    async with context.database.read() as conn:
        names = await copies.compound_names(conn, (line.compound for line in lines))
    return pages_of(request).render(
        request,
        f"tab_{name}.html",
        status=refused.status if refused else 200,
        tabs={one: label for one, (label, cell) in TABS.items() if may(who, cell) is not None},
        current=path,
        lines=lines,
        contacts=contacts,
        names=names,
        today=context.clock.today(),
        days_since=lambda at: waiting_for(at, now),
        following=following,
        paged=after is not None,
        refused=told_of(request, refused),
        values=dict(values or {}),
        new_id=uuid7,
        **more,
    )


# ---- fevers


@router.get("/matters")
async def fever_list(request: Request, who: Caller, context: Running, after: After = None) -> Response:
    """Show the fever paths that are open, of people under observation and of others."""
    return await _fevers(request, who, context, after=after)


@router.post("/matters/fevers/{episode_id}/results")
async def fever_result(request: Request, episode_id: UUID, who: Caller, context: Running) -> Response:
    """Keep what the clinic said."""
    values = await given(request)
    try:
        asked = {name: values[name] for name in ("result_id", "result") if name in values}
        body = body_of(ResultBody, asked | {"reason": values.get("reason", "")})
        await fevers.take_result(episode_id, body, who, context, Response())
    except Refusal as refused:
        return await _fevers(request, who, context, refused=refused, values=values)
    return RedirectResponse(pages_of(request).url("/matters"), 303)


async def _fevers(
    request: Request, who: Principal, context: Context, *, after: str | None = None, **more: Any
) -> Response:
    page = await fevers.list_fevers(who, context, after=after, limit=SHOWN)
    return await tab(
        request,
        "/matters",
        who,
        context,
        lines=page.items,
        following=page.next,
        after=after,
        may_result=may(who, RESULT) is not None,
        may_confirm=may(who, "POST /v1/confirmations") is not None,
        **more,
    )


# ---- escalations


@router.get("/matters/escalations")
async def escalation_list(
    request: Request,
    who: Caller,
    context: Running,
    step: Annotated[str, Query(max_length=20)] = "",
    *,
    after: After = None,
) -> Response:
    """Show the steps of the ladder that wait for somebody."""
    only = next((one for one in STEPS if one == step), None)
    page = await escalations.list_escalations(who, context, only, after=after, limit=SHOWN)
    return await tab(
        request,
        "/matters/escalations",
        who,
        context,
        lines=page.items,
        following=page.next,
        after=after,
        steps=STEPS,
        step=only,
    )


# ---- doors


@router.get("/matters/door-tasks")
async def door_list(request: Request, who: Caller, context: Running, after: After = None) -> Response:
    """Show the doors that somebody has to look into."""
    return await _doors(request, who, context, after=after)


@router.post("/matters/door-tasks/{task_id}/results")
async def door_result(request: Request, task_id: UUID, who: Caller, context: Running) -> Response:
    """Keep what was found out."""
    values = await given(request)
    try:
        asked = {name: values[name] for name in ("result_id", "result") if name in values}
        body = body_of(DoorResultBody, asked | {"note": values.get("note", "")})
        await doors.end_task(task_id, body, who, context, Response())
    except Refusal as refused:
        return await _doors(request, who, context, refused=refused, values=values)
    return RedirectResponse(pages_of(request).url("/matters/door-tasks"), 303)


async def _doors(
    request: Request, who: Principal, context: Context, *, after: str | None = None, **more: Any
) -> Response:
    page = await doors.list_tasks(who, context, after=after, limit=SHOWN)
    return await tab(
        request,
        "/matters/door-tasks",
        who,
        context,
        lines=page.items,
        following=page.next,
        after=after,
        may_end=may(who, DOOR) is not None,
        **more,
    )


# ---- declarations that look made up


@router.get("/matters/pattern-flags")
async def flag_list(
    request: Request,
    who: Caller,
    context: Running,
    reviewed: Annotated[bool, Query()] = False,  # noqa: FBT002  # a query parameter
    after: After = None,
) -> Response:
    """Show declarations that look made up; a flag changes nothing by itself."""
    return await _flags(request, who, context, reviewed=reviewed, after=after)


@router.post("/matters/pattern-flags/{flag_id}/reviews")
async def review(request: Request, flag_id: UUID, who: Caller, context: Running) -> Response:
    """Keep what somebody found."""
    values = await given(request)
    try:
        asked = {name: values[name] for name in ("review_id", "verdict") if name in values}
        body = body_of(ReviewBody, asked | {"note": values.get("note", "")})
        await patterns.review(flag_id, body, who, context, Response())
    except Refusal as refused:
        return await _flags(request, who, context, refused=refused, values=values)
    return RedirectResponse(pages_of(request).url("/matters/pattern-flags"), 303)


async def _flags(
    request: Request,
    who: Principal,
    context: Context,
    *,
    reviewed: bool = False,
    after: str | None = None,
    **more: Any,
) -> Response:
    page = await patterns.list_flags(who, context, reviewed=reviewed, after=after, limit=SHOWN)
    return await tab(
        request,
        "/matters/pattern-flags",
        who,
        context,
        lines=page.items,
        following=page.next,
        after=after,
        reviewed=reviewed,
        may_review=may(who, REVIEW) is not None,
        **more,
    )


# ---- proposals that follow from a new list of risk areas


@router.get("/matters/risk-proposals")
async def proposal_list(request: Request, who: Caller, context: Running, after: After = None) -> Response:
    """Show who would be under a graver category."""
    return await _proposals(request, who, context, after=after)


@router.post("/matters/risk-proposals")
async def decide_proposals(request: Request, who: Caller, context: Running) -> Response:
    """Decide the same about those that were ticked; each by itself, and what was refused says why."""
    values, picked = await given(request), await chosen(request, "proposal_id")
    form_id = identifier(values.get("form_id")) or uuid7()
    terms = {
        name: values[name]
        for name in ("verdict", "measure", "approver", "technical_means", "site", "room")
        if name in values
    }
    try:
        body = body_of(
            ProposalDecisions,
            {
                "reason": values.get("reason", ""),
                "decisions": [
                    {"proposal_id": one, "decision_id": uuid5(form_id, one), **terms} for one in picked
                ],
            },
        )
        decided = (await risks.decide_proposals(body, acting(who, DECIDE), context)).items
    except Refusal as refused:
        return await _proposals(request, who, context, refused=refused, values=values | {"picked": picked})
    return await _proposals(request, who, context, decided=decided)


async def _proposals(
    request: Request,
    who: Principal,
    context: Context,
    *,
    after: str | None = None,
    decided: Sequence[DecidedItem] = (),
    **more: Any,
) -> Response:
    page = await risks.list_proposals(who, context, after=after, limit=SHOWN)
    refusals = [
        told_of(request, _Told(one)) | {"proposal_id": one.proposal_id}  # type: ignore[operator]  # told of a refusal
        for one in decided
        if one.status == "refused"
    ]
    return await tab(
        request,
        "/matters/risk-proposals",
        who,
        context,
        lines=page.items,
        following=page.next,
        after=after,
        may_decide=may(who, DECIDE) is not None,
        decided=len(decided) - len(refusals) if decided else None,
        refusals=refusals,
        **more,
    )


class _Told(Refusal):
    """A refusal that an item of many came back with."""

    def __init__(self, item: DecidedItem) -> None:
        super().__init__(item.detail or "", field=item.field)


# ---- messages


@router.get("/matters/messages")
async def message_list(
    request: Request,
    who: Caller,
    context: Running,
    state: Annotated[str, Query(max_length=20)] = "",
    *,
    after: After = None,
) -> Response:
    """Show messages and how far they came; not to which number, and not in which words."""
    only = MessageState(state) if state in set(MessageState) else None
    counts = await messages.count_messages(acting(who, "GET /v1/message-counts"), context)
    page = await messages.list_messages(who, context, state=only, after=after, limit=SHOWN)
    return await tab(
        request,
        "/matters/messages",
        who,
        context,
        lines=page.items,
        following=page.next,
        after=after,
        counts=counts,
        states=list(MessageState),
        state=only,
    )
