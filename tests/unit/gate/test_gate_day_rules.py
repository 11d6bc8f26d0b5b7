"""Who comes in again on the same day is not asked again; mask, temperature and pass are never skipped (R2.3)."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.client.vectors import AT, POLICIES
from services.gate.domain.entry import (
    Answers,
    EntryAttempt,
    GateRecords,
    KnownPass,
    PassState,
    Proof,
    Purpose,
    Restriction,
    SubjectKind,
    decide_entry,
)
from services.gate.domain.rulings import Direction, Reason
from shared.kernel.ids import CompoundId, PersonRef

HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
ASKS = replace(POLICIES["default"], musts=POLICIES["default"].musts | {"ask"})
WANG, LI = PersonRef(UUID(int=1)), PersonRef(UUID(int=2))
NO = Answers(been_to_focus_area=False, contact_with_case=False, unwell=False)
SCANNED = EntryAttempt(
    here=HERE,
    direction=Direction.ENTRY,
    kind=SubjectKind.PASS_TOKEN,
    mask=True,
    temperature_c=Decimal("36.5"),
    at=AT,
)
PASS = KnownPass(
    pass_id=UUID(int=9),
    serial=1,
    person_ref=WANG,
    compound=HERE,
    state=PassState.ACTIVE,
    valid_from=AT,
    valid_until=AT.replace(month=12),
)
HOLDER = GateRecords(people=frozenset({WANG}), entry_pass=PASS, proof=Proof.VERIFIED, serial=1)
AGAIN = replace(HOLDER, entries_today=1)


@pytest.mark.requirement("R2.3", "R2.5")
@pytest.mark.parametrize(
    ("attempt", "known", "verdict", "action"),
    [
        pytest.param(SCANNED, HOLDER, "cannot_verify", "ask_questions", id="first entry, not asked"),
        pytest.param(replace(SCANNED, answers=NO), HOLDER, "admit", None, id="first entry, asked"),
        pytest.param(
            replace(SCANNED, answers=replace(NO, unwell=None)),
            HOLDER,
            "cannot_verify",
            "ask_questions",
            id="half of the questions",
        ),
        pytest.param(SCANNED, AGAIN, "admit", None, id="again, not asked"),
        pytest.param(
            replace(SCANNED, answers=Answers(unwell=True)),
            AGAIN,
            "admit_with_action",
            "report_to_community",
            id="again, and says so by themselves",
        ),
        pytest.param(replace(SCANNED, mask=None), AGAIN, "cannot_verify", "look_at_mask", id="again, mask"),
        pytest.param(
            replace(SCANNED, temperature_c=None), AGAIN, "cannot_verify", "measure_temperature", id="again, t"
        ),
        pytest.param(
            replace(SCANNED, temperature_c=None), HOLDER, "cannot_verify", "measure_temperature", id="t first"
        ),
        pytest.param(
            SCANNED,
            replace(AGAIN, proof=Proof.FORGED, entry_pass=None),
            "refuse",
            "report_forgery",
            id="pass",
        ),
        pytest.param(
            replace(SCANNED, kind=SubjectKind.DWELLING_SURNAME),
            GateRecords(people=frozenset({WANG, LI}), entries_today=1),
            "cannot_verify",
            "match_document",
            id="which of two it is, nobody knows",
        ),
        pytest.param(
            replace(SCANNED, direction=Direction.EXIT), HOLDER, "admit", None, id="nobody is asked going out"
        ),
        pytest.param(
            replace(SCANNED, kind=SubjectKind.VISITOR, purpose=Purpose.EMERGENCY),
            GateRecords(),
            "admit_with_action",
            "log_and_let_through",
            id="an ambulance is asked nothing",
        ),
    ],
)
def test_ask_where_policy_has_it_is_due_at_the_first_entry_of_the_day_only(
    attempt: EntryAttempt, known: GateRecords, verdict: str, action: str | None
) -> None:
    decision = decide_entry(attempt, known, ASKS)
    assert (decision.verdict, decision.action) == (verdict, action)


measures = st.sampled_from(["home_self_monitoring", "home_quarantine", "centralized_observation", "medical"])
attempts = st.builds(
    EntryAttempt,
    here=st.just(HERE),
    direction=st.sampled_from(Direction),
    kind=st.sampled_from(SubjectKind),
    purpose=st.sampled_from(Purpose),
    mask=st.sampled_from([True, False, None]),
    temperature_c=st.sampled_from([None, *map(Decimal, ("36.5", "37.3", "3.65"))]),
    answers=st.builds(
        Answers,
        been_to_focus_area=st.sampled_from([True, False, None]),
        contact_with_case=st.sampled_from([True, False, None]),
        unwell=st.sampled_from([True, False, None]),
    ),
    at=st.just(AT),
)
records = st.builds(
    GateRecords,
    people=st.sampled_from([frozenset[PersonRef](), frozenset({WANG}), frozenset({WANG, LI})]),
    entry_pass=st.none()
    | st.builds(
        replace,
        st.just(PASS),
        state=st.sampled_from(PassState),
        compound=st.sampled_from([HERE, THERE]),
        serial=st.sampled_from([1, 2]),
    ),
    proof=st.sampled_from(Proof),
    serial=st.sampled_from([None, 1, 2]),
    restrictions=st.lists(
        st.builds(Restriction, measure=measures, compound=st.sampled_from([HERE, THERE])), max_size=2
    ).map(tuple),
    list_age_seconds=st.sampled_from([None, 0, 14_401, 86_401]),
)


def filled(answers: Answers) -> Answers:
    """The same answers with a no wherever nobody asked."""
    return Answers(
        been_to_focus_area=bool(answers.been_to_focus_area),
        contact_with_case=bool(answers.contact_with_case),
        unwell=bool(answers.unwell),
    )


@given(attempts, records)
def test_coming_again_skips_the_questions_and_nothing_else(attempt: EntryAttempt, known: GateRecords) -> None:
    again = decide_entry(attempt, replace(known, entries_today=1), ASKS)
    if known.person is None:
        assert again == decide_entry(attempt, known, ASKS)
        return
    asked = replace(attempt, answers=filled(attempt.answers))
    assert again == decide_entry(asked, known, ASKS)
    first = decide_entry(attempt, known, ASKS)
    assert set(first.reasons) - set(again.reasons) <= {Reason.INCOMPLETE}
    assert again.verdict.severity <= first.verdict.severity


@given(attempts, records, st.integers(0, 3), st.integers(0, 3), st.sampled_from([0, 14_401, 86_401]))
def test_a_device_that_knows_fewer_entries_of_the_day_is_never_more_permissive(
    attempt: EntryAttempt, known: GateRecords, here: int, elsewhere: int, age: int
) -> None:
    online = decide_entry(
        attempt, replace(known, list_age_seconds=None, entries_today=here + elsewhere), ASKS
    )
    alone = decide_entry(attempt, replace(known, list_age_seconds=age, entries_today=here), ASKS)
    assert alone.verdict.severity >= online.verdict.severity
    assert alone.holds == online.holds
