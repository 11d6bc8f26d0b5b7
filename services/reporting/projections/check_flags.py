"""Checks that need a look (G9 to G11, R2.5, F15).

Admissions after a pass had ended, one pass at two gates, clocks; who told of contact with a case, and who stood at the
way out though they stay at home.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import check_flags as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.gate import (
    AdmittedAfterRevocation,
    CaseContactReported,
    CheckFlagged,
    QuarantineExitSeen,
)
from shared.kernel.ids import CheckpointId, CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagKey:
    """What is said of which check; where no second check is meant, the check stands for it as well."""

    check_id: UUID
    flag: str
    other_check_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRow:
    """Where it was, when it came to light, and when the pass of a late admission had ended."""

    compound: CompoundId
    checkpoint: CheckpointId
    flagged_at: datetime
    ended_at: datetime | None


def fold(events: Iterable[Event]) -> dict[FlagKey, FlagRow]:
    """Every flag of a run. Unless the gate says when it flagged a check, the time of the check counts.

    Of a late admission that is when it was noticed too late.
    """
    rows: dict[FlagKey, FlagRow] = {}
    for event in events:
        match event:
            case CheckFlagged():
                key = FlagKey(
                    check_id=event.check_id,
                    flag=event.flag,
                    other_check_id=event.other_check_id or event.check_id,
                )
                rows[key] = FlagRow(
                    compound=event.compound,
                    checkpoint=event.checkpoint,
                    flagged_at=event.flagged_at,
                    ended_at=None,
                )
            case AdmittedAfterRevocation():
                key = _key(event.check_id, f"admitted_after_{event.ended_as}")
                rows[key] = _at_its_check(event, ended_at=event.ended_at)
            case CaseContactReported():
                rows[_key(event.check_id, "case_contact")] = _at_its_check(event)
            case QuarantineExitSeen():
                through = event.verdict in {"admit", "admit_with_action"}
                flag = "quarantine_left" if through else "quarantine_exit"
                rows[_key(event.check_id, flag)] = _at_its_check(event)
    return rows


def _key(check_id: UUID, flag: str) -> FlagKey:
    return FlagKey(check_id=check_id, flag=flag, other_check_id=check_id)


def _at_its_check(
    event: AdmittedAfterRevocation | CaseContactReported | QuarantineExitSeen,
    ended_at: datetime | None = None,
) -> FlagRow:
    return FlagRow(
        compound=event.compound, checkpoint=event.checkpoint, flagged_at=event.checked_at, ended_at=ended_at
    )


class CheckFlags(
    ReadModel,
    name="check_flags",
    version=1,
    reads=(AdmittedAfterRevocation, CheckFlagged, CaseContactReported, QuarantineExitSeen),
):
    """Each flag once, without the person: HQ asks the gate about whom it is."""

    tables = ("check_flag",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement."""
        rows: list[tuple[object, ...]] = [
            (
                key.check_id,
                key.flag,
                key.other_check_id,
                row.compound,
                row.checkpoint,
                row.flagged_at,
                row.ended_at,
            )
            for key, row in fold(item.event for item in batch.received).items()
        ]
        if rows:
            await tx.execute(store.PUT_FLAGS, *columns(rows, 7))
