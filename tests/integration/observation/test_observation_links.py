"""A resident's personal link: one phone, one case, as long as it lasts."""

import asyncio
import re
from datetime import date
from uuid import uuid4

import pytest

from tests.integration.observation.conftest import CLERK, Desk, returnee

FEB25 = date(2020, 2, 25)


def with_link(session: str) -> dict[str, str]:
    return {"Authorization": f"Link {session}"}


async def test_a_resident_declares_through_the_link(desk: Desk) -> None:
    case_id = await desk.open_case()
    opened = await desk.session(await desk.link(case_id))
    assert opened.status_code == 200
    me = with_link(opened.json()["session"])
    desk.move(FEB25, "07:00")
    case = (await desk.client.http.get("/v1/me/case", headers=me)).json()
    assert (case["day_number"], case["days"], case["state"]) == (1, 14, "under_observation")
    assert [window["state"] for window in case["today"]] == ["open", "upcoming"]
    assert case["next_window"]["window"] == "morning"

    body = {"declaration_id": str(uuid4()), "cannot_measure_reason": "no_thermometer", "symptoms": []}
    first = await desk.client.http.post("/v1/me/declarations", json=body, headers=me)
    again = await desk.client.http.post("/v1/me/declarations", json=body, headers=me)
    assert (first.status_code, again.status_code) == (201, 200)
    case = (await desk.client.http.get("/v1/me/case", headers=me)).json()
    assert [window["state"] for window in case["today"]] == ["answered", "upcoming"]
    assert case["next_window"]["window"] == "evening"
    assert case["figures"] == {"due": 1, "answered": 1, "late": 0, "missed": 0, "open": 0, "streak": 0}
    told = (await desk.told("DeclarationSubmitted"))[0]
    assert (told["by"], told["temperature_c"]) == ("self", None)


async def test_a_link_belongs_to_the_phone_that_opens_it_first(desk: Desk) -> None:
    case_id = await desk.open_case()
    token = await desk.link(case_id)
    answers = await asyncio.gather(*(desk.session(token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "link_already_used"
    fresh = await desk.session(await desk.link(case_id))
    assert fresh.status_code == 200
    old = next(answer for answer in answers if answer.status_code == 200).json()["session"]
    answer = await desk.client.http.get("/v1/me/case", headers=with_link(old))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


async def test_a_phone_that_names_a_key_gets_the_same_session_when_the_answer_was_lost(desk: Desk) -> None:
    token = await desk.link(await desk.open_case())
    key = "k" * 32
    first, again = await desk.session(token, device_key=key), await desk.session(token, device_key=key)
    assert first.json() == again.json()
    assert (await desk.session(token, device_key="x" * 32)).status_code == 409
    assert (await desk.session(token)).status_code == 409


async def test_a_withdrawn_link_opens_nothing(desk: Desk) -> None:
    case_id = await desk.open_case()
    link_id = uuid4()
    token = (await desk.post(f"/v1/cases/{case_id}/links", {"link_id": str(link_id)})).json()["token"]
    session = (await desk.session(token)).json()["session"]
    path = f"/v1/cases/{case_id}/links/{link_id}"
    for _ in range(2):
        answer = await desk.client.http.delete(path, headers=desk.client.as_role(*CLERK))
        assert answer.status_code == 204
    assert (await desk.client.http.get("/v1/me/case", headers=with_link(session))).status_code == 401
    answer = await desk.session(token)
    assert (answer.status_code, answer.json()["code"]) == (410, "link_ended")
    other = f"/v1/cases/{await desk.open_case()}/links/{link_id}"
    answer = await desk.client.http.delete(other, headers=desk.client.as_role(*CLERK))
    assert (answer.status_code, answer.json()["code"]) == (404, "link_unknown")


async def test_a_link_ends_with_the_observation(desk: Desk) -> None:
    case_id = await desk.open_case()
    used = await desk.link(case_id)
    session = (await desk.session(used)).json()["session"]
    desk.move(date(2020, 3, 10), "09:00")
    assert (await desk.decide(case_id, "close")).status_code == 201
    assert (await desk.client.http.get("/v1/me/case", headers=with_link(session))).status_code == 401
    assert (await desk.session(used)).json()["code"] == "link_ended"
    answer = await desk.post(f"/v1/cases/{case_id}/links", {"link_id": str(uuid4())})
    assert (answer.status_code, answer.json()["code"]) == (409, "case_ended")


@pytest.mark.parametrize("token", ["A" * 43, "not-a-token-of-ours"])
async def test_a_guessed_token_is_unknown(desk: Desk, token: str) -> None:
    answer = await desk.session(token)
    assert (answer.status_code, answer.json()["code"]) == (404, "link_unknown")


async def test_a_link_is_shown_once_and_kept_as_a_hash(desk: Desk) -> None:
    case_id = await desk.open_case()
    link_id = str(uuid4())
    path = f"/v1/cases/{case_id}/links"
    first = await desk.post(path, {"link_id": link_id})
    again = await desk.post(path, {"link_id": link_id})
    assert (again.status_code, again.json()["code"]) == (409, "link_shown_once")
    other = await desk.post(f"/v1/cases/{await desk.open_case()}/links", {"link_id": link_id})
    assert other.json()["code"] == "same_id_other_content"
    token = first.json()["token"]
    assert len(token) >= 43  # 256 bits
    session = (await desk.session(token)).json()["session"]
    kept = str(await desk.rows("select * from resident_link"))
    assert token not in kept
    assert session not in kept


async def test_staff_and_residents_do_not_open_each_other_s_routes(desk: Desk) -> None:
    case_id = await desk.open_case()
    session = (await desk.session(await desk.link(case_id))).json()["session"]
    for path in ("/v1/cases", f"/v1/cases/{case_id}"):
        answer = await desk.client.http.get(path, headers=with_link(session))
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert (await desk.get("/v1/me/case")).status_code == 403
    assert (await desk.client.http.get("/v1/me/case")).status_code == 401


async def test_no_plain_personal_value_is_in_any_table_or_event(desk: Desk) -> None:
    """Planted canaries: contact, reason of a decision, link, and the health answers outside the contract's event."""
    event = returnee()
    case_id = await desk.open_case(event)
    await desk.card(event, name="金丝雀", phone="19900001111", room="9-9-9901")
    token = await desk.link(case_id)
    session = (await desk.session(token)).json()["session"]
    desk.move(FEB25, "07:00")
    body = {"declaration_id": str(uuid4()), "temperature_c": 38.77, "symptoms": ["loss_of_smell"]}
    await desk.client.http.post("/v1/me/declarations", json=body, headers=with_link(session))
    await desk.decide(case_id, "restart", "金丝雀门诊排除")
    await desk.get(f"/v1/cases/{case_id}")
    tables = await desk.rows(
        "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    )
    canaries = ["金丝雀", "19900001111", "0001111", "9-9-9901", "loss_of_smell", token, session]
    assert len(tables) > 15
    for table in tables:
        name = table["relname"]
        text = " ".join(str(row) for row in await desk.rows(f'select t::text as row from "{name}" t'))
        for canary in canaries:
            assert canary not in text, name
            assert canary.encode().hex() not in text, name
        if not name.startswith("outbox"):
            assert not re.search(r"(?<![\d:])38\.77", text), name  # a clock may show it as seconds
