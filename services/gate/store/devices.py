"""Checkpoints, enrolment codes and devices."""

from collections.abc import Mapping
from uuid import UUID

from services.gate.domain.devices import CodeInvalid, DeviceTaken, EnrolmentCode, Post
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CheckpointId
from shared.kernel.refusal import Refusal

REJECTIONS: Mapping[str, Refusal] = {
    "device_pkey": DeviceTaken(
        "该设备编号已登记。A device with this id is enrolled already.", field="device_id"
    ),
    "enrolment_code_once": CodeInvalid("请重新获取登记码。Ask for a new code.", field="code"),
}

POST = "select checkpoint, compound, opened_at, closed_at from checkpoint where checkpoint = $1"
POST_NAMES = """
select p.checkpoint, p.name as checkpoint_name, p.compound, c.name as compound_name
from checkpoint p left join compound c on c.compound = p.compound
where p.checkpoint = $1
"""
CODE_BY_REQUEST = """
select request_id, checkpoint, compound, expires_at, device_id
from enrolment_code where request_id = $1 for update
"""
CODE_BY_HASH = """
select request_id, checkpoint, compound, expires_at, device_id
from enrolment_code where code_hash = $1 for update
"""
ADD_CODE = """
insert into enrolment_code (request_id, code_hash, checkpoint, compound, issued_by, expires_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (request_id) do update
set code_hash = excluded.code_hash, issued_by = excluded.issued_by, expires_at = excluded.expires_at
where enrolment_code.device_id is null and enrolment_code.checkpoint = excluded.checkpoint
returning request_id
"""
USE_CODE = "update enrolment_code set device_id = $2 where request_id = $1"
ADD_DEVICE = """
insert into device (device_id, compound, checkpoint, credential_hash, enrolled_at, public_key, version)
values ($1, $2, $3, $4, $5, $6, 1)
"""
DEVICE = """
select d.device_id, d.compound, d.checkpoint, d.credential_hash, d.next_credential_hash, d.enrolled_at, d.revoked_at,
  p.opened_at, coalesce(r.clock_skew_seconds, 0) as clock_skew_seconds, d.public_key,
  (select (document #>> '{gate,devices,keys_required_from}')::date from policy_version where effective_from <= $2
    order by effective_from desc, version desc limit 1) as keys_required_from
from device d join checkpoint p on p.checkpoint = d.checkpoint left join device_report r on r.device_id = d.device_id
where d.device_id = $1
"""
DEVICE_FOR_UPDATE = """
select device_id, compound, checkpoint, revoked_at, public_key, version from device where device_id = $1 for update
"""
OFFER_CREDENTIAL = "update device set next_credential_hash = $2 where device_id = $1"
# The first key stays: whoever copied a credential later cannot put another one in its place.
BIND_KEY = "update device set public_key = $2 where device_id = $1 and public_key is null"
TAKE_CREDENTIAL = """
update device set credential_hash = next_credential_hash, next_credential_hash = null
where device_id = $1 and next_credential_hash = $2
"""
IN_SERVICE = """
select device_id, compound, checkpoint from device where revoked_at is null order by device_id for update
"""
REVOKE_DEVICE = """
update device set revoked_at = $2, revoked_by = $3, version = version + 1 where device_id = $1 returning version
"""


async def post(conn: Conn, checkpoint: CheckpointId) -> Post | None:
    """A checkpoint, if gate knows it."""
    row = await conn.fetchrow(POST, checkpoint)
    return Post(**row) if row else None


async def code_by_request(tx: Tx, request_id: UUID) -> EnrolmentCode | None:
    """The code issued for a request, under lock."""
    row = await tx.fetchrow(CODE_BY_REQUEST, request_id)
    return EnrolmentCode(**row) if row else None


async def code_by_hash(tx: Tx, code_hash: bytes) -> EnrolmentCode | None:
    """The code with a hash, under lock."""
    row = await tx.fetchrow(CODE_BY_HASH, code_hash)
    return EnrolmentCode(**row) if row else None
