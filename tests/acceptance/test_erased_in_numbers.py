"""Many people are erased: nothing of them is readable in any service, every figure stays, and rebuilt figures agree."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.cli.verify import OWN, counts, numbers
from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from services.reporting.projections import all_projections
from services.reporting.rebuild import chosen, rebuild
from shared.bus.link import Link
from shared.db.pool import Database
from shared.kernel.clock import SteppedClock, write_control
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.closing import close_down, keys, nothing_is_taken
from tests.acceptance.gates import check, enrol_device
from tests.acceptance.stack import SERVICES as STACKED
from tests.acceptance.stack import Stack
from tests.acceptance.town import board
from tests.acceptance.watched import CHECKPOINT, HERE, Watch, instant

LAST = date(2020, 3, 9)
CARDS = ("fk_registry_cards_gate", "fk_registry_cards_observation", "fk_registry_cards_sanitation")
LIVING = "select count(*) from person_key where ref = any($1::uuid[]) and destroyed_at is null"
TOLD = """
select count(*) from outbox where channel like 'cards%' and document::jsonb -> 'data' ->> 'person_ref' = any($1::text[])
  and document::jsonb -> 'data' ->> 'card' is not null
"""
FOUND_BY: dict[str, tuple[str, ...]] = {
    "registry": ("person_document", "earlier_identity"),
    "gate": ("card_index", "vehicle_plate"),
    "observation": ("contact_card",),
    "sanitation": ("room_card",),
}
"""Tables that find or show somebody: nobody who was erased is in them."""


@pytest.fixture
async def watch(
    databases: Databases, secrets: Secrets, issuer: Issuer, tmp_path: Path
) -> AsyncIterator[Watch]:
    """All five services on databases of their own; it is the afternoon of the last day of fourteen."""
    clock_file = tmp_path / "clock.json"
    write_control(clock_file, instant(LAST, "17:30"), 0.0)
    with NatsServer(tmp_path / "nats") as nats:
        stack = Stack(folder=tmp_path, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
        try:
            await stack.start(databases)
            made = Watch(stack)
            await made.begin()
            yield made
        finally:
            await stack.stop()


def somebody(nth: int) -> dict[str, Any]:
    return {
        "name": f"司徒{'甲乙丙丁戊己庚辛壬癸'[nth % 10]}",
        "sex": "female",
        "born": "1990-03-07",
        "documents": [{"kind": "passport", "number": f"ZE{nth:07d}"}],
        "phone": f"19955{nth:06d}",
    }


async def came_back(watch: Watch, nth: int, arrived_on: date) -> str:
    """Somebody is registered who came back on a day; the reference."""
    body = {
        "intake_id": str(uuid4()),
        "person": somebody(nth),
        "dwelling": {"dwelling_id": await watch.dwelling()},
        "trip": {
            "origin_code": "330300",
            "arrived_on": arrived_on.isoformat(),
            "transport": "train",
            "proof": True,
        },
    }
    clerk = watch.stack.as_role("community_clerk")
    intake = await watch.stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=body, expect=201)
    return str(intake["person_ref"])


async def observed_and_gone(watch: Watch, many: int) -> list[str]:
    """People who came back, were observed, passed the gate, were released, and left; their references."""
    stack, clerk = watch.stack, watch.stack.as_role("community_clerk")
    await stack.equal()
    device = await enrol_device(stack, CHECKPOINT)
    refs = [await came_back(watch, nth, LAST - timedelta(days=14)) for nth in range(many)]
    await stack.equal(within=300)
    for nth in range(many):
        number = somebody(nth)["documents"][0]["number"]
        seen = await check(stack, device, nth + 1, {"kind": "document", "number": number})
        assert seen["display"]["surname"] == "司徒*"
    observation = await stack.onlooker("observation")
    cases = await observation.fetch(
        "select case_id from observation_case where person_ref = any($1::uuid[])", refs
    )
    assert len(cases) == many
    for case in cases:
        await watch.declare(str(case["case_id"]), "36.4")
    await watch.to(LAST + timedelta(days=1), "00:01")
    for ref in refs:
        left = {
            "change_id": str(uuid4()),
            "people": [ref],
            "left_on": watch.day.isoformat(),
            "reason": "返乡",
        }
        await stack.call("POST", "registry", "/v1/departures", headers=clerk, json=left)
    await watch.to(LAST + timedelta(days=33), "00:01")
    return refs


async def figures(stack: Stack) -> dict[str, Any]:
    """Every number that headquarters are held against, from the services' own rows, and the board."""
    found: dict[str, Any] = {"board": await board(stack, HERE)}
    for service, module in OWN.items():
        connection = await stack.onlooker(service)
        for name in counts(module):
            found[name] = await numbers(connection, getattr(module, name), stack.now())
    return found


