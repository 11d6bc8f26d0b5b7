"""Lists that the office hands in: sent, watched while they are worked off, faulty rows fetched back (R4.2, P6)."""

from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import imports as api
from services.registry.api.common import Running
from services.registry.api.imports import TemplateKind
from services.registry.domain.list_columns import Kind
from services.registry.pages.common import acting, leads_to, may, pages_of, status_of
from services.registry.pages.entered import Entered, Misfilled, Typed, told_of
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 100
_KINDS: tuple[Kind, ...] = get_args(Kind)


@router.get("/imports")
async def import_form(request: Request, who: Caller) -> Response:
    """Show the form, with the empty lists to fill in."""
    return _form(request, who, Entered.of())


@router.post("/imports")
async def begin(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Take a file in; how far it is stands on its own page."""
    try:
        kind = next((one for one in _KINDS if one == typed["kind"]), None)
        if kind is None:
            raise Misfilled({"kind": "fault.choice"})
        begun = await api.begin_import(
            request=request,
            response=Response(),
            who=acting(who, "POST /v1/imports"),
            context=context,
            kind=kind,
            dry_run=bool(typed["dry_run"]),
        )
    except Refusal as refused:
        return _form(request, who, typed, refused=refused)
    return leads_to(request, f"/imports/{begun.import_id}")


@router.get("/imports/{import_id}")
async def one_import(
    *,
    request: Request,
    import_id: UUID,
    who: Caller,
    context: Running,
    outcome: Annotated[Literal["accepted_unverified", "rejected", "duplicate", ""], Query()] = "",
    after: After = None,
) -> Response:
    """Show how far an import is, and which cells are wrong; the page looks again while it runs."""
    told = await api.read_import(import_id, who, context)
    page = await api.read_rows(
        import_id=import_id, who=who, context=context, outcome=outcome or None, limit=_SHOWN, after=after
    )
    language = language_of(request)
    return pages_of(request).render(
        request,
        "import.html",
        one=told,
        rows=[(row, one_language(row.detail, language)) for row in page.items],
        remarks=[(remark, one_language(remark.detail, language)) for remark in told.remarks],
        detail=one_language(told.detail, language) if told.detail else None,
        following=page.next,
        paged=after is not None,
        outcome=outcome,
        outcomes=["rejected", "accepted_unverified", "duplicate"],
        may_fetch=may(who, "GET /v1/imports/{import_id}/rejected"),
    )


def _form(request: Request, who: Principal, typed: Entered, *, refused: Refusal | None = None) -> Response:
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "import_new.html",
        status=status_of(request, told.status if told else None),
        kinds=_KINDS,
        templates=[kind for kind in get_args(TemplateKind) if kind != "watch_list"],
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
        may_send=may(who, "POST /v1/imports"),
    )
