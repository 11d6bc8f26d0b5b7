"""A person's sheet and the long table, opened and masked for whoever asks; each reading is recorded with its reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.observation.domain.calendar import Calendar, Slot
from services.observation.domain.case import Case
from services.observation.domain.grid import Cell, grid_of
from services.observation.domain.masking import masked_name, masked_phone
from services.observation.domain.sheets import LONG_HEADER, Said, long_rows
from services.observation.handlers.entries import entries_of
from services.observation.store import cases
from services.observation.store import exports as store
from services.observation.store.desk import Reach
from shared.db.pool import Conn
from shared.kernel.days import start_of
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import PersonKey, Vault
from shared.kernel.tables import Table

MOST_CASES = 2_000
"""People in one table: fourteen days of them are 56,000 rows."""


class TableTooLong(Refusal):
    """More people than one table holds."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "table_too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A person's windows with what was said in each. Name, phone and room are masked unless the role may see."""

    case: Case
    name: str = field(repr=False)
    phone: str = field(repr=False)
    room: str = field(repr=False)
    cells: tuple[Cell, ...]
    said: Mapping[Slot, Sequence[Said]] = field(repr=False)


async def sheet_of(
    conn: Conn, case_id: UUID, *, calendar: Calendar, now: datetime, masked: bool, vault: Vault
) -> Sheet:
    """The sheet of one case that exists."""
    rows = await store.one_to_export(conn, case_id)
    return (await _sheets(conn, rows, calendar=calendar, now=now, masked=masked, vault=vault))[0]


async def sheets_between(
    conn: Conn,
    reach: Reach,
    *,
    first: date,
    last: date,
    calendar: Calendar,
    now: datetime,
    masked: bool,
    vault: Vault,
) -> list[Sheet]:
    """The sheets of everybody in reach who had a day in a range, only with the windows of these days.

    Raises:
        TableTooLong: more than 2,000 people.
    """
    rows = await store.to_export(conn, reach, last=last, ended_since=start_of(first), limit=MOST_CASES + 1)
    if len(rows) > MOST_CASES:
        raise TableTooLong(
            f"超过 {MOST_CASES} 人，请按小区或网格导出。More than {MOST_CASES} people; choose a compound or a grid.",
            field="compound",
        )
    found = await _sheets(conn, rows, calendar=calendar, now=now, masked=masked, vault=vault)
    return [
        Sheet(
            case=one.case,
            name=one.name,
            phone=one.phone,
            room=one.room,
            cells=tuple(cell for cell in one.cells if first <= cell.span.day <= last),
            said=one.said,
        )
        for one in found
    ]


def long_table(sheets: Sequence[Sheet]) -> Table:
    """All rows of all sheets."""
    return Table(
        name="健康申报明细",
        header=LONG_HEADER,
        rows=[row for one in sheets for row in long_rows(one.case, one.name, one.cells, one.said)],
    )


async def _sheets(
    conn: Conn,
    rows: Sequence[asyncpg.Record],
    *,
    calendar: Calendar,
    now: datetime,
    masked: bool,
    vault: Vault,
) -> list[Sheet]:
    people = [(row["case_id"], row["person_ref"]) for row in rows]
    whole = {case.case_id: case for case in await cases.find_all(conn, [case_id for case_id, _ in people])}
    said: defaultdict[UUID, defaultdict[Slot, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for entry in await entries_of(conn, people, vault):
        said[entry.case_id][entry.day, entry.window].append(
            Said(
                channel=entry.channel,
                received_at=entry.received_at,
                corrected=entry.corrected_by is not None,
                corrects=entry.corrects is not None,
                temperature_c=entry.temperature_c,
                cannot_measure_reason=entry.cannot_measure_reason,
                symptoms=entry.symptoms,
            )
        )
    keys = await vault.keys(ref for _, ref in people)
    return [
        _sheet(
            row,
            whole[row["case_id"]],
            key=keys.get(row["person_ref"]),
            masked=masked,
            cells=grid_of(whole[row["case_id"]], calendar, now=now),
            said=said[row["case_id"]],
        )
        for row in rows
    ]


def _sheet(
    row: asyncpg.Record,
    case: Case,
    *,
    key: PersonKey | None,
    masked: bool,
    cells: tuple[Cell, ...],
    said: Mapping[Slot, Sequence[Said]],
) -> Sheet:
    def opened(name: str) -> str:
        sealed = row[f"{name}_sealed"]
        return "" if key is None or sealed is None else Vault.open(key, name, sealed)

    name, phone = opened("name"), opened("phone")
    if masked:
        name, phone = masked_name(name) if name else "", masked_phone(phone) if phone else ""
    return Sheet(case=case, name=name, phone=phone, room=opened("room"), cells=cells, said=said)
