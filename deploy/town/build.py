"""Generate the whole register: files, manifest, answer key, truth."""

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from deploy.town import rows, spoil
from deploy.town.arrivals import city_codes
from deploy.town.documents import Issuer
from deploy.town.layout import Layout, stream, town_layout
from deploy.town.people import Household, Landlord, Living, Origins, Registrar
from deploy.town.places import COMPOUNDS, NEIGHBOURHOODS, Neighbourhood
from deploy.town.sites import sites_of
from deploy.town.staff import postings
from deploy.town.tables import Encoding, Line, Sheet, write
from deploy.town.truth import Truth

DEFAULT_SEED = 20200224
#: Blocks of numbers: 1..53 are the compounds, 54..97 days of returnees, 98 the workers.
WORKERS_BLOCK = 98

Progress = Callable[[str, int, int], None]
Kind = Literal["compounds", "checkpoints", "grids", "addresses", "residents", "workers", "sites"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """One file of the register; `rows` are data rows without headers."""

    service: Literal["registry", "sanitation"]
    kind: Kind
    file: str
    rows: int
    encoding: str
    sheets: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was generated, files in load order. Stands in `manifest.json`."""

    seed: int
    scale: float
    dwellings: int
    people: int
    files: tuple[ManifestFile, ...]

    @staticmethod
    def load(folder: Path) -> "Manifest":
        """Read `manifest.json` of a generated town."""
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files = tuple(ManifestFile(**{**file, "sheets": tuple(file["sheets"])}) for file in told.pop("files"))
        return Manifest(**told, files=files)


def generate(
    out: Path, *, seed: int = DEFAULT_SEED, scale: float = 1.0, progress: Progress | None = None
) -> Manifest:
    """Write the township's register into the folder `out`.

    The same seed and scale give the same bytes. `scale` shrinks the compounds' dwellings, never the number of
    compounds. `progress` is called with the file just begun, how many are done and how many there are.

    Raises:
        ValueError: the scale is not above 0 and at most 4.
        OSError: the folder cannot be written.
    """
    if not 0 < scale <= 4:
        raise ValueError(f"scale must be above 0 and at most 4, not {scale}")
    out.mkdir(parents=True, exist_ok=True)
    writer = _Register(out, seed, scale, progress)
    # nothing here makes cycles, and the collector's walks over some million cells cost a quarter of the time
    collecting = gc.isenabled()
    gc.disable()
    try:
        return writer.write()
    finally:
        if collecting:
            gc.enable()


def town_households(seed: int, scale: float) -> Iterator[tuple[Layout, list[Household]]]:
    """The households of every compound. Landlords of one compound may own in the later ones."""
    landlords: list[Landlord] = []
    origins = Origins(city_codes())
    for layout in town_layout(seed, scale):
        rng = stream(seed, "people", layout.compound.code)
        registrar = Registrar(Issuer(layout.compound.number, rng), rng, origins, landlords)
        yield layout, registrar.households(layout)


class _Register:
    """One run of the generator."""

    def __init__(self, out: Path, seed: int, scale: float, progress: Progress | None) -> None:
        self._out = out
        self._seed = seed
        self._scale = scale
        self._progress = progress
        self._layouts = {layout.compound.code: layout for layout in town_layout(seed, scale)}
        self._files: list[ManifestFile] = []
        self._truth = Truth()
        self._total = 6 + len(NEIGHBOURHOODS)

    def write(self) -> Manifest:
        """Write every file in load order."""
        with (self._out / "answer-key.jsonl").open("w", encoding="utf-8", newline="\n") as self._key:
            self._lists()
            households = self._households()
            self._addresses(households)
            for number, neighbourhood in enumerate(NEIGHBOURHOODS):
                homes = [households.pop(layout.compound.code) for layout in self._inside(neighbourhood)]
                self._residents(neighbourhood, rows.HANDS[number], homes)
            self._workers()
            self._sites()
        manifest = Manifest(
            seed=self._seed,
            scale=self._scale,
            dwellings=self._truth.dwellings,
            people=self._truth.people,
            files=tuple(self._files),
        )
        self._json("manifest.json", asdict(manifest))
        self._json("truth.json", self._truth.told())
        return manifest

    def _inside(self, neighbourhood: Neighbourhood) -> list[Layout]:
        return [
            layout for layout in self._layouts.values() if layout.compound.neighbourhood == neighbourhood.code
        ]

    def _json(self, name: str, content: object) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (self._out / name).write_text(text + "\n", encoding="utf-8", newline="\n")

    def _file(
        self,
        kind: Kind,
        name: str,
        sheets: Sequence[Sheet],
        encoding: Encoding = Encoding.XLSX,
        service: Literal["registry", "sanitation"] = "registry",
    ) -> None:
        if self._progress is not None:
            self._progress(name, len(self._files), self._total)
        digest = write(self._out / name, encoding, sheets)
        names = tuple(sheet.name for sheet in sheets) if encoding is Encoding.XLSX else ()
        self._files.append(
            ManifestFile(
                service=service,
                kind=kind,
                file=name,
                rows=sum(len(sheet.lines) for sheet in sheets),
                encoding=encoding.value,
                sheets=names,
                sha256=digest,
            )
        )
        for sheet in sheets:
            self._answers(name, sheet)
        if self._progress is not None and len(self._files) == self._total:
            self._progress(name, self._total, self._total)

    def _answers(self, name: str, sheet: Sheet) -> None:
        for number, line in enumerate(sheet.lines, start=2):
            if line.blemish is not None:
                told = {"file": name, "sheet": sheet.name, "row": number, **asdict(line.blemish)}
                self._key.write(json.dumps(told, ensure_ascii=False) + "\n")

    def _lists(self) -> None:
        layouts = list(self._layouts.values())
        self._file(
            "compounds",
            "01-小区.xlsx",
            [_sheet("小区", rows.COMPOUND_HEADER, map(rows.compound_line, layouts))],
        )
        rng = stream(self._seed, "checkpoints")
        lines = [rows.checkpoint_line(compound, rng) for compound in COMPOUNDS]
        self._file("checkpoints", "02-卡口.csv", [Sheet("", rows.CHECKPOINT_HEADER, lines)], Encoding.GBK)
        grids = [rows.grid_line(grid) for layout in layouts for grid in layout.grids]
        self._file("grids", "03-网格.xlsx", [Sheet("网格", rows.GRID_HEADER, grids)])

    def _households(self) -> dict[str, list[Household]]:
        made: dict[str, list[Household]] = {}
        for layout, homes in town_households(self._seed, self._scale):
            made[layout.compound.code] = homes
            self._truth.add_compound(layout, homes)
        return made

    def _addresses(self, households: dict[str, list[Household]]) -> None:
        sheets = []
        for neighbourhood in NEIGHBOURHOODS:
            inside = [
                home for layout in self._inside(neighbourhood) for home in households[layout.compound.code]
            ]
            lines = [rows.address_line(home.dwelling, home.use) for home in inside]
            rng = stream(self._seed, "address-dirt", neighbourhood.code)
            soiled = spoil.soil_addresses(lines, [home.dwelling for home in inside], rng)
            sheets.append(Sheet(neighbourhood.name, rows.ADDRESS_HEADER, soiled))
        self._file("addresses", "04-标准地址.xlsx", sheets)

    def _residents(
        self, neighbourhood: Neighbourhood, hand: rows.Hand, homes: Sequence[Sequence[Household]]
    ) -> None:
        """One neighbourhood's list: a sheet per compound in Excel, one table in CSV."""
        rng = stream(self._seed, "resident-dirt", neighbourhood.code)
        parts = [[living for home in compound for living in home.livings] for compound in homes]
        livings: list[Living] = [living for part in parts for living in part]
        lines = [rows.resident_line(living, hand) for living in livings]
        spoil.soil_residents(lines, livings, hand, rng)
        self._truth.add_lines(zip(livings, lines, strict=True))
        name = f"05-住户居民-{neighbourhood.name}"
        if hand.encoding is not Encoding.XLSX:
            whole = spoil.repeat_residents(lines, rng)
            self._file("residents", f"{name}.csv", [Sheet("", rows.RESIDENT_HEADER, whole)], hand.encoding)
            return
        sheets = []
        start = 0
        for part in parts:
            own = lines[start : start + len(part)]
            start += len(part)
            title = part[0].dwelling.compound.name
            sheets.append(Sheet(title, rows.RESIDENT_HEADER, spoil.repeat_residents(own, rng)))
        self._file("residents", f"{name}.xlsx", sheets)

    def _workers(self) -> None:
        rng = stream(self._seed, "workers")
        posts = postings(list(self._layouts.values()), Issuer(WORKERS_BLOCK, rng), rng)
        self._file(
            "workers",
            "06-工作人员.xlsx",
            [_sheet("工作人员", rows.WORKER_HEADER, map(rows.worker_line, posts))],
        )

    def _sites(self) -> None:
        sites = [
            site
            for code, layout in self._layouts.items()
            for site in sites_of(layout, stream(self._seed, "sites", code))
        ]
        self._truth.add_sites(sites)
        soiled = spoil.soil_sites(
            [rows.site_line(site) for site in sites], sites, stream(self._seed, "site-dirt")
        )
        sheet = Sheet("", rows.SITE_HEADER, soiled)
        self._file("sites", "07-消杀点位.csv", [sheet], Encoding.UTF8_BOM, service="sanitation")


def _sheet(name: str, header: Sequence[str], lines: "map[Line]") -> Sheet:
    return Sheet(name, header, list(lines))
