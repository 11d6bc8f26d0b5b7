"""The keeper's sites: today's state of each, added, corrected, closed for some days, and their codes to print ."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import InContext, Text, cause
from services.sanitation.domain.duty import Closure
from services.sanitation.domain.sites import MOST_ROUNDS, ClosureReason, Site, SiteUnknown, rounds_stated
from services.sanitation.domain.words import EXPLAINED, in_words
from services.sanitation.handlers import day_sheets
from services.sanitation.handlers import sites as handlers
from services.sanitation.handlers.sites import CloseSite
from services.sanitation.pages.places import place_of
from services.sanitation.store import duty as duty_store
from services.sanitation.store import sites as store
from shared.context import Context
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller, Principal
from shared.kernel.ids import CompoundId, SiteId, uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.sealed_texts import unseal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of
from shared.pages.typed import LocalDay

router = page_router()

KINDS: tuple[SiteKind, ...] = (
    "lift",
    "stairwell",
    "gatehouse",
    "waste_room",
    "bin_point",
    "mask_bin",
    "public_area",
    "other",
)
REASONS: tuple[ClosureReason, ...] = ("repair", "not_in_use", "no_access", "other")
MOST = 1000
Perhaps = Annotated[str, Field(max_length=100)]


class SiteForm(PageForm):
    """A new site."""

    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: Text
    building: Perhaps = ""
    unit: Perhaps = ""
    rounds_per_day: Annotated[str, Field(max_length=20)] = ""

    def site(self, *, since: date, active: bool = True) -> Site:
        """The site as it was entered; an empty number of rounds is the policy's."""
        return Site(
            code=self.code,
            compound=self.compound,
            kind=self.kind,
            name=self.name,
            building=self.building or None,
            unit=self.unit or None,
            rounds_per_day=rounds_stated(self.rounds_per_day) if self.rounds_per_day else None,
            since=since,
            active=active,
        )


class CorrectionForm(SiteForm):
    """All particulars of a site from today on; `revision` is the one that the form showed."""

    since: date
    active: bool = False
    revision: Annotated[int, Field(ge=1, lt=2**31)]


class ClosureForm(PageForm):
    """A site that owes nothing for some days, or whose closure ends."""

    act: Literal["close", "reopen"]
    id: UUID
    reason: ClosureReason = "repair"
    from_day: LocalDay = ""
    last_day: LocalDay = ""
    note: Annotated[str, Field(max_length=200)] = ""


@router.get("/sites")
async def sites(
    request: Request, who: Caller, context: InContext, compound: Annotated[CompoundId | None, Query()] = None
) -> Response:
    """A compound's sites with how they stand today."""
    return await _list(request, who, context, compound)


@router.post("/sites")
async def add(
    request: Request, who: Caller, context: InContext, form: Annotated[SiteForm, Form()]
) -> Response:
    """Register a site; where it is refused, the form says why and keeps what was entered."""
    pages: Pages = request.app.state.pages
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await handlers.register_site(form.site(since=tx.today), who=who, tx=tx, day_given=False)
    except Refusal as refused:
        entered = form.model_dump(exclude={"csrf"})
        return await _list(request, who, context, form.compound, entered=entered, refused=refused)
    return RedirectResponse(pages.url(f"/sites?compound={form.compound}#s-{form.code}"), 303)


@router.get("/sites/{code}")
async def site(request: Request, code: SiteId, who: Caller, context: InContext) -> Response:
    """One site with its particulars and closures."""
    return await _one(request, code, who, context)


@router.post("/sites/{code}")
async def correct(
    request: Request, code: SiteId, who: Caller, context: InContext, form: Annotated[CorrectionForm, Form()]
) -> Response:
    """Correct a site from today on; somebody else's correction meanwhile is not written over."""
    pages: Pages = request.app.state.pages
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            wanted = form.site(since=form.since, active=form.active)
            await handlers.correct_site(wanted, revision=form.revision, who=who, tx=tx)
    except Refusal as refused:
        entered = form.model_dump(exclude={"csrf", "revision"})
        return await _one(request, code, who, context, entered=entered, refused=refused)
    return RedirectResponse(pages.url(f"/sites?compound={form.compound}#s-{code}"), 303)


