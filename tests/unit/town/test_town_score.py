"""Precision and recall against the answer key."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from deploy.town.score import FaultScore, main, read_key, score, table

OUTCOME = {"reject": "rejected", "accept_unverified": "accepted_unverified", "duplicate": "duplicate"}


def perfect_outcomes(town: Path) -> list[dict[str, Any]]:
    return [
        {
            "file": file,
            "sheet": sheet,
            "row": row,
            "column": v.column,
            "code": v.code,
            "outcome": OUTCOME[v.expect],
        }
        for (file, sheet, row), (_, v) in read_key(town).items()
        if v.expect != "accept"
    ]


def fault(faults: tuple[FaultScore, ...], name: str, expect: str | None = None) -> FaultScore:
    return next(each for each in faults if each.fault == name and expect in {None, each.expect})


def test_outcomes_like_the_key_are_perfect(town: Path) -> None:
    result = score(town, perfect_outcomes(town))
    assert result.perfect
    assert (result.precision, result.recall, result.wrongly_flagged) == (1, 1, 0)
    assert set(result.encodings) == {"xlsx", "utf-8-sig", "gbk"}


def test_an_import_that_accepts_everything_finds_nothing(town: Path) -> None:
    result = score(town, [])
    assert result.recall == 0
    assert result.precision is None
    assert fault(result.faults, "date_impossible").recall == 0
    assert fault(result.faults, "date_serial").recall == 1


def test_a_rejected_good_row_costs_precision_and_a_wrong_code_costs_recall(town: Path) -> None:
    outcomes = perfect_outcomes(town)
    missing_room = [each for each in outcomes if each["code"] == "room_missing"]
    good = {"file": "01-小区.xlsx", "sheet": "小区", "row": 2, "column": "室号", "code": "room_missing"}
    missing_room[0]["code"] = "address_unknown"
    result = score(town, [*outcomes, {**good, "outcome": "rejected"}])
    assert result.wrongly_flagged == 1
    assert not result.perfect
    scored = fault(result.faults, "room_missing")
    assert scored.right == scored.rows - 1
    assert scored.precision == (len(missing_room) - 1) / len(missing_room)


def test_a_row_named_at_the_wrong_cell_is_right_but_its_cell_is_not(town: Path) -> None:
    outcomes = [{**each, "column": "备注"} for each in perfect_outcomes(town)]
    result = score(town, outcomes)
    assert result.recall == 1
    assert fault(result.faults, "document_checksum").cell == 0
    assert fault(result.faults, "duplicate_exact").cell is None


def test_unchanged_counts_as_accepted_and_rows_that_do_not_exist_are_told(town: Path) -> None:
    row = {"file": "01-小区.xlsx", "sheet": "小区", "column": "", "code": None, "outcome": "unchanged"}
    result = score(town, [*perfect_outcomes(town), {**row, "row": 2}, {**row, "row": 9999}])
    assert result.wrongly_flagged == 0
    assert result.unknown == 1


def test_an_outcome_of_no_known_kind_is_refused(town: Path) -> None:
    with pytest.raises(ValueError, match="unknown outcome"):
        score(town, [{"file": "x", "sheet": "", "row": 2, "outcome": "skipped"}])


def test_the_table_shows_every_fault(town: Path) -> None:
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(table(score(town, perfect_outcomes(town))))
    for name in ("document_scientific", "date_serial", "duplicate_reformatted", "file: gbk", "100.00%"):
        assert name in shown.get()


def test_the_command_ends_with_one_unless_all_is_right(town: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(main)
    good, bad = tmp_path / "good.json", tmp_path / "bad.jsonl"
    outcomes = perfect_outcomes(town)
    good.write_text(json.dumps(outcomes), encoding="utf-8")
    bad.write_text("\n".join(json.dumps(each) for each in outcomes[1:]), encoding="utf-8")
    runner = CliRunner()
    assert runner.invoke(app, ["--town", str(town), "--outcomes", str(good)]).exit_code == 0
    assert runner.invoke(app, ["--town", str(town), "--outcomes", str(bad)]).exit_code == 1
