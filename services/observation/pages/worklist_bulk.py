"""One act for many cases: how many are chosen, how far it is, what was skipped and why (W9, W10)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from services.observation.api import bulk as api
from services.observation.api.bulk import MOST, BulkDecisionBody, BulkFollowUpBody
from services.observation.api.models import Running
from services.observation.pages.case_forms import acting, body_of, chosen, given, may, pages_of, told_of
from services.observation.pages.worklist import workers_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_
from shared.pages.routes import page_router

router = page_router()

FOLLOW_UPS, DECISIONS = "POST /v1/bulk-follow-ups", "POST /v1/bulk-decisions"
ACTS: Mapping[str, tuple[str, str]] = {
    "remind": (N_("催报：发短信提醒申报"), FOLLOW_UPS),
    "call": (N_("派人打电话"), FOLLOW_UPS),
    "visit": (N_("派人上门"), FOLLOW_UPS),
    "withdraw": (N_("撤销已派的电话和上门"), FOLLOW_UPS),
    "close": (N_("期满核准解除"), DECISIONS),
    "extend": (N_("延长观察"), DECISIONS),
}
"""What may be done for many: its name, and the cell of the API that opens it."""
SEVERAL = 200
"""From so many on, people are asked to look again."""


@router.post("/worklist/bulk/new")
async def choose(request: Request, who: Caller, context: Running) -> Response:
    """Show how many were chosen and what can be done for them; nothing is done yet."""
    values = await given(request)
    return await _review(request, who, context, await chosen(request, "case_id"), values)


@router.post("/worklist/bulk")
async def begin(request: Request, who: Caller, context: Running) -> Response:
    """Begin; the same form sent twice begins one."""
    values, case_ids = await given(request), await chosen(request, "case_id")
    act = values.get("act", "")
    try:
        await _ask(act, values, case_ids, who, context)
    except Refusal as refused:
        return await _review(request, who, context, case_ids, values, refused=refused)
    back = urlencode(parse_qsl(values.get("back", "")))
    return RedirectResponse(
        pages_of(request).url(f"/worklist/bulk/{values['bulk_id']}" + (f"?{back}" if back else "")), 303
    )


@router.get("/worklist/bulk/{bulk_id}")
async def progress(
    request: Request,
    bulk_id: UUID,
    who: Caller,
    context: Running,
    *,
    of: Annotated[str, Query(max_length=20)] = "today",
) -> Response:
    """Show how far it is; while it runs, the page looks again by itself."""
    told = await api.read_bulk(bulk_id, who, context)
    return pages_of(request).render(
        request, "bulk.html", bulk=told, acts=_open_to(who), of=of, names=ACTS, bulk_id=uuid7()
    )


@router.post("/worklist/bulk/{bulk_id}/cancel")
async def cancel(request: Request, bulk_id: UUID, who: Caller, context: Running) -> Response:
    """Do no more; what is done stays, the rest stays chosen."""
    await api.cancel_bulk(bulk_id, who, context)
    return RedirectResponse(pages_of(request).url(f"/worklist/bulk/{bulk_id}"), 303)


async def _ask(
    act: str, values: Mapping[str, str], case_ids: Sequence[str], who: Principal, context: Context
) -> None:
    cell = ACTS[act][1] if act in ACTS else FOLLOW_UPS
    caller, answer = acting(who, cell), Response()
    if cell == DECISIONS:
        asked: dict[str, Any] = {
            "decision_id": values.get("bulk_id"),
            "kind": act,
            "reason": values.get("reason", ""),
            "case_ids": list(case_ids),
        }
        if act == "extend":
            asked["extra_days"] = values.get("extra_days")
        await api.bulk_decisions(body_of(BulkDecisionBody, asked), caller, context, answer)
        return
    assigned = act in {"call", "visit"}
    asked = {
        "bulk_id": values.get("bulk_id"),
        "act": "assign" if assigned else act,
        "case_ids": list(case_ids),
        "kind": act if assigned else None,
        "assigned_to": values.get("assigned_to", "") if assigned else None,
    }
    await api.bulk_follow_ups(body_of(BulkFollowUpBody, asked), caller, context, answer)


def _open_to(who: Principal) -> dict[str, str]:
    return {act: name for act, (name, cell) in ACTS.items() if may(who, cell) is not None}


async def _review(
    request: Request,
    who: Principal,
    context: Context,
    case_ids: Sequence[str],
    values: Mapping[str, str],
    *,
    refused: Refusal | None = None,
) -> Response:
    async with context.database.read() as conn:
        workers = await workers_of(conn, who)
    return pages_of(request).render(
        request,
        "bulk_new.html",
        workers=workers,
        status=refused.status if refused else 200,
        case_ids=case_ids,
        acts=_open_to(who),
        values=dict(values),
        bulk_id=values.get("bulk_id") or uuid7(),
        refused=told_of(request, refused),
        many=len(case_ids) >= SEVERAL,
        most=MOST,
    )
