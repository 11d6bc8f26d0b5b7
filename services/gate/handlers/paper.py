"""Keying in what was written on paper: a check like any other, marked as such (gate rules)."""

from dataclasses import dataclass, field
from uuid import UUID

from services.gate.domain.entry import GateRules
from services.gate.domain.paper import decide_sheet
from services.gate.handlers.checks import Answered, Outcome, check_entries
from services.gate.handlers.duty import worker_of
from services.gate.handlers.judging import CheckEntry
from services.gate.store import paper as store
from shared.db.pool import Tx
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIn:
    """A line of a sheet; the badge says who keys it in. What the guard decided then stands, as of an offline device."""

    check: CheckEntry
    sheet: str
    line: int
    badge: str = field(repr=False)


async def key_in(cmd: KeyIn, *, tx: Tx, rules: GateRules, vault: Vault) -> Outcome:
    """Keep the check and where it comes from; a repeat gets the first answer.

    Raises:
        SheetUnknown, BadgeUnknown, LineKeyed: as their names say.
        SameIdOtherContent: the id was used for a check that is not from this line.
    """
    decide_sheet(cmd.sheet, cmd.check.station.checkpoint, tx.today)
    keyed_by: UUID = await worker_of(tx, vault, cmd.badge)
    [outcome] = await check_entries([cmd.check], tx=tx, rules=rules, vault=vault)
    if not isinstance(outcome, Answered):
        return outcome
    if outcome.created:
        where = (cmd.check.check_id, cmd.check.station.checkpoint, cmd.sheet, cmd.line)
        await tx.execute(store.ADD_ENTRY, *where, keyed_by, tx.now)
        return outcome
    kept = await tx.fetchrow(store.ENTRY, cmd.check.check_id)
    if kept is None or (kept["sheet"], kept["line"]) != (cmd.sheet, cmd.line):
        raise SameIdOtherContent(
            "该编号已用于另一次查验。This id was used for another check.", field="check.check_id"
        )
    return outcome
