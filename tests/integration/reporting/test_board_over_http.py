"""What HQ is told: sums that add up, within the caller's scope, with its age."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from shared.events.gate import CheckOverridden, OverrideReviewed
from shared.events.observation import ObservationAwaitsClosure, ObservationCompleted, ObservationInterrupted
from shared.events.registry.passes import EntryPassIssued
from shared.kernel.days import start_of
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef
from tests.integration.reporting.heard import Reporting
from tests.integration.reporting.small_town import small_town
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    TODAY,
    about,
    addresses,
    admitted_late,
    check,
    deliver,
    device_revoked,
    device_seen,
    disinfected,
    flagged,
    gap_closed,
    gap_opened,
    household,
    missed,
    person,
    site,
    started,
    turn_ended,
    turn_started,
    vehicle,
)

FIRST, SECOND, THIRD, *_ = COMPOUNDS
ADDITIVE = (
    "problems",
    "dwellings",
    "people",
    "residents",
    "households",
    "under_observation",
    "awaiting_closure",
    "missed_streaks",
    "passes_active",
    "checks",
    "entries",
    "exits",
    "refused",
    "cannot_verify",
    "fever",
    "vehicles_in",
    "vehicles_out",
    "vehicles_held",
    "vehicles_refused",
    "gates",
    "gates_online",
    "sites",
    "rounds_required",
    "rounds_counted",
    "rounds_outside_range",
    "sites_short",
    "rounds_missed",
    "pickups_missed",
    "orders_open",
    "orders_overdue",
    "venues_found_open",
    "on_duty",
    "duty_gaps",
    "duty_gap_minutes",
    "survey_dwellings",
    "survey_final",
    "survey_conflicts",
)


@pytest.mark.scenario("H2")
async def test_the_sum_of_the_compounds_is_the_town(reporting: Reporting) -> None:
    reporting.log = small_town(Random(11), 2000)
    await deliver(reporting.client.context.database, reporting.log)

    board = await reporting.board()

    assert board["scope"] == "town"
    assert len(board["compounds"]) == len(COMPOUNDS)
    for figure in ADDITIVE:
        assert board["totals"][figure] == sum(line[figure] for line in board["compounds"]), figure
    open_cases = await reporting.client.context.database.pool.fetchval(
        "select count(*) from observation_case where ended_at is null"
    )
    assert board["totals"]["under_observation"] == sum(board["totals"]["observed"].values()) == open_cases > 0


@pytest.mark.requirement("R1.1")
async def test_a_line_tells_the_day_of_a_compound(reporting: Reporting) -> None:
    yesterday, late = MORNING - timedelta(days=1), MORNING - timedelta(hours=8, seconds=1)
    lift, bin_point = site(FIRST), site(FIRST, "bin_point")
    ill, behind, done = (started(FIRST, uuid4()) for _ in range(3))
    await reporting.hear(
        person(FIRST),
        person(FIRST, resident=False),
        household(FIRST, members=2),
        household(FIRST),
        addresses(FIRST, 300),
        addresses(FIRST, 7, grid=2),
        addresses(FIRST, 301),
        check(FIRST, MORNING),
        check(FIRST, MORNING, "admit_with_action"),
        check(FIRST, MORNING, direction="exit"),
        check(FIRST, MORNING, "refuse", reasons=("fever", "no_mask")),
        check(FIRST, MORNING, "cannot_verify", offline=True),
        vehicle(FIRST, MORNING, emergency=True),
        vehicle(FIRST, MORNING, direction="exit"),
        vehicle(FIRST, MORNING + timedelta(hours=1), direction="exit"),
        vehicle(FIRST, MORNING, "held", reasons=("occupant_unchecked",)),
        vehicle(FIRST, MORNING, "refuse", direction="exit"),
        vehicle(FIRST, yesterday),
        check(FIRST, yesterday),
        check(FIRST, late, offline=True),  # 23:59:59 of the day before, told today
        ill,
        behind,
        done,
        ObservationInterrupted(**about(ill), reason="fever", interrupted_at=MORNING),
        missed(behind, TODAY - timedelta(days=1), "evening", 1),
        missed(behind, TODAY, "morning", 2),
        ObservationCompleted(
            **about(done), last_day=done.last_day, pass_from=done.last_day, completed_at=MORNING
        ),
        EntryPassIssued(
            pass_id=uuid4(),
            number="N",
            serial=1,
            person_ref=PersonRef(uuid4()),
            compound=FIRST,
            kind="resident",
            valid_from=MORNING,
            valid_until=MORNING + timedelta(days=30),
            policy_version=1,
        ),
        lift,
        bin_point,
        *(disinfected(lift, MORNING) for _ in range(3)),
        disinfected(bin_point, MORNING, counts=False, within=False),
    )

    line = await reporting.line(FIRST)

    assert line["neighbourhood_name"] == "北社区"
    assert {name: line[name] for name in (*ADDITIVE, "observed", "name", "neighbourhood", "mode")} == {
        "name": f"小区{FIRST}",
        "neighbourhood": "nb-01",
        "mode": "closed",
        "problems": 2,  # one fever, one streak
        "dwellings": 308,
        "people": 2,
        "residents": 1,
        "households": 1,
        "under_observation": 2,
        "observed": {"home_self_monitoring": 1, "medical": 1},
        "awaiting_closure": 0,
        "missed_streaks": 1,
        "passes_active": 1,
        "checks": 5,
        "entries": 2,
        "exits": 1,
        "refused": 1,
        "cannot_verify": 1,
        "fever": 1,
        "vehicles_in": 1,
        "vehicles_out": 2,
        "vehicles_held": 1,
        "vehicles_refused": 1,
        "gates": 0,
        "gates_online": 0,
        "sites": 2,
        "rounds_required": 4,
        "rounds_counted": 2,  # the lift's third round does not make up for the bins
        "rounds_outside_range": 1,
        "sites_short": 0,
        "rounds_missed": 0,
        "pickups_missed": 0,
        "orders_open": 0,
        "orders_overdue": 0,
        "venues_found_open": 0,
        "on_duty": 0,
        "duty_gaps": 0,
        "duty_gap_minutes": 0,
        "survey_dwellings": 0,
        "survey_final": 0,
        "survey_conflicts": 0,
    }
    one = (await reporting.get(f"/v1/board/{FIRST}")).json()
    assert one["compound"] == line
    assert [(hour["vehicles_in"], hour["vehicles_out"]) for hour in one["vehicle_hours"]] == [(1, 1), (0, 1)]
    assert [(hour["hour"], hour["checks"]) for hour in one["hours"]] == [(8, 5)]


async def test_most_problems_come_first(reporting: Reporting) -> None:
    waits = started(THIRD, uuid4())
    await reporting.hear(
        check(SECOND, MORNING, "refuse", reasons=("fever",)),
        check(SECOND, MORNING, "refuse", reasons=("fever",)),
        waits,
        ObservationAwaitsClosure(**about(waits), last_day=waits.last_day),
        site(COMPOUNDS[4]),
    )

    order = [line["compound"] for line in (await reporting.board())["compounds"]]

    assert order == [SECOND, THIRD, COMPOUNDS[4], FIRST, COMPOUNDS[3]]


@pytest.mark.scenario("H4")
async def test_a_gate_that_nothing_is_heard_of_is_on_top_of_the_board(reporting: Reporting) -> None:
    now = datetime.now(UTC)  # heartbeats are real time
    quiet, heard, stopped = uuid4(), uuid4(), uuid4()
    await reporting.hear(
        device_seen(FIRST, heard, now - timedelta(seconds=30)),
        device_seen(THIRD, quiet, now - timedelta(seconds=700)),
        device_seen(SECOND, stopped, now - timedelta(days=3)),
        device_revoked(SECOND, stopped),
    )
    board = await reporting.board()
    top, *others = board["compounds"]
    assert (top["compound"], top["gates"], top["gates_online"], top["problems"]) == (THIRD, 1, 0, 1)
    gates = {line["compound"]: (line["gates"], line["gates_online"]) for line in others}
    assert (gates[FIRST], gates[SECOND]) == ((1, 1), (0, 0))
    assert (board["totals"]["gates"], board["totals"]["gates_online"]) == (2, 1)
    await reporting.hear(device_seen(THIRD, uuid4(), now))  # a second device at the same gate is enough
    assert (await reporting.line(THIRD))["problems"] == 0


@pytest.mark.scenario("G10")
async def test_flags_are_listed_newest_first_within_the_callers_compounds(reporting: Reporting) -> None:
    events: list[Any] = [
        flagged(FIRST, MORNING),
        flagged(SECOND, MORNING + timedelta(minutes=1), "clock_behind"),
        admitted_late(THIRD, MORNING + timedelta(minutes=2)),
    ]
    await reporting.hear(*events)
    newest = [str(event.check_id) for event in reversed(events)]
    page = (await reporting.get("/v1/check-flags", limit=2)).json()
    rest = (await reporting.get("/v1/check-flags", after=page["next"])).json()
    assert [item["check_id"] for item in (*page["items"], *rest["items"])] == newest
    assert [item["flag"] for item in page["items"]] == ["admitted_after_revoked", "clock_behind"]
    assert page["items"][0]["ended_at"] == "2020-02-23T23:32:00Z"
    assert (rest["items"][0]["other_check_id"], rest["next"]) == (str(events[0].other_check_id), None)
    one = (await reporting.get("/v1/check-flags", flag="clock_behind")).json()
    assert [(item["compound"], item["other_check_id"]) for item in one["items"]] == [(SECOND, None)]
    foreign = await reporting.get(
        "/v1/check-flags", role="supervisor", scope=f"compound:{FIRST}", compound=SECOND
    )
    assert foreign.status_code == 403


async def test_without_policy_what_is_due_is_unknown_and_the_rest_is_told(bare: Reporting) -> None:
    await bare.hear(check(FIRST, MORNING), site(FIRST), started(FIRST, uuid4()))

    board = await bare.board()

    (line,) = board["compounds"]
    assert (line["name"], line["checks"], line["under_observation"]) == (None, 1, 1)
    assert (line["rounds_required"], line["missed_streaks"], board["policy_version"]) == (None, None, None)
    assert (board["totals"]["rounds_required"], board["totals"]["checks"]) == (None, 1)


async def test_an_empty_town_has_a_board(bare: Reporting) -> None:
    board = await bare.board()

    assert (board["compounds"], board["totals"]["people"], board["day"]) == ([], 0, "2020-02-24")


@pytest.mark.parametrize(
    ("scope", "seen", "whole"),
    [
        ("town", 5, "town"),
        ("neighbourhood:nb-01", 2, "part"),
        ("compound:lj-003", 1, "part"),
        ("compound:lj-099", 0, "part"),
    ],
)
async def test_everybody_sees_their_part_only(
    reporting: Reporting, scope: str, seen: int, whole: str
) -> None:
    await reporting.hear(*(check(compound, MORNING) for compound in COMPOUNDS))

    board = await reporting.board("community_clerk", scope)

    assert (len(board["compounds"]), board["totals"]["checks"], board["scope"]) == (seen, seen, whole)


async def test_foreign_and_unknown_compounds_and_other_roles_are_refused(reporting: Reporting) -> None:
    narrow = {"role": "community_clerk", "scope": "compound:lj-001"}
    answers = [
        await reporting.get("/v1/board/lj-002", **narrow),
        await reporting.get("/v1/board/lj-099", **narrow),
        await reporting.get("/v1/board/lj-099"),
        await reporting.get("/v1/observation-roll", **narrow, compound="lj-002"),
        await reporting.get("/v1/board", "guard"),
        await reporting.get("/v1/observation-roll", "auditor"),
        await reporting.client.http.get("/v1/board"),
        await reporting.get("/v1/observation-roll", after="x"),
        await reporting.get("/v1/observation-roll", state="ill"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (403, "out_of_scope"),
        (403, "out_of_scope"),
        (404, "compound_unknown"),
        (403, "out_of_scope"),
        (403, "role_not_allowed"),
        (403, "role_not_allowed"),
        (401, "not_authenticated"),
        (400, "bad_cursor"),
        (422, "invalid_request"),
    ]


async def test_a_board_that_has_not_moved_is_not_sent_again(reporting: Reporting) -> None:
    first = await reporting.get("/v1/board")
    tag = {"If-None-Match": f'W/"x", {first.headers["etag"]}'}

    same = await reporting.get("/v1/board", headers=tag)
    await reporting.hear(check(FIRST, MORNING))
    moved = await reporting.get("/v1/board", headers=tag)

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (moved.status_code, moved.json()["totals"]["checks"]) == (200, 1)
    assert moved.headers["cache-control"] == "private, no-cache"


async def test_every_answer_tells_how_far_its_sources_are(reporting: Reporting) -> None:
    case = started(FIRST, uuid4())
    await reporting.hear(case, check(FIRST, MORNING))

    as_of = {source["source"]: source for source in (await reporting.board())["as_of"]}
    roll = (await reporting.get("/v1/observation-roll")).json()

    assert set(as_of) == {
        "gate.alerts",
        "gate.checks",
        "gate.devices",
        "gate.duty",
        "observation.cases",
        "observation.declarations",
        "registry.leads",
        "registry.merges",
        "registry.passes",
        "registry.people",
        "registry.policy",
        "registry.surveys",
        "registry.town",
        "sanitation.inspections",
        "sanitation.rounds",
        "sanitation.venues",
        "sanitation.waste",
    }
    assert as_of["registry.people"]["event_time"] is None
    assert as_of["gate.checks"]["event_time"] == reporting.log.clock.isoformat().replace("+00:00", "Z")
    assert as_of["gate.checks"]["moved_at"] is not None
    assert [source["source"] for source in roll["as_of"]] == [
        "observation.cases",
        "observation.declarations",
        "registry.people",
    ]


@pytest.mark.requirement("R2.7")
@pytest.mark.requirement("R2.2")
async def test_the_board_says_who_stands_at_the_posts_and_for_how_long_nobody_did(
    reporting: Reporting,
) -> None:
    now = reporting.client.context.clock.now()
    midnight = start_of(TODAY)
    first = gap_opened(FIRST, midnight - timedelta(minutes=90))  # 30 of its minutes lie in today
    second, third = gap_opened(FIRST, now - timedelta(minutes=25)), gap_opened(SECOND, now)
    stays, leaves = turn_started(FIRST, midnight), turn_started(FIRST, midnight)
    await reporting.hear(
        *(first, gap_closed(first, 120), second, third, stays, leaves),
        *(turn_ended(leaves, 60, "lapsed"), turn_ended(leaves, 90)),
    )
    figures = ("duty_gaps", "duty_gap_minutes", "on_duty")
    assert [(await reporting.line(FIRST))[name] for name in figures] == [1, 55, 1]
    assert [(await reporting.line(SECOND))[name] for name in figures] == [1, 0, 0]
    held = await reporting.client.context.database.pool.fetch(
        "select minutes, ended_by from duty_turn where turn_id = $1", leaves.turn_id
    )
    assert [tuple(row.values()) for row in held] == [(90, "check_out")]


@pytest.mark.scenario("G18")
async def test_headquarters_reviews_who_was_let_through_against_a_verdict(reporting: Reporting) -> None:
    told = [
        CheckOverridden(
            check_id=uuid4(),
            compound=compound,
            checkpoint=CheckpointId(f"{compound}-k1"),
            verdict="cannot_verify",
            reason="identity_confirmed",
            overridden_at=MORNING + timedelta(minutes=nth),
            review_due_at=MORNING + timedelta(minutes=nth, hours=-1 if nth == 2 else 24),
        )
        for nth, compound in enumerate((FIRST, SECOND, THIRD))
    ]
    await reporting.hear(*told)
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await reporting.get("/v1/overrides", limit=2, **after)).json()
        seen += [item["check_id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [str(event.check_id) for event in reversed(told)]
    await reporting.hear(
        OverrideReviewed(
            check_id=told[0].check_id,
            compound=FIRST,
            checkpoint=told[0].checkpoint,
            outcome="objected",
            objection="no_grounds",
            reviewed_at=MORNING + timedelta(minutes=30),
        )
    )
    page = (await reporting.get("/v1/overrides", review="open")).json()
    assert [(item["check_id"], item["overdue"]) for item in page["items"]] == [
        (str(told[2].check_id), True),
        (str(told[1].check_id), False),
    ]
    assert (page["reviews"]["open"], page["reviews"]["overdue"]) == (2, 1)
    assert datetime.fromisoformat(page["reviews"]["oldest"]) == told[1].overridden_at
    [closed] = (await reporting.get("/v1/overrides", review="objected")).json()["items"]
    assert (closed["check_id"], closed["objection"], closed["age_minutes"], closed["overdue"]) == (
        *(str(told[0].check_id), "no_grounds", 30, False),
    )
    assert (await reporting.get("/v1/overrides", review="maybe")).status_code == 422
    mine = (await reporting.get("/v1/overrides", "supervisor", f"compound:{SECOND}")).json()["items"]
    assert [item["compound"] for item in mine] == [SECOND]
    assert (await reporting.get("/v1/overrides", "community_clerk")).status_code == 403


async def test_passes_count_while_they_are_in_force(reporting: Reporting) -> None:
    log = small_town(Random(5), 600)
    await deliver(reporting.client.context.database, log)
    in_force = await reporting.client.context.database.pool.fetchval(
        "select count(*) from entry_pass where state = 'active' and valid_until > $1",
        MORNING + timedelta(hours=1),
    )

    assert (await reporting.board())["totals"]["passes_active"] == in_force > 0


async def test_a_compound_id_is_checked_like_any_input(reporting: Reporting) -> None:
    answer = await reporting.get(f"/v1/board/{CompoundId('Not a code')}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
