"""The census as HQ sees it: compounds add up to the town, and in force follows from what came and went."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.reporting.reported import changed, closed
from tests.integration.reporting.small_town import small_town
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    Log,
    compounds,
    deliver,
    deliver_badly,
    policy_revised,
    started,
)

FIRST, SECOND, THIRD, *_ = COMPOUNDS
PARTS = ("last", "new", "moved_in", "moved_out", "released", "transferred", "closed", "merged", "in_force")


async def census(client: Any, role: str = "hq_officer", scope: str = "town", **query: str) -> dict[str, Any]:
    answer = await client.http.get("/v1/census", headers=client.as_role(role, scope), params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.scenario("H2")
async def test_compounds_are_the_town_and_the_law_holds_at_any_moment(
    client_for: Callable[[str], Awaitable[Any]],
) -> None:
    client, rng = await client_for("reporting"), Random(5)
    log = small_town(rng, 1500)
    await deliver_badly(client.context.database, log, rng)
    client.move_to(log.clock + timedelta(minutes=1))

    moments = [log.clock - timedelta(seconds=rng.randrange(4000)) for _ in range(4)]
    answers = [await census(client), *[await census(client, as_known_at=at.isoformat()) for at in moments]]

    for answer in answers:
        lines = answer["compounds"]
        for part in PARTS:
            assert answer["town"][part] == sum(line["together"][part] for line in lines)
            assert answer["town"][part] == sum(flow[part] for flow in answer["measures"].values())
        flows = [answer["town"], *answer["measures"].values()]
        flows += [flow for line in lines for flow in (line["together"], *line["measures"].values())]
        for flow in flows:
            came, went = flow["new"] + flow["moved_in"], flow["moved_out"] + flow["released"]
            went += flow["transferred"] + flow["closed"] + flow["merged"]
            assert flow["in_force"] == flow["last"] + came - went
            assert flow["off_by"] == 0
    board = (await client.http.get("/v1/board", headers=client.as_role("hq_officer"))).json()
    now = answers[0]
    assert now["town"]["in_force"] == board["totals"]["under_observation"] > 0
    shown = {key: flow["in_force"] for key, flow in now["measures"].items() if flow["in_force"]}
    assert shown == board["totals"]["observed"]
    assert all(now["town"][part] > 0 for part in ("new", "moved_in", "released", "transferred", "merged"))


@pytest.mark.requirement("R7.4")
async def test_a_moment_that_is_over_never_changes_and_a_clerk_sees_their_compounds(
    client_for: Callable[[str], Awaitable[Any]],
) -> None:
    client, log = await client_for("reporting"), Log()
    here, there = started(FIRST, uuid4()), started(THIRD, uuid4())
    log.say(policy_revised(), *compounds(), here, there)
    before = log.clock
    late = started(SECOND, uuid4()).replace(started_at=MORNING - timedelta(days=2))
    log.say(late, changed(there, log.clock, "centralized_observation"), closed(here, log.clock, "left_town"))
    await deliver(client.context.database, log)
    client.move_to(log.clock + timedelta(minutes=1))

    then, now = await census(client, as_known_at=before.isoformat()), await census(client)

    assert (then["town"]["in_force"], then["town"]["new"]) == (2, 2)  # the late start was not known
    assert (now["town"]["in_force"], now["town"]["new"], now["town"]["closed"]) == (2, 3, 1)
    assert now["measures"]["home_self_monitoring"]["moved_out"] == 1
    assert now["measures"]["centralized_observation"]["moved_in"] == 1
    mine = await census(client, "community_clerk", "neighbourhood:nb-01")
    assert mine["scope"] == "part"
    assert [line["compound"] for line in mine["compounds"]] == [FIRST, SECOND]
    log.say(
        *(started(FIRST, uuid4()) for _ in range(2)),
    )
    await deliver(client.context.database, log)
    assert await census(client, as_known_at=before.isoformat()) == then | {
        "as_of": (await census(client))["as_of"]
    }


async def test_before_the_first_policy_there_is_no_census_and_no_use_in_asking_again(
    client_for: Callable[[str], Awaitable[Any]],
) -> None:
    client, log = await client_for("reporting"), Log()
    path, headers = "/v1/census", client.as_role("hq_officer")
    early = {"as_known_at": "2020-01-31T15:59:59Z"}
    unheard = await client.http.get(path, headers=headers, params=early)
    assert (unheard.status_code, unheard.json()["code"]) == (503, "policy_unknown")
    log.say(policy_revised(), *compounds())
    await deliver(client.context.database, log)
    answer = await client.http.get(path, headers=headers, params=early)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        404,
        "report_day_unknown",
        "as_known_at",
    )
    assert (
        await client.http.get(path, headers=headers, params={"as_known_at": "2020-02-01T00:00:00Z"})
    ).is_success
