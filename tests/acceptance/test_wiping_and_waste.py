"""Sanitation through all services: rounds, sites over time and isolation waste, as headquarters see them (S1 to S4)."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.days import at_local, local_day
from tests.acceptance.people import came_from, dwellings, resident_id
from tests.acceptance.stack import Stack

HERE = "swept-001"
WORKER = ("sanitation_worker", f"compound:{HERE}")


async def compound(stack: Stack) -> None:
    officer = stack.as_role("hq_officer")
    body: dict[str, Any] = {"version": 0, "name": "云扫社区", "kind": "community"}
    await stack.call("PUT", "registry", "/v1/neighbourhoods/swept", headers=officer, json=body)
    place: dict[str, Any] = {
        "version": 0,
        "neighbourhood_id": "swept",
        "name": "云扫新村",
        "building_type": "high_rise",
        "address": "云扫路 1 号",
        "mode": "closed",
        "area_m2": 90_000,
    }
    await stack.call("PUT", "registry", f"/v1/compounds/{HERE}", headers=officer, json=place)
    await stack.equal()


async def site(stack: Stack, number: int, kind: str) -> str:
    code = f"{HERE}-s{number}"
    body = {"code": code, "compound": HERE, "kind": kind, "name": f"{number}号点位"}
    clerk = stack.as_role("community_clerk")
    await stack.call("POST", "sanitation", "/v1/sites", headers=clerk, json=body, expect=201)
    return code


def disinfected(code: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "round_id": str(uuid4()),
        "site_code": code,
        "agent": "chlorine_84",
        "concentration_mg_l": 500,
        "done_at": at.isoformat(),
        **more,
    }


async def log(stack: Stack, body: dict[str, Any], *, expect: int = 201) -> Any:
    headers = stack.as_role(*WORKER)
    return await stack.call("POST", "sanitation", "/v1/rounds", headers=headers, json=body, expect=expect)


async def short(stack: Stack, day: date) -> dict[str, tuple[int, int, int]]:
    """What headquarters see of a day here: sites short, rounds short, sites made good, by kind."""
    answer = await stack.call(
        "GET", "reporting", f"/v1/rounds-missed?day={day}", headers=stack.as_role("hq_officer")
    )
    return {
        line["kind"]: (line["sites_short"], line["rounds_short"], line["made_good"])
        for line in answer["lines"]
        if line["compound"] == HERE
    }


async def figures(stack: Stack, day: date) -> dict[str, tuple[int, int, int, int]]:
    """Sanitation's own figures of a day here: sites, required, done, on time, by kind."""
    answer = await stack.call(
        "GET", "sanitation", f"/v1/day-figures?day={day}", headers=stack.as_role("hq_officer")
    )
    return {
        line["kind"]: (line["sites"], line["required"], line["done"], line["on_time"])
        for line in answer["lines"]
        if line["compound"] == HERE
    }


@pytest.mark.timeout(300)
@pytest.mark.scenario("S1", "S2", "S3")
@pytest.mark.requirement("R5.1", "R5.5", "R7.2")
async def test_what_is_short_at_midnight_is_seen_at_headquarters_until_a_late_entry_makes_it_good(
    stack: Stack,
) -> None:
    day = local_day(stack.now()) + timedelta(days=1)
    await stack.move_to(at_local(day, time(0, 0, 1)))
    await compound(stack)
    lift, stairs, gate = [
        await site(stack, number, kind)
        for number, kind in enumerate(("lift", "stairwell", "gatehouse"), start=1)
    ]

    # S1: once, and five minutes later the same round. S3: a weak solution is kept and warned of; none is no proof.
    await stack.move_to(at_local(day, time(9, 0)))
    eight = at_local(day, time(8, 0))
    assert (await log(stack, disinfected(lift, eight)))["counts"]
    near = await log(stack, disinfected(lift, eight + timedelta(minutes=5)))
    assert (near["counts"], near["warnings"]) == (False, ["too_close"])
    for weak in (50, 50_000):
        warned = await log(
            stack, disinfected(stairs, eight + timedelta(minutes=weak % 7), concentration_mg_l=weak)
        )
        assert "outside_range" in warned["warnings"]
    for refused, code in (
        (disinfected(stairs, eight, concentration_mg_l=None), "incomplete"),
        (disinfected(stairs, eight, concentration_mg_l=100_001), "concentration_impossible"),
        (disinfected(stairs, at_local(day, time(10, 0))), "in_the_future"),
    ):
        assert (await log(stack, refused, expect=422))["code"] == code

    # S2: a site that is added at six in the evening owes what still fits; one under repair owes nothing.
    await stack.move_to(at_local(day, time(18, 0)))
    await site(stack, 4, "public_area")
    closure = {"closure_id": str(uuid4()), "from_day": day.isoformat(), "reason": "repair"}
    clerk = stack.as_role("community_clerk")
    path = f"/v1/sites/{gate}/closures"
    await stack.call("POST", "sanitation", path, headers=clerk, json=closure, expect=201)
    assert await figures(stack, day) == {
        "lift": (1, 2, 1, 1),
        "stairwell": (1, 2, 1, 1),
        "gatehouse": (0, 0, 0, 0),
        "public_area": (1, 1, 0, 0),
    }

    # Midnight: each is told once; 00:05 belongs to the new day; a late entry says why, and makes the day good.
    following = day + timedelta(days=1)
    await stack.move_to(at_local(following, time(0, 5)))
    await log(stack, disinfected(lift, at_local(following, time(0, 5))))
    await stack.equal()
    assert await short(stack, day) == {"lift": (1, 1, 0), "stairwell": (1, 1, 0), "public_area": (1, 1, 0)}
    evening = disinfected(lift, at_local(day, time(20, 0)), source="late_entry")
    assert (await log(stack, evening, expect=422))["code"] == "explanation_missing"
    await log(stack, evening | {"explanation": "巡查时手机没有信号"})
    await stack.equal()
    assert (await short(stack, day))["lift"] == (0, 0, 1)
    assert (await figures(stack, day))["lift"] == (1, 2, 2, 1)
    assert (await figures(stack, following))["gatehouse"] == (0, 0, 0, 0)
    assert (await figures(stack, following))["public_area"] == (1, 2, 0, 0)


