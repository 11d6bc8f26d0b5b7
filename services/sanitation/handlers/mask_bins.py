"""Bins for discarded masks: emptied, disinfected, and late when nobody came (R5.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.sanitation.domain.late import by_our_clock, decide_timeliness
from services.sanitation.domain.sites import NotAMaskBin
from services.sanitation.handlers.policy import clock_tolerance, in_force, late_rules
from services.sanitation.handlers.sites import site_within
from services.sanitation.store import mask_bins as store
from shared.db.pool import Conn, Tx
from shared.events.sanitation import MaskBinEmptied
from shared.http.access import Principal
from shared.kernel.days import start_of
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import SameIdOtherContent


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyBin:
    """A worker emptied and disinfected a bin. `emptied_at` and `sent_at` are what the worker's phone said."""

    collection_id: UUID
    site_code: SiteId
    emptied_at: datetime
    sent_at: datetime | None
    bags: int
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptiedBin:
    """A collection as it is kept. `fresh`: by this very command."""

    fresh: bool
    collection_id: UUID
    site_code: SiteId
    compound: CompoundId
    emptied_at: datetime
    bags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A bin and when it has to be emptied next; None where policy does not say how often."""

    site_code: SiteId
    name: str
    emptied_at: datetime | None
    bags: int | None
    due_at: datetime | None


async def empty_bin(cmd: EmptyBin, *, who: Principal, tx: Tx) -> EmptiedBin:
    """Keep a collection. Asked twice, answered once.

    Raises:
        SiteUnknown, OutOfScope, NotAMaskBin: about the site.
        SameIdOtherContent: the id was used for something else.
        Refusal: what `decide_timeliness` raises.
    """
    known = await site_within(tx, who, cmd.site_code)
    if known.site.kind != "mask_bin":
        raise NotAMaskBin("该点位不是口罩回收桶。The site is no mask bin.", field="site_code")
    before = await store.collection(tx, cmd.collection_id)
    if before is not None:
        said = (before["site_id"], before["device_at"], before["bags"], before["agent"])
        if said != (known.site_id, cmd.emptied_at, cmd.bags, cmd.agent):
            raise SameIdOtherContent(
                "该编号已用于另一次清运。This id was used for another collection.", field="collection_id"
            )
        return _emptied(cmd, known.site.compound, before["emptied_at"], fresh=False)
    document = (await in_force(tx, tx.today)).document
    tolerance = clock_tolerance(document)
    emptied_at = by_our_clock(cmd.emptied_at, sent_at=cmd.sent_at, now=tx.now, tolerance=tolerance)
    decide_timeliness(
        emptied_at,
        source="code",
        explained=False,
        now=tx.now,
        tolerance=tolerance,
        rules=late_rules(document),
    )
    await tx.execute(
        store.ADD,
        cmd.collection_id,
        known.site_id,
        emptied_at,
        cmd.emptied_at,
        cmd.bags,
        cmd.agent,
        tx.now,
        tx.actor,
    )
    event = MaskBinEmptied(
        collection_id=cmd.collection_id,
        site_id=known.site_id,
        compound=known.site.compound,
        emptied_at=emptied_at,
    )
    await tx.publish(event, version=1)
    return _emptied(cmd, known.site.compound, emptied_at, fresh=True)


async def bins_of(
    conn: Conn, compound: CompoundId, *, after: str, limit: int, every: timedelta | None
) -> list[Bin]:
    """A compound's bins in use, by code. One that was never emptied is due so long after its first day began."""
    return [
        Bin(
            site_code=row["code"],
            name=row["name"],
            emptied_at=row["emptied_at"],
            bags=row["bags"],
            due_at=(row["emptied_at"] or start_of(row["since"])) + every if every else None,
        )
        for row in await conn.fetch(store.BINS, compound, after, limit)
    ]


def _emptied(cmd: EmptyBin, compound: CompoundId, emptied_at: datetime, *, fresh: bool) -> EmptiedBin:
    return EmptiedBin(
        fresh=fresh,
        collection_id=cmd.collection_id,
        site_code=cmd.site_code,
        compound=compound,
        emptied_at=emptied_at,
        bags=cmd.bags,
    )
