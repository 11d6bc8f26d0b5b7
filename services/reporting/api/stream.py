"""The board says that it moved: a hint without a figure, over server-sent events.

One look a second at the positions of the board's sources serves everybody who listens in this process; while nobody
does there is none. Whoever is told fetches the board again, with their own scope and ETag.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog
from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.reporting.queries import BOARD_SOURCES
from services.reporting.store import as_of
from shared.context import Context
from shared.db.pool import TRANSIENT
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.tasks import stop, stop_if_cancelled

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
LISTEN_SECONDS = 300.0
"""After this long a stream ends and the client comes again: its token is looked at once more."""
RETRY_MILLISECONDS = 2_000


class BoardMoved(Answer):
    """What the board is made of has moved on.

    `etag` is another one after each step; `as_of`: business time of the newest event in it.
    """

    etag: str
    as_of: datetime | None


class BoardWatch:
    """Looks at the board's sources for all who listen in this process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._newest: BoardMoved | None = None

    async def moves(self) -> AsyncIterator[BoardMoved]:
        """How it stands, then each change, at most one a second; until the process stops."""
        stopping = self._context.stopping
        told = None
        async with self._look_for_me():
            while not stopping.is_set():
                changed = self._changed
                if self._newest is not None and self._newest != told:
                    told = self._newest
                    yield told
                else:
                    await changed.wait()

    @asynccontextmanager
    async def _look_for_me(self) -> AsyncIterator[None]:
        self._listeners += 1
        if self._looking is None:
            # In a context of its own: it looks for all who listen, not with the reach of the first of them.
            self._looking = asyncio.create_task(
                self._look(), name="board-watch", context=contextvars.Context()
            )
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners and self._looking is not None:
                looking, self._looking, self._newest = self._looking, None, None
                await stop(looking)

    async def _look(self) -> None:
        stopping = self._context.stopping
        while not stopping.is_set():
            stop_if_cancelled()
            try:
                async with self._context.database.statements() as connection:
                    row = await connection.fetchrow(as_of.MARK, list(BOARD_SOURCES))
            except TRANSIENT as error:
                log.info("board_watch_waits", error=type(error).__name__)
            else:
                newest = BoardMoved(etag=row["mark"] or "", as_of=row["event_time"]) if row else None
                if newest != self._newest:
                    self._newest = newest
                    self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stopping.wait()
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def stream_of(context: Context) -> APIRouter:
    """The route, with the watch of this process."""
    router = APIRouter(tags=["reporting"])
    watch = BoardWatch(context)

    @router.get(
        "/v1/board/stream", response_class=EventSourceResponse, summary="Tell whenever the board has moved"
    )
    async def board_stream(_who: Caller) -> AsyncIterator[ServerSentEvent]:
        """Events `board` whose data is `{"etag": …, "as_of": …}`, at most one a second; no figures.

        The first comes at once. Comments keep the connection open. The stream ends when the service stops, and after
        five minutes; browsers come again by themselves.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_SECONDS):
                async for moved in watch.moves():
                    yield ServerSentEvent(data=moved, event="board", retry=RETRY_MILLISECONDS)

    return router