@pytest.mark.timeout(600)
@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2", "R4.8")
async def test_a_household_under_quarantine_is_served_to_day_fourteen_and_what_is_not_fetched_is_seen(
    town: Stack,
) -> None:
    stack, here = town, "lj-011"
    clerk, officer = stack.as_role("community_clerk"), stack.as_role("hq_officer")
    worker = stack.as_role("sanitation_worker", f"compound:{here}")
    day = local_day(stack.now()) + timedelta(days=1)
    await stack.move_to(at_local(day, time(10, 0)))
    [home, *_] = await dwellings(stack, here)
    intake = {
        "intake_id": str(uuid4()),
        "person": {
            "name": "百里扫雪",
            "phone": "19900008765",
            "documents": [{"kind": "resident_id", "number": resident_id("19880607", 655)}],
        },
        "dwelling": {"dwelling_id": home["dwelling_id"]},
        "trip": came_from("330300", day),
    }
    came = await stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake, expect=201)
    assert came["measure"] == "home_quarantine"
    last = date.fromisoformat(came["last_day"])
    await stack.equal()
    await stack.move_to(at_local(day, time(10, 1)))

    async def pickups(on: date) -> list[Any]:
        path = f"/v1/pickups?compound={here}&day={on}"
        items = (await stack.call("GET", "sanitation", path, headers=worker))["items"]
        return [one for one in items if one["dwelling_id"] == home["dwelling_id"]]

    async def waste(on: date) -> tuple[int, int, int]:
        answer = await stack.call("GET", "reporting", f"/v1/waste?day={on}", headers=officer)
        lines = [one for one in answer["lines"] if one["compound"] == here]
        return (lines[0]["pickups"], lines[0]["done"], lines[0]["missed"]) if lines else (0, 0, 0)

    # Due on the same day, at a door that only who fetches reads; custody in order, and nothing else.
    [due] = await pickups(day)
    assert due["state"] == "due"
    assert datetime.fromisoformat(due["due_at"]) == at_local(day, time(18, 0))
    assert due["room"]
    seen = await stack.call("GET", "sanitation", f"/v1/pickups?compound={here}&day={day}", headers=officer)
    assert {one["room"] for one in seen["items"]} == {None}
    await stack.move_to(at_local(day, time(19, 0)))
    for name, more, expect in (
        ("collected", {"bags": 1}, 409),
        ("sealed", {}, 201),
        ("disinfected", {}, 409),
        ("collected", {"bags": 1}, 201),
        ("disinfected", {}, 201),
        ("handed_over", {"receiver": "env_unit_1"}, 201),
        ("handed_over", {"receiver": "env_unit_1"}, 409),
    ):
        await stack.call(
            "POST",
            "sanitation",
            f"/v1/pickups/{due['pickup_id']}/steps",
            headers=worker,
            json={"act_id": str(uuid4()), "step": name, "done_at": stack.now().isoformat(), **more},
            expect=expect,
        )

    # Every day of it nobody came: each such day is a finding. Released at 24:00 of day 14, there is none after.
    for nth in range(1, (last - day).days):
        await stack.move_to(at_local(day + timedelta(days=nth), time(12, 0)))
    await stack.move_to(at_local(last, time(18, 0)))
    assert len(await pickups(last)) == 1
    shown = await stack.call("GET", "registry", f"/v1/returnees/{intake['intake_id']}", headers=clerk)
    declared = {"declaration_id": str(uuid4()), "via": "phone", "temperature_c": 36.6}
    path = f"/v1/cases/{shown['case_id']}/declarations"
    await stack.call("POST", "observation", path, headers=clerk, json=declared, expect=201)
    await stack.move_to(at_local(last + timedelta(days=1), time(0, 0, 1)))
    await stack.move_to(at_local(last + timedelta(days=2), time(0, 0, 1)))
    days = [day + timedelta(days=nth) for nth in range((last - day).days + 2)]
    assert [await waste(one) for one in days] == [(1, 1, 0), *[(1, 0, 1)] * (last - day).days, (0, 0, 0)]
    assert await pickups(last + timedelta(days=1)) == []
    for service in stack.urls:
        assert "百里扫雪" not in stack.log(service)
