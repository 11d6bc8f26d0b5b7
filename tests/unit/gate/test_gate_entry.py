"""The verdicts at a checkpoint: rules without a database, a clock or a network."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.domain.entry import (
    Answers,
    EntryAttempt,
    GateRecords,
    GateRules,
    KnownPass,
    PassState,
    Proof,
    Purpose,
    Restriction,
    SubjectKind,
    case_of,
    decide_entry,
    judge,
)
from services.gate.domain.rulings import DEFAULT_TABLE, Action, Case, Direction, Reason, Verdict
from services.gate.domain.words import ACTIONS, REASONS, VERDICTS
from shared.events.policy_observation import Measure
from shared.kernel.ids import CompoundId, PersonRef

HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
NOW = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
WANG, LI = PersonRef(UUID(int=1)), PersonRef(UUID(int=2))
RULES = GateRules(
    offline_admit_minutes=240,
    offline_action_minutes=1440,
    version=1,
    musts=frozenset({"mask", "temperature", "pass"}),
    fever_from_c=Decimal("37.3"),
    plausible_from_c=Decimal("34.0"),
    plausible_to_c=Decimal("43.0"),
    ahead_seconds=300,
)
PASS = KnownPass(
    pass_id=UUID(int=9),
    serial=2,
    person_ref=WANG,
    compound=HERE,
    state=PassState.ACTIVE,
    valid_from=NOW - timedelta(days=1),
    valid_until=NOW + timedelta(days=29),
)
SCANNED = EntryAttempt(
    here=HERE,
    direction=Direction.ENTRY,
    kind=SubjectKind.PASS_TOKEN,
    mask=True,
    temperature_c=Decimal("36.5"),
    at=NOW,
)
HOLDER = GateRecords(people=frozenset({WANG}), entry_pass=PASS, proof=Proof.VERIFIED, serial=2)
STRANGER = GateRecords()
VISITOR = replace(SCANNED, kind=SubjectKind.VISITOR, purpose=Purpose.VISIT)
LEAVING = Direction.EXIT


def under(measure: Measure, compound: CompoundId = HERE, **changes: object) -> GateRecords:
    """A pass holder under a measure; their pass is suspended, as the registry does."""
    suspended = replace(PASS, state=PassState.SUSPENDED)
    restrictions = (Restriction(measure=measure, compound=compound),)
    return replace(HOLDER, entry_pass=suspended, restrictions=restrictions, **changes)  # type: ignore[arg-type]


CASES = [
    pytest.param(SCANNED, HOLDER, "admit", [], None, id="active pass, mask, 36.5", marks=pytest.mark.scenario("G1")),
    pytest.param(
        replace(SCANNED, temperature_c=Decimal("37.2")), HOLDER, "admit", [], None, id="37.2",
        marks=pytest.mark.scenario("G2"),
    ),
    pytest.param(
        replace(SCANNED, temperature_c=Decimal("37.3")), HOLDER, "refuse", ["fever"], "fever_path", id="37.3",
        marks=pytest.mark.scenario("G2"),
    ),
    pytest.param(
        replace(VISITOR, temperature_c=Decimal("37.3")), STRANGER, "refuse", ["fever", "no_pass"], "turn_back",
        id="a visitor with fever", marks=pytest.mark.scenario("G2"),
    ),
    pytest.param(
        replace(SCANNED, mask=False), HOLDER, "refuse", ["no_mask"], "put_on_mask", id="no mask",
        marks=pytest.mark.scenario("G3"),
    ),
    pytest.param(
        replace(SCANNED, temperature_c=None), HOLDER, "cannot_verify", ["incomplete"], "measure_temperature",
        id="thermometer broken", marks=pytest.mark.scenario("G5"),
    ),
    *(
        pytest.param(
            replace(SCANNED, temperature_c=Decimal(reading)), HOLDER, "cannot_verify", ["incomplete"],
            "measure_again", id=f"reading {reading}", marks=pytest.mark.scenario("G5"),
        )
        for reading in ("3.65", "365", "98.6", "43.5", "43.01", "33.99", "-36.5", "0")
    ),
    pytest.param(
        replace(SCANNED, mask=None), HOLDER, "cannot_verify", ["incomplete"], "look_at_mask", id="mask unseen"
    ),
    pytest.param(
        SCANNED, replace(HOLDER, entry_pass=replace(PASS, compound=THERE)), "refuse", ["wrong_compound"],
        "go_to_own_compound", id="pass of another compound", marks=pytest.mark.scenario("G6"),
    ),
    pytest.param(
        SCANNED, GateRecords(proof=Proof.UNREADABLE), "cannot_verify", ["pass_unknown"], "match_document",
        id="unknown code", marks=pytest.mark.scenario("G14"),
    ),
    pytest.param(
        SCANNED, GateRecords(proof=Proof.FORGED), "refuse", ["pass_forged"], "report_forgery",
        id="forged", marks=pytest.mark.scenario("G14"),
    ),
    pytest.param(
        SCANNED, GateRecords(proof=Proof.UNKNOWN_KEY), "cannot_verify", ["pass_unverifiable"], "match_document",
        id="unknown key",
    ),
    pytest.param(
        SCANNED, GateRecords(proof=Proof.VERIFIED), "cannot_verify", ["pass_unknown"], "match_document",
        id="signed, but not in the copy",
    ),
    pytest.param(
        SCANNED, replace(HOLDER, entry_pass=replace(PASS, state=PassState.REVOKED)), "refuse", ["pass_revoked"],
        "apply_at_community", id="revoked",
    ),
    pytest.param(
        SCANNED, replace(HOLDER, entry_pass=replace(PASS, state=PassState.SUSPENDED)), "refuse",
        ["pass_suspended"], "call_community", id="suspended",
    ),
    pytest.param(
        SCANNED, replace(HOLDER, serial=1), "refuse", ["pass_replaced"], "use_newest_pass", id="an older print"
    ),
    pytest.param(SCANNED, replace(HOLDER, serial=3), "admit", [], None, id="a newer print than the copy knows"),
    pytest.param(
        replace(SCANNED, at=PASS.valid_until), HOLDER, "refuse", ["pass_expired"], "apply_at_community", id="expired"
    ),
    pytest.param(
        replace(SCANNED, at=PASS.valid_until - timedelta(microseconds=1)), HOLDER, "admit", [], None, id="last instant"
    ),
    pytest.param(
        replace(SCANNED, at=PASS.valid_from - timedelta(seconds=1)), HOLDER, "refuse", ["pass_not_yet_valid"],
        "wait_for_validity", id="not yet valid",
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.PASS_NUMBER), replace(HOLDER, proof=Proof.NONE, serial=None),
        "admit_with_action", ["pass_not_scanned"], "match_document", id="number typed",
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.PASS_NUMBER), STRANGER, "cannot_verify", ["pass_unknown"],
        "match_document", id="unknown number",
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.DOCUMENT), replace(HOLDER, proof=Proof.NONE, serial=None),
        "admit_with_action", ["pass_not_shown"], "offer_reprint", id="pass forgotten",
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.DOCUMENT), GateRecords(people=frozenset({WANG})), "refuse", ["no_pass"],
        "apply_at_community", id="lives here, has no pass",
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.DOCUMENT), STRANGER, "cannot_verify", ["subject_unknown"], "check_typing",
        id="document unknown",
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.DWELLING_SURNAME), GateRecords(people=frozenset({WANG, LI})),
        "cannot_verify", ["subject_ambiguous"], "match_document", id="two of one surname",
    ),
    pytest.param(VISITOR, STRANGER, "refuse", ["no_pass"], "handover_point", id="visitor"),
    pytest.param(
        replace(VISITOR, direction=LEAVING), STRANGER, "admit_with_action", ["no_pass"], "note_departure",
        id="visitor leaves",
    ),
    pytest.param(
        replace(VISITOR, purpose=Purpose.EMERGENCY, mask=None, temperature_c=None), STRANGER, "admit_with_action",
        ["no_pass", "incomplete"], "log_and_let_through", id="ambulance", marks=pytest.mark.scenario("G17"),
    ),
    pytest.param(
        SCANNED, under("home_self_monitoring"), "admit_with_action", ["self_monitoring", "pass_suspended"],
        "go_straight_home", id="self-monitoring comes home", marks=pytest.mark.scenario("G17"),
    ),
    pytest.param(
        replace(SCANNED, direction=LEAVING), under("home_self_monitoring"), "refuse",
        ["self_monitoring", "pass_suspended"], "stay_home", id="self-monitoring goes out",
        marks=pytest.mark.scenario("G17"),
    ),
    pytest.param(
        replace(SCANNED, kind=SubjectKind.DOCUMENT, direction=LEAVING),
        replace(under("home_self_monitoring"), entry_pass=None, serial=None), "refuse",
        ["self_monitoring", "no_pass"], "stay_home", id="self-monitoring without pass goes out",
        marks=pytest.mark.scenario("G17"),
    ),
    pytest.param(
        replace(SCANNED, direction=LEAVING), under("home_quarantine"), "refuse",
        ["under_quarantine", "pass_suspended"], "stay_home_and_report", id="home quarantine goes out",
    ),
    pytest.param(
        SCANNED, under("home_quarantine"), "admit_with_action", ["under_quarantine", "pass_suspended"],
        "go_straight_home", id="home quarantine comes home",
    ),
    pytest.param(
        replace(SCANNED, mask=False), under("home_quarantine"), "refuse",
        ["under_quarantine", "pass_suspended", "no_mask"], "put_on_mask", id="home quarantine without mask",
    ),
    pytest.param(
        SCANNED, under("centralized_observation"), "refuse", ["under_quarantine", "pass_suspended"],
        "hold_for_transfer", id="focus is held for transfer", marks=pytest.mark.scenario("G17"),
    ),
    pytest.param(
        SCANNED, replace(HOLDER, restrictions=(Restriction(measure="medical", compound=HERE),)), "refuse",
        ["under_quarantine"], "hold_and_report", id="gate's own hold, the pass not yet suspended",
        marks=pytest.mark.scenario("G2"),
    ),
    pytest.param(
        SCANNED, under("home_self_monitoring", THERE), "refuse", ["self_monitoring", "pass_suspended"],
        "go_straight_home", id="self-monitoring elsewhere",
    ),
    pytest.param(
        replace(SCANNED, answers=Answers(contact_with_case=True)), HOLDER, "admit_with_action", ["follow_up"],
        "report_to_community", id="an answer calls for a follow-up",
    ),
    pytest.param(
        replace(SCANNED, direction=LEAVING, temperature_c=None), HOLDER, "admit", [], None,
        id="no temperature at the way out",
    ),
    pytest.param(
        replace(SCANNED, direction=LEAVING, temperature_c=Decimal(38)), HOLDER, "refuse", ["fever"], "fever_path",
        id="a fever at the way out acts all the same",
    ),
]  # fmt: skip


@pytest.mark.requirement("R2.3")
@pytest.mark.parametrize(("attempt", "known", "verdict", "reasons", "action"), CASES)
def test_an_attempt_gets_its_verdict_with_all_reasons_and_one_action(
    attempt: EntryAttempt, known: GateRecords, verdict: str, reasons: list[str], action: str | None
) -> None:
    decision = decide_entry(attempt, known, RULES)
    assert (decision.verdict, list(decision.reasons), decision.action) == (verdict, reasons, action)


@pytest.mark.scenario("G5")
@pytest.mark.parametrize("reading", ["3.65", "365", "98.6", "43.5"])
def test_an_implausible_reading_is_never_kept_as_a_temperature(reading: str) -> None:
    decision = decide_entry(replace(SCANNED, temperature_c=Decimal(reading)), HOLDER, RULES)
    assert decision.temperature_c is None
    assert not decision.holds


@pytest.mark.parametrize("reading", ["34.0", "36.5", "43.0"])
def test_both_ends_of_the_plausible_range_are_kept(reading: str) -> None:
    attempt = replace(SCANNED, temperature_c=Decimal(reading))
    assert decide_entry(attempt, HOLDER, RULES).temperature_c == Decimal(reading)


@pytest.mark.scenario("G2")
def test_a_fever_holds_whoever_is_known_and_nobody_else() -> None:
    hot = Decimal("37.3")
    assert decide_entry(replace(SCANNED, temperature_c=hot), HOLDER, RULES).holds
    assert not decide_entry(replace(VISITOR, temperature_c=hot), STRANGER, RULES).holds
    family = GateRecords(people=frozenset({WANG, LI}))
    looked_up = replace(SCANNED, kind=SubjectKind.DWELLING_SURNAME, temperature_c=hot)
    assert not decide_entry(looked_up, family, RULES).holds


@pytest.mark.requirement("R2.6")
def test_a_must_that_policy_does_not_list_is_not_asked_for() -> None:
    rules = replace(RULES, musts=frozenset({"pass"}))
    assert (
        decide_entry(replace(SCANNED, mask=False, temperature_c=None), HOLDER, rules).verdict is Verdict.ADMIT
    )


def test_the_order_of_reasons_is_the_order_of_gravity_in_the_requirements() -> None:
    said = [
        "fever",
        "under_quarantine",
        "pass_revoked",
        "wrong_compound",
        "pass_expired",
        "outside_hours",
        "no_pass",
        "no_mask",
    ]
    order = [reason.value for reason in Reason]
    assert [code for code in order if code in {*said, "incomplete"}] == [*said, "incomplete"]
    assert order.index("pass_suspended") < order.index("wrong_compound")


def test_the_table_has_a_cell_for_every_case_direction_and_reason() -> None:
    assert DEFAULT_TABLE.keys() == {(case, direction) for case in Case for direction in Direction}
    assert all(cells.keys() == set(Reason) for cells in DEFAULT_TABLE.values())


def test_no_reason_at_all_is_a_plain_admission() -> None:
    assert judge((), Case.RESIDENT, Direction.ENTRY) == (Verdict.ADMIT, None)


@pytest.mark.parametrize("case", [case for case in Case if case is not Case.EMERGENCY])
@pytest.mark.parametrize("reason", [Reason.FEVER, Reason.PASS_FORGED, Reason.NO_MASK, Reason.INCOMPLETE])
def test_nobody_but_an_ambulance_gets_in_with_a_fever_a_forgery_no_mask_or_half_a_check(
    case: Case, reason: Reason
) -> None:
    verdict, _ = judge([reason], case, Direction.ENTRY)
    assert verdict in {Verdict.REFUSE, Verdict.CANNOT_VERIFY}


@given(
    st.sets(st.sampled_from(Reason)),
    st.sampled_from(Reason),
    st.sampled_from(Case),
    st.sampled_from(Direction),
)
def test_a_further_reason_never_makes_the_verdict_milder(
    reasons: set[Reason], further: Reason, case: Case, direction: Direction
) -> None:
    before, _ = judge(reasons, case, direction)
    after, _ = judge(reasons | {further}, case, direction)
    assert after.severity >= before.severity


@given(st.sets(st.sampled_from(Reason), min_size=1), st.sampled_from(Case), st.sampled_from(Direction))
def test_the_action_is_that_of_the_gravest_reason_behind_the_verdict(
    reasons: set[Reason], case: Case, direction: Direction
) -> None:
    verdict, action = judge(reasons, case, direction)
    cells = DEFAULT_TABLE[case, direction]
    behind = [reason for reason in Reason if reason in reasons and cells[reason].verdict is verdict]
    assert action is cells[behind[0]].action


MEASURES = st.sampled_from(["medical", "centralized_observation", "home_quarantine", "home_self_monitoring"])


@given(MEASURES, MEASURES, st.sampled_from(Direction))
def test_of_two_measures_on_one_person_the_stricter_one_is_the_case(
    one: Measure, other: Measure, direction: Direction
) -> None:
    both = tuple(Restriction(measure=measure, compound=HERE) for measure in (one, other))
    order = ["home_self_monitoring", "home_quarantine", "centralized_observation", "medical"]
    attempt = replace(SCANNED, direction=direction)
    assert case_of(attempt, replace(HOLDER, restrictions=both)) == max(one, other, key=order.index)


def test_every_code_has_its_words_in_both_languages() -> None:
    assert VERDICTS.keys() == set(Verdict)
    assert REASONS.keys() == set(Reason)
    assert ACTIONS.keys() == set(Action)
    for text in (*VERDICTS.values(), *REASONS.values(), *ACTIONS.values()):
        assert text.zh
        assert text.en


def test_no_words_tell_a_diagnosis_an_origin_or_a_category() -> None:
    said = " ".join(
        f"{text.zh} {text.en}" for text in (*VERDICTS.values(), *REASONS.values(), *ACTIONS.values())
    )
    for word in (
        "湖北",
        "武汉",
        "重点",
        "确诊",
        "密接",
        "病例",
        "隔离",
        "Hubei",
        "Wuhan",
        "case",
        "contact",
        "quarantine",
    ):
        assert word not in said
