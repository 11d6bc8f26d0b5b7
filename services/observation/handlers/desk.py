"""Calls and visits, and who is to make them. Each under the case's lock, in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.observation.domain.attempts import (
    Attempt,
    AttemptKind,
    Outcome,
    check_attempt,
    check_told,
)
from services.observation.domain.calendar import ONE_DAY, Calendar, Slot
from services.observation.domain.case import Case
from services.observation.domain.declaring import Channel, Draft
from services.observation.domain.grid import Cell, WindowState, grid_of, outcome_of
from services.observation.domain.refusals import CaseEnded
from services.observation.handlers import declaring, observing
from services.observation.handlers.declaring import Receipt
from services.observation.handlers.keys import sealing_key
from services.observation.store import cases
from services.observation.store import desk as store
from services.observation.store.desk import Reach
from shared.db.pool import Conn, Tx
from shared.kernel.days import start_of
from shared.kernel.sealed import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an attempt is answered with; `receipt` of the declaration that came with it."""

    recorded_at: datetime
    receipt: Receipt | None
    repeated: bool


async def record_attempt(
    attempt: Attempt, draft: Draft | None, *, case_id: UUID, recorded_by: str, tx: Tx, vault: Vault
) -> Told:
    """Keep what a call or a visit came to, once per id, with the declaration that was made in it.

    Unless it was not performed, it ends the follow-up of its kind.

    Raises:
        CaseUnknown, CaseEnded, SameIdOtherContent, PolicyUnknown, and what `check_attempt` and `check_told` raise.
    """
    case = await observing.locked(tx, case_id)
    said = "" if draft is None else f"{draft.declaration_id}|{draft.content()}"
    content = f"{case_id}|{attempt.content()}|{said}"
    kept = await store.find_attempt(tx, attempt.attempt_id)
    if kept is not None:
        if kept["content_index"] not in vault.index_all("attempt", content):
            raise store.REJECTIONS["contact_attempt_pkey"]
        receipt = None
        if draft is not None:
            receipt = await declaring.declare(
                draft, case_id=case_id, recorded_by=recorded_by, tx=tx, vault=vault
            )
        return Told(recorded_at=kept["recorded_at"], receipt=receipt, repeated=True)
    if case.ended_at is not None:
        raise CaseEnded("健康观察已结束。The observation is over.")
    calendar = await observing.calendar_in_force(tx, tx.today)
    check_attempt(
        attempt,
        declared=draft is not None,
        now=tx.now,
        began_at=case.opened_at,
        ahead_seconds=calendar.on(tx.today).document.gate.future_stamp_seconds,
    )
    attempt = replace(attempt, at=min(attempt.at, tx.now))
    receipt = None
    if draft is not None:
        receipt = await declaring.declare(draft, case_id=case_id, recorded_by=recorded_by, tx=tx, vault=vault)
        check_told(attempt, alarming=receipt.alarming)
    key = await sealing_key(vault, case.person_ref)
    await store.add_attempt(
        tx,
        case_id,
        attempt,
        recorded_by=recorded_by,
        note_sealed=None if attempt.note is None else vault.seal(key, "attempt_note", attempt.note),
        content_index=vault.index("attempt", content),
    )
    if attempt.outcome is not Outcome.NOT_PERFORMED:
        await store.end_follow_ups(tx, case_id, [attempt.kind], ended_by=recorded_by, ended_as="done")
    return Told(recorded_at=tx.now, receipt=receipt, repeated=False)


async def assign(
    follow_up_id: UUID,
    kind: AttemptKind,
    *,
    case_id: UUID,
    assigned_to: str,
    assigned_by: str,
    tx: Tx,
    bulk_id: UUID | None = None,
) -> bool:
    """Have somebody call or visit, once per id; whoever was to do it before is relieved. Tells whether it is new.

    Raises:
        CaseUnknown, CaseEnded, SameIdOtherContent.
    """
    case = await observing.locked(tx, case_id)
    kept = await store.find_follow_up(tx, follow_up_id)
    if kept is not None:
        if (kept["case_id"], kept["kind"], kept["assigned_to"]) != (case_id, kind, assigned_to):
            raise store.REJECTIONS["follow_up_pkey"]
        return False
    if case.ended_at is not None:
        raise CaseEnded("健康观察已结束。The observation is over.")
    await store.end_follow_ups(tx, case_id, [kind], ended_by=assigned_by, ended_as="reassigned")
    await store.add_follow_up(
        tx,
        follow_up_id,
        case_id=case_id,
        kind=kind,
        assigned_to=assigned_to,
        assigned_by=assigned_by,
        bulk_id=bulk_id,
    )
    return True


async def withdraw(case_id: UUID, *, by: str, tx: Tx) -> int:
    """Relieve whoever was to call or visit; tells how many follow-ups that ended.

    Raises:
        CaseUnknown.
    """
    await observing.locked(tx, case_id)
    return await store.end_follow_ups(tx, case_id, ["call", "visit"], ended_by=by, ended_as="withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a window was answered, and which of the five outcomes it came to."""

    channels: tuple[Channel, ...] = ()
    declarations: int = 0
    alarming: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A case with its due windows in a range of days, each with its mark."""

    case: Case
    cells: tuple[tuple[Cell, Mark], ...]


async def days(
    conn: Conn,
    reach: Reach,
    *,
    first: date,
    last: date,
    after: UUID | None,
    limit: int,
    calendar: Calendar,
    now: datetime,
) -> list[Days]:
    """Tell the windows of a page of cases: derived by the same rule as a case's own page."""
    rows = await store.grid_page(
        conn, reach, last=last, ended_since=start_of(first), after=after, limit=limit
    )
    ids = [row["case_id"] for row in rows]
    marked: defaultdict[UUID, dict[Slot, Mark]] = defaultdict(dict)
    for row in await store.marks(conn, ids, first, last):
        marked[row["case_id"]][row["day"], row["window_name"]] = Mark(
            channels=tuple(row["channels"]), declarations=row["declarations"], alarming=row["alarming"]
        )
    tried: defaultdict[tuple[UUID, Slot], list[Outcome]] = defaultdict(list)
    for row in await store.tried(conn, ids, start_of(first), start_of(last + 2 * ONE_DAY)):
        tried[row["case_id"], calendar.span_at(row["at"]).slot].append(Outcome(row["outcome"]))
    cases_by_id = {case.case_id: case for case in await cases.find_all(conn, ids)}
    return [
        Days(
            case=case,
            cells=tuple(
                (
                    cell,
                    _judged(
                        cell,
                        marked[case.case_id].get(cell.span.slot, Mark()),
                        tried[case.case_id, cell.span.slot],
                    ),
                )
                for cell in grid_of(case, calendar, now=now)
                if first <= cell.span.day <= last and cell.state is not WindowState.NOT_DUE
            ),
        )
        for row in rows
        if (case := cases_by_id.get(row["case_id"])) is not None
    ]


def _judged(cell: Cell, mark: Mark, tried: Sequence[Outcome]) -> Mark:
    return replace(mark, outcome=outcome_of(cell, tried, alarming=mark.alarming))
