"""People who came back, over HTTP (R2.7, R4.6 to R4.9)."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints, model_validator

from services.registry import metrics
from services.registry.api.common import (
    Day,
    Instant,
    PersonName,
    PhoneOrNone,
    Running,
    cause,
    keeper_of,
    roles_of,
)
from services.registry.api.identities import DocumentBody, documents_of, sex_and_birth
from services.registry.api.intake_bodies import FullTripBody, HealthAnswer, HealthBody, ViaAnswer, details_of
from services.registry.domain.errors import CompoundUnknown, DwellingUnknown
from services.registry.domain.intake_details import ProofKind, SuzhouCode
from services.registry.domain.people import RegisteredMeanwhile, Relation, Sex, masked_name
from services.registry.domain.premises import AddressKey, building_name, meant, room_name
from services.registry.domain.returnees import RULE_TEXTS, Choice, Transport
from services.registry.domain.stated import StatedPerson
from services.registry.handlers import intake_details, people_reading
from services.registry.handlers import returnees as handlers
from services.registry.handlers.returnees import RegisterReturnee, Returnee
from services.registry.store import returnees as store
from services.registry.store.returnees import Place
from shared.audit.noting import note_reads
from shared.context import Context
from shared.db.pool import Conn
from shared.events.policy_observation import Category, Measure
from shared.events.registry.returnees import AnchorBasis
from shared.http.access import Caller, Principal, ScopeKind
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.cells import compact
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["returnees"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
_TRIES = 3

Part = Annotated[str, StringConstraints(max_length=40)]
State = Literal["pending", "in_force", "interrupted", "awaiting_closure", "completed", "closed"]


class PersonBody(Body):
    """Who came back. Sex and birth date may be left out where a resident ID tells them."""

    name: PersonName
    documents: list[DocumentBody] = Field(max_length=3)
    phone: PhoneOrNone = ""
    sex: Sex | None = None
    born: Day | None = None
    relation: Relation = Relation.TENANT


class DwellingBody(Body):
    """Where they stay: a dwelling's id, or its address."""

    dwelling_id: UUID | None = None
    compound: CompoundId | None = Field(default=None, examples=["lj-001"])
    building: Part = Field(default="", examples=["8幢"])
    unit: Part = Field(default="", examples=["2单元"])
    room: Part = Field(default="", examples=["501"])

    @model_validator(mode="after")
    def _one_way_of_naming(self) -> Self:
        by_address = self.compound is not None and self.building and self.room
        if bool(by_address) == (self.dwelling_id is not None):
            raise ValueError(
                "填写房屋编号，或填写小区、楼栋、单元和室号（二选一）。"
                "Name either dwelling_id or compound, building, unit and room."
            )
        return self


class ChoiceBody(Body):
    """What the officer chose instead of what policy proposes, why, and who approved it (role and unit)."""

    measure: Measure | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    approved_by: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None


class ReturneeBody(Body):
    """An intake. `intake_id` is made by the client and makes a repeat harmless."""

    intake_id: UUID
    person: PersonBody
    dwelling: DwellingBody
    trip: FullTripBody
    health: HealthBody | None = None
    suzhou_code: SuzhouCode | None = Field(default=None, description="For reference only; decides nothing.")
    registered_at: Instant | None = Field(
        default=None, description="Where it was taken on paper before; else now."
    )
    choice: ChoiceBody = ChoiceBody()


class ReturneeLine(Answer):
    """An intake as lists show it: by pseudonym."""

    intake_id: UUID
    person_ref: UUID
    compound: str
    grid: str
    category: Category
    measure: Measure
    anchor_date: date
    anchor_basis: AnchorBasis
    last_day: date
    pass_from: date
    state: State
    case_id: UUID | None
    registered_at: datetime


class ReturneeAnswer(ReturneeLine):
    """What was decided, what policy proposed, and by which rule. Day 0 is `anchor_date`; a pass follows `pass_from`."""

    dwelling_id: UUID
    rule: str
    proposed: Measure | None
    approved_by: str | None
    policy_version: int
    risk_revision: int


class ReturneeProfile(ReturneeAnswer):
    """The same with trip, masked name and room. Reading it is recorded."""

    name: str | None
    room: str | None
    origin_code: str
    arrived_on: date
    transport: Transport
    proof: bool
    via: list[ViaAnswer]
    transport_number: str | None
    proof_kind: ProofKind | None
    suzhou_code: SuzhouCode | None
    health: HealthAnswer | None


@router.post("/v1/returnees", summary="Register somebody who came back", status_code=201)
async def register_returnee(
    body: ReturneeBody, who: Caller, context: Running, response: Response
) -> ReturneeAnswer:
    """Decide the measure by where they have been and the period by when they came; observation starts by itself.

    The same intake sent again gets the first answer (200); with other content it is 422. `already_observed` names
    the case of an observation in force.
    """
    row, new = await _register(body, who, context)
    metrics.REGISTRATIONS.labels("returnee", "api", "new" if new else "duplicate").inc()
    response.status_code = 201 if new else 200
    return ReturneeAnswer(**answer_fields(row))


async def _register(body: ReturneeBody, who: Principal, context: Context) -> tuple[asyncpg.Record, bool]:
    for attempt in range(1, _TRIES + 1):
        try:
            async with context.database.begin(actor=who.subject, cause=cause()) as tx:
                place = await place_within(tx, body.dwelling, who)
                return await handlers.register(_command(body, place), tx=tx, keeper=keeper_of(context))
        except RegisteredMeanwhile:  # now the person is in the book: look again
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


