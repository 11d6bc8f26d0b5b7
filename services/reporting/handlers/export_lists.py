"""The lines of exported lists, page by page; each page says where the next one begins (R7.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.reporting import queries
from services.reporting.domain.exports import GUIDES
from services.reporting.domain.report_content import Content
from services.reporting.domain.report_text import local, unit_rows
from services.reporting.store import daily_reports, observation_roll
from services.reporting.store import exports as store
from services.reporting.store.exports import Job
from shared.db.pool import Conn
from shared.http.access import TOWN, Grant, Principal, Role
from shared.http.paging import Cursor
from shared.kernel.cells import Cell
from shared.kernel.clock import Clock
from shared.kernel.days import end_of, start_of

_CASE, _MOVEMENT = Cursor(date, UUID), Cursor(datetime, UUID, int)
_HOUR, _DAY = Cursor(date, str, int), Cursor(date)
_FIRST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A page. `after` None: there is no other one."""

    rows: Sequence[Sequence[Cell]]
    after: str | None


async def count(conn: Conn, job: Job) -> int:
    """How many lines it will be, as far as that is known now; of reports, how many days."""
    within = _within(job)
    match job.kind:
        case "observation_roll":
            number: int = await conn.fetchval(store.CASES_COUNT, within)
        case "census_movements":
            span = (start_of(job.from_day), end_of(job.to_day))
            number = await conn.fetchval(store.MOVEMENTS_COUNT, *span, within)
        case "entries_by_hour":
            number = await conn.fetchval(store.HOURS_COUNT, job.from_day, job.to_day, within)
        case "daily_reports":
            number = await conn.fetchval(store.REPORT_DAYS_COUNT, job.from_day, job.to_day)
        case "board":
            number = 0
    return number


async def lines(conn: Conn, job: Job, *, after: str | None, limit: int, clock: Clock) -> Lines:
    """The page that begins behind `after`."""
    match job.kind:
        case "observation_roll":
            return await _roll(conn, job, after, limit, clock)
        case "census_movements":
            return await _movements(conn, job, after, limit)
        case "entries_by_hour":
            return await _hours(conn, job, after, limit)
        case "daily_reports":
            return await _reports(conn, job, after)
        case "board":
            return await _board(conn, job, clock)


async def _roll(conn: Conn, job: Job, after: str | None, limit: int, clock: Clock) -> Lines:
    seen = _CASE.read(after) if after else (_FIRST, UUID(int=0))
    rows = await conn.fetch(observation_roll.ROLL, clock.today(), _within(job), None, *seen, limit)
    last = rows[-1] if len(rows) == limit else None
    return _page(job, rows, _CASE.write(last["last_day"], last["case_id"]) if last else None)


async def _movements(conn: Conn, job: Job, after: str | None, limit: int) -> Lines:
    starts = start_of(job.from_day)
    seen = _MOVEMENT.read(after) if after else (start_of(_FIRST), UUID(int=0), 0)
    rows = await conn.fetch(store.MOVEMENTS, starts, end_of(job.to_day), _within(job), *seen, limit)
    last = rows[-1] if len(rows) == limit else None
    key = _MOVEMENT.write(last["recorded_at"], last["case_id"], last["number"]) if last else None
    return _page(job, rows, key)


async def _hours(conn: Conn, job: Job, after: str | None, limit: int) -> Lines:
    seen = _HOUR.read(after) if after else (_FIRST, "", -1)
    rows = await conn.fetch(store.HOURS, job.from_day, job.to_day, _within(job), *seen, limit)
    last = rows[-1] if len(rows) == limit else None
    return _page(job, rows, _HOUR.write(last["day"], last["compound"], last["hour"]) if last else None)


async def _reports(conn: Conn, job: Job, after: str | None) -> Lines:
    """The newest version of one day's report."""
    seen = _DAY.read(after)[0] if after else _FIRST
    days = [row["day"] for row in await conn.fetch(store.REPORT_DAYS, job.from_day, job.to_day, seen, 1)]
    if not days:
        return Lines(rows=(), after=None)
    newest = await daily_reports.newest_of(conn, days[0])
    if newest is None:
        return Lines(rows=(), after=_DAY.write(days[0]))
    content, within = Content.of_document(newest.document), _within(job)
    if within is not None:
        content = content.only(within)
    rows = [(days[0].isoformat(), newest.version, *row) for row in unit_rows(content, "zh")]
    return Lines(rows=rows, after=_DAY.write(days[0]))


async def _board(conn: Conn, job: Job, clock: Clock) -> Lines:
    whole = Principal(
        kind="staff", subject=job.actor, grants=(Grant(role=Role.HQ_OFFICER, scope=TOWN),)
    )  # cut by the job's own scope, below
    found = await queries.board(conn, whole, now=clock.now(), real_now=clock.real_now(), day=clock.today())
    within = _within(job)
    told: list[Mapping[str, Any]] = [
        {
            name: getattr(line, name) if hasattr(line, name) else getattr(line.figures, name)
            for name in GUIDES["board"].columns
        }
        for line in found.lines
        if within is None or line.compound in within
    ]
    return _page(job, told, None)


def _within(job: Job) -> list[str] | None:
    """The compounds that go into it: those of whoever asked, and of these the one that is wanted."""
    if job.compound is not None:
        return [job.compound] if job.within is None or job.compound in job.within else []
    return None if job.within is None else list(job.within)


def _page(job: Job, rows: Sequence[asyncpg.Record] | Sequence[Mapping[str, Any]], after: str | None) -> Lines:
    columns = GUIDES[job.kind].columns
    return Lines(rows=[[_cell(row[name]) for name in columns] for row in rows], after=after)


def _cell(value: object) -> Cell:
    match value:
        case datetime():
            return local(value)
        case date():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
