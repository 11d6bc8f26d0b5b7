"""What falls due by business time: once each, in order, whatever happens to the process."""

import asyncio
from datetime import date, time, timedelta

import pytest

from services.observation import metrics
from services.observation.tickers import close_due, show_figures
from shared.events.policy_observation import Window
from shared.testing.figures import figure
from tests.integration.observation.conftest import (
    FEB24,
    LAST,
    Desk,
    days_from,
    policy_revised,
    returnee,
)
from tests.unit.observation.given import RULES

FEB25 = date(2020, 2, 25)


@pytest.mark.scenario("O4")
async def test_after_three_days_of_downtime_each_missed_window_is_told_once_and_in_order(desk: Desk) -> None:
    made = [await desk.open_case() for _ in range(3)]
    desk.move(FEB25, "07:00")
    await desk.declare(made[1])
    desk.move(date(2020, 2, 27), "22:00")
    assert await desk.tick() == 6 + 5 + 6
    assert await desk.tick() == 0
    missed = await desk.told("DeclarationMissed")
    order = [(fact["day"], ("morning", "evening").index(fact["window"])) for fact in missed]
    assert order == sorted(order)
    kept = await desk.rows("select case_id, day, window_name, streak from missed_window")
    assert {(str(row["case_id"]), str(row["day"]), row["window_name"], row["streak"]) for row in kept} == {
        (fact["case_id"], fact["day"], fact["window"], fact["streak"]) for fact in missed
    }
    for case_id in made:
        mine = [
            (fact["day"], fact["window"], fact["streak"])
            for fact in missed
            if fact["case_id"] == str(case_id)
        ]
        slots = [
            (str(day), window)
            for day in days_from(FEB25, date(2020, 2, 27))
            for window in ("morning", "evening")
        ]
        expected = slots[1:] if case_id == made[1] else slots
        assert mine == [(*slot, nth) for nth, slot in enumerate(expected, start=1)]
        versions = [fact["version"] for fact in await desk.told() if fact["case_id"] == str(case_id)]
        assert versions == list(range(1, len(versions) + 1))


@pytest.mark.scenario("O12")
async def test_twenty_eight_declarations_in_time_complete_by_themselves_at_midnight(desk: Desk) -> None:
    case_id = await desk.open_case()
    for day in days_from(FEB25, LAST):
        for clock in ("06:00", "20:59"):
            desk.move(day, clock)
            assert (await desk.declare(case_id)).json()["standing"] == "in_time"
            await desk.tick()
    desk.move(LAST, "23:59:59")
    await desk.tick()
    assert await desk.told("ObservationCompleted") == []
    desk.move(date(2020, 3, 10), "00:00")
    await desk.tick()
    await desk.tick()
    completed = await desk.told("ObservationCompleted")
    assert [(fact["completed_at"], fact["pass_from"], fact["version"]) for fact in completed] == [
        ("2020-03-09T16:00:00Z", "2020-03-10", 30)
    ]
    assert await desk.told("DeclarationMissed") == []
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert case["state"] == "completed"
    assert case["figures"] == {"due": 28, "answered": 28, "late": 0, "missed": 0, "open": 0, "streak": 0}
    assert [cell["state"] for cell in case["windows"]] == ["not_due"] * 2 + ["answered"] * 28


@pytest.mark.scenario("O12")
async def test_completion_long_after_downtime_carries_the_instant_at_which_it_was_due(desk: Desk) -> None:
    case_id = await desk.open_case()
    for day in days_from(FEB25, LAST):
        desk.move(day, "18:00")
        await desk.declare(case_id)
    desk.move(date(2020, 3, 15), "12:00")
    await desk.tick()
    assert [fact["completed_at"] for fact in await desk.told("ObservationCompleted")] == [
        "2020-03-09T16:00:00Z"
    ]
    assert len(await desk.told("DeclarationMissed")) == 14


