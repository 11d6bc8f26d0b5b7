"""Closes days that are over: what is short is told once, and told again when a late log or a closure changes it."""

from datetime import date
from uuid import UUID

from services.sanitation.domain.day_close import ClosedDay, is_news
from services.sanitation.handlers.day_sheets import SiteSheet, sheets_of
from services.sanitation.store import copies as copies_store
from services.sanitation.store import day_close as store
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store.day_close import SiteClosed
from shared.db.pool import Tx
from shared.events.policy import PolicyDocument
from shared.events.sanitation import RoundMissed
from shared.kernel.ids import CompoundId

BATCH = 16
"""Compounds a transaction: large enough to be fast, small enough not to hold up a worker's log."""


async def close_next(tx: Tx, *, limit: int = BATCH) -> bool:
    """Close the oldest day that is over, for some compounds; says whether there was anything to close.

    Everything about a day is decided while its sites are locked, and the position moves with it: killed anywhere, it
    is done again from the start, and nothing was told. Without any policy it waits; a day before the first policy
    owes nothing.
    """
    found = await store.next_to_close(tx, limit)
    if found is None:
        return False
    day, compounds = found
    policy = await copies_store.policy_of(tx, day)
    if policy is None and not await tx.fetchval(copies_store.ANY_POLICY):
        return False
    await tx.fetch(store.LOCK_SITES, compounds)
    document = policy.document if policy else None
    sheets = sheets_of(await rounds_store.site_days(tx, compounds, day), document, day=day, now=tx.now)
    closed = [_closed(one) for one in sheets]
    await store.put_days(tx, day, closed)
    await _tell(tx, day, [one for one in closed if is_news(None, one.day)])
    await store.advance(tx, compounds, day)
    return True


async def reconsider(tx: Tx, compound: CompoundId, site_id: UUID, day: date) -> None:
    """Look at a site's day again where it was closed already; the site is locked.

    What was told of it is told anew when it is not so any more: with a shortfall of 0 where the day is good after all.
    """
    if not await store.is_closed(tx, compound, day):
        return
    before = await store.closed_day(tx, compound, site_id, day)
    policy = await copies_store.policy_of(tx, day)
    document: PolicyDocument | None = policy.document if policy else None
    [site] = await rounds_store.site_days(tx, [compound], day, only=site_id)
    [sheet] = sheets_of([site], document, day=day, now=tx.now)
    after = _closed(sheet)
    await store.put_days(tx, day, [after])
    if is_news(before, after.day):
        await _tell(tx, day, [after])


def _closed(one: SiteSheet) -> SiteClosed:
    return SiteClosed(
        compound=one.compound,
        site_id=one.site_id,
        kind=one.kind,
        day=ClosedDay.of(one.sheet, outside_range=one.outside_range),
    )


async def _tell(tx: Tx, day: date, sites: list[SiteClosed]) -> None:
    versions = await store.raise_versions(tx, [one.site_id for one in sites]) if sites else {}
    for one in sites:
        event = RoundMissed(
            site_id=one.site_id,
            compound=one.compound,
            kind=one.kind,
            day=day,
            required=one.day.required,
            counted=one.day.counted,
            shortfall=one.day.shortfall,
        )
        await tx.publish(event, version=versions[one.site_id])
