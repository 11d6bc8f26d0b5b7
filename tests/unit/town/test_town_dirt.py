"""The faults of the files, and the answer key that says what each must come to (P6)."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from deploy.town import Manifest
from deploy.town.score import score
from tests.unit.town.reader import Judge, read

FAULTS = {
    "residents": {
        "document_scientific", "document_spaces", "document_lower_case", "document_checksum",
        "date_impossible", "date_serial", "full_width", "room_missing", "compound_unknown",
    },
    "addresses": {"full_width", "room_missing", "compound_unknown"},
    "sites": {"full_width", "compound_unknown", "site_kind_unknown"},
}  # fmt: skip
DUPLICATES = {"duplicate_exact", "duplicate_reformatted"}


@pytest.fixture(scope="session")
def key(town: Path) -> list[dict[str, object]]:
    lines = (town / "answer-key.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.scenario("P6")
def test_every_fault_is_on_two_rows_in_a_hundred_of_every_file(
    manifest: Manifest, key: list[dict[str, object]]
) -> None:
    found: defaultdict[object, Counter[object]] = defaultdict(Counter)
    for entry in key:
        found[entry["file"]][entry["fault"]] += 1
    for file in manifest.files:
        faults = FAULTS.get(file.kind, set())
        assert set(found[file.file]) <= faults | DUPLICATES
        for fault in faults:
            assert found[file.file][fault] >= 0.02 * file.rows, (file.file, fault)
        if faults:
            assert sum(found[file.file][fault] for fault in DUPLICATES) >= 0.01 * file.rows
            assert all(found[file.file][fault] for fault in DUPLICATES)


@pytest.mark.scenario("P6")
def test_scientific_notation_stands_as_text_in_csv_and_as_number_in_excel(
    town: Path, manifest: Manifest, key: list[dict[str, object]]
) -> None:
    places = {(e["file"], e["sheet"], e["row"]) for e in key if e["fault"] == "document_scientific"}
    numbers = Counter[str]()
    for file in manifest.files:
        if file.kind == "residents":
            for row in read(town, file):
                if (row.file, row.sheet, row.number) in places:
                    cell = row.cells["证件号码"]
                    assert isinstance(cell, float) or str(cell).endswith("E+17")
                    numbers[f"{file.encoding} {type(cell).__name__}"] += 1
    assert numbers["utf-8-sig str"]
    assert numbers["gbk str"]
    assert numbers["xlsx float"] > numbers["xlsx str"]


@pytest.mark.scenario("P6")
def test_the_columns_page_is_enough_to_treat_every_row_as_expected(town: Path, manifest: Manifest) -> None:
    judge = Judge()
    outcomes = [
        verdict
        for file in manifest.files
        for row in read(town, file)
        if (verdict := judge.judge(file.kind, row)) is not None
    ]
    result = score(town, outcomes)
    wrong = [fault for fault in result.faults if fault.right != fault.rows]
    assert result.perfect, (wrong, result.wrongly_flagged)
    assert result.precision == result.recall == 1
    assert all(fault.cell in {None, 1.0} for fault in result.faults)
    truth = json.loads((town / "truth.json").read_text(encoding="utf-8"))
    assert len(judge.people) == truth["town"]["after_import"]["people"]


def test_the_key_names_a_code_where_something_is_wrong_and_a_value_where_it_can_be_mended(
    key: list[dict[str, object]],
) -> None:
    for entry in key:
        assert (entry["code"] is None) == (entry["expect"] == "accept")
        assert (entry["value"] is not None) == (entry["expect"] in {"accept", "accept_unverified"})
