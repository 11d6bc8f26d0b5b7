"""Which pickups of isolation waste the oracle wants, and what it says of each."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from deploy.live.ledger import Ledger
from deploy.live.oracle import waste
from deploy.live.oracle.observation import Case
from deploy.live.plan import FIRST_DAY, at

HOME = "c/1/2/301"
D0, D1, D2, D3 = (FIRST_DAY + timedelta(days=nth) for nth in range(4))


def case(
    opened: datetime, *stops: tuple[datetime, datetime | None], home: str = HOME, days: int = 14
) -> Case:
    """Somebody under home quarantine."""
    return Case(
        who="returnee-1",
        place="c",
        home=home,
        category="concern",
        day_zero=D0,
        opened_at=opened,
        last_day=D0 + timedelta(days=days),
        stops=[list(stop) for stop in stops],
    )


def lived(*, until: datetime, acts: tuple[tuple[datetime, date, str], ...] = ()) -> Ledger:
    """What somebody did at the door: when, for which day, what."""
    ledger = Ledger()
    for nth, (instant, day, did) in enumerate(acts):
        about: dict[str, Any] = {
            "home": HOME,
            "day": day.isoformat(),
            "did": did,
            "bags": 2 if did == "collected" else None,
        }
        ledger.note("pickup", str(nth), at=instant, place="c", **about)
    ledger.note("end", "of the days", at=until)
    return ledger


def days_of(*cases: Case, until: datetime) -> list[str]:
    known = waste.reckoned(lived(until=until), {str(nth): one for nth, one in enumerate(cases)})
    return sorted(day for _, day in known)


@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2")
def test_waste_is_due_from_the_day_of_a_quarantine_before_four_to_the_last_day_of_it() -> None:
    end = at(D3, "00:10")
    assert days_of(case(at(D0, "10:30")), until=end) == [str(day) for day in (D0, D1, D2, D3)]
    assert days_of(case(at(D0, "15:59")), until=at(D0, "23:00")) == [str(D0)]
    assert days_of(case(at(D0, "16:00")), until=at(D0, "23:00")) == []
    stopped = case(at(D0, "10:30"), (at(D0, "18:00"), at(D2, "21:30")))
    assert days_of(stopped, until=end) == [str(D0), str(D3)]
    over = case(at(D0, "10:30"), days=1)
    over.answers[D1, "evening"] = at(D1, "18:00")
    assert days_of(over, until=end) == [str(D0), str(D1)]


def test_two_people_at_one_door_have_one_pickup_a_day() -> None:
    together = case(at(D0, "10:30")), case(at(D1, "10:30"))
    assert days_of(*together, until=at(D1, "23:00")) == [str(D0), str(D1)]
    apart = case(at(D0, "10:30")), case(at(D1, "10:30"), home="c/1/2/302")
    assert days_of(*apart, until=at(D1, "23:00")) == [str(D0), str(D1), str(D1)]


@pytest.mark.scenario("S4")
@pytest.mark.parametrize(
    ("did", "until", "standing", "found"),
    [
        ((), at(D0, "23:59"), "due", []),
        ((), at(D1, "00:00"), "missed", ["not_done"]),
        (("nobody_opened",), at(D2, "10:00"), "missed", ["nobody_opened"]),
        (("collected", "handed_over"), at(D2, "10:00"), "done", []),
        (("collected",), at(D1, "09:29"), "due", []),
        (("collected",), at(D1, "09:30"), "missed", ["not_handed_over"]),
        (("put_off",), at(D1, "10:00"), "due", []),
        (("refused", "put_off"), at(D2, "10:00"), "missed", ["refused", "not_done"]),
    ],
)
def test_what_was_done_and_what_time_makes_of_it(
    did: tuple[str, ...], until: datetime, standing: str, found: list[str]
) -> None:
    evening = at(D0, "21:30")
    ledger = lived(until=until, acts=tuple((evening, D0, step) for step in did))
    known = waste.reckoned(ledger, {"one": case(at(D0, "10:30"))})
    one = known[HOME, D0.isoformat()]
    assert (one.standing, one.found) == (standing, found)


def test_what_was_fetched_after_its_day_was_missed_and_is_done() -> None:
    late = tuple((at(D1, "21:30"), D0, step) for step in ("collected", "handed_over"))
    known = waste.reckoned(lived(until=at(D2, "00:10"), acts=late), {"one": case(at(D0, "10:30"))})
    one = known[HOME, D0.isoformat()]
    assert (one.standing, one.missed, one.found, one.bags) == ("done", "not_done", ["not_done"], 2)
    assert waste.by_compound(known, at(D2, "00:10"))["c", D0.isoformat()] == (1, 1, 0, 0, 2)
