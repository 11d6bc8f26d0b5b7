"""Photos: proof of what was done and found. Kept sealed under a key of their own, shown to few, and written down."""

import asyncio
import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.sanitation.domain import images
from services.sanitation.domain.photos import NoSuchPhoto, PhotoDropped, PhotoUnknown, PhotoUsed
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import copies as copies_store
from services.sanitation.store import photos as store
from shared.audit.noting import note_reads
from shared.db.erasures import destroy_keys
from shared.db.pool import Conn, Database, Tx
from shared.events.envelope import Cause
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_files import open_parts, seal_parts
from shared.kernel.sealed_texts import same

PHOTO = "photo"
"""Name of a sealed field, part of what is stored: never renamed."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""A decoded picture takes a hundred megabytes: two at a time, the others wait in their threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPhoto:
    """A photo of something in a compound, as a phone sends it."""

    photo_id: UUID
    compound: CompoundId
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPhoto:
    """A photo as it was kept. `fresh`: by this very command."""

    fresh: bool
    photo_id: UUID
    compound: CompoundId
    width: int
    height: int
    bytes: int
    added_at: datetime


async def add_photo(
    cmd: AddPhoto, *, who: Principal, cause: Cause, database: Database, vault: Vault
) -> KeptPhoto:
    """Keep a photo. Asked twice, answered once; decoding and sealing happen before the transaction that writes.

    Raises:
        OutOfScope, CompoundUnknown: see `require_compound`.
        NotAnImage, PhotoTooLarge: see `images.made_anew`.
        SameIdOtherContent: the id was used for another photo.
    """
    content = f"{cmd.compound} {hashlib.sha256(cmd.content).hexdigest()}"
    async with database.read() as conn:
        await require_compound(conn, who, cmd.compound)
        if (earlier := await _kept_before(conn, cmd.photo_id, content, vault)) is not None:
            return earlier
    picture = await asyncio.to_thread(_made_anew, cmd.content)
    key = await vault.key(uuid7(), create=True)
    parts = await asyncio.to_thread(seal_parts, key, PHOTO, picture.content)
    async with database.begin(actor=who.subject, cause=cause) as tx:
        await require_compound(tx, who, cmd.compound)
        new = await store.add_photo(
            tx,
            cmd.photo_id,
            compound=cmd.compound,
            key_ref=key.ref,
            index=vault.index(PHOTO, content),
            size=(picture.width, picture.height, len(picture.content)),
            parts=parts,
        )
        kept = await _kept_before(tx, cmd.photo_id, content, vault, fresh=new)
        assert kept is not None  # noqa: S101 -- its row is there, by us or by another one
    if not new:
        await vault.destroy(key.ref)  # another request with the same photo was faster
    return kept


def _made_anew(content: bytes) -> images.Picture:
    with _AT_ONCE:
        return images.made_anew(content)


async def use_photo(tx: Tx, photo_id: UUID | None, compound: CompoundId) -> None:
    """Take a photo as the proof of one thing; None: there is none to take.

    Raises:
        PhotoUnknown: it was not sent, belongs to another compound, or was dropped.
        PhotoUsed: it proves something else.
    """
    if photo_id is None or await store.use_photo(tx, photo_id, compound):
        return
    row = await store.photo(tx, photo_id)
    if row is None or row["compound"] != compound or row["dropped_at"] is not None:
        raise PhotoUnknown("没有这张照片，请先上传。There is no such photo; send it first.", field="photo_id")
    raise PhotoUsed(
        "该照片已用作其他记录的凭证。The photo is the proof of something else.",
        field="photo_id",
        remedy="重新拍照。Take another one.",
    )


async def read_photo(photo_id: UUID, *, role: str, who: Principal, tx: Tx, vault: Vault) -> bytes:
    """Give a picture to somebody who may see it; the reading is written down.

    Raises:
        NoSuchPhoto, OutOfScope: there is none, or it is of somebody else's compound.
        PhotoDropped: its time is over.
    """
    row = await store.photo(tx, photo_id)
    if row is None:
        raise NoSuchPhoto("没有这张照片。There is no such photo.", field="photo_id")
    await require_compound(tx, who, row["compound"])
    key = (await vault.keys([row["key_ref"]])).get(row["key_ref"])
    if row["dropped_at"] is not None or key is None:
        raise PhotoDropped("照片已过保存期限。The photo was kept as long as policy says, and is gone.")
    await note_reads(tx, role=role, action="photo", refs=[], scope=f"photo:{photo_id}")
    parts = await store.parts(tx, photo_id)
    return await asyncio.to_thread(open_parts, key, PHOTO, parts)


async def drop_spent(tx: Tx, *, limit: int, vault: Vault) -> int:
    """Let go of photos that nothing needs, and destroy their keys; tells how many. Without a rule all stay."""
    policy = await copies_store.policy_of(tx, tx.today)
    rules = policy.document.sanitation.photos if policy else None
    if rules is None:
        return 0
    keys = await store.drop_photos(
        tx,
        unused_before=tx.now - timedelta(hours=rules.unused_hours),
        before=tx.now - timedelta(days=rules.keep_days),
        limit=limit,
    )
    await destroy_keys(tx, vault, keys)
    return len(keys)


async def _kept_before(
    conn: Conn, photo_id: UUID, content: str, vault: Vault, *, fresh: bool = False
) -> KeptPhoto | None:
    row = await store.photo(conn, photo_id)
    if row is None:
        return None
    if not same(vault, PHOTO, row["content_index"], content):
        raise SameIdOtherContent(
            "该编号已用于另一张照片。This id was used for another photo.", field="photo_id"
        )
    return KeptPhoto(
        fresh=fresh,
        photo_id=photo_id,
        compound=row["compound"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        added_at=row["added_at"],
    )
