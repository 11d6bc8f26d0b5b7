"""Closing checkpoints, opening them again, correcting them, and temporary gates (R2.1, P1)."""

from dataclasses import replace
from datetime import datetime

from services.registry.domain.checkpoints import (
    CheckpointIsClosed,
    CheckpointState,
    CheckpointUnknown,
    ClosedFor,
    TemporaryFor,
    decide_reopening,
    decide_temporary,
)
from services.registry.domain.corrections import decide_correction
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.premises import Checkpoint, Traffic, decide_opening
from services.registry.handlers import policy
from services.registry.store import checkpoints as store
from services.registry.store import premises as premises_store
from shared.db.pool import Database, Tx
from shared.events.registry.places import CheckpointClosed, CheckpointOpened
from shared.kernel.refusal import SameIdOtherContent


async def close(compound_id: str, checkpoint_id: str, closed_for: ClosedFor, *, tx: Tx) -> CheckpointState:
    """Take a checkpoint out of use; one that is closed stays as it was closed.

    Raises:
        CheckpointUnknown: the compound has none of that number.
    """
    gate = await _locked(compound_id, checkpoint_id, tx=tx)
    if gate.closed_at is not None:
        return gate
    return await _close(gate, closed_at=tx.now, closed_for=closed_for, tx=tx)


async def reopen(compound_id: str, checkpoint_id: str, *, tx: Tx) -> CheckpointState:
    """Open a closed checkpoint again, within the limit in force; one that is open stays as it is.

    Raises:
        CheckpointUnknown, TemporaryGateOver: as their names say.
        CheckpointLimitReached: the compound has as many as the rules allow; the rule is named.
        PolicyUnknown: no rules are in force.
    """
    gate = await _locked(compound_id, checkpoint_id, tx=tx)
    if not decide_reopening(gate, now=tx.now):
        return gate
    rules = await policy.in_force(tx, tx.today)
    areas = await premises_store.lock_compounds(tx, [compound_id])
    decide_opening(areas[gate.compound_id], await counted(compound_id, tx=tx), rules.document.checkpoints)
    version = await store.reopen(tx, checkpoint_id, policy_version=rules.version)
    opened = replace(
        gate,
        opened_on=tx.today,
        policy_version=rules.version,
        closed_at=None,
        closed_for=None,
        version=version,
    )
    await _tell_open(opened, tx=tx)
    return opened


async def correct(place: Checkpoint, *, seen: int, tx: Tx) -> CheckpointState:
    """Correct the name, the traffic or the note of a checkpoint that is in use.

    Raises:
        CheckpointUnknown, CheckpointIsClosed, ChangedMeanwhile: as their names say.
    """
    gate = await _locked(place.compound_id, place.checkpoint_id, tx=tx)
    held, new = (gate.name, gate.traffic, gate.note), (place.name, place.traffic, place.note)
    if not decide_correction(held, new, version=gate.version, seen=seen):
        return gate
    if not gate.open_at(tx.now):
        raise CheckpointIsClosed("该卡口已关闭。This checkpoint is closed.", field="checkpoint_id")
    version = await store.correct(tx, place)
    corrected = replace(gate, name=place.name, traffic=place.traffic, note=place.note, version=version)
    await _tell_open(corrected, tx=tx)
    return corrected


async def open_temporary(
    place: Checkpoint, *, purpose: TemporaryFor, reason: str, expires_at: datetime, tx: Tx
) -> tuple[CheckpointState, bool]:
    """Open a gate for fire engines or ambulances, beside the limit; it closes by itself. The same again is one.

    Raises:
        CompoundUnknown, SameIdOtherContent, ExpiryNotAllowed, PolicySilent, PolicyUnknown: as their names say.
    """
    if place.compound_id not in await premises_store.lock_compounds(tx, [place.compound_id]):
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound_id")
    rules = await policy.in_force(tx, tx.today)
    gate = CheckpointState(
        checkpoint_id=place.checkpoint_id,
        compound_id=place.compound_id,
        name=place.name,
        traffic=Traffic.MIXED,
        opened_on=tx.today,
        note=None,
        policy_version=rules.version,
        temporary_for=purpose,
        temporary_reason=reason,
        expires_at=expires_at,
        closed_at=None,
        closed_for=None,
        version=1,
    )
    held = await store.state(tx, place.checkpoint_id)
    if held is not None:
        if _stated(held) != _stated(gate):
            raise SameIdOtherContent(
                "该卡口编号已用于其他内容。This checkpoint is described otherwise.", field="checkpoint_id"
            )
        return held, False
    decide_temporary(expires_at, now=tx.now, rules=rules.document.checkpoints)
    await store.add_temporary(tx, gate)
    await _tell_open(gate, tx=tx)
    return gate, True


async def close_expired(database: Database) -> None:
    """Close temporary gates whose time is over, each as of its expiry. Done twice, it is done once."""
    while True:
        async with database.begin() as tx:
            over = await store.expired(tx)
            for gate in over:
                await _close(gate, closed_at=gate.expires_at or tx.now, closed_for=ClosedFor.EXPIRED, tx=tx)
        if not over:
            return


async def counted(compound_id: str, *, tx: Tx) -> list[str]:
    """The checkpoints that count towards the limit: those in use, without temporary gates."""
    return [
        gate.checkpoint_id
        for gate in await store.states_of(tx, compound_id)
        if gate.temporary_for is None and gate.open_at(tx.now)
    ]


async def _locked(compound_id: str, checkpoint_id: str, *, tx: Tx) -> CheckpointState:
    await premises_store.lock_compounds(tx, [compound_id])
    gate = await store.state(tx, checkpoint_id)
    if gate is None or gate.compound_id != compound_id:
        raise CheckpointUnknown(
            "该小区没有这个卡口。The compound has no such checkpoint.", field="checkpoint_id"
        )
    return gate


async def _close(
    gate: CheckpointState, *, closed_at: datetime, closed_for: ClosedFor, tx: Tx
) -> CheckpointState:
    version = await store.close(tx, gate.checkpoint_id, closed_at=closed_at, closed_for=closed_for)
    closed = CheckpointClosed(
        checkpoint=gate.checkpoint_id, compound=gate.compound_id, reason=closed_for.value, closed_at=closed_at
    )
    await tx.publish(closed, version=version)
    return replace(gate, closed_at=closed_at, closed_for=closed_for, version=version)


async def _tell_open(gate: CheckpointState, *, tx: Tx) -> None:
    opened = CheckpointOpened(
        checkpoint=gate.checkpoint_id,
        compound=gate.compound_id,
        name=gate.name,
        policy_version=gate.policy_version,
        temporary=gate.temporary_for is not None,
        expires_at=gate.expires_at,
    )
    await tx.publish(opened, version=gate.version)


def _stated(gate: CheckpointState) -> tuple[object, ...]:
    return gate.compound_id, gate.name, gate.temporary_for, gate.temporary_reason, gate.expires_at
