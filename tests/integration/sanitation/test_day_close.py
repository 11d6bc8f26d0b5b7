"""Days that are over: closed once, caught up with, and told again when a late entry changes them (S1)."""

import asyncio
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.sanitation.store import day_close as store
from services.sanitation.tickers import close_days
from tests.integration.sanitation.test_rounds_over_http import log
from tests.integration.sanitation.world import Service, policy

LIFT = {"code": "lj-001-s001", "compound": "lj-001", "kind": "lift", "name": "3幢电梯"}
STAIRS = {"code": "lj-001-s002", "compound": "lj-001", "kind": "stairwell", "name": "3幢楼道"}
FAR = {"code": "lj-002-s001", "compound": "lj-002", "kind": "lift", "name": "1幢电梯"}


def move(service: Service, day: int, clock: str) -> None:
    """Shanghai time of February 2020."""
    service.client.move_to(datetime.fromisoformat(f"2020-02-{day:02}T{clock}+08:00"))


async def close(service: Service) -> int:
    return await close_days(service.context.database)


async def told(service: Service) -> list[tuple[str, str, int, int]]:
    codes = {
        str(row["site_id"]): row["code"]
        for row in await service.context.database.pool.fetch("select site_id, code from site")
    }
    return [
        (one["day"][-2:], codes[one["site_id"]], one["counted"], one["shortfall"])
        for one in (event["data"] for event in await service.published("RoundMissed"))
    ]


@pytest.fixture
async def places(sanitation: Service) -> Service:
    for site in (LIFT, STAIRS, FAR):
        assert (await sanitation.post("/v1/sites", site, "community_clerk")).status_code == 201
    return sanitation


async def done(service: Service, code: str, at: str, **more: Any) -> dict[str, Any]:
    answer = await service.post("/v1/rounds", log(site_code=code, done_at=at, **more), "sanitation_worker")
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.scenario("S1")
@pytest.mark.requirement("R5.1")
async def test_a_day_is_closed_once_and_a_late_entry_makes_it_good(places: Service) -> None:
    await done(places, "lj-001-s001", "2020-02-24T08:30:00+08:00")
    for at in ("03:00", "08:00"):
        await done(places, "lj-001-s002", f"2020-02-24T{at}:00+08:00")
    move(places, 24, "23:59:59")
    assert (await close(places), await told(places)) == (0, [])

    move(places, 25, "00:00:00")
    await asyncio.gather(*(close(places) for _ in range(4)))
    await close(places)
    assert sorted(await told(places)) == [("24", "lj-001-s001", 1, 1), ("24", "lj-002-s001", 0, 2)]

    # 00:05 belongs to the new day and mends nothing; a late entry near the other is the same round.
    move(places, 25, "09:00:00")
    await done(places, "lj-001-s001", "2020-02-25T00:05:00+08:00")
    late = {"source": "late_entry", "explanation": "巡查时手机没有信号"}
    near = await done(places, "lj-001-s001", "2020-02-24T08:40:00+08:00", **late)
    assert (near["counts"], len(await told(places))) == (False, 2)
    await done(places, "lj-001-s001", "2020-02-24T19:00:00+08:00", **late)
    assert (await told(places))[-1] == ("24", "lj-001-s001", 2, 0)
    await done(places, "lj-001-s001", "2020-02-24T23:30:00+08:00", **late)
    assert len(await told(places)) == 3  # a third round changes nothing that was told

    figures = await places.get("/v1/day-figures", "hq_officer", day="2020-02-24")
    lines = {
        (one["compound"], one["kind"]): (
            one["final"],
            one["required"],
            one["done"],
            one["on_time"],
            one["on_time_percent"],
        )
        for one in figures.json()["lines"]
    }
    assert lines == {
        ("lj-001", "lift"): (True, 2, 2, 1, "50.0"),
        ("lj-001", "stairwell"): (True, 2, 2, 2, "100.0"),
        ("lj-002", "lift"): (True, 2, 0, 0, "0.0"),
    }
    mine = await places.get("/v1/day-figures", "property_manager", "compound:lj-002")
    assert [(one["compound"], one["final"]) for one in mine.json()["lines"]] == [("lj-002", False)]


@pytest.mark.scenario("S2")
async def test_after_a_standstill_every_day_is_closed_in_order_and_a_closure_entered_late_is_seen(
    places: Service,
) -> None:
    move(places, 27, "08:00:00")
    await close(places)
    found = await told(places)
    assert [line[0] for line in found] == ["24"] * 3 + ["25"] * 3 + ["26"] * 3
    assert {line[3] for line in found} == {2}

    body = {
        "closure_id": str(uuid4()),
        "from_day": "2020-02-26",
        "last_day": "2020-02-27",
        "reason": "repair",
    }
    path = "/v1/sites/lj-001-s001/closures"
    too_far = await places.post(path, body | {"from_day": "2020-02-24"}, "community_clerk")
    closed = await places.post(path, body, "community_clerk")
    assert (too_far.status_code, closed.status_code) == (422, 201)
    assert (await told(places))[9:] == [("26", "lj-001-s001", 0, 0)]
    history = await places.get("/v1/figures-history", "supervisor", compound="lj-001", days=4)
    lifts = [one for one in history.json()["lines"] if one["kind"] == "lift"]
    assert [(one["day"][-2:], one["sites"], one["shortfall"], one["final"]) for one in lifts] == [
        ("24", 1, 2, True),
        ("25", 1, 2, True),
        ("26", 0, 0, True),
        ("27", 0, 0, False),
    ]


async def test_without_any_policy_a_day_waits_and_a_day_before_the_first_policy_owes_nothing(
    bare: Service,
) -> None:
    await bare.hear_compounds("lj-001")
    await bare.post("/v1/sites", LIFT, "community_clerk")
    move(bare, 26, "01:00:00")
    assert (await close(bare), await told(bare)) == (0, [])

    await bare.hear_policy(1, date(2020, 2, 25), policy())

    assert (await close(bare), await told(bare)) == (2, [("25", "lj-001-s001", 0, 2)])


class Killed(BaseException):
    """The process is gone."""


async def test_killed_before_its_commit_a_close_tells_nothing_and_is_done_again(
    places: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(places, 25, "00:00:00")
    advance = store.advance

    async def dying(*args: Any) -> None:
        await advance(*args)
        raise Killed  # after its rows and its events, before the commit

    monkeypatch.setattr(store, "advance", dying)
    with pytest.raises(Killed):
        await close(places)
    assert await told(places) == []
    assert await places.context.database.pool.fetchval("select count(*) from site_day") == 0

    monkeypatch.setattr(store, "advance", advance)
    assert await close(places) == 1
    assert len(await told(places)) == 3
