"""Personal links in bulk and over time: printed by grid, listed, and freed for another phone (architecture §7)."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.observation.api.models import Running, cause
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.refusals import LinkUnknown
from services.observation.handlers import link_sheets as handlers
from services.observation.handlers.link_sheets import Replace
from services.observation.papers import link_sheet as pages
from services.observation.store import link_sheets as store
from services.observation.store.desk import Reach
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.kernel.ids import CompoundId, GridId
from shared.pages.papers import paper

router = APIRouter(tags=["links"])
_PRIVATE = {"Cache-Control": "no-store"}


class LinkSheetBody(Body):
    """Links for the people under observation in a grid or a compound. `issue_id` is made by the client."""

    issue_id: UUID
    compound: CompoundId | None = None
    grid: GridId | None = None
    replace: Replace = Field(
        default="none", description="Which living links are made anew: none, those not opened yet, or all."
    )


class PrintedLinkAnswer(Answer):
    """A link, shown this once."""

    link_id: UUID
    case_id: UUID
    name: str | None
    room: str | None
    token: str


class LinkSheetAnswer(Answer):
    """At most 200 links; ask again with another id for the rest, until none come."""

    links: list[PrintedLinkAnswer]


class KeptLink(Answer):
    """A link of a case: never its token."""

    link_id: UUID
    issued_at: datetime
    issued_by: str
    bound_at: datetime | None
    revoked_at: datetime | None
    members: list[UUID]


class KeptLinks(Answer):
    """All links of a case, oldest first."""

    links: list[KeptLink]


@router.post(
    "/v1/link-sheets",
    summary="Make and print links",
    status_code=201,
    response_model=LinkSheetAnswer,
    responses={201: {"content": {"text/html": {}}, "description": "The links, shown this once."}},
)
async def print_links(
    body: LinkSheetBody,
    who: Caller,
    context: Running,
    as_: Annotated[
        Literal["json", "html"], Query(alias="as", description="html: pages of A4 to print.")
    ] = "json",
) -> Any:
    """Make personal links for everybody within the caller's scopes who has none. Shown once; the reading is recorded.

    Each is valid for its observation and belongs to the phone that opens it first.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        made = await handlers.issue(
            body.issue_id,
            Reach(scopes=who.scopes_for(), compound=body.compound, grid=body.grid),
            replace=body.replace,
            issued_by=who.subject,
            role=roles_of(who),
            tx=tx,
            vault=context.vault,
        )
    if as_ == "html":
        body_of_sheet = pages.sheet(made, context.settings.declare_address)
        return paper(
            body_of_sheet,
            title=pages.TITLE,
            css=pages.STYLE,
            settings=context.settings,
            status=201,
            headers=_PRIVATE,
        )
    answer = LinkSheetAnswer(
        links=[
            PrintedLinkAnswer(
                link_id=one.link_id, case_id=one.case_id, name=one.name, room=one.room, token=one.token
            )
            for one in made
        ]
    )
    return Response(answer.model_dump_json(), 201, _PRIVATE, "application/json")


@router.get("/v1/cases/{case_id}/links", summary="Links of a case")
async def list_links(case_id: UUID, who: Caller, context: Running) -> KeptLinks:
    """Tell which links a case has or had, whether a phone is bound to each, and whom it reaches."""
    async with context.database.read() as conn:
        await place_within(conn, case_id, who)
        rows = await store.links_of(conn, case_id)
    return KeptLinks(links=[KeptLink(**dict(row)) for row in rows])


@router.post(
    "/v1/cases/{case_id}/links/{link_id}/unbinding", summary="Let another phone open a link", status_code=204
)
async def unbind(case_id: UUID, link_id: UUID, who: Caller, context: Running) -> None:
    """Take a link from the phone that opened it; the next phone to open it keeps it. The old session ends at once."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await place_within(tx, case_id, who)
        if not await store.unbind(tx, link_id=link_id, case_id=case_id):
            raise LinkUnknown("没有这个有效的链接。There is no such living link.")
