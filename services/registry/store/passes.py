"""Entry passes, their steps, and what stands against their holders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

import asyncpg

from services.registry.domain.errors import PassActiveAlready
from services.registry.domain.pass_life import Held
from services.registry.domain.passes import Hold, HoldKind, PassKind, PassState, Validity
from services.registry.store import revocations
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
  where r.person_ref in (select pseudonyms_of($1)) and d.compound_id = $2 and r.resident and r.ended_on is null)
"""
REQUEST = "select person_ref, compound_id, pass_id, asked from pass_request where request_id = $1"
ADD_REQUEST = """
insert into pass_request (request_id, person_ref, compound_id, pass_id, asked) values ($1, $2, $3, $4, $5)
"""
ONE = """
select pass_id, number, serial, person_ref, compound_id, kind, state, reason, held_back, valid_from, valid_until,
  policy_version, token_sealed, changed_at, version, purpose, daily_from, daily_until
from entry_pass where pass_id = $1
"""
HELD_FOR_UPDATE = """
select pass_id, number, serial, person_ref, compound_id, kind, state, reason, held_back, valid_from, valid_until,
  policy_version, token_sealed, changed_at, version, purpose, daily_from, daily_until
from entry_pass where person_ref in (select pseudonyms_of($1)) and state <> 'revoked'
order by pass_id for no key update
"""
OF_PERSON = """
select pass_id, number, serial, person_ref, compound_id, kind, state, reason, held_back, valid_from, valid_until,
  policy_version, token_sealed, changed_at, version, purpose, daily_from, daily_until
from entry_pass where person_ref in (select pseudonyms_of($1)) order by valid_from, pass_id
"""
PAGE = """
select pass_id, number, serial, person_ref, compound_id, kind, state, reason, held_back, valid_from, valid_until,
  policy_version, token_sealed, changed_at, version, purpose, daily_from, daily_until
from entry_pass
where compound_id = $1 and ($2::text is null or state = $2) and ($3::text is null or kind = $3)
  and ($4::uuid is null or person_ref = $4) and pass_id > $5
order by pass_id limit $6
"""
ADD_ONE = """
with added as (
  insert into entry_pass (pass_id, number, person_ref, compound_id, kind, state, valid_from, valid_until,
    policy_version, token_sealed, issued_by, changed_at, purpose, daily_from, daily_until, issued_role, key_id)
  values ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $17)
  returning pass_id, version, serial, changed_at, issued_by, purpose
)
insert into pass_step (pass_id, version, step, reason, note_sealed, serial, taken_at, taken_by)
select pass_id, version, 'issued', purpose, $16, serial, changed_at, issued_by from added
"""
NUMBER_TAKEN = "select exists (select from entry_pass where number = $1)"
CHANGE_ONE = """
with changed as (
  update entry_pass set state = $2, reason = $3, held_back = $4, version = version + 1,
    changed_at = case when state = $2 then changed_at else $5 end
  where pass_id = $1 returning pass_id, version, serial
)
insert into pass_step (pass_id, version, step, reason, note_sealed, serial, taken_at, taken_by)
select pass_id, version, $6, $7, $8, serial, $5, $9 from changed returning version
"""
PRINT_ONE = """
with printed as (
  update entry_pass set serial = serial + 1, token_sealed = $2, key_id = $6, version = version + 1
  where pass_id = $1 returning pass_id, version, serial
)
insert into pass_step (pass_id, version, step, reason, serial, taken_at, taken_by)
select pass_id, version, 'printed', $3, serial, $4, $5 from printed returning version
"""
STEPS = """
select version, step, reason, note_sealed, serial, taken_at, taken_by from pass_step where pass_id = $1 order by version
"""

# Of records that were merged the holds count as one person's: the last beginning against the last end.
HOLDS = """
select kind, max(since) as since, max(ended_at) as ended_at from (
  select kind, since, ended_at from pass_hold where person_ref in (select pseudonyms_of($1))
  union all
  select 'fever', seen_at, null from gate_fever where person_ref in (select pseudonyms_of($1)) and not withdrawn
) as known (kind, since, ended_at)
group by kind order by kind
"""
KEEP_GATE_FEVER = """
insert into gate_fever (check_id, person_ref, seen_at) values ($1, $2, $3) on conflict (check_id) do nothing
"""
WITHDRAW_GATE_FEVER = "update gate_fever set withdrawn = true where check_id = $1"
BEGIN_HOLDS = """
insert into pass_hold (person_ref, kind, since)
select person_ref, $2, $3 from unnest($1::uuid[]) as held (person_ref)
on conflict (person_ref, kind) do update set since = greatest(pass_hold.since, excluded.since)
"""
END_HOLDS = """
insert into pass_hold (person_ref, kind, ended_at)
select $1, kind, $3 from unnest($2::text[]) as ended (kind)
on conflict (person_ref, kind) do update set ended_at = greatest(pass_hold.ended_at, excluded.ended_at)
"""
# Everybody who lives where the person lives, tenants included; of somebody with two homes both households (O9).
HOUSEHOLD = """
select distinct other.person_ref from residence own join residence other using (dwelling_id)
where own.person_ref in (select pseudonyms_of($1)) and own.resident and own.ended_on is null
  and other.resident and other.ended_on is null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPass:
    """A pass as it is. `changed_at`: when it came into its state; `held_back`: why it was suspended by command."""

    pass_id: UUID
    number: str
    serial: int
    person_ref: UUID
    compound: str
    kind: PassKind
    state: PassState
    reason: str | None
    held_back: str | None = None
    validity: Validity
    policy_version: int
    token_sealed: bytes
    changed_at: datetime
    version: int
    purpose: str | None = None
    daily_from: time | None = None
    daily_until: time | None = None

    @property
    def held(self) -> Held:
        """What the rules of a pass's life look at."""
        return Held(
            state=self.state,
            reason=self.reason,
            held_back=self.held_back,
            ends=self.validity.ends,
            changed_at=self.changed_at,
        )


