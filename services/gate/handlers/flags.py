"""What comes to light when checks are handed in late. History stays as it is; somebody is told (G9 to G11, F15)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

from services.gate.domain.flags import Flag, decide_clock, decide_late_admission, decide_meetings
from services.gate.domain.rulings import Verdict
from services.gate.store import flags as store
from shared.db.pool import Tx
from shared.events.gate import AdmittedAfterRevocation, CheckFlagged
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef

_KINDS: tuple[Flag, ...] = get_args(Flag)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A new check that a device decided by itself, about a pass that is not good any more."""

    check_id: UUID
    pass_id: UUID
    person_ref: PersonRef | None
    shown_serial: int | None
    compound: CompoundId
    checkpoint: CheckpointId
    verdict: Verdict
    happened_at: datetime


async def tell_late_admissions(checks: Sequence[HandedIn], *, tx: Tx) -> None:
    """Tell of each admission that came after the pass's end, within the transaction that keeps the check (G10)."""
    if not checks:
        return
    passes = await store.pass_ends(tx, sorted({check.pass_id for check in checks}))
    for check in checks:
        ended = decide_late_admission(
            check.happened_at, check.verdict, shown_serial=check.shown_serial, now=passes[check.pass_id]
        )
        if ended is None:
            continue
        ended_as, ended_at = ended
        await tx.publish(
            AdmittedAfterRevocation(
                check_id=check.check_id,
                pass_id=check.pass_id,
                person_ref=check.person_ref,
                compound=check.compound,
                checkpoint=check.checkpoint,
                ended_as=ended_as,
                ended_at=ended_at,
                checked_at=check.happened_at,
            ),
            version=1,
        )


async def flag_checks(check_ids: Sequence[UUID], *, tx: Tx) -> None:
    """Look at checks that were kept: the same person elsewhere at the time, and clocks that were wrong.

    Each finding is told once, whichever of two checks came first. Where the policy does not say how near in time two
    gates are too near, nobody is flagged for that.
    """
    found = await store.places(tx, check_ids)
    flags = [
        decide_clock(check_id, place.device_at, place.received_at)
        for check_id, place in found.items()
        if not place.time_trusted
    ]
    rules = await store.sync_rules(tx, tx.today)
    if rules is not None:
        flags += decide_meetings(await store.meetings(tx, check_ids, rules), rules)
    if not flags:
        return
    for flagged in await store.keep(tx, flags):
        place = found[flagged.check_id]
        await tx.publish(
            CheckFlagged(
                check_id=flagged.check_id,
                person_ref=place.person_ref,
                compound=place.compound,
                checkpoint=place.checkpoint,
                flag=flagged.flag,
                other_check_id=flagged.other_check_id,
                flagged_at=tx.now,
            ),
            version=1 + _KINDS.index(flagged.flag),
        )
