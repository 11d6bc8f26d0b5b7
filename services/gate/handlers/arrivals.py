"""Arrivals: the steps *record* and *report* of somebody who comes back or is new (R2.4, R2.5, G4, G17)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.gate.domain.arrivals import Arrival, Reports, decide_reports
from services.gate.domain.entry import GateRules
from services.gate.handlers.checks import Answered, Outcome, check_entries
from services.gate.handlers.judging import CheckEntry
from services.gate.store import arrivals as store
from shared.db.pool import Tx
from shared.events.gate import (
    FirstReturnSeen,
    FocusAreaPersonReported,
    IntakeAnswersSealed,
    PassApplicationRequested,
)
from shared.kernel.cards import CardKeys
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckArrival:
    """An entry check of somebody who arrives. `answers` go to the registry, sealed, and are not kept here."""

    check: CheckEntry
    arrival: Arrival
    answers: Mapping[str, Any] = field(repr=False)


async def check_arrival(
    cmd: CheckArrival, *, tx: Tx, rules: GateRules, vault: Vault, cards: CardKeys
) -> Outcome:
    """Judge, keep, and report at once; a repeat gets the first answer and reports nothing again.

    What a device decided alone is answered as it was; what is reported follows from what is known here.
    """
    [outcome] = await check_entries([cmd.check], tx=tx, rules=rules, vault=vault)
    if isinstance(outcome, Answered) and outcome.created:
        await _report(tx, cmd, outcome, decide_reports(cmd.arrival, outcome.found), cards)
    return outcome


async def _report(tx: Tx, cmd: CheckArrival, told: Answered, reports: Reports, cards: CardKeys) -> None:
    check, station = cmd.check, cmd.check.station
    where: dict[str, Any] = {
        "check_id": check.check_id,
        "compound": station.compound,
        "checkpoint": station.checkpoint,
        "person_ref": told.answer.person_ref,
        "checked_at": told.happened_at,
    }
    if reports.focus_area:
        await tx.publish(FocusAreaPersonReported(**where), version=1)
        await store.open_loop(tx, "focus_area", where)
    if reports.first_return:
        await tx.publish(FirstReturnSeen(**where, held=reports.held), version=1)
        await store.open_loop(tx, "first_return", where)
    if reports.application:
        await tx.publish(PassApplicationRequested(**where, suzhou_code=cmd.arrival.suzhou_code), version=1)
        await store.open_loop(tx, "application", where)
    if reports.any:
        sealed = cards.seal_card("registry", cmd.answers)
        await tx.publish(
            IntakeAnswersSealed(check_id=check.check_id, compound=station.compound, answers=sealed), version=1
        )
