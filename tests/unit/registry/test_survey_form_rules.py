"""Household forms: what may be stated, which form holds in whatever order they arrive, where two disagree."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.documents import Document, DocumentKind
from services.registry.domain.people import Relation, Sex
from services.registry.domain.returnees import Trip
from services.registry.domain.stated import StatedPerson
from services.registry.domain.survey_forms import (
    Difference,
    Filed,
    Finding,
    Form,
    FormInconsistent,
    FormOutcome,
    Member,
    Offer,
    Standing,
    VisitOutsideRound,
    WitnessRequired,
    decide_form,
    decide_standing,
    differences,
    visits_apart,
)
from shared.events.policy import SurveyRules

NOW = datetime(2020, 2, 24, 4, 0, tzinfo=UTC)
OPENED = NOW - timedelta(hours=3)
RULES = SurveyRules(
    empty_witnesses=("property_staff", "neighbour"), absent_visits=3, visit_spacing_minutes=240
)
TRIP = Trip(origin_code="330300", arrived_on=date(2020, 2, 24), transport="train", proof=True)


def person(nth: int = 1, **changes: Any) -> StatedPerson:
    made = StatedPerson(
        name="欧阳海棠",
        sex=Sex.FEMALE,
        born=date(1990, 3, nth),
        documents=(Document(kind=DocumentKind.PASSPORT, number=f"E1234567{nth}"),),
        phone="19900000001",
        relation=Relation.TENANT,
    )
    return replace(made, **changes)


def known(nth: int, state: Any = "present") -> Member:
    return Member(state=state, person_ref=UUID(int=nth))


def new(nth: int, **changes: Any) -> Member:
    return Member(state="new", stated=person(nth, **changes))


def form(outcome: str = "done", *members: Member, **fields: Any) -> Form:
    return Form(outcome=FormOutcome(outcome), visited_at=fields.pop("at", NOW), members=members, **fields)


def check(stated: Form) -> None:
    decide_form(stated, opened_at=OPENED, now=NOW, tolerance=timedelta(seconds=300), rules=RULES)


@pytest.mark.requirement("R4.1")
@pytest.mark.parametrize(
    ("stated", "field"),
    [
        (form("done"), "members"),
        (form("done", known(1, "gone")), "members"),
        (form("done", known(1), known(1)), "members"),
        (form("empty", known(1), witness="neighbour"), "members"),
        (form("absent", known(1)), "members"),
        (form("refused", new(1)), "members"),
        (form("done", known(1), findings=(Finding(kind="other", member=1),)), "findings.0.member"),
        (form("done", known(1), findings=(Finding(kind="unregistered_returnee", member=0),)), "findings.0"),
        (form("done", known(1), findings=(Finding(kind="unregistered_returnee", trip=TRIP),)), "findings.0"),
        (form("done", known(1), findings=(Finding(kind="other", trip=TRIP),)), "findings.0.trip"),
        (
            form(
                "done",
                known(1),
                known(2, "gone"),
                findings=(Finding(kind="unregistered_returnee", member=1, trip=TRIP),),
            ),
            "findings.0",
        ),
        (form("done", known(1), offers=(Offer(member=1, kind="deliveries"),)), "offers.0.member"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(stated: Form, field: str) -> None:
    with pytest.raises(FormInconsistent) as refused:
        check(stated)
    assert refused.value.field == field


@pytest.mark.scenario("P8")
@pytest.mark.parametrize("witness", [None, "grid_leader"])
def test_empty_needs_a_witness_whom_policy_accepts(witness: Any) -> None:
    with pytest.raises(WitnessRequired) as refused:
        check(form("empty", known(1, "gone"), witness=witness))
    assert refused.value.extra == {"witnesses": ["property_staff", "neighbour"]}
    check(form("empty", known(1, "gone"), witness="neighbour"))
    decide_form(form("empty"), opened_at=OPENED, now=NOW, tolerance=timedelta(0), rules=None)


@pytest.mark.parametrize(("minutes", "fits"), [(-186, False), (-185, True), (0, True), (5, True), (6, False)])
def test_a_visit_lies_within_the_round_as_far_as_clocks_go(minutes: int, *, fits: bool) -> None:
    stated = form("absent", at=NOW + timedelta(minutes=minutes))
    if fits:
        check(stated)
    else:
        with pytest.raises(VisitOutsideRound):
            check(stated)


def filed(nth: int, stated: Form, source: Any = "worker", corrects: int | None = None) -> Filed:
    return Filed(
        submission_id=UUID(int=nth),
        source=source,
        corrects=UUID(int=corrects) if corrects else None,
        form=stated,
    )


LATER = NOW + timedelta(hours=1)


@pytest.mark.scenario("P7")
@pytest.mark.parametrize(
    ("arriving", "current", "standing"),
    [
        (filed(2, form("absent")), None, Standing.CURRENT),
        (filed(2, form("done", known(1))), filed(1, form("absent", at=LATER)), Standing.CURRENT),
        (filed(2, form("absent", at=LATER)), filed(1, form("done", known(1))), Standing.KEPT),
        (filed(2, form("refused", at=LATER)), filed(1, form("absent")), Standing.CURRENT),
        (filed(2, form("refused")), filed(1, form("absent", at=LATER)), Standing.KEPT),
        (filed(2, form("done", known(1))), filed(1, form("done", known(1))), Standing.KEPT),
        (filed(2, form("done", known(1))), filed(1, form("done", known(1), known(2))), Standing.CONFLICTING),
        (
            filed(2, form("empty", witness="neighbour")),
            filed(1, form("done", known(1))),
            Standing.CONFLICTING,
        ),
        (filed(2, form("done", known(2)), corrects=1), filed(1, form("done", known(1))), Standing.CURRENT),
        (filed(1, form("done", known(1))), filed(2, form("done", known(2)), corrects=1), Standing.KEPT),
        (filed(2, form("done", known(1))), filed(1, form("done", known(3)), "online"), Standing.CURRENT),
        (filed(2, form("absent")), filed(1, form("done", known(3)), "online"), Standing.KEPT),
        (filed(2, form("done", known(1)), "online"), filed(1, form("absent")), Standing.CURRENT),
    ],
)
def test_which_form_holds(arriving: Filed, current: Filed | None, standing: Standing) -> None:
    assert decide_standing(arriving, current) is standing


@pytest.mark.scenario("P7")
def test_where_two_lists_of_members_disagree() -> None:
    first = (known(1), new(2), known(3), Member(state="new", person_ref=UUID(int=9), stated=person(9)))
    second = (known(1), new(2, phone="19900000009"), known(3, "gone"), known(9), new(5))
    assert list(differences(first, second)) == [
        Difference(first=1, second=1, fields=("phone",)),
        Difference(first=2, second=2, fields=("state",)),
        Difference(second=4),
    ]
    assert list(differences(first, first)) == []
    by_name = (new(2, documents=()),)
    assert list(differences((new(2),), by_name)) == [Difference(first=0, second=0, fields=("documents",))]
    assert list(differences((known(1),), (new(2),))) == [Difference(first=0), Difference(second=0)]


@pytest.mark.scenario("P8")
@pytest.mark.parametrize(
    ("minutes", "visits"), [((0, 240, 480), 3), ((0, 10, 20), 1), ((480, 0, 239), 2), ((), 0)]
)
def test_nobody_home_counts_at_different_times(minutes: tuple[int, ...], visits: int) -> None:
    assert visits_apart([NOW + timedelta(minutes=one) for one in minutes], timedelta(minutes=240)) == visits


FORMS = st.one_of(
    st.builds(lambda at: form("absent", at=at), st.sampled_from([NOW, LATER])),
    st.builds(lambda at: form("refused", at=at), st.sampled_from([NOW, LATER])),
    st.just(form("empty", witness="neighbour")),
    st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True).map(
        lambda refs: form("done", *(known(one) for one in refs))
    ),
)


def played(order: tuple[Filed, ...]) -> tuple[FormOutcome, bool, int]:
    """What a dwelling ends as: its outcome where nothing disagrees, whether something does, how many forms hold."""
    current: Filed | None = None
    conflict = False
    for one in order:
        standing = decide_standing(one, current)
        conflict = conflict or standing is Standing.CONFLICTING
        current = one if standing is Standing.CURRENT else current
    assert current is not None
    return (FormOutcome.DONE if conflict else current.form.outcome), conflict, 1


@settings(max_examples=60, deadline=None)
@given(st.lists(FORMS, min_size=1, max_size=4))
def test_how_a_dwelling_ends_does_not_depend_on_the_order_of_uploads(stated: list[Form]) -> None:
    every = [filed(nth, one) for nth, one in enumerate(stated, start=1)]
    assert len({played(order) for order in permutations(every)}) == 1
