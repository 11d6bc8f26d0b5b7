"""Duty at a gate over a night that ends in another month: the plan's hole, who came late, and what HQ see (G15)."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.days import at_local, local_day
from tests.acceptance.gatehouse import HERE, Gatehouse

LEAP_DAY = date(2020, 2, 29)
POST = f"{HERE}-n"


@pytest.mark.timeout(300)
@pytest.mark.scenario("G15")
@pytest.mark.requirement("R2.2", "R7.2")
async def test_a_night_with_a_hole_in_its_plan_and_a_guard_who_comes_late(house: Gatehouse) -> None:
    stack, officer = house.stack, house.stack.as_role("hq_officer")
    day = LEAP_DAY if stack.now() < at_local(LEAP_DAY, time(20)) else local_day(stack.now()) + timedelta(1)
    night = at_local(day, time(22))
    late, early = await house.guard("GT-1", POST, day), await house.guard("GT-2", POST, day)
    device = await house.device()

    async def plan(who: str, begins: datetime, ends: datetime) -> None:
        shift = {
            "shift_id": str(uuid4()),
            "checkpoint": POST,
            "worker_ref": who,
            "starts_at": begins.isoformat(),
            "ends_at": ends.isoformat(),
        }
        await stack.call("POST", "gate", "/v1/duty/shifts", headers=officer, json=shift)

    async def turn(path: str, badge: str, turn_id: str) -> Any:
        body = {"turn_id": turn_id, "badge": badge, "checked_at": stack.now().isoformat()}
        return await stack.call("POST", "gate", f"/v1/duty/{path}", headers=device, json=body)

    hole, relief = night + timedelta(hours=4), night + timedelta(hours=4, minutes=40)
    await plan(late[0], night, hole)
    await plan(early[0], night + timedelta(hours=3), hole)  # an hour with two of them: no gap
    await plan(early[0], relief, relief + timedelta(hours=3))

    # Nobody checks in at ten; after the grace the gap is told from ten on, and it ends with who comes.
    await stack.move_to(night + timedelta(minutes=12))
    await stack.move_to(night + timedelta(minutes=20))
    first, second, third = str(uuid4()), str(uuid4()), str(uuid4())
    assert (await turn("check-ins", late[1], first))["late_minutes"] == 20
    await stack.move_to(night + timedelta(hours=3))
    await turn("check-ins", early[1], second)
    await stack.move_to(hole)
    for badge, turn_id in ((late[1], first), (early[1], second)):
        await turn("check-outs", badge, turn_id)
    await stack.move_to(hole + timedelta(minutes=1))
    await stack.move_to(relief)
    await turn("check-ins", early[1], third)
    await stack.move_to(relief + timedelta(minutes=5))

    opened = {one["gap_id"]: one for one in await house.told("DutyGapOpened")}
    closed = [one for one in await house.told("DutyGapClosed") if one["checkpoint"] == POST]
    gaps = [
        (
            opened[one["gap_id"]]["cause"],
            datetime.fromisoformat(opened[one["gap_id"]]["began_at"]),
            one["minutes"],
        )
        for one in closed
        if datetime.fromisoformat(opened[one["gap_id"]]["began_at"]) >= night
    ]
    assert gaps == [("not_checked_in", night, 20), ("not_planned", hole, 40)]

    # Each day has its own part of the night.
    async def covered(of: date) -> Any:
        path = f"/v1/duty/coverage?checkpoint={POST}&day={of.isoformat()}"
        return await stack.call("GET", "gate", path, headers=officer)

    before, after = await covered(day), await covered(day + timedelta(1))
    assert (before["minutes"], before["covered"]) == (1440, 100)  # from 22:20 to midnight
    assert (after["minutes"], after["covered"]) == (165, 125)  # to 02:00, and from 02:40 on
    assert [gap["minutes"] for gap in after["gaps"]] == [40]
    for told in (before, after):
        assert told["covered"] + sum(gap["minutes"] for gap in told["gaps"]) == told["minutes"]
    record = await stack.call(
        "GET",
        "gate",
        f"/v1/duty/service-record?worker_ref={early[0]}&from_day={day.isoformat()}"
        f"&until_day={(day + timedelta(1)).isoformat()}",
        headers=officer,
    )
    assert (record["turns"], record["minutes"]) == (1, 60)  # what has ended
    board = (await house.hq(f"/v1/board/{HERE}"))["compound"]
    assert (board["on_duty"], board["duty_gap_minutes"]) == (1, 40)
