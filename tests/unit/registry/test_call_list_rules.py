"""When is somebody called again, and when do they leave the call list?"""

from datetime import date
from uuid import UUID

import pytest

from services.registry.domain.call_list import (
    CallInconsistent,
    CallOutcome,
    LeftCallList,
    decide_arrival,
    decide_next_call,
)

TODAY, SOON, LATER = date(2020, 2, 24), date(2020, 2, 26), date(2020, 3, 2)
ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.requirement("R4.5")
@pytest.mark.parametrize(
    ("outcome", "next_call_on", "returns_on", "expected"),
    [
        ("postponed", SOON, None, SOON),
        ("unreachable", TODAY, None, TODAY),
        ("will_return_on", None, LATER, LATER),
        ("will_return_on", SOON, LATER, SOON),
        ("refused", None, None, None),
        ("refused", LATER, None, LATER),
        ("wrong_number", None, None, None),
        ("arrived", None, None, TODAY),
    ],
)
def test_the_outcome_tells_the_next_call(
    outcome: CallOutcome, next_call_on: date | None, returns_on: date | None, expected: date | None
) -> None:
    told = decide_next_call(outcome, today=TODAY, next_call_on=next_call_on, returns_on=returns_on)
    assert told == expected


@pytest.mark.parametrize(
    ("outcome", "next_call_on", "returns_on"),
    [
        ("postponed", None, None),
        ("unreachable", None, None),
        ("unreachable", date(2020, 2, 23), None),
        ("will_return_on", None, None),
        ("will_return_on", None, date(2020, 2, 23)),
        ("refused", None, LATER),
        ("arrived", SOON, None),
    ],
)
def test_days_that_do_not_fit_the_outcome_are_refused(
    outcome: CallOutcome, next_call_on: date | None, returns_on: date | None
) -> None:
    with pytest.raises(CallInconsistent):
        decide_next_call(outcome, today=TODAY, next_call_on=next_call_on, returns_on=returns_on)


@pytest.mark.scenario("P12")
def test_one_intake_closes_an_entry_once() -> None:
    assert decide_arrival(known_intake=None, intake_id=ONE)
    assert not decide_arrival(known_intake=ONE, intake_id=ONE)
    with pytest.raises(LeftCallList):
        decide_arrival(known_intake=OTHER, intake_id=ONE)
