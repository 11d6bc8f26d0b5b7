"""Who answers for what: assigned in the registry, shown at headquarters."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Client
from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.reporting.world import Log, deliver

TOLD = "select channel, document from outbox order by id"
COMPOUND: dict[str, Any] = {
    "neighbourhood_id": "yq",
    "name": "云桥一村",
    "building_type": "mid_rise",
    "address": "云桥路 1 号",
    "area_m2": 80_000,
    "mode": "staffed",
}


async def put(desk: Desk, path: str, body: Any, who: tuple[str, str] = OFFICER) -> httpx.Response:
    return await desk.client.http.put(path, json=body, headers=desk.client.as_role(*who))


async def worker(desk: Desk, code: str, kind: str = "named_person") -> str:
    body = {
        "version": 0,
        "name": "慕容听雨",
        "sex": "female",
        "phone": "19988887777",
        "kind": kind,
        "home_unit": "云桥社区",
        "home_compound": "lj-001",
    }
    answer = await put(desk, f"/v1/workers/{code}", body)
    assert answer.status_code == 201, answer.text
    ref: str = answer.json()["worker_ref"]
    return ref


async def assign(desk: Desk, ref: str, who: tuple[str, str] = OFFICER, **changes: Any) -> httpx.Response:
    body = {
        "assignment_id": str(uuid4()),
        "worker_ref": ref,
        "role": "neighbourhood_secretary",
        "measure": "all",
        "compound": "lj-001",
        "from_day": "2020-02-24",
    }
    return await desk.post("/v1/responsibilities", body | changes, who)


async def told_at_headquarters(
    desk: Desk, reporting: Client, log: Log, day: str = "2020-02-24"
) -> dict[str, Any]:
    """What headquarters say of the one compound that was told of, after everything told so far."""
    log.channels.clear()
    for row in await desk.rows(TOLD):
        log.channels["registry", row["channel"]].append(row["document"])
    await deliver(reporting.context.database, log)
    answer = await reporting.http.get(
        "/v1/responsibility", params={"day": day}, headers=reporting.as_role("hq_officer")
    )
    told: dict[str, Any] = answer.json()
    assert [one["compound"] for one in told["compounds"]] == ["lj-001"]
    return {**told["compounds"][0], "town": told["town"]}


@pytest.mark.requirement("R7.1")
async def test_an_assignment_is_told_and_told_again_when_it_ends(desk: Desk) -> None:
    ref = await worker(desk, "W0001")
    first = await assign(desk, ref)
    made = first.json()
    again = await assign(desk, ref, assignment_id=made["assignment_id"])
    assert (first.status_code, again.status_code, made["policy_version"]) == (201, 200, 1)
    other = await assign(desk, ref, assignment_id=made["assignment_id"], role="grid_leader")
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    twice = await assign(desk, ref)
    assert (twice.status_code, twice.json()["code"]) == (409, "assigned_already")
    path = f"/v1/responsibilities/{made['assignment_id']}"
    ended = await put(desk, path, {"version": 1, "until_day": "2020-02-26"}, CLERK)
    assert (ended.status_code, ended.json()["version"]) == (200, 2)
    assert (await put(desk, path, {"version": 1, "until_day": None})).json()["code"] == "changed_meanwhile"
    assert (await put(desk, path, {"version": 2, "until_day": "2020-02-01"})).status_code == 422
    told = [(event["version"], event["until_day"]) for event in await desk.told("ResponsibilityAssigned")]
    assert told == [(1, None), (2, "2020-02-26")]
    found = (await desk.get("/v1/compounds/lj-001/responsibility", days=7)).json()
    assert found["unanswered"] == []
    assert {(gap["from_day"], gap["until_day"]) for gap in found["gaps"]} == {("2020-02-27", "2020-03-01")}
    assert len(found["gaps"]) == 6


@pytest.mark.requirement("R7.1")
async def test_an_assignment_is_refused_with_the_reason(desk: Desk) -> None:
    ref = await worker(desk, "W0001")

    async def refused(who: tuple[str, str] = OFFICER, **changes: Any) -> tuple[int, str]:
        answer = await assign(desk, ref, who, **changes)
        return answer.status_code, answer.json()["code"]

    assert await refused(worker_ref=str(uuid4())) == (404, "worker_unknown")
    assert await refused(grid="lj-002-w01") == (422, "place_unknown")
    assert await refused(compound=None, grid="lj-001-w01") == (422, "invalid_request")
    assert await refused(until_day="2020-02-23") == (422, "invalid_request")
    assert await refused(role="镇长") == (422, "invalid_request")
    assert await refused(compound="lj-099") == (422, "compound_unknown")
    assert await refused(CLERK, compound="lj-002") == (403, "out_of_scope")
    assert await refused(CLERK, compound=None) == (403, "out_of_scope")
    assert await desk.told("ResponsibilityAssigned") == []


@pytest.mark.requirement("R1.1", "R7.1", "R3.1")
async def test_headquarters_see_who_answers_and_which_staffed_compound_has_nobody(
    desk: Desk, client_for: Callable[[str], Awaitable[Client]]
) -> None:
    reporting, log = await client_for("reporting"), Log()

    async def at_headquarters(day: str = "2020-02-24") -> dict[str, Any]:
        return await told_at_headquarters(desk, reporting, log, day)

    for version, mode in ((1, "staffed"), (2, "closed"), (3, "staffed")):
        answer = await put(desk, "/v1/compounds/lj-001", COMPOUND | {"version": version, "mode": mode})
        assert answer.status_code == 200, answer.text
    nobody = await at_headquarters()
    sheet = (await desk.get("/v1/compounds/lj-001/sheet")).json()
    assert (nobody["mode"], nobody["without_named_person"], sheet["needs_named_person"]) == (
        "staffed",
        True,
        True,
    )

    posted, leader = await worker(desk, "W0001"), await worker(desk, "W0002", "work_group_leader")
    posting = {
        "posting_id": str(uuid4()),
        "place_kind": "compound",
        "place": "lj-001",
        "from_day": "2020-02-24",
        "until_day": "2020-02-25",
    }
    assert (await desk.post(f"/v1/workers/{posted}/postings", posting)).status_code == 201
    await assign(desk, leader, measure="sanitation", compound=None)
    await assign(desk, leader, measure="gate", from_day="2020-02-26", role="named_person")
    seen = await at_headquarters()
    assert (seen["named_persons"], seen["without_named_person"]) == ([posted], False)
    assert seen["serving"] == {"named_person": 1}
    assert [(one["measure"], one["worker_ref"]) for one in seen["town"]] == [("sanitation", leader)]
    later = await at_headquarters("2020-02-26")
    assert (later["named_persons"], later["serving"]) == ([leader], {})
    assert [(one["measure"], one["role"]) for one in later["answering"]] == [("gate", "named_person")]

    shorter = {"version": 1, "until_day": "2020-02-24"}
    assert (await put(desk, f"/v1/postings/{posting['posting_id']}", shorter)).status_code == 200
    between = await at_headquarters("2020-02-25")
    assert (between["named_persons"], between["without_named_person"]) == ([], True)
    clerk = reporting.as_role("community_clerk", "compound:lj-002")
    answer = await reporting.http.get("/v1/responsibility", headers=clerk)
    assert answer.json()["compounds"] == []


@pytest.mark.requirement("R3.1", "R3.2", "R3.3")
async def test_headquarters_count_the_vacant_posts_that_the_board_of_the_compound_shows(
    desk: Desk, client_for: Callable[[str], Awaitable[Client]]
) -> None:
    reporting, log = await client_for("reporting"), Log()

    async def same() -> dict[str, int]:
        board = (await desk.get("/v1/compounds/lj-001/posts")).json()
        missing: Counter[str] = Counter()
        for post in board["posts"]:
            missing[post["kind"]] += post["vacant"]
        told = await told_at_headquarters(desk, reporting, log)
        assert (told["posts_needed"], told["vacant"]) == (board["needed"], dict(+missing))
        vacant: dict[str, int] = told["vacant"]
        return vacant

    compound = COMPOUND | {"version": 1, "mode": "staffed"}
    assert (await put(desk, "/v1/compounds/lj-001", compound)).status_code == 200
    [home, *_] = (await desk.get("/v1/compounds/lj-001/dwellings", grid_id="lj-001-w01")).json()["items"]
    move = {"dwelling_ids": [home["dwelling_id"]]}
    assert (await desk.post("/v1/compounds/lj-001/grids/lj-001-w02/dwellings", move)).json()["moved"] == 1
    gate = {"checkpoint_id": "lj-001-n", "name": "北门", "traffic": "mixed", "opened_on": "2020-02-24"}
    assert (await desk.post("/v1/compounds/lj-001/checkpoints", gate)).status_code == 201
    by_policy = await same()

    need = {"place_kind": "grid", "place": "lj-001-w01", "kind": "volunteer", "number": 3}
    for number in (3, 3, 2):  # the same number again is no news
        await put(desk, "/v1/compounds/lj-001/posts", need | {"number": number})
    extra = {"place_kind": "checkpoint", "place": "lj-001-n", "kind": "enforcement_officer", "number": 1}
    await put(desk, "/v1/compounds/lj-001/posts", extra)
    more = await same()
    assert (more["volunteer"], more["enforcement_officer"]) == (
        by_policy["volunteer"] + 1,
        by_policy.get("enforcement_officer", 0) + 1,
    )
    for nth, kind in enumerate(("volunteer", "grid_leader", "volunteer", "guard", "auxiliary_police")):
        where = (
            ("checkpoint", "lj-001-n") if kind in {"guard", "auxiliary_police"} else ("grid", "lj-001-w01")
        )
        posting = {"posting_id": str(uuid4()), "place_kind": where[0], "place": where[1]}
        ref = await worker(desk, f"P000{nth}", kind)
        path = f"/v1/workers/{ref}/postings"
        assert (await desk.post(path, posting | {"from_day": "2020-02-24"})).status_code == 201
        await same()
    for back in (need, extra):
        await put(desk, "/v1/compounds/lj-001/posts", back | {"number": None})
    assert await same() != by_policy
    told = [(one["kind"], one["number"], one["version"]) for one in await desk.told("PostsNeeded")]
    assert told == [
        ("volunteer", 3, 1),
        ("volunteer", 2, 2),
        ("enforcement_officer", 1, 1),
        ("volunteer", None, 3),
        ("enforcement_officer", None, 2),
    ]
    closing = {"reason": "closed"}
    closed = await desk.post("/v1/compounds/lj-001/checkpoints/lj-001-n/closing", closing)
    assert closed.status_code == 200, closed.text
    await same()
