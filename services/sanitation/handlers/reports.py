"""Reports of the public: taken from anybody who stands at a place, looked at by the community, ordered where true."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.sanitation.domain.reports import (
    Decision,
    Problem,
    ReportUnknown,
    State,
    decide_report,
)
from services.sanitation.domain.sites import SiteUnknown
from services.sanitation.handlers.orders import Fault, order_for
from services.sanitation.handlers.policy import finding, in_force, inspection_rules
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import copies as copies_store
from services.sanitation.store import reports as store
from services.sanitation.store import sites as sites_store
from shared.db.pool import Tx
from shared.http.access import Principal
from shared.kernel.ids import SiteId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import said_in, same, seal

TEXT = "report_text"
NOTE = "report_note"
CONTENT = "report_content"
"""Names of sealed fields and of an index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProblem:
    """Somebody stands at a place and something is wrong there."""

    report_id: UUID
    site_code: SiteId
    problem: Problem
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A report after it was decided. `fresh`: by this very command."""

    fresh: bool
    report_id: UUID
    state: State
    order_id: UUID | None


async def report(cmd: ReportProblem, *, tx: Tx, vault: Vault) -> tuple[datetime, bool]:
    """Keep what somebody reports. Asked twice, answered once: says when it was taken, and whether it is new.

    Raises:
        SiteUnknown: no place in use has this code.
        SameIdOtherContent: the id was used for another report.
    """
    known = await sites_store.site_for_update(tx, cmd.site_code)
    if known is None or not known.site.active:
        raise SiteUnknown("没有这个点位编号。There is no place with this code.", field="site_code")
    before = await store.report(tx, cmd.report_id)
    if before is not None:
        if not same(vault, CONTENT, before["content_index"], said_in(cmd)):
            raise SameIdOtherContent(
                "该编号已用于另一次反映。This id was used for another report.", field="report_id"
            )
        return before["reported_at"], False
    key_ref = uuid7()
    text = await seal(vault, key_ref, TEXT, cmd.text)
    await store.add_report(
        tx,
        cmd.report_id,
        site_id=known.site_id,
        compound=known.site.compound,
        problem=cmd.problem,
        key_ref=key_ref,
        text=text.sealed if text else None,
        index=vault.index(CONTENT, said_in(cmd)),
    )
    return tx.now, True


async def decide(
    report_id: UUID, decision: Decision, note: str, *, role: str, who: Principal, tx: Tx, vault: Vault
) -> Decided:
    """Say whether a report is so; if it is, it is ordered to be put right, in the words of whoever looked.

    Raises:
        ReportUnknown, OutOfScope: there is none, or it is somebody else's.
        ReportDecided: it was decided otherwise.
        PolicySilent, PolicyUnknown: there is no rule for orders.
    """
    row = await store.report_for_update(tx, report_id)
    if row is None:
        raise ReportUnknown("没有这条反映。There is no such report.", field="report_id")
    await require_compound(tx, who, row["compound"])
    if not decide_report(row["state"], decision):
        return Decided(fresh=False, report_id=report_id, state=row["state"], order_id=row["order_id"])
    order_id = None
    if decision == "upheld":
        await tx.fetch(copies_store.LOCK_COMPOUNDS, [row["compound"]])
        rules = inspection_rules((await in_force(tx, tx.today)).document)
        fault = Fault(
            compound=row["compound"],
            source="report",
            inspection_id=None,
            inspected="site",
            subject=row["code"],
            item=finding(rules, "reported"),
            by=who.subject,
            role=role,
            note=note,
        )
        order_id = await order_for(tx, fault, rules=rules, vault=vault)
    sealed = await seal(vault, row["key_ref"], NOTE, note)
    await tx.execute(
        store.DECIDE,
        report_id,
        decision,
        sealed.sealed if sealed else None,
        tx.now,
        tx.actor,
        order_id,
    )
    return Decided(fresh=True, report_id=report_id, state=decision, order_id=order_id)
