"""Policy that is put in force today for a later day: what every service does before, on that day and after (R1.2)."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.gatehouse import HERE, Gatehouse
from tests.acceptance.stack import Stack
from tests.acceptance.watched import Watch, instant

TODAY, DAY = date(2020, 2, 26), date(2020, 2, 29)
LIFT = f"{HERE}-lift"


@pytest.fixture(scope="module")
async def own_stack(
    databases: Databases, secrets: Secrets, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    """The five services to themselves: other tests live by the rules that came with the program."""
    folder = tmp_path_factory.mktemp("rules")
    clock_file = folder / "clock.json"
    write_control(clock_file, instant(TODAY, "09:00"), 0.0)
    with NatsServer(folder) as nats:
        stack = Stack(folder=folder, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
        try:
            await stack.start(databases)
            yield stack
        finally:
            await stack.stop()


async def revise(stack: Stack, version: int, effective_from: date, **changes: dict[str, Any]) -> None:
    """Put the first version in force again from a day on, with sections changed."""
    officer = stack.as_role("hq_officer")
    document = (await stack.call("GET", "registry", "/v1/policies/1", headers=officer))["document"]
    for section, fields in changes.items():
        document[section] |= fields
    body = {"version": version, "effective_from": effective_from.isoformat(), "document": document}
    await stack.call("POST", "registry", "/v1/policies", headers=officer, json=body)
    await stack.equal()


@pytest.mark.timeout(600)
@pytest.mark.requirement("R1.2", "R5.1", "R7.4")
async def test_rules_hold_from_their_day_on_in_every_service(own_stack: Stack, tmp_path: Path) -> None:
    stack, house, watch = own_stack, Gatehouse(stack=own_stack), Watch(own_stack)
    await house.begin()
    await watch.begin()
    site = {"code": LIFT, "compound": HERE, "kind": "lift", "name": "1号电梯"}
    clerk = stack.as_role("community_clerk")
    await stack.call("POST", "sanitation", "/v1/sites", headers=clerk, json=site, expect=201)
    case = (await watch.case_of(await watch.back(TODAY)))["case_id"]
    residents = [await house.resident() for _ in range(4)]
    offline = await house.post(tmp_path)
    device = await house.device()

    # Version 2 is planned, 3 cannot wait and is in force today, 4 takes the place of 2 before its day.
    officer = stack.as_role("hq_officer")
    first = (await stack.call("GET", "registry", "/v1/policies/1", headers=officer))["document"]
    rounds = [
        rule | {"rounds_per_day": 3} if rule["kind"] == "lift" else rule
        for rule in first["sanitation"]["rounds"]
    ]
    morning = first["observation"]["morning"]
    await revise(stack, 2, DAY, temperature={"fever_from_c": 36.9})
    await revise(stack, 3, TODAY, temperature={"fever_from_c": 37.2})
    await revise(
        stack,
        4,
        DAY,
        temperature={"fever_from_c": 37.0},
        passes={"valid_days": 10},
        sanitation={"rounds": rounds},
        observation={"morning": morning | {"closes": "11:00:00"}},
        reporting={"cut_off": "15:00:00"},
    )

    async def measured(nth: int, temperature: str) -> tuple[list[str], int]:
        told = await house.check(device, residents[nth].scanned, temperature_c=temperature)
        return [reason["code"] for reason in told["reasons"]], told["policy_version"]

    async def pass_days() -> int:
        made = await house.resident()
        [row] = await house.rows(
            "registry",
            "select extract(day from valid_until - valid_from)::int as days from entry_pass where pass_id = $1",
            made.pass_id,
        )
        return int(row["days"])

    async def required(day: date) -> int:
        answer = await stack.call(
            "GET", "sanitation", f"/v1/day-figures?day={day}", headers=stack.as_role("hq_officer")
        )
        [line] = [one for one in answer["lines"] if one["compound"] == HERE]
        return int(line["required"])

    async def report(day: date, state: str) -> Any:
        async def look() -> Any:
            told = await house.hq(f"/v1/daily-reports/{day}")
            return told if told["state"] == state else None

        return await eventually(look, within=40, what=f"the report of {day} is {state}")

    # The day before.
    before = DAY - timedelta(days=1)
    await stack.move_to(instant(before, "10:30"))
    assert (await watch.declare(case))["standing"] == "late"
    assert await measured(0, "37.1") == ([], 3)
    assert await pass_days() == 30
    await stack.move_to(instant(before, "17:00"))
    closed = await report(before, "sent")
    assert closed["continuous"]
    await offline.device.refresh()
    offline.line.cut = True

    # Its first morning: nobody has told a device anything since.
    await stack.move_to(instant(DAY, "10:30"))
    assert await required(before) == 2
    assert (await watch.declare(case))["standing"] == "in_time"
    assert (await measured(1, "37.1"))[0] == ["fever"]
    assert (await measured(1, "36.5"))[1] == 4
    assert await pass_days() == 10
    alone = await offline.passes(residents[2].scanned, temperature_c=Decimal("37.1"))
    assert (alone.offline, alone.verdict, alone.reasons) == (True, "admit_with_action", ("list_aged",))
    offline.line.cut = False
    await offline.hand_in()
    [kept] = await house.rows(
        "gate", "select policy_version, verdict from entry_check where check_id = $1", alone.check_id
    )
    assert (kept["policy_version"], kept["verdict"]) == (
        3,
        "admit_with_action",
    )  # what it knew when it decided
    offline.line.cut = True
    alone = await offline.passes(residents[3].scanned, temperature_c=Decimal("37.1"))
    assert (alone.offline, alone.reasons) == (True, ("fever",))
    offline.line.cut = False
    await offline.hand_in()
    await offline.close()

    # The cut-off has moved: this report's day is an hour shorter, and nothing of it is lost or counted twice.
    await stack.move_to(instant(DAY, "15:05"))
    assert (await house.hq(f"/v1/daily-reports/{DAY}"))["state"] != "collecting"
    await stack.move_to(instant(DAY, "17:00"))
    changed = await report(DAY, "sent")
    assert changed["continuous"]
    await stack.move_to(instant(DAY + timedelta(days=1), "00:30"))
    assert await required(DAY) == 3
