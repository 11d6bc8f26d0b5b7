"""The rules of a message: what an answer means, how long to wait, whose signature holds, and that it names nobody."""

from datetime import date

import pytest

from services.observation.domain.calendar import EVENING
from services.observation.domain.case import interrupted
from services.observation.domain.messages import (
    NothingToRemind,
    Patience,
    Verdict,
    decide_reminder,
    judge,
    next_attempt,
    text_for_group,
    text_for_resident,
)
from services.observation.domain.signatures import SignatureRefused, check_signature, sign
from tests.unit.observation.given import CALENDAR, a_case, answered, at

FEB24, FEB25, LAST = date(2020, 2, 24), date(2020, 2, 25), date(2020, 3, 9)
CASE = a_case(FEB24, at(FEB24, "09:00"))
KEY = bytes(32)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.TAKEN),
        (204, Verdict.TAKEN),
        (301, Verdict.AGAIN),  # nothing is sent to another address
        (400, Verdict.REFUSED),
        (401, Verdict.AGAIN),  # a wrong key is mended by us, and no message is lost meanwhile
        (409, Verdict.AGAIN),  # the same id is being worked on
        (422, Verdict.REFUSED),
        (429, Verdict.AGAIN),
        (503, Verdict.AGAIN),
        (None, Verdict.AGAIN),
    ],
)
def test_only_what_speaks_about_the_message_itself_is_final(status: int | None, verdict: Verdict) -> None:
    assert judge(status) is verdict


def test_the_delays_double_up_to_the_longest_and_end() -> None:
    patience = Patience(attempts=6, first_delay=2, longest_delay=10)
    waits = [next_attempt(attempts, patience) for attempts in range(1, 8)]
    assert [wait and wait.total_seconds() for wait in waits] == [2, 4, 8, 10, 10, None, None]


@pytest.mark.parametrize(
    ("change", "now"),
    [
        ({"header": None}, 1000),
        ({"header": "t=1000"}, 1000),
        ({"keys": {"k2": KEY}}, 1000),
        ({"keys": {"k1": bytes([1] * 32)}}, 1000),
        ({"of": "another"}, 1000),
        ({"body": b"{} "}, 1000),
        ({}, 1301),
        ({}, 699),
    ],
)
def test_a_signature_holds_for_its_key_message_body_and_time_only(
    change: dict[str, object], now: int
) -> None:
    header = sign("k1", KEY, at=1000, of="m1", body=b"{}")
    good = {"header": header, "keys": {"k1": KEY}, "of": "m1", "body": b"{}"}
    for instant in (700, 1000, 1300):
        check_signature(**good, now=instant)  # type: ignore[arg-type]
    with pytest.raises(SignatureRefused):
        check_signature(**{**good, **change}, now=now)  # type: ignore[arg-type]


def test_a_message_tells_the_window_and_nobodys_name() -> None:
    text = text_for_resident(CALENDAR.span(date(2020, 2, 29), EVENING))
    assert "2月29日晚间（17:00-21:00）" in text
    assert "29 Feb (17:00-21:00)" in text
    told = text_for_group("door_visit", (FEB25, EVENING), CASE, streak=2)
    assert "已连续 2 次，请入户查看" in told
    assert str(CASE.case_id) in told
    assert str(CASE.person_ref) not in told


@pytest.mark.scenario("O5")
@pytest.mark.parametrize(
    ("day", "clock", "slot"),
    [
        (FEB25, "06:00", (FEB25, "morning")),
        (FEB25, "16:59", (FEB25, "morning")),  # too late to be in time, not to be heard of
        (FEB25, "17:00", (FEB25, "evening")),
        (date(2020, 2, 26), "05:59", (FEB25, "evening")),
    ],
)
def test_somebody_is_reminded_of_the_window_that_opened_last(
    day: date, clock: str, slot: tuple[date, str]
) -> None:
    now = at(day, clock)
    assert decide_reminder(CASE, CALENDAR, now=now).slot == slot
    heard = answered(CASE, {slot: now})
    for silent in (heard, interrupted(CASE, "fever", now)):
        with pytest.raises(NothingToRemind):
            decide_reminder(silent, CALENDAR, now=now)


@pytest.mark.scenario("O1", "O5")
@pytest.mark.parametrize(("day", "clock"), [(FEB24, "18:00"), (FEB25, "05:59"), (date(2020, 3, 10), "07:00")])
def test_nobody_is_reminded_on_day_zero_or_after_the_period(day: date, clock: str) -> None:
    with pytest.raises(NothingToRemind):
        decide_reminder(CASE, CALENDAR, now=at(day, clock))
