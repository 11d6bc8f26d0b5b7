"""The rules of the daily report: zero only at zero, corrections that are kept, numbers that follow from each other."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.reporting.domain.daily_report import (
    ContinuityBroken,
    CorrectionChangesNothing,
    FigureUnknown,
    NotZero,
    ReportDayClosed,
    ReportDayNotOver,
    UnitsMissing,
    continuity,
    corrected,
    decide_correction,
    decide_sending,
    decide_zero,
    differences,
    hours_of,
)
from services.reporting.domain.report_content import Content, UnitLine, standing, with_last
from services.reporting.domain.report_day import ReportDay, day_of, report_day
from services.reporting.domain.report_figures import FIGURES, UNIT_KEYS, ZERO_KEYS, summed, words_of
from shared.events.policy_reporting import DailyReportRules
from shared.kernel.refusal import PolicySilent
from tests.unit.observation.given import RULES as OBSERVATION

DAY = date(2020, 2, 24)
FOUR, FIVE = (datetime(2020, 2, 24, hour, tzinfo=UTC) for hour in (8, 9))  # 16:00 and 17:00 in Shanghai
RULES = DailyReportRules(confirm_until=time(17), correction_minutes=60, correction_days=7)
SPAN = report_day(DAY, cut_off=time(16), cut_off_before=time(16))
HOURS = hours_of(SPAN, RULES)
NOTHING: dict[str, int | None] = dict.fromkeys(UNIT_KEYS, 0)
LAW: dict[str, int | None] = {
    "home_quarantine.last": 10,
    "home_quarantine.new": 3,
    "home_quarantine.moved_out": 1,
    "home_quarantine.released": 2,
    "home_quarantine.transferred": 1,
    "home_quarantine.closed": 1,
    "home_quarantine.merged": 1,
    "home_quarantine.now": 7,
    "medical.moved_in": 1,
    "medical.now": 1,
    "released.new": 2,
}


def line(unit: str, values: dict[str, int | None]) -> UnitLine:
    return UnitLine(
        unit=unit,
        name=None,
        neighbourhood=None,
        registered=True,
        state="open",
        late=False,
        said_at=None,
        values=values,
    )


def content(**lines: dict[str, int | None]) -> Content:
    return Content(
        day=DAY,
        starts=SPAN.starts,
        ends=SPAN.ends,
        lines=tuple(line(unit, values) for unit, values in lines.items()),
        town=summed(lines.values()),
        corrections=(),
    )


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2020, 2, 24, 7, 59, 59, tzinfo=UTC), DAY),
        (FOUR, DAY + timedelta(days=1)),  # the cut-off itself belongs to the next day
        (datetime(2020, 2, 24, 15, 59, tzinfo=UTC), DAY + timedelta(days=1)),
        (datetime(2020, 2, 24, 16, 0, tzinfo=UTC), DAY + timedelta(days=1)),  # midnight
    ],
)
def test_a_report_day_runs_from_cut_off_to_cut_off(at: datetime, day: date) -> None:
    assert day_of(at, cut_off=time(16)) == day


def test_a_day_on_which_the_cut_off_moves_is_longer_and_loses_nothing() -> None:
    moved = report_day(DAY, cut_off=time(18), cut_off_before=time(16))

    assert moved.ends - moved.starts == timedelta(hours=26)
    assert report_day(DAY + timedelta(days=1), cut_off=time(18), cut_off_before=time(18)).starts == moved.ends


def test_a_cut_off_within_an_hour_is_refused() -> None:
    with pytest.raises(PolicySilent):
        report_day(DAY, cut_off=time(16, 30), cut_off_before=time(16))


def test_yesterdays_evening_and_this_morning_close_within_the_day() -> None:
    assert SPAN.windows(OBSERVATION) == [(DAY - timedelta(days=1), "evening"), (DAY, "morning")]
    early = ReportDay(day=DAY, starts=FOUR - timedelta(hours=15), ends=FOUR - timedelta(hours=8))
    assert early.windows(OBSERVATION) == []  # between 01:00 and 08:00 none closes


@pytest.mark.scenario("H1")
def test_a_zero_report_is_only_for_who_has_nothing() -> None:
    decide_zero(NOTHING, NOTHING)
    decide_zero(
        NOTHING, NOTHING | {"entries.new": 318, "rounds.done": 4, "area.done": None, "people.now": 2104}
    )

    with pytest.raises(NotZero) as refused:
        decide_zero(NOTHING | {"returnees_focus.new": 2}, NOTHING | {"home_quarantine.now": 1})
    assert refused.value.extra["figures"] == {"returnees_focus.new": 2, "home_quarantine.now": 1}
    assert "居家隔离现有 1" in refused.value.detail


@pytest.mark.parametrize("key", ZERO_KEYS)
def test_each_figure_about_people_stands_against_a_zero_report(key: str) -> None:
    with pytest.raises(NotZero):
        decide_zero(NOTHING | {key: 1}, NOTHING)
    with pytest.raises(NotZero):
        decide_zero(NOTHING, NOTHING | {key: 1})


def test_a_correction_keeps_what_was_derived_and_the_newest_word_holds() -> None:
    derived = NOTHING | {"mask_bins.new": 3, "area.done": None}
    first = decide_correction(derived, derived, {"mask_bins.new": 4, "area.done": 1200})
    once = corrected(derived, first)
    second = decide_correction(derived, once, {"mask_bins.new": 5})

    assert [(one.figure, one.original, one.value) for one in first] == [
        ("area.done", None, 1200),
        ("mask_bins.new", 3, 4),
    ]
    assert (second[0].original, corrected(derived, [*first, *second])["mask_bins.new"]) == (3, 5)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"mask_bins.now": 1}, FigureUnknown),
        ({"home_quarantine.last": 1}, FigureUnknown),  # it is what the report of the day before said
        ({"watch_lines.now": 1}, FigureUnknown),  # it belongs to no unit
        ({"mask_bins.new": -1}, FigureUnknown),
        ({"mask_bins.new": 10**9}, FigureUnknown),
        ({"mask_bins.new": 0}, CorrectionChangesNothing),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    changes: dict[str, int], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        decide_correction(NOTHING, NOTHING, changes)


@pytest.mark.scenario("H2")
def test_numbers_that_follow_from_each_other_have_no_fault() -> None:
    assert continuity({"lj-001": LAW, "lj-002": NOTHING}, LAW) == []


@pytest.mark.scenario("H2")
@pytest.mark.parametrize(
    ("change", "figure", "off_by"),
    [
        ({"home_quarantine.now": 8}, "home_quarantine.now", 1),
        ({"home_quarantine.last": 11}, "home_quarantine.now", -1),
        ({"home_quarantine.new": 5}, "home_quarantine.now", -2),
        ({"home_quarantine.transferred": 0}, "home_quarantine.now", -1),
        ({"home_quarantine.closed": 0}, "home_quarantine.now", -1),
        ({"home_quarantine.merged": 0}, "home_quarantine.now", -1),
        ({"medical.moved_in": 2, "medical.now": 2}, "centralized_observation.moved_in", 1),
        ({"home_quarantine.released": 3, "home_quarantine.now": 6}, "released.new", -1),
    ],
)
def test_a_broken_law_says_where_and_by_how_much(change: dict[str, int], figure: str, off_by: int) -> None:
    faults = continuity({"lj-001": LAW | change, "lj-002": NOTHING}, LAW)

    assert [(one.unit, one.figure, one.off_by) for one in faults] == [("lj-001", figure, off_by)]
    with pytest.raises(ContinuityBroken) as refused:
        decide_sending(hours=HOURS, faults=faults, missing=(), missing_accepted=False, now=FIVE)
    assert refused.value.extra["faults"][0]["unit"] == "lj-001"  # type: ignore[index]
    assert "lj-001" in refused.value.detail


@pytest.mark.parametrize(
    ("now", "missing", "accepted", "refusal"),
    [
        (FOUR - timedelta(seconds=1), (), True, ReportDayNotOver),
        (FOUR, (), False, None),
        (FOUR, ("lj-001",), False, UnitsMissing),
        (FOUR, ("lj-001",), True, None),
        (FIVE, ("lj-001",), False, None),  # it names them
        (FOUR + timedelta(days=7), (), False, None),
        (FOUR + timedelta(days=7, seconds=1), (), False, ReportDayClosed),
    ],
)
def test_when_a_report_may_go_out(
    *, now: datetime, missing: tuple[str, ...], accepted: bool, refusal: type[Exception] | None
) -> None:
    def decide() -> None:
        decide_sending(hours=HOURS, faults=(), missing=missing, missing_accepted=accepted, now=now)

    if refusal is None:
        decide()
    else:
        with pytest.raises(refusal):
            decide()


@pytest.mark.scenario("H1")
def test_differences_are_told_figure_by_figure_for_the_town_and_each_unit() -> None:
    before = content(a=NOTHING, b=NOTHING)
    after = content(a=NOTHING | {"entries.new": 5}, b=NOTHING, c=NOTHING | {"exits.new": 1})

    told = [
        (one.unit, one.figure, one.before, one.after)
        for one in after.differences_from(before)
        if one.after != 0
    ]

    assert told == [
        (None, "units.missing", 2, 3),
        (None, "entries.new", 0, 5),
        (None, "exits.new", 0, 1),
        ("a", "entries.new", 0, 5),
        ("c", "exits.new", None, 1),
    ]
    assert after.differences_from(after) == []
    assert differences({"a": LAW}, {"a": LAW}, town=(LAW, LAW)) == []


@pytest.mark.scenario("H1")
def test_a_figure_that_reports_have_only_since_is_no_difference_of_one_that_was_sent_before() -> None:
    fever = NOTHING | {"gate_fevers.new": 1}
    older = {key: value for key, value in NOTHING.items() if not key.startswith("gate_contacts")}
    before = replace(content(a=older), town=dict.fromkeys(older, 0))

    told = content(a=fever | {"gate_contacts.new": 2}).differences_from(before)

    assert {one.figure for one in told} == {"gate_fevers.new"}


def test_a_content_is_kept_whole() -> None:
    one = content(a=NOTHING | LAW, b=NOTHING | {"area.done": None})

    assert Content.of_document(one.document()) == one
    assert one.only(["b"]).town["area.done"] is None


def test_what_was_last_is_what_the_report_of_the_day_before_said() -> None:
    found = with_last(
        {"a": LAW, "new": NOTHING | {"medical.last": 1}}, content(a=LAW | {"home_quarantine.now": 12})
    )

    assert found["a"]["home_quarantine.last"] == 12
    assert found["new"]["medical.last"] == 0
    assert with_last({"a": LAW}, None) == {"a": LAW}


def test_how_things_stood_is_not_told_anew() -> None:
    first = content(a=NOTHING | {"people.now": 10, "entries.new": 1, "gates.due": 1, "gates.done": 0})
    later = {"people.now": 12, "entries.new": 2, "gates.due": 2, "gates.done": 1}  # another gate opened since

    found = standing({"a": NOTHING | later}, first)

    assert {key: found["a"][key] for key in later} == {
        "people.now": 10,
        "entries.new": 2,
        "gates.due": 1,
        "gates.done": 1,
    }


def test_a_unit_that_came_later_is_not_in_a_report_that_was_sent_unless_something_happened_there() -> None:
    first = content(a=NOTHING)
    here = NOTHING | {"people.now": 12, "gates.due": 1}
    units = {"a": NOTHING, "quiet": here, "said": here, "moved": here | {"entries.new": 1}}

    found = standing(units, first, {"said"})

    assert found.keys() == {"a", "said", "moved"}
    assert (found["moved"]["entries.new"], found["moved"]["people.now"]) == (1, 0)
    assert standing(units, None).keys() == units.keys()


def test_every_figure_has_its_words_and_a_sum_knows_what_it_does_not_know() -> None:
    for figure in FIGURES:
        for key in figure.keys:
            zh, en = words_of(key)
            assert zh.startswith(figure.zh)
            assert en.startswith(figure.en)
    assert words_of("gone.now") == ("gone.now", "gone.now")
    assert len({figure.code for figure in FIGURES}) == len(FIGURES) >= 32
    town = summed([{"entries.new": 1, "area.done": 5}, {"entries.new": 2, "area.done": None}])
    assert (town["entries.new"], town["area.done"]) == (3, None)
