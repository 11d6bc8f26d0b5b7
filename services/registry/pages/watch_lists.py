"""Lists of people that the task force looks for: taken in, matched, each line settled with what was found (R4.4)."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import watch_files as files_api
from services.registry.api import watch_lists as api
from services.registry.api.common import Running
from services.registry.api.watch_files import MatchingAnswer
from services.registry.api.watch_lists import DispositionBody, TakenInAnswer, WatchListBody
from services.registry.domain.watch_lists import Disposition, Match
from services.registry.pages.common import Ask, acting, leads_to, may, pages_of, status_of
from services.registry.pages.entered import Entered, Typed, judged, told_of
from shared.context import Context
from shared.http.access import TOWN, Caller, Principal
from shared.http.models import Body
from shared.http.paging import After
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 50
_LISTS = 100
_TAKE = "POST /v1/watch-lists/{list_id}/files"
_LINES = "GET /v1/watch-lists/{list_id}/lines"


class _Line(Body):
    """Which line is settled: what a page carries may have been altered on its way."""

    line_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which lines are shown, and what was done just now."""

    match: Match | None = None
    disposition: Disposition | Literal["open"] | None = "open"
    after: str | None = None
    taken: TakenInAnswer | None = None
    matched: MatchingAnswer | None = None
    refused: Refusal | None = None


@router.get("/watch-lists")
async def watch_list_list(request: Request, who: Caller, context: Running) -> Response:
    """List all lists, the open ones first."""
    return await _lists(request, who, context, Entered.of(list_id=str(uuid7())))


@router.post("/watch-lists")
async def open_list(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Open a list; its lines come as files."""
    stated = {name: typed[name] for name in ("list_id", "name", "source", "search_until") if typed[name]}
    try:
        body = judged(WatchListBody, stated)
        await api.open_watch_list(body, acting(who, "POST /v1/watch-lists"), context, Response())
    except Refusal as refused:
        return await _lists(request, who, context, typed, refused=refused)
    return leads_to(request, f"/watch-lists/{body.list_id}")


@router.get("/watch-lists/{list_id}")
async def watch_list(
    *,
    request: Request,
    list_id: UUID,
    who: Caller,
    context: Running,
    match: Annotated[Match | Literal[""], Query()] = "",
    disposition: Annotated[Disposition | Literal["open", "all"], Query()] = "open",
    after: After = None,
) -> Response:
    """Show a list with its figures and lines, masked; the reading is recorded."""
    wanted = None if disposition == "all" else disposition
    asked = Asked(match=match or None, disposition=wanted, after=after)
    return await _list(Ask(request, who, context), list_id, Entered.of(), asked)


@router.post("/watch-lists/{list_id}")
async def work_on(request: Request, list_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Take a file in, look again whom lines mean, settle a line, or close the list."""
    try:
        match typed["act"]:
            case "file":
                taken = await api.take_in_file(list_id, request, acting(who, _TAKE), context)
                return await _list(Ask(request, who, context), list_id, typed, Asked(taken=taken))
            case "match":
                clerk = acting(who, "POST /v1/watch-lists/{list_id}/matching")
                matched = await files_api.match_again(list_id, clerk, context)
                return await _list(Ask(request, who, context), list_id, typed, Asked(matched=matched))
            case "settle":
                cell = "POST /v1/watch-lists/{list_id}/lines/{line_id}/disposition"
                stated = {name: typed[name] for name in ("disposition", "person_ref", "note") if typed[name]}
                body = judged(DispositionBody, stated)
                line = judged(_Line, {"line_id": typed["line_id"]}).line_id
                await api.settle_watch_line(list_id, line, body, acting(who, cell), context)
            case "close":
                clerk = acting(who, "POST /v1/watch-lists/{list_id}/close")
                await api.close_watch_list(list_id, clerk, context)
    except Refusal as refused:
        return await _list(Ask(request, who, context), list_id, typed, Asked(refused=refused))
    return leads_to(request, f"/watch-lists/{list_id}")


async def _lists(
    request: Request, who: Principal, context: Context, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    page = await api.list_watch_lists(who, context, limit=_LISTS)
    shown = [await api.read_watch_list(one.list_id, who, context) for one in page.items]
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "watch_lists.html",
        status=status_of(request, told.status if told else None),
        lists=sorted(shown, key=lambda one: (one.state != "open", one.search_until)),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
        today=context.clock.today(),
        may_begin=may(who, "POST /v1/watch-lists") and TOWN in who.scopes_for(),
    )


async def _list(ask: Ask, list_id: UUID, typed: Entered, asked: Asked) -> Response:
    request, who, context = ask.request, ask.who, ask.context
    one = await api.read_watch_list(list_id, who, context)
    lines = None
    if may(who, _LINES):
        lines = await api.list_watch_lines(
            list_id=list_id,
            who=acting(who, _LINES),
            context=context,
            match=asked.match,
            disposition=asked.disposition,
            after=asked.after,
            limit=_SHOWN,
        )
    told = told_of(request, asked.refused)
    language = language_of(request)
    files = await files_api.list_watch_files(list_id, who, context)
    return pages_of(request).render(
        request,
        "watch_list.html",
        status=status_of(request, told.status if told else None),
        one=one,
        lines=lines,
        files=files.items,
        asked=asked,
        faults=[(fault, one_language(fault.detail, language)) for fault in asked.taken.faults]
        if asked.taken
        else [],
        matches=get_args(Match),
        dispositions=get_args(Disposition),
        typed=typed,
        told=told,
        focus="",
        today=context.clock.today(),
        may_take=one.state == "open" and may(who, _TAKE) and TOWN in who.scopes_for(),
        may_settle=one.state == "open" and may(who, _LINES),
        may_fetch=may(who, "GET /v1/watch-lists/{list_id}/files/{file_id}/rejected"),
    )