@router.post("/sites/{code}/closures")
async def close(
    request: Request, code: SiteId, who: Caller, context: InContext, form: Annotated[ClosureForm, Form()]
) -> Response:
    """Exempt a site for whole days, or say which day is the last."""
    pages: Pages = request.app.state.pages
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            from_day = date.fromisoformat(form.from_day) if form.from_day else tx.today
            last_day = date.fromisoformat(form.last_day) if form.last_day else None
            if form.act == "close":
                cmd = CloseSite(
                    closure_id=form.id,
                    site_code=code,
                    days=Closure(from_day=from_day, last_day=last_day),
                    reason=form.reason,
                    note=in_words(form.note, EXPLAINED),
                )
                await handlers.close_site(cmd, who=who, tx=tx, vault=context.vault)
            else:
                await handlers.reopen_site(code, form.id, last_day or tx.today, who=who, tx=tx)
    except Refusal as refused:
        return await _one(request, code, who, context, refused=refused, stated=form)
    return RedirectResponse(pages.url(f"/sites/{code}"), 303)


async def _list(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    *,
    entered: Mapping[str, Any] | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    today = context.clock.today()
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        known, sheets = [], {}
        if place.compound is not None:
            known = await store.sites_of(conn, place.compound, after="", limit=MOST)
            now = context.clock.now()
            sheets = {
                one.code: one for one in await day_sheets.day_sheets(conn, place.compound, day=today, now=now)
            }
    return pages.render(
        request,
        "sites.html",
        status=refused.status if refused else 200,
        place=place,
        today=today,
        sites=[one.site for one in known],
        sheets=sheets,
        kinds=KINDS,
        may_keep=who.has(*ACCESS["POST /v1/sites"]),
        may_print=who.has(*ACCESS["GET /v1/site-sheets"]),
        most_rounds=MOST_ROUNDS,
        entered=dict.fromkeys(("code", "kind", "name", "building", "unit", "rounds_per_day"), "")
        | dict(entered or {}),
        refused=told_of(request, refused),
    )


async def _one(
    request: Request,
    code: SiteId,
    who: Principal,
    context: Context,
    *,
    entered: Mapping[str, Any] | None = None,
    refused: Refusal | None = None,
    stated: ClosureForm | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        if await store.site_compound(tx, code) is None:
            raise SiteUnknown("没有这个点位编号。There is no site with this code.", field="code")
        known = await handlers.site_within(tx, who, code)
        place = await place_of(tx, who, known.site.compound)
        rows = await tx.fetch(
            duty_store.CLOSURES_OF_COMPOUND, known.site.compound, tx.today, UUID(int=0), MOST
        )
        closures = [
            dict(row)
            | {"note": await unseal(context.vault, row["site_id"], handlers.NOTE, row["note_sealed"])}
            for row in rows
            if row["code"] == code
        ]
    site = known.site
    shown = {
        name: getattr(site, name) or ""
        for name in ("kind", "name", "building", "unit", "rounds_per_day", "since", "active")
    }
    return pages.render(
        request,
        "site.html",
        status=refused.status if refused else 200,
        place=place,
        site=site,
        revision=known.revision,
        closures=closures,
        today=context.clock.today(),
        kinds=KINDS,
        reasons=REASONS,
        most_rounds=MOST_ROUNDS,
        new_id=uuid7,
        entered=shown | dict(entered or {}),
        closing=stated if stated and stated.act == "close" else None,
        reopening=stated.id if stated and stated.act == "reopen" else None,
        refused=told_of(request, refused),
    )
