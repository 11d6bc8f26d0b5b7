"""Deaths, departures, moves and tenants as rules: values in, values out."""

from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.documents import DocumentKind, read_document
from services.registry.domain.errors import PersonIncomplete
from services.registry.domain.people import Relation
from services.registry.domain.people_life import (
    DayInFuture,
    DayTooEarly,
    DocumentConflicts,
    LivesNowhere,
    LivesThereAlready,
    PersonDeceased,
    Resident,
    Stay,
    decide_death,
    decide_departure,
    decide_document,
    decide_move,
    decide_tenancy_end,
)
from shared.kernel.refusal import Refusal

TODAY, BORN = date(2020, 2, 24), date(1990, 3, 7)
A, B, C = (UUID(int=n) for n in (1, 2, 3))
ONE = UUID(int=11)


def stay(
    at: UUID = A,
    relation: Relation = Relation.TENANT,
    *,
    resident: bool = True,
    since: date = date(2020, 2, 1),
) -> Stay:
    return Stay(person_ref=ONE, dwelling_id=at, relation=relation, resident=resident, registered_on=since)


def resident(*stays: Stay, died_on: date | None = None) -> Resident:
    return Resident(person_ref=ONE, born=BORN, died_on=died_on, stays=stays)


def told(stays: list[Stay]) -> list[tuple[UUID, bool, date | None]]:
    return [(one.dwelling_id, one.resident, one.ended_on) for one in stays]


def test_a_death_ends_every_stay_also_one_registered_afterwards() -> None:
    person = resident(stay(A), stay(B, Relation.OWNER, resident=False), stay(C, since=TODAY))
    assert told(decide_death(person, date(2020, 2, 20), TODAY)) == [
        (A, True, date(2020, 2, 20)),
        (B, False, date(2020, 2, 20)),
        (C, True, TODAY),
    ]


@pytest.mark.parametrize(
    ("died_on", "refusal"),
    [(date(2020, 2, 25), DayInFuture), (date(1990, 3, 6), DayTooEarly), (BORN, None), (TODAY, None)],
)
def test_a_death_never_precedes_the_birth_nor_lies_ahead(
    died_on: date, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        assert decide_death(resident(), died_on, TODAY) == []
        return
    with pytest.raises(refusal):
        decide_death(resident(), died_on, TODAY)


@pytest.mark.scenario("P4")
@pytest.mark.parametrize(
    ("gives_up", "expected"),
    [
        (False, [(A, True, TODAY), (B, False, None)]),
        (True, [(A, True, TODAY), (B, True, TODAY), (C, False, TODAY)]),
    ],
)
def test_who_leaves_stays_the_owner_unless_they_give_it_up(
    *, gives_up: bool, expected: list[tuple[UUID, bool, date | None]]
) -> None:
    person = resident(stay(A), stay(B, Relation.OWNER), stay(C, Relation.OWNER, resident=False))
    assert told(decide_departure(person, TODAY, TODAY, gives_up=gives_up)) == expected


def test_an_owner_who_comes_back_to_their_own_flat_is_its_owner_again() -> None:
    person = resident(stay(A), stay(B, Relation.OWNER, resident=False))
    *left, arrived = decide_move(person, TODAY, TODAY, left=None, to=B, relation=Relation.DEPENDANT)
    assert told(left) == [(A, True, TODAY)]
    assert (arrived.dwelling_id, arrived.relation, arrived.resident) == (B, Relation.OWNER, True)


@pytest.mark.parametrize(
    ("person", "left", "to", "day", "refusal"),
    [
        (resident(stay(A)), None, A, TODAY, LivesThereAlready),
        (resident(stay(A)), B, C, TODAY, LivesNowhere),
        (resident(), None, C, TODAY, LivesNowhere),
        (resident(stay(A)), None, B, date(2020, 1, 31), DayTooEarly),
        (resident(stay(A)), None, B, date(2020, 2, 25), DayInFuture),
        (resident(died_on=TODAY), None, B, TODAY, PersonDeceased),
    ],
)
def test_moves_that_cannot_be(
    person: Resident, left: UUID | None, to: UUID, day: date, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        decide_move(person, day, TODAY, left=left, to=to, relation=Relation.TENANT)


def test_with_the_tenants_leave_those_who_depend_on_them_but_never_the_owners_family() -> None:
    def lives(nth: int, relation: Relation) -> Resident:
        ref = UUID(int=nth)
        own = Stay(person_ref=ref, dwelling_id=A, relation=relation, resident=True, registered_on=TODAY)
        return Resident(person_ref=ref, born=BORN, died_on=None, stays=(own,))

    tenant, dependant, owner = (
        lives(1, Relation.TENANT),
        lives(2, Relation.DEPENDANT),
        lives(3, Relation.OWNER),
    )
    let = decide_tenancy_end([tenant, dependant], A, TODAY, TODAY)
    shared = decide_tenancy_end([tenant, dependant, owner], A, TODAY, TODAY)
    assert [one.person_ref.int for one in let] == [1, 2]
    assert [one.person_ref.int for one in shared] == [1]


@pytest.mark.scenario("P3")
def test_a_passport_is_renewed_a_resident_id_never_changes_its_number() -> None:
    held = [
        read_document(DocumentKind.RESIDENT_ID, "11010519491231002X"),
        read_document(DocumentKind.PASSPORT, "ZX0100001"),
    ]
    decide_document(held, read_document(DocumentKind.PASSPORT, "ZX0100002"))
    decide_document(held, read_document(DocumentKind.RESIDENT_ID, "110105194912310020"))  # unverified: kept
    with pytest.raises(PersonIncomplete):  # "none" is what somebody without a document has, not one to attach
        decide_document(held, read_document(DocumentKind.NONE, "1"))
    with pytest.raises(DocumentConflicts):
        decide_document(held, read_document(DocumentKind.RESIDENT_ID, "440524188001010014"))
