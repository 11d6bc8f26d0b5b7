"""Watch lists over HTTP (R4.4, P11)."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Day, Instant, Running, cause, roles_of
from services.registry.domain.documents import masked_number
from services.registry.domain.faults import explained
from services.registry.domain.people import masked_name, masked_phone
from services.registry.domain.watch_lists import Disposition, Match
from services.registry.handlers import watch_lists as handlers
from services.registry.handlers.watch_lists import OpenList, SettleLine
from services.registry.store import watch_lists as store
from services.registry.store.watch_lists import Reach
from shared.audit.noting import note_reads
from shared.db.pool import Conn
from shared.http.access import TOWN, Caller, Principal, ScopeKind
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.uploads import FILE_FORM, uploaded_file
from shared.kernel.sealed import PersonKeys

router = APIRouter(tags=["watch lists"])

MAX_BYTES = 8_000_000
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
_LINE_AFTER = Cursor(int)

Text = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class WatchListBody(Body):
    """A list that the task force sent. `list_id` is made by the client and makes a repeat harmless."""

    list_id: UUID
    name: Text = Field(examples=["重点地区来人协查名单（第三批）"])
    source: Text = Field(description="Which unit sent it; never a person.", examples=["市防控办"])
    search_until: Day = Field(description="The last day of the search period.")


class DispositionBody(Body):
    """What somebody found out. Found here names the person, or the intake that was opened, or both."""

    disposition: Disposition
    person_ref: UUID | None = None
    intake_id: UUID | None = None
    note: Note


class WatchFigures(Answer):
    """Lines of a list: by what the book says of them, and by what people found out."""

    total: int
    open: int
    matched: int
    possible: int
    unmatched: int
    found_here: int
    elsewhere: int
    wrong_data: int
    missed_before: int
    overdue: int


class WatchListAnswer(Answer):
    """A watch list."""

    list_id: UUID
    name: str
    source: str
    search_until: date
    state: Literal["open", "closed"]
    created_at: datetime
    closed_at: datetime | None


class WatchListWithFigures(WatchListAnswer):
    """A watch list with its figures."""

    figures: WatchFigures


class WatchRowFault(Answer):
    """A line of the error sheet: which cell, what is wrong, what would be right; never the value itself."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str
    outcome: Literal["accepted_unverified", "rejected", "duplicate"]


class TakenInAnswer(Answer):
    """What became of a file. `new`, `known`, `rejected` and `duplicates` add up to `rows`; none is settled by it."""

    file_id: UUID
    rows: int
    new: int
    known: int
    rejected: int
    duplicates: int
    matched: int
    possible: int
    unmatched: int
    rejected_until: datetime | None
    faults: list[WatchRowFault]


class WatchLineAnswer(Answer):
    """A line with name, document and phone masked. `matched`: whom of the book it means, or may mean."""

    line_id: UUID
    sheet: str
    row: int
    name: str | None
    document_kind: str
    document: str | None
    document_error: str | None
    phone: str | None
    origin_code: str | None
    arrived_on: date
    match: Match
    matched: list[UUID]
    disposition: Disposition | None
    person_ref: UUID | None
    intake_id: UUID | None
    settled_at: datetime | None


@router.post("/v1/watch-lists", summary="Open a watch list", status_code=201)
async def open_watch_list(
    body: WatchListBody, who: Caller, context: Running, response: Response
) -> WatchListWithFigures:
    """Open a list; its lines come as files. The same list sent again gets the first answer (200)."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row, new = await handlers.open_list(OpenList(**dict(body)), tx=tx)
        answer = await _with_figures(tx, row)
    response.status_code = 201 if new else 200
    return answer


@router.get("/v1/watch-lists", summary="Watch lists")
async def list_watch_lists(
    _who: Caller, context: Running, *, after: After = None, limit: Limit = 50
) -> Page[WatchListAnswer]:
    """Tell all lists, oldest first."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        rows = await store.watch_lists(conn, after=(last[0], last[1]), limit=limit + 1)
    cut = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[WatchListAnswer(**_list(row)) for row in rows[:limit]],
        next=_AFTER.write(cut["created_at"], cut["list_id"]) if cut else None,
    )


@router.get("/v1/watch-lists/{list_id}", summary="A watch list and its figures")
async def read_watch_list(list_id: UUID, _who: Caller, context: Running) -> WatchListWithFigures:
    """Tell how many lines there are, whom they mean, and how many have which disposition."""
    async with context.database.read() as conn:
        return await _with_figures(conn, await handlers.watch_list(conn, list_id))


