"""Public figures and the risk list that people make of them (R4.6 to R4.9, H5)."""

import csv
import gzip
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.registry.domain.errors import (
    AreasInconsistent,
    DivisionUnknown,
    NoCaseCounts,
    NotTheNextVersion,
    RiskAreasUnpublished,
    VersionUnknown,
)
from services.registry.domain.risk import Proposal, category_of, propose_areas
from services.registry.domain.versions import Difference, differences
from services.registry.handlers import policy
from services.registry.store import risk as store
from services.registry.store.risk import RiskList
from shared.db.pool import Conn, Database, Tx
from shared.events.policy_observation import Category
from shared.events.registry.rules import RiskAreasRevised
from shared.kernel.divisions import listed_as
from shared.kernel.refusal import SameIdOtherContent

DATA = Path(__file__).parents[1] / "data"
DIVISIONS, COUNTS = "divisions.tsv.gz", "case-counts.csv.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRiskAreas:
    """The whole list from a day on. `revision` is the one after the newest; `proposed_from` the day of its figures."""

    revision: int
    effective_from: date
    areas: Mapping[str, Category]
    proposed_from: date | None = None


async def load_figures(database: Database) -> None:
    """Load the files of figures that came with this program, unless exactly they are loaded already (H5)."""
    for name in (DIVISIONS, COUNTS):
        packed = (DATA / name).read_bytes()
        digest = hashlib.sha256(packed).digest()
        async with database.read() as conn:
            if await store.loaded(conn, name) == digest:
                continue
        async with database.begin() as tx:
            await store.lock(tx)
            await load(tx, name, packed, digest)


async def load(tx: Tx, name: str, packed: bytes, digest: bytes) -> int:
    """Load one file of figures; returns how many rows it changed: none the second time."""
    text = gzip.decompress(packed).decode()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if name == DIVISIONS else ",")
    head = next(rows)
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    if name == DIVISIONS:
        columns = ("code", "name", "level", "parent", "same_as")
        changed = await store.load_divisions(tx, [[line[key] or None for key in columns] for line in lines])
    else:
        changed = await store.load_counts(tx, [_count(line) for line in lines])
    await store.note_loaded(tx, name, digest, len(lines))
    return changed


def _count(line: Mapping[str, str]) -> list[object]:
    places = [line[key] or None for key in ("province_code", "province", "city_code", "city")]
    figures = [int(line[key]) for key in ("confirmed", "suspected", "cured", "dead")]
    return [date.fromisoformat(line["date"]), *places, *figures]


async def propose(day: date, *, conn: Conn, own_prefecture: str) -> tuple[Proposal, int, int]:
    """What the thresholds of policy make of a day's case counts; nothing is changed.

    Returns:
        The proposal, the policy version that it follows, and the number its revision would have.

    Raises:
        NoCaseCounts: there are no figures for that day.
        PolicyUnknown: no policy is in force on that day.
    """
    rules = await policy.in_force(conn, day)
    counts = await store.counts_of_day(conn, day)
    if not counts:
        span = await store.days_counted(conn)
        raise NoCaseCounts(
            "该日没有疫情数据。There are no case counts for that day.",
            field="day",
            first=span[0].isoformat() if span else None,
            last=span[1].isoformat() if span else None,
        )
    proposal = propose_areas(counts, rules.document.risk, own_prefecture=own_prefecture)
    return proposal, rules.version, await store.latest_revision(conn) + 1


