"""What a device's list is made of: the passes of a compound, all of them or those that something changed about.

A version is a point in the order in which transactions end: everything below it is in the list, and what was written
by a transaction that had not ended then is told next time. A mere counter would lose what is committed late.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gate.domain.entry import PassState, Restriction
from services.gate.domain.lists import ListedVehiclePass
from services.gate.domain.times import DailyHours
from services.gate.store.checks import daily_hours
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CompoundId, PersonRef

# The epoch changes when the database was restored: what a device holds may then be newer than what is here.
POINT = """
select (select coalesce(max(epoch), 1) from outbox_channel)::int as epoch,
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint as point
"""
# What is known under any pseudonym of a holder counts, and the card is the one for this compound, as for a check that
# is answered here (P10).
_PASSES = """
select p.number, p.serial, p.state, p.valid_from, p.valid_until, p.daily_from, p.daily_until,
  coalesce(c.person_ref, p.person_ref) as person_ref, r.measures, r.compounds, c.surname_sealed, c.homes_sealed
from entry_pass p
left join person_alias m on m.person_ref = p.person_ref
cross join lateral (
  select case when m.root is null then array[p.person_ref]
    else array(select person_ref from person_alias where root = m.root) end as refs) k
left join lateral (
  select array_agg(measure) as measures, array_agg(compound) as compounds
  from restriction where person_ref = any(k.refs) and active) r on true
left join lateral (
  select person_ref, surname_sealed, homes_sealed from subject_card where person_ref = any(k.refs)
  order by surname_sealed is null, p.compound = any(compounds) desc, person_ref = m.root desc limit 1) c on true
"""
ALL_PASSES = f"""
{_PASSES}
where p.compound = $1 and p.valid_until > $2
order by p.number
"""
# A merge that is undone leaves two groups of pseudonyms, and each of them has one of the two that it names.
CHANGED_PASSES = f"""
with news as (
  select person_ref from restriction where changed >= $2::text::xid8
  union
  select person_ref from subject_card where changed >= $2::text::xid8
  union
  select unnest(array[kept, merged]) from person_merge where changed >= $2::text::xid8
), people as (
  select person_ref from news
  union
  select o.person_ref from news n
  join person_alias a on a.person_ref = n.person_ref join person_alias o on o.root = a.root
), touched as (
  select pass_id from entry_pass where compound = $1 and changed >= $2::text::xid8
  union
  select p.pass_id from people n join entry_pass p on p.person_ref = n.person_ref where p.compound = $1
)
{_PASSES}
where p.pass_id in (select pass_id from touched)
order by p.number
"""
# No plate and no owner: a device compares nothing but the pass.
VEHICLE_PASSES = """
select number, serial, state = 'revoked' as revoked, valid_until from vehicle_pass
where compound = $1 and valid_until > $2
order by number
"""
CHANGED_VEHICLE_PASSES = """
select number, serial, state = 'revoked' as revoked, valid_until from vehicle_pass
where compound = $1 and changed >= $2::text::xid8
order by number
"""
NOTE_READING = """
insert into audit_read (at, actor, role, action, scope, correlation_id)
values ($1, $2, 'device', 'gate.snapshot', $3, $4)
"""
LOCK_KEYS = "select pg_advisory_xact_lock(hashtextextended('fangkong.gate.list_key', 0))"
LIST_KEY = "select key_id, key_ref, private_sealed from list_key where retired_at is null"
LIST_KEYS = "select public_jwk from list_key where retired_at is null order by key_id"
ADD_LIST_KEY = """
insert into list_key (key_id, key_ref, public_jwk, private_sealed, made_at) values ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A pass with what is known of its holder, still sealed."""

    number: str
    serial: int
    state: PassState
    valid_from: datetime
    valid_until: datetime
    person_ref: PersonRef
    restrictions: tuple[Restriction, ...]
    surname: bytes | None = field(repr=False)
    homes: bytes | None = field(repr=False)
    hours: DailyHours | None = None


async def point(conn: Conn) -> tuple[int, int]:
    """The epoch, and the point up to which every transaction has ended."""
    row: Any = await conn.fetchrow(POINT)
    return row["epoch"], row["point"]


async def all_passes(conn: Conn, compound: CompoundId, now: datetime) -> list[Holder]:
    """The passes of a compound that have not run out."""
    return list(_holders(await conn.fetch(ALL_PASSES, compound, now)))


async def changed_passes(conn: Conn, compound: CompoundId, since: int) -> list[Holder]:
    """The passes about which something was written since a point, whatever became of them."""
    return list(_holders(await conn.fetch(CHANGED_PASSES, compound, str(since))))


async def vehicle_passes(
    conn: Conn, compound: CompoundId, now: datetime, since: int | None
) -> tuple[ListedVehiclePass, ...]:
    """The vehicle passes of a compound that have not run out, or those that changed since a point."""
    rows = (
        await conn.fetch(VEHICLE_PASSES, compound, now)
        if since is None
        else await conn.fetch(CHANGED_VEHICLE_PASSES, compound, str(since))
    )
    return tuple(ListedVehiclePass(**row) for row in rows)


async def signing_key(conn: Conn) -> Any:
    """The key that signs lists now, sealed; None before there is one."""
    return await conn.fetchrow(LIST_KEY)


async def list_keys(conn: Conn) -> list[Mapping[str, str]]:
    """The public parts of the keys that sign lists."""
    return [row["public_jwk"] for row in await conn.fetch(LIST_KEYS)]


async def add_key(tx: Tx, key_id: str, key_ref: UUID, public_jwk: Mapping[str, str], sealed: bytes) -> None:
    """Keep a new key."""
    await tx.execute(ADD_LIST_KEY, key_id, key_ref, dict(public_jwk), sealed, tx.now)


def _holders(rows: Sequence[Any]) -> Iterator[Holder]:
    for row in rows:
        found = zip(row["measures"] or (), row["compounds"] or (), strict=True)
        yield Holder(
            number=row["number"],
            serial=row["serial"],
            state=PassState(row["state"]),
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
            person_ref=row["person_ref"],
            restrictions=tuple(Restriction(measure=measure, compound=place) for measure, place in found),
            surname=row["surname_sealed"],
            homes=row["homes_sealed"],
            hours=daily_hours(row),
        )
