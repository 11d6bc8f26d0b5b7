"""Lists handed in, people sought and leads told, through HTTP, events and HQ's read models (P6, P11, P13)."""

import csv
import io
import json
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

import pytest
from stdnum.cn.ric import calc_check_digit

from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack

HERE = "told-001"
PLACES = {
    "compounds": (
        "小区编号,小区,社区编号,社区,社区类型,小区类型,地址,面积(平方米),管理方式",
        f"{HERE},云桥新村,told,云桥社区,社区,多层,云桥路9号,90000,封闭管理",
    ),
    "grids": ("网格编号,小区编号,网格名称", f"{HERE}-w01,{HERE},第一网格", f"{HERE}-w02,{HERE},第二网格"),
    "addresses": (
        "小区编号,网格编号,楼栋,单元,室号,标准地址,使用情况",
        f"{HERE},{HERE}-w01,1幢,,101,云桥路9号1幢101室,自住",
    ),
}
PEOPLE = (
    "小区编号,楼栋,单元,室号,姓名,性别,出生日期,证件类型,证件号码,手机号,与房屋关系,是否常住,登记日期,备注"
)
NAMES = ("欧阳海棠", "司徒南星", "慕容听雪", "诸葛明月")


def _number(nth: int) -> str:
    body = f"99010219900307{nth:03d}"
    return body + str(calc_check_digit(f"{body}0"))


async def _hand_in(stack: Stack, kind: str, content: bytes) -> dict[str, Any]:
    clerk = stack.as_role("community_clerk")
    begun = await stack.call(
        "POST",
        "registry",
        f"/v1/imports?kind={kind}",
        headers=clerk,
        files={"file": ("list", content)},
    )

    async def done() -> dict[str, Any] | None:
        told: dict[str, Any] = await stack.call(
            "GET", "registry", f"/v1/imports/{begun['import_id']}", headers=clerk
        )
        return None if told["state"] == "running" else told

    told = await eventually(done, within=60, what=f"{kind} imported")
    assert told is not None
    assert told["state"] == "done", told
    return told


async def _places(stack: Stack) -> None:
    for kind, lines in PLACES.items():
        await _hand_in(stack, kind, "\r\n".join(lines).encode())


async def _raw(stack: Stack, path: str) -> bytes:
    answer = await stack.http.get(f"{stack.base('registry')}{path}", headers=stack.as_role("community_clerk"))
    assert answer.status_code == 200, answer.text
    return answer.content


async def _told(stack: Stack, name: str) -> list[dict[str, Any]]:
    connection = await stack.connect("registry")
    try:
        rows = await connection.fetch("select document from outbox order by id")
    finally:
        await connection.close()
    documents = [json.loads(row["document"]) for row in rows]
    return [one["data"] for one in documents if one["type"].split(".")[2] == name]


@pytest.mark.scenario("P6")
async def test_a_gbk_list_is_corrected_from_its_rejected_rows_and_exported_without_a_change(
    stack: Stack,
) -> None:
    await _places(stack)

    def line(name: str, number: str, day: str = "2020-02-24") -> str:
        return f"{HERE},1幢,,101,{name},女,1990-03-07,居民身份证,{number},,家属,是,{day},=1+1"

    lines = (
        PEOPLE,
        line(NAMES[0], _number(1)),
        line(NAMES[1], "1.10105E+17"),
        line(NAMES[2], _number(3), "2020年2月30日"),
        "",
        line(NAMES[3], _number(4), "43885"),
    )
    told = await _hand_in(stack, "residents", "\r\n".join(lines).encode("gbk"))
    counts = [told[f"rows_{name}"] for name in ("total", "accepted", "rejected")]
    assert counts == [4, 2, 2]
    assert [(one["code"], one["place"]) for one in told["remarks"]] == [("rows_blank", "1")]
    rejected = list(
        csv.reader(
            io.StringIO(
                (await _raw(stack, f"/v1/imports/{told['import_id']}/rejected?format=csv")).decode(
                    "utf-8-sig"
                )
            )
        )
    )
    assert [row[-2] for row in rejected[1:]] == ["I3 证件号码", "M4 登记日期"]
    rejected[1][8], rejected[2][12] = _number(2), "2020-02-24"
    out = io.StringIO()
    csv.writer(out).writerows(rejected)
    mended = await _hand_in(stack, "residents", out.getvalue().encode("utf-8-sig"))
    assert (mended["rows_accepted"], mended["rows_rejected"]) == (2, 0)
    await stack.equal()
    before = len(await _told(stack, "PersonRegistered"))

    clerk = stack.as_role("community_clerk", f"compound:{HERE}")
    export_id = str(uuid4())
    body = {"export_id": export_id, "kind": "residents", "format": "xlsx", "compound": HERE, "reason": "核对"}
    await stack.call("POST", "registry", "/v1/exports", headers=clerk, json=body)

    async def made() -> bool:
        state = await stack.call("GET", "registry", f"/v1/exports/{export_id}", headers=clerk)
        return bool(state["state"] == "done")

    await eventually(made, within=30, what="the export is made")
    content = await _raw(stack, f"/v1/exports/{export_id}/file")
    again = await _hand_in(stack, "residents", content)
    assert (again["rows_total"], again["rows_unchanged"]) == (4, 4)
    await stack.equal()
    assert len(await _told(stack, "PersonRegistered")) == before


