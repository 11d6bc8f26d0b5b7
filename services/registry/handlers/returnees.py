"""Registering people who came back, and following their observation (R2.7, R4.6 to R4.9, O10)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.documents import Document
from services.registry.domain.errors import (
    AlreadyObserved,
    DocumentOfAnother,
    IntakeUnknown,
    RegisteredBeforeRules,
    RegisteredInFuture,
)
from services.registry.domain.intake_details import Details, decide_details, gravest
from services.registry.domain.people import Relation, Sex
from services.registry.domain.policy import PolicyVersion
from services.registry.domain.returnees import Choice, IntakeDecision, Trip, check_period, decide_intake
from services.registry.domain.risk import category_of, decide_origin
from services.registry.handlers import (
    intake_details,
    intake_tasks,
    pass_life,
    people,
    people_reading,
    pickup_cards,
    policy,
    risk,
)
from services.registry.handlers.people import Keeper, NewPerson
from services.registry.store import returnees as store
from services.registry.store.returnees import Place
from services.registry.store.risk import RiskList
from shared.db.pool import Tx
from shared.events.observation import ObservationStarted
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.returnees import ReturneeRegistered, StatedBefore
from shared.http.problem import PolicyUnknown
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.refusal import SameIdOtherContent

REASON, CONTENT, CARD = "intake_reason", "intake_content", "card_content"
"""Names of a sealed field and of two keyed indexes, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returnee:
    """Who came back, as the clerk states it."""

    name: str
    sex: Sex
    born: date
    documents: Sequence[Document]
    phone: str
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReturnee:
    """Somebody came back to a dwelling. `intake_id` is made by the client; `content` is the request as one text.

    `known_as` is the pseudonym of somebody of whom it is known already who they are.
    """

    intake_id: UUID
    returnee: Returnee
    place: Place
    trip: Trip
    choice: Choice
    registered_at: datetime | None
    content: str
    details: Details = field(default_factory=Details)
    known_as: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What policy and risk list make of a trip, and which versions of them."""

    decision: IntakeDecision
    policy: PolicyVersion
    risk_revision: int


async def register(cmd: RegisterReturnee, *, tx: Tx, keeper: Keeper) -> tuple[asyncpg.Record, bool]:
    """Decide category, measure and period, and tell observation. The same intake twice is one.

    Returns:
        The intake as stored, and whether it is new.

    Raises:
        SameIdOtherContent: the id was used for another intake.
        AlreadyObserved: an observation of the person is in force, or about to begin.
        RegisteredInFuture, RegisteredBeforeRules, ArrivalInFuture, PeriodOver: the days stated cannot be.
        MeasureNotAllowed, ApprovalRequired, DivisionUnknown: what is stated is not policy's, or no division.
        RiskAreasUnpublished, PolicyUnknown: there are no rules for that day.
    """
    await store.lock_intake(tx, cmd.intake_id)
    if (known := await store.intake(tx, cmd.intake_id)) is not None:
        if known["content_index"] not in keeper.vault.index_all(CONTENT, cmd.content):
            raise SameIdOtherContent(
                "该编号已用于另一次登记。This id was used for another intake.", field="intake_id"
            )
        return known, False
    registered_at = cmd.registered_at or tx.now
    if registered_at > tx.now:
        raise RegisteredInFuture(
            "登记时间晚于现在。The registration lies in the future.", field="registered_at"
        )
    day = local_day(registered_at)
    rules, areas = await _rules_on(day, tx=tx), await risk.in_force(tx, day)
    origin_code, details, decision = await decide_trip(
        cmd.trip, cmd.details, cmd.choice, rules=rules, areas=areas, day=day, tx=tx
    )
    check_period(decision, day)
    person_ref = cmd.known_as or await _person(cmd, tx=tx, keeper=keeper, on=day)
    await store.lock_person(tx, person_ref)
    # Who it is, is known only now; elsewhere than where policy counts it, a registered origin decides nothing.
    if rules.document.risk.origin == "category" and (origin := await store.origin_of(tx, person_ref)):
        _, _, decision = await decide_trip(
            cmd.trip, details, cmd.choice, rules=rules, areas=areas, day=day, tx=tx, origin=origin
        )
    await _refuse_if_observed(tx, person_ref)
    reason = cmd.choice.reason
    key = await keeper.vault.key(person_ref, create=True)
    await store.add_intake(
        tx,
        intake_id=cmd.intake_id,
        person_ref=person_ref,
        place=cmd.place,
        trip=Trip(
            origin_code=origin_code,
            arrived_on=cmd.trip.arrived_on,
            transport=cmd.trip.transport,
            proof=cmd.trip.proof,
        ),
        decision=decision,
        reason_sealed=keeper.vault.seal(key, REASON, reason) if reason else None,
        approved_by=cmd.choice.approved_by,
        policy_version=rules.version,
        risk_revision=areas.revision,
        registered_at=registered_at,
        content_index=keeper.vault.index(CONTENT, cmd.content),
    )
    await intake_details.keep(tx, cmd.intake_id, details, decision.proposed, key)
    async with tx.beyond():  # whichever compound their passes are of, and wherever a gate reported them
        await pass_life.suspend_all(tx, person_ref, "under_observation")
        await intake_tasks.complete_of(tx, person_ref, cmd.intake_id)
    kept = await intake(tx, cmd.intake_id)
    await tx.publish(registration_of(kept), version=await store.times_told(tx, person_ref))
    return kept, True


async def _rules_on(day: date, *, tx: Tx) -> PolicyVersion:
    """The policy of the day of registration.

    Raises:
        RegisteredBeforeRules: there was none yet on a day that is over.
        PolicyUnknown: none is in force today.
    """
    try:
        return await policy.in_force(tx, day)
    except PolicyUnknown:
        if day == tx.today:
            raise
        raise RegisteredBeforeRules(
            "该日尚无现行规则。No policy was in force on that day.",
            field="registered_at",
            remedy="核对日期；此前登记的，按今日登记。Check the day; what was taken before is registered as of today.",
        ) from None


def registration_of(row: asyncpg.Record, corrects: StatedBefore | None = None) -> ReturneeRegistered:
    """What is told of an intake as it stands."""
    return ReturneeRegistered(
        intake_id=row["intake_id"],
        person_ref=row["person_ref"],
        compound=row["compound_id"],
        dwelling_id=row["dwelling_id"],
        grid=row["grid_id"],
        category=row["category"],
        measure=row["measure"],
        origin_code=row["origin_code"],
        anchor_date=row["anchor_date"],
        anchor_basis=row["anchor_basis"],
        policy_version=row["policy_version"],
        risk_revision=row["risk_revision"],
        registered_at=row["registered_at"],
        corrects=corrects,
    )


async def propose(trip: Trip, details: Details, *, tx: Tx, origin: str | None = None) -> Proposed:
    """What would be decided today, before anybody chooses: nothing is written.

    `origin` is where the book has the person registered; it counts only where policy says so.

    Raises:
        As `register` does for the trip.
    """
    rules, areas = await policy.in_force(tx, tx.today), await risk.in_force(tx, tx.today)
    _, _, decision = await decide_trip(
        trip, details, Choice(), rules=rules, areas=areas, day=tx.today, tx=tx, origin=origin
    )
    return Proposed(decision=decision, policy=rules, risk_revision=areas.revision)


async def decide_trip(
    trip: Trip,
    details: Details,
    choice: Choice,
    *,
    rules: PolicyVersion,
    areas: RiskList,
    day: date,
    tx: Tx,
    origin: str | None = None,
) -> tuple[str, Details, IntakeDecision]:
    """The origin and the places on the way in one spelling, and what follows from the gravest of them (R4.6).

    `origin` is where the book has the person registered, which counts only where policy says so.

    Raises:
        ArrivalInFuture, ViaOutsideWindow, ProofContradicts, MeasureNotAllowed, ApprovalRequired, DivisionUnknown.
    """
    observation = rules.document.observation
    origin_code = await risk.one_code(tx, trip.origin_code, field="trip.origin_code")
    decide_details(details, arrived_on=trip.arrived_on, proof=trip.proof, days=observation.days)
    details = await intake_details.in_one_spelling(tx, details)
    been = [origin_code, *(via.code for via in details.via)]
    registered = decide_origin(origin, areas.areas, rules.document.risk.origin)
    decision = decide_intake(
        trip,
        choice,
        category=gravest([registered.category, *(category_of(code, areas.areas) for code in been)]),
        rules=observation,
        registered_on=day,
    )
    return origin_code, details, decision


async def intake(tx: Tx, intake_id: UUID) -> asyncpg.Record:
    """An intake with what observation made of it.

    Raises:
        IntakeUnknown: there is no such intake.
    """
    found = await store.intake(tx, intake_id)
    if found is None:
        raise IntakeUnknown("没有这条登记。There is no such intake.")
    return found


async def _person(cmd: RegisterReturnee, *, tx: Tx, keeper: Keeper, on: date) -> UUID:
    """Find the person by a verified document where they live here already; else enter them at the dwelling."""
    verified = [document for document in cmd.returnee.documents if document.verified]
    holders = {await people.holder(tx, document, keeper.vault) for document in verified} - {None}
    if len(holders) > 1:
        raise DocumentOfAnother(
            "所填证件分属两人。The documents belong to two people.", field="person.documents"
        )
    for holder in holders:
        if holder and await store.lives_at(tx, holder, cmd.place.home.dwelling_id):
            return holder
    who = cmd.returnee
    person = NewPerson(
        name=who.name,
        sex=who.sex,
        born=who.born,
        documents=tuple(who.documents),
        phone=who.phone,
        origin_code=None,  # where somebody is registered is not asked here: the category comes from the trip (R4.6)
        registered_on=on,
    )
    return await people.register_person(tx, keeper, person, cmd.place.home.dwelling_id, who.relation)


async def _refuse_if_observed(tx: Tx, person_ref: UUID) -> None:
    for seen in await store.observations_of(tx, person_ref):
        if seen.known.phase not in {"completed", "closed"}:
            case = str(seen.case_id) if seen.case_id else None
            raise AlreadyObserved(
                "此人正在健康观察中。The person is under observation.", case_id=case, state=seen.known.phase
            )


async def follow_start(event: ObservationStarted, *, tx: Tx, keeper: Keeper) -> None:
    """An observation began: keep it, stop the person's passes, tell observation how to reach them (O10)."""
    await store.lock_person(tx, event.person_ref)
    fresh = await store.start_observation(
        tx,
        event.case_id,
        event.person_ref,
        event.compound,
        last_day=event.last_day,
        pass_from=event.last_day + timedelta(days=1),
        started_at=event.started_at,
    )
    if fresh:
        await pass_life.suspend_all(tx, event.person_ref, "under_observation")
        await _contact_card(event.person_ref, event.compound, event.dwelling_id, tx=tx, keeper=keeper)


