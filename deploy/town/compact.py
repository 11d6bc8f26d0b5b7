"""Make the compact figures that the product carries from the public sources.

`python -m deploy.town.compact --source DIR` reads the two files named below and writes

* `services/registry/data/case-counts.csv.gz` and `divisions.tsv.gz`, needed by the registry at run time,
* `deploy/town/data/city-confirmed.csv.gz`, the weights of the demonstration's returnees.

Sources and licences stand in the `NOTICE` beside each. Output depends on the input only (no time stamps),
so a second run changes nothing.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

COUNTS = "city-case-counts-2020-02-01--2020-03-12.csv"
DIVISIONS = "gb-t-2260-2019-04.tsv"
ROOT = Path(__file__).resolve().parents[2]

#: From 5 March 2020 the source gives some places a made-up or postal code. These are the ones with a place in
#: GB/T 2260 under another code; other codes outside the standard are dropped and the row is kept without.
MENDED = {
    "136100": "220381",
    "220a61": "220581",
    "542400": "540600",
    "715400": "610581",
}
#: Codes in real use that GB/T 2260 does not list: (code, name, parent, the same place as).
UNLISTED = (
    ("320571", "苏州工业园区", "320500", ""),
    ("320576", "苏州工业园区", "320500", "320571"),
)

COUNT_HEADER = (
    "date",
    "province_code",
    "province",
    "city_code",
    "city",
    "confirmed",
    "suspected",
    "cured",
    "dead",
)
DIVISION_HEADER = ("code", "name", "level", "parent", "source", "same_as")


def read_divisions(source: Path) -> dict[str, str]:
    """Code → name of GB/T 2260."""
    with (source / DIVISIONS).open(encoding="utf-8", newline="") as text:
        return {row["Code"]: row["Name"] for row in csv.DictReader(text, delimiter="\t")}


def division_rows(names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """One row per division with level and parent, which is the province where there is no city between."""
    for code, name in sorted(names.items()):
        province, city = f"{code[:2]}0000", f"{code[:4]}00"
        if code == province:
            yield code, name, "province", "", "gb-t-2260-2019-04", ""
        elif code == city:
            yield code, name, "city", province, "gb-t-2260-2019-04", ""
        else:
            yield code, name, "county", city if city in names else province, "gb-t-2260-2019-04", ""
    for code, name, parent, same_as in UNLISTED:
        yield code, name, "county", parent, "unlisted", same_as


def count_rows(source: Path, names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """China's provinces and cities, a row per day.

    A province's total has neither city nor city code; a group of cases without a place of its own ("source
    not published", prisons, development zones) keeps its name and has no code, so that sums can be checked.
    """
    with (source / COUNTS).open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            if row["countryCode"] != "CN" or not row["province"]:
                continue
            code = MENDED.get(row["cityCode"], row["cityCode"])
            code = code if code in names else ""
            city = names[code] if code else row["city"]
            figures = (row["confirmed"], row["suspected"], row["cured"], row["dead"])
            yield (row["date"], row["provinceCode"], row["province"], code, city, *figures)


def confirmed_by_city(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """A row per city with a code: code, name, province, each day's confirmed cases ("" where none stands)."""
    days: dict[str, None] = {}
    cities: dict[str, tuple[str, str]] = {}
    confirmed: dict[tuple[str, str], str] = {}
    for day, _, province, code, city, figure, *_ in rows:
        days[day] = None
        if code:
            cities[code] = (city, province)
            confirmed[code, day] = figure
    yield ("code", "city", "province", *sorted(days))
    for code, (city, province) in sorted(cities.items()):
        yield (code, city, province, *(confirmed.get((code, day), "") for day in sorted(days)))


def write_packed(path: Path, rows: Iterable[Sequence[str]], delimiter: str = ",") -> None:
    """Write rows as a gzip file whose bytes depend on the rows only."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


def read_packed(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a file made by `write_packed`, by header."""
    text = gzip.decompress(path.read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def compact(source: Path, root: Path = ROOT) -> None:
    """Make all three files under `root` from the sources in `source`."""
    names = read_divisions(source)
    counts = list(count_rows(source, names))
    registry = root / "services" / "registry" / "data"
    write_packed(registry / "case-counts.csv.gz", (COUNT_HEADER, *counts))
    write_packed(registry / "divisions.tsv.gz", (DIVISION_HEADER, *division_rows(names)), delimiter="\t")
    write_packed(root / "deploy" / "town" / "data" / "city-confirmed.csv.gz", confirmed_by_city(counts))


def main(
    source: Annotated[Path, typer.Option(help="Folder with the two public source files.")],
    root: Annotated[Path, typer.Option(help="Project folder to write into.")] = ROOT,
) -> None:
    """Make the compact figures anew."""
    compact(source, root)


if __name__ == "__main__":
    typer.run(main)
