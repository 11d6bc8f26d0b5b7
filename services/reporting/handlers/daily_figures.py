"""The figures of a report day, derived from the read models and never typed (R7.4)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from services.reporting.domain.census import Census, added
from services.reporting.domain.report_day import ReportDay
from services.reporting.domain.report_figures import BY_CODE, FIGURES, MEASURES, Figure
from services.reporting.handlers.census import census_between
from services.reporting.handlers.report_days import RuledDay
from services.reporting.store import (
    check_flags,
    compounds,
    daily_tally,
    population,
    returnees,
    site_rounds,
    survey,
    watch_lists,
)
from services.reporting.store import daily_figures as store
from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.kernel.days import SHANGHAI, end_of

Line = dict[str, int | None]
_TALLIES = {
    "symptoms_reported": ("symptoms.new", "symptoms.total"),
    "fevers_cleared": ("cleared.new", "cleared.total"),
    "passes_issued": ("passes_issued.new", "passes_issued.total"),
    "passes_stopped": ("passes_stopped.new", None),
    "mask_bins": ("mask_bins.new", None),
    "orders_mended": ("orders_mended.new", None),
}
_UNTOLD = frozenset({"area.done", "followed_up.done", "out_of_contact.now"})
"""Nothing in the town tells these yet: a unit may, with a correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A compound that reports. `registered`: the registry knows it, so it has to confirm."""

    compound: str
    name: str | None
    neighbourhood: str | None
    neighbourhood_name: str | None
    registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A report day as the read models tell it. `town`: figures that belong to no compound."""

    units: dict[str, Unit]
    lines: dict[str, Line]
    town: Line


class _Lines:
    """Every unit's line; each begins with zeros, and with nothing where nobody tells anything."""

    def __init__(self) -> None:
        self.found: defaultdict[str, Line] = defaultdict(_empty)

    def put(self, compound: str, **figures: int | None) -> None:
        """Write figures, `code__part`."""
        line = self.found[compound]
        for name, value in figures.items():
            line[name.replace("__", ".")] = value

    def plus(self, compound: str, key: str, number: int) -> None:
        """Add to a figure."""
        line = self.found[compound]
        line[key] = (line[key] or 0) + number


def _empty() -> Line:
    return {
        key: None if key in _UNTOLD else 0
        for figure in FIGURES
        if not figure.town_only
        for key in figure.keys
    }


async def derive(conn: Conn, day: RuledDay, *, now: datetime) -> Derived:
    """The figures of every compound that reports or that anybody has told of.

    Standing figures are as of now; whoever derives a day again keeps those of the first time.
    """
    span, lines = day.span, _Lines()
    registered = {row["compound"]: row for row in await conn.fetch(compounds.COMPOUNDS)}
    for compound in registered:
        lines.put(compound)
    _count_census(lines, await census_between(conn, span.starts, span.ends))
    await _people(conn, lines, span)
    await _windows(conn, lines, day)
    await _gates(conn, lines, span, now)
    await _sanitation(conn, lines, span.sanitary_day, day.document)
    await _work(conn, lines, span)
    units = {
        compound: Unit(
            compound=compound,
            name=registered[compound]["name"] if compound in registered else None,
            neighbourhood=registered[compound]["neighbourhood"] if compound in registered else None,
            neighbourhood_name=registered[compound]["neighbourhood_name"] if compound in registered else None,
            registered=compound in registered,
        )
        for compound in sorted(lines.found)
    }
    return Derived(
        units=units, lines={compound: lines.found[compound] for compound in units}, town=await _town(conn)
    )


def _count_census(lines: _Lines, census: Census) -> None:
    for compound, flows in census.items():
        for measure in MEASURES:
            flow = flows.get(measure)
            if flow is None:
                continue
            figures = {
                "last": flow.last,
                "new": flow.new,
                "moved_in": flow.moved_in,
                "moved_out": flow.moved_out,
                "released": flow.released,
                "transferred": flow.transferred,
                "closed": flow.closed,
                "merged": flow.merged,
                "now": flow.in_force,
                "total": flow.ever,
            }
            lines.put(compound, **{f"{measure}__{part}": value for part, value in figures.items()})
        together = added(flows.values())
        lines.put(compound, released__new=together.released, released__total=together.released_ever)


