"""What the oracle has a car told when its driver's check lies far off, or came too late."""

from datetime import datetime, timedelta

import pytest

from deploy.live.ledger import Ledger
from deploy.live.oracle.gates import vehicles
from deploy.live.plan import FIRST_DAY, at

OPENED, EVENING = at(FIRST_DAY, "05:00"), at(FIRST_DAY, "18:00")
DRIVER, CAR = "home/walker-1", "home/walker-1/car-0"
HELD, COMPLETE = ("held", ("occupant_unchecked",)), ("complete", ())


def told(driver_at: datetime, car_at: datetime, *, alone: bool = False, early: bool = False) -> object:
    """Verdict and reasons of a car, by what the device's clock showed at its driver's check and at its own."""
    ledger = Ledger()
    ledger.note("pass", "walker-1", at=OPENED, place="c", who="walker-1", drives=True)
    ledger.note(
        "check",
        DRIVER,
        at=EVENING,
        place="c",
        who="walker-1",
        direction="entry",
        shows="pass_token",
        mask=True,
        temperature="36.5",
        device_at=driver_at.isoformat(),
    )
    ledger.note(
        "vehicle",
        CAR,
        at=EVENING,
        place="c",
        driver=DRIVER,
        direction="entry",
        boot_opened=True,
        device_at=car_at.isoformat(),
    )
    cars = vehicles(ledger, {}, {CAR} if alone else set(), set(), {CAR} if early else set())
    _, _, _, verdict, reasons, _ = cars[CAR,]
    return verdict, reasons


@pytest.mark.scenario("F13")
@pytest.mark.parametrize(
    ("behind", "seen"),
    [
        (timedelta(minutes=30), COMPLETE),
        (timedelta(minutes=31), HELD),
        (timedelta(hours=-1), COMPLETE),  # nobody believes a clock that shows the future
        (timedelta(days=-20_000), COMPLETE),
        (EVENING - OPENED + timedelta(hours=1), COMPLETE),  # nor one from before the gate was opened
    ],
)
def test_a_check_made_under_a_clock_that_was_set_since_counts_while_it_is_near(
    behind: timedelta, seen: object
) -> None:
    assert told(EVENING - behind, EVENING) == seen


def test_a_device_goes_by_its_own_clock_whatever_it_shows() -> None:
    assert told(EVENING + timedelta(hours=1), EVENING, alone=True) == HELD
    assert told(EVENING, EVENING, alone=True) == COMPLETE


@pytest.mark.scenario("F6")
def test_a_car_that_was_judged_before_its_drivers_check_arrived_is_held() -> None:
    assert told(EVENING, EVENING, early=True) == HELD
