"""Each rule of supervision at its edges: found at the minute it is due to be, and not a minute before."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.finding_rules.daily import ReportDay, all_said_at, reports_late
from services.reporting.domain.finding_rules.gates import (
    Device,
    Gap,
    Override,
    duty_gaps,
    gates_offline,
    lists_stale,
    overrides_unreviewed,
)
from services.reporting.domain.finding_rules.observed import (
    Report,
    Streak,
    declarations_missed,
    reports_unanswered,
)
from services.reporting.domain.finding_rules.places import (
    Lead,
    SurveyRound,
    leads_overdue,
    no_named_person,
    surveys_behind,
)
from services.reporting.domain.finding_rules.sanitary import (
    LateOrder,
    MissedPickup,
    ShortDay,
    orders_overdue,
    pickups_missed,
    rounds_missed,
)
from services.reporting.domain.findings import Wanted

NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
TODAY = date(2020, 2, 24)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ID = UUID(int=7)
AT = {"compound": "lj-001", "checkpoint": "lj-001-k1"}


def found(wanted: list[Wanted] | None) -> list[tuple[str, datetime, datetime | None]]:
    assert wanted is not None
    return [(one.subject, one.since, one.until) for one in wanted]


@pytest.mark.requirement("R2.2", "R7.2")
@pytest.mark.parametrize(
    ("began", "ended", "told"),
    [
        (10 * MINUTE, None, False),
        (11 * MINUTE, None, True),
        (31 * MINUTE, 21 * MINUTE, False),
        (42 * MINUTE, 21 * MINUTE, True),
    ],
)
def test_a_post_that_was_empty_too_long(began: timedelta, ended: timedelta | None, *, told: bool) -> None:
    until = NOON - ended if ended is not None else None
    gap = Gap(gap_id=ID, **AT, cause="not_checked_in", began_at=NOON - began, ended_at=until)
    expected = [(str(ID), NOON - began + 10 * MINUTE, until)] if told else []
    assert found(duty_gaps([gap], longer_than=10 * MINUTE, now=NOON)) == expected


def device(number: int, quiet: timedelta | None, *, gate: int = 1, list_age: timedelta = HOUR) -> Device:
    return Device(
        device_id=UUID(int=number),
        compound="lj-001",
        checkpoint=f"k{gate}",
        seen_at=None if quiet is None else NOON - quiet,
        list_made_at=NOON - list_age,
    )


def away(*devices: Device) -> list[Wanted] | None:
    return gates_offline(devices, longer_than=10 * MINUTE, now=NOON + DAY, real_now=NOON)


@pytest.mark.scenario("H4")
@pytest.mark.requirement("R7.2")
def test_a_gate_is_away_when_none_of_its_devices_says_anything() -> None:
    assert found(away(device(1, 10 * MINUTE))) == []
    # Real time decides; on business time's scale it went as long ago.
    assert found(away(device(1, 12 * MINUTE))) == [("k1", NOON + DAY - 2 * MINUTE, None)]
    assert found(away(device(1, HOUR), device(2, MINUTE))) == []
    assert found(away(device(1, HOUR), device(2, MINUTE, gate=2))) == [("k1", NOON + DAY - 50 * MINUTE, None)]
    assert found(away(device(1, None))) == []  # it never took up service


def test_when_no_gate_is_heard_it_is_not_the_gates() -> None:
    assert away(device(1, HOUR), device(2, HOUR, gate=2)) is None
    assert away() == []


@pytest.mark.requirement("R7.2")
@pytest.mark.parametrize(
    ("quiet", "list_age", "told"),
    [(MINUTE, 4 * HOUR, False), (MINUTE, 4 * HOUR + MINUTE, True), (HOUR, 9 * HOUR, False)],
)
def test_a_list_that_is_too_old_to_admit_by(quiet: timedelta, list_age: timedelta, *, told: bool) -> None:
    wanted = lists_stale(
        [device(7, quiet, list_age=list_age)],
        older_than=4 * HOUR,
        quiet_after=10 * MINUTE,
        now=NOON,
        real_now=NOON,
    )
    assert found(wanted) == ([(str(ID), NOON - list_age + 4 * HOUR, None)] if told else [])


@pytest.mark.scenario("G18")
def test_a_review_is_late_at_its_deadline() -> None:
    def override(due: datetime) -> Override:
        return Override(check_id=ID, **AT, verdict="refuse", reason="other", review_due_at=due)

    assert found(overrides_unreviewed([override(NOON)], now=NOON)) == [(str(ID), NOON, None)]
    assert overrides_unreviewed([override(NOON + MINUTE)], now=NOON) == []


@pytest.mark.scenario("O4")
def test_three_windows_in_a_row_are_a_matter_of_headquarters() -> None:
    streaks = [Streak(case_id=UUID(int=n), compound="lj-001", windows=n) for n in (1, 2, 3, 4)]
    assert [one.evidence["windows"] for one in declarations_missed(streaks, from_windows=3, now=NOON)] == [
        3,
        4,
    ]


@pytest.mark.requirement("R7.2")
def test_a_kind_of_report_of_which_policy_says_nothing_is_no_finding() -> None:
    told = [
        Report(check_id=ID, kind=kind, **AT, reported_at=NOON - DAY, answered_at=None)
        for kind in ("fever", "case_contact")
    ]
    wanted = reports_unanswered(told, within_minutes={"fever": 60}, now=NOON)
    assert [one.subject for one in wanted] == [f"fever:{ID}"]


@pytest.mark.requirement("R2.5", "R7.2")
@pytest.mark.parametrize(
    ("kind", "ago", "answered", "told"),
    [
        ("fever", 120, None, False),
        ("fever", 121, None, True),
        ("focus_person", 61, None, True),
        ("first_return", 61, None, False),
        ("fever", 300, 200, False),
        ("fever", 300, 100, True),  # answered, but an hour too late
    ],
)
def test_a_report_without_an_answer(kind: Any, ago: int, answered: int | None, *, told: bool) -> None:
    reported_at = NOON - ago * MINUTE
    answered_at = NOON - answered * MINUTE if answered is not None else None
    report = Report(check_id=ID, kind=kind, **AT, reported_at=reported_at, answered_at=answered_at)
    limits: Any = {"fever": 120, "focus_person": 60, "first_return": 240}
    wanted = reports_unanswered([report], within_minutes=limits, now=NOON)
    expected = [(f"{kind}:{ID}", reported_at + limits[kind] * MINUTE, answered_at)] if told else []
    assert found(wanted) == expected


@pytest.mark.scenario("S1")
def test_a_compound_that_closed_short_is_one_finding_with_its_sites() -> None:
    days = [
        ShortDay(site_id=UUID(int=n), compound=compound, kind="lift", day=TODAY - DAY, shortfall=shortfall)
        for n, (compound, shortfall) in enumerate(
            [("lj-001", 2), ("lj-001", 1), ("lj-001", 0), ("lj-002", 0)]
        )
    ]
    [one] = rounds_missed(days)
    assert (one.subject, one.since) == ("lj-001:2020-02-23", datetime(2020, 2, 23, 16, tzinfo=UTC))
    assert one.evidence["rounds_missed"] == 3
    assert [site["shortfall"] for site in one.evidence["sites"]] == [2, 1]  # type: ignore[attr-defined]


@pytest.mark.scenario("S4", "S5")
def test_waste_that_was_not_fetched_and_orders_whose_time_is_over() -> None:
    missed = [
        MissedPickup(
            pickup_id=ID, compound="lj-001", day=TODAY - days * DAY, due_at=due_at, reason="not_done"
        )
        for days, due_at in (
            (1, None),
            (1, NOON - DAY),
            (0, NOON),
            (2, NOON - DAY),
        )  # the last one was put off
    ]
    midnight = NOON - 12 * HOUR
    assert [one.since for one in pickups_missed(missed, now=NOON)] == [midnight, midnight, NOON, midnight]

    def order(due_at: datetime) -> LateOrder:
        return LateOrder(
            order_id=ID, compound="lj-001", item="clean", source="manual", due_at=due_at, level=0
        )

    assert found(orders_overdue([order(NOON), order(NOON + MINUTE)], now=NOON)) == [(str(ID), NOON, None)]


def lead(**changes: object) -> Lead:
    stated = {
        "lead_id": ID,
        "compound": "lj-001",
        "category": "gathering",
        "received_at": NOON - 3 * HOUR,
        "due_at": None,
        "closed_at": None,
    }
    return Lead(**stated | changes)  # type: ignore[arg-type]  # fields of Lead


@pytest.mark.requirement("R6.3", "R7.2")
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (lead(), [(str(ID), NOON - HOUR, None)]),  # nobody's lead has its clock, too
        (lead(due_at=NOON - MINUTE), [(str(ID), NOON - MINUTE, None)]),
        (lead(due_at=NOON), []),
        (lead(category="unheard_of"), []),
        (
            lead(due_at=NOON - HOUR, closed_at=NOON - MINUTE),
            [(str(ID), NOON - HOUR, NOON - MINUTE)],
        ),
        (lead(due_at=NOON - HOUR, closed_at=NOON - 2 * HOUR), []),
    ],
)
def test_a_lead_that_nobody_looked_into(told: Lead, expected: list[Any]) -> None:
    assert found(leads_overdue([told], due_hours={"gathering": 2}, now=NOON)) == expected


@pytest.mark.scenario("P8")
@pytest.mark.parametrize(
    ("final", "days", "told"),
    [
        (30, 5, False),  # half of its days: 50 percent less 20 points
        (29, 5, True),
        (0, 1, False),
        (99, 10, True),  # the last day is over: not one household is let off
        (100, 12, False),
    ],
)
def test_a_survey_behind_its_days(final: int, days: int, *, told: bool) -> None:
    opened_at = datetime(2020, 2, 13, 16, tzinfo=UTC)  # midnight; ten days
    one = SurveyRound(
        round_id=ID,
        compound="lj-001",
        dwellings=100,
        final=final,
        opened_at=opened_at,
        due_on=date(2020, 2, 23),
    )
    now = opened_at + days * DAY
    wanted = surveys_behind([one], behind_percent=20, now=now)
    assert [(each.since, each.evidence["percent_from"]) for each in wanted] == (
        [(now, final // 5 * 5)] if told else []
    )


@pytest.mark.requirement("R1.1")
def test_a_compound_that_cannot_be_closed_needs_somebody_named() -> None:
    modes = {"lj-001": "closed", "lj-002": "staffed", "lj-003": "staffed"}
    assert found(no_named_person(modes, {"lj-003"}, now=NOON)) == [("lj-002", NOON, None)]


@pytest.mark.scenario("H1")
@pytest.mark.requirement("R7.4")
def test_units_and_the_town_that_report_late() -> None:
    until = NOON - HOUR
    units = {"nb-01": until, "nb-02": None, "nb-03": NOON - MINUTE}
    day = ReportDay(day=TODAY, confirm_until=until, units=units, sent_at=None)
    in_time = ReportDay(day=TODAY, confirm_until=until, units={"nb-01": until, "nb-02": None}, sent_at=None)
    assert found(reports_late([in_time], send_within=HOUR, now=until)) == []
    late = [("2020-02-24:nb-02", until, None), ("2020-02-24:nb-03", until, NOON - MINUTE)]
    assert found(reports_late([day], send_within=HOUR, now=NOON)) == late
    assert found(reports_late([day], send_within=HOUR, now=NOON + MINUTE))[2:] == [("2020-02-24", NOON, None)]
    sent = ReportDay(day=TODAY, confirm_until=until, units={}, sent_at=NOON)
    assert reports_late([sent], send_within=HOUR, now=NOON + HOUR) == []


def test_a_unit_has_said_its_numbers_when_the_last_of_its_compounds_has() -> None:
    assert all_said_at([NOON, NOON + MINUTE, NOON - MINUTE]) == NOON + MINUTE
    assert all_said_at([NOON, None]) is None
    assert all_said_at([]) is None
