"""A case as people work with it: what holds, every window, what happened, and what can be done (screens.md 4.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from services.observation.api import (
    desk,
    doors,
    entries,
    families,
    fevers,
    groups,
    link_sheets,
    messages,
    staff,
)
from services.observation.api.models import CaseAnswer, Running
from services.observation.domain.case import State
from services.observation.pages.case_forms import may, pages_of, told_of
from services.observation.pages.worklist import workers_of
from services.observation.pages.worklist_days import KINDS
from services.observation.store import copies
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import N_
from shared.pages.routes import page_router

router = page_router()

DONE: Mapping[str, str] = {
    "declare": N_("申报已记录。"),
    "correct": N_("更正已记录，原来的一并保留。"),
    "attempt": N_("联系结果已记录。"),
    "assign": N_("已派人。"),
    "decide": N_("决定已执行。"),
    "result": N_("发热门诊结果已记录。"),
    "revoke": N_("链接已停用。"),
    "member": N_("同户代报已更新。"),
    "unbind": N_("链接已解绑，可在另一部手机打开。"),
    "end_device": N_("设备已停用。"),
    "group": N_("观察群已更新。"),
    "door": N_("门磁事项已处理。"),
}
"""What was done, as the page says after it."""
SHOWN_MESSAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened in a case: its kind decides how `one` is told."""

    at: datetime
    kind: str
    one: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was asked for in vain, with everything that was typed."""

    act: str
    values: Mapping[str, Any]
    refusal: Refusal


@router.get("/cases/{case_id}")
async def case(
    request: Request,
    case_id: UUID,
    who: Caller,
    context: Running,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show a case; each reading of answers and notes is recorded, as over the API."""
    return await case_page(request, case_id, who, context, done=done)


async def case_page(
    request: Request,
    case_id: UUID,
    who: Principal,
    context: Context,
    *,
    done: str = "",
    refused: Refused | None = None,
    secret: Mapping[str, str] | None = None,
) -> Response:
    """A case's page, after nothing, after something that was done, or with what was asked for in vain.

    Args:
        request: whose page it is.
        case_id: which case.
        who: the caller.
        context: what the service works with.
        done: what was done.
        refused: what was not.
        secret: what is shown this once: a link's or a device's.
    """
    told = await staff.read_case(case_id, who, context)
    over = told.state in {State.COMPLETED, State.CLOSED}
    seen = await _read(case_id, who, context)
    async with context.database.read() as conn:
        names = await copies.compound_names(conn, [told.compound])
        workers = await workers_of(conn, who)
    return pages_of(request).render(
        request,
        "case.html",
        status=refused.refusal.status if refused else 200,
        case=told,
        compound_name=names.get(told.compound, told.compound),
        over=over,
        today=context.clock.today(),
        rows=_rows(told),
        kinds=KINDS,
        happenings=_happenings(told, seen),
        **seen,
        acts=_acts(who),
        workers=workers,
        ids={
            act: uuid7()
            for act in ("declare", "attempt", "assign", "decide", "result", "link", "device", "group")
        },
        done=DONE.get(done),
        refused=None if refused is None else told_of(request, refused.refusal),
        refused_act="" if refused is None else refused.act,
        values={} if refused is None else refused.values,
        secret=secret,
        resident_page=context.settings.resident_page,
        new_id=uuid7,
    )


async def _read(case_id: UUID, who: Principal, context: Context) -> dict[str, Any]:
    """Everything beside the case that the caller may read, by the same functions as over the API."""
    found: dict[str, Any] = {
        "entries": (),
        "attempts": (),
        "follow_ups": (),
        "links": (),
        "devices": (),
        "housemates": (),
        "in_group": None,
    }
    if reader := may(who, "GET /v1/cases/{case_id}/declarations"):
        found["entries"] = (await entries.list_entries(case_id, reader, context)).entries
    if reader := may(who, "GET /v1/cases/{case_id}/follow-ups"):
        tried = await desk.list_follow_ups(case_id, reader, context)
        found |= {"attempts": tried.attempts, "follow_ups": tried.follow_ups}
    if reader := may(who, "GET /v1/cases/{case_id}/links"):
        found["links"] = (await link_sheets.list_links(case_id, reader, context)).links
    if reader := may(who, "GET /v1/cases/{case_id}/housemates"):
        found["housemates"] = (await families.list_housemates(case_id, reader, context)).housemates
    if reader := may(who, "GET /v1/cases/{case_id}/door-devices"):
        found["devices"] = (await doors.list_devices(case_id, reader, context)).devices
    if reader := may(who, "GET /v1/compounds/{compound}/observation-group"):
        found["in_group"] = await groups.is_in_group(case_id, reader, context)
    found["tasks"] = (await doors.list_tasks(who, context, case_id=case_id)).items
    found["messages"] = (
        await messages.list_messages(who, context, case_id=case_id, limit=SHOWN_MESSAGES)
    ).items
    found["episodes"] = (await fevers.list_fevers(who, context, case_id=case_id)).items
    return found


def _acts(who: Principal) -> frozenset[str]:
    """What the caller may do here."""
    cells = {
        "declare": "POST /v1/cases/{case_id}/declarations",
        "correct": "POST /v1/cases/{case_id}/declarations/{declaration_id}/corrections",
        "attempt": "POST /v1/cases/{case_id}/attempts",
        "assign": "POST /v1/cases/{case_id}/follow-ups",
        "decide": "POST /v1/cases/{case_id}/decisions",
        "result": "POST /v1/fevers/{episode_id}/results",
        "link": "POST /v1/cases/{case_id}/links",
        "device": "POST /v1/cases/{case_id}/door-devices",
        "group": "POST /v1/cases/{case_id}/group-changes",
        "sheet": "POST /v1/cases/{case_id}/sheet",
        "contact": "POST /v1/cases/{case_id}/contact-readings",
        "confirm": "POST /v1/confirmations",
    }
    return frozenset(act for act, cell in cells.items() if may(who, cell) is not None)


def _rows(told: CaseAnswer) -> list[tuple[Any, list[Any]]]:
    """The windows by day; those that are not due are blank."""
    days: dict[Any, list[Any]] = {}
    for cell in told.windows:
        days.setdefault(cell.day, []).append(None if cell.state == "not_due" else cell)
    return [(day, cells) for day, cells in days.items() if any(cells)]


def _happenings(told: CaseAnswer, seen: Mapping[str, Any]) -> list[Happening]:
    """What happened, the newest on top."""
    found = [Happening(at=told.opened_at, kind="opened", one=told)]

    def add(kind: str, things: Sequence[Any], at: str) -> None:
        found.extend(
            Happening(at=when, kind=kind, one=one) for one in things if (when := getattr(one, at)) is not None
        )

    add("declared", seen["entries"], "received_at")
    add("attempt", seen["attempts"], "at")
    add("assigned", seen["follow_ups"], "assigned_at")
    add("relieved", [one for one in seen["follow_ups"] if one.ended_as == "withdrawn"], "ended_at")
    add("stopped", told.interruptions, "began_at")
    add("goes_on", told.interruptions, "ended_at")
    add("rescheduled", told.reschedulings, "at")
    add("measure", told.measure_changes, "at")
    add("link", seen["links"], "issued_at")
    add("link_opened", seen["links"], "bound_at")
    add("message", [one for one in seen["messages"] if one.sent_at], "sent_at")
    return sorted(found, key=lambda one: one.at, reverse=True)
