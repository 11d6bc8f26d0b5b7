"""When a pass may be issued, and what its number is like."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import damm

from services.registry.domain.errors import NotAResident, PassNotYet, PassSuspended
from services.registry.domain.passes import (
    Ending,
    Hold,
    Holder,
    KnownObservation,
    ObservationPhase,
    decide_issue,
    pass_number,
)
from shared.events.policy import PassRules
from shared.kernel.days import local_day

RULES = PassRules(valid_days=30)
PASS_FROM = date(2020, 3, 10)
COMPLETED = KnownObservation(
    phase="completed", pass_from=PASS_FROM, completed_at=datetime(2020, 3, 9, 16, tzinfo=UTC)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def issue(holder: Holder, now: datetime | None = None) -> datetime:
    now = now or at("2020-03-10 08:00")
    return decide_issue(holder, RULES, now=now, today=local_day(now)).ends


def observed(phase: ObservationPhase, pass_from: date | None = PASS_FROM) -> Holder:
    return Holder(resident=True, observations=[KnownObservation(phase=phase, pass_from=pass_from)])


@pytest.mark.scenario("P5")
@pytest.mark.parametrize("moment", ["2020-03-08 09:00", "2020-03-09 22:00", "2020-03-09 23:59:59"])
@pytest.mark.parametrize("phase", ["pending", "in_force"])
def test_under_observation_the_first_possible_day_is_named(phase: ObservationPhase, moment: str) -> None:
    with pytest.raises(PassNotYet) as refused:
        issue(observed(phase), at(moment))
    assert refused.value.extra["first_possible"] == "2020-03-10"


@pytest.mark.scenario("P5")
@pytest.mark.parametrize("moment", ["2020-03-10 00:00", "2020-03-10 08:00"])
def test_after_the_full_period_a_pass_is_issued(moment: str) -> None:
    assert issue(Holder(resident=True, observations=[COMPLETED]), at(moment)) == at("2020-04-10 00:00")


def test_the_day_alone_issues_nothing_while_the_release_is_not_confirmed() -> None:
    with pytest.raises(PassNotYet):
        issue(observed("in_force"), at("2020-03-10 00:00"))


def test_a_release_known_early_does_not_move_the_day() -> None:
    with pytest.raises(PassNotYet):
        issue(Holder(resident=True, observations=[COMPLETED]), at("2020-03-09 23:59"))


@pytest.mark.parametrize("phase", ["interrupted", "awaiting_closure"])
def test_while_nobody_knows_the_end_no_day_is_promised(phase: ObservationPhase) -> None:
    with pytest.raises(PassNotYet) as refused:
        issue(observed(phase), at("2020-04-01 09:00"))
    assert refused.value.extra["first_possible"] is None


def test_one_open_observation_is_enough_to_refuse() -> None:
    again = KnownObservation(phase="in_force", pass_from=date(2020, 4, 4))
    with pytest.raises(PassNotYet) as refused:
        issue(Holder(resident=True, observations=[COMPLETED, again]), at("2020-03-21 09:00"))
    assert refused.value.extra["first_possible"] == "2020-04-04"


@pytest.mark.scenario("P4")
def test_who_does_not_live_there_gets_none() -> None:
    with pytest.raises(NotAResident):
        issue(Holder(resident=False))


def test_a_resident_who_never_was_away_gets_one() -> None:
    assert issue(Holder(resident=True)) == at("2020-04-10 00:00")


FEVER = Hold(kind="fever", since=datetime(2020, 3, 1, tzinfo=UTC))


@pytest.mark.scenario("G2")
def test_after_a_fever_nothing_is_issued_until_it_is_settled() -> None:
    with pytest.raises(PassSuspended) as refused:
        issue(Holder(resident=True, holds=[FEVER]))
    assert refused.value.extra["reason"] == "fever"
    issue(Holder(resident=True, holds=[replace(FEVER, ended_at=datetime(2020, 3, 2, tzinfo=UTC))]))


def test_what_somebody_suspended_by_command_is_not_got_round_by_asking_for_another_pass() -> None:
    with pytest.raises(PassSuspended):
        issue(Holder(resident=True, held_back="misuse_suspected"))


@pytest.mark.parametrize("ending", ["transferred", "left_town", "died"])
def test_a_case_that_ended_early_is_no_release_until_another_one_is_completed(ending: Ending) -> None:
    closed = KnownObservation(
        phase="closed", pass_from=PASS_FROM, ending=ending, closed_at=datetime(2020, 3, 1, tzinfo=UTC)
    )
    with pytest.raises(PassNotYet) as refused:
        issue(Holder(resident=True, observations=[closed]), at("2020-04-01 08:00"))
    assert refused.value.extra["first_possible"] is None
    issue(Holder(resident=True, observations=[closed, COMPLETED]))
    late = replace(closed, closed_at=datetime(2020, 3, 9, 17, tzinfo=UTC))
    with pytest.raises(PassNotYet):
        issue(Holder(resident=True, observations=[late, COMPLETED]))


@pytest.mark.parametrize("ending", ["cancelled", "merged"])
def test_a_case_opened_in_error_or_merged_stands_for_nothing(ending: Ending) -> None:
    closed = KnownObservation(
        phase="closed", pass_from=PASS_FROM, ending=ending, closed_at=datetime(2020, 3, 1, tzinfo=UTC)
    )
    issue(Holder(resident=True, observations=[closed]))


@pytest.mark.parametrize(
    ("since", "ended", "stands"),
    [(1, None, True), (1, 2, False), (3, 2, True), (2, 2, False), (None, 2, False)],
)
def test_a_hold_stands_when_it_began_after_the_last_decision(
    since: int | None, ended: int | None, *, stands: bool
) -> None:
    def day(number: int | None) -> datetime | None:
        return datetime(2020, 3, number, tzinfo=UTC) if number else None

    assert Hold(kind="fever", since=day(since), ended_at=day(ended)).stands is stands


@given(st.integers(0, 10**7 - 1), st.integers(0, 7), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(drawn: int, at_digit: int, by: int) -> None:
    number = pass_number(drawn)
    assert len(number) == 8
    assert damm.is_valid(number)
    wrong = number[:at_digit] + str((int(number[at_digit]) + by) % 10) + number[at_digit + 1 :]
    assert not damm.is_valid(wrong)


@given(st.integers(0, 10**7 - 1), st.integers(0, 6))
def test_two_swapped_neighbours_are_always_noticed(drawn: int, first: int) -> None:
    number = pass_number(drawn)
    swapped = number[:first] + number[first + 1] + number[first] + number[first + 2 :]
    assert swapped == number or not damm.is_valid(swapped)
