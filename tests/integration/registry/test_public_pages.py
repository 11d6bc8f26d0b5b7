"""The pages that anybody may open, as forms over HTTP: leads, asking for a pass, a household's own survey form."""

import re
from collections.abc import AsyncIterator

import pytest

from shared.obs.metrics import REGISTRY
from tests.integration.phones import Phone
from tests.integration.registry.desk import Desk, resident_id
from tests.integration.registry.surveying import open_round
from tests.integration.registry.test_survey_online import links

WHAT = {
    "category": "gathering",
    "compound": "lj-001",
    "place": "3幢门口",
    "text": "七八个人打牌",
    "when": "now",
}


@pytest.fixture
async def phone(desk: Desk) -> AsyncIterator[Phone]:
    made = Phone(desk.client)
    yield made
    await made.http.aclose()


def code_of(phone: Phone) -> str:
    found = re.search(r'id="code">([0-9A-Z-]+)<', phone.page.text)
    assert found is not None, phone.page.text
    return found[1]


def shown(form: str, field: str) -> float:
    labels = {"form": form, "field": field}
    return REGISTRY.get_sample_value("registry_form_errors_total", labels) or 0.0


@pytest.mark.requirement("R6.3")
@pytest.mark.scenario("P13")
async def test_a_lead_is_told_once_and_asked_for_by_its_code(desk: Desk, phone: Phone) -> None:
    page = await phone.open("/lead?compound=lj-001&from=gate_code")
    assert 'value="lj-001" lang="zh-CN" selected' in page
    before = shown("lead", "place")
    page = await phone.send("/lead", **WHAT | {"place": "", "when": "today", "hour": "23"})
    assert phone.page.status_code == 422
    assert "写清楚在小区的什么地方" in page
    assert "这个时间还没到" in page
    assert "七八个人打牌" in page
    assert shown("lead", "place") == before + 1
    filled = phone.page
    receipt = await phone.send("/lead", **WHAT)
    assert phone.at == "/lead/receipt"
    code = code_of(phone)
    phone.page = filled
    assert await phone.send("/lead", **WHAT) == receipt  # the button pressed a second time
    assert len(await desk.rows("select from lead")) == 1
    assert [row["channel"] for row in await desk.rows("select channel from lead")] == ["gate_code"]
    for nobodys in ({"lead_id": "x" * 36}, {"opened_at": "0001-01-01T00:00:00+08:00", "when": "yesterday"}):
        phone.page = filled
        await phone.send("/lead", **WHAT | nobodys)
        assert phone.page.status_code == 422
    assert len(await desk.rows("select from lead")) == 1
    assert await desk.rows("select * from lead_reporter") == []

    other = Phone(desk.client)
    assert "不在这台手机上" in await other.open("/lead/receipt")
    await other.open("/lead/status")
    assert "没有这个回执码" in await other.send("/lead/status", code="AAAA-AAAA-AAAA-AAAA")
    assert "照回执填全" in await other.send("/lead/status", code="AAAA")
    assert "处理中" in await other.send("/lead/status", code=code.lower())
    await other.http.aclose()


@pytest.mark.requirement("R6.3")
async def test_a_contact_is_kept_apart_and_yesterday_is_yesterday(desk: Desk, phone: Phone) -> None:
    await phone.open("/lead")
    await phone.send(
        "/lead", **WHAT | {"when": "yesterday", "hour": "8", "name": "慕容听雪", "phone": "19900007788"}
    )
    assert phone.at == "/lead/receipt"
    [row] = await desk.rows("select channel, observed_at from lead")
    assert (row["channel"], str(row["observed_at"])) == ("other", "2020-02-23 00:00:00+00:00")
    assert len(await desk.rows("select from lead_reporter")) == 1
    foreign = await phone.http.post("/lead", data=WHAT, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


@pytest.mark.requirement("R2.4", "R2.8")
async def test_a_pass_is_asked_for_checked_sent_once_and_withdrawn(desk: Desk, phone: Phone) -> None:
    asked = {
        "compound": "lj-001",
        "address": "1幢2单元501",
        "name": "慕容听雪",
        "phone": "199 0000 7788",
        "kind": "resident_id",
        "number": "",
        "papers": ["lease", "identity_document"],
        "suzhou_code": "green",
    }
    await phone.open("/pass-application")
    page = await phone.send("/pass-application", **asked)
    assert phone.at == "/pass-application"
    assert "写证件号码" in page
    assert "慕容听雪" in page
    page = await phone.send("/pass-application", **asked | {"number": resident_id(7)})
    assert phone.at == "/pass-application/check"
    assert "租房合同" in page
    assert "慕容听雪" in await phone.open("/pass-application")  # back: nothing is lost
    await phone.open("/pass-application/check")
    check = phone.page
    await phone.send("/pass-application/check")
    assert phone.at == "/pass-application/receipt"
    code = code_of(phone)
    phone.page = check
    await phone.send("/pass-application/check")
    assert (phone.at, code_of(phone)) == ("/pass-application/receipt", code)
    assert len(await desk.rows("select from pass_application")) == 1
    assert "慕容听雪" not in await phone.open("/pass-application")
    await phone.open("/pass-application/status")
    assert "等社区办理" in await phone.send("/pass-application/status", code=code)
    assert "已撤回" in await phone.send("/pass-application/status", code=code, act="withdraw")
    assert "本页不是出入证" in phone.page.text


@pytest.mark.requirement("R4.2")
async def test_a_household_answers_for_everybody_and_adds_who_is_new(desk: Desk, phone: Phone) -> None:
    stays = await desk.resident("1幢")
    round_id = (await open_round(desk))["round_id"]
    [link] = (await links(desk, round_id)).json()["links"]
    await phone.open("/survey")
    assert phone.at == "/survey/open"
    await phone.send("/survey/open", link=link["token"])
    assert phone.at == "/survey"
    assert "1幢-2-501" in phone.page.text
    await phone.open("/survey/check")
    assert phone.at == "/survey/people"
    assert "司徒*" in phone.page.text
    assert "每个人都选一下" in await phone.send("/survey/people")
    await phone.send("/survey/people", **{f"stay.{stays.hex}": "gone"})
    assert phone.at == "/survey/others"
    assert "至少要有一位" in await phone.send("/survey/others")
    await phone.open("/survey/person")
    somebody = {
        "name": "欧阳海棠",
        "kind": "passport",
        "number": "E12345678",
        "relation": "tenant",
        "phone": "",
        "sex": "",
        "born": "",
    }
    assert "带区号的固话" in await phone.send("/survey/person", **somebody | {"phone": "1234"})
    page = await phone.send("/survey/person", **somebody)
    assert phone.at == "/survey/person"
    assert "欧阳海棠" in page
    assert 'class="faults"' in page
    await phone.send("/survey/person", **somebody | {"sex": "female", "born": "1990-05-01"})
    assert phone.at == "/survey/others"
    assert "欧阳海棠" in phone.page.text
    await phone.send("/survey/others")
    assert "谁、从哪里、哪天" in await phone.send("/survey/more", returned="yes", journey="", note="")
    await phone.send("/survey/more", returned="yes", journey="欧阳海棠 2月20日从杭州回来", note="")
    assert phone.at == "/survey/check"
    check = phone.page
    await phone.send("/survey/check")
    assert phone.at == "/survey"
    assert "已收到" in phone.page.text
    phone.page = check
    await phone.send("/survey/check")
    assert phone.at == "/survey"
    [row] = await desk.rows("select source, standing from survey_submission")
    assert row["source"] == "online"
    [finding] = await desk.rows("select kind from survey_finding")
    assert finding["kind"] == "other"
