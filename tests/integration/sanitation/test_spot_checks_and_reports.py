"""Rounds looked at again, problems that anybody reports, and what a property company answers for, over HTTP."""

import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.sanitation import tickers
from tests.integration.sanitation.supervision import act
from tests.integration.sanitation.test_photos import log
from tests.integration.sanitation.world import Service

SITE = {"code": "lj-001-s001", "compound": "lj-001", "kind": "lift", "name": "3幢电梯"}
WORKER, CLERK, UNIT, SUPERVISOR = "sanitation_worker", "community_clerk", "property_manager", "supervisor"
HERE = "compound:lj-001"


def check(outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "inspection_id": str(uuid4()),
        "site_code": "lj-001-s001",
        "outcome": outcome,
        "checked_at": "2020-02-24T08:50:00+08:00",
    } | more


def report(**more: Any) -> dict[str, Any]:
    return {"report_id": str(uuid4()), "site_code": "lj-001-s001", "problem": "not_clean"} | more


@pytest.mark.requirement("R5.1", "R7.2")
async def test_a_round_is_confirmed_or_contradicted_once_by_somebody_else_at_its_place(
    sanitation: Service,
) -> None:
    await sanitation.post("/v1/sites", SITE, CLERK)
    await sanitation.post("/v1/sites", SITE | {"code": "lj-001-s002"}, CLERK)
    rounds = [log(done_at=f"2020-02-24T0{hour}:30:00+08:00") for hour in (7, 8)]
    for body in rounds:
        assert (await sanitation.post("/v1/rounds", body, WORKER)).status_code == 201
    path = f"/v1/rounds/{rounds[0]['round_id']}/spot-checks"
    day = (await sanitation.get("/v1/spot-checks", SUPERVISOR, compound="lj-001")).json()
    assert (day["rounds"], day["wanted"], day["checked"]) == (2, 1, 0)
    assert (
        [one["round_id"] for one in day["suggested"]]
        == sorted(
            (one["round_id"] for one in rounds),
            key=lambda text: hashlib.md5(text.encode()).hexdigest(),  # noqa: S324
        )[:1]
    )

    for target, body, role, code in (
        (f"/v1/rounds/{uuid4()}/spot-checks", check("confirmed"), SUPERVISOR, "round_unknown"),
        (path, check("confirmed", site_code="lj-001-s002"), SUPERVISOR, "other_place"),
        (path, check("contradicted"), SUPERVISOR, "evidence_missing"),
        (path, check("confirmed", checked_at="2020-02-24T07:00:00+08:00"), SUPERVISOR, "checked_too_early"),
        (path, check("confirmed"), WORKER, "role_not_allowed"),
    ):
        assert (await sanitation.post(target, body, role)).json()["code"] == code
    assert await sanitation.published("InspectionRecorded") == []

    body = check("contradicted", note="地面干燥无消毒痕迹")
    first = await sanitation.post(path, body, SUPERVISOR)
    assert (first.status_code, first.json()["result"]) == (201, "fail")
    again = await sanitation.post(path, body, SUPERVISOR)
    assert (again.status_code, again.json()) == (200, first.json())
    second = await sanitation.post(path, check("confirmed"), CLERK)
    assert (second.status_code, second.json()["code"]) == (409, "already_checked")
    order = (await sanitation.get(f"/v1/orders/{first.json()['orders'][0]}", UNIT, HERE)).json()
    assert (order["source"], order["item"], order["subject"]) == (
        "spot_check",
        "round_contradicted",
        rounds[0]["round_id"],
    )
    confirmed = await sanitation.post(
        f"/v1/rounds/{rounds[1]['round_id']}/spot-checks", check("confirmed"), CLERK
    )
    assert (confirmed.json()["result"], confirmed.json()["orders"]) == ("pass", [])
    day = (await sanitation.get("/v1/spot-checks", SUPERVISOR, compound="lj-001")).json()
    assert (day["checked"], day["contradicted"], day["suggested"]) == (2, 1, [])


