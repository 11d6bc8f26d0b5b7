"""Entry passes and the keys that sign them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.errors import PassActiveAlready
from services.registry.domain.passes import PassState, Validity
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "entry_pass_one_active": PassActiveAlready(
        "此人在该小区已有有效出入证。The person has an active pass of this compound.",
        remedy="再次提交即可取得原证。Ask again to get that one.",
    ),
    "pass_request_pkey": SameIdOtherContent(
        "该编号已用于另一次办证。This id was used for another request.", field="request_id"
    ),
}

LIVES_IN = """
select exists (select from residence r join dwelling d using (dwelling_id)
  where r.person_ref = $1 and d.compound_id = $2 and r.resident and r.ended_on is null)
"""
REQUEST = "select person_ref, compound_id, pass_id from pass_request where request_id = $1"
ADD_REQUEST = (
    "insert into pass_request (request_id, person_ref, compound_id, pass_id) values ($1, $2, $3, $4)"
)
ONE = """
select pass_id, number, serial, person_ref, compound_id, kind, state, reason, valid_from, valid_until,
  policy_version, token_sealed, changed_at, version
from entry_pass where pass_id = $1
"""
HELD_FOR_UPDATE = """
select pass_id, number, serial, person_ref, compound_id, kind, state, reason, valid_from, valid_until,
  policy_version, token_sealed, changed_at, version
from entry_pass where person_ref = $1 and state <> 'revoked' order by pass_id for no key update
"""
ADD_ONE = """
insert into entry_pass (pass_id, number, person_ref, compound_id, kind, state, valid_from, valid_until,
  policy_version, token_sealed, issued_by, changed_at)
values ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10, $11)
"""
NUMBER_TAKEN = "select exists (select from entry_pass where number = $1)"
CHANGE_ONE = """
update entry_pass set state = $2, reason = $3, changed_at = $4, version = version + 1
where pass_id = $1 returning version
"""

LOCK_KEYS = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.pass_key', 0))"
SIGNING_KEY = "select key_id, key_ref, private_sealed from pass_key where retired_at is null"
ADD_KEY = """
insert into pass_key (key_id, key_ref, public_jwk, private_sealed, valid_from) values ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPass:
    """A pass as it is. `changed_at`: when it came into its state."""

    pass_id: UUID
    number: str
    serial: int
    person_ref: UUID
    compound: str
    kind: str
    state: PassState
    reason: str | None
    validity: Validity
    policy_version: int
    token_sealed: bytes
    changed_at: datetime
    version: int


async def lives_in(conn: Conn, person_ref: UUID, compound: str) -> bool:
    """Whether the person is a resident of the compound."""
    return bool(await conn.fetchval(LIVES_IN, person_ref, compound))


async def request(conn: Conn, request_id: UUID) -> asyncpg.Record | None:
    """What was asked and answered under this id."""
    return await conn.fetchrow(REQUEST, request_id)


async def add_request(tx: Tx, request_id: UUID, given: EntryPass) -> None:
    """Note which pass answers a request."""
    await tx.execute(ADD_REQUEST, request_id, given.person_ref, given.compound, given.pass_id)


async def entry_pass(conn: Conn, pass_id: UUID) -> EntryPass | None:
    """A pass by its id."""
    row = await conn.fetchrow(ONE, pass_id)
    return _pass(row) if row else None


async def passes_for_update(tx: Tx, person_ref: UUID) -> list[EntryPass]:
    """A person's passes that are not revoked, held until the end."""
    return [_pass(row) for row in await tx.fetch(HELD_FOR_UPDATE, person_ref)]


async def number_taken(conn: Conn, number: str) -> bool:
    """Whether a pass has this number."""
    return bool(await conn.fetchval(NUMBER_TAKEN, number))


async def add_pass(tx: Tx, given: EntryPass) -> None:
    """Write a new, active pass. A second active one violates `entry_pass_one_active`."""
    await tx.execute(
        ADD_ONE,
        given.pass_id,
        given.number,
        given.person_ref,
        given.compound,
        given.kind,
        given.validity.starts,
        given.validity.ends,
        given.policy_version,
        given.token_sealed,
        tx.actor or "",
        tx.now,
    )


async def change(tx: Tx, pass_id: UUID, state: PassState, reason: str) -> int:
    """Suspend or revoke; returns the pass's version after it."""
    version: int = await tx.fetchval(CHANGE_ONE, pass_id, state, reason, tx.now)
    return version


async def lock_keys(tx: Tx) -> None:
    """Let one process at a time make keys."""
    await tx.execute(LOCK_KEYS)


async def signing_key(conn: Conn) -> asyncpg.Record | None:
    """The key that signs now, sealed."""
    return await conn.fetchrow(SIGNING_KEY)


async def add_key(
    tx: Tx, *, key_id: str, key_ref: UUID, public_jwk: Mapping[str, Any], private_sealed: bytes
) -> None:
    """Write a new signing key."""
    await tx.execute(ADD_KEY, key_id, key_ref, dict(public_jwk), private_sealed, tx.now)


def _pass(row: asyncpg.Record) -> EntryPass:
    return EntryPass(
        pass_id=row["pass_id"],
        number=row["number"],
        serial=row["serial"],
        person_ref=row["person_ref"],
        compound=row["compound_id"],
        kind=row["kind"],
        state=row["state"],
        reason=row["reason"],
        validity=Validity(starts=row["valid_from"], ends=row["valid_until"]),
        policy_version=row["policy_version"],
        token_sealed=row["token_sealed"],
        changed_at=row["changed_at"],
        version=row["version"],
    )
