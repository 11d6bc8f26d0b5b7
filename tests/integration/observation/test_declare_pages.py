"""The pages on which residents declare, as forms over HTTP: no script has a part in it."""

import re
from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID, uuid4

import httpx
import pytest

from services.observation.domain.readings import read_degrees
from services.observation.pages.drafts import NONE_OF_THEM, Draft, Part
from shared.obs.metrics import REGISTRY
from tests.integration.observation.conftest import CLERK, Desk, returnee
from tests.integration.phones import Phone

pytestmark = pytest.mark.requirement("R2.7")
FEB25 = date(2020, 2, 25)


@pytest.fixture
async def phone(desk: Desk) -> AsyncIterator[Phone]:
    """A phone at 07:00 on the 25th, when morning declarations are taken."""
    made = Phone(desk.client)
    yield made
    await made.http.aclose()


async def opened(desk: Desk, phone: Phone, case_id: UUID) -> str:
    token = await desk.link(case_id)
    desk.move(FEB25, "07:00")
    await phone.open("/declare/open")
    await phone.send("/declare/open", link=f"https://town.example/declare/open#{token}")
    return token


async def test_three_questions_and_a_receipt_that_can_be_opened_again(desk: Desk, phone: Phone) -> None:
    case_id = await desk.open_case()
    token = await opened(desk, phone, case_id)
    assert phone.at == "/declare"
    assert "第 1 天，共 14 天" in phone.page.text
    assert "可以申报" in phone.page.text

    await phone.open("/declare/answers/check")
    assert phone.at == "/declare/answers/temperature"  # nothing to check yet
    again = await phone.send("/declare/answers/temperature", temperature_0="3.65", reason_0="")
    assert "体温应在 34.0 至 43.0 摄氏度之间" in again
    assert "36.5" in again
    assert 'value="3.65"' in again
    await phone.send("/declare/answers/temperature", temperature_0="３６．６℃", reason_0="")
    assert phone.at == "/declare/answers/symptoms"
    again = await phone.send("/declare/answers/symptoms")
    assert "有的选是哪里不舒服" in again
    again = await phone.send("/declare/answers/symptoms", symptoms_0=["none", "cough"])
    assert "不能同时选" in again
    await phone.send("/declare/answers/symptoms", symptoms_0="none")
    assert phone.at == "/declare/answers/check"
    assert "36.6 ℃" in phone.page.text

    check = phone.page
    receipt = await phone.send("/declare/answers/check")
    assert phone.at == "/declare"
    assert "已收到" in receipt
    assert "本页不是出入证" in receipt
    assert "没有不舒服" in receipt
    phone.page = check
    phone.http.cookies.set("fangkong-observation-draft", _draft_of(check), path="/declare")
    await phone.send("/declare/answers/check")  # the button pressed a second time
    assert phone.at == "/declare"
    told = await desk.told("DeclarationSubmitted")
    assert [(one["by"], one["temperature_c"], one["late"]) for one in told] == [("self", "36.6", False)]
    assert token not in phone.page.text


def _draft_of(page: httpx.Response) -> str:
    body = re.search(r'"declaration_id": "([0-9a-f-]+)"', page.text)
    case = re.search(r'"case_id": "([0-9a-f-]+)"', page.text)
    assert body is not None
    assert case is not None
    part = Part(
        case_id=UUID(case[1]), declaration_id=UUID(body[1]), temperature="36.6", ticked=(NONE_OF_THEM,)
    )
    return Draft(parts=(part,)).write()


async def test_one_phone_declares_for_the_family_and_says_for_whom(desk: Desk, phone: Phone) -> None:
    mine, hers = returnee(), returnee()
    hers = hers.model_copy(update={"dwelling_id": mine.dwelling_id})
    own, other = await desk.open_case(mine), await desk.open_case(hers)
    await desk.card(hers, name="王小明", phone="19900000001", room="1幢101")
    link_id = str(uuid4())
    token = (await desk.post(f"/v1/cases/{own}/links", {"link_id": link_id})).json()["token"]
    added = await desk.client.http.put(
        f"/v1/cases/{own}/links/{link_id}/members/{other}", headers=desk.client.as_role(*CLERK)
    )
    assert added.status_code == 204
    desk.move(FEB25, "07:00")
    await phone.open("/declare/open")
    await phone.send("/declare/open", link=token)
    assert "王*" in phone.page.text
    await phone.open("/declare/answers/temperature")
    assert phone.at == "/declare/answers/who"
    assert "至少一位" in await phone.send("/declare/answers/who")
    await phone.send("/declare/answers/who", who=[str(own), str(other)])
    await phone.send(
        "/declare/answers/temperature",
        temperature_0="36.5",
        reason_0="",
        temperature_1="",
        reason_1="no_thermometer",
    )
    await phone.send("/declare/answers/symptoms", symptoms_0="none", symptoms_1=["fever", "cough"])
    assert phone.at == "/declare/answers/check"
    receipt = await phone.send("/declare/answers/check")
    assert "请戴好口罩" in receipt
    told = {one["by"]: one["symptomatic"] for one in await desk.told("DeclarationSubmitted")}
    assert told == {"self": False, "proxy": True}


