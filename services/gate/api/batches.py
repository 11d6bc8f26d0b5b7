"""Batches of what is taken one by one: vehicles and arrivals, each in a transaction of its own (device contract).

Entry checks share transactions and have their own way (`api.checks`); what a device may expect of an item is the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from pydantic import ValidationError

from services.gate.api.devices import command_cause
from services.gate.api.holding import hold, invalid, not_storable, refused
from services.gate.api.models import RETRY_SECONDS, BatchStatus, QueuedBody
from services.gate.desk import Desk, Station
from services.gate.domain.times import judge_time
from shared.db.pool import TRANSIENT, Tx
from shared.http.models import Answer
from shared.http.problem import Unavailable
from shared.kernel.refusal import Refusal
from shared.obs.logging import get_logger

log = get_logger(__name__)


B = TypeVar("B", bound=QueuedBody)
I = TypeVar("I", bound=BatchStatus)  # noqa: E741 -- an item
A = TypeVar("A", bound=Answer)


async def take_each(
    mine: Desk,
    station: Station,
    raws: Sequence[Any],
    *,
    read: type[B],
    as_item: type[I],
    take: Callable[[B, Tx], Awaitable[tuple[bool, Answer]]],
) -> list[I]:
    """Take items in their order; one that is not taken harms no other.

    Args:
        mine: the process's memory.
        station: the device that hands them in.
        raws: as they came.
        read: what an item is.
        as_item: what is answered for each.
        take: keeps one in the transaction; tells whether it is new, and the first answer.
    """
    if station.revoked:
        return await hold(mine, station, raws, "device_revoked", as_item=as_item)
    return [await _take(mine, station, raw, read=read, as_item=as_item, take=take) for raw in raws]


async def _take(
    mine: Desk,
    station: Station,
    raw: Any,
    *,
    read: type[B],
    as_item: type[I],
    take: Callable[[B, Tx], Awaitable[tuple[bool, Answer]]],
) -> I:
    try:
        body = read.model_validate(raw)
    except ValidationError as error:
        return invalid(raw, error, as_item)
    try:
        if await _ahead(mine, station, body):
            return (await hold(mine, station, [raw], "stamp_in_future", as_item=as_item))[0]
        async with mine.context.database.begin(actor=station.subject, cause=command_cause()) as tx:
            created, answer = await take(body, tx)
    except (Refusal, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, *TRANSIENT) as error:
        return _not_taken(body, error, as_item)
    status = "created" if created else "exists"
    return as_item.model_validate({"check_id": body.check_id, "status": status, "answer": answer})


def _not_taken(body: QueuedBody, error: Exception, as_item: type[I]) -> I:
    """Never to be taken, or not now: nothing was recorded of it."""
    match error:
        case Refusal() if not isinstance(error, Unavailable):
            return refused(body.check_id, error, as_item)
        case asyncpg.DataError() | asyncpg.IntegrityConstraintViolationError():
            log.error("item_not_storable", exc_info=error)
            return not_storable(body.check_id, as_item)
        case _:
            code = error.code if isinstance(error, Unavailable) else Unavailable.code
            return as_item(check_id=body.check_id, status="retry", code=code, retry_after=RETRY_SECONDS)


async def _ahead(mine: Desk, station: Station, item: QueuedBody) -> bool:
    """Was it decided by the device at a time that is still to come? (G11)."""
    if item.offline is None:
        return False
    async with mine.context.database.read() as conn:
        rules = await mine.rules(conn, mine.context.clock.today())
    skew = item.offline.clock_skew_seconds
    return judge_time(
        item.checked_at,
        received_at=mine.context.clock.now(),
        opened_at=station.opened_at,
        ahead_seconds=rules.ahead_seconds,
        skew_seconds=station.clock_skew_seconds if skew is None else skew,
    ).ahead