async def refresh_contact(tx: Tx, keeper: Keeper, person_ref: UUID) -> None:
    """Tell observation, and who fetches waste, again how to reach somebody who is watched, where that changed."""
    if (case := await store.open_case(tx, person_ref)) is not None:
        place = CompoundId(case["compound_id"]), case["dwelling_id"]
        await _contact_card(PersonRef(person_ref), *place, tx=tx, keeper=keeper)
        await pickup_cards.refresh(tx, keeper, person_ref, *place)


async def _contact_card(
    person_ref: PersonRef, compound: CompoundId, dwelling_id: UUID | None, *, tx: Tx, keeper: Keeper
) -> None:
    """Observation's card: name, phone, room, verified documents, by which a questionnaire's lines find people (R4.2).

    Sent when a case opens, and again only when it says something else.
    """
    found = await people_reading.profiles(tx, [person_ref], keeper.vault)
    if not found:  # erased meanwhile: there is nothing to tell
        return
    homes = [living.home for living in found[0].homes if living.home.dwelling_id == dwelling_id]
    card: Mapping[str, Any] = {
        "name": found[0].name,
        "phone": found[0].phone or None,
        "room": homes[0].key.shown() if homes else None,
        "documents": sorted(one.number for one in found[0].documents if one.verified),
        "compound": compound,
    }
    digest = keeper.vault.index(CARD, json.dumps(card, ensure_ascii=False, sort_keys=True))
    version = await store.next_card(tx, "observation", person_ref, digest)
    if version is not None:
        sealed = keeper.cards.seal_card("observation", card)
        await tx.publish(
            SubjectCardSealed(recipient="observation", person_ref=person_ref, compound=compound, card=sealed),
            version=version,
        )
