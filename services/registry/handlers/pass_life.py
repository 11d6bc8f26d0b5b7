"""What becomes of a pass: suspended, reinstated, revoked, by command or because of what is known (R2.4, R2.7, G2, O9).

Whoever changes a person's passes holds the person's row first, so that nothing is issued beside it. What is known of
a person is kept whether or not they have a pass: it also decides about the next one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.registry import metrics
from services.registry.domain.errors import PassUnknown
from services.registry.domain.pass_life import (
    CommandReason,
    ReinstatementReason,
    decide_lifting,
    decide_reinstatement,
    decide_suspension,
)
from services.registry.domain.passes import Holder, HoldKind, PassState, SuspensionReason, unfinished
from services.registry.store import passes as store
from services.registry.store import people as people_store
from services.registry.store import returnees as returnee_store
from services.registry.store.passes import EntryPass
from shared.db.pool import Conn, Tx
from shared.events.observation import (
    CaseConfirmed,
    FeverCleared,
    ObservationClosed,
    ObservationCompleted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    SymptomReported,
)
from shared.events.registry.passes import (
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
    HoldSettled,
)
from shared.kernel.ids import CompoundId, PersonRef, uuid7
from shared.kernel.sealed import Vault

RevocationReason = Literal["lost", "moved_away", "deceased", "misused", "issued_in_error", "settled", "other"]
NOTE = "pass_note"
"""Name of a sealed field, part of what is stored: never renamed."""
_EVERY_HOLD: tuple[HoldKind, ...] = ("fever", "medical", "close_contact")


# ---- by command


async def suspend(
    pass_id: UUID, reason: CommandReason, note: str | None, *, tx: Tx, vault: Vault
) -> tuple[EntryPass, bool]:
    """Suspend one pass until a command lifts it; a second time changes nothing.

    Raises:
        PassUnknown, PassRevokedAlready: there is nothing to suspend.
    """
    one = await locked(tx, pass_id)
    if not decide_suspension(one.held):
        return one, False
    sealed = await _sealed_note(note, one.person_ref, vault)
    shown = one.reason or reason
    version = await store.change(
        tx, one, "suspended", shown, step="suspended", why=reason, held_back=reason, note=sealed
    )
    await _tell_suspended(tx, one, shown, version)
    metrics.PASSES_STOPPED.labels(reason).inc()
    return await existing(tx, pass_id), True


async def reinstate(
    pass_id: UUID,
    reason: ReinstatementReason,
    note: str | None,
    *,
    by_headquarters: bool,
    tx: Tx,
    vault: Vault,
) -> EntryPass:
    """Let a suspended pass admit again; what stood against its holder is settled with it.

    Raises:
        PassUnknown, PassRevokedAlready, PassExpired, PassNotSuspended: there is nothing to reinstate.
        PassNotYet, HeadquartersDecides: see `decide_lifting`.
    """
    one = await locked(tx, pass_id)
    holder = await holder_of(tx, one.person_ref)
    settles = decide_lifting(one.held, holder, by_headquarters=by_headquarters, now=tx.now, today=tx.today)
    await settle_holds(tx, one.person_ref, settles)
    await _reinstate(tx, one, reason, await _sealed_note(note, one.person_ref, vault))
    if settles:  # their passes of other compounds were suspended for the same
        async with tx.beyond():
            await reconsider(tx, one.person_ref, reason)
    return await existing(tx, pass_id)


async def settle_holds(tx: Tx, person_ref: UUID, kinds: Sequence[HoldKind]) -> None:
    """End by decision what stands against somebody; gates that hold them, and who waits for an outcome, are told."""
    standing = {hold.kind for hold in await store.holds(tx, person_ref) if hold.stands}
    await store.end_holds(tx, person_ref, kinds, tx.now)
    for kind in standing.intersection(kinds):
        told = HoldSettled(
            settlement_id=uuid7(), person_ref=PersonRef(person_ref), kind=kind, settled_at=tx.now
        )
        await tx.publish(told, version=1)


async def revoke(pass_id: UUID, reason: RevocationReason, *, tx: Tx) -> tuple[EntryPass, bool]:
    """Make a pass void for good; a second time changes nothing. Returns it and whether this changed it.

    `settled` also settles the fever that suspended it, so that a new one can be issued.

    Raises:
        PassUnknown: there is no such pass.
    """
    one = await locked(tx, pass_id)
    if one.state == "revoked":
        return one, False
    if reason == "settled":
        await settle_holds(tx, one.person_ref, ("fever",))
    await stop(tx, one, reason)
    return await existing(tx, pass_id), True


async def revoke_all(
    tx: Tx, person_ref: UUID, reason: RevocationReason, *, compound: str | None = None
) -> int:
    """Make every pass of a person void, of one compound where it is named; returns how many."""
    await returnee_store.lock_person(tx, person_ref)
    held = [one for one in await store.passes_for_update(tx, person_ref) if compound in {None, one.compound}]
    for one in held:
        await stop(tx, one, reason)
    metrics.PASSES_STOPPED.labels(reason).inc(len(held))
    return len(held)


async def stop(tx: Tx, one: EntryPass, reason: str) -> None:
    """Write and tell that a pass, whose row is held, is void."""
    version = await store.change(
        tx, one, "revoked", reason, step="revoked", why=reason, held_back=one.held_back
    )
    await tx.publish(
        EntryPassRevoked(
            pass_id=one.pass_id,
            person_ref=PersonRef(one.person_ref),
            compound=CompoundId(one.compound),
            reason=reason,
        ),
        version=version,
    )


async def put_back(tx: Tx, one: EntryPass, *, was: PassState, reason: str | None) -> None:
    """Undo a revocation that an act about the holder brought: the pass is as it was before.

    Where it admitted and something stands against the holder now, it is suspended for that.
    """
    if was == "active":
        reason = await stands_against(tx, one.person_ref)
    if reason is None:
        await _reinstate(tx, one, "undone")
        return
    version = await store.change(
        tx, one, "suspended", reason, step="suspended", why="undone", held_back=one.held_back
    )
    await _tell_suspended(tx, one, reason, version)


async def stands_against(tx: Tx, person_ref: UUID) -> SuspensionReason | None:
    """For what a pass of this person would be suspended now; None where it admits."""
    holder = await holder_of(tx, person_ref)
    if unfinished(holder.observations, tx.today) is not None:
        return "under_observation"
    return next((hold.kind for hold in holder.holds if hold.stands), None)


# ---- because of what is known


async def suspend_all(tx: Tx, person_ref: UUID, reason: SuspensionReason) -> int:
    """Suspend every active pass of a person, in whatever compound; returns how many.

    One that is suspended already keeps its reason. The person's row is held first, so that no pass is issued
    beside this.
    """
    await returnee_store.lock_person(tx, person_ref)
    active = [one for one in await store.passes_for_update(tx, person_ref) if one.state == "active"]
    for one in active:
        version = await store.change(tx, one, "suspended", reason, step="suspended", why=reason)
        await _tell_suspended(tx, one, reason, version)
    metrics.PASSES_STOPPED.labels(reason).inc(len(active))
    return len(active)


async def reconsider(tx: Tx, person_ref: UUID, reason: str) -> int:
    """Reinstate the person's passes against which nothing stands any more; returns how many."""
    await returnee_store.lock_person(tx, person_ref)
    holder = await holder_of(tx, person_ref)
    reinstated = 0
    for one in await store.passes_for_update(tx, person_ref):
        if decide_reinstatement(one.held, holder, now=tx.now, today=tx.today):
            await _reinstate(tx, one, reason)
            reinstated += 1
    return reinstated


