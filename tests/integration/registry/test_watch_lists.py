"""Watch lists: taken in, matched, and found out line by line by people (R4.4)."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id

TOWN_CLERK = ("community_clerk", "town")
GRID = ("grid_worker", "grid:lj-001-w01")
HEADER = ["姓名", "证件类型", "证件号码", "手机号", "来源地区划代码", "到达日期", "备注"]
STRANGERS = ["沈白芷", "苏半夏", "闻人杜仲", "秦玄参"]


def line(name: str, number: str = "", phone: str = "", note: str = "") -> list[str]:
    return [name, "身份证" if number else "", number, phone, "420100", "2020-02-20", note]


def sheet(*lines: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([["协查名单"], HEADER, *lines])
    return out.getvalue().encode("gb18030")


async def begin(desk: Desk) -> str:
    body = {
        "list_id": str(uuid4()),
        "name": "协查名单（第三批）",
        "source": "市防控办",
        "search_until": "2020-02-28",
    }
    answer = await desk.post("/v1/watch-lists", body, TOWN_CLERK)
    assert answer.status_code == 201, answer.text
    assert (await desk.post("/v1/watch-lists", body, TOWN_CLERK)).status_code == 200
    other = await desk.post("/v1/watch-lists", body | {"name": "另一份"}, TOWN_CLERK)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    return str(body["list_id"])


async def send(desk: Desk, list_id: str, content: bytes, who: tuple[str, str] = TOWN_CLERK) -> httpx.Response:
    return await desk.client.http.post(
        f"/v1/watch-lists/{list_id}/files",
        files={"file": ("list.csv", content)},
        headers=desk.client.as_role(*who),
    )


async def lines_of(
    desk: Desk, list_id: str, who: tuple[str, str] = TOWN_CLERK, **params: Any
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        more = {"after": after} if after else {}
        answer = await desk.get(f"/v1/watch-lists/{list_id}/lines", who, limit=100, **params, **more)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        after = answer.json()["next"]
        if after is None:
            return found


async def settle(
    desk: Desk, list_id: str, line_id: str, who: tuple[str, str] = TOWN_CLERK, **body: Any
) -> httpx.Response:
    path = f"/v1/watch-lists/{list_id}/lines/{line_id}/disposition"
    return await desk.post(path, {"note": "上门核实", **body}, who)


@pytest.mark.scenario("P11")
@pytest.mark.requirement("R4.4")
async def test_a_list_of_273_lines_closes_when_people_have_settled_every_one(desk: Desk) -> None:
    known = [await desk.resident() for _ in range(40)]
    by_document = [line("司徒南星", resident_id(nth + 1), note=str(nth)) for nth in range(40)]
    by_phone = [line("司徒南星", phone="199 0000 0000", note=f"电话{nth}") for nth in range(33)]
    nobody = [line(STRANGERS[nth % 4], resident_id(500 + nth), f"1980000{nth:04d}") for nth in range(200)]
    list_id = await begin(desk)
    told = (await send(desk, list_id, sheet(*by_document, *by_phone, *nobody))).json()
    assert (told["rows"], told["new"], told["rejected"], told["faults"]) == (273, 273, 0, [])
    assert (told["matched"], told["possible"], told["unmatched"]) == (40, 33, 200)

    found = await lines_of(desk, list_id)
    assert len(found) == 273
    assert {one["match"] for one in found[:40]} == {"matched"}
    assert [one["matched"] for one in found[:40]] == [[str(ref)] for ref in known]
    assert all(set(one["matched"]) == set(map(str, known)) for one in found[40:73])
    assert {one["match"] for one in found[73:]} == {"none"}
    assert {one["disposition"] for one in found} == {None}, "the import settles nothing"
    assert await desk.told("WatchListLineSettled") == []

    closing = await desk.post(f"/v1/watch-lists/{list_id}/close", {}, TOWN_CLERK)
    assert (closing.status_code, closing.json()["code"], closing.json()["open"]) == (409, "lines_open", 273)
    for nth, one in enumerate(found):
        if one["match"] == "matched":
            body: dict[str, Any] = {"disposition": "found_here", "person_ref": one["matched"][0]}
        else:
            others = ("elsewhere", "wrong_data", "missed_before", "overdue")
            body = {"disposition": others[nth % 4]}
        answer = await settle(desk, list_id, one["line_id"], **body)
        assert answer.status_code == 200, answer.text
        if nth == 271:
            closing = await desk.post(f"/v1/watch-lists/{list_id}/close", {}, TOWN_CLERK)
            assert (closing.status_code, closing.json()["open"]) == (409, 1)
    closed = await desk.post(f"/v1/watch-lists/{list_id}/close", {}, TOWN_CLERK)
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    figures = closed.json()["figures"]
    assert (figures["total"], figures["open"], figures["found_here"], figures["possible"]) == (273, 0, 40, 33)
    assert sum(figures[name] for name in ("elsewhere", "wrong_data", "missed_before", "overdue")) == 233
    assert len(await desk.told("WatchListLineSettled")) == 273

    late = await settle(desk, list_id, found[0]["line_id"], disposition="elsewhere")
    assert (late.status_code, late.json()["code"]) == (409, "watch_list_closed")
    added = await send(desk, list_id, sheet(line("沈白芷")))
    assert (added.status_code, added.json()["code"]) == (409, "watch_list_closed")
    assert (await desk.post(f"/v1/watch-lists/{list_id}/close", {}, TOWN_CLERK)).status_code == 200


@pytest.mark.requirement("R4.4")
async def test_the_same_file_again_adds_nothing_and_looks_up_open_lines_again(desk: Desk) -> None:
    list_id = await begin(desk)
    content = sheet(line("司徒南星", resident_id(1)), line("沈白芷", resident_id(300)))
    first = (await send(desk, list_id, content)).json()
    assert (first["new"], first["known"], first["unmatched"]) == (2, 0, 2)
    ref = await desk.resident()
    again = (await send(desk, list_id, content)).json()
    assert (again["new"], again["known"], again["matched"]) == (0, 2, 1)
    found = await lines_of(desk, list_id)
    assert [(one["match"], one["matched"]) for one in found] == [("matched", [str(ref)]), ("none", [])]
    assert await lines_of(desk, list_id, match="none") == found[1:]
    await settle(desk, list_id, found[0]["line_id"], disposition="found_here", person_ref=str(ref))
    assert await lines_of(desk, list_id, disposition="open") == found[1:]
    await send(desk, list_id, content)
    assert (await lines_of(desk, list_id))[0]["disposition"] == "found_here"


async def test_faulty_rows_are_named_and_good_ones_are_taken(desk: Desk) -> None:
    list_id = await begin(desk)
    wrong_day = line("苏半夏")
    wrong_day[5] = "2020-02-30"
    future = line("秦玄参")
    future[5] = "2020-03-01"
    number = resident_id(7)
    told = (
        await send(
            desk,
            list_id,
            sheet(
                line("沈白芷", number),
                line("沈白芷", number),
                line("", number),
                line("沈白芷", number[:-1] + ("0" if number[-1] != "0" else "1")),
                line("沈白芷", phone="12345"),
                line("沈白芷", "3.28801E+17"),
                wrong_day,
                future,
            ),
        )
    ).json()
    assert (told["rows"], told["new"], told["rejected"], told["duplicates"]) == (8, 3, 4, 1)
    assert [(one["row"], one["column"], one["code"], one["outcome"]) for one in told["faults"]] == [
        (4, "", "duplicate", "duplicate"),
        (5, "姓名", "value_missing", "rejected"),
        (6, "证件号码", "document_checksum", "accepted_unverified"),
        (7, "手机号", "phone_malformed", "accepted_unverified"),
        (8, "证件号码", "document_scientific", "rejected"),
        (9, "到达日期", "date_impossible", "rejected"),
        (10, "到达日期", "date_in_future", "rejected"),
    ]
    assert number not in str(told)
    for content in (b"", b"PK\x03\x04broken", "甲,乙\n1,2".encode()):
        refused = await send(desk, list_id, content)
        assert (refused.status_code, refused.json()["code"]) == (422, "watch_file_unreadable")


async def test_values_are_sealed_masked_and_reads_are_written_down(desk: Desk) -> None:
    list_id = await begin(desk)
    number = resident_id(8)
    await send(desk, list_id, sheet(line("闻人杜仲", number, "19911112222", "住在亲戚家")))
    [shown] = await lines_of(desk, list_id)
    assert (shown["name"], shown["phone"]) == ("闻人*", "199******22")
    assert shown["document"].startswith("990101****")
    kept = str(await desk.rows("select * from watch_line"))
    for secret in ("闻人杜仲", number, "19911112222", "住在亲戚家"):
        assert secret not in kept
        assert repr(secret.encode())[2:-1] not in kept
    await settle(desk, list_id, shown["line_id"], disposition="elsewhere", note="电话称在外地亲戚家")
    [reads] = await desk.rows(
        "select count(*) as n from audit_read where person_ref = $1 and action like 'watch_list.%'",
        shown["line_id"],
    )
    assert reads["n"] == 2
    [event] = await desk.told("WatchListLineSettled")
    assert set(event) == {"version", "line_id", "list_id", "match", "disposition"}


@pytest.mark.requirement("R4.4")
async def test_a_disposition_fits_its_line_and_may_be_corrected_until_the_list_closes(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    list_id = await begin(desk)
    await send(desk, list_id, sheet(line("沈白芷", resident_id(9)), line("苏半夏")))
    first, second = (one["line_id"] for one in await lines_of(desk, list_id))
    for body in (
        {"disposition": "found_here"},
        {"disposition": "elsewhere", "person_ref": str(uuid4())},
    ):
        refused = await settle(desk, list_id, first, TOWN_CLERK, **body)
        assert (refused.status_code, refused.json()["code"]) == (422, "disposition_inconsistent")
    unknown = await settle(desk, list_id, first, disposition="found_here", person_ref=str(uuid4()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person_unknown")
    unknown = await settle(desk, list_id, first, disposition="found_here", intake_id=str(uuid4()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "intake_unknown")
    assert (await settle(desk, list_id, str(uuid4()), disposition="elsewhere")).status_code == 404

    assert (await settle(desk, list_id, first, disposition="elsewhere")).status_code == 200
    assert (await settle(desk, list_id, first, disposition="elsewhere")).status_code == 200
    intake = await desk.register()
    corrected = await settle(desk, list_id, first, disposition="found_here", intake_id=intake["intake_id"])
    assert (corrected.json()["disposition"], corrected.json()["intake_id"]) == (
        "found_here",
        intake["intake_id"],
    )
    history = await desk.rows("select disposition from watch_settlement order by version")
    assert [row["disposition"] for row in history] == ["elsewhere", "found_here"]
    assert len(await desk.told("WatchListLineSettled")) == 2
    assert (await settle(desk, list_id, second, disposition="wrong_data")).status_code == 200


async def test_narrower_grants_see_lines_of_their_own_people_only(desk: Desk) -> None:
    await desk.resident("1幢")
    await desk.resident("8幢")
    list_id = await begin(desk)
    content = sheet(line("甲", resident_id(1)), line("乙", resident_id(2)), line("丙", resident_id(3)))
    for who in (CLERK, GRID, OFFICER):
        assert (await send(desk, list_id, content, who)).status_code == 403
    await send(desk, list_id, content)
    assert len(await lines_of(desk, list_id)) == 3
    assert len(await lines_of(desk, list_id, CLERK)) == 2
    [own] = await lines_of(desk, list_id, GRID)
    other = next(one for one in await lines_of(desk, list_id, CLERK) if one["line_id"] != own["line_id"])
    hidden = await settle(desk, list_id, other["line_id"], GRID, disposition="elsewhere")
    assert hidden.status_code == 404
    assert (await settle(desk, list_id, own["line_id"], GRID, disposition="elsewhere")).status_code == 200
    assert (await desk.get(f"/v1/watch-lists/{list_id}/lines", OFFICER)).status_code == 403
    figures = (await desk.get(f"/v1/watch-lists/{list_id}", OFFICER)).json()["figures"]
    assert (figures["total"], figures["elsewhere"], figures["open"]) == (3, 1, 2)
    lists = (await desk.get("/v1/watch-lists", OFFICER)).json()
    assert [one["list_id"] for one in lists["items"]] == [list_id]
    assert (await desk.get(f"/v1/watch-lists/{uuid4()}", OFFICER)).status_code == 404
