"""Leads, surveys, duplicates and people on the desk's pages: the API's rules, and what was typed stays."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.desk import OFFICER, Desk, resident_id
from tests.integration.registry.households import TOWN_CLERK, Households
from tests.integration.registry.pages import hidden, opened, sent, words
from tests.integration.registry.surveying import GRID, form, hand_in, member, residents, targets
from tests.integration.registry.test_leads import tell

SUPERVISOR = ("supervisor", "town")
YE: dict[str, Any] = {"name": "叶知秋", "sex": "male", "born": "1985-03-12"}


def passport(nth: int) -> list[dict[str, str]]:
    """A document that nobody else has."""
    return [{"kind": "passport", "number": f"ZX010000{nth}"}]


@pytest.mark.requirement("R6.3")
async def test_a_lead_is_given_to_a_grid_and_closed_with_what_was_found(desk: Desk) -> None:
    told = await tell(desk)
    path = f"/leads/{told['lead_id']}"
    inbox = await opened(desk, "/leads", compound="lj-001")
    assert "外来人员未登记" in words(inbox)
    assert "待派" in words(inbox)
    page = await opened(desk, path)
    assert "东方不换家来了外地人" in words(page)
    nobody = await sent(desk, path, {"act": "assign"})
    assert nobody.status_code == 422
    assert "交给谁" in words(nobody)
    assert (await sent(desk, path, {"act": "assign", "assignee": "grid:lj-001-w01"})).status_code == 303
    desk.move("2020-02-27 09:00")
    assert "超时" in words(await opened(desk, "/leads", compound="lj-001"))
    unsaid = await sent(desk, path, {"act": "close", "valid": "true"})
    assert unsaid.status_code == 422
    assert (
        await sent(desk, path, {"act": "close", "valid": "true", "reason": "confirmed"})
    ).status_code == 303
    assert "属实" in words(await opened(desk, path, SUPERVISOR))
    assert "查实" in words(await opened(desk, "/leads", compound="lj-001", state="closed"))
    assert (await sent(desk, path, {"act": "reward"})).status_code == 403
    assert (await sent(desk, path, {"act": "reward"}, OFFICER)).status_code == 303
    told_by = await sent(desk, path, {"act": "reporter", "reason": "核发奖励"}, OFFICER)
    assert "反映人没有留下身份" in words(told_by)


@pytest.mark.requirement("R4.1")
async def test_every_dwelling_has_its_field_and_a_form_that_a_clerk_fills_in(desk: Desk) -> None:
    begun = hidden(await opened(desk, "/surveys", TOWN_CLERK)) | {"number": "1", "due_on": "2020-02-28"}
    without = await sent(desk, "/surveys", begun, TOWN_CLERK)
    assert without.status_code == 422
    answer = await sent(desk, "/surveys", begun | {"compounds": ["lj-001"]}, TOWN_CLERK)
    assert answer.status_code == 303, words(answer)
    path = answer.headers["location"]
    assert "0 / 10" in words(await opened(desk, "/surveys"))
    round_id = path.rpartition("/")[2]
    first, second = (await targets(desk, round_id))[:2]
    page = await opened(desk, path, compound="lj-001")
    assert words(page).count("未上门") > 10
    home = f"{path}/dwellings/{first['dwelling_id']}"
    carried = hidden(await opened(desk, home))
    fields = {"outcome": "done", "new.0.name": "欧阳海棠", "new.0.number": "1", "new.0.relation": "tenant"}
    wrong = await sent(desk, home, carried | fields)
    assert wrong.status_code == 422
    assert 'value="欧阳海棠"' in wrong.text
    # What is wrong is said at its own line; a line without a name is missed, not dropped.
    third = {"new.0.number": resident_id(81), "new.2.name": "司马南星", "new.2.born": "2020-02-30"}
    pointed = await sent(desk, home, carried | fields | third | {"new.1.phone": "19990000001"})
    assert pointed.status_code == 422
    for name, remedy in (("new-1-name", "没有填，请填写"), ("new-2-born", "日期看不懂，请写成 2020-02-24")):
        assert f'href="#f-{name}"' in pointed.text
        assert f'aria-describedby="f-{name}-fault"' in pointed.text
        assert re.search(rf'id="f-{name}-fault">.*?{remedy}', pointed.text)
    assert 'value="19990000001"' in pointed.text
    kept = await sent(desk, home, carried | fields | {"new.0.number": resident_id(81)})
    assert kept.status_code == 303, words(kept)
    assert len(await residents(desk, first["dwelling_id"])) == 1
    assert "已排摸" in words(await opened(desk, path, GRID, compound="lj-001", building="1幢"))
    # Two visits that disagree: a clerk decides.
    await hand_in(desk, form(round_id, second["dwelling_id"], members=[member(desk)]))
    await hand_in(desk, form(round_id, second["dwelling_id"], "empty", witness="neighbour"))
    conflicts = await opened(desk, f"{path}/conflicts", compound="lj-001")
    assert "结果不同" in words(conflicts)
    carried = hidden(conflicts)
    unsaid = await sent(desk, f"{path}/conflicts", carried | {"reason": "电话核实有人住"})
    assert unsaid.status_code == 422
    assert "电话核实有人住" in unsaid.text
    [chosen] = await desk.rows(
        "select submission_id from survey_submission where dwelling_id = $1 and outcome = 'done'",
        second["dwelling_id"],
    )
    decided = carried | {"reason": "电话核实有人住", "chosen": str(chosen["submission_id"])}
    assert (await sent(desk, f"{path}/conflicts", decided)).status_code == 303
    assert "没有互相矛盾的表" in words(await opened(desk, f"{path}/conflicts", compound="lj-001"))
    early = await sent(desk, path, {"compound": "lj-001"}, OFFICER)
    assert early.status_code == 422
    assert (await sent(desk, path, {"reason": "转入下一轮"}, OFFICER)).status_code == 303


@pytest.mark.scenario("P10")
async def test_two_records_are_compared_merged_and_taken_apart_again(desk: Desk) -> None:
    houses = await Households.of(desk)
    one = await houses.register(at="1幢", **YE, phone="19912340000", documents=passport(1))
    other = await houses.register(
        at="2幢",
        who=TOWN_CLERK,
        **YE,
        phone="19912340000",
        documents=passport(2),
    )
    listed = await opened(desk, "/duplicates", TOWN_CLERK, compound="lj-001")
    assert "同名同电话" in words(listed)
    assert "叶知秋" not in listed.text
    path = f"/duplicates/{one}/{other}"
    page = await opened(desk, path, TOWN_CLERK, compound="lj-001")
    assert "不同" in words(page)
    unsaid = await sent(desk, path, hidden(page) | {"act": "merge", "reason": "本人到场"}, TOWN_CLERK)
    assert unsaid.status_code == 422
    merged = await sent(
        desk, path, hidden(page) | {"act": "merge", "reason": "本人到场", "kept": "one"}, TOWN_CLERK
    )
    assert merged.headers["location"] == f"/people/{one}"
    sheet = await opened(desk, f"/people/{one}", TOWN_CLERK)
    [merge] = await desk.rows("select merge_id from person_merge")
    undo = f"/merges/{merge['merge_id']}/undo"
    assert undo in sheet.text
    form_page = await opened(desk, undo, TOWN_CLERK, person=one)
    assert (await sent(desk, undo, hidden(form_page), TOWN_CLERK)).status_code == 422
    assert (
        await sent(desk, undo, hidden(form_page) | {"reason": "核实为两人"}, TOWN_CLERK)
    ).status_code == 303
    dismissed = await sent(
        desk, path, {"act": "dismiss", "reason": "双胞胎", "compound": "lj-001"}, TOWN_CLERK
    )
    assert dismissed.status_code == 303, words(dismissed)
    assert "没有可能重复的记录" in words(await opened(desk, "/duplicates", TOWN_CLERK, compound="lj-001"))


@pytest.mark.requirement("R4.3")
async def test_a_sheet_is_whole_for_its_clerk_and_masked_for_headquarters_who_say_why(desk: Desk) -> None:
    person = await desk.resident()
    number = resident_id(desk.people)
    found = await sent(desk, "/people", {"query": number})
    assert f"/people/{person}" in found.text
    assert number not in found.text.replace(f'value="{number}"', "")
    whole = await opened(desk, f"/people/{person}")
    assert "司徒南星" in words(whole)
    assert number in words(whole)
    asked = await opened(desk, f"/people/{person}", OFFICER)
    assert "为什么查看这个人" in words(asked)
    assert "司徒" not in asked.text
    assert (await sent(desk, f"/people/{person}", {}, OFFICER)).status_code == 422
    shown = await sent(desk, f"/people/{person}", {"reason": "督办核对"}, OFFICER)
    assert "部分遮住" in words(shown)
    assert "司徒南星" not in shown.text
    assert number not in shown.text
    [(_, _, noted)] = await desk.client.reads("people.sheet.masked")
    assert noted == "督办核对"
    unsaid = await sent(desk, "/people", {"query": number}, SUPERVISOR)
    assert unsaid.status_code == 422
    # What stands against somebody is settled here, for a reason.
    await desk.hear(desk.fever(person))
    standing = await opened(desk, f"/people/{person}")
    assert "测得发热" in words(standing)
    settled = hidden(standing) | {
        "act": "settle",
        "kind": "fever",
        "reason": "settled",
        "settlement_id": str(uuid4()),
    }
    assert (await sent(desk, f"/people/{person}", settled)).status_code == 303
    assert "暂停通行的原因" not in words(await opened(desk, f"/people/{person}"))
    elsewhere = ("community_clerk", "compound:lj-002")
    assert (await opened(desk, f"/people/{person}", elsewhere)).status_code == 404