async def begin_hold(tx: Tx, people: Iterable[UUID], kind: HoldKind, since: datetime) -> None:
    """Something keeps these people's passes from admitting, unless a later decision is known already."""
    refs = sorted(set(people))
    await tx.fetch(people_store.LOCK_PEOPLE, refs)
    await store.begin_holds(tx, refs, kind, since)
    for ref in refs:
        if any(hold.kind == kind and hold.stands for hold in await store.holds(tx, ref)):
            await suspend_all(tx, ref, kind)


async def follow_symptom(event: SymptomReported, *, tx: Tx) -> None:
    """Somebody under observation reported a fever or a symptom: the fever path is open."""
    await begin_hold(tx, [event.person_ref], "fever", event.reported_at)


async def follow_clearance(event: FeverCleared, *, tx: Tx) -> None:
    """A clinic cleared somebody: what stood for the fever ends, and nothing else (G2)."""
    await returnee_store.lock_person(tx, event.person_ref)
    await store.end_holds(tx, event.person_ref, ("fever",), event.cleared_at)
    await reconsider(tx, event.person_ref, "fever_cleared")


async def follow_confirmation(event: CaseConfirmed, *, tx: Tx) -> None:
    """Somebody was confirmed ill: passes of the household and of the named contacts stop in this one step (O9)."""
    near = {*await store.household(tx, event.person_ref), *event.contacts} - {event.person_ref}
    await tx.fetch(people_store.LOCK_PEOPLE, sorted({event.person_ref, *near}))
    await begin_hold(tx, [event.person_ref], "medical", event.confirmed_at)
    await begin_hold(tx, near, "close_contact", event.confirmed_at)


