"""Files of a watch list over HTTP: what became of each, and its rejected rows (R4.4, P6, P11)."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response

from services.registry.api.common import Instant, Running, cause, roles_of
from services.registry.handlers import rejected_rows, watch_matching
from services.registry.handlers import watch_lists as handlers
from services.registry.store import rejected
from services.registry.store import watch_lists as store
from shared.audit.noting import note_reads
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import NotFound
from shared.http.uploads import FormatQuery, as_file
from shared.kernel import tables

router = APIRouter(tags=["watch lists"])

_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))


class WatchFileAnswer(Answer):
    """A file that was taken in. `rejected_until`: until when its rejected rows can be had; nothing when not."""

    file_id: UUID
    taken_by: str
    taken_at: datetime
    rows: int
    added: int
    known: int
    rejected: int
    duplicates: int
    rejected_until: datetime | None


class MatchingAnswer(Answer):
    """Whom the open lines mean by now; none is settled by it."""

    matched: int
    possible: int
    unmatched: int


@router.post("/v1/watch-lists/{list_id}/matching", summary="Look again whom the open lines mean")
async def match_again(list_id: UUID, who: Caller, context: Running) -> MatchingAnswer:
    """Match the open lines anew, after people were registered. Settled lines stay as they are."""
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await watch_matching.look_again(list_id, tx=tx, vault=context.vault)
    return MatchingAnswer(matched=found["matched"], possible=found["possible"], unmatched=found["none"])


@router.get("/v1/watch-lists/{list_id}/files", summary="Files of a watch list")
async def list_watch_files(
    list_id: UUID, _who: Caller, context: Running, *, after: After = None, limit: Limit = 50
) -> Page[WatchFileAnswer]:
    """Tell which files were taken in and what became of their rows, oldest first."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        await handlers.watch_list(conn, list_id)
        rows = await store.files(conn, list_id, after=(last[0], last[1]), limit=limit + 1)
    cut = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[WatchFileAnswer(**dict(row)) for row in rows[:limit]],
        next=_AFTER.write(cut["taken_at"], cut["file_id"]) if cut else None,
    )


@router.get(
    "/v1/watch-lists/{list_id}/files/{file_id}/rejected",
    summary="The rejected rows of a file of a watch list",
    response_class=Response,
)
async def read_rejected_lines(
    list_id: UUID, file_id: UUID, who: Caller, context: Running, file_format: FormatQuery = "xlsx"
) -> Response:
    """Give the rejected rows in the columns of the upload, with where and what is wrong behind them.

    Correct the cells and send the file again. Kept for some days (410 after). The reading is recorded.
    """
    who.require_town()
    name = "协查名单-退回"
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        if not await store.file_there(tx, list_id, file_id):
            raise NotFound("名单没有这个文件。The list has no such file.")
        kept = await rejected.kept(tx, file_id)
        keys = await context.vault.keys([file_id])
        table = await rejected_rows.sheet(tx, keys.get(file_id), kept, name)
        await note_reads(
            tx,
            action="watch_list.rejected",
            role=roles_of(who),
            refs=[],
            scope=f"watch_list:{list_id}:{file_id}",
        )
    return as_file(await asyncio.to_thread(tables.write, table, file_format), name, file_format)
