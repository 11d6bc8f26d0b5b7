"""A gate's fever turns out to be mistyped: what was opened for it alone ends (R2.3, G2, O6)."""

from uuid import uuid5

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case, State
from services.observation.domain.deciding import withdrawn
from services.observation.domain.settling import decide_settling
from services.observation.handlers.observing import keep_change
from services.observation.store import cases, copies, declarations, fevers
from services.observation.store.declarations import KeptDecision
from shared.db.pool import Tx
from shared.events.gate import FeverWithdrawn
from shared.kernel.sealed import Vault

DECIDED_BY = "observation.gate_fevers"
REASON = "门岗测温更正，该次发热记录撤回。The gate corrected the reading; the fever is withdrawn."


async def withdraw_fever(event: FeverWithdrawn, *, tx: Tx, vault: Vault) -> None:
    """Take back one fever; the path and the interruption end if nothing else stands for them.

    What else stands: another gate's fever, an alarming declaration, a word of the clinic, a confirmed case. The clock
    goes on as if by `resume`, and the decision is kept with its reason like an officer's.
    """
    case = await cases.lock_in_force(tx, event.person_ref)
    await fevers.withdraw_at_gate(tx, event.corrects, event.withdrawn_at)
    people = await cases.lock_person(tx, event.person_ref)
    if not await fevers.is_open(tx, people) or await fevers.stands_for(tx, people):
        return
    await fevers.close_episodes(tx, people, "withdrawn", tx.now)
    calendar = await copies.calendar(tx)
    if case is not None and calendar is not None:
        await _go_on(case, event, calendar, tx=tx, vault=vault)


async def _go_on(case: Case, event: FeverWithdrawn, calendar: Calendar, *, tx: Tx, vault: Vault) -> None:
    settled, facts = decide_settling(case, calendar, until=tx.now)
    if settled.state is not State.MEDICAL:
        await keep_change(tx, (case, settled, facts), settled, calendar)
        return
    decision_id = uuid5(event.check_id, DECIDED_BY)
    after = await keep_change(
        tx, (case, settled, facts), withdrawn(settled, tx.now), calendar, decision_id=decision_id
    )
    kept = KeptDecision(
        decision_id=decision_id,
        case_id=case.case_id,
        kind="resume",
        decided_at=tx.now,
        state_after=after.state.value,
        last_day_after=after.last_day,
    )
    key = (await vault.keys([case.person_ref], create=True)).get(
        case.person_ref
    )  # none of whoever was erased
    await declarations.add_decision(
        tx,
        kept,
        decided_by=DECIDED_BY,
        sealed=None if key is None else vault.seal(key, "decision_reason", REASON),
        content_index=vault.index("decision", f"{case.case_id}|resume|{event.corrects}"),
    )
