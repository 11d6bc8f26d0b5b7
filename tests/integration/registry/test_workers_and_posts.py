"""Workers, postings, the board of posts, claims, surplus and volunteers, through HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.registry.desk import CLERK, OFFICER, Desk

WORKER: dict[str, Any] = {
    "version": 0,
    "name": "慕容听雨",
    "sex": "female",
    "phone": "19988887777",
    "kind": "volunteer",
    "home_unit": "云桥社区",
    "home_compound": "lj-001",
}
GRID_KINDS = {
    *("grid_leader", "community_police", "grid_worker", "health_worker", "enforcement_officer"),
    *("property_staff", "stair_leader", "volunteer"),
}


async def put(desk: Desk, path: str, body: Any, who: tuple[str, str] = OFFICER) -> httpx.Response:
    return await desk.client.http.put(path, json=body, headers=desk.client.as_role(*who))


async def worker(desk: Desk, code: str, **changes: Any) -> str:
    answer = await put(desk, f"/v1/workers/{code}", WORKER | changes)
    assert answer.status_code == 201, answer.text
    ref: str = answer.json()["worker_ref"]
    return ref


async def post(desk: Desk, ref: str, place: str = "lj-001-w01", **changes: Any) -> httpx.Response:
    body = {
        "posting_id": str(uuid4()),
        "place_kind": "grid",
        "place": place,
        "from_day": "2020-02-24",
        **changes,
    }
    return await desk.post(f"/v1/workers/{ref}/postings", body, OFFICER)


async def line(desk: Desk, place: str, kind: str) -> dict[str, Any]:
    board = (await desk.get("/v1/compounds/lj-001/posts")).json()
    [found] = [one for one in board["posts"] if (one["place"], one["kind"]) == (place, kind)]
    return dict(found)


@pytest.mark.requirement("R3.1", "Data and law")
async def test_a_worker_is_entered_corrected_and_read_with_a_note(desk: Desk) -> None:
    ref = await worker(desk, "W0001")
    again = await put(desk, "/v1/workers/W0001", WORKER)
    assert (again.status_code, again.json()["worker_ref"]) == (200, ref)
    await post(desk, ref)
    other_kind = await put(desk, "/v1/workers/W0001", WORKER | {"version": 1, "kind": "stair_leader"})
    assert other_kind.json()["version"] == 2
    late = await put(desk, "/v1/workers/W0001", WORKER | {"version": 1, "kind": "guard"})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    told = [(event["kind"], event["version"]) for event in await desk.told("WorkerPosted")]
    assert told == [("volunteer", 1), ("stair_leader", 2)]
    [shown] = (await desk.get("/v1/workers", compound="lj-001")).json()["items"]
    assert ("name" in shown, shown["posted"]) == (False, True)
    read = (await desk.get(f"/v1/workers/{ref}")).json()
    assert (read["name"], len(read["postings"])) == ("慕容听雨", 1)
    assert [row["action"] for row in await desk.rows("select action from audit_read")] == ["worker.read"]
    assert (await desk.get("/v1/workers", CLERK)).status_code == 403
    foreign = await desk.get(f"/v1/workers/{ref}", ("community_clerk", "compound:lj-002"))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "out_of_scope")


@pytest.mark.requirement("R3.1", "R1.2")
async def test_a_posting_ends_and_is_extended_and_is_told_again_each_time(desk: Desk) -> None:
    ref = await worker(desk, "W0001")
    first = await post(desk, ref)
    posting = first.json()["posting_id"]
    again = await post(desk, ref, posting_id=posting)
    assert (first.status_code, again.status_code, again.json()["policy_version"]) == (201, 200, 1)
    assert (await post(desk, ref, "lj-001-w02", posting_id=posting)).json()["code"] == "same_id_other_content"
    overlapping = await post(desk, ref, "lj-001-w02")
    assert (overlapping.status_code, overlapping.json()["postings"]) == (409, [posting])
    ended = await put(desk, f"/v1/postings/{posting}", {"version": 1, "until_day": "2020-02-25"}, CLERK)
    assert (ended.status_code, ended.json()["version"]) == (200, 2)
    next_one = await post(desk, ref, "lj-001-w02", from_day="2020-02-26")
    assert next_one.status_code == 201
    extended = await put(desk, f"/v1/postings/{posting}", {"version": 2, "until_day": "2020-02-26"})
    assert (extended.status_code, extended.json()["code"]) == (409, "posting_overlaps")
    early = await put(desk, f"/v1/postings/{posting}", {"version": 2, "until_day": "2020-02-20"})
    assert (early.status_code, early.json()["earliest"]) == (422, "2020-02-24")
    told = [
        (event["version"], event["until_day"])
        for event in await desk.told("WorkerPosted")
        if event["posting_id"] == posting
    ]
    assert told == [(1, None), (2, "2020-02-25")]
    nowhere = await post(desk, ref, "lj-009-w01")
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "place_unknown")


@pytest.mark.requirement("R3.1")
async def test_a_kind_that_policy_lets_serve_at_several_posts_still_serves_at_each_once(desk: Desk) -> None:
    ref = await worker(desk, "W0001", kind="community_police", phone="199 8888 7777")
    first, second = await post(desk, ref), await post(desk, ref, "lj-001-w02")
    assert (first.status_code, second.status_code) == (201, 201)
    twice = await post(desk, ref)
    assert (twice.status_code, twice.json()["code"]) == (409, "posting_overlaps")
    backwards = await post(desk, ref, until_day="2020-02-23")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "invalid_request")
    assert (await desk.get(f"/v1/workers/{ref}")).json()["phone"] == "19988887777"  # as lists spell it


@pytest.mark.requirement("R3.1")
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whoever_posts_at_the_same_moment_no_worker_serves_at_two_posts_on_a_day(
    desk: Desk, data: st.DataObject
) -> None:
    code = f"W{uuid4().hex[:6].upper()}"
    ref = await worker(desk, code)
    wanted = data.draw(
        st.lists(
            st.tuples(st.sampled_from(["lj-001-w01", "lj-001-w02"]), st.integers(1, 9), st.integers(0, 4)),
            min_size=2,
            max_size=4,
        )
    )
    answers = await asyncio.gather(
        *[
            post(desk, ref, place, from_day=f"2020-03-{day:02d}", until_day=f"2020-03-{day + more:02d}")
            for place, day, more in wanted
        ]
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    served = [
        day
        for row in await desk.rows(
            "select from_day, until_day from posting p join worker using (worker_ref) where code = $1", code
        )
        for day in range(row["from_day"].day, row["until_day"].day + 1)
    ]
    assert served
    assert len(served) == len(set(served))


@pytest.mark.requirement("R3.2")
async def test_the_board_tells_which_kinds_are_vacant_and_an_officer_sets_what_a_place_needs(
    desk: Desk,
) -> None:
    board = (await desk.get("/v1/compounds/lj-001/posts")).json()
    assert set(board["vacant_kinds"]) == GRID_KINDS
    assert (board["needed"], board["filled"], board["policy_version"]) == (16, 0, 1)
    ref = await worker(desk, "W0001")
    await post(desk, ref)
    filled = await line(desk, "lj-001-w01", "volunteer")
    assert (filled["filled"], filled["vacant"]) == ([ref], 0)
    need = {"place_kind": "grid", "place": "lj-001-w01", "kind": "volunteer", "number": 3}
    more = (await put(desk, "/v1/compounds/lj-001/posts", need, CLERK)).json()
    assert (more["needed"], more["vacant"]) == (18, 17)
    back = (await put(desk, "/v1/compounds/lj-001/posts", need | {"number": None}, CLERK)).json()
    assert back["needed"] == 16
    foreign = await put(desk, "/v1/compounds/lj-001/posts", need | {"place": "lj-002-w01"}, CLERK)
    assert (foreign.status_code, foreign.json()["code"]) == (422, "place_unknown")


@pytest.mark.requirement("R3.3")
async def test_suggestions_begin_with_who_lives_there_by_either_book(desk: Desk) -> None:
    person = await desk.resident("1幢")
    await worker(desk, "W0003", home_compound=None, person_ref=str(person))
    await worker(desk, "W0002", home_compound="lj-002")
    await worker(desk, "W0001", home_compound=None)
    twice = await put(desk, "/v1/workers/W0009", WORKER | {"person_ref": str(person)})
    assert (twice.status_code, twice.json()["code"]) == (409, "worker_is_another")
    query: dict[str, Any] = {"place_kind": "grid", "place": "lj-001-w01", "kind": "volunteer"}
    told = (await desk.get("/v1/compounds/lj-001/posts/suggestions", **query)).json()
    assert [(one["code"], one["lives_here"], one["lives_near"]) for one in told] == [
        ("W0003", True, False),
        ("W0002", False, True),
        ("W0001", False, False),
    ]


@pytest.mark.requirement("R3.3")
async def test_of_two_claims_of_the_last_vacancy_confirmed_at_the_same_moment_one_wins(desk: Desk) -> None:
    refs = [await worker(desk, f"W000{n}") for n in (1, 2)]
    path = "/v1/compounds/lj-001/claims"
    claims = [
        {
            "claim_id": str(uuid4()),
            "worker_ref": ref,
            "place_kind": "grid",
            "place": "lj-001-w01",
            "kind": "volunteer",
            "from_day": "2020-02-24",
        }
        for ref in refs
    ]
    made = [await desk.post(path, claim, ("grid_worker", "compound:lj-001")) for claim in claims]
    assert [answer.status_code for answer in made] == [201, 201]
    assert (await desk.post(path, claims[0])).status_code == 200
    assert (await desk.post(path, claims[0] | {"kind": "guard"})).json()["code"] == "same_id_other_content"

    async def settle(nth: int, **body: Any) -> httpx.Response:
        return await desk.post(f"{path}/{claims[nth]['claim_id']}/settlement", body, OFFICER)

    answers = await asyncio.gather(*[settle(nth, outcome="confirmed") for nth in (0, 1, 0, 1)])
    won = [answer.json()["claim_id"] for answer in answers if answer.status_code == 200]
    assert len(won) == 2
    assert len(set(won)) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} == {"post_filled"}
    assert len(await desk.told("WorkerPosted")) == 1
    loser = next(nth for nth, claim in enumerate(claims) if claim["claim_id"] != won[0])
    assert (await settle(loser, outcome="refused")).json()["code"] == "reason_missing"
    refused = await settle(loser, outcome="refused", reason="filled")
    assert (refused.json()["state"], refused.json()["reason"]) == ("refused", "filled")
    assert (await settle(loser, outcome="confirmed")).json()["code"] == "application_settled"
    wrong = claims[0] | {"claim_id": str(uuid4()), "kind": "grid_leader"}
    assert (await desk.post(path, wrong)).json()["code"] == "wrong_kind"
    late = claims[1] | {"claim_id": str(uuid4())}
    assert (await desk.post(path, late)).json()["code"] == "post_filled"


@pytest.mark.requirement("R3.3")
async def test_the_surplus_list_names_whom_a_compound_can_spare(desk: Desk) -> None:
    kept, second = [await worker(desk, f"W000{n}") for n in (1, 2)]
    await post(desk, kept)
    await post(desk, second, from_day="2020-02-23")
    await worker(desk, "W0003", home_unit="=HYPERLINK(1)")
    await worker(desk, "W0004")
    told = (await desk.get("/v1/surplus", compound="lj-001")).json()
    # W0002 came first and keeps the post; of the two free volunteers one is for the other grid.
    assert [(one["code"], one["why"]) for one in told] == [("W0001", "beyond_need"), ("W0004", "not_needed")]
    assert (await desk.get("/v1/surplus", CLERK)).status_code == 403
    await put(
        desk,
        "/v1/compounds/lj-001/posts",
        {"place_kind": "grid", "place": "lj-001-w02", "kind": "volunteer", "number": 0},
    )
    file = await desk.get("/v1/surplus.csv", OFFICER)
    lines = file.content.decode("utf-8-sig").splitlines()
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert lines == [
        "compound_id,compound,code,kind,home_unit,why",
        "lj-001,云桥一村,W0001,volunteer,云桥社区,beyond_need",
        "lj-001,云桥一村,W0003,volunteer,'=HYPERLINK(1),not_needed",
        "lj-001,云桥一村,W0004,volunteer,云桥社区,not_needed",
    ]


@pytest.mark.requirement("R6.2", "Data and law")
async def test_a_volunteer_applies_is_looked_into_and_serves(desk: Desk) -> None:
    body = {
        "application_id": str(uuid4()),
        "name": "慕容听雨",
        "sex": "female",
        "phone": "19988887777",
        "home_compound": "lj-001",
    }
    public = [await desk.client.http.post("/v1/volunteers", json=body) for _ in range(2)]
    assert [answer.status_code for answer in public] == [201, 200]
    other = await desk.client.http.post("/v1/volunteers", json=body | {"phone": "19988887778"})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    someone = body | {"application_id": str(uuid4()), "person_ref": str(uuid4())}
    assert (await desk.client.http.post("/v1/volunteers", json=someone)).status_code == 403
    stranger = await desk.post("/v1/volunteers", someone)
    assert (stranger.status_code, stranger.json()["field"]) == (404, "person_ref")
    [shown] = (await desk.get("/v1/volunteers", state="received")).json()["items"]
    assert (shown["via"], "name" in shown) == ("public", False)
    path = f"/v1/volunteers/{body['application_id']}"
    assert (await desk.get(path)).json()["name"] == "慕容听雨"
    assert (await desk.get(path, ("community_clerk", "compound:lj-002"))).status_code == 404
    assert (await desk.post(f"{path}/settlement", {"outcome": "refused"})).json()["code"] == "reason_missing"
    answers = await asyncio.gather(
        *[desk.post(f"{path}/settlement", {"outcome": "accepted"}) for _ in range(3)]
    )
    [ref] = {answer.json()["worker_ref"] for answer in answers}
    assert (await post(desk, ref)).status_code == 201
    read = (await desk.get(f"/v1/workers/{ref}")).json()
    assert (read["name"], read["kind"], read["home_compound_id"]) == ("慕容听雨", "volunteer", "lj-001")
    refused = await desk.post(f"{path}/settlement", {"outcome": "refused", "reason": "age"})
    assert (refused.status_code, refused.json()["code"]) == (409, "application_settled")
    kept = await desk.rows("select a::text || w::text as everything from volunteer_application a, worker w")
    assert kept
    assert not [row for row in kept if "慕容" in row["everything"] or "1998888" in row["everything"]]


@pytest.mark.requirement("R3.1")
async def test_work_groups_tell_their_members_and_where_they_are(desk: Desk) -> None:
    for nth, kind in enumerate(("work_group_leader", "work_group_member"), 1):
        changes = {"kind": kind, "work_group": "第1驻社区工作组", "home_unit": "农业农村局"}
        ref = await worker(desk, f"W000{nth}", **changes)
        if nth == 1:
            await post(desk, ref, "yq", place_kind="neighbourhood")
    assert (await desk.get("/v1/work-groups")).json() == [
        {
            "work_group": "第1驻社区工作组",
            "home_unit": "农业农村局",
            "members": 2,
            "posted": 1,
            "neighbourhoods": ["yq"],
        }
    ]
