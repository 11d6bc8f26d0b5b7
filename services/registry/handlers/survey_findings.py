"""What a survey finds that has to be followed up: returnees nobody registered, people nobody mentioned (P9)."""

from uuid import UUID

import asyncpg

from services.registry.domain.errors import AlreadyObserved, PeriodOver
from services.registry.domain.people import Relation, Sex
from services.registry.domain.returnees import Choice
from services.registry.domain.survey_forms import Filed
from services.registry.handlers import people_reading, returnees, survey_people
from services.registry.handlers.people import Keeper
from services.registry.handlers.returnees import RegisterReturnee, Returnee
from services.registry.store import merges
from services.registry.store import returnees as returnee_store
from services.registry.store import survey_forms as store
from shared.db.pool import Tx
from shared.kernel.ids import uuid7


async def open_intakes(tx: Tx, new: Filed, target: asyncpg.Record, keeper: Keeper) -> tuple[UUID, ...]:
    """Open the intake of every returnee that a form names, at once and also where two forms disagree (P9).

    Observation does not wait for a clerk. Somebody who is observed already, or about to be, keeps their intake; of
    somebody whose period is over a clerk decides: the finding stays, without an intake.
    """
    opened: list[UUID] = []
    for nth, finding in enumerate(new.form.findings):
        if finding.kind != "unregistered_returnee" or finding.member is None or finding.trip is None:
            continue
        member = new.form.members[finding.member]
        ref = member.person_ref
        if member.stated is not None:
            ref = await survey_people.come(
                tx, keeper, new.submission_id, member.stated, target["dwelling_id"]
            )
        assert ref is not None  # noqa: S101 -- a member of the record has a pseudonym
        place = await returnee_store.dwelling(tx, target["dwelling_id"])
        assert place is not None  # noqa: S101 -- a target is a dwelling
        cmd = RegisterReturnee(
            intake_id=uuid7(),
            returnee=await _stated(tx, ref, keeper),
            known_as=ref,
            place=place,
            trip=finding.trip,
            choice=Choice(),
            registered_at=None,
            content=f"survey\n{new.submission_id}\n{nth}",
        )
        try:
            async with tx.savepoint():
                row, _ = await returnees.register(cmd, tx=tx, keeper=keeper)
            intake_id: UUID | None = row["intake_id"]
        except AlreadyObserved:
            intake_id = await tx.fetchval(store.LATEST_INTAKE, ref)
        except PeriodOver:
            intake_id = None
        await tx.execute(store.NAME_INTAKE, new.submission_id, nth, intake_id, ref)
        if intake_id is not None:
            opened.append(intake_id)
    return tuple(opened)


async def _stated(tx: Tx, ref: UUID, keeper: Keeper) -> Returnee:
    [known] = await people_reading.profiles(tx, [ref], keeper.vault)
    return Returnee(
        name=known.name,
        sex=Sex(known.sex),
        born=known.born,
        documents=known.documents,
        phone=known.phone,
        relation=Relation.TENANT,
    )


async def note_unmentioned(tx: Tx, new: Filed, target: asyncpg.Record) -> None:
    """People of the record of whom the form that holds says nothing, perhaps because it was begun before they came."""
    members = [row["person_ref"] for row in await tx.fetch(store.MEMBERS, [new.submission_id])]
    groups = await merges.groups(tx, [ref for ref in members if ref is not None])
    named = {one for group in groups.values() for one in group}
    rows = await tx.fetch(store.STAYS, target["dwelling_id"])
    missing = [
        row["person_ref"]
        for row in rows
        if row["resident"] and row["ended_on"] is None and row["person_ref"] not in named
    ]
    for nth, ref in enumerate(missing, start=len(new.form.findings)):
        await tx.execute(store.ADD_FINDING, new.submission_id, nth, "not_mentioned", None, ref, None)
