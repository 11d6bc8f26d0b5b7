"""A new list of risk areas: every open case is held against it once, and an officer decides (R4.8, O8)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal
from uuid import UUID

from services.observation.domain.case import Case
from services.observation.domain.deciding import Terms
from services.observation.domain.refusals import ProposalSettled
from services.observation.domain.risk import strictest, upgrade_of
from services.observation.handlers import observing
from services.observation.handlers.keys import sealing_key
from services.observation.store import cases, copies, risks
from shared.db.pool import Tx
from shared.events.policy_observation import Category, ObservationRules
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.ids import uuid7
from shared.kernel.sealed import Vault

Verdict = Literal["accept", "decline"]


async def hold_against_list(tx: Tx) -> bool:
    """Propose for every open case what one list in effect makes graver; False when every list was dealt with."""
    unseen = await risks.lock_unseen(tx, tx.today)
    calendar = await copies.calendar(tx)
    if unseen is None or calendar is None:
        return False
    revision, areas = unseen
    rules = calendar.on(tx.today).document.observation
    origins = await risks.observed(tx)
    for case in await cases.lock_many(tx, list(origins)):
        await _hold(case, origins[case.case_id], revision, areas, rules, tx=tx)
    await risks.seen(tx, revision)
    return True


async def hold_late(case: Case, returnee: ReturneeRegistered, rules: ObservationRules, *, tx: Tx) -> None:
    """Hold one case against the list in effect, where it came after that was held against the others.

    An intake is judged by the list of the day of its registration, also when it is keyed in, told or corrected days
    later.
    """
    last = await risks.last_seen(tx)
    if last is not None and last[0] > returnee.risk_revision and not case.is_over:
        await _hold(case, returnee.origin_code, *last, rules, tx=tx)


async def _hold(
    case: Case,
    origin_code: str,
    revision: int,
    areas: Mapping[str, Category],
    rules: ObservationRules,
    *,
    tx: Tx,
) -> None:
    found = upgrade_of(case, origin_code, areas, rules)
    if found is None:
        return
    category, measure = found
    await risks.propose(
        tx,
        uuid7(),
        case_id=case.case_id,
        revision=revision,
        from_category=case.category,
        to_category=category,
        measure=measure,
    )


async def decide_proposal(
    proposal_id: UUID,
    verdict: Verdict,
    reason: str,
    *,
    decision_id: UUID,
    terms: Terms,
    decided_by: str,
    tx: Tx,
    vault: Vault,
) -> bool:
    """Carry out or decline a locked proposal, once per decision; True if it was decided so before.

    Accepting is a changed measure like any other: the old category and measure stay visible with their dates. What an
    officer made stricter since it was proposed stays so: a proposal relaxes nobody.

    Raises:
        ProposalSettled: somebody decided otherwise already.
        Whatever a changed measure is refused with.
    """
    proposal = await risks.lock(tx, proposal_id)
    if proposal is None or proposal["state"] != "open":
        wanted = "accepted" if verdict == "accept" else "declined"
        if proposal and (proposal["state"], proposal["decision_id"]) == (wanted, decision_id):
            return True
        raise ProposalSettled("该建议已处理。This proposal is decided already.", field="proposal_id")
    case = await observing.locked(tx, proposal["case_id"])
    if verdict == "accept":
        category, measure = strictest(case, proposal["to_category"], proposal["measure"])
        terms = replace(terms, category=category, measure=terms.measure or measure)
        await observing.decide(
            decision_id,
            "change_measure",
            reason,
            case_id=case.case_id,
            decided_by=decided_by,
            tx=tx,
            vault=vault,
            terms=terms,
        )
    key = await sealing_key(vault, case.person_ref)
    await risks.settle(
        tx,
        proposal_id,
        "accepted" if verdict == "accept" else "declined",
        decision_id,
        by=decided_by,
        sealed=vault.seal(key, "proposal_reason", reason),
    )
    return False