@router.post("/v1/watch-lists/{list_id}/files", summary="Take a file into a list", openapi_extra=FILE_FORM)
async def take_in_file(list_id: UUID, request: Request, who: Caller, context: Running) -> TakenInAnswer:
    """Take in the lines of an xlsx or CSV and look whom of the book they mean.

    A verified document matches; name and phone together match possibly; nothing is settled by it. The same file
    again adds nothing, and looks up open lines again. Faulty rows are listed; correct them and send the file again.
    """
    who.require_town()
    _, content = await uploaded_file(request)
    raw = await handlers.read_file(content)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        until = context.clock.real_now() + timedelta(hours=context.settings.rejected_rows_hours)
        taken = await handlers.take_in(list_id, raw, rejected_until=until, tx=tx, vault=context.vault)
    return TakenInAnswer(
        file_id=taken.file_id,
        rows=taken.rows,
        new=taken.new,
        known=taken.known,
        rejected=taken.rejected,
        duplicates=taken.duplicates,
        matched=taken.matches["matched"],
        possible=taken.matches["possible"],
        unmatched=taken.matches["none"],
        rejected_until=taken.rejected_until,
        faults=[
            WatchRowFault.model_validate(
                {
                    "sheet": one.row.sheet,
                    "row": one.row.number,
                    "column": one.fault.column,
                    "code": one.fault.code,
                    "detail": explained(one.fault.code),
                    "outcome": one.fault.outcome.value,
                }
            )
            for one in taken.faults
        ],
    )


@router.get("/v1/watch-lists/{list_id}/lines", summary="Lines of a watch list")
async def list_watch_lines(
    *,
    list_id: UUID,
    who: Caller,
    context: Running,
    match: Annotated[Match | None, Query()] = None,
    disposition: Annotated[Disposition | Literal["open"] | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[WatchLineAnswer]:
    """Tell lines in the file's order, masked; the reading is recorded.

    A caller whose grant is narrower than the town sees the lines that mean, or may mean, people of their places.
    """
    start = 0 if after is None else int(_LINE_AFTER.read(after)[0])
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await handlers.watch_list(tx, list_id)
        rows = await store.lines(
            tx,
            list_id,
            _reach(who),
            match=match,
            disposition=disposition,
            after=start,
            limit=limit + 1,
        )
        shown = rows[:limit]
        await note_reads(
            tx,
            action="watch_list.lines",
            role=roles_of(who),
            refs=[row["line_id"] for row in shown],
            scope=f"watch_list:{list_id}",
        )
    keys = await context.vault.keys([row["line_id"] for row in shown])
    return Page(
        items=[_line(row, keys) for row in shown],
        next=_LINE_AFTER.write(shown[-1]["nth"]) if len(rows) > limit else None,
    )


@router.post("/v1/watch-lists/{list_id}/lines/{line_id}/disposition", summary="Settle a line")
async def settle_watch_line(
    list_id: UUID, line_id: UUID, body: DispositionBody, who: Caller, context: Running
) -> WatchLineAnswer:
    """Write down what became of a line, with a note. The same again changes nothing.

    Another disposition corrects the former one, which is kept, until the list is closed.
    """
    cmd = SettleLine(list_id=list_id, line_id=line_id, content=body.model_dump_json(), **dict(body))
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await handlers.settle(cmd, _reach(who), tx=tx, vault=context.vault)
        await note_reads(
            tx,
            action="watch_list.settle",
            role=roles_of(who),
            refs=[line_id],
            scope=f"watch_list:{list_id}",
        )
    return _line(row, await context.vault.keys([line_id]))


@router.post("/v1/watch-lists/{list_id}/close", summary="Close a watch list")
async def close_watch_list(list_id: UUID, who: Caller, context: Running) -> WatchListWithFigures:
    """Close a list of which every line has its disposition; else 409 `lines_open` with the number of open ones."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        return await _with_figures(tx, await handlers.close(list_id, tx=tx))


def _reach(who: Principal) -> Reach:
    scopes = who.scopes_for()

    def of(kind: ScopeKind) -> list[str]:
        return [scope.id for scope in scopes if scope.kind is kind and scope.id]

    return Reach(
        town=TOWN in scopes,
        compounds=of(ScopeKind.COMPOUND),
        grids=of(ScopeKind.GRID),
        neighbourhoods=of(ScopeKind.NEIGHBOURHOOD),
    )


async def _with_figures(conn: Conn, row: asyncpg.Record) -> WatchListWithFigures:
    figures = WatchFigures(**await store.figures(conn, row["list_id"]))
    return WatchListWithFigures(**_list(row), figures=figures)


def _list(row: asyncpg.Record) -> dict[str, Any]:
    return {name: row[name] for name in WatchListAnswer.model_fields}


def _line(row: asyncpg.Record, keys: PersonKeys) -> WatchLineAnswer:
    sought = handlers.sought(row, keys)
    return WatchLineAnswer(
        line_id=row["line_id"],
        sheet=row["sheet"],
        row=row["row_number"],
        name=masked_name(sought.name) if sought else None,
        document_kind=row["document_kind"],
        document=masked_number(sought.document) if sought and sought.document else None,
        document_error=row["document_error"],
        phone=masked_phone(sought.phone) if sought and sought.phone else None,
        origin_code=row["origin_code"],
        arrived_on=row["arrived_on"],
        match=row["match"],
        matched=list(row["matched"]),
        disposition=row["disposition"],
        person_ref=row["person_ref"],
        intake_id=row["intake_id"],
        settled_at=row["settled_at"],
    )
