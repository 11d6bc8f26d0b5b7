"""Templates and rejected rows over HTTP: correct them in their own columns and hand them in again (R4.2, P6)."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import xlsxwriter

from services.registry.domain.list_columns import GUIDES
from services.registry.handlers.import_files import read_file
from services.registry.handlers.kept_files import Sweeper
from services.registry.handlers.list_files import ADDED_COLUMNS
from shared.kernel.workbooks import column_letter
from tests.integration.registry.desk import Desk, resident_id
from tests.integration.registry.office import Office

TOWN_CLERK = ("community_clerk", "town")
COMPOUNDS = (
    "小区编号,小区,社区编号,社区,社区类型,小区类型,地址,面积(平方米),管理方式",
    "lj-001,云桥一村,yq,云桥社区,社区,多层,云桥路1号,320000,封闭管理",
)
GRIDS = ("网格编号,小区编号,网格名称,户数", "lj-001-w01,lj-001,第一网格,3")
ADDRESSES = (
    "小区编号,网格编号,楼栋,单元,室号,标准地址,使用情况",
    "lj-001,lj-001-w01,1幢,1单元,101,云桥路1号1幢1单元101室,自住",
)


async def _get(office: Office, path: str, who: tuple[str, str] = TOWN_CLERK, **params: str) -> httpx.Response:
    return await office.client.http.get(path, params=params, headers=office.client.as_role(*who))


async def _work_off(office: Office, kind: str, content: bytes, **params: Any) -> dict[str, Any]:
    begun = await office.send(kind, "list", content, **params)
    await office.runner.act(office.client.context.database)
    return await office.told(begun["import_id"])


@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
async def test_each_template_is_taken_as_an_empty_list_without_a_fault(
    office: Office, file_format: str
) -> None:
    for kind in GUIDES.keys() - {"watch_list"}:
        answer = await _get(
            office, f"/v1/imports/templates/{kind}", ("grid_worker", "grid:lj-001-w01"), format=file_format
        )
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].endswith(f".{file_format}")
        told = await _work_off(office, kind, answer.content)
        assert (told["state"], told["rows_total"], told["remarks"]) == ("done", 0, []), kind
        assert await office.sheet(told["import_id"]) == []


@pytest.mark.scenario("P6")
@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
async def test_rejected_rows_come_back_in_their_columns_are_corrected_and_taken(
    office: Office, file_format: str
) -> None:
    for kind, lines in (("compounds", COMPOUNDS), ("grids", GRIDS), ("addresses", ADDRESSES)):
        assert (await office.import_lines(kind, *lines))["rows_rejected"] == 0
    titles = ("手工备注", *GUIDES["residents"].header)
    good: dict[str, Any] = dict(
        zip(titles, ("x", *(column.example for column in GUIDES["residents"].columns)), strict=True)
    )
    good |= {"楼栋": "1幢", "单元": "1单元", "室号": "101", "证件类型": "居民身份证", "手机号": ""}
    bad: list[dict[str, Any]] = [
        good | {"证件号码": 1.10105e17},
        good | {"证件号码": "3.28801E+17"},
        good | {"证件号码": resident_id(3), "登记日期": "2020年2月30日"},
        good | {"证件号码": resident_id(4), "楼栋": 7.0, "备注": "=1+1"},
    ]
    fine = good | {"证件号码": resident_id(5), "登记日期": 43885, "姓名": "司徒一"}
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("住户")
        for number, row in enumerate([dict(zip(titles, titles, strict=True)), fine, *bad]):
            sheet.write_row(number, 0, [row[title] for title in titles])
    told = await _work_off(office, "residents", content.getvalue())
    assert (told["rows_total"], told["rows_accepted"], told["rows_rejected"]) == (5, 1, 4)
    assert [(one["place"], one["code"]) for one in told["remarks"]] == [("A", "column_unknown")]

    path = f"/v1/imports/{told['import_id']}/rejected"
    answer = await _get(office, path, format=file_format)
    assert answer.status_code == 200, answer.text
    rejected = read_file("residents", answer.content)
    where = [row.cells[row.columns["错误位置"]] for row in rejected.rows]
    letter = {title: column_letter(place) for place, title in enumerate(titles)}
    assert where == [
        f"{letter['证件号码']}3 证件号码",
        f"{letter['证件号码']}4 证件号码",
        f"{letter['登记日期']}5 登记日期",
        f"{letter['室号']}6 室号",
    ]
    assert "日历上没有这一天" in str(rejected.rows[2].cells[rejected.rows[2].columns["错误原因"]])
    assert [row.cells[row.columns["原行号"]] for row in rejected.rows] == ["3", "4", "5", "6"]

    again = await _work_off(office, "residents", answer.content)  # uncorrected, they are rejected as before
    assert (again["rows_rejected"], again["rows_accepted"]) == (4, 0)

    mended: list[list[Any]] = []
    for number, line in enumerate(rejected.rows):
        cells = {title: line.cells[place] for title, place in line.columns.items()}
        cells |= {
            "证件号码": resident_id(10 + number),
            "登记日期": "2020-02-24",
            "楼栋": "1幢",
            "姓名": f"司徒{number}",
        }
        mended.append([cells[title] for title in (*titles, *ADDED_COLUMNS)])
    out = io.StringIO()
    csv.writer(out).writerows([[*titles, *ADDED_COLUMNS], *mended])
    taken = await _work_off(office, "residents", out.getvalue().encode())
    assert (taken["rows_accepted"], taken["rows_rejected"]) == (4, 0)
    assert (await _get(office, f"/v1/imports/{taken['import_id']}/rejected")).json()[
        "code"
    ] == "nothing_rejected"
    read = await office.rows("select actor, action, scope from audit_read where action = 'import.rejected'")
    assert {row["scope"] for row in read} == {f"import:{told['import_id']}"}


@pytest.mark.requirement("R4.2")
async def test_rejected_rows_are_sealed_for_their_time_and_then_gone(office: Office) -> None:
    lines = (
        COMPOUNDS[0],
        *[f"lj-001,诸葛花园{n},yq,云桥社区,社区,多层,云桥路1号,?,封闭管理" for n in range(3)],
    )
    told = await office.import_lines("compounds", *lines)
    path = f"/v1/imports/{told['import_id']}/rejected"
    assert told["rows_rejected"] == 3
    assert told["rejected_until"] is not None
    kept = b"".join(row["sealed"] for row in await office.rows("select sealed from rejected_rows"))
    assert "诸葛花园".encode() not in kept
    for who, status in (
        (("hq_officer", "town"), 403),
        (("community_clerk", "compound:lj-001"), 403),
        (("admin", "town"), 200),  # who handed it in
        (TOWN_CLERK, 200),
    ):
        assert (await _get(office, path, who)).status_code == status
    database = office.client.context.database
    sweeper = Sweeper(vault=office.client.context.vault)
    await sweeper.act(database)
    assert (await _get(office, path)).status_code == 200
    async with database.begin() as tx:
        await tx.execute(
            "update rejected_sheet set kept_until = $1", database.clock.real_now() - timedelta(1)
        )
    await sweeper.act(database)
    assert await office.value("select count(*) from rejected_rows") == 0
    gone = await _get(office, path)
    assert (gone.status_code, gone.json()["code"]) == (410, "file_expired")
    assert (await office.told(told["import_id"]))["rejected_until"] is None


@pytest.mark.scenario("P11")
async def test_rejected_lines_of_a_watch_list_are_kept_with_the_file(desk: Desk) -> None:
    list_id = str(uuid4())
    body = {"list_id": list_id, "name": "第三批", "source": "市防控办", "search_until": "2020-03-01"}
    assert (await desk.post("/v1/watch-lists", body, TOWN_CLERK)).status_code == 201
    lines = (
        "姓名,证件类型,证件号码,手机号,来源地区划代码,到达日期,备注",
        f"欧阳海棠,居民身份证,{resident_id(1)},,420100,2020-02-20,",
        "欧阳海棠,居民身份证,3.28801E+17,,420100,2020-02-20,",
        f"欧阳海棠,居民身份证,{resident_id(2)},,420100,2020-02-30,",
    )
    headers = desk.client.as_role(*TOWN_CLERK)
    path = f"/v1/watch-lists/{list_id}/files"
    sent = await desk.client.http.post(
        path, files={"file": ("a.csv", "\n".join(lines).encode())}, headers=headers
    )
    assert (sent.status_code, sent.json()["new"], sent.json()["rejected"]) == (200, 1, 2)
    (file,) = (await desk.get(path, TOWN_CLERK)).json()["items"]
    assert (file["file_id"], file["added"], file["rejected"]) == (sent.json()["file_id"], 1, 2)
    rejected = await desk.get(f"{path}/{file['file_id']}/rejected", TOWN_CLERK)
    rows = read_file("watch_list", rejected.content).rows
    assert [row.cells[row.columns["错误位置"]] for row in rows] == ["C3 证件号码", "F4 到达日期"]
    again = await desk.client.http.post(path, files={"file": ("b.xlsx", rejected.content)}, headers=headers)
    assert (again.json()["new"], again.json()["rejected"]) == (0, 2)
    other = await desk.get(f"/v1/watch-lists/{uuid4()}/files/{file['file_id']}/rejected", TOWN_CLERK)
    assert other.status_code == 404
    assert (await desk.get(f"{path}/{file['file_id']}/rejected")).status_code == 403


@pytest.mark.scenario("P11")
async def test_open_lines_are_matched_again_when_people_were_registered_and_never_settle(desk: Desk) -> None:
    list_id = str(uuid4())
    body = {"list_id": list_id, "name": "第三批", "source": "市防控办", "search_until": "2020-03-01"}
    await desk.post("/v1/watch-lists", body, TOWN_CLERK)
    lines = (
        "姓名,证件类型,证件号码,手机号,来源地区划代码,到达日期,备注",
        f"司徒南星,居民身份证,{resident_id(1)},,420100,2020-02-20,",
        "司徒南星,无,,19900000000,420100,2020-02-20,",
        f"欧阳海棠,居民身份证,{resident_id(9)},,420100,2020-02-20,",
    )
    path, headers = f"/v1/watch-lists/{list_id}", desk.client.as_role(*TOWN_CLERK)
    files = {"file": ("a.csv", "\n".join(lines).encode())}
    first = (await desk.client.http.post(f"{path}/files", files=files, headers=headers)).json()
    assert (first["new"], first["matched"], first["possible"], first["unmatched"]) == (3, 0, 0, 3)
    await desk.resident()  # 司徒南星 with the first number, registered after the list came
    found = await desk.post(f"{path}/matching", {}, TOWN_CLERK)
    assert (found.status_code, found.json()) == (200, {"matched": 1, "possible": 1, "unmatched": 1})
    figures = (await desk.get(path, TOWN_CLERK)).json()["figures"]
    assert [figures[name] for name in ("total", "open", "matched", "possible")] == [3, 3, 1, 1]
    again = (await desk.client.http.post(f"{path}/files", files=files, headers=headers)).json()
    assert (again["new"], again["known"], again["matched"]) == (0, 3, 1)
    told = await desk.told("WatchListRevised")
    assert [(one["lines"], one["closed"], one["version"]) for one in told] == [(0, False, 2), (3, False, 3)]
    early = await desk.post(f"{path}/close", {}, TOWN_CLERK)
    assert (early.status_code, early.json()["code"], early.json()["open"]) == (409, "lines_open", 3)
    assert (await desk.post(f"{path}/matching", {})).status_code == 403
