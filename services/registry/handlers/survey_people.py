"""What a household form changes in the book of people: who came, and who is at a dwelling no more (R4.1, R4.3)."""

from collections.abc import Sequence
from uuid import UUID

from services.registry.domain.stated import StatedPerson
from services.registry.handlers import people, people_events
from services.registry.handlers.people import Keeper, NewPerson
from services.registry.store import people as people_store
from services.registry.store import survey_forms as store
from shared.db.pool import Tx
from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.ids import CompoundId, PersonRef


async def whom(tx: Tx, keeper: Keeper, stated: StatedPerson) -> UUID | None:
    """Who of the book holds one of the verified documents; None where nobody does."""
    for document in stated.documents:
        if document.verified:
            indexes = keeper.vault.index_all(people.DOCUMENT, document.number)
            for row in await tx.fetch(people_store.HOLDERS, indexes):
                if row["verified"] and row["kind"] == document.kind:
                    holder: UUID = row["person_ref"]
                    return holder
    return None


async def arrive(tx: Tx, keeper: Keeper, stated: StatedPerson, dwelling_id: UUID) -> tuple[UUID, bool]:
    """Somebody lives here; tells who it is, and whether the dwelling's record lacked them."""
    before = {
        row["person_ref"]
        for row in await tx.fetch(store.STAYS, dwelling_id)
        if row["resident"] and row["ended_on"] is None
    }
    person = NewPerson(
        name=stated.name,
        sex=stated.sex,
        born=stated.born,
        documents=stated.documents,
        phone=stated.phone,
        origin_code=None,
        registered_on=tx.today,
    )
    ref = await people.register_person(tx, keeper, person, dwelling_id, stated.relation)
    return ref, ref not in before


async def leave(
    tx: Tx, keeper: Keeper, refs: Sequence[UUID], dwelling_id: UUID, compound: CompoundId
) -> None:
    """People are here no more: their stays end today, and who owns the dwelling stays its owner (P4)."""
    here = {
        row["person_ref"]: row for row in await tx.fetch(store.STAYS, dwelling_id) if row["ended_on"] is None
    }
    leaving = sorted(ref for ref in refs if ref in here and here[ref]["resident"])
    if not leaving:
        return
    await tx.fetch(people_store.LOCK_PEOPLE, leaving)
    await tx.fetch(people_store.LOCK_DWELLINGS, [dwelling_id])
    before = await people_store.homes(tx, leaving)
    await tx.execute(store.END_STAYS, leaving, dwelling_id, tx.today)
    left = {ref: homes for ref, homes in (await people_store.homes(tx, leaving)).items() if homes}
    keys = await keeper.vault.keys(leaving, create=True)
    events = await people_events.of_known_people(tx, {ref: before[ref] for ref in left}, keys, keeper.cards)
    gone = [ref for ref in leaving if ref not in left]
    for row in await tx.fetch(people_store.BUMP_PEOPLE, gone):
        card = SubjectCardSealed(
            recipient="gate", person_ref=PersonRef(row["person_ref"]), compound=compound, card=None
        )
        events.append((card, row["version"]))
    events += await people_events.of_households(tx, [dwelling_id])
    for event, version in events:
        await tx.publish(event, version=version)
