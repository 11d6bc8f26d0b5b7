"""Lists that go in and out: questionnaire platforms' answers, tables of declarations, sheets of links."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import Query, Request
from pydantic import BeforeValidator
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from services.observation.api import exports, link_sheets, questionnaires, released
from services.observation.api.exports import TableBody
from services.observation.api.link_sheets import LinkSheetBody
from services.observation.api.models import Day, Running
from services.observation.pages.case_forms import acting, body_of, given, may, pages_of, told_of
from services.observation.pages.worklist import compounds_of, places_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.http.uploads import NoFile, form_in_memory
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.tables import FileFormat
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router = page_router()

LINKS, MODEL = "POST /v1/link-sheets", "GET /v1/released-model"
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
WEEK = timedelta(days=6)
Section = Literal["import", "table", "links"]


@router.get("/exchange")
async def exchange(request: Request, who: Caller, context: Running) -> Response:
    """Show what can be handed in and taken out, and the caller's last lists."""
    return await _exchange(request, who, context)


@router.post("/exchange/imports")
async def hand_in(request: Request, who: Caller, context: Running) -> Response:
    """Take a list; a second time the same list is the same import."""
    form = await form_in_memory(request)
    try:
        part = form.get("file")
        if not isinstance(part, UploadFile) or not part.filename:
            raise NoFile(
                "没有选择文件。No file was chosen.",
                field="file",
                remedy="请选择 Excel 或 CSV 文件。Choose an Excel or CSV file.",
            )
        told, _ = await questionnaires.taken(
            part.filename, await part.read(), dry_run=form.get("dry_run") == "true", who=who, context=context
        )
    except Refusal as refused:
        return await _exchange(request, who, context, refused=refused, section="import")
    return RedirectResponse(pages_of(request).url(f"/exchange/imports/{told.import_id}"), 303)


@router.get("/exchange/imports/{import_id}")
async def progress(
    request: Request, import_id: UUID, who: Caller, context: Running, after: After = None
) -> Response:
    """Show how far a list is, and every row that was rejected; while it runs, the page looks again by itself."""
    told = await questionnaires.read_questionnaire(import_id, who, context)
    rows = await questionnaires.read_rows(import_id, who, context, after)
    return pages_of(request).render(
        request,
        "import.html",
        told=told,
        rows=[(one, one_language(one.detail, language_of(request))) for one in rows.items],
        following=rows.next,
        paged=after is not None,
        now=context.clock.now(),
    )


@router.post("/exchange/table")
async def table(request: Request, who: Caller, context: Running) -> Response:
    """Give the declarations of some days as a file; the reason is kept with the reading."""
    values = await given(request)
    asked = {name: values[name] for name in ("from", "to", "compound", "grid") if name in values}
    how = next((one for one in FORMATS if one == values.get("as")), FORMATS[0])
    try:
        body = body_of(TableBody, asked | {"reason": values.get("reason", "")})
        return await exports.read_table(body, who, context, how)
    except Refusal as refused:
        return await _exchange(request, who, context, refused=refused, section="table", values=values)


@router.post("/exchange/link-sheets")
async def print_links(request: Request, who: Caller, context: Running) -> Response:
    """Make links for everybody who has none, and show them to be printed, this once."""
    values = await given(request)
    asked: Mapping[str, Any] = {
        name: values[name] for name in ("issue_id", "compound", "grid", "replace") if name in values
    }
    try:
        sheet: Response = await link_sheets.print_links(
            body_of(LinkSheetBody, asked), acting(who, LINKS), context, "html"
        )
    except Refusal as refused:
        return await _exchange(request, who, context, refused=refused, section="links", values=values)
    return sheet


Asked = Annotated[Day | None, BeforeValidator(lambda text: text or None)]
"""A day of a form that may be left empty."""


@router.get("/exchange/released")
async def released_model(
    request: Request,
    who: Caller,
    context: Running,
    first: Annotated[Asked, Query(alias="from")] = None,
    last: Annotated[Asked, Query(alias="to")] = None,
) -> Response:
    """Show how many of those released are expected to fall ill still: an aid, never a rule."""
    until = last or context.clock.today()
    since = first or until - WEEK
    refused = None
    try:
        told = await released.released_model(who, context, since, until)
    except Refusal as refusal:
        told, refused = None, refusal
    return pages_of(request).render(
        request,
        "released.html",
        status=refused.status if refused else 200,
        told=told,
        since=since,
        until=until,
        refused=told_of(request, refused),
    )


async def _exchange(
    request: Request,
    who: Principal,
    context: Context,
    *,
    refused: Refusal | None = None,
    section: Section | Literal[""] = "",
    values: Mapping[str, Any] | None = None,
) -> Response:
    async with context.database.read() as conn:
        places = await places_of(conn, who)
    today = context.clock.today()
    return pages_of(request).render(
        request,
        "exchange.html",
        status=refused.status if refused else 200,
        imports=await questionnaires.list_questionnaires(who, context),
        compounds=compounds_of(places),
        grids=sorted({row["grid"] for row in places}),
        may_link=may(who, LINKS) is not None,
        may_model=may(who, MODEL) is not None,
        issue_id=uuid7(),
        today=today,
        week_ago=today - WEEK,
        refused=told_of(request, refused),
        section=section,
        values=dict(values or {}),
    )
