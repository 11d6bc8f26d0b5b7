"""Settling what stands against somebody, also where they have no pass that a step could be taken on (G2, R2.4)."""

from dataclasses import dataclass
from uuid import UUID

from services.registry.domain.errors import PersonUnknown
from services.registry.domain.pass_life import ReinstatementReason, decide_settlement
from services.registry.domain.passes import Hold, HoldKind
from services.registry.handlers import pass_life
from services.registry.store import passes as pass_store
from services.registry.store import people_holds as store
from services.registry.store import returnees as returnee_store
from shared.db.pool import Tx
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

CONTENT, NOTE = "hold_settlement", "hold_settlement_note"
"""Names of a keyed index and of a sealed field, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleHold:
    """Somebody decided that what stood against a person is over. `settlement_id` is made by the client."""

    settlement_id: UUID
    person_ref: UUID
    kind: HoldKind
    reason: ReinstatementReason
    note: str | None


async def settle(cmd: SettleHold, *, by_headquarters: bool, tx: Tx, vault: Vault) -> list[Hold]:
    """End a hold by command; passes against which nothing stands any more admit again. Tells what is known then.

    Raises:
        PersonUnknown: nobody has this reference.
        SameIdOtherContent: the id was used for another settlement.
        HoldNotStanding, PassNotYet, HeadquartersDecides: see `decide_settlement`.
    """
    if not await returnee_store.lock_person(tx, cmd.person_ref):
        raise PersonUnknown("没有登记此人。Nobody has this reference.", field="person_ref")
    content = f"{cmd.person_ref}\n{cmd.kind}\n{cmd.reason}\n{cmd.note or ''}"
    if (known := await store.content_of(tx, cmd.settlement_id)) is not None:
        if known not in vault.index_all(CONTENT, content):
            raise SameIdOtherContent(
                "该编号已用于另一次核销。This id was used for another settlement.", field="settlement_id"
            )
        return await pass_store.holds(tx, cmd.person_ref)
    holder = await pass_life.holder_of(tx, cmd.person_ref)
    decide_settlement(cmd.kind, holder, by_headquarters=by_headquarters, today=tx.today)
    key = await vault.key(cmd.person_ref, create=True)
    await store.add(
        tx,
        cmd.settlement_id,
        cmd.person_ref,
        cmd.kind,
        reason=cmd.reason,
        note=vault.seal(key, NOTE, cmd.note) if cmd.note else None,
        content=vault.index(CONTENT, content),
    )
    await pass_life.settle_holds(tx, cmd.person_ref, (cmd.kind,))
    async with tx.beyond():  # what stood against the person stood against all passes
        await pass_life.reconsider(tx, cmd.person_ref, cmd.reason)
    return await pass_store.holds(tx, cmd.person_ref)