async def _people(conn: Conn, lines: _Lines, span: ReportDay) -> None:
    for row in await conn.fetch(population.POPULATION):
        lines.put(row["compound"], people__now=row["people"])
    for row in await conn.fetch(survey.COVERAGE):
        lines.put(
            row["compound"], households__due=row["survey_dwellings"], households__done=row["survey_final"]
        )
    for row in await conn.fetch(returnees.INTAKES_BETWEEN, span.starts, span.ends):
        code = f"returnees_{row['category']}"
        if code in BY_CODE:
            lines.put(row["compound"], **{f"{code}__new": row["new"], f"{code}__total": row["total"]})
    for row in await conn.fetch(daily_tally.TALLIES_BETWEEN, span.starts, span.ends):
        new, total = _TALLIES[row["figure"]]
        lines.plus(row["compound"], new, row["new"])
        if total:
            lines.plus(row["compound"], total, row["total"])


async def _windows(conn: Conn, lines: _Lines, day: RuledDay) -> None:
    asked = day.span.windows(day.document.observation)
    days, parts = [one for one, _ in asked], [part for _, part in asked]
    for row in await conn.fetch(store.WINDOWS_AT, days, parts, day.span.ends):
        part = row["part"]
        lines.plus(row["compound"], f"{part}.due", row["due"])
        lines.plus(row["compound"], f"{part}.done", row["done"])
        lines.plus(row["compound"], f"{part}.missed", row["due"] - row["done"])
    for row in await conn.fetch(store.MADE_UP_BETWEEN, day.span.starts, day.span.ends):
        lines.put(row["compound"], made_up__late=row["late"])


async def _gates(conn: Conn, lines: _Lines, span: ReportDay, now: datetime) -> None:
    first, last = span.starts.astimezone(SHANGHAI), span.ends.astimezone(SHANGHAI)
    hours = (first.date(), first.hour, last.date(), last.hour)
    for row in await conn.fetch(store.ENTRIES_BETWEEN, *hours):
        lines.put(
            row["compound"],
            entries__new=row["entries"],
            exits__new=row["exits"],
            turned_back__new=row["turned_back"],
            gate_fevers__new=row["gate_fevers"],
        )
    for row in await conn.fetch(check_flags.REPORTED_BETWEEN, span.starts, span.ends):
        lines.put(
            row["compound"],
            gate_contacts__new=row["case_contacts"],
            quarantine_exits__new=row["quarantine_exits"],
            quarantine_left__new=row["quarantine_left"],
        )
    for row in await conn.fetch(store.VEHICLES_BETWEEN, *hours):
        lines.put(row["compound"], vehicles__new=row["vehicles"])
    for row in await conn.fetch(store.ON_DUTY_AT, min(span.ends, now)):
        lines.put(
            row["compound"], gates__due=row["posts"], gates__done=row["manned"], on_duty__now=row["on_duty"]
        )


async def _sanitation(conn: Conn, lines: _Lines, natural_day: date, document: PolicyDocument) -> None:
    rules = document.sanitation.rounds
    kinds, numbers = [rule.kind for rule in rules], [rule.rounds_per_day for rule in rules]
    spacings = [rule.spacing_minutes for rule in rules]
    rows = await conn.fetch(
        site_rounds.ROUNDS_OF_DAY, natural_day, kinds, numbers, end_of(natural_day), spacings
    )
    for row in rows:
        lines.put(row["compound"], rounds__due=row["rounds_required"], rounds__done=row["rounds_counted"])
    for row in await conn.fetch(store.WASTE_OF_DAY, natural_day):
        lines.put(row["compound"], isolation_waste__due=row["due"], isolation_waste__done=row["done"])


async def _work(conn: Conn, lines: _Lines, span: ReportDay) -> None:
    for row in await conn.fetch(store.NOTICES_BETWEEN, span.starts, span.ends):
        lines.put(row["compound"], notices__new=row["new"])
    for row in await conn.fetch(store.LEADS_BETWEEN, span.starts, span.ends):
        lines.put(
            row["compound"],
            leads__new=row["new"],
            leads__total=row["total"],
            leads_valid__new=row["valid_new"],
            leads_valid__total=row["valid_total"],
        )
    for row in await conn.fetch(store.ORDERS_BETWEEN, span.starts, span.ends):
        lines.put(row["compound"], orders__new=row["new"])


async def _town(conn: Conn) -> Line:
    """Watch lists belong to the town: their lines name no compound."""
    town: Line = {key: 0 for figure in _of_the_town() for key in figure.keys}
    for row in await conn.fetch(watch_lists.WATCH_LISTS):
        for name in ("lines", "settled", "wrong_data", "missed_before", "elsewhere"):
            town[f"watch_{name}.now"] = (town[f"watch_{name}.now"] or 0) + row[name]
    return town


def _of_the_town() -> list[Figure]:
    return [figure for figure in FIGURES if figure.town_only]
