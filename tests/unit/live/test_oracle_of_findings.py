"""What headquarters have to find, as the oracle says it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.live.ledger import Ledger
from deploy.live.oracle import arrivals, findings
from deploy.live.oracle.words import Table, local
from deploy.live.plan import FIRST_DAY, at

BEGAN, NEXT = at(FIRST_DAY, "07:30"), FIRST_DAY + timedelta(days=1)
END = at(NEXT, "00:11")


def lived(*acts: tuple[str, str, datetime, dict[str, Any]], until: datetime = END) -> Ledger:
    """What was done in compound `c`: kind, name, when, and what about it."""
    ledger = Ledger()
    ledger.note("site", "s1", at=BEGAN, place="c", active=True, rounds=1, site_kind="lift")
    ledger.note("round", "r1", at=BEGAN, place="c", site="s1", strength=300)
    for kind, key, instant, about in acts:
        ledger.note(kind, key, at=instant, place="c", **about)
    ledger.note("end", "of the days", at=until)
    return ledger


def found(ledger: Ledger, rule: str, *reports: arrivals.Report) -> Table:
    """All of one rule, by place and clock."""
    told = arrivals.Told(reports={(one.act.key, one.kind): one for one in reports}, tasks={}, refused={})
    every = findings.findings(ledger, told)
    return {(place, since[5:16]): value for (name, place, since), value in every.items() if name == rule}


@pytest.mark.requirement("R6.3")
def test_a_lead_is_found_when_its_hours_are_over_and_ends_when_it_is_closed() -> None:
    told = at(FIRST_DAY, "10:30")
    in_time = ("lead closed", "l1", at(FIRST_DAY, "12:30"), {"lead": "l1", "valid": True})
    late = ("lead closed", "l1", at(FIRST_DAY, "14:00"), {"lead": "l1", "valid": True})
    lead = ("lead", "l1", told, {"category": "gathering"})
    assert found(lived(lead, in_time), "lead_overdue") == {}
    assert found(lived(lead, late), "lead_overdue") == {("c", "02-24T12:30"): (1, 0)}
    assert found(lived(lead), "lead_overdue") == {("c", "02-24T12:30"): (1, 1)}
    whole_day = ("lead", "l2", told, {"category": "other"})
    assert found(lived(whole_day), "lead_overdue") == {}
    assert found(lived(whole_day, until=at(NEXT, "10:31")), "lead_overdue") == {("c", "02-25T10:30"): (1, 1)}


@pytest.mark.requirement("R2.2")
def test_a_post_is_found_empty_after_ten_minutes_and_until_somebody_comes() -> None:
    span = {"begins": BEGAN.isoformat(), "ends": at(FIRST_DAY, "14:00").isoformat(), "post": "c-k1"}

    def turn(way: str, clock: str) -> tuple[str, str, datetime, dict[str, Any]]:
        return "turn", f"t/{way}", at(FIRST_DAY, clock), {"turn": "t", "way": way, "post": "c-k1"}

    planned = ("shift", "f", BEGAN, span)
    assert found(lived(planned, turn("in", "07:40"), turn("out", "14:00")), "duty_gap") == {
        ("c", "02-24T14:10"): (1, 1)
    }, "ten minutes are let off; the evening is nobody's"
    assert found(lived(planned, turn("in", "07:41"), turn("out", "14:00")), "duty_gap") == {
        ("c", "02-24T07:40"): (1, 0),
        ("c", "02-24T14:10"): (1, 1),
    }


@pytest.mark.requirement("R2.5")
@pytest.mark.parametrize(
    ("kind", "answered", "expected"),
    [
        ("focus_area", "18:59", {}),
        ("focus_area", "21:30", {("c", "02-24T19:00"): (1, 0)}),
        ("focus_area", None, {("c", "02-24T19:00"): (1, 1)}),
        ("first_return", "21:30", {}),
        ("first_return", None, {("c", "02-24T22:00"): (1, 1)}),
        ("application", None, {}),
    ],
)
def test_who_was_reported_at_a_gate_is_found_when_nobody_answers_in_time(
    kind: str, answered: str | None, expected: Table
) -> None:
    seen_at = at(FIRST_DAY, "18:00")
    ledger = lived(("check", "k", seen_at, {"temperature": None, "who": "comer-1"}))
    report = arrivals.Report(
        act=next(iter(ledger.of("check"))), kind=kind, known=True, held=False, at=local(seen_at).isoformat()
    )
    if answered:
        report.is_answered(at(FIRST_DAY, answered))
    assert found(ledger, "report_unanswered", report) == expected


def test_a_fever_at_a_gate_is_found_when_no_clinic_has_said_anything_for_a_day() -> None:
    seen_at, late = at(FIRST_DAY, "08:00"), at(NEXT, "10:30")
    about = {"temperature": "38.1", "who": "w", "device_at": seen_at.isoformat()}
    cleared = ("cleared", "x", late, {"who": "w", "source": "gate"})
    of_another = ("cleared", "x", at(FIRST_DAY, "10:30"), {"who": "v", "source": "gate"})
    fever = ("check", "k", seen_at, about)
    assert found(lived(fever), "report_unanswered") == {}
    assert found(lived(fever, of_another, until=late), "report_unanswered") == {("c", "02-25T08:00"): (1, 1)}
    assert found(lived(fever, cleared, until=late), "report_unanswered") == {("c", "02-25T08:00"): (1, 0)}


@pytest.mark.requirement("R5.1")
def test_a_compounds_short_day_and_a_silent_unit_wait_for_somebodys_word() -> None:
    ledger = lived(("site", "s2", BEGAN, {"active": True, "rounds": 2, "site_kind": "lift"}))
    assert found(ledger, "rounds_missed") == {("c", "02-25T00:00"): (1, 1)}
    units = found(ledger, "unit_report_late")
    assert set(units.values()) == {(1, 1)}
    assert {since for _, since in units} == {"02-24T17:00"}
    assert len(units) == 9, "one for each neighbourhood of the town"