@pytest.mark.requirement("R5.4", "R6.3")
async def test_anybody_reports_a_problem_at_a_place_and_what_is_so_is_ordered(sanitation: Service) -> None:
    await sanitation.post("/v1/sites", SITE, CLERK)
    http = sanitation.client.http

    # Without signing in; the same again is the same; nothing that is not known is told.
    body = report(text="3幢电梯里有呕吐物")
    first = await http.post("/v1/site-reports", json=body)
    assert (first.status_code, set(first.json())) == (201, {"report_id", "reported_at"})
    assert (await http.post("/v1/site-reports", json=body)).status_code == 200
    for changed, status, code in (
        (body | {"problem": "smell"}, 422, "same_id_other_content"),
        (report(site_code="lj-001-s404"), 404, "site_unknown"),
        (report(problem="gossip"), 422, "invalid_request"),
        (report(name="某人"), 422, "invalid_request"),
    ):
        answer = await http.post("/v1/site-reports", json=changed)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await http.get("/v1/site-reports?compound=lj-001")).status_code == 401

    # The words are for who looks at it. Dismissed, or upheld: then it is ordered, and another one closes it.
    other = report(problem="smell")
    sanitation.client.move_to(datetime(2020, 2, 24, 1, 1, tzinfo=UTC))
    await http.post("/v1/site-reports", json=other)
    sanitation.client.move_to(datetime(2020, 2, 24, 13, 1, tzinfo=UTC))
    lines = (await sanitation.get("/v1/site-reports", CLERK, compound="lj-001", state="open")).json()["items"]
    assert [(one["problem"], one["text"], one["overdue"]) for one in lines] == [
        ("not_clean", "3幢电梯里有呕吐物", True),
        ("smell", None, True),
    ]
    seen = (await sanitation.get("/v1/site-reports", UNIT, HERE, compound="lj-001")).json()["items"]
    assert {one["text"] for one in seen} == {None}
    path = f"/v1/site-reports/{body['report_id']}/decision"
    decision = {"outcome": "upheld", "note": "现场核实属实"}
    decided = await sanitation.post(path, decision, CLERK)
    assert (decided.status_code, decided.json()["state"]) == (200, "upheld")
    assert (await sanitation.post(path, decision, CLERK)).json() == decided.json()
    refused = await sanitation.post(path, decision | {"outcome": "dismissed"}, CLERK)
    assert (refused.status_code, refused.json()["code"]) == (409, "report_decided")
    dismissed = {"outcome": "dismissed", "note": "现场无异味"}
    assert (
        await sanitation.post(f"/v1/site-reports/{other['report_id']}/decision", dismissed, CLERK)
    ).json()["order_id"] is None
    order_path = f"/v1/orders/{decided.json()['order_id']}"
    await sanitation.post(f"{order_path}/mendings", act(note="已清洗消毒"), UNIT, HERE)
    own = await sanitation.post(f"{order_path}/reviews", act(outcome="rectified", note="已看过"), CLERK)
    assert own.json()["code"] == "own_work"

    # Whoever goes on and on is asked to wait.
    answers = [await http.post("/v1/site-reports", json=report()) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {201, 429}
    assert answers[-1].headers["retry-after"]


async def test_the_page_behind_a_code_runs_its_own_script_alone(sanitation: Service) -> None:
    page = await sanitation.client.http.get("/place")

    assert page.status_code == 200
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        [inside] = re.findall(f"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"""(src|href)=["']?http""", page.text)


@pytest.mark.requirement("R5.4")
async def test_a_property_companys_record_adds_up_what_it_answers_for(sanitation: Service) -> None:
    await sanitation.post("/v1/sites", SITE, CLERK)
    path = "/v1/compounds/lj-001/property-company"
    for name, since in (("安居物业", "2020-01-01"), ("康宁物业", "2020-02-24"), ("康宁物业", "2020-02-24")):
        assert (await sanitation.put(path, {"name": name, "from_day": since}, CLERK)).status_code == 204
    await sanitation.post("/v1/rounds", log(), WORKER)
    await sanitation.post(
        "/v1/orders",
        {"order_id": str(uuid4()), "compound": "lj-001", "item": "supplies", "note": "消毒剂不足三天"},
        SUPERVISOR,
    )
    sanitation.client.move_to(datetime(2020, 2, 27, 1, 0, tzinfo=UTC))
    await tickers.close_days(sanitation.context.database)
    await tickers.supervise(sanitation.context.database)

    record_path = "/v1/compounds/lj-001/property-record"
    record = (await sanitation.get(record_path, UNIT, HERE, first="2020-02-24")).json()

    assert [one["name"] for one in record["companies"]] == ["康宁物业"]
    assert record["rounds"] == {"required": 6, "done": 1, "on_time": 1, "missed": 5, "days_short": 3}
    assert (record["orders"]["ordered"], record["orders"]["overdue"], record["orders"]["gone_up"]) == (
        1,
        1,
        1,
    )
    assert [(one["item"], one["open"]) for one in record["items"]] == [("supplies", 1)]
    before = (await sanitation.get(record_path, CLERK, first="2020-02-01", last="2020-02-23")).json()
    assert ([one["name"] for one in before["companies"]], before["rounds"]["missed"]) == (["安居物业"], 0)
    assert (await sanitation.get(record_path, UNIT, "compound:lj-002")).status_code == 403
    backwards = await sanitation.get(record_path, CLERK, first="2020-02-24", last="2020-02-23")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "days_impossible")
