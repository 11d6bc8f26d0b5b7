"""Sheets and tables that say what the figures say, and what goes when its time is over."""

import csv
import io
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.observation.handlers.erasure import erase_due
from shared.events.registry.people import PersonErased
from shared.kernel.sheets import read
from tests.integration.observation.conftest import CLERK, OFFICER, Desk, days_from, returnee

FEB25 = date(2020, 2, 25)
LAST = date(2020, 3, 9)
WORKER = ("grid_worker", "grid:lj-001-w01")
STATES = {"已报": "answered", "迟报": "late", "未报": "missed", "待报": "open"}


async def table(desk: Desk, who: tuple[str, str] = CLERK, how: str = "csv", **more: Any) -> Any:
    body = {"reason": "期满归档", "from": "2020-02-24", "to": "2020-03-09", **more}
    return await desk.post(f"/v1/declaration-tables?as={how}", body, who)


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def a_fortnight(desk: Desk, case_id: UUID) -> None:
    """Some windows answered, some twice, some late, some not at all."""
    for number, day in enumerate(days_from(FEB25, LAST)):
        for clock in ("07:00", "18:00"):
            desk.move(day, clock)
            if number % 4 != 3:
                assert (await desk.declare(case_id, round(36.2 + number / 100, 2))).status_code == 201
        if number % 5 == 0:
            await desk.declare(case_id, 36.9)
        desk.move(day, "22:00")
        if number == 7:
            await desk.declare(case_id)  # late
    await desk.tick()


@pytest.mark.scenario("O12")
async def test_the_table_and_the_sheet_count_what_the_api_counts(desk: Desk) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    await desk.card(event, name="=陈某某", phone="13800001234", room="9-1-301")
    await a_fortnight(desk, case_id)
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    entries = (await desk.get(f"/v1/cases/{case_id}/declarations")).json()["entries"]
    for how in ("csv", "xlsx"):
        content = (await table(desk, how=how)).content
        rows = lines(content) if how == "csv" else [row.cells for row in read(content, required=["状态"])]
        count = Counter(STATES[row["状态"]] for row in rows if row["序号"] == "1")
        figures = case["figures"]
        assert count["answered"] + count["late"] == figures["answered"]
        assert (count["late"], count["missed"], count["open"]) == (
            figures["late"],
            figures["missed"],
            figures["open"],
        )
        assert sum(count.values()) == figures["due"]
        said = sorted(float(row["体温"]) for row in rows if row["体温"])
        assert said == sorted(float(entry["temperature_c"]) for entry in entries)
        assert {row["姓名"].lstrip("'") for row in rows} == {"=陈某某"}
    sheet = await desk.post(f"/v1/cases/{case_id}/sheet?as=xlsx", {"reason": "期满归档"})
    days = read(sheet.content, required=["早 Morning"])
    assert [row.cells["日期 Date"] for row in days] == [str(day) for day in days_from(FEB25, LAST)]
    missed = sum("未报" in row.cells[f"{when}"] for row in days for when in ("早 Morning", "晚 Evening"))
    assert missed == case["figures"]["missed"]


async def test_a_sheet_is_masked_unless_it_is_filed_and_its_reason_is_kept(desk: Desk) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    await desk.card(event, name="<陈>某某", phone="13800001234", room="9-1-301")
    desk.move(FEB25, "07:00")
    await desk.declare(case_id, 36.7, symptoms=[])
    path, body = f"/v1/cases/{case_id}/sheet", {"reason": "上门核对"}
    whole, masked = await desk.post(path, body), await desk.post(path, body, WORKER)
    assert "&lt;陈&gt;某某 13800001234 9-1-301" in whole.text
    assert "&lt;* 138****1234 9-1-301" in masked.text
    assert "36.7℃ 电话 07:00" in masked.text
    assert whole.headers["content-security-policy"].startswith("default-src 'none'")
    noted = await desk.client.reads("observation.sheet")
    assert [reason for _, _, reason in noted] == ["上门核对"] * 2
    roles = await desk.rows("select role from audit_read where action = 'observation.sheet' order by id")
    assert [row["role"] for row in roles] == ["community_clerk", "grid_worker"]
    assert (await desk.post(path, {"reason": ""})).status_code == 422
    assert (await desk.post(path, body, ("supervisor", "town"))).status_code == 403
    elsewhere = await desk.post(path, body, ("grid_worker", "grid:lj-009-w01"))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "out_of_scope")
    assert lines((await table(desk, ("grid_worker", "grid:lj-009-w01"))).content) == []