async def follow_resumption(event: ObservationResumed, *, tx: Tx) -> None:
    """By recorded decision the observation goes on: the fever is dealt with, the observation still stands (O6)."""
    await returnee_store.lock_person(tx, event.person_ref)
    moved = await returnee_store.move_observation(
        tx,
        event.case_id,
        "in_force",
        last_day=event.last_day,
        pass_from=event.last_day + timedelta(days=1),
    )
    if moved:
        await store.end_holds(tx, event.person_ref, ("fever",), event.resumed_at)


async def follow_dates(event: ObservationRescheduled | ObservationRestarted, *, tx: Tx) -> None:
    """The last day is another one; a restarted observation stands again. No pass admits meanwhile (O3, O6, O9)."""
    await returnee_store.lock_person(tx, event.person_ref)
    moved = await returnee_store.move_observation(
        tx,
        event.case_id,
        "in_force" if isinstance(event, ObservationRestarted) else None,
        last_day=event.last_day,
        pass_from=event.last_day + timedelta(days=1),
    )
    if moved:
        await suspend_all(tx, event.person_ref, "under_observation")


async def follow_measure(event: ObservationMeasureChanged, *, tx: Tx) -> None:
    """Under whatever measure, somebody who is observed has no pass that admits."""
    await returnee_store.lock_person(tx, event.person_ref)
    if await returnee_store.move_observation(tx, event.case_id, None):
        await suspend_all(tx, event.person_ref, "under_observation")


async def follow_completion(event: ObservationCompleted, *, tx: Tx) -> None:
    """Released. Everything before is dealt with; the old pass stays invalid, a new one is asked for (O10, O12)."""
    await returnee_store.lock_person(tx, event.person_ref)
    moved = await returnee_store.move_observation(
        tx,
        event.case_id,
        "completed",
        last_day=event.last_day,
        pass_from=event.pass_from,
        completed_at=event.completed_at,
    )
    if moved:
        await store.end_holds(tx, event.person_ref, _EVERY_HOLD, event.completed_at)


async def follow_closure(event: ObservationClosed, *, tx: Tx) -> None:
    """A case ended without the full period: never a release.

    One that was opened in error, or whose place another case takes, stands for nothing any more, so passes against
    which nothing else stands admit again. The passes of somebody who died are void.
    """
    await returnee_store.lock_person(tx, event.person_ref)
    if not await returnee_store.close_observation(tx, event.case_id, event.ending, event.closed_at):
        return
    if event.ending == "died":
        await revoke_all(tx, event.person_ref, "deceased")
    elif event.ending in {"cancelled", "merged"}:
        if event.ending == "cancelled":
            await store.end_holds(tx, event.person_ref, ("close_contact",), event.closed_at)
        await reconsider(tx, event.person_ref, f"case_{event.ending}")


# ---- shared


async def existing(conn: Conn, pass_id: UUID) -> EntryPass:
    """A pass by its id.

    Raises:
        PassUnknown: there is no such pass.
    """
    found = await store.entry_pass(conn, pass_id)
    if found is None:
        raise PassUnknown("没有这个出入证。There is no such pass.")
    return found


async def holder_of(conn: Conn, person_ref: UUID) -> Holder:
    """What is known that may stand against a person; whether they live anywhere is not looked at."""
    return Holder(
        resident=True,
        observations=[seen.known for seen in await returnee_store.observations_of(conn, person_ref)],
        holds=await store.holds(conn, person_ref),
    )


async def locked(tx: Tx, pass_id: UUID) -> EntryPass:
    """A pass as it is once its holder's row and its own are held."""
    known = await existing(tx, pass_id)
    await returnee_store.lock_person(tx, known.person_ref)
    held = {one.pass_id: one for one in await store.passes_for_update(tx, known.person_ref)}
    return held.get(pass_id) or await existing(tx, pass_id)


async def _reinstate(tx: Tx, one: EntryPass, why: str, note: bytes | None = None) -> None:
    version = await store.change(tx, one, "active", None, step="reinstated", why=why, note=note)
    await tx.publish(
        EntryPassReinstated(
            pass_id=one.pass_id,
            person_ref=PersonRef(one.person_ref),
            compound=CompoundId(one.compound),
            reason=why,
        ),
        version=version,
    )


async def _tell_suspended(tx: Tx, one: EntryPass, reason: str, version: int) -> None:
    await tx.publish(
        EntryPassSuspended(
            pass_id=one.pass_id,
            person_ref=PersonRef(one.person_ref),
            compound=CompoundId(one.compound),
            reason=reason,
        ),
        version=version,
    )


async def _sealed_note(note: str | None, person_ref: UUID, vault: Vault) -> bytes | None:
    if note is None:
        return None
    return vault.seal(await vault.key(person_ref, create=True), NOTE, note)
