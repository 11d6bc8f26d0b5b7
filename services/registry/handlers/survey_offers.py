"""What people of a household offered at the door becomes an application as a volunteer, once (R3.3, R6.2)."""

from uuid import UUID

from services.registry.domain.errors import PersonUnknown
from services.registry.domain.people import Sex
from services.registry.domain.survey_forms import OfferFollowedUp, OfferUnknown
from services.registry.handlers import people_reading, volunteers
from services.registry.handlers.volunteers import Application
from services.registry.store import people as people_store
from services.registry.store import survey_forms as store
from services.registry.store import volunteers as volunteer_store
from shared.db.pool import Tx
from shared.kernel.sealed import Vault


async def follow_up(submission_id: UUID, nth: int, application_id: UUID, *, tx: Tx, vault: Vault) -> bool:
    """Apply for whoever offered to serve, with name and phone from the book; tells whether it is new.

    Raises:
        OfferUnknown: there is no such offer in a form that holds.
        OfferFollowedUp: it became another application, or whoever offers has applied elsewhere.
        PersonUnknown: they were erased meanwhile.
        SameIdOtherContent: the id was used for another application.
    """
    offer = await tx.fetchrow(store.LOCK_OFFER, submission_id, nth)
    if offer is None:
        raise OfferUnknown("没有这条服务意愿。There is no such offer.", field="nth")
    if offer["application_id"] == application_id:
        return False
    await tx.fetch(people_store.LOCK_PEOPLE, [offer["person_ref"]])
    held = offer["application_id"] or await tx.fetchval(volunteer_store.HELD_BY, offer["person_ref"])
    if held is not None:
        raise OfferFollowedUp(
            "此人已有志愿服务申请。Whoever offers has applied already.",
            remedy="请处理原申请。Settle that application.",
            application_id=str(held),
        )
    found = await people_reading.profiles(tx, [offer["person_ref"]], vault)
    if not found:
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    [person] = found
    application = Application(
        application_id=application_id,
        name=person.name,
        sex=Sex(person.sex),
        phone=person.phone,
        home_compound=offer["compound_id"],
        person_ref=person.person_ref,
        via="survey",
    )
    new = await volunteers.apply(application, tx=tx, vault=vault)
    await tx.execute(store.NAME_APPLICATION, submission_id, nth, application_id)
    return new
