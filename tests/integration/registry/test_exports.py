"""Exports over HTTP: what is exported imports as what the book says, masked or in full, sealed and not for long."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.registry.domain.list_columns import GUIDES
from services.registry.handlers.exports import ExportRunner
from services.registry.handlers.import_files import read_file
from services.registry.handlers.kept_files import Sweeper
from services.registry.store import exports as store
from shared.obs import logging as obs_logging
from tests.integration.registry.desk import resident_id
from tests.integration.registry.office import Office

CLERK, HQ, ADMIN = ("community_clerk", "town"), ("hq_officer", "town"), ("admin", "town")
KINDS = ("compounds", "checkpoints", "grids", "addresses", "residents", "workers")
COUNTS = {
    "compounds": "select count(*) from compound",
    "checkpoints": "select count(*) from checkpoint where closed_at is null and temporary_for is null",
    "grids": "select count(*) from grid",
    "addresses": "select count(*) from dwelling",
    "residents": "select count(*) from residence where ended_on is null",
    "workers": "select count(*) from posting",
}
COMPOUNDS = (
    "小区编号,小区,社区编号,社区,社区类型,小区类型,地址,面积(平方米),管理方式,备注",
    "lj-001,云桥一村,yq,云桥社区,社区,多层,云桥路1号,320000,封闭管理,=1+1",
    "lj-002,云桥二村,yq,云桥社区,社区,多层,云桥路2号,80000,专人管控,'@留",
)
GRIDS = ("网格编号,小区编号,网格名称", "lj-001-w01,lj-001,第一网格")
ADDRESSES = (
    "小区编号,网格编号,楼栋,单元,室号,标准地址,使用情况",
    *(f"lj-001,lj-001-w01,1幢,,{room},云桥路1号1幢{room}室,自住" for room in (101, 102, 103)),
)
PEOPLE = (
    "小区编号,楼栋,单元,室号,姓名,性别,出生日期,证件类型,证件号码,"
    "手机号,与房屋关系,是否常住,户籍地区划代码,监护人证件号码,登记日期,备注"
)
MOTHER = resident_id(1)
RESIDENTS = (
    PEOPLE,
    f'lj-001,1幢,,101,欧阳海棠,女,1990-03-07,身份证,{MOTHER},199 0000 0001,房主,是,420100,,2020-02-01,"-两行\n备注"',
    f"lj-001,1幢,,101,欧阳小满,男,2020-02-20,无,,,家属,是,,{MOTHER},2020-02-21,",
    f"lj-001,1幢,,102,欧阳海棠,女,1990-03-07,身份证,{MOTHER},19900000002,房主,否,,,2020-02-01,出租",
    "lj-001,1幢,,102,Smith John,男,1985-01-02,护照,5E1234567,+1-22,租客,是,,,2020-02-03,",
    f"lj-001,1幢,,103,司徒南星,女,1990-03-07,身份证,{resident_id(2)[:-1]}A,19900000003,房主,是,,,2020-02-03,",
    "lj-001,1幢,,103,慕容听雪,男,1980-05-05,港澳居民来往内地通行证,H1234567801,,家属,是,,,2020-02-03,",
)


async def _post(office: Office, body: dict[str, Any], who: tuple[str, str]) -> httpx.Response:
    return await office.client.http.post("/v1/exports", json=body, headers=office.client.as_role(*who))


async def _get(office: Office, path: str, who: tuple[str, str]) -> httpx.Response:
    return await office.client.http.get(f"/v1/exports/{path}", headers=office.client.as_role(*who))


def _wish(kind: str, **changes: Any) -> dict[str, Any]:
    return {"export_id": str(uuid4()), "kind": kind, "format": "csv", "reason": "网格核对"} | changes


async def _make(office: Office) -> None:
    await ExportRunner(vault=office.client.context.vault).act(office.client.context.database)


async def _export(office: Office, kind: str, who: tuple[str, str] = CLERK, **changes: Any) -> bytes:
    body = _wish(kind, **changes)
    asked = await _post(office, body, who)
    assert asked.status_code == 202, asked.text
    if asked.json()["state"] == "asked":  # so many people that a second person is asked
        approved = await office.client.http.post(
            f"/v1/second-person/{body['export_id']}/decision",
            json={"outcome": "approved", "reason": "已核实用途"},
            headers=office.client.as_role(*HQ),
        )
        assert approved.status_code == 200, approved.text
    await _make(office)
    told = (await _get(office, body["export_id"], who)).json()
    assert (told["state"], told["error"]) == ("done", None)
    file = await _get(office, f"{body['export_id']}/file", who)
    assert file.status_code == 200, file.text
    assert file.headers["content-disposition"].endswith(f".{body['format']}")
    return file.content


async def _told(office: Office, kind: str, content: bytes) -> dict[str, Any]:
    begun = await office.send(kind, "export", content)
    await office.runner.act(office.client.context.database)
    return await office.told(begun["import_id"])


async def _nothing_changes(office: Office, kind: str, file_format: str) -> dict[str, Any]:
    before = await office.value("select count(*) from outbox")
    told = await _told(office, kind, await _export(office, kind, format=file_format))
    assert (told["state"], told["remarks"]) == ("done", []), kind
    counts = {name: told[f"rows_{name}"] for name in ("accepted", "rejected", "duplicate")}
    assert counts == {"accepted": 0, "rejected": 0, "duplicate": 0}, (
        kind,
        await office.sheet(told["import_id"]),
    )
    assert await office.value("select count(*) from outbox") == before
    return told


async def _small_town(office: Office) -> None:
    for kind, lines in (
        ("compounds", COMPOUNDS),
        ("grids", GRIDS),
        ("addresses", ADDRESSES),
        ("residents", RESIDENTS),
    ):
        told = await office.import_lines(kind, *lines)
        assert told["rows_rejected"] == 0, told["rows"]


@pytest.mark.scenario("P6")
@pytest.mark.requirement("R4.2")
async def test_the_whole_dirty_town_exports_and_imports_without_a_change(office: Office) -> None:
    await office.import_all()
    for kind in KINDS:
        for file_format in ("xlsx", "csv"):
            told = await _nothing_changes(office, kind, file_format)
            assert told["rows_total"] == await office.value(COUNTS[kind]), kind


@pytest.mark.scenario("P2")
@pytest.mark.scenario("P3")
@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
async def test_odd_people_and_texts_come_back_as_they_are(office: Office, file_format: str) -> None:
    await _small_town(office)
    for kind in ("compounds", "grids", "addresses", "residents"):
        await _nothing_changes(office, kind, file_format)
    rows = read_file("residents", await _export(office, "residents", format=file_format)).rows
    lines = [{title: row.cells[place] for title, place in row.columns.items()} for row in rows]
    by_home = {(line["姓名"], line["室号"]): line for line in lines}
    assert len(lines) == len(RESIDENTS) - 1
    assert by_home["欧阳小满", "101"]["监护人证件号码"] == MOTHER
    assert by_home["欧阳海棠", "101"]["备注"] == "-两行\n备注"
    # the phone that another of her lines gave is hers at both homes, and it is no change
    assert {by_home["欧阳海棠", room]["手机号"] for room in ("101", "102")} == {"19900000001"}
    assert await office.value("select count(*) from person") == 5


@pytest.mark.scenario("H3")
async def test_headquarters_gets_people_masked_and_a_masked_list_cannot_be_imported(office: Office) -> None:
    await _small_town(office)
    content = await _export(office, "residents", HQ)
    text = content.decode("utf-8-sig")
    for secret in ("海棠", MOTHER, "19900000001", "1990-03-07", "两行", "5E1234567"):
        assert secret not in text
    assert f"{MOTHER[:6]}********{MOTHER[-4:]}" in text
    before = await office.value("select count(*) from outbox")
    told = await _told(office, "residents", content)
    assert (told["rows_rejected"], told["rows_total"]) == (6, 6)
    assert await office.value("select count(*) from outbox") == before
    codes = {row["code"] for row in await office.sheet(told["import_id"])}
    assert {"value_masked", "document_masked"} <= codes


@pytest.mark.scenario("H3")
async def test_who_may_export_what(office: Office) -> None:
    await _small_town(office)
    for who, changes, status in (
        (CLERK, {}, 202),
        (("community_clerk", "compound:lj-001"), {}, 403),
        (("community_clerk", "compound:lj-001"), {"compound": "lj-001"}, 202),
        (("community_clerk", "compound:lj-001"), {"compound": "lj-002"}, 403),
        (("community_clerk", "neighbourhood:yq"), {"compound": "lj-002"}, 202),
        (("grid_worker", "town"), {}, 403),
        (CLERK, {"compound": "lj-404"}, 422),
        (CLERK, {"reason": ""}, 422),
        (CLERK, {"kind": "cats"}, 422),
    ):
        answer = await _post(office, _wish("residents") | changes, who)
        assert answer.status_code == status, (who, changes, answer.text)
    admin = await _post(office, _wish("residents"), ADMIN)
    assert admin.json()["masked"] is True
    assert (await _post(office, _wish("compounds"), ADMIN)).json()["masked"] is False


@pytest.mark.requirement("R4.2")
async def test_an_export_is_asked_once_recorded_sealed_and_not_for_long(office: Office) -> None:
    await _small_town(office)
    body = _wish("residents", compound="lj-001")
    assert (await _post(office, body, CLERK)).status_code == 202
    early = await _get(office, f"{body['export_id']}/file", CLERK)
    assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
    assert (await _post(office, body, CLERK)).status_code == 200
    assert (await _post(office, body | {"reason": "另一个"}, CLERK)).json()["code"] == "same_id_other_content"
    await _make(office)
    path = f"{body['export_id']}/file"
    assert (await _get(office, path, CLERK)).status_code == 200
    for who in (HQ, ADMIN):  # it is somebody else's
        assert (await _get(office, path, who)).json()["code"] == "export_unknown"
    kept = b"".join(row["sealed"] for row in await office.rows("select sealed from export_file"))
    assert kept
    assert "欧阳海棠".encode() not in kept
    assert await office.client.reads("export.%") == [
        ("export.downloaded", f"export:{body['export_id']}", None),
        ("export.residents", "lj-001", "网格核对"),
    ]
    database = office.client.context.database
    async with database.begin() as tx:
        await tx.execute("update export_job set kept_until = $1", database.clock.real_now() - timedelta(1))
    await Sweeper(vault=office.client.context.vault).act(database)
    gone = await _get(office, path, CLERK)
    assert (gone.status_code, gone.json()["code"]) == (410, "file_expired")
    assert await office.value("select count(*) from export_file") == 0


async def test_an_export_that_two_processes_made_is_the_file_of_the_first(office: Office) -> None:
    body = _wish("compounds")
    assert (await _post(office, body, CLERK)).status_code == 202
    database, runner = office.client.context.database, ExportRunner(vault=office.client.context.vault)
    async with database.read() as conn:
        job = await store.next_job(conn)
    assert job is not None
    parts = "select part, sealed from export_file order by part"
    await runner._make(database, job)
    first = await office.rows(parts)
    assert first
    await runner._make(database, job)  # it was paused, and another one led meanwhile
    assert await office.rows(parts) == first
    assert (await _get(office, f"{body['export_id']}/file", CLERK)).status_code == 200


async def test_an_export_that_cannot_be_made_is_told_of_once_and_holds_up_no_other(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    await _small_town(office)
    broken, other = _wish("residents", compound="lj-001"), _wish("compounds")
    for body in (broken, other):
        assert (await _post(office, body, CLERK)).status_code == 202
    async with office.client.context.database.begin() as tx:
        await tx.execute(
            "update residence set note_sealed = 'nobody sealed this' where note_sealed is not null"
        )
    obs_logging.configure("registry", "info")
    await _make(office)
    lines = [line for line in capsys.readouterr().out.splitlines() if broken["export_id"] in line]
    assert [json.loads(line)["event"] for line in lines] == ["export_failed"]
    told = (await _get(office, broken["export_id"], CLERK)).json()
    assert (told["state"], told["error"]) == ("failed", "internal_error")
    assert (await _get(office, other["export_id"], CLERK)).json()["state"] == "done"


def test_every_kind_that_is_exported_has_a_template() -> None:
    assert set(KINDS) == GUIDES.keys() - {"watch_list"}