@pytest.mark.scenario("P13")
async def test_one_tip_from_two_people_is_one_fact_for_everybody_and_nobody_is_named(stack: Stack) -> None:
    await _places(stack)
    clerk = stack.as_role("community_clerk", f"compound:{HERE}")
    told = []
    for reporter in ({"name": "东方不换", "phone": "19900007799"}, None):
        lead = {
            "lead_id": str(uuid4()),
            "request_secret": token_urlsafe(16),
            "channel": "gate_code",
            "category": "gathering",
            "compound": HERE,
            "place": "1幢楼下",
            "text": "多人聚集打牌",
            "observed_at": stack.now().isoformat(),
            "reporter": reporter,
        }
        answer = await stack.call("POST", "registry", "/v1/leads", headers={}, json=lead)
        told.append((lead["lead_id"], answer["receipt"]))
    (one, _), (two, receipt) = told
    shown = await stack.call("GET", "registry", f"/v1/leads/{one}", headers=clerk)
    assert two in shown["alike"]
    await stack.call("POST", "registry", f"/v1/leads/{two}/merge", headers=clerk, json={"kept_lead_id": one})
    await stack.call(
        "POST",
        "registry",
        f"/v1/leads/{one}/assignment",
        headers=clerk,
        json={"kind": "grid", "code": f"{HERE}-w01"},
    )
    await stack.equal()
    officer = stack.as_role("hq_officer")

    async def at_headquarters() -> dict[str, Any]:
        answer = await stack.call("GET", "reporting", "/v1/leads", headers=officer)
        found: dict[str, Any] = next(line for line in answer["compounds"] if line["compound"] == HERE)
        return found

    assert [(await at_headquarters())[name] for name in ("received", "open", "duplicates", "valid")] == [
        2,
        1,
        1,
        0,
    ]
    await stack.call(
        "POST",
        "registry",
        f"/v1/leads/{one}/closure",
        headers=clerk,
        json={"valid": True, "reason": "confirmed"},
    )
    standing = await stack.call("POST", "registry", "/v1/leads/receipts", headers={}, json={"code": receipt})
    assert (standing["label"], standing["valid"]) == ("已办结", True)
    for lead_id, expect in ((two, 201), (one, 409)):
        await stack.call("POST", "registry", f"/v1/leads/{lead_id}/reward", headers=officer, expect=expect)
    await stack.equal()
    assert [(await at_headquarters())[name] for name in ("open", "duplicates", "valid")] == [0, 1, 1]
    said = json.dumps([await _told(stack, name) for name in ("LeadReceived", "LeadMerged", "LeadClosed")])
    assert len(await _told(stack, "LeadMerged")) >= 1
    for secret in ("东方不换", "19900007799", "打牌", "楼下"):
        assert secret not in said
        assert secret not in stack.log("registry")
        assert secret not in stack.log("reporting")


@pytest.mark.scenario("P11")
async def test_a_watch_list_closes_when_every_line_has_its_disposition_and_headquarters_sees_it(
    stack: Stack,
) -> None:
    await _places(stack)
    clerk = stack.as_role("community_clerk")
    list_id = str(uuid4())
    today = stack.now().date().isoformat()
    body = {"list_id": list_id, "name": "第三批", "source": "市防控办", "search_until": today}
    await stack.call("POST", "registry", "/v1/watch-lists", headers=clerk, json=body)
    lines = ["姓名,证件类型,证件号码,到达日期,手机号,来源地区划代码,备注"]
    lines += [f"{name},居民身份证,{_number(50 + nth)},2020-02-20,,420100," for nth, name in enumerate(NAMES)]
    lines.append(f"{NAMES[0]},居民身份证,1.10105E+17,2020-02-20,,420100,")
    path = f"/v1/watch-lists/{list_id}"
    for new in (4, 0):
        taken = await stack.call(
            "POST",
            "registry",
            f"{path}/files",
            headers=clerk,
            files={"file": ("a.csv", "\n".join(lines).encode())},
        )
        assert (taken["new"], taken["known"], taken["rejected"]) == (new, 4 - new, 1)
    page = await stack.call("GET", "registry", f"{path}/lines", headers=clerk)
    ends = ("elsewhere", "wrong_data", "overdue", "elsewhere")
    for line, end in zip(page["items"], ends, strict=True):
        early = await stack.call("POST", "registry", f"{path}/close", headers=clerk, expect=409)
        assert early["code"] == "lines_open"
        await stack.call(
            "POST",
            "registry",
            f"{path}/lines/{line['line_id']}/disposition",
            headers=clerk,
            json={"disposition": end, "note": "电话核实"},
        )
    closed = await stack.call("POST", "registry", f"{path}/close", headers=clerk)
    assert closed["state"] == "closed"
    await stack.equal()
    answer = await stack.call("GET", "reporting", "/v1/watch-lists", headers=stack.as_role("hq_officer"))
    (mine,) = [one for one in answer["lists"] if one["list_id"] == list_id]
    figures = ("lines", "open", "elsewhere", "wrong_data", "overdue", "found_here", "closed", "late")
    assert [mine[name] for name in figures] == [4, 0, 2, 1, 1, 0, True, False]
