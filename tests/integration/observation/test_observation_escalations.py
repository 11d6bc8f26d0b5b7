"""The ladder over a running service: late after downtime, once each, in order; silent after an answer."""

from datetime import date

import pytest

from services.observation.tickers import close_due
from tests.integration.observation.conftest import CLERK, Desk, days_from, returnee

FEB25, FEB26 = date(2020, 2, 25), date(2020, 2, 26)


async def steps(desk: Desk) -> list[tuple[str, str, str]]:
    return [(fact["day"], fact["window"], fact["step"]) for fact in await desk.told("FollowUpEscalated")]


@pytest.mark.scenario("O4")
async def test_three_hours_of_downtime_over_the_ladder_lose_and_double_nothing(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(case_id)
    desk.move(FEB25, "21:00")
    await desk.tick()
    assert await steps(desk) == [("2020-02-25", "evening", "remind")]
    desk.move(FEB25, "23:59")  # quiet
    await desk.tick()
    assert len(await steps(desk)) == 1
    desk.move(FEB26, "09:30")  # nobody ticked at 07:00
    await desk.tick()
    await desk.tick()
    assert await steps(desk) == [
        ("2020-02-25", "evening", "remind"),
        ("2020-02-25", "evening", "remind_again"),
        ("2020-02-25", "evening", "remind_last"),
        ("2020-02-25", "evening", "grid_worker"),
    ]
    versions = [fact["version"] for fact in await desk.told()]
    assert versions == list(range(1, len(versions) + 1))
    waiting = (await desk.get("/v1/escalations?step=grid_worker")).json()["items"]
    assert [(line["case_id"], line["due_at"]) for line in waiting] == [(str(case_id), "2020-02-25T23:00:00Z")]


@pytest.mark.scenario("O4")
async def test_a_declaration_at_half_past_eleven_is_late_and_ends_the_ladder(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(case_id)
    desk.move(FEB25, "21:00")
    await desk.tick()
    desk.move(FEB25, "23:30")
    assert (await desk.declare(case_id)).json()["standing"] == "late"
    desk.move(FEB26, "07:00")
    await desk.tick()
    assert await steps(desk) == [("2020-02-25", "evening", "remind")]
    assert (await desk.get("/v1/escalations")).json()["items"] == []
    desk.move(FEB26, "10:00")  # the next morning is its own window
    await desk.tick()
    assert (await steps(desk))[1:] == [("2020-02-26", "morning", "remind")]


@pytest.mark.scenario("O4", "O5")
async def test_a_streak_brings_a_visit_then_headquarters_and_after_the_period_nobody_is_reminded(
    desk: Desk,
) -> None:
    event = returnee()
    await desk.open_case(event)
    for day in days_from(FEB25, date(2020, 2, 26)):
        for clock in ("10:00", "15:00", "21:00"):
            desk.move(day, clock)
            await desk.tick()
    told = await steps(desk)
    assert len(told) == len(set(told))
    assert [step for step in told if step[2] in {"door_visit", "headquarters"}] == [
        ("2020-02-25", "evening", "door_visit"),
        ("2020-02-26", "morning", "door_visit"),
        ("2020-02-26", "morning", "headquarters"),
        ("2020-02-26", "evening", "door_visit"),
        ("2020-02-26", "evening", "headquarters"),
    ]
    elsewhere = ("grid_worker", "grid:lj-002-w01")
    assert (await desk.get("/v1/escalations", elsewhere)).json()["items"] == []
    assert (await desk.get("/v1/escalations?limit=2", CLERK)).json()["next"] is not None
    desk.move(date(2020, 3, 10), "00:00")
    await desk.tick()
    before = len(await steps(desk))
    desk.move(date(2020, 3, 12), "12:00")
    assert await close_due(desk.database) == 0
    assert len(await steps(desk)) == before
