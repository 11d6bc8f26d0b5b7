"""What was told in a lead goes at the wish of whoever told it; that there was a lead stays, and is counted (R6.3).

Who they are was theirs to give, so it goes as soon as they say so. What they told is needed until the fact is settled:
headquarters lets it go then, also for whoever asked in person and has no receipt.
"""

from datetime import datetime
from uuid import UUID

from services.registry.domain.leads import (
    LeadUnknown,
    ReceiptUnknown,
    decide_erasure,
    receipt_read,
)
from services.registry.handlers.leads import RECEIPT
from services.registry.handlers.own_keys import destroy_things
from services.registry.store import erasure
from services.registry.store import leads as store
from shared.audit import reasons
from shared.audit.noting import note_reads
from shared.db.pool import Tx
from shared.kernel.sealed import Vault

ASKED, ERASED = "lead.erasure_asked", "lead.erased"
"""How the audit log names the two."""


async def ask(code: str, *, tx: Tx, vault: Vault) -> None:
    """Whoever holds the receipt withdraws: who told it is erased now, and headquarters is asked for the rest.

    Again, it changes nothing.

    Raises:
        ReceiptUnknown: no lead has it.
    """
    row = await store.by_receipt(tx, vault.index_all(RECEIPT, receipt_read(code)))
    if row is None:
        raise ReceiptUnknown("没有此回执。There is no such receipt.", field="code")
    lead_id: UUID = row["lead_id"]
    if row["erasure_asked_at"] is not None or row["erased_at"] is not None:
        return
    await tx.execute(store.ASK_ERASURE, lead_id, tx.now)
    reporter = await store.reporter(tx, lead_id)
    await note_reads(tx, action=ASKED, role="public", refs=[], scope=f"lead:{lead_id}")
    if reporter is not None:
        await _forget(tx, vault, [reporter["reporter_ref"]])


async def erase(lead_id: UUID, *, reason: str, role: str, tx: Tx, vault: Vault) -> datetime:
    """Erase what was told, where, and by whom; tells when. Again, it tells when it was.

    Raises:
        LeadUnknown, LeadOpen: there is none; it is still looked into.
    """
    if (place := await store.place_of(tx, lead_id)) is None:
        raise LeadUnknown("没有这条线索。There is no such lead.")
    await store.lock_compound(tx, place["compound_id"])
    lead = await store.for_update(tx, lead_id)
    assert lead is not None  # noqa: S101 -- leads are not deleted
    row = await tx.fetchrow(store.ERASURE_OF, lead_id)
    assert row is not None  # noqa: S101 -- the row is held
    if row["erased_at"] is not None:
        before: datetime = row["erased_at"]
        return before
    head = lead if lead.merged_into is None else await store.for_update(tx, lead.merged_into)
    decide_erasure(head or lead)
    await tx.execute(store.ERASED, lead_id, tx.now)
    await note_reads(
        tx,
        action=ERASED,
        role=role,
        refs=[],
        scope=f"lead:{lead_id}",
        reason=await reasons.sealed(vault, reason),
    )
    reporter = await store.reporter(tx, lead_id)
    await _forget(tx, vault, [row["key_ref"], *([reporter["reporter_ref"]] if reporter else [])])
    return tx.now


async def _forget(tx: Tx, vault: Vault, keys: list[UUID]) -> None:
    await erasure.blank_by_keys(tx, keys)
    await destroy_things(tx, vault, keys)
