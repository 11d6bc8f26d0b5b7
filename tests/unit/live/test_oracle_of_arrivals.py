"""What the oracle has of somebody who comes from elsewhere: the verdict, who is told, and when a loop is closed."""

from datetime import date, timedelta
from typing import Any

import pytest

from deploy.live.ledger import Ledger
from deploy.live.oracle import arrivals, gates, offices
from deploy.live.oracle.observation import cases_of
from deploy.live.plan import FIRST_DAY, at

WUHAN, WENZHOU, FAR = "420100", "330300", "650100"
OPENED, EVENING, NIGHT = at(FIRST_DAY, "05:00"), at(FIRST_DAY, "18:00"), at(FIRST_DAY, "21:30")
CHECK = "comes/somebody"


def begun() -> Ledger:
    ledger = Ledger()
    ledger.note("risk list", "1", at=OPENED, day=FIRST_DAY.isoformat())
    ledger.note("listed", "resident", at=OPENED, place="c")
    return ledger


def comes(ledger: Ledger, who: str, origin: str, key: str = CHECK, **changes: Any) -> None:
    """Somebody at the gate of `c`, in the evening."""
    code, papers = changes.pop("code", "green"), changes.pop("papers", True)
    about: dict[str, Any] = {
        "who": who,
        "direction": "entry",
        "shows": "document",
        "mask": True,
        "temperature": "36.5",
        "device_at": EVENING.isoformat(),
        "journey": {"origin": origin, "code": code, "papers": papers},
    } | changes
    ledger.note("check", key, at=EVENING, place="c", **about)


def taken_in(ledger: Ledger, who: str, origin: str) -> None:
    """A clerk registers them the same night."""
    about: dict[str, Any] = {
        "home": "c/1/2/301",
        "origin": origin,
        "arrived": FIRST_DAY.isoformat(),
        "proof": True,
    }
    ledger.note("intake", who, at=NIGHT, place="c", **about)


def shown(ledger: Ledger, key: str = CHECK, *, by_device: bool = False) -> tuple[str, tuple[str, ...]]:
    cases = cases_of(ledger, offices.lists(ledger))
    found = gates.checks(ledger, cases, {key} if by_device else set())[key,]
    return found[3], found[4]


def told(ledger: Ledger) -> arrivals.Told:
    ledger.note("end", "of the days", at=at(FIRST_DAY + timedelta(days=1), "00:10"))
    return arrivals.told(ledger, cases_of(ledger, offices.lists(ledger)))


@pytest.mark.scenario("G4", "G17")
@pytest.mark.requirement("R2.4", "R2.5", "R2.8")
@pytest.mark.parametrize(
    ("who", "origin", "changes", "verdict", "reasons"),
    [
        ("resident", WENZHOU, {}, "admit_with_action", ("first_return",)),
        ("resident", FAR, {"code": "none"}, "admit_with_action", ("first_return",)),
        ("resident", WUHAN, {}, "refuse", ("to_be_transferred", "first_return")),
        ("resident", FAR, {"code": "red"}, "refuse", ("code_not_green", "first_return")),
        ("resident", FAR, {"mask": False}, "refuse", ("no_mask", "first_return")),
        ("newcomer", FAR, {}, "refuse", ("newcomer",)),
        ("newcomer", WUHAN, {"temperature": "37.3"}, "refuse", ("fever", "to_be_transferred", "newcomer")),
    ],
)
def test_where_they_have_been_decides_and_no_colour_admits_anybody(
    who: str, origin: str, changes: dict[str, Any], verdict: str, reasons: tuple[str, ...]
) -> None:
    ledger = begun()
    comes(ledger, who, origin, **changes)
    assert shown(ledger) == (verdict, reasons)
    assert shown(ledger, by_device=True)[0] in {"cannot_verify", "refuse"}