async def lives_in(conn: Conn, person_ref: UUID, compound: str) -> bool:
    """Whether the person is a resident of the compound."""
    return bool(await conn.fetchval(LIVES_IN, person_ref, compound))


async def request(conn: Conn, request_id: UUID) -> asyncpg.Record | None:
    """What was asked and answered under this id."""
    return await conn.fetchrow(REQUEST, request_id)


async def add_request(tx: Tx, request_id: UUID, given: EntryPass, asked: str | None = None) -> None:
    """Note which pass answers a request; `asked` is what it said besides person and compound."""
    await tx.execute(ADD_REQUEST, request_id, given.person_ref, given.compound, given.pass_id, asked)


async def entry_pass(conn: Conn, pass_id: UUID) -> EntryPass | None:
    """A pass by its id."""
    row = await conn.fetchrow(ONE, pass_id)
    return _pass(row) if row else None


async def passes_for_update(tx: Tx, person_ref: UUID) -> list[EntryPass]:
    """A person's passes that are not revoked, held until the end."""
    return [_pass(row) for row in await tx.fetch(HELD_FOR_UPDATE, person_ref)]


async def of_person(conn: Conn, person_ref: UUID) -> list[EntryPass]:
    """Every pass that a person was given, revoked ones too."""
    return [_pass(row) for row in await conn.fetch(OF_PERSON, person_ref)]


async def page(
    conn: Conn,
    compound: str,
    *,
    state: str | None,
    kind: str | None,
    person_ref: UUID | None,
    after: UUID,
    limit: int,
) -> list[EntryPass]:
    """A compound's passes in the order in which they were issued."""
    return [_pass(row) for row in await conn.fetch(PAGE, compound, state, kind, person_ref, after, limit)]


async def number_taken(conn: Conn, number: str) -> bool:
    """Whether a pass has this number."""
    return bool(await conn.fetchval(NUMBER_TAKEN, number))


async def add_pass(
    tx: Tx, given: EntryPass, *, key_id: str, role: str | None = None, note: bytes | None = None
) -> None:
    """Write a new, active pass. A second active one violates `entry_pass_one_active`.

    A temporary one names the role that issued it and, sealed, why.
    """
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
        given.purpose,
        given.daily_from,
        given.daily_until,
        role,
        note,
        key_id,
    )


async def change(
    tx: Tx,
    one: EntryPass,
    state: PassState,
    reason: str | None,
    *,
    step: str,
    why: str,
    held_back: str | None = None,
    note: bytes | None = None,
) -> int:
    """Bring a pass into a state and keep the step with its reason; returns the pass's version after it."""
    version: int = await tx.fetchval(
        CHANGE_ONE, one.pass_id, state, reason, held_back, tx.now, step, why, note, tx.actor or ""
    )
    await _list(tx, one, state, one.serial)
    return version


async def print_again(tx: Tx, one: EntryPass, token_sealed: bytes, reason: str, *, key_id: str) -> int:
    """Give a pass its next serial and token; returns its version after it."""
    version: int = await tx.fetchval(
        PRINT_ONE, one.pass_id, token_sealed, reason, tx.now, tx.actor or "", key_id
    )
    await _list(tx, one, one.state, one.serial + 1)
    return version


async def steps(conn: Conn, pass_id: UUID) -> Sequence[asyncpg.Record]:
    """Every step of a pass's life, notes sealed."""
    return await conn.fetch(STEPS, pass_id)


async def holds(conn: Conn, person_ref: UUID) -> list[Hold]:
    """What is known to keep a person's passes from admitting, besides observations."""
    return [
        Hold(kind=row["kind"], since=row["since"], ended_at=row["ended_at"])
        for row in await conn.fetch(HOLDS, person_ref)
    ]


async def begin_holds(tx: Tx, people: Iterable[UUID], kind: HoldKind, since: datetime) -> None:
    """Note that something keeps these people's passes from admitting."""
    await tx.execute(BEGIN_HOLDS, sorted(people), kind, since)


async def end_holds(tx: Tx, person_ref: UUID, kinds: Sequence[HoldKind], at: datetime) -> None:
    """Note that somebody decided that it is over; also when its beginning is not known yet."""
    await tx.execute(END_HOLDS, person_ref, sorted(kinds), at)


async def household(conn: Conn, person_ref: UUID) -> list[UUID]:
    """Everybody who lives where the person lives, the person included."""
    return [row["person_ref"] for row in await conn.fetch(HOUSEHOLD, person_ref)]


async def _list(tx: Tx, one: EntryPass, state: PassState, serial: int) -> None:
    """Whatever stops a pass or kills its copies stands on the compound's list with it."""
    await revocations.note(
        tx, one.pass_id, one.compound, "entry", state=state, serial=serial, valid_until=one.validity.ends
    )


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
        held_back=row["held_back"],
        validity=Validity(starts=row["valid_from"], ends=row["valid_until"]),
        policy_version=row["policy_version"],
        token_sealed=row["token_sealed"],
        changed_at=row["changed_at"],
        version=row["version"],
        purpose=row["purpose"],
        daily_from=row["daily_from"],
        daily_until=row["daily_until"],
    )
