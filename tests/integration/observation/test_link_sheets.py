"""Links for a whole grid, on paper and in time: made once, freed for another phone, guarded against guessing."""

import re
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.kernel.links import digest
from tests.integration.observation.conftest import Desk, returnee

FEB25 = date(2020, 2, 25)


async def sheet(desk: Desk, who: tuple[str, str] = ("grid_worker", "grid:lj-001-w01"), **more: Any) -> Any:
    body = {"issue_id": str(uuid4()), **more}
    return await desk.post("/v1/link-sheets", body, who)


async def test_a_grid_s_links_are_made_at_once_and_each_opens_its_own_case(desk: Desk) -> None:
    cases = [await desk.open_case() for _ in range(3)]
    await desk.open_case(returnee(compound="lj-009", grid="lj-009-w01"))
    has_one = await desk.link(cases[0])
    answer = await sheet(desk)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    links = answer.json()["links"]
    assert [one["case_id"] for one in links] == [str(case_id) for case_id in cases[1:]]
    assert (await desk.session(has_one)).status_code == 200
    for one in links:
        session = (await desk.session(one["token"])).json()["session"]
        me = {"Authorization": f"Link {session}"}
        assert (await desk.client.http.get("/v1/me/family", headers=me)).json()["members"][0][
            "case_id"
        ] == one["case_id"]
    assert (await sheet(desk)).json()["links"] == []
    kept = await desk.rows("select token_hash from resident_link where revoked_at is null")
    assert {digest(one["token"]) for one in links} <= {row["token_hash"] for row in kept}


async def test_a_sheet_is_shown_once_and_unused_links_can_be_made_anew(desk: Desk) -> None:
    used, unused = await desk.open_case(), await desk.open_case()
    issue_id = str(uuid4())
    first = (await sheet(desk, issue_id=issue_id)).json()["links"]
    await desk.session(first[0]["token"])
    again = await sheet(desk, issue_id=issue_id)
    assert (again.status_code, again.json()["code"]) == (409, "link_shown_once")
    anew = (await sheet(desk, replace="unused")).json()["links"]
    assert [one["case_id"] for one in anew] == [str(unused)]
    assert (await desk.session(first[1]["token"])).json()["code"] == "link_ended"
    everyone = (await sheet(desk, replace="all")).json()["links"]
    assert [one["case_id"] for one in everyone] == [str(used), str(unused)]


async def test_the_printed_page_holds_the_code_and_words_and_loads_nothing(desk: Desk) -> None:
    event = returnee()
    await desk.open_case(event)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-<301>")
    body = {"issue_id": str(uuid4()), "grid": "lj-001-w01"}
    answer = await desk.post("/v1/link-sheets?as=html", body)
    page = answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.count('<section class="link">') == page.count("<svg") == 1
    assert "陈* 9-1-&lt;301&gt;" in page
    assert "陈某某" not in page
    assert "Declare temperature and symptoms" in page
    assert not re.search(r"<script|src=|href=", page)
    read = await desk.rows("select action, scope, person_ref from audit_read")
    assert read == [
        {"action": "observation.link_sheet", "scope": "lj-001-w01", "person_ref": event.person_ref}
    ]


async def test_an_unbound_link_belongs_to_the_next_phone_that_opens_it(desk: Desk) -> None:
    case_id, link_id = await desk.open_case(), uuid4()
    token = (await desk.post(f"/v1/cases/{case_id}/links", {"link_id": str(link_id)})).json()["token"]
    old = (await desk.session(token, device_key="a" * 32)).json()["session"]
    assert (await desk.session(token, device_key="b" * 32)).status_code == 409
    path = f"/v1/cases/{case_id}/links/{link_id}/unbinding"
    assert (await desk.post(path, {})).status_code == 204
    assert (await desk.session(token, device_key="b" * 32)).status_code == 200
    me = {"Authorization": f"Link {old}"}
    assert (await desk.client.http.get("/v1/me/case", headers=me)).status_code == 401
    links = (await desk.get(f"/v1/cases/{case_id}/links")).json()["links"]
    assert [(one["link_id"], one["revoked_at"]) for one in links] == [(str(link_id), None)]
    assert links[0]["bound_at"] is not None
    answer = await desk.post(f"/v1/cases/{case_id}/links/{uuid4()}/unbinding", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "link_unknown")


async def test_a_new_link_keeps_whom_the_one_before_reached(desk: Desk) -> None:
    mother = returnee()
    own = await desk.open_case(mother)
    child = await desk.open_case(returnee().model_copy(update={"dwelling_id": mother.dwelling_id}))
    link_id = uuid4()
    await desk.post(f"/v1/cases/{own}/links", {"link_id": str(link_id)})
    member = f"/v1/cases/{own}/links/{link_id}/members/{child}"
    headers = desk.client.as_role("community_clerk", "compound:lj-001")
    assert (await desk.client.http.put(member, headers=headers)).status_code == 204
    me = {"Authorization": f"Link {(await desk.session(await desk.link(own))).json()['session']}"}
    family = (await desk.client.http.get("/v1/me/family", headers=me)).json()["members"]
    assert [UUID(one["case_id"]) for one in family] == [own, child]


async def test_whoever_tries_tokens_is_slowed_down(desk: Desk) -> None:
    answers = [await desk.session("x" * 40) for _ in range(40)]
    codes = [answer.json()["code"] for answer in answers]
    assert codes[0] == "link_unknown"
    assert codes[-1] == "too_many_requests"
    assert int(answers[-1].headers["Retry-After"]) >= 1


@pytest.mark.requirement("R2.7")
async def test_the_model_of_what_fourteen_days_miss_is_for_headquarters_and_labelled(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(date(2020, 3, 10), "09:00")
    await desk.decide(case_id, "close")
    path = "/v1/released-model?from=2020-03-01&to=2020-03-10"
    told = (await desk.get(path, ("hq_officer", "town"))).json()
    assert (told["released"], told["lengths"][0]["days"], told["lengths"][0]["people"]) == (1, 14, 1)
    certain = next(one for one in told["expected"] if one["risk"] == "infected")
    assert round(certain["point_estimate"] * 10_000) == 74
    assert round(certain["published_mean"] * 10_000) == 101
    assert "bootstrap" in told["note"]
    assert (await desk.get(path)).status_code == 403
    narrow = await desk.get(path, ("hq_officer", "compound:lj-001"))
    assert (narrow.status_code, narrow.json()["code"]) == (403, "out_of_scope")