@router.get("/v1/returnees", summary="Returnees of a compound")
async def list_returnees(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    *,
    state: Annotated[State | None, Query()] = None,
    category: Annotated[Category | None, Query()] = None,
    measure: Annotated[Measure | None, Query()] = None,
    arrived_from: Annotated[Day | None, Query(description="Who arrived on this day or later.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ReturneeLine]:
    """Tell intakes in the order of their recording, those of the caller's grids only where the grant is narrower."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        neighbourhood = await store.neighbourhood_of(conn, compound)
        if neighbourhood is None:
            raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
        whole = who.reaches(compound=compound, neighbourhood=neighbourhood)
        grids = None if whole else [s.id for s in who.scopes_for() if s.kind is ScopeKind.GRID and s.id]
        if grids == []:
            who.require_compound(compound, neighbourhood=neighbourhood)
        rows = await store.intakes_of(
            conn,
            compound,
            grids=grids,
            wanted=store.Wanted(state=state, category=category, measure=measure, arrived_from=arrived_from),
            after=(last[0], last[1]),
            limit=limit + 1,
        )
    more = (
        _AFTER.write(rows[limit - 1]["recorded_at"], rows[limit - 1]["intake_id"])
        if len(rows) > limit
        else None
    )
    return Page(items=[ReturneeLine(**_line(row)) for row in rows[:limit]], next=more)


@router.get("/v1/returnees/{intake_id}", summary="An intake")
async def read_returnee(intake_id: UUID, who: Caller, context: Running) -> ReturneeProfile:
    """Tell an intake with its trip; the name is masked, and the reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await handlers.intake(tx, intake_id)
        who.require_compound(row["compound_id"], neighbourhood=row["neighbourhood_id"], grid=row["grid_id"])
        found = await people_reading.profiles(tx, [row["person_ref"]], context.vault)
        place = await store.dwelling(tx, row["dwelling_id"])
        key = (await context.vault.keys([row["person_ref"]])).get(row["person_ref"])
        await note_reads(
            tx,
            action="returnee.read",
            role=roles_of(who),
            refs=[row["person_ref"]],
            scope=f"compound:{row['compound_id']}",
        )
    return ReturneeProfile(
        **answer_fields(row),
        name=masked_name(found[0].name) if found else None,
        room=place.home.key.shown() if place and found else None,
        origin_code=row["origin_code"],
        arrived_on=row["arrived_on"],
        transport=row["transport"],
        proof=row["proof"],
        **intake_details.opened(row, key),
    )


async def place_within(conn: Conn, body: DwellingBody, who: Principal) -> Place:
    """The dwelling that is named, within the caller's scope.

    Raises:
        DwellingUnknown: the address list has none.
        OutOfScope: it is not the caller's.
    """
    if body.dwelling_id is not None:
        found = await store.dwelling(conn, body.dwelling_id)
    else:
        building, room = building_name(compact(body.building)), room_name(compact(body.room))
        key = AddressKey(body.compound or CompoundId(""), building, compact(body.unit), room)
        tried = [await store.dwelling_at(conn, one) for one in meant(key)]
        found = next((at for at in tried if at is not None), None)
    if found is None:
        raise DwellingUnknown(
            "地址表中没有这个房屋。The address list has no such dwelling.", field="dwelling"
        )
    who.require_compound(found.compound, neighbourhood=found.neighbourhood, grid=found.grid)
    return found


def _command(body: ReturneeBody, place: Place) -> RegisterReturnee:
    return RegisterReturnee(
        intake_id=body.intake_id,
        returnee=_returnee(body.person),
        place=place,
        trip=body.trip.trip(),
        details=details_of(body.trip, body.health, body.suzhou_code),
        choice=Choice(**dict(body.choice)),
        registered_at=body.registered_at,
        content=_content(body),
    )


def _returnee(body: PersonBody) -> Returnee:
    documents = documents_of(body.documents, field="person.documents")
    sex, born = sex_and_birth(documents, body.sex, body.born, field="person.")
    return Returnee(
        name=body.name,
        sex=sex,
        born=born,
        documents=documents,
        phone=body.phone,
        relation=body.relation,
    )


def stated_person(body: PersonBody) -> StatedPerson:
    """Somebody as a survey keeps them.

    Raises:
        PersonIncomplete: a document cannot be read, or nothing tells sex and birth date.
    """
    who = _returnee(body)
    return StatedPerson(
        name=who.name,
        sex=who.sex,
        born=who.born,
        documents=tuple(who.documents),
        phone=who.phone,
        relation=who.relation,
    )


def _content(body: ReturneeBody) -> str:
    """The request as one text; what it says nothing of is left out, so that it stays the same as fields are added."""
    unsaid = {name: True for name in ("health", "suzhou_code") if getattr(body, name) is None}
    trip = {name: True for name in ("via", "transport_number", "proof_kind") if not getattr(body.trip, name)}
    return body.model_dump_json(exclude={"intake_id": True, "trip": trip, **unsaid})


def _line(row: asyncpg.Record) -> dict[str, Any]:
    kept = (
        "intake_id",
        "person_ref",
        "category",
        "measure",
        "anchor_date",
        "anchor_basis",
        "last_day",
        "pass_from",
    )
    return {
        **{name: row[name] for name in (*kept, "state", "case_id", "registered_at")},
        "compound": row["compound_id"],
        "grid": row["grid_id"],
    }


def answer_fields(row: asyncpg.Record) -> dict[str, Any]:
    """What a `ReturneeAnswer` says of an intake."""
    return {
        **_line(row),
        **{
            name: row[name]
            for name in ("dwelling_id", "proposed", "approved_by", "policy_version", "risk_revision")
        },
        "rule": RULE_TEXTS[row["category"]],
    }
