"""Group commit without a timer: what queued while the last commit ran goes into one transaction (architecture §5).

A commit costs nearly the same for one check as for fifty, so under load checks share it and nobody waits for a clock:
the next group starts when the last one ended. Live checks go first; a device's backlog fills the room that they leave,
and keeps a small place beside them, so that it never stands still and never holds up a person at the gate (F8).

A check is committed or not, whatever becomes of the caller meanwhile: the group does not run in a request's task.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from services.gate import metrics
from services.gate.handlers.checks import Outcome
from services.gate.handlers.judging import CheckEntry
from shared.db.pool import TRANSIENT
from shared.http.problem import Unavailable
from shared.kernel.refusal import Refusal
from shared.obs.logging import get_logger

log = get_logger(__name__)

LIVE_AT_ONCE = 100
BACKLOG_AT_ONCE = 200  # a whole upload
BACKLOG_BESIDE_LIVE = 20
"""Some milliseconds of work: what a live check may wait for because of queued ones."""
LIVE_WAITING = 2_000
BACKLOG_WAITING = 4_000
"""Checks that may wait in a process; beyond, callers are asked to come again, and memory stays bounded."""
RETRY_SECONDS = 2

Decide = Callable[[Sequence[CheckEntry]], Awaitable[list[Outcome]]]
"""Decides checks in one transaction and tells their outcomes after its commit."""


class TooBusy(Unavailable):
    """More checks wait here than can be answered soon; nothing was recorded of this one."""

    code: ClassVar[str] = "too_busy"

    def __init__(self) -> None:
        super().__init__(
            "查验请求过多，请稍后重试。Too many checks are waiting; try again soon.",
            retry_after=RETRY_SECONDS,
        )


@dataclass(slots=True)
class _Waiting:
    command: CheckEntry
    outcome: asyncio.Future[Outcome]

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def settle(self, outcome: Outcome) -> None:
        if not self.outcome.done():  # the caller may have gone
            self.outcome.set_result(outcome)


class Groups:
    """The checks that wait in one process, and the task that commits them group by group."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._live: deque[_Waiting] = deque()
        self._backlog: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None

    async def live(self, command: CheckEntry) -> Outcome:
        """Somebody stands at the gate.

        Raises:
            TooBusy: too many wait already.
            Exception: whatever kept the check from being decided; nothing was recorded of it.
        """
        return await self.queue(command)

    def queue(self, command: CheckEntry) -> "asyncio.Future[Outcome]":
        """The same without waiting.

        Raises:
            TooBusy: too many wait already.
        """
        if len(self._live) >= LIVE_WAITING:
            raise TooBusy
        return self._queued(self._live, command)

    async def backlog(self, commands: Sequence[CheckEntry]) -> list[Outcome | BaseException]:
        """Checks that a device kept while it was offline, in their order; each by itself.

        Raises:
            TooBusy: too many wait already.
        """
        if len(self._backlog) + len(commands) > BACKLOG_WAITING:
            raise TooBusy
        waiting = [self._queued(self._backlog, command) for command in commands]
        return await asyncio.gather(*waiting, return_exceptions=True)

    def _queued(self, queue: deque[_Waiting], command: CheckEntry) -> "asyncio.Future[Outcome]":
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        queue.append(_Waiting(command, outcome))
        if self._working is None:
            # In a context of its own: a group belongs to no single request.
            self._working = asyncio.create_task(self._work(), name="checks", context=contextvars.Context())
        return outcome

    async def _work(self) -> None:
        try:
            while group := self._next():
                metrics.GROUP_CHECKS.observe(len(group))
                await self._commit(group)
        finally:
            self._working = None
            for left in (*self._live, *self._backlog):  # only when this task was cancelled
                left.outcome.cancel()
            self._live.clear()
            self._backlog.clear()

    def _next(self) -> list[_Waiting]:
        live = [self._live.popleft() for _ in range(min(len(self._live), LIVE_AT_ONCE))]
        room = BACKLOG_BESIDE_LIVE if live else BACKLOG_AT_ONCE
        return live + [self._backlog.popleft() for _ in range(min(len(self._backlog), room))]

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._decide([waiting.command for waiting in group])
        except (Refusal, *TRANSIENT) as error:  # holds for all of them: no policy, no database
            for waiting in group:
                waiting.fail(error)
        except Exception as error:  # noqa: BLE001 -- handed to the caller; no check may take others down with it
            if len(group) == 1:
                group[0].fail(error)
                return
            log.warning("group_isolated", checks=len(group), error=type(error).__name__)
            for waiting in group:
                await self._commit([waiting])
        else:
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.settle(outcome)
