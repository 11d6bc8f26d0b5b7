"""How well an import did against the answer key: precision and recall per fault (P6).

`python -m deploy.town.score --town DIR --outcomes FILE` prints the table. The outcomes are a JSON list,
or one JSON object per line, of `{"file","sheet","row","column","code","outcome"}`; a row not mentioned counts
as accepted.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.town.build import Manifest

#: An importer's outcome → the expectation it fulfils. A second import of an accepted row says unchanged.
_FULFILS = {
    "accepted": "accept",
    "unchanged": "accept",
    "accepted_unverified": "accept_unverified",
    "rejected": "reject",
    "duplicate": "duplicate",
}
#: What is expected of a row that nothing is wrong with, or nothing that cannot be mended.
ACCEPT = "accept"

RowKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What should become, or has become, of one row."""

    expect: str
    code: str | None
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultScore:
    """One fault's figures.

    `recall`: share of its rows with the expected outcome and code. `precision`: of all rows for which the
    import named this outcome and code, the share for which that was right; `None` for faults after which a
    row is just accepted, and where the import named none. `cell`: share of the rightly named rows with the
    right column, `None` where the fault has no single cell or nothing was named.
    """

    fault: str
    expect: str
    rows: int
    right: int
    precision: float | None
    recall: float
    cell: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The whole comparison.

    `precision` and `recall` are over all rows that must not simply be accepted. `wrongly_flagged` counts rows
    that should be accepted and were not, `unknown` the outcomes about rows that the register has not.
    `encodings` is the share of rows treated as expected, by how the file is written: BOM and GBK are faults
    of whole files.
    """

    faults: tuple[FaultScore, ...]
    rows: int
    right: int
    precision: float | None
    recall: float | None
    wrongly_flagged: int
    unknown: int
    encodings: dict[str, float]

    @property
    def perfect(self) -> bool:
        """Whether every row was treated as the key expects."""
        return self.right == self.rows and not self.unknown


def read_key(town: Path) -> dict[RowKey, tuple[str, Verdict]]:
    """The answer key: row → (fault, what must become of it)."""
    key: dict[RowKey, tuple[str, Verdict]] = {}
    with (town / "answer-key.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            verdict = Verdict(expect=told["expect"], code=told["code"], column=told["column"])
            key[told["file"], told["sheet"], told["row"]] = (told["fault"], verdict)
    return key


def read_outcomes(outcomes: Iterable[Mapping[str, object]]) -> dict[RowKey, Verdict]:
    """An importer's outcomes by row. Where a row is named more than once the gravest outcome counts.

    Raises:
        ValueError: an outcome is none of the five known ones.
    """
    gravity = ("accept", "duplicate", "accept_unverified", "reject")
    found: dict[RowKey, Verdict] = {}
    for told in outcomes:
        outcome = str(told["outcome"])
        if outcome not in _FULFILS:
            raise ValueError(f"unknown outcome {outcome!r}; known are {', '.join(_FULFILS)}")
        row = (str(told["file"]), str(told.get("sheet") or ""), int(str(told["row"])))
        code = told.get("code")
        verdict = Verdict(
            expect=_FULFILS[outcome],
            code=str(code) if code else None,
            column=str(told.get("column") or ""),
        )
        known = found.get(row)
        if known is None or gravity.index(verdict.expect) > gravity.index(known.expect):
            found[row] = verdict
    return found


def score(town: Path, outcomes: Iterable[Mapping[str, object]]) -> Score:
    """Compare an import's outcomes with the answer key of the generated town in the folder `town`.

    Every file of the manifest counts, and a row without an outcome counts as accepted: hand in the outcomes
    of all importers together.

    Raises:
        ValueError: an outcome is none of the known ones.
    """
    return _Comparison(Manifest.load(town), read_key(town), read_outcomes(outcomes)).told()


class _Comparison:
    """The answer key laid beside the outcomes."""

    def __init__(
        self, manifest: Manifest, key: dict[RowKey, tuple[str, Verdict]], given: dict[RowKey, Verdict]
    ) -> None:
        self._files = {file.file: file for file in manifest.files}
        self._key = key
        self._given = given
        flagged = {row: verdict for row, verdict in given.items() if verdict.expect != ACCEPT}
        #: how often the import named each outcome and code, and how often that was right
        self._named = Counter((verdict.expect, verdict.code) for verdict in flagged.values())
        self._rightly: Counter[tuple[str, str | None]] = Counter()
        self._wrong = Counter(row[0] for row in flagged if row not in key)  # rows per file
        self._wrongly_flagged = self._wrong.total()
        self._by_fault: defaultdict[tuple[str, str, str | None], list[tuple[bool, bool]]] = defaultdict(list)
        for row, (fault, expected) in key.items():
            self._judge(row, fault, expected)

    def _judge(self, row: RowKey, fault: str, expected: Verdict) -> None:
        verdict = self._given.get(row, Verdict(expect=ACCEPT, code=None, column=""))
        accept = expected.expect == ACCEPT
        right = verdict.expect == expected.expect and (accept or verdict.code == expected.code)
        cell = verdict.column == expected.column
        self._by_fault[fault, expected.expect, expected.code].append((right, cell))
        self._wrong[row[0]] += not right
        self._wrongly_flagged += accept and not right
        if right and not accept:
            self._rightly[expected.expect, expected.code] += 1

    def told(self) -> Score:
        """The figures."""
        rows = sum(file.rows for file in self._files.values())
        must = sum(expected.expect != ACCEPT for _, expected in self._key.values())
        return Score(
            faults=tuple(self._fault(*about) for about in sorted(self._by_fault, key=str)),
            rows=rows,
            right=rows - self._wrong.total(),
            precision=_share(self._rightly.total(), self._named.total()),
            recall=_share(self._rightly.total(), must),
            wrongly_flagged=self._wrongly_flagged,
            unknown=sum(not self._exists(row) for row in self._given),
            encodings=self._encodings(),
        )

    def _exists(self, row: RowKey) -> bool:
        file = self._files.get(row[0])
        return file is not None and 2 <= row[2] <= file.rows + 1

    def _encodings(self) -> dict[str, float]:
        total: Counter[str] = Counter()
        wrong: Counter[str] = Counter()
        for file in self._files.values():
            total[file.encoding] += file.rows
            wrong[file.encoding] += self._wrong[file.file]
        return {encoding: 1 - wrong[encoding] / rows for encoding, rows in total.items()}

    def _fault(self, fault: str, expect: str, code: str | None) -> FaultScore:
        found = self._by_fault[fault, expect, code]
        right = sum(right for right, _ in found)
        has_cell = expect in {"reject", "accept_unverified"}
        return FaultScore(
            fault=fault,
            expect=expect,
            rows=len(found),
            right=right,
            precision=None
            if expect == ACCEPT
            else _share(self._rightly[expect, code], self._named[expect, code]),
            recall=right / len(found),
            cell=_share(sum(right and cell for right, cell in found), right) if has_cell else None,
        )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def table(result: Score) -> Table:
    """The comparison as a table for the terminal."""
    view = Table(title="Import against the answer key", caption=_caption(result))
    view.add_column("fault")
    view.add_column("expected")
    for title in ("rows", "right", "precision", "recall", "right cell"):
        view.add_column(title, justify="right")
    for fault in result.faults:
        shares = (_percent(fault.precision), _percent(fault.recall), _percent(fault.cell))
        view.add_row(fault.fault, fault.expect, f"{fault.rows:,}", f"{fault.right:,}", *shares)
    for encoding, share in result.encodings.items():
        view.add_row(f"file: {encoding}", "as the key says", "", "", "", _percent(share), "")
    return view


def _caption(result: Score) -> str:
    return (
        f"{result.right:,} of {result.rows:,} rows as expected · precision {_percent(result.precision)}"
        f" · recall {_percent(result.recall)} · wrongly flagged {result.wrongly_flagged:,}"
        f" · outcomes about no row {result.unknown:,}"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def main(
    town: Annotated[Path, typer.Option(help="Folder of the generated town.")],
    outcomes: Annotated[Path, typer.Option(help="JSON list or JSON lines of row outcomes.")],
) -> None:
    """Print precision and recall per fault; exit code 1 unless every row is as expected."""
    text = outcomes.read_text(encoding="utf-8")
    told = (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.splitlines()]
    )
    result = score(town, told)
    Console().print(table(result))
    if not result.perfect:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
