"""What falls due about waste: pickups are planned day by day, and what was not fetched is found (R5.2, S4)."""

from datetime import date, datetime, timedelta
from uuid import UUID

from services.sanitation.domain.pickups import MissedReason, missed_now
from services.sanitation.domain.quarantine import WasteHours, due_at, plan
from services.sanitation.store import copies as copies_store
from services.sanitation.store import pickups as store
from services.sanitation.store import quarantine as quarantine_store
from services.sanitation.store.pickups import KnownPickup
from services.sanitation.store.quarantine import SpellToPlan
from shared.db.pool import Conn, Tx
from shared.events.policy_sanitation import WasteRules
from shared.events.sanitation import WastePickupDue, WastePickupMissed
from shared.kernel.ids import CompoundId, DwellingId, uuid7


async def waste_rules(conn: Conn, day: date) -> WasteRules | None:
    """What a day's policy says about waste; None where it is silent or not known yet."""
    policy = await copies_store.policy_of(conn, day)
    return policy.document.sanitation.waste if policy else None


async def plan_due(tx: Tx, *, limit: int) -> bool:
    """Make the pickups that are to be there by now; says whether anything was looked at.

    Without a policy that says when waste is fetched it waits.
    """
    rules = await waste_rules(tx, tx.today)
    if rules is None:
        return False
    spells = await quarantine_store.spells_to_plan(tx, limit)
    for spell in spells:
        await _plan(tx, spell, WasteHours(usual_hour=rules.usual_hour, same_day_before=rules.same_day_before))
    return bool(spells)


async def find_missed(tx: Tx, *, limit: int) -> bool:
    """Find what was not fetched on its day, and what is underway for too long; says whether anything was found."""
    rules = await waste_rules(tx, tx.today)
    if rules is None:
        return False
    hand_over = timedelta(hours=rules.hand_over_hours)
    found = await store.missed_due(tx, hand_over=hand_over, limit=limit)
    for known in found:
        reason = missed_now(known.pickup, now=tx.now, hand_over=hand_over)
        if reason is not None:
            await miss(tx, known, reason)
    return bool(found)


async def drop_spent_cards(tx: Tx) -> None:
    """Forget the rooms that were withdrawn and where nothing is underway any more."""
    await tx.execute(quarantine_store.DROP_SPENT_CARDS, tx.today)


async def miss(tx: Tx, known: KnownPickup, reason: MissedReason) -> None:
    """Write and tell that something is amiss with a pickup, whose row is held."""
    version = await store.miss(tx, known.pickup_id, reason)
    event = WastePickupMissed(
        pickup_id=known.pickup_id,
        compound=known.compound,
        dwelling_id=known.dwelling_id,
        day=known.day,
        reason=reason,
    )
    await tx.publish(event, version=version)


async def tell_due(
    tx: Tx,
    pickup_id: UUID,
    version: int,
    *,
    compound: CompoundId,
    dwelling_id: DwellingId,
    day: date,
    due_at: datetime,
) -> None:
    """Tell that a pickup is to be done, and when."""
    event = WastePickupDue(
        pickup_id=pickup_id, compound=compound, dwelling_id=dwelling_id, day=day, due_at=due_at
    )
    await tx.publish(event, version=version)


async def _plan(tx: Tx, spell: SpellToPlan, hours: WasteHours) -> None:
    done = plan(
        began_at=spell.began_at,
        ended_at=spell.ended_at,
        until_day=spell.until_day,
        next_day=spell.next_day,
        today=tx.today,
        hours=hours,
    )
    for day in done.days:
        due = due_at(day, began_at=spell.began_at, agreed=spell.hour, hours=hours)
        made = await store.plan(
            tx, uuid7(), dwelling_id=spell.dwelling_id, compound=spell.compound, day=day, due_at=due
        )
        if made is not None:
            pickup_id, version = made
            await tell_due(
                tx,
                pickup_id,
                version,
                compound=spell.compound,
                dwelling_id=spell.dwelling_id,
                day=day,
                due_at=due,
            )
    await quarantine_store.planned(tx, spell, done)