async def settled(stack: Stack) -> dict[str, Any]:
    """The figures once they stay: what a month makes due comes one after the other, also at headquarters."""
    seen: list[dict[str, Any]] = []

    async def stays() -> bool:
        await stack.equal()
        seen.append(await figures(stack))
        return len(seen) >= 4 and all(one == seen[-1] for one in seen[-4:])

    await eventually(stays, within=60, every=0.5, what="the figures stay")
    return seen[-1]


async def kept_of(stack: Stack, refs: list[str]) -> dict[str, int]:
    """What any service could still open or find of these people."""
    people = [UUID(ref) for ref in refs]
    found: dict[str, int] = {}
    for service, tables in FOUND_BY.items():
        connection = await stack.onlooker(service)
        for table in tables:
            found[table] = await connection.fetchval(
                f"select count(*) from {table} where person_ref = any($1::uuid[])",
                people,
            )
        keystore = await asyncpg.connect(stack.urls[service].keystore)
        try:
            found[f"{service} keys"] = await keystore.fetchval(LIVING, people)
        finally:
            await keystore.close()
    found["cards told"] = await (await stack.onlooker("registry")).fetchval(TOLD, refs)
    return found


async def on_the_bus(stack: Stack) -> int:
    """Cards that the bus still carries."""
    link = Link(stack.nats.url, name="admin", credentials=stack.nats.admin)
    link.start()
    try:
        await link.up.wait()
        return sum([(await link.js.stream_info(name)).state.messages for name in CARDS])
    finally:
        await link.stop()


@pytest.mark.timeout(3_600)
@pytest.mark.scenario("F20")
@pytest.mark.requirement("Data and law")
@pytest.mark.parametrize("many", [30, pytest.param(1_000, marks=pytest.mark.release)])
async def test_nothing_is_readable_of_any_of_them_and_every_figure_stays(watch: Watch, many: int) -> None:
    stack = watch.stack
    officer = stack.as_role("hq_officer")
    refs = await observed_and_gone(watch, many)
    before, held = await settled(stack), await kept_of(stack, refs)
    assert min(held[one] for one in ("registry keys", "gate keys", "observation keys", "cards told")) >= many
    assert await on_the_bus(stack) > 0

    for ref in refs:
        erasure = {"erasure_id": str(uuid4()), "reason": "retention_over"}
        await stack.call(
            "POST", "registry", f"/v1/people/{ref}/erasure", headers=officer, json=erasure, expect=201
        )
    await stack.equal(within=300)

    assert {what: left for what, left in (await kept_of(stack, refs)).items() if left} == {}
    for nth in range(many):
        person = somebody(nth)
        for wanted in ({"document": person["documents"][0]["number"]}, {"phone": person["phone"]}):
            told = await stack.call("POST", "registry", "/v1/people/lookup", headers=officer, json=wanted)
            assert told["people"] == [], nth
    await eventually(lambda: gone(stack), within=30, what="no card is on the bus")
    after = await figures(stack)
    board_then, board_now = before.pop("board"), after.pop("board")
    assert {
        name: (told, board_now[name]) for name, told in board_then.items() if board_now[name] != told
    } == {}
    assert after == before
    assert await differences(stack) == []
    await over_for_everybody(watch, many)


