"""Commands and reactions: each loads under the case's lock, decides, saves and publishes in one transaction.

A command first settles what fell due for its case, so its outcome never depends on how lately the ticker ran.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.observation.domain.calendar import Calendar, Slot
from services.observation.domain.case import Case
from services.observation.domain.deciding import (
    NO_TERMS,
    NOT_SEEN,
    DecisionKind,
    Seen,
    Terms,
    check_seen,
    decide_decision,
)
from services.observation.domain.refusals import CaseUnknown
from services.observation.domain.repeats import same_content
from services.observation.domain.settling import (
    Fact,
    WindowMissed,
    decide_settling,
    event_of,
    next_step,
)
from services.observation.handlers.keys import sealing_key
from services.observation.handlers.telling import change_of, start_of_case
from services.observation.store import cases, changes, copies, declarations, fevers, households, merges
from services.observation.store.declarations import KeptDecision
from shared.db.pool import Conn, Tx
from shared.http.problem import PolicyUnknown
from shared.kernel.sealed import Vault

Settled = tuple[Case, Case, tuple[Fact, ...]]
"""A case before, after, and the facts in between."""


async def calendar_in_force(conn: Conn, today: date) -> Calendar:
    """Read the rules.

    Raises:
        PolicyUnknown: none is in force yet.
    """
    return in_force(await copies.calendar(conn), today)


def in_force(calendar: Calendar | None, today: date) -> Calendar:
    """Insist on rules for today.

    Raises:
        PolicyUnknown: none is in force yet.
    """
    if calendar is None or calendar.effective_from > today:
        raise PolicyUnknown
    return calendar


async def open_case(case: Case, calendar: Calendar, *, intake_id: UUID | None, tx: Tx) -> Case:
    """Keep and tell a new case; tells it as it stands once what was due already is settled.

    The dwelling may lie in another grid by now than when somebody was registered: news of both come in any order.
    """
    case = replace(case, grid=await households.grid_of(tx, case.dwelling_id) or case.grid)
    opened, facts = decide_settling(case, calendar, until=tx.now)  # the period of a late intake may be over
    await cases.add(tx, opened, intake_id=intake_id, next_step_at=next_step(opened, calendar))
    await tx.publish(start_of_case(case), version=case.version)
    await tell(tx, [(case, opened, facts)])
    return opened


async def keep_change(
    tx: Tx, settled: Settled, after: Case, calendar: Calendar, *, decision_id: UUID | None = None
) -> Case:
    """Save a locked case that was settled and then changed, or not, and tell both; tells it as it stands at the end."""
    before, between, _ = settled
    last, closing = decide_settling(
        after, calendar, until=tx.now
    )  # what was decided may have been over already
    missed = missed_of([settled, (after, last, closing)])
    void: tuple[Slot, ...] | None = None
    await cases.add_missed(tx, missed)
    if len(after.reschedulings) > len(between.reschedulings):
        change = after.reschedulings[-1]
        await changes.save_rescheduling(tx, before.case_id, change, decision_id)
        if change.kind == "anchor_corrected":
            told = before.told_missed.union((fact.day, fact.window) for _, fact in missed)
            void = tuple(sorted(told.difference(span.slot for span in last.due_windows(calendar))))
            await changes.mark_void(tx, before.case_id, void)
    if after.interruptions != between.interruptions:
        await cases.save_interruption(tx, before.case_id, after.interruptions[-1])
    await cases.save(tx, [(last, next_step(last, calendar))])
    await tell(tx, [settled])
    if after.version != between.version:
        version = calendar.on(tx.today).version
        await tx.publish(change_of(between, after, policy_version=version, void=void), version=after.version)
    await tell(tx, [(after, last, closing)])
    return last


async def settle(tx: Tx, due: Sequence[Case], calendar: Calendar, *, until: datetime) -> None:
    """Act on everything that fell due for locked cases up to an instant, with one statement a kind."""
    settled = [(case, *decide_settling(case, calendar, until=until)) for case in due]
    await cases.add_missed(tx, missed_of(settled))
    await cases.save(tx, [(after, next_step(after, calendar)) for _, after, _ in settled])
    await tell(tx, settled)


async def decide(
    decision_id: UUID,
    kind: DecisionKind,
    reason: str,
    *,
    case_id: UUID,
    decided_by: str,
    tx: Tx,
    vault: Vault,
    terms: Terms = NO_TERMS,
    seen: Seen = NOT_SEEN,
) -> tuple[KeptDecision, bool]:
    """Carry out an officer's decision once per id; tells the answer and whether it is a repeated one (O3, O5, O6).

    Raises:
        CaseUnknown, PolicyUnknown, SameIdOtherContent, CaseChanged, and what `decide_decision` raises.
    """
    before = await locked(tx, case_id)
    content = (
        f"{case_id}|{kind}|{reason}" if terms == NO_TERMS else f"{case_id}|{kind}|{reason}|{terms.content()}"
    )
    if known := await declarations.find_decision(tx, decision_id):
        kept, index = known
        same_content(index, vault.index_all("decision", content))
        return kept, True
    calendar = await calendar_in_force(tx, tx.today)
    settled, facts = decide_settling(before, calendar, until=tx.now)
    check_seen(settled, seen)
    rules = calendar.on(tx.today).document.observation
    decided = decide_decision(settled, kind, now=tx.now, terms=terms, rules=rules)
    key = await sealing_key(vault, before.person_ref)
    after = await keep_change(tx, (before, settled, facts), decided, calendar, decision_id=decision_id)
    kept = KeptDecision(
        decision_id=decision_id,
        case_id=case_id,
        kind=kind,
        decided_at=tx.now,
        state_after=after.state.value,
        last_day_after=after.last_day,
    )
    await declarations.add_decision(
        tx,
        kept,
        decided_by=decided_by,
        sealed=vault.seal(key, "decision_reason", reason),
        content_index=vault.index("decision", content),
    )
    if kind in {"resume", "restart"}:
        people = await merges.same_person(tx, before.person_ref)
        await fevers.close_episodes(tx, people, kind, tx.now)
    elif kind == "change_measure":
        place = json.dumps({"site": terms.site, "room": terms.room}) if terms.site or terms.room else None
        await changes.save_measure(
            tx,
            settled,
            decided,
            decision_id=decision_id,
            approver=terms.approver,
            technical_means=terms.technical_means,
            place_sealed=None if place is None else vault.seal(key, "place", place),
        )
    return kept, False


async def locked(tx: Tx, case_id: UUID) -> Case:
    """Read a case under its row lock.

    Raises:
        CaseUnknown: there is none.
    """
    return found(await cases.lock(tx, case_id))


def found(case: Case | None) -> Case:
    """Insist that there is such a case.

    Raises:
        CaseUnknown: there is none.
    """
    if case is None:
        raise CaseUnknown("没有这个观察个案。There is no such case.")
    return case


def missed_of(settled: Sequence[Settled]) -> list[tuple[UUID, WindowMissed]]:
    """Tell the windows that closed empty in between."""
    return [
        (case.case_id, fact) for case, _, facts in settled for fact in facts if isinstance(fact, WindowMissed)
    ]


async def tell(tx: Tx, settled: Sequence[Settled]) -> None:
    """Publish what fell due."""
    for before, after, facts in settled:
        for nth, fact in enumerate(facts, start=1):
            await tx.publish(event_of(after, fact), version=before.version + nth)