async def test_a_corrected_value_is_on_the_table_but_no_longer_on_the_sheet(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    old = (await desk.declare(case_id, 36.1)).json()["declaration_id"]
    body = {"declaration_id": str(uuid4()), "via": "phone", "temperature_c": 36.9, "reason": "看错了"}
    await desk.post(f"/v1/cases/{case_id}/declarations/{old}/corrections", body)
    rows = lines((await table(desk)).content)
    assert [(row["体温"], row["已被更正"]) for row in rows] == [("36.1", "是"), ("36.9", "")]
    page = (await desk.post(f"/v1/cases/{case_id}/sheet", {"reason": "核对"})).text
    assert "36.1" not in page
    assert "36.9℃ 电话 07:00 更正" in page


@pytest.mark.scenario("O3")
async def test_a_sheet_names_the_day_0_in_force(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    body = {
        "decision_id": str(uuid4()),
        "kind": "correct_anchor",
        "reason": "车票日期",
        "anchor_date": "2020-02-22",
        "anchor_basis": "arrival_with_proof",
    }
    assert (await desk.post(f"/v1/cases/{case_id}/decisions", body, OFFICER)).status_code == 201
    page = (await desk.post(f"/v1/cases/{case_id}/sheet", {"reason": "核对"})).text
    assert "day 0 2020-02-22 · 期满 last day 2020-03-07" in page


async def test_health_answers_and_contacts_go_after_the_policy_s_days_and_no_figure_changes(
    desk: Desk,
) -> None:
    event = returnee()
    case_id, other = await desk.open_case(event), await desk.open_case()
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")
    desk.move(FEB25, "07:00")
    await desk.declare(case_id, 37.9)
    (fever,) = (await desk.get("/v1/fevers")).json()["items"]
    said = {"result_id": str(uuid4()), "result": "cleared", "reason": "发热门诊排除"}
    assert (await desk.post(f"/v1/fevers/{fever['episode_id']}/results", said)).status_code == 201
    assert (await desk.decide(case_id, "resume")).status_code == 201
    place = {"measure": "centralized_observation", "site": "集中观察点一", "room": "301"}
    moved = {"decision_id": str(uuid4()), "kind": "change_measure", "reason": "居家条件不足", **place}
    assert (await desk.post(f"/v1/cases/{case_id}/decisions", moved, OFFICER)).status_code == 201
    desk.move(date(2020, 3, 10), "09:00")
    assert (await desk.decide(case_id, "close", "期满核对无异常")).status_code == 201
    before = (await desk.get(f"/v1/cases/{case_id}")).json()
    rows = lines((await table(desk)).content)
    desk.move(date(2020, 4, 9), "08:59")
    assert await erase_due(desk.database) == 0
    desk.move(date(2020, 4, 9), "09:01")
    assert await erase_due(desk.database) == 2  # one case, one contact
    assert await erase_due(desk.database) == 0
    after = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (after["figures"], after["windows"]) == (before["figures"], before["windows"])
    assert (before["contact"]["name"], after["contact"]) == ("陈*", None)
    erased = lines((await table(desk)).content)
    assert [row["状态"] for row in erased if row["个案编号"] == str(case_id)] == [
        row["状态"] for row in rows if row["个案编号"] == str(case_id)
    ]
    assert {row["体温"] for row in erased if row["填报方式"]} == {"已清除"}
    kept = await desk.rows("select 1 from decision where reason_sealed is not null")
    kept += await desk.rows("select 1 from declaration where answers_sealed is not null")
    kept += await desk.rows("select 1 from fever_result where reason_sealed is not null")
    kept += await desk.rows("select 1 from measure_change where place_sealed is not null")
    assert kept == []
    await desk.tick()
    assert (await desk.get(f"/v1/cases/{other}")).json()["state"] == "awaiting_closure"


async def test_whoever_is_erased_leaves_figures_and_nothing_that_opens(desk: Desk) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")
    desk.move(FEB25, "07:00")
    await desk.declare(case_id, 37.9)
    before = (await desk.get(f"/v1/cases/{case_id}")).json()
    gone = PersonErased(person_ref=event.person_ref, erased_at=desk.client.context.clock.now())
    await desk.hear(gone)
    await desk.hear(gone)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")  # told again by a late card
    after = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert after == {**before, "contact": None}
    entry = (await desk.get(f"/v1/cases/{case_id}/declarations", OFFICER)).json()["entries"][0]
    assert (entry["temperature_c"], entry["alarming"]) == (None, True)
    assert await desk.rows("select 1 from contact_card") == []

    # Whatever would be sealed about them is refused, by every door, and the rest of a batch is taken.
    other = await desk.open_case()
    desk.move(FEB25, "08:00")
    declaring = await desk.declare(case_id)
    deciding = await desk.decide(case_id, "resume")
    fever = (await desk.get("/v1/fevers")).json()["items"][0]["episode_id"]
    result = {"result_id": str(uuid4()), "result": "cleared", "reason": "发热门诊排除"}
    answers = [declaring, deciding, await desk.post(f"/v1/fevers/{fever}/results", result)]
    told = {"attempt_id": str(uuid4()), "kind": "call", "outcome": "unavailable", "note": "无人接听"}
    at = desk.client.context.clock.now().isoformat()
    answers.append(await desk.post(f"/v1/cases/{case_id}/attempts", {**told, "at": at}))
    answers.append(
        await desk.post(
            f"/v1/cases/{case_id}/declarations/{(await only_entry(desk, case_id))}/corrections",
            {"declaration_id": str(uuid4()), "via": "phone", "temperature_c": 36.9, "reason": "看错了"},
        )
    )
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "person_erased")}
    queued = [
        {"declaration_id": str(uuid4()), "case_id": str(one), "via": "phone", "temperature_c": 36.5}
        for one in (case_id, other)
    ]
    batch = (await desk.post("/v1/declarations/batch", {"declarations": queued})).json()["items"]
    assert [(one["status"], one["code"]) for one in batch] == [
        ("rejected", "person_erased"),
        ("created", None),
    ]
    assert (await desk.get(f"/v1/cases/{case_id}")).json() == after


async def only_entry(desk: Desk, case_id: UUID) -> str:
    (row,) = await desk.rows("select declaration_id from declaration where case_id = $1", case_id)
    return str(row["declaration_id"])