async def over_for_everybody(watch: Watch, many: int) -> None:
    """Then the measures end: no key is left in any service, nothing is taken, every figure stays, for good.

    Also where most services are down when the last person is erased and while it is approved, and one is killed at it.
    """
    stack = watch.stack
    officer = stack.as_role("hq_officer")
    await came_back(watch, many, watch.day)
    left = await somebody_who_left(watch)
    before, held = counted(await settled(stack)), await keys(stack)
    assert min(held[one] for one in ("registry", "gate", "observation")) > 0
    theirs = await kept_of(stack, [left])
    erasure = {"erasure_id": str(uuid4()), "reason": "retention_over"}
    path, down = f"/v1/people/{left}/erasure", ("gate", "observation", "sanitation")

    async def erased_while_most_are_down() -> None:
        for service in down:
            stack.kill(service)
        await stack.call("POST", "registry", path, headers=officer, json=erasure, expect=201)

    async def all_come_back() -> None:
        stack.kill("registry")
        for service in ("registry", *down):
            stack.launch(service)
        stack.kill("gate")
        stack.launch("gate")
        for service in STACKED:
            await stack.ready(service)

    content = await close_down(stack, meanwhile=erased_while_most_are_down, afterwards=all_come_back)
    held["registry"] += 1  # why it was asked for lies under a key, too
    held = {service: number - theirs.get(f"{service} keys", 0) for service, number in held.items()}
    assert {service: told["found"]["data_keys"] for service, told in content["services"].items()} == held
    await nothing_is_taken(stack)
    await eventually(lambda: no_key(stack), within=30, what="the key that signed is destroyed")
    assert counted(await figures(stack)) == before
    await eventually(lambda: gone(stack), within=30, what="no card is on the bus")
    asked = await stack.http.post(f"{stack.base('registry')}{path}", headers=officer, json=erasure)
    assert (asked.status_code, asked.json()["code"]) == (410, "closed_down")  # nothing is left to be erased
    for service in STACKED:
        stack.kill(service)
        stack.launch(service)
    for service in STACKED:
        await stack.ready(service)
    assert counted(await figures(stack)) == before
    await watch.to(watch.day + timedelta(days=40), "18:00")
    await nothing_is_taken(stack)
    assert await no_key(stack)


async def somebody_who_left(watch: Watch) -> str:
    """A resident who went away again and is not erased yet; the reference."""
    ref, _ = await watch.resident(await watch.dwelling())
    left = {
        "change_id": str(uuid4()),
        "people": [ref],
        "left_on": watch.day.isoformat(),
        "reason": "返乡",
    }
    clerk = watch.stack.as_role("community_clerk")
    await watch.stack.call("POST", "registry", "/v1/departures", headers=clerk, json=left)
    await watch.stack.equal()
    return ref


def counted(told: dict[str, Any]) -> dict[str, Any]:
    """The same without devices, which end, and what supervision finds, which goes on until the moment of closing."""
    left_out = {"trouble", "problems", "gates", "gates_online"}
    board = {name: value for name, value in told["board"].items() if name not in left_out}
    return {**told, "board": board, "DEVICES": {}}


async def no_key(stack: Stack) -> bool:
    return not any((await keys(stack)).values())


async def gone(stack: Stack) -> bool:
    return await on_the_bus(stack) == 0


async def differences(stack: Stack) -> list[Any]:
    """What headquarters' read models, built again from all that was told, have otherwise than the live ones."""
    link = Link(stack.nats.url, name="reporting", credentials=stack.nats.credentials("reporting"))
    link.start()
    live = await Database.open(
        stack.urls["reporting"].database, service="reporting", clock=SteppedClock(stack.clock_file)
    )
    try:
        await link.up.wait()
        outcomes = await rebuild(
            live, link, chosen(all_projections(), "all"), name="all", told=lambda *_: None, switch=False
        )
    finally:
        await live.close()
        await link.stop()
    assert len(outcomes) > 10
    return [one for outcome in outcomes for one in outcome.differences]
