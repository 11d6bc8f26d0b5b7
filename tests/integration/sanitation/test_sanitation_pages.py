"""Sanitation's pages over HTTP: forms keep what was typed, say what is wrong, and open to whom the table says."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.sanitation.access import ACCESS
from shared.http.access import STAFF, Role
from tests.browser.compound import picture
from tests.integration.sanitation.test_waste import begin, card, listed, move
from tests.integration.sanitation.world import Service

pytestmark = pytest.mark.requirement("F17", "R5.1")

HTML = {"Accept": "text/html", "Origin": "http://sanitation.test", "Sec-Fetch-Site": "same-origin"}
PAGES = {
    cell: cell.removeprefix("GET ").format(
        order_id=uuid4(), inspection_id=uuid4(), venue_id=uuid4(), code="lj-001-s404"
    )
    for cell in ACCESS
    if cell.startswith("GET ") and not cell.startswith("GET /v1/") and Role.PUBLIC not in ACCESS[cell]
}


async def page(service: Service, path: str, role: str, scope: str = "compound:lj-001") -> httpx.Response:
    found: httpx.Response = await service.client.http.get(
        path, headers=service.client.as_role(role, scope) | HTML
    )
    return found


async def send(
    service: Service, path: str, form: dict[str, Any], role: str, scope: str = "compound:lj-001", **more: Any
) -> httpx.Response:
    found: httpx.Response = await service.client.http.post(
        path, data=form, headers=service.client.as_role(role, scope) | HTML, **more
    )
    return found


async def site(service: Service, number: int, kind: str = "lift", compound: str = "lj-001") -> str:
    code = f"{compound}-s{number}"
    body = {
        "code": code,
        "compound": compound,
        "kind": kind,
        "name": f"{number}号点位",
        "since": "2020-02-23",
    }
    assert (await service.post("/v1/sites", body, "community_clerk")).status_code == 201
    return code


@pytest.mark.parametrize("role", sorted(STAFF))
async def test_a_role_opens_exactly_the_pages_of_its_cells(sanitation: Service, role: Role) -> None:
    for cell, path in PAGES.items():
        answer = await page(sanitation, path, role, "town")
        if role in ACCESS[cell]:
            assert answer.status_code in {200, 303, 404}, (cell, answer.status_code, answer.text[-2000:])
        else:
            assert answer.status_code == 403, cell


async def test_the_sheet_of_a_worker_with_one_compound_needs_no_choice(sanitation: Service) -> None:
    code = await site(sanitation, 1, "stairwell")
    shown = await page(sanitation, "/sheet", "sanitation_worker")
    assert shown.status_code == 200, shown.text
    assert shown.headers["X-Fangkong-Account"]
    assert shown.headers["Cache-Control"] == "no-store"
    assert "1号点位" in shown.text
    chosen = await page(sanitation, f"/sheet?compound=lj-001&site={code}", "sanitation_worker")
    assert "规定 250–1000 毫克/升" in chosen.text
    led = await page(sanitation, f"/sheet?site={code}", "sanitation_worker")
    assert led.headers["location"] == f"/sheet?compound=lj-001&site={code}"
    assert (await page(sanitation, "/sheet?compound=lj-002", "sanitation_worker")).status_code == 403


async def test_a_refused_round_keeps_what_was_entered(sanitation: Service) -> None:
    code = await site(sanitation, 1)
    form = {"id": str(uuid4()), "site_code": code, "agent": "chlorine_dioxide", "other_mg_l": "0"}
    refused = await send(sanitation, "/sheet/rounds", form, "sanitation_worker")
    assert refused.status_code == 422
    assert "浓度不可能" in refused.text
    assert 'value="chlorine_dioxide" checked' in refused.text
    form |= {"other_mg_l": "", "concentration_mg_l": "500"}
    for _ in range(2):
        kept = await send(sanitation, "/sheet/rounds", form, "sanitation_worker")
        assert kept.headers["location"] == "/sheet?compound=lj-001&done=round"
    late = form | {"id": str(uuid4()), "done_at": "2020-02-23T10:00", "explanation": ""}
    assert "补录需说明原因" in (await send(sanitation, "/sheet/rounds", late, "sanitation_worker")).text
    short = await send(sanitation, "/sheet/rounds", late | {"explanation": "没电"}, "sanitation_worker")
    assert "至少 4 个字" in short.text  # as over the API
    assert re.findall(r'name="(\w+)" aria-invalid', short.text)[0] == "explanation"
    kept = await send(
        sanitation, "/sheet/rounds", late | {"explanation": "手机没有信号"}, "sanitation_worker"
    )
    assert kept.status_code == 303
    for minute in ("2020-13-40T99:00", "0001-01-01T00:00", "2020-02-24T08:00+25"):
        never = await send(sanitation, "/sheet/rounds", late | {"done_at": minute}, "sanitation_worker")
        assert (never.status_code, "没有这个时间" in never.text) == (422, True)
    book = (await sanitation.get("/v1/rounds", "hq_officer", compound="lj-001", day="2020-02-23")).json()
    assert [one["source"] for one in book["items"]] == ["late_entry"]


@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2")
async def test_pickups_show_rooms_to_those_who_fetch_and_take_the_chain_in_order(sanitation: Service) -> None:
    await move(sanitation, "02-24T10:00:00")
    case = await begin(sanitation, "02-24T10:00:00")
    await card(sanitation, case, "8-2-501")
    await move(sanitation, "02-24T19:00:00")
    [due] = await listed(sanitation, "02-24")
    shown = await page(sanitation, "/pickups", "sanitation_worker")
    assert "8-2-501" in shown.text
    assert "X-Fangkong-Account" not in shown.headers, "no phone keeps rooms"
    assert "8-2-501" not in (await page(sanitation, "/pickups?compound=lj-001", "hq_officer", "town")).text

    path = f"/pickups/{due['pickup_id']}"

    async def act(name: str, role: str = "sanitation_worker", **more: str) -> httpx.Response:
        form = {"id": str(uuid4()), "compound": "lj-001", "act": name, **more}
        return await send(sanitation, path, form, role)

    assert (await act("step", step="collected", bags="2")).status_code == 409
    for step, more in (
        ("sealed", {}),
        ("collected", {"bags": "2"}),
        ("disinfected", {}),
        ("handed_over", {"receiver": "env_unit_1"}),
    ):
        done = await act("step", step=step, **more)
        assert done.status_code == 303, done.text
    assert "已转运" in (await page(sanitation, "/pickups", "sanitation_worker")).text
    assert (await act("step", "community_clerk", step="sealed")).status_code == 403
    assert (await act("skip", reason="refused")).status_code == 409
    assert (await act("hour", dwelling_id=str(case.dwelling), hour="17:30")).status_code == 303
    assert (await act("put_off")).status_code == 422


@pytest.mark.requirement("R5.1")
async def test_a_keeper_adds_corrects_and_closes_sites_and_nothing_typed_is_lost(sanitation: Service) -> None:
    form = {"code": "lj-001-s7", "compound": "lj-001", "kind": "lift", "name": "7幢电梯", "building": "7"}
    clerk = "community_clerk"
    for _ in range(2):
        assert (await send(sanitation, "/sites", form, clerk)).status_code == 303
    taken = await send(sanitation, "/sites", form | {"name": "另一部电梯"}, clerk)
    assert taken.status_code == 422
    assert "该点位编号已被使用" in taken.text
    assert 'value="另一部电梯"' in taken.text
    assert "7幢电梯" in (await page(sanitation, "/sites", "property_manager")).text

    changed = form | {"since": "2020-02-24", "active": "true", "revision": "1", "name": "7幢东电梯"}
    assert (await send(sanitation, "/sites/lj-001-s7", changed, clerk)).status_code == 303
    stale = await send(sanitation, "/sites/lj-001-s7", changed | {"name": "7幢西电梯"}, clerk)
    assert stale.status_code == 409
    assert "点位已被他人修改" in stale.text
    assert 'value="7幢西电梯"' in stale.text

    for rounds in ("0", "25", "abc"):
        never = await send(sanitation, "/sites", form | {"rounds_per_day": rounds}, clerk)
        assert (never.status_code, "每日轮次为 1 至 24" in never.text) == (422, True)
        assert f'aria-describedby="refusal" type="number" min="1" max="24" value="{rounds}"' in never.text

    closure = {"act": "close", "id": str(uuid4()), "reason": "repair", "from_day": "2020-02-24"}
    short = closure | {"note": "换", "last_day": "2020-02-26", "reason": "no_access"}
    asked = await send(sanitation, "/sites/lj-001-s7/closures", short, clerk)
    assert (asked.status_code, "至少 4 个字" in asked.text) == (422, True)
    assert 'value="换"' in asked.text
    assert 'value="2020-02-26"' in asked.text
    assert '<option value="no_access" selected>' in asked.text
    for _ in range(2):
        assert (await send(sanitation, "/sites/lj-001-s7/closures", closure, clerk)).status_code == 303
    assert "停用" in (await page(sanitation, "/sites", "property_manager")).text
    assert "维修" in (await page(sanitation, "/sites/lj-001-s7", clerk)).text
    end = {"act": "reopen", "id": closure["id"], "last_day": "2020-02-24"}
    assert (await send(sanitation, "/sites/lj-001-s7/closures", end, clerk)).status_code == 303
    wrong = closure | {"id": str(uuid4()), "from_day": "2020-02-20", "last_day": "2020-02-19"}
    assert (await send(sanitation, "/sites/lj-001-s7/closures", wrong, clerk)).status_code == 422
    assert (await send(sanitation, "/sites", form, "sanitation_worker")).status_code == 403


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R5.3")
async def test_only_headquarters_let_a_venue_reopen(sanitation: Service) -> None:
    form = {"id": str(uuid4()), "compound": "lj-001", "kind": "gym", "name": "健身中心"}
    assert (await send(sanitation, "/venues", form, "community_clerk")).status_code == 303
    assert "关闭" in (await page(sanitation, "/venues", "property_manager")).text
    path = f"/venues/{form['id']}"
    approval = {
        "act": "approve",
        "id": str(uuid4()),
        "from_day": "2020-02-24",
        "last_day": "2020-02-26",
        "reason": "体育局批准试营业",
    }
    assert (await send(sanitation, path, approval, "community_clerk")).status_code == 403
    refused = await send(sanitation, path, approval | {"last_day": "2020-04-24"}, "hq_officer", "town")
    assert refused.status_code == 422
    assert "体育局批准试营业" in refused.text
    assert (await send(sanitation, path, approval, "hq_officer", "town")).status_code == 303
    assert "已批准营业" in (await page(sanitation, path, "supervisor", "town")).text
    back = {"act": "revoke", "id": approval["id"]}
    assert (await send(sanitation, path, back, "hq_officer", "town")).status_code == 303
    assert "已收回" in (await page(sanitation, path, "property_manager")).text


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R5.4")
async def test_who_finds_or_mends_never_closes_an_order(sanitation: Service) -> None:
    code = await site(sanitation, 1)
    path = "/inspect"
    form = {
        "id": str(uuid4()),
        "compound": "lj-001",
        "inspected": "site",
        "subject": code,
        "verdict-clean": "fail",
        "verdict-aired": "pass",
    }
    bare = await send(sanitation, path, form, "supervisor", "town")
    assert bare.status_code == 422
    assert "须附说明或照片" in bare.text
    assert 'name="verdict-clean" value="fail" required checked' in bare.text
    files = {"photo-clean": ("a.jpg", picture(), "image/jpeg"), "photo-aired": ("", b"", "image/jpeg")}
    for _ in range(2):
        kept = await send(sanitation, path, form, "supervisor", "town", files=files)
        assert kept.headers["location"] == f"/inspections/{form['id']}"
    shown = await page(sanitation, f"/inspections/{form['id']}", "property_manager")
    assert "看照片" in shown.text
    [order] = (await sanitation.get("/v1/orders", "hq_officer", compound="lj-001")).json()["items"]
    at = f"/orders/{order['order_id']}"
    assert order["title"] in (await page(sanitation, "/orders", "property_manager")).text

    async def act(role: str, kind: str, scope: str = "compound:lj-001", **more: str) -> httpx.Response:
        return await send(sanitation, at, {"id": str(uuid4()), "kind": kind, **more}, role, scope)

    unsaid = {
        "id": str(uuid4()),
        "compound": "lj-001",
        "item": "clean",
        "note": "  ",
        "due_at": "2020-02-25T10:00",
    }
    asked = await send(sanitation, "/orders", unsaid, "supervisor", "town")
    assert asked.status_code == 422
    assert "请写明情况，至少 2 个字" in asked.text
    assert 'name="note" aria-invalid="true" aria-describedby="refusal"' in asked.text
    assert asked.text.count('id="refusal"') == asked.text.count("aria-invalid") == 1
    assert 'value="2020-02-25T10:00"' in asked.text
    assert (await sanitation.get(f"/v1/orders/{unsaid['id']}", "hq_officer")).status_code == 404
    assert (await act("property_manager", "rectified", note="看过了")).status_code == 403
    assert (await act("property_manager", "replied", note="垃圾是刚堆的")).status_code == 303
    assert "请附说明或照片" in (await act("property_manager", "mended")).text
    short = await act("property_manager", "mended", note="好")
    assert (short.status_code, "至少 2 个字" in short.text) == (422, True)
    assert re.findall(r'id="(.*?)" name="note" aria-invalid="true"', short.text) == ["note-mended"]
    assert (await act("property_manager", "mended", note="已清理")).status_code == 303
    early = await act("hq_officer", "handed_to_discipline", "town", note="拒不整改")
    assert early.status_code == 409
    assert "拒不整改" in early.text
    assert '<option value="handed_to_discipline" selected>' in early.text
    own = await act("supervisor", "rectified", "town", note="我看过了")
    assert own.status_code == 403
    assert "发现人、整改人不得复核本单" in own.text
    assert "我看过了" in own.text
    assert (await act("hq_officer", "rectified", "town", note="现场已清理")).status_code == 303
    done = await page(sanitation, at, "property_manager")
    assert "已整改" in done.text
    assert "垃圾是刚堆的" in done.text
    assert order["title"] in (await page(sanitation, "/orders?which=closed", "auditor", "town")).text
    assert "100%" not in (await page(sanitation, "/figures", "property_manager")).text
    record = await page(sanitation, "/property", "property_manager")
    assert "按期整改" in record.text
    named = {"compound": "lj-001", "name": "安居物业"}
    assert (await send(sanitation, "/property", named, "community_clerk")).status_code == 303
    assert "安居物业" in (await page(sanitation, "/property", "property_manager")).text


@pytest.mark.requirement("R5.1", "R5.4")
async def test_the_book_shows_its_proof_and_a_report_that_is_so_becomes_an_order(sanitation: Service) -> None:
    code = await site(sanitation, 1)
    photo_id = str(uuid4())
    assert (await sanitation.send_photo(picture(), photo_id=photo_id)).status_code == 201
    body = {
        "round_id": str(uuid4()),
        "site_code": code,
        "agent": "chlorine_84",
        "concentration_mg_l": 50,
        "done_at": "2020-02-24T08:30:00+08:00",
        "photo_id": photo_id,
    }
    assert (await sanitation.post("/v1/rounds", body, "sanitation_worker")).status_code == 201
    shown = (await page(sanitation, "/book", "property_manager")).text
    assert f"/v1/photos/{photo_id}" in shown
    assert '<td class="warn" data-label="毫克/升">50</td>' in shown

    report = {"report_id": str(uuid4()), "site_code": code, "problem": "overflowing", "text": "桶满了没人管"}
    assert (await sanitation.client.http.post("/v1/site-reports", json=report)).status_code == 201
    assert "桶满了没人管" not in (await page(sanitation, "/site-reports", "property_manager")).text
    assert "桶满了没人管" in (await page(sanitation, "/site-reports", "community_clerk")).text
    path = f"/site-reports/{report['report_id']}"
    form = {"compound": "lj-001", "outcome": "upheld", "note": "到场看过，确实满了"}
    led = await send(sanitation, path, form, "community_clerk")
    assert led.headers["location"].startswith("/orders/")
    other = await send(sanitation, path, form | {"outcome": "dismissed"}, "community_clerk")
    assert other.status_code == 409