async def publish(cmd: PublishRiskAreas, *, tx: Tx) -> tuple[RiskList, bool]:
    """Put a risk list in force; the same one twice is one. Returns it and whether it is new (R4.8).

    Raises:
        DivisionUnknown: a code is no division.
        SameIdOtherContent: the revision exists with other content.
        NotTheNextVersion: somebody published meanwhile.
    """
    areas = await _in_one_code_set(tx, cmd.areas)
    await store.lock(tx)
    known = await store.by_revision(tx, cmd.revision)
    if known is not None:
        if (known.effective_from, known.areas) != (cmd.effective_from, areas):
            raise SameIdOtherContent(
                "该修订号已有其他内容。This revision exists with other content.", field="revision"
            )
        return known, False
    following = await store.latest_revision(tx) + 1
    if cmd.revision != following:
        raise NotTheNextVersion(
            f"下一个修订号是 {following}。The next revision is {following}.", field="revision", next=following
        )
    decided = RiskList(
        revision=cmd.revision,
        effective_from=cmd.effective_from,
        areas=areas,
        proposed_from=cmd.proposed_from,
        published_by=tx.actor or "",
    )
    await store.add_risk(tx, decided)
    await tx.publish(
        RiskAreasRevised(revision=cmd.revision, effective_from=cmd.effective_from, areas=areas),
        version=cmd.revision,
    )
    return decided, True


async def in_force(conn: Conn, day: date) -> RiskList:
    """The risk list of a business day.

    Raises:
        RiskAreasUnpublished: nobody published one.
    """
    found = await store.risk_at(conn, day)
    if found is None:
        raise RiskAreasUnpublished(
            "该日尚未发布风险地区清单。No risk list is published for that day.",
            remedy="指挥部先发布清单。HQ publishes one: POST /v1/risk-areas/proposals, then POST /v1/risk-areas.",
        )
    return found


async def revision(conn: Conn, number: int, *, field: str) -> RiskList:
    """One revision, whenever it was or will be in force.

    Raises:
        VersionUnknown: there is none of that number.
    """
    found = await store.by_revision(conn, number)
    if found is None:
        raise VersionUnknown("没有这个修订号。There is no such revision.", field=field)
    return found


async def changes(conn: Conn, *, since: int, to: int) -> tuple[list[Difference], dict[str, str]]:
    """What one revision lists otherwise than another, by code, and the places' names.

    Raises:
        VersionUnknown: one of them does not exist.
    """
    new = await revision(conn, to, field="revision")
    old = await revision(conn, since, field="since")
    found = sorted(differences(old.areas, new.areas), key=lambda change: change.field)
    return found, await store.names_of(conn, [change.field for change in found])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOnDay:
    """What a place was on a day by the list in force; `listed_code` is the entry that decides, if any."""

    code: str
    name: str
    risk: RiskList
    category: Category
    listed_code: str | None
    listed_name: str | None


async def place(conn: Conn, code: str, day: date) -> PlaceOnDay:
    """What a place was on a day, and from which entry that comes (R4.8).

    Raises:
        DivisionUnknown: no division has this code.
        RiskAreasUnpublished: nobody published a list for that day.
    """
    known = await one_code(conn, code, field="code")
    risk = await in_force(conn, day)
    listed = listed_as(known, risk.areas)
    names = await store.names_of(conn, [known, *([listed] if listed else [])])
    return PlaceOnDay(
        code=known,
        name=names[known],
        risk=risk,
        category=category_of(known, risk.areas),
        listed_code=listed,
        listed_name=names[listed] if listed else None,
    )


async def one_code(conn: Conn, code: str, *, field: str) -> str:
    """The one code of a place, where code sets differ (Suzhou Industrial Park).

    Raises:
        DivisionUnknown: no division has this code.
    """
    known = await store.one_codes(conn, [code])
    if code not in known:
        raise _unknown(field)
    return known[code]


async def _in_one_code_set(tx: Tx, areas: Mapping[str, Category]) -> dict[str, Category]:
    known = await store.one_codes(tx, sorted(areas))
    for code in sorted(areas):
        if code not in known:
            raise _unknown(f"areas.{code}")
    merged: dict[str, Category] = {}
    for code in sorted(areas):
        if merged.setdefault(known[code], areas[code]) != areas[code]:
            raise AreasInconsistent(
                "同一地区有两个类别。One place has two categories.", field=f"areas.{code}"
            )
    return merged


def _unknown(field: str) -> DivisionUnknown:
    return DivisionUnknown(
        "行政区划代码不存在。There is no such division code (GB/T 2260).",
        field=field,
        remedy="用 GET /v1/divisions?query= 查找代码。Look it up with GET /v1/divisions?query=.",
    )
