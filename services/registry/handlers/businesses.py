"""Units (businesses): entered and corrected with who answers for them, which stays sealed (R4.3)."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.corrections import BusinessKind, BusinessUnknown, decide_correction
from services.registry.domain.errors import CompoundUnknown
from services.registry.store import businesses as store
from services.registry.store import places
from services.registry.store import premises as premises_store
from services.registry.store.businesses import SealedBusiness
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

CONTENT, CONTACT_NAME, CONTACT_PHONE = "business.content", "business.contact_name", "business.contact_phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """A unit and who answers for it."""

    business_id: UUID
    compound_id: CompoundId
    name: str
    kind: BusinessKind
    address: str
    contact_name: str = field(repr=False)
    contact_phone: str = field(repr=False)
    closed_on: date | None

    def content(self) -> str:
        """All that is stated, as one text."""
        parts = (self.compound_id, self.name, self.kind, self.address, self.contact_name, self.contact_phone)
        return "\n".join((*parts, str(self.closed_on)))


async def save(business: Business, *, seen: int, tx: Tx, vault: Vault) -> tuple[int, bool]:
    """Enter or correct a business; its version, and whether it is new.

    Raises:
        CompoundUnknown, ChangedMeanwhile: as their names say.
        SameIdOtherContent: the id belongs to a business of another compound.
    """
    await places.lock_place(tx, "business", business.business_id)
    if await premises_store.compound(tx, business.compound_id) is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound_id")
    row = await store.one(tx, business.business_id)
    if row and row["compound_id"] != business.compound_id:
        raise SameIdOtherContent(
            "该编号已用于另一小区的单位。This id belongs to a business of another compound.",
            field="business_id",
        )
    same = row is not None and row["content_index"] in vault.index_all(CONTENT, business.content())
    version = row["version"] if row else 0
    if same or not decide_correction(row, business, version=version, seen=seen):
        return version, False
    key_ref = row["key_ref"] if row else uuid7()  # never an id that a client chose
    key = await vault.key(key_ref, create=True)
    sealed = SealedBusiness(
        business_id=business.business_id,
        compound_id=business.compound_id,
        name=business.name,
        kind=business.kind.value,
        address=business.address,
        key_ref=key_ref,
        contact_name=vault.seal(key, CONTACT_NAME, business.contact_name),
        contact_phone=vault.seal(key, CONTACT_PHONE, business.contact_phone),
        content_index=vault.index(CONTENT, business.content()),
        closed_on=business.closed_on,
    )
    return await store.save(tx, sealed), row is None


async def contact_of(
    conn: Conn, business_id: UUID, compound_id: str, vault: Vault
) -> tuple[asyncpg.Record, str, str]:
    """A business with the name and phone of who answers for it; whoever asks is written down by the caller.

    Raises:
        BusinessUnknown: the compound has none of that id.
    """
    row = await store.one(conn, business_id)
    if row is None or row["compound_id"] != compound_id:
        raise BusinessUnknown("该小区没有这个单位。The compound has no such business.", field="business_id")
    key = await vault.key(row["key_ref"])
    return (
        row,
        vault.open(key, CONTACT_NAME, row["contact_name_sealed"]),
        vault.open(key, CONTACT_PHONE, row["contact_phone_sealed"]),
    )
