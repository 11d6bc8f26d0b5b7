"""Folds: given events, then rows; and what the order of events may and may not change."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.projections import (
    entry_flow,
    entry_passes,
    observation_roll,
    population,
    site_rounds,
    survey,
)
from services.reporting.projections.entry_flow import Flow, FlowKey
from services.reporting.projections.observation_roll import CaseUnknownError, WindowKey
from services.reporting.projections.site_rounds import SiteDay
from shared.events.base import Event
from shared.events.gate import EntryChecked
from shared.events.observation import (
    DeclarationMissed,
    DeclarationSubmitted,
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)
from shared.events.registry.people import PersonRegistered, ResidenceEnded
from shared.events.registry.surveys import HouseholdSurveyed, SurveyRoundClosed, SurveyRoundOpened
from shared.events.sanitation import RoundLogged
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef

HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
MORNING = datetime(2020, 2, 24, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
DAY = date(2020, 2, 24)
CASE, PERSON = UUID(int=1), PersonRef(UUID(int=2))
ABOUT: dict[str, Any] = {"case_id": CASE, "person_ref": PERSON, "compound": HERE}


def check(verdict: str = "admit", direction: str = "entry", **changes: Any) -> EntryChecked:
    values: dict[str, Any] = {
        "check_id": uuid4(),
        "compound": HERE,
        "checkpoint": CheckpointId("lj-001-k1"),
        "person_ref": None,
        "direction": direction,
        "verdict": verdict,
        "reasons": (),
        "temperature_c": Decimal("36.5"),
        "checked_at": MORNING,
        "offline": False,
        "policy_version": 1,
    }
    return EntryChecked(**(values | changes))


STARTED = ObservationStarted(
    **ABOUT,
    dwelling_id=DwellingId(UUID(int=3)),
    grid=GridId("lj-001-w01"),
    category="other",
    measure="home_self_monitoring",
    anchor_date=date(2020, 2, 15),
    last_day=date(2020, 2, 29),
    started_at=MORNING,
    policy_version=1,
)
INTERRUPTED = ObservationInterrupted(**ABOUT, reason="fever", interrupted_at=MORNING)
RESUMED = ObservationResumed(
    **ABOUT, measure="home_quarantine", last_day=date(2020, 3, 3), resumed_at=MORNING
)
WAITS = ObservationAwaitsClosure(**ABOUT, last_day=date(2020, 3, 3))
COMPLETED = ObservationCompleted(
    **ABOUT, last_day=date(2020, 3, 3), pass_from=date(2020, 3, 4), completed_at=MORNING
)


@pytest.mark.parametrize(
    ("event", "flow"),
    [
        (check(), Flow(checks=1, entries=1)),
        (check("admit_with_action"), Flow(checks=1, entries=1)),
        (check(direction="exit"), Flow(checks=1, exits=1)),
        (check("refuse", direction="exit"), Flow(checks=1, refused=1)),
        (check("refuse", reasons=("fever", "no_mask")), Flow(checks=1, refused=1, fever=1)),
        (check("cannot_verify", offline=True), Flow(checks=1, cannot_verify=1, offline=1)),
        (check("admit", reasons=("a_code_of_tomorrow",)), Flow(checks=1, entries=1)),
    ],
)
def test_a_check_counts_as_what_it_came_to(event: EntryChecked, flow: Flow) -> None:
    assert entry_flow.fold([event]) == {FlowKey(DAY, HERE, 8): flow}


@pytest.mark.parametrize(
    ("at", "day", "hour"),
    [
        ("2020-02-24T23:59:59+08:00", DAY, 23),
        ("2020-02-25T00:00:00+08:00", date(2020, 2, 25), 0),
        ("2020-02-24T16:00:00Z", date(2020, 2, 25), 0),
        ("1970-01-01T00:00:00Z", date(1970, 1, 1), 8),
    ],
)
def test_a_check_belongs_to_the_shanghai_hour_in_which_it_happened(at: str, day: date, hour: int) -> None:
    (key,) = entry_flow.fold([check(checked_at=datetime.fromisoformat(at))])

    assert key == FlowKey(day, HERE, hour)


checks = st.lists(
    st.builds(
        check,
        verdict=st.sampled_from(["admit", "admit_with_action", "refuse", "cannot_verify"]),
        direction=st.sampled_from(["entry", "exit"]),
        compound=st.sampled_from([HERE, THERE]),
        checked_at=st.integers(0, 2880).map(lambda minutes: MORNING + timedelta(minutes=minutes)),
    ),
    max_size=30,
)


@given(events=checks, cut=st.integers(0, 30))
def test_a_run_of_checks_may_be_cut_and_turned_as_one_likes(events: list[EntryChecked], cut: int) -> None:
    whole = entry_flow.fold(events)
    parts = [entry_flow.fold(events[cut:]), entry_flow.fold(events[:cut])]

    assert entry_flow.fold(reversed(events)) == whole
    assert sum(flow.checks for part in parts for flow in part.values()) == len(events)
    for key, flow in whole.items():
        assert flow.checks == flow.entries + flow.exits + flow.refused + flow.cannot_verify
        assert sum(part.get(key, Flow()).entries for part in parts) == flow.entries


def test_a_case_goes_through_its_states() -> None:
    seen = []
    known: dict[UUID, observation_roll.Case] = {}
    for event in (STARTED, INTERRUPTED, RESUMED, WAITS, COMPLETED):
        known |= observation_roll.fold_cases(known, [event])
        case = known[CASE]
        seen.append((case.state, case.measure, case.last_day.isoformat(), case.ended_at))

    assert seen == [
        ("active", "home_self_monitoring", "2020-02-29", None),
        ("interrupted", "medical", "2020-02-29", None),
        ("active", "home_quarantine", "2020-03-03", None),
        ("awaiting_closure", "home_quarantine", "2020-03-03", None),
        ("completed", "home_quarantine", "2020-03-03", MORNING),
    ]
    assert observation_roll.fold_cases({}, [STARTED, INTERRUPTED, RESUMED, WAITS, COMPLETED]) == known


@pytest.mark.scenario("O3")
def test_changes_of_a_case_are_followed() -> None:
    moved = ObservationRescheduled(
        **ABOUT,
        anchor_date=date(2020, 2, 18),
        last_day=date(2020, 3, 3),
        reason="anchor_corrected",
        rescheduled_at=MORNING,
    )
    stricter = ObservationMeasureChanged(
        **ABOUT, measure="home_quarantine", category="concern", changed_at=MORNING, policy_version=1
    )
    again = ObservationRestarted(
        **ABOUT,
        category="close_contact",
        measure="centralized_observation",
        anchor_date=date(2020, 3, 1),
        last_day=date(2020, 3, 15),
        restarted_at=MORNING,
    )
    closed = ObservationClosed(**ABOUT, ending="transferred", closed_at=MORNING)
    seen = []
    known: dict[UUID, observation_roll.Case] = {}
    for event in (STARTED, WAITS, moved, stricter, INTERRUPTED, moved, again, closed):
        known |= observation_roll.fold_cases(known, [event])
        case = known[CASE]
        seen.append(
            (case.state, case.measure, case.category, case.anchor_date.day, case.last_day.isoformat())
        )

    assert seen[1:] == [
        ("awaiting_closure", "home_self_monitoring", "other", 15, "2020-03-03"),
        ("active", "home_self_monitoring", "other", 18, "2020-03-03"),
        ("active", "home_quarantine", "concern", 18, "2020-03-03"),
        ("interrupted", "medical", "concern", 18, "2020-03-03"),
        ("interrupted", "medical", "concern", 18, "2020-03-03"),
        ("active", "centralized_observation", "close_contact", 1, "2020-03-15"),
        ("closed", "centralized_observation", "close_contact", 1, "2020-03-15"),
    ]
    assert known[CASE].ended_at == MORNING


def test_a_case_that_never_started_is_not_made_up() -> None:
    with pytest.raises(CaseUnknownError):
        observation_roll.fold_cases({}, [COMPLETED])


def submitted(window: str, *, late: bool = False) -> DeclarationSubmitted:
    return DeclarationSubmitted(
        **ABOUT,
        declaration_id=uuid4(),
        day=DAY,
        window=window,
        late=late,
        by="self",
        temperature_c=None,
        symptomatic=True,
        submitted_at=MORNING,
    )


def missed(window: str, streak: int) -> DeclarationMissed:
    return DeclarationMissed(**ABOUT, day=DAY, window=window, streak=streak)


@pytest.mark.parametrize(
    ("events", "state", "streak"),
    [
        ([missed("morning", 2)], "missed", 2),
        ([submitted("morning")], "submitted", 0),
        ([missed("morning", 2), submitted("morning", late=True)], "late", 0),
        ([submitted("morning"), submitted("morning", late=True)], "submitted", 0),
    ],
)
def test_a_window_tells_the_best_that_came(events: list[Any], state: str, streak: int) -> None:
    ((key, (found, at)),) = observation_roll.fold_windows(events).items()

    assert key == WindowKey(case_id=CASE, day=DAY, part="morning")
    assert (found, at) == (state, None if state == "missed" else MORNING)
    assert observation_roll.fold_streaks(events) == {CASE: streak}


def test_a_missed_window_after_a_declaration_starts_a_new_streak() -> None:
    assert observation_roll.fold_streaks([submitted("morning"), missed("evening", 1)]) == {CASE: 1}


def test_no_health_answer_is_kept() -> None:
    rows = repr(observation_roll.fold_windows([submitted("morning")]))

    assert "symptom" not in rows
    assert "temperature" not in rows


def issued(pass_id: UUID) -> EntryPassIssued:
    return EntryPassIssued(
        pass_id=pass_id,
        number="N",
        serial=1,
        person_ref=PERSON,
        compound=HERE,
        kind="resident",
        valid_from=MORNING,
        valid_until=MORNING + timedelta(days=30),
        policy_version=1,
    )


def test_a_pass_is_what_was_last_said_of_it() -> None:
    one, two, three, old, back = (UUID(int=number) for number in range(5))
    about: dict[str, Any] = {"person_ref": PERSON, "compound": HERE, "reason": "fever"}

    rows, changed = entry_passes.fold(
        [
            EntryPassSuspended(pass_id=three, **about),
            issued(one),
            issued(two),
            EntryPassSuspended(pass_id=one, **about),
            EntryPassRevoked(pass_id=old, **about),
            EntryPassReinstated(pass_id=back, **about),
            issued(three),
        ]
    )

    assert {key: row.state for key, row in rows.items()} == {
        one: "suspended",
        two: "active",
        three: "active",
    }
    assert changed == {old: "revoked", back: "active"}


def at(compound: CompoundId) -> PersonRegistered:
    return PersonRegistered(
        person_ref=PERSON,
        compound=compound,
        dwelling_id=DwellingId(UUID(int=9)),
        relation="tenant",
        resident=True,
    )


def ended(reason: Literal["died", "left_town", "moved"]) -> ResidenceEnded:
    return ResidenceEnded(
        person_ref=PERSON,
        compound=HERE,
        dwelling_id=DwellingId(UUID(int=9)),
        reason=reason,
        ended_on=DAY,
        new_compound=None,
        new_dwelling_id=None,
        new_grid=None,
    )


@pytest.mark.parametrize(
    ("events", "home"),
    [
        ([at(HERE), at(THERE)], THERE),
        ([at(HERE), ended("moved"), at(THERE)], THERE),
        ([at(HERE), ended("moved")], HERE),
        ([at(HERE), ended("died")], None),
        ([at(HERE), ended("left_town"), at(HERE)], HERE),
    ],
)
def test_a_person_lives_where_the_registry_named_last(events: list[Event], home: CompoundId | None) -> None:
    found = population.homes(events)[PERSON]
    assert (found.compound if found else None) == home


@pytest.mark.scenario("S1")
def test_rounds_add_up_per_site_and_shanghai_day() -> None:
    site = UUID(int=5)

    def logged(at: str, *, counts: bool = True, within: bool = True) -> RoundLogged:
        return RoundLogged(
            round_id=uuid4(),
            site_id=site,
            compound=HERE,
            kind="lift",
            agent="chlorine_84",
            concentration_mg_l=500,
            within_range=within,
            counts=counts,
            done_at=datetime.fromisoformat(at),
            source="code",
        )

    assert site_rounds.rounds(
        [
            logged("2020-02-24T08:00:00+08:00"),
            logged("2020-02-24T08:05:00+08:00", counts=False),
            logged("2020-02-24T23:59:00+08:00", within=False),
            logged("2020-02-25T00:05:00+08:00"),
        ]
    ) == {
        (DAY, site): SiteDay(logged=3, counted=2, outside_range=1),
        (date(2020, 2, 25), site): SiteDay(logged=1, counted=1),
    }


@pytest.mark.requirement("R4.1")
def test_the_newest_result_of_a_dwelling_and_the_denominator_of_the_end_hold() -> None:
    round_id, home = uuid4(), DwellingId(uuid4())
    opened = SurveyRoundOpened(
        round_id=round_id, number=3, compounds=(HERE,), dwellings={HERE: 800}, opened_at=MORNING, due_on=DAY
    )
    absent = HouseholdSurveyed(
        round_id=round_id,
        dwelling_id=home,
        compound=HERE,
        grid=GridId("lj-001-w01"),
        outcome="absent",
        final=False,
        attempts=1,
        people=0,
        conflict=False,
        surveyed_at=MORNING,
    )
    done = absent.replace(outcome="done", final=True, people=2)
    over = SurveyRoundClosed(
        round_id=round_id, number=3, dwellings={HERE: 802}, open_dwellings=801, closed_at=MORNING
    )
    whole = survey.fold([opened, absent, done, over])
    assert whole.rounds == {round_id: (3, True)}
    assert whole.dwellings == {(round_id, HERE): 802}
    assert whole.results == {(round_id, home): done}
    with pytest.raises(TypeError):
        survey.fold([check()])