async def test_a_link_that_does_not_hold_is_explained_and_nothing_is_shown(desk: Desk, phone: Phone) -> None:
    await phone.open("/declare")
    assert phone.at == "/declare/open"
    assert "不是完整的链接" in await phone.send("/declare/open", link="扫码")
    assert phone.page.status_code == 422
    assert "链接无效" in await phone.send("/declare/open", link="A" * 43)
    token = await opened(desk, phone, await desk.open_case())
    other = Phone(desk.client)
    await other.open("/declare/open")
    assert "已在其他手机上使用" in await other.send("/declare/open", link=token)
    await other.http.aclose()
    # The phone that opened it first opens it again, as often as it likes.
    await phone.open("/declare/open")
    await phone.send("/declare/open", link=token)
    assert phone.at == "/declare"
    await phone.http.get("/declare")
    for row in await desk.rows("select link_id, case_id from resident_link"):
        path = f"/v1/cases/{row['case_id']}/links/{row['link_id']}"
        await desk.client.http.delete(path, headers=desk.client.as_role(*CLERK))
    await phone.open("/declare")
    assert phone.at == "/declare/open"
    shown = REGISTRY.get_sample_value("observation_form_errors_total", {"form": "link", "field": "link"})
    assert shown is not None
    assert shown >= 3


async def test_forms_of_others_and_of_an_older_session_are_refused(desk: Desk, phone: Phone) -> None:
    await opened(desk, phone, await desk.open_case())
    path, fields = "/declare/answers/temperature", {"temperature-0": "36.5", "reason-0": ""}
    await phone.open(path)
    foreign = {"Origin": "https://evil.example"}
    answer = await phone.http.post(path, data={"csrf": phone.token, **fields}, headers=foreign)
    assert answer.status_code == 403
    answer = await phone.http.post(path, data={"csrf": "0" * 64, **fields})
    assert answer.status_code == 403
    assert "从头再来" in answer.text
    answer = await phone.http.post("/declare/kept", json={"declarations": [{}]})
    assert answer.status_code == 403
    # The session opens the residents' pages, not the API that staff and scripts call.
    for api in ("/v1/me/case", "/v1/cases"):
        assert (await phone.http.get(api, headers={"Accept": "application/json"})).status_code == 401


async def test_what_a_phone_kept_is_taken_once_at_its_own_time(desk: Desk, phone: Phone) -> None:
    case_id = await desk.open_case()
    await opened(desk, phone, case_id)
    await phone.open("/declare/answers/temperature")
    headers = {"X-CSRF-Token": phone.token, "Accept": "application/json"}
    one = {"declaration_id": str(uuid4()), "case_id": str(case_id), "temperature_c": "36.4", "symptoms": []}
    kept = {**one, "at": "2020-02-25T07:05:00+08:00"}
    desk.move(FEB25, "13:30")
    first = await phone.http.post("/declare/kept", json={"declarations": [kept]}, headers=headers)
    again = await phone.http.post("/declare/kept", json={"declarations": [kept]}, headers=headers)
    assert [answer.json()["items"][0]["status"] for answer in (first, again)] == ["created", "exists"]
    # The first sending named no time and came through although its answer was lost.
    two = {**one, "declaration_id": str(uuid4())}
    await phone.http.post("/declare/kept", json={"declarations": [two]}, headers=headers)
    late = await phone.http.post(
        "/declare/kept", json={"declarations": [{**two, "at": "2020-02-25T13:30:00+08:00"}]}, headers=headers
    )
    assert late.json()["items"][0]["status"] == "exists"
    told = await desk.told("DeclarationSubmitted")
    assert next((item["window"], item["late"]) for item in told) == ("morning", True)
    assert len(told) == 2


async def test_what_was_mistyped_is_corrected_with_a_reason_and_both_are_kept(
    desk: Desk, phone: Phone
) -> None:
    case_id = await desk.open_case()
    await opened(desk, phone, case_id)
    await phone.open("/declare/correction")
    assert phone.at == "/declare"  # nothing was declared yet
    await phone.open("/declare/answers/temperature")
    await phone.send("/declare/answers/temperature", temperature_0="36.1", reason_0="")
    await phone.send("/declare/answers/symptoms", symptoms_0="none")
    assert "报错了，更正" in await phone.send("/declare/answers/check")
    page = await phone.open("/declare/correction")
    assert 'value="36.1"' in page
    page = await phone.send(
        "/declare/correction", temperature_0="36.7", reason_0="", symptoms_0="none", why=""
    )
    assert phone.page.status_code == 422
    assert "写为什么要改" in page
    assert 'value="36.7"' in page
    form = phone.page
    for _ in range(2):  # pressed twice
        phone.page = form
        await phone.send(
            "/declare/correction", temperature_0="36.7", reason_0="", symptoms_0="none", why="按错了"
        )
        assert phone.at == "/declare"
    assert "36.7 ℃" in phone.page.text
    entries = (await desk.get(f"/v1/cases/{case_id}/declarations")).json()["entries"]
    assert [one["temperature_c"] for one in entries] == ["36.1", "36.7"]
    assert entries[0]["corrected_by"] == entries[1]["declaration_id"]


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("36.6", "36.6"),
        ("３６．６", "36.6"),
        ("36,6", "36.6"),
        ("36。6 度", "36.6"),
        ("36.65℃", "36.65"),
        ("37", "37"),
        ("36.655", None),
        ("三十六", None),
        ("1e3", None),
        ("", None),
        ("-36", None),
        ("nan", None),
    ],
)
def test_a_temperature_is_read_as_people_type_it(text: str, degrees: str | None) -> None:
    found = read_degrees(text)
    assert (None if found is None else str(found)) == degrees


@pytest.mark.parametrize(
    "cookie", ["", "x", "W10", "bnVsbA", "W1sxXV0=", "W251bGxd", "é", "W1siYSIsImIiLCIiLCIiLDFdXQ=="]
)
def test_a_cookie_that_nobody_wrote_is_no_draft(cookie: str) -> None:
    read = Draft.read(cookie)
    assert read is None or read.parts == ()
