"""Devices: a one-time code, an own credential, revocation (architecture §7)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.gate.domain.devices import CodeInvalid, CodeUsed, UnknownDevice, code_expires, decide_enrolment
from services.gate.domain.devices import Post as Checkpoint
from services.gate.domain.possession import DeviceKeyInvalid
from services.gate.store import devices as store
from shared.db.pool import Tx
from shared.events.gate import DeviceEnrolled, DeviceRevoked
from shared.kernel.ids import CheckpointId, CompoundId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

_CODE_BYTES = 20  # 160 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A fresh code in the clear: told once, kept only as a hash."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A device in service, with its credential in the clear: told to the device, kept only as a hash."""

    device_id: UUID
    secret: str = field(repr=False)
    compound: CompoundId
    checkpoint: CheckpointId
    created: bool


async def issue_code(
    request_id: UUID, post: Checkpoint, *, issued_by: str, real_now: datetime, tx: Tx
) -> IssuedCode:
    """Make a code for one checkpoint. Asked again under the same id, a fresh code replaces the unused one.

    Raises:
        SameIdOtherContent: the id was used for another checkpoint.
        CodeUsed: the code of this request was used already.
        CheckpointIsClosed: no device is enrolled there.
    """
    post.require_open()
    code = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
    expires_at = code_expires(real_now)
    kept = await tx.fetchval(
        store.ADD_CODE, request_id, _hash(code), post.checkpoint, post.compound, issued_by, expires_at
    )
    if kept is None:
        before = await store.code_by_request(tx, request_id)
        if before is not None and before.checkpoint == post.checkpoint:
            raise CodeUsed("该登记码已使用。This request's code was used.", field="request_id")
        raise SameIdOtherContent(
            "该编号已用于另一卡口。This id was used for another checkpoint.", field="request_id"
        )
    return IssuedCode(code=code, expires_at=expires_at)


async def enrol(
    code: str, device_id: UUID | None, public_key: str | None, *, vault: Vault, real_now: datetime, tx: Tx
) -> Enrolled:
    """Take a device into service with a code, and with the key that it has. See `decide_enrolment` for repeats.

    Raises:
        CheckpointIsClosed: it was closed after the code was issued.
    """
    found = await store.code_by_hash(tx, _hash(normal_code(code)))
    row = await tx.fetchrow(store.DEVICE_FOR_UPDATE, device_id) if device_id else None
    revoked = row is not None and row["revoked_at"] is not None
    created = decide_enrolment(found, device_id, taken=row is not None, revoked=revoked, real_now=real_now)
    assert found is not None  # noqa: S101 -- decided above
    if not created and row is not None and row["public_key"] != public_key:
        raise CodeInvalid("登记码已被另一密钥使用。The code was used with another key.", field="public_key")
    device_id = device_id or uuid7()
    secret = _secret(vault, normal_code(code), device_id)
    if created:
        if (post := await store.post(tx, found.checkpoint)) is not None:
            post.require_open()
        await tx.execute(store.USE_CODE, found.request_id, device_id)
        await tx.execute(
            store.ADD_DEVICE,
            *(device_id, found.compound, found.checkpoint, hash_secret(secret), tx.now, public_key),
        )
        await tx.publish(
            DeviceEnrolled(
                device_id=device_id, compound=found.compound, checkpoint=found.checkpoint, enrolled_at=tx.now
            ),
            version=1,
        )
    return Enrolled(
        device_id=device_id,
        secret=secret,
        compound=found.compound,
        checkpoint=found.checkpoint,
        created=created,
    )


async def device_for_update(device_id: UUID, *, tx: Tx) -> tuple[CompoundId, CheckpointId, datetime | None]:
    """Where a device serves, and since when it is revoked; the row stays locked.

    Raises:
        UnknownDevice: there is none.
    """
    row = await tx.fetchrow(store.DEVICE_FOR_UPDATE, device_id)
    if row is None:
        raise UnknownDevice("没有该设备。There is no such device.")
    return row["compound"], row["checkpoint"], row["revoked_at"]


async def revoke(
    device_id: UUID, *, compound: CompoundId, checkpoint: CheckpointId, revoked_by: str, tx: Tx
) -> datetime:
    """Stop a locked device that is not revoked yet; tells since when. What it still sends is quarantined (G16)."""
    version: int = await tx.fetchval(store.REVOKE_DEVICE, device_id, tx.now, revoked_by)
    await tx.publish(
        DeviceRevoked(device_id=device_id, compound=compound, checkpoint=checkpoint, revoked_at=tx.now),
        version=version,
    )
    return tx.now


async def revoke_all(tx: Tx) -> None:
    """Stop every device: the measures are over."""
    for row in await tx.fetch(store.IN_SERVICE):
        await revoke(
            row["device_id"],
            compound=row["compound"],
            checkpoint=row["checkpoint"],
            revoked_by=tx.actor or "gate",
            tx=tx,
        )


async def offer_credential(
    device_id: UUID, request_id: UUID, public_key: str | None, *, vault: Vault, tx: Tx
) -> str:
    """A device's next credential. It counts from its first use; until then the present one does as well.

    Asked again under the same id, the answer is the same; under another id, the one offered before is void. A device
    that had no key is bound to the one that it names.

    Raises:
        DeviceKeyInvalid: it is bound to another key.
    """
    row = await tx.fetchrow(store.DEVICE_FOR_UPDATE, device_id)
    if public_key is not None and row is not None:
        if row["public_key"] not in {None, public_key}:
            raise DeviceKeyInvalid("该设备已有密钥。This device has another key.", field="public_key")
        await tx.execute(store.BIND_KEY, device_id, public_key)
    secret = _secret(vault, f"rotation|{request_id}", device_id)
    await tx.execute(store.OFFER_CREDENTIAL, device_id, hash_secret(secret))
    return secret


def normal_code(code: str) -> str:
    """A code as it was issued, however it was typed."""
    return "".join(code.upper().split()).replace("-", "")


def hash_secret(secret: str) -> bytes:
    """What is kept of a credential: enough for 256 random bits, which nobody can guess through."""
    return hashlib.sha256(secret.encode()).digest()


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _secret(vault: Vault, code: str, device_id: UUID) -> str:
    """256 bits that only gate can make, from its index key, the code and the id.

    Derived, not drawn: a device whose answer was lost gets the same credential again, though only its hash is kept.
    """
    halves = (
        vault.index(f"device.secret.{half}", f"{code}|{device_id}").partition(b":")[2] for half in (1, 2)
    )
    return base64.urlsafe_b64encode(b"".join(halves)).rstrip(b"=").decode()
