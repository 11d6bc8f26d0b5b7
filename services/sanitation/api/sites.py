"""Sites."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from services.sanitation.api.common import Day, InContext, Text, cause
from services.sanitation.domain.sites import MOST_ROUNDS, Site
from services.sanitation.handlers import sites as sites_handlers
from services.sanitation.store import sites as sites_store
from shared.events.policy_sanitation import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, SiteId

router = APIRouter(tags=["sanitation"])

_SITES_AFTER = Cursor(str)


class SiteBody(Body):
    """A place that is to be disinfected every day."""

    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: Text
    building: Text | None = None
    unit: Text | None = None
    rounds_per_day: Annotated[int, Field(ge=1, le=MOST_ROUNDS)] | None = None
    since: Day | None = None
    active: bool = True

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "lj-001-s900", "compound": "lj-001", "kind": "lift", "name": "3幢2单元电梯"}
            ]
        }
    )


class SiteAnswer(Answer):
    """A site. `rounds_per_day` is null where the policy's number holds."""

    site_id: UUID
    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: str
    building: str | None
    unit: str | None
    rounds_per_day: int | None
    since: date
    active: bool
    revision: int


class CorrectionBody(Body):
    """All particulars of a site as they are from today on. `revision` is the one that was corrected."""

    compound: CompoundId
    kind: SiteKind
    name: Text
    building: Text | None = None
    unit: Text | None = None
    rounds_per_day: Annotated[int, Field(ge=1, le=MOST_ROUNDS)] | None = None
    since: Day
    active: bool
    revision: Annotated[int, Field(ge=1, lt=2**31)]


@router.post("/v1/sites", status_code=201, summary="Register a site")
async def register_site(body: SiteBody, who: Caller, context: InContext, response: Response) -> SiteAnswer:
    """Register a place under its code. The same again: 200; the code with other particulars: refused."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        site = Site(**{**body.model_dump(), "since": body.since or tx.today})
        known, fresh = await sites_handlers.register_site(
            site, who=who, tx=tx, day_given=body.since is not None
        )
    response.status_code = 201 if fresh else 200
    return _site_answer(known)


@router.put("/v1/sites/{code}", summary="Correct a site")
async def correct_site(code: SiteId, body: CorrectionBody, who: Caller, context: InContext) -> SiteAnswer:
    """Correct a site's particulars from today on; what held on days that are over stays."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        site = Site(code=code, **body.model_dump(exclude={"revision"}))
        known, _ = await sites_handlers.correct_site(site, revision=body.revision, who=who, tx=tx)
    return _site_answer(known)


@router.get("/v1/sites", summary="Sites of a compound")
async def sites(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    limit: Limit = 100,
    after: After = None,
) -> Page[SiteAnswer]:
    """List a compound's sites by code."""
    seen = _SITES_AFTER.read(after)[0] if after else ""
    async with context.database.read() as conn:
        await sites_handlers.require_compound(conn, who, compound)
        found = await sites_store.sites_of(conn, compound, after=seen, limit=limit + 1)
    return Page(
        items=[_site_answer(known) for known in found[:limit]],
        next=_SITES_AFTER.write(found[limit - 1].site.code) if len(found) > limit else None,
    )


def _site_answer(known: sites_store.KnownSite) -> SiteAnswer:
    site = known.site
    return SiteAnswer(
        site_id=known.site_id,
        code=site.code,
        compound=site.compound,
        kind=site.kind,
        name=site.name,
        building=site.building,
        unit=site.unit,
        rounds_per_day=site.rounds_per_day,
        since=site.since,
        active=site.active,
        revision=known.revision,
    )