@pytest.mark.scenario("G17")
def test_who_is_registered_already_is_judged_by_their_measure_and_nobody_is_told() -> None:
    ledger = begun()
    about: dict[str, Any] = {
        "home": "c/1/2/301",
        "origin": WENZHOU,
        "arrived": FIRST_DAY.isoformat(),
        "proof": True,
    }
    ledger.note("intake", "resident", at=at(FIRST_DAY, "10:30"), place="c", **about)
    comes(ledger, "resident", WENZHOU)
    assert shown(ledger) == ("admit_with_action", ("under_quarantine", "no_pass"))
    assert told(ledger).reports == {}


@pytest.mark.parametrize(
    ("who", "origin", "changes", "kinds"),
    [
        ("resident", WENZHOU, {}, {"first_return"}),
        ("resident", WENZHOU, {"mask": False}, set()),
        ("resident", WUHAN, {"mask": False}, {"first_return", "focus_area"}),
        ("newcomer", WUHAN, {}, {"focus_area", "application"}),
        ("newcomer", WUHAN, {"papers": False}, {"focus_area"}),
        ("newcomer", FAR, {"mask": False}, set()),
    ],
)
def test_who_is_told_of(who: str, origin: str, changes: dict[str, Any], kinds: set[str]) -> None:
    ledger = begun()
    comes(ledger, who, origin, **changes)
    found = told(ledger)
    assert {kind for _, kind in found.reports} == kinds
    assert bool(found.tasks) == bool(kinds - {"application"})
    assert not any(one.closed for one in found.reports.values())


@pytest.mark.requirement("R2.5")
def test_an_intake_a_clerks_word_and_an_answer_close_what_was_told() -> None:
    ledger = begun()
    comes(ledger, "resident", WUHAN, "bare", mask=False)
    comes(ledger, "resident", WUHAN, "masked")
    comes(ledger, "newcomer", WUHAN, "asks")
    comes(ledger, "vagrant", WUHAN, "does not", papers=False)
    comes(ledger, "nobody", WUHAN, "waits", papers=False)
    taken_in(ledger, "resident", WUHAN)
    for who in ("newcomer", "vagrant"):
        ledger.note("task", who, at=NIGHT, place="c", who=who, reason="handed_over")
    ledger.note("application", "newcomer", at=NIGHT, place="c", who="newcomer", reason="code_held")
    found = told(ledger)
    assert found.tasks["bare"] is found.tasks["masked"], "one intake is due, however often they are seen"
    states = {check: (task.state, task.reason) for check, task in found.tasks.items()}
    closed = ("closed", "handed_over")
    done = ("completed", None)
    assert states == {
        "bare": done,
        "masked": done,
        "asks": closed,
        "does not": closed,
        "waits": ("open", None),
    }
    still_open = {key for key, one in found.reports.items() if not one.closed}
    assert still_open == {("waits", "focus_area")}


def test_figures_of_the_day_make_the_areas() -> None:
    areas = offices.areas_on(date(2020, 2, 24))
    assert (areas["420000"], areas[WENZHOU], FAR in areas) == ("focus", "higher_risk", False)


@pytest.mark.requirement("R2.5")
def test_who_stays_at_home_and_stands_at_a_way_out_is_told_of_with_the_answer() -> None:
    ledger = begun()
    comes(ledger, "resident", WENZHOU, "before", direction="exit")
    taken_in(ledger, "resident", WENZHOU)
    taken_in(ledger, "other", FAR)
    later: dict[str, Any] = {"shows": "document", "mask": True, "temperature": None}
    for who, direction in (("resident", "exit"), ("resident", "entry"), ("other", "exit")):
        about = later | {"who": who, "direction": direction, "device_at": NIGHT.isoformat()}
        ledger.note("check", f"{who}/{direction}", at=NIGHT + timedelta(minutes=1), place="c", **about)

    cases = cases_of(ledger, offices.lists(ledger))
    found = gates.quarantine_exits(ledger, cases, gates.checks(ledger, cases, set()))

    assert found == {("resident/exit",): ("c", "2020-02-24T21:30:00+08:00", "refuse")}
