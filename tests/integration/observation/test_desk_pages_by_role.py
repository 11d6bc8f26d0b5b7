"""The desk's pages over HTTP: each opens to its cell's roles, and what is sent without a script is done once."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.observation.access import ACCESS
from services.observation.handlers.patterns import derive_due
from shared.http.access import STAFF, Role
from shared.pages.doors import DOORS
from tests.integration.observation.conftest import CLERK, FEB24, OFFICER, Desk, returnee

FEB25 = date(2020, 2, 25)
HTML = {"Accept": "text/html", "Origin": "http://test"}
OWN = [door for door in DOORS if door.service == "observation"]
PAGES = {
    cell: cell.removeprefix("GET ")
    for cell in ACCESS
    if cell.startswith("GET /")
    and not cell.startswith("GET /v1/")
    and not ACCESS[cell] & {Role.PUBLIC, Role.RESIDENT}
}


async def page(desk: Desk, path: str, who: tuple[str, str] = CLERK) -> httpx.Response:
    return await desk.client.http.get(path, headers=HTML | desk.client.as_role(*who))


async def send(desk: Desk, path: str, who: tuple[str, str] = CLERK, **fields: Any) -> httpx.Response:
    """Send a form as a page of ours."""
    own = {"Origin": str(desk.client.http.base_url).rstrip("/")}
    return await desk.client.http.post(path, data=fields, headers=HTML | own | desk.client.as_role(*who))


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found, name
    return found[1]


@pytest.mark.requirement("F17")
@pytest.mark.parametrize("role", sorted(STAFF))
async def test_a_role_opens_exactly_the_pages_of_its_cells(desk: Desk, role: Role) -> None:
    case_id = await desk.open_case()
    assert len(PAGES) >= 15
    for cell, path in PAGES.items():
        named = re.sub(r"\{(\w+)\}", lambda match: str(case_id if match[1] == "case_id" else uuid4()), path)
        answer = await page(desk, named, (role, "town"))
        if role in ACCESS[cell]:
            assert answer.status_code in {200, 303, 404}, (cell, answer.status_code, answer.text[:500])
        else:
            assert answer.status_code == 403, cell
        if answer.status_code == 200:
            shown = {door.path for door in OWN if f'href="{door.path}"' in answer.text}
            assert shown >= {door.path for door in OWN if role in door.roles}


@pytest.mark.requirement("R4.6")
async def test_a_door_is_settled_once_and_by_whom_it_may_be(desk: Desk) -> None:
    case_id = await desk.open_case(returnee(measure="home_quarantine"))
    registered = await send(desk, f"/cases/{case_id}/door-devices", device_id=uuid4(), door=1)
    (credential,) = re.findall(r'class="token">([^<]+)<', registered.text)
    desk.move(FEB24, "12:00:00")
    body = {"signal_id": str(uuid4()), "kind": "opened", "at": "2020-02-24T11:00:00+08:00"}
    device = {"Authorization": f"Door {credential.strip()}"}
    assert (await desk.client.http.post("/v1/door-signals", json=body, headers=device)).status_code == 201
    for path in ("/matters/door-tasks", f"/cases/{case_id}"):
        assert "开门待核实" in (await page(desk, path)).text
    assert 'name="note"' not in (await page(desk, "/matters/door-tasks", OFFICER)).text
    shown = (await page(desk, "/matters/door-tasks")).text
    (task,) = re.findall(r"/matters/door-tasks/([0-9a-f-]{36})/results", shown)
    fields: dict[str, Any] = {
        "result_id": hidden(shown, "result_id"),
        "result": "explained",
        "note": "开门取物资",
    }
    path = f"/matters/door-tasks/{task}/results"
    assert (await send(desk, path, OFFICER, **fields)).status_code == 403
    empty = await send(desk, path, result_id=uuid4(), result="explained")
    assert (empty.status_code, "说明" in empty.text) == (422, True)
    assert re.findall(r'id="([^"]+)" name="\w+" aria-invalid="true"', empty.text) == [f"door-note-{task}"]
    assert empty.text.count('aria-describedby="refusal"') == empty.text.count('id="refusal"') == 1
    assert [(await send(desk, path, **fields)).status_code for _ in range(2)] == [303, 303]
    late = await send(desk, path, **(fields | {"result_id": str(uuid4())}))
    assert (late.status_code, "alert" in late.text) == (409, True)


@pytest.mark.requirement("R4.6")
async def test_only_the_form_that_was_refused_marks_its_field(desk: Desk) -> None:
    case_id = await desk.open_case()
    refused = await send(desk, f"/cases/{case_id}/attempts", attempt_id=uuid4(), kind="call")
    assert refused.status_code == 422
    assert '<fieldset aria-describedby="refusal"><legend>结果' in refused.text
    assert "aria-invalid" not in refused.text
    unsaid = await send(desk, f"/cases/{case_id}/declarations", declaration_id=uuid4(), via="phone")
    assert re.findall(r'name="(\w+)" aria-invalid="true"', unsaid.text) == ["temperature_c"]
    fields: dict[str, Any] = {
        "decision_id": uuid4(),
        "kind": "extend",
        "extra_days": "999",
        "reason": "集中点已满",
    }
    decided = await send(desk, f"/cases/{case_id}/decisions", **fields)
    assert decided.status_code == 422
    assert re.findall(r'name="(\w+)" aria-invalid="true"', decided.text) == ["extra_days"]


@pytest.mark.scenario("O11")
async def test_a_doubtful_declaration_is_looked_at(desk: Desk) -> None:
    case_id = await desk.open_case()
    for number in range(4):
        desk.move(FEB25 + timedelta(days=number), "07:00:13")
        await desk.declare(case_id, 36.6)
    await derive_due(desk.database, desk.client.context.vault)
    shown = (await page(desk, "/matters/pattern-flags")).text
    assert "每天同一秒" in shown
    (flag,) = re.findall(r"/matters/pattern-flags/([0-9a-f-]{36})/reviews", shown)
    fields: dict[str, Any] = {
        "review_id": hidden(shown, "review_id"),
        "verdict": "clarified",
        "note": "闹钟定时测量",
    }
    assert (await send(desk, f"/matters/pattern-flags/{flag}/reviews", **fields)).status_code == 303
    assert "没有可疑申报" in (await page(desk, "/matters/pattern-flags")).text
    assert "已说明" in (await page(desk, "/matters/pattern-flags?reviewed=1")).text


@pytest.mark.requirement("R2.7")
async def test_who_was_released_is_listed_with_masked_names_for_who_may_read_them(desk: Desk) -> None:
    event = returnee(anchor=FEB24 - timedelta(days=14))
    case_id: UUID = await desk.open_case(event)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")
    desk.move(FEB24, "18:00")
    await desk.declare(case_id)
    desk.move(FEB25, "00:10")
    await desk.tick()
    listed = (await page(desk, "/cases")).text
    assert "陈*" in listed
    assert "9-1-301" in listed
    assert "13800001234" not in listed
    told = (await page(desk, "/cases", ("supervisor", "town"))).text
    assert ("陈*" in told, str(case_id) in told) == (False, True)
    over = (await page(desk, f"/cases/{case_id}")).text
    assert ("已解除" in over, 'id="acts"' in over) == (True, False)
