"""Rows that were not taken, kept sealed for a while so that somebody can correct and send just them (R4.2, P6)."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from services.registry.domain.faults import Fault, Outcome, explained
from services.registry.domain.import_rows import RawRow
from services.registry.domain.kept_files import NothingRejected
from services.registry.handlers.list_files import ADDED_COLUMNS
from services.registry.store import rejected as store
from shared.db.pool import Conn, Tx
from shared.kernel.cells import Cell
from shared.kernel.refusal import FileExpired
from shared.kernel.sealed import PersonKey, Vault
from shared.kernel.tables import Table
from shared.kernel.workbooks import LONGEST_CELL, column_letter

_FIELD = "rejected_rows"
"""Name of the sealed field, part of what is stored: never renamed."""

Rejected = tuple[RawRow, Sequence[Fault]]


def seal(key: PersonKey, start: int, rows: Sequence[Rejected]) -> bytes:
    """Rows as they stood in the file, with what is wrong; `start` is the place of their batch."""
    told = [
        {
            "sheet": row.sheet,
            "row": row.number,
            "titles": {place: title for title, place in row.columns.items()},
            "cells": [_packed(cell) for cell in row.cells],
            "faults": [[fault.column, fault.code] for fault in faults],
        }
        for row, faults in rows
    ]
    return Vault.seal(key, f"{_FIELD}_{start}", json.dumps(told, ensure_ascii=False))


def _packed(cell: Cell) -> object:
    match cell:
        case str():
            return cell[:LONGEST_CELL]
        case None | bool() | float():
            return cell
        case datetime():
            return {"instant": cell.isoformat()}
        case date():
            return {"day": cell.isoformat()}
        case _:
            return str(cell)


def _unpacked(value: object) -> Cell:
    match value:
        case {"instant": str(text)}:
            return datetime.fromisoformat(text)
        case {"day": str(text)}:
            return date.fromisoformat(text)
        case None | str() | bool() | float():
            return value
        case _:
            return float(str(value))


async def keep(
    tx: Tx, key: PersonKey, start: int, verdicts: Iterable[tuple[RawRow, Outcome, Sequence[Fault]]]
) -> None:
    """Keep the rejected ones of a batch with its transaction, sealed under the key of their source."""
    rows = [(row, faults) for row, outcome, faults in verdicts if outcome is Outcome.REJECTED]
    if rows:
        await store.add(tx, key.ref, start, len(rows), seal(key, start, rows))


async def sheet(conn: Conn, key: PersonKey | None, kept: store.Kept | None, name: str) -> Table:
    """The rejected rows in the columns of the upload, with where and what is wrong behind them.

    Raises:
        NothingRejected: every row was taken.
        FileExpired: they are not kept any more.
    """
    if kept is None:
        raise NothingRejected("没有被退回的行。No row was rejected.")
    if kept.gone or key is None:
        raise FileExpired("保存期已过，请重新导入原文件。They are not kept any more; import the file again.")
    lines = [
        line
        for start, sealed in await store.parts(conn, kept.source_id)
        for line in json.loads(Vault.open(key, f"{_FIELD}_{start}", sealed))
    ]
    header: dict[str, None] = {}
    rows: list[tuple[dict[str, Cell], list[Cell]]] = []
    for line in lines:
        titles = {int(place): title for place, title in line["titles"].items()}
        cells: dict[str, Cell] = {}
        for place in range(max(len(line["cells"]), max(titles, default=0) + 1)):
            cell = _unpacked(line["cells"][place]) if place < len(line["cells"]) else None
            if place in titles or cell not in {None, ""}:
                cells[titles.get(place, f"（{column_letter(place)}列）")] = cell
        for added in ADDED_COLUMNS:
            cells.pop(added, None)
        header |= dict.fromkeys(cells)
        rows.append((cells, _told(line, {title: place for place, title in titles.items()})))
    wide = [[*(cells.get(title) for title in header), *told] for cells, told in rows]
    return Table(name=name, header=(*header, *ADDED_COLUMNS), rows=wide)


def _told(line: dict[str, object], places: dict[str, int]) -> list[Cell]:
    """Where the row stood, which cells are wrong, and what would be right."""
    faults: list[tuple[str, str]] = line["faults"]  # type: ignore[assignment]  # as `seal` wrote it
    where = [
        f"{column_letter(places[column])}{line['row']} {column}" if column in places else column or "整行"
        for column, _ in faults
    ]
    why = "；".join(explained(code) for _, code in faults)
    return [str(line["sheet"]), str(line["row"]), "、".join(where), why]