@pytest.mark.scenario("O5")
async def test_without_the_last_evening_an_officer_decides_and_nothing_is_told_afterwards(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(date(2020, 3, 10), "09:00")
    await desk.tick()
    told = await desk.told()
    assert told[-1]["event"] == "ObservationAwaitsClosure"
    desk.move(date(2020, 3, 25), "09:00")
    assert await desk.tick() == 0
    assert len(await desk.told()) == len(told) == 1 + 28 + 1
    answer = await desk.decide(case_id, "close", "电话核实无异常")
    assert (answer.status_code, answer.json()["state"]) == (201, "completed")
    assert [(fact["last_day"], fact["pass_from"]) for fact in await desk.told("ObservationCompleted")] == [
        ("2020-03-09", "2020-03-10")
    ]


async def test_a_kill_in_the_middle_of_a_window_close_changes_nothing(desk: Desk) -> None:
    await desk.hear(*(returnee() for _ in range(60)))
    desk.move(date(2020, 2, 26), "12:00")
    kills = 0
    while True:
        try:
            async with asyncio.timeout(0.004 * (kills + 1)):
                await close_due(desk.database, batch=7)
            break
        except TimeoutError:
            kills += 1
    assert kills > 0
    missed = await desk.told("DeclarationMissed")
    assert len(missed) == 60 * 3
    assert len({(fact["case_id"], fact["day"], fact["window"]) for fact in missed}) == 60 * 3
    slots = [(fact["day"], fact["window"] == "evening") for fact in missed]
    assert slots == sorted(slots)
    assert {fact["streak"] for fact in missed[-60:]} == {3}


async def test_two_tickers_at_once_tell_everything_once(desk: Desk) -> None:
    await desk.hear(*(returnee() for _ in range(40)))
    desk.move(date(2020, 2, 26), "12:00")
    await asyncio.gather(*(close_due(desk.database, batch=5) for _ in range(3)))
    missed = await desk.told("DeclarationMissed")
    assert len({(fact["case_id"], fact["day"], fact["window"]) for fact in missed}) == len(missed) == 120


async def test_declarations_during_a_window_close_are_either_in_time_or_late_never_both(desk: Desk) -> None:
    made = [await desk.open_case() for _ in range(20)]
    desk.move(FEB25, "10:00")
    answers, _ = await asyncio.gather(
        asyncio.gather(*(desk.declare(case_id) for case_id in made)), close_due(desk.database, batch=3)
    )
    assert {answer.json()["standing"] for answer in answers} == {"late"}
    assert len(await desk.told("DeclarationMissed")) == 20


@pytest.mark.requirement("R1.2")
async def test_new_hours_hold_for_cases_in_force_from_their_day_on(desk: Desk) -> None:
    await desk.open_case()
    earlier = RULES.model_copy(update={"morning": Window(opens=time(6), closes=time(9), late_until=time(17))})
    await desk.hear(policy_revised(2, date(2020, 2, 26), earlier))
    desk.move(FEB25, "09:30")
    await desk.tick()
    assert await desk.told("DeclarationMissed") == []
    desk.move(date(2020, 2, 26), "09:00")
    await desk.tick()
    assert [(fact["day"], fact["window"]) for fact in await desk.told("DeclarationMissed")] == [
        ("2020-02-25", "morning"),
        ("2020-02-25", "evening"),
        ("2020-02-26", "morning"),
    ]


async def test_the_gauges_show_who_is_observed_and_what_is_overdue(desk: Desk) -> None:
    await desk.open_case()
    await desk.declare(await desk.open_case(), 38.2)
    desk.move(FEB25, "10:02")
    await show_figures(desk.database)
    people = metrics.PEOPLE
    assert people.labels("lj-001", "home_self_monitoring", "under_observation")._value.get() == 1
    assert people.labels("lj-001", "medical", "medical")._value.get() == 1
    assert metrics.OVERDUE.labels("morning")._value.get() == 1
    await desk.tick()
    await show_figures(desk.database)
    assert metrics.OVERDUE.labels("morning")._value.get() == 0
    for job in metrics.JOBS:
        age = desk.client.context.clock.real_now().timestamp() - metrics.LAST_SUCCESS.labels(job)._value.get()
        assert 0 <= age < 60


async def test_declarations_so_far_stand_beside_what_was_usual_by_then(desk: Desk) -> None:
    days = [FEB25 + timedelta(days=nth) for nth in range(4)]
    cases = [await desk.open_case() for _ in range(3)]
    for day, number in zip(days, (3, 1, 2, 1), strict=True):
        desk.move(day, "07:30")
        for case_id in cases[:number]:
            await desk.declare(case_id)
        desk.move(day, "09:59")  # late in the window: not by the time that is looked at
        for case_id in cases[number:3] if day != days[-1] else []:
            await desk.declare(case_id)
    desk.move(days[-1], "08:00")
    await show_figures(desk.database)
    assert figure("observation_declarations_received", window="morning") == 1
    assert figure("observation_declarations_usual", window="morning") == 2
    assert figure("observation_declarations_received", window="evening") == 0
    closes = figure("observation_window_closes_timestamp_seconds", window="morning") or 0
    until = closes - desk.client.context.clock.real_now().timestamp()
    assert until == pytest.approx(2 * 3_600, abs=60)


async def test_windows_that_nobody_can_close_are_told_while_that_lasts(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "10:02")
    async with desk.database.begin() as tx:
        await tx.execute("select from observation_case where case_id = $1 for update", case_id)
        closing = asyncio.create_task(desk.tick())
        await show_figures(desk.database)
        assert figure("observation_windows_overdue", window="morning") == 1
    await closing
    await show_figures(desk.database)
    assert figure("observation_windows_overdue", window="morning") == 0


@pytest.mark.release
@pytest.mark.requirement("R2.7")
async def test_the_windows_of_ten_thousand_people_close_once_each(desk: Desk) -> None:
    for _ in range(10):
        async with desk.database.begin() as tx:
            reactor = next(
                consumer
                for consumer in desk.client.service.consumers
                if consumer.name == "observation.open_for_returnee"
            )
            await reactor.apply(tx, [desk.envelope(returnee(), "returnees", pos) for pos in range(1, 1001)])
    for at in ("10:00", "21:00"):
        desk.move(FEB24 + timedelta(days=1), at)
        assert await close_due(desk.database) == 10_000
        assert await close_due(desk.database) == 0
    assert await desk.rows("select count(*) as n from missed_window") == [{"n": 20_000}]
