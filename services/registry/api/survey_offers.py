"""Offers to serve that people made at the door, over HTTP: listed, and turned into applications (R3.3)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from services.registry.api.common import Running, cause
from services.registry.api.survey_bodies import OfferAnswer
from services.registry.api.survey_forms import AFTER, FIRST, names_of, next_page
from services.registry.api.surveys import grids_within
from services.registry.api.volunteers import Received
from services.registry.domain.survey_forms import OfferUnknown
from services.registry.handlers import survey_offers as handlers
from services.registry.handlers.survey_files import DETAIL
from services.registry.store import survey_forms as store
from shared.http.access import Caller
from shared.http.models import Body
from shared.http.paging import After, Limit, Page
from shared.kernel.ids import CompoundId
from shared.kernel.sealed import Vault

router = APIRouter(tags=["survey"])


class FollowUpBody(Body):
    """The application that the offer becomes. `application_id` is made by the client."""

    application_id: UUID


@router.get("/v1/survey-offers", summary="People who offer to serve")
async def list_offers(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    after: After = None,
    limit: Limit = 50,
) -> Page[OfferAnswer]:
    """List own offers to serve of the forms that hold, the names masked (R3.3). The reading is recorded."""
    last = FIRST if after is None else AFTER.read(after)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        grids = await grids_within(tx, who, compound)
        rows = await tx.fetch(store.OFFER_PAGE, compound, grids, *last, limit + 1)
        names = await names_of(
            tx, rows[:limit], who, context.vault, action="survey_offer.list", compound=compound
        )
    keys = await context.vault.keys({row["key_ref"] for row in rows[:limit]})
    items = [
        OfferAnswer(
            **{
                name: row[name]
                for name in ("submission_id", "nth", "dwelling_id", "kind", "person_ref", "application_id")
            },
            compound=compound,
            name=names.get(row["person_ref"]),
            note=Vault.open(key, DETAIL, row["note_sealed"])
            if row["note_sealed"] and (key := keys.get(row["key_ref"]))
            else None,
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=next_page(rows, limit))


@router.post(
    "/v1/survey-offers/{submission_id}/{nth}/application",
    summary="Let an offer become a volunteer's application",
    status_code=201,
)
async def follow_up(
    *,
    submission_id: UUID,
    nth: Annotated[int, Path(ge=0, lt=20)],
    body: FollowUpBody,
    who: Caller,
    context: Running,
    response: Response,
) -> Received:
    """Apply as a volunteer for whoever offered, with name and phone from the book. The same again is one (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        offer = await tx.fetchrow(store.OFFER, submission_id, nth)
        if offer is None:
            raise OfferUnknown("没有这条服务意愿。There is no such offer.", field="nth")
        who.require_compound(offer["compound_id"], neighbourhood=offer["neighbourhood_id"])
        new = await handlers.follow_up(submission_id, nth, body.application_id, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return Received(application_id=body.application_id, state="received")
