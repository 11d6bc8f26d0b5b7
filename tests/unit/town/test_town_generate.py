"""The demonstration town's files: complete, reproducible, about nobody real."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from stdnum import numdb

from deploy.town import Manifest, generate
from deploy.town.compact import ROOT, read_packed
from deploy.town.layout import town_layout
from tests.unit.town.reader import Judge, Row, checksum_holds, day, read

ASSIGNED = {row["code"] for row in read_packed(ROOT / "services/registry/data/divisions.tsv.gz", "\t")}
STATUTORY_IDS = {"居民身份证", "港澳居民居住证", "台湾居民居住证"}


@pytest.fixture(scope="session")
def rows(town: Path, manifest: Manifest) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for file in manifest.files:
        found.setdefault(file.kind, []).extend(read(town, file))
    return found


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(town: Path, tmp_path: Path) -> None:
    generate(tmp_path, scale=0.02)
    assert digests(tmp_path) == digests(town)


def test_another_seed_gives_another_town(town: Path, tmp_path: Path) -> None:
    generate(tmp_path, scale=0.02, seed=7)
    different = {name for name, digest in digests(town).items() if digests(tmp_path)[name] != digest}
    assert different >= {"04-标准地址.xlsx", "05-住户居民-云桥社区.csv", "answer-key.jsonl"}


def test_the_manifest_tells_rows_sheets_and_digests(
    town: Path, manifest: Manifest, rows: dict[str, list[Row]]
) -> None:
    told = digests(town)
    for file in manifest.files:
        assert file.sha256 == told[file.file]
        assert file.rows == sum(row.file == file.file for row in rows[file.kind])
    assert [file.kind for file in manifest.files] == [
        "compounds", "checkpoints", "grids", "addresses", *["residents"] * 9, "workers", "sites",
    ]  # fmt: skip
    assert {file.kind for file in manifest.files if file.service == "sanitation"} == {"sites"}
    encodings = sorted(file.encoding for file in manifest.files if file.kind == "residents")
    assert encodings == ["gbk"] * 2 + ["utf-8-sig"] * 3 + ["xlsx"] * 4


def test_progress_runs_from_the_first_file_to_the_last(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    generate(tmp_path, scale=0.001, progress=lambda *call: calls.append(call))
    assert [done for _, done, _ in calls] == list(range(16))
    assert {total for _, _, total in calls} == {15}


@pytest.mark.parametrize("scale", [0, -1, 5])
def test_an_impossible_scale_is_refused(tmp_path: Path, scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        generate(tmp_path, scale=scale)


@pytest.mark.scenario("P6")
def test_utf8_files_have_a_bom_and_gbk_files_are_not_utf8(town: Path, manifest: Manifest) -> None:
    for file in manifest.files:
        content = (town / file.file).read_bytes()
        if file.encoding == "utf-8-sig":
            assert content.startswith(b"\xef\xbb\xbf")
        if file.encoding == "gbk":
            with pytest.raises(UnicodeDecodeError):
                content.decode()


@pytest.mark.requirement("R1.1")
@pytest.mark.requirement("R2.1")
def test_there_are_53_compounds_with_one_checkpoint_each(rows: dict[str, list[Row]]) -> None:
    codes = [row.text("小区编号") for row in rows["compounds"]]
    assert codes == [f"lj-{number:03d}" for number in range(1, 54)]
    assert [row.text("小区编号") for row in rows["checkpoints"]] == codes
    areas = [int(row.text("面积(平方米)")) for row in rows["compounds"]]
    assert areas.count(300_000) == 1
    assert sum(area > 300_000 for area in areas) >= 3
    staffed = {row.text("小区编号") for row in rows["compounds"] if row.text("管理方式") == "专人管控"}
    named = {row.text("派驻编号") for row in rows["workers"] if row.text("人员类别") == "管控专人"}
    assert staffed
    assert staffed == named


@pytest.mark.requirement("R3.1")
def test_workers_are_posted_as_the_plan_counts_them(rows: dict[str, list[Row]]) -> None:
    kinds = [row.text("人员类别") for row in rows["workers"]]
    assert kinds.count("辅警") == 15
    assert kinds.count("保安") == 45
    groups = {row.text("工作组"): row.text("派驻编号") for row in rows["workers"] if row.text("工作组")}
    assert sorted(groups.values()) == [f"nb-{number:02d}" for number in range(1, 10)]
    places = {
        row.text(column)
        for kind, column in (("grids", "网格编号"), ("checkpoints", "卡口编号"))
        for row in rows[kind]
    }
    places |= {row.text(column) for row in rows["compounds"] for column in ("小区编号", "社区编号")}
    assert {row.text("派驻编号") for row in rows["workers"]} <= places


@pytest.mark.requirement("R3.2")
def test_every_grid_has_a_whole_team(rows: dict[str, list[Row]]) -> None:
    asked = {"网格长", "社区民警", "专职网格员", "卫生服务人员", "综合执法人员", "楼道长", "志愿者"}
    teams: dict[str, set[str]] = {row.text("网格编号"): set() for row in rows["grids"]}
    for row in rows["workers"]:
        if row.text("派驻类型") == "网格":
            teams[row.text("派驻编号")].add(row.text("人员类别"))
    assert all(asked <= team for team in teams.values())


def test_small_towns_have_the_expected_size(manifest: Manifest, town: Path) -> None:
    truth = json.loads((town / "truth.json").read_text(encoding="utf-8"))
    assert 950 <= manifest.dwellings <= 1200
    assert 2400 <= manifest.people <= 3300
    assert truth["town"]["people"] == manifest.people
    assert sum(compound["people"] for compound in truth["compounds"].values()) == manifest.people
    assert truth["town"]["dwellings"] == manifest.dwellings


@pytest.mark.requirement("R3.2")
def test_at_full_size_there_are_52000_dwellings_in_grids_of_about_300() -> None:
    town = town_layout(20200224, 1.0)
    sizes = [grid.dwellings for layout in town for grid in layout.grids]
    assert sum(len(layout.dwellings) for layout in town) == sum(sizes) == 52_000
    assert min(sizes) >= 100
    assert max(sizes) <= 500
    assert 270 <= sum(sizes) / len(sizes) <= 330


@pytest.mark.requirement("R4.3")
def test_right_rows_stand_at_known_addresses_with_one_grid(rows: dict[str, list[Row]]) -> None:
    judge = Judge()
    for row in rows["compounds"]:
        judge.judge("compounds", row)
    grids = {row.text("网格编号") for row in rows["grids"]}
    known: dict[tuple[str, ...], str] = {}
    for row in rows["addresses"]:
        if judge.judge("addresses", row) is None:
            known[home(row)] = row.text("网格编号")
    assert set(known.values()) == grids
    for row in rows["residents"]:
        verdict = judge.judge("residents", row)
        if verdict is None or verdict["outcome"] != "rejected":
            assert home(row) in known


def home(row: Row) -> tuple[str, ...]:
    return tuple(row.text(column) for column in ("小区编号", "楼栋", "单元", "室号"))


def test_no_document_has_a_division_that_was_ever_assigned(rows: dict[str, list[Row]]) -> None:
    for row in rows["residents"]:
        number = row.text("证件号码")
        if row.text("证件类型") in STATUTORY_IDS and not isinstance(row.cells["证件号码"], float):
            assert number[:6] not in ASSIGNED
            assert number[:4] in {"3288", "8188", "8288", "8388"} or number.startswith("3.288")


def test_the_prefix_of_the_ids_was_not_assigned_in_older_revisions_either() -> None:
    known = numdb.get("cn/loc")  # from the first revision of GB/T 2260 on
    assert any("county" in facts for _, facts in known.info("320583"))
    for block in range(1, 100):
        assert not any("county" in facts for _, facts in known.info(f"3288{block:02d}"))


def test_phones_are_of_the_range_that_was_never_opened(rows: dict[str, list[Row]]) -> None:
    for row in (*rows["residents"], *rows["workers"]):
        phone = row.text("手机号").removeprefix("+86").replace("-", "")
        assert not phone or re.fullmatch(r"154\d{8}", phone)


@pytest.mark.scenario("P2")
@pytest.mark.scenario("P4")
def test_newborns_absentees_tenants_and_foreign_documents_are_there(rows: dict[str, list[Row]]) -> None:
    residents = rows["residents"]
    documents = {row.text("证件号码").upper() for row in residents}
    newborns = [row for row in residents if row.text("证件类型") == "无"]
    assert newborns
    assert all(row.text("监护人证件号码") in documents and not row.text("证件号码") for row in newborns)
    assert any(row.text("与房屋关系") == "房主" and row.text("是否常住") == "否" for row in residents)
    assert {row.text("与房屋关系") for row in residents} == {"房主", "租客", "家属"}
    kinds = {row.text("证件类型") for row in residents}
    assert {"居民身份证", "无", "护照"} <= kinds
    assert kinds & {"港澳居民居住证", "台湾居民居住证", "港澳居民来往内地通行证", "台湾居民来往大陆通行证"}
    assert any(len(row.text("证件号码")) == 15 for row in residents)


def test_right_documents_have_a_right_checksum_and_birthday(rows: dict[str, list[Row]]) -> None:
    judge = Judge()
    for row in rows["compounds"]:
        judge.judge("compounds", row)
    checked = 0
    for row in rows["residents"]:
        number = row.text("证件号码").upper()
        if judge.judge("residents", row) is None and len(number) == 18:
            assert checksum_holds(number)
            born = day(row.cells["出生日期"])
            assert born is not None
            assert number[6:14] == f"{born:%Y%m%d}"
            checked += 1
    assert checked > 1500


@pytest.mark.requirement("R5.1")
def test_every_compound_has_its_kinds_of_sites(rows: dict[str, list[Row]]) -> None:
    sites: dict[str, set[str]] = {}
    for row in rows["sites"]:
        sites.setdefault(row.text("小区编号"), set()).add(row.text("点位类型"))
    for row in rows["compounds"]:
        assert sites[row.text("小区编号")] >= {"门卫室", "垃圾箱房", "垃圾桶", "口罩回收桶", "公共区域"}
    assert any("电梯" in kinds and "楼道" in kinds for kinds in sites.values())
