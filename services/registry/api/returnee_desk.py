"""Before an intake: who this is, whether they are registered already, and what policy proposes (R2.7, R4.6)."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints, model_validator

from services.registry.api.common import Running, cause, roles_of
from services.registry.api.intake_bodies import FullTripBody, details_of
from services.registry.domain.people import masked_name, masked_phone
from services.registry.domain.returnees import RULE_TEXTS
from services.registry.domain.risk import decide_origin
from services.registry.handlers import people_reading
from services.registry.handlers import returnees as handlers
from services.registry.handlers.people_reading import Profile, Wanted
from services.registry.store import policy as policy_store
from services.registry.store import returnees as store
from services.registry.store import risk as risk_store
from shared.audit.noting import note_reads
from shared.db.pool import Tx
from shared.events.policy_observation import Category, Measure
from shared.events.registry.returnees import AnchorBasis
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.kernel.sealed import Vault

router = APIRouter(tags=["returnees"])
_MOST = 20

Word = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class ReturneeLookupBody(Body):
    """Whom the clerk has in front of them: by document or phone. In the body, because a URL is logged on the way."""

    document: Word | None = None
    phone: Word | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.document is None) == (self.phone is None):
            raise ValueError("证件号码和手机号只填一项。Name exactly one of document and phone.")
        return self


class FoundHome(Answer):
    """Where somebody of the book lives: what an intake names as its dwelling."""

    dwelling_id: UUID
    compound: str
    room: str


class FoundReturnee(Answer):
    """Somebody of the book, masked, with the intake that is open."""

    person_ref: UUID
    name: str
    phone: str | None
    rooms: list[str]
    homes: list[FoundHome]
    open_intake: UUID | None
    ask_travel: bool = Field(
        description="Registered in a place of the risk list: ask where they have been. By itself it decides nothing."
    )


class ReturneeLookupAnswer(Answer):
    """Who was found within the caller's scope. `elsewhere`: so many more are in the book outside of it."""

    people: list[FoundReturnee]
    elsewhere: int


class ProposalBody(Body):
    """A trip to be judged; nothing is written. `document` is the one shown: a registered origin may count (R4.6)."""

    trip: FullTripBody
    document: Word | None = None


class ProposalAnswer(Answer):
    """What policy and risk list make of a trip, by which versions. `milder`: allowed with a reason and an approver."""

    category: Category
    proposed: Measure
    rule: str
    milder: list[Measure]
    anchor_date: date
    anchor_basis: AnchorBasis
    last_day: date
    pass_from: date
    policy_version: int
    risk_revision: int


@router.post("/v1/returnees/lookup", summary="Look before an intake")
async def look_up_returnee(body: ReturneeLookupBody, who: Caller, context: Running) -> ReturneeLookupAnswer:
    """Tell who holds a document or phone, and whether an intake of theirs is open. Masked, and recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        wanted = Wanted(document=body.document, phone=body.phone)
        refs = await people_reading.find(tx, wanted, context.vault, limit=_MOST)
        found = await people_reading.profiles(tx, refs, context.vault)
        open_of = {
            row["person_ref"]: row
            for row in await tx.fetch(store.OPEN_OF_PEOPLE, [one.person_ref for one in found])
        }
        seen = [
            one
            for one in found
            if _reaches(who, one)
            or (
                (row := open_of.get(one.person_ref)) is not None
                and who.reaches(
                    compound=row["compound_id"], neighbourhood=row["neighbourhood_id"], grid=row["grid_id"]
                )
            )
        ]
        policy, risk = await policy_store.policy_at(tx, tx.today), await risk_store.risk_at(tx, tx.today)
        areas, rule = (risk.areas if risk else {}), (policy.document.risk.origin if policy else None)
        await note_reads(
            tx,
            action="returnee.lookup",
            role=roles_of(who),
            refs=[one.person_ref for one in seen],
        )
    return ReturneeLookupAnswer(
        people=[
            FoundReturnee(
                person_ref=one.person_ref,
                name=masked_name(one.name),
                phone=masked_phone(one.phone) or None,
                rooms=[living.home.key.shown() for living in one.homes],
                homes=[
                    FoundHome(
                        dwelling_id=living.home.dwelling_id,
                        compound=living.home.key.compound_id,
                        room=living.home.key.shown(),
                    )
                    for living in one.homes
                ],
                open_intake=open_of[one.person_ref]["intake_id"] if one.person_ref in open_of else None,
                ask_travel=decide_origin(one.origin_code, areas, rule).ask,
            )
            for one in seen
        ],
        elsewhere=len(found) - len(seen),
    )


@router.post("/v1/returnees/proposals", summary="What policy proposes for a trip")
async def propose(body: ProposalBody, who: Caller, context: Running) -> ProposalAnswer:
    """Tell category, measure and period as of today, and the versions of policy and risk list that say so."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        trip, details = body.trip.trip(), details_of(body.trip, None, None)
        origin = await _origin(body.document, who, tx=tx, vault=context.vault) if body.document else None
        told = await handlers.propose(trip, details, tx=tx, origin=origin)
    decision = told.decision
    approved = told.policy.document.observation.approval_required
    return ProposalAnswer(
        category=decision.category,
        proposed=decision.proposed,
        rule=RULE_TEXTS[decision.category],
        milder=[measure for category, measure in approved if category == decision.category],
        anchor_date=decision.anchor_date,
        anchor_basis=decision.anchor_basis,
        last_day=decision.last_day,
        pass_from=decision.pass_from,
        policy_version=told.policy.version,
        risk_revision=told.risk_revision,
    )


async def _origin(document: str, who: Principal, *, tx: Tx, vault: Vault) -> str | None:
    """Where the holder of a document is registered, read only where policy lets that count as having been there."""
    policy = await policy_store.policy_at(tx, tx.today)
    if policy is None or policy.document.risk.origin != "category":
        return None
    refs = await people_reading.find(tx, Wanted(document=document, phone=None), vault, limit=_MOST)
    seen = [one for one in await people_reading.profiles(tx, refs, vault) if _reaches(who, one)]
    await note_reads(tx, action="returnee.lookup", role=roles_of(who), refs=[one.person_ref for one in seen])
    return seen[0].origin_code if len(seen) == 1 else None


def _reaches(who: Principal, profile: Profile) -> bool:
    return any(
        who.reaches(
            compound=living.home.key.compound_id,
            neighbourhood=living.neighbourhood,
            grid=living.home.grid_id,
        )
        for living in profile.homes
    )
