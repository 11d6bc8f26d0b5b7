"""Applications of volunteers; names and phones sealed (R6.2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

LOCK_APPLICATION = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.volunteer.' || $1, 0))"
APPLICATION = """
select a.application_id, a.key_ref, a.name_sealed, a.sex_sealed, a.phone_sealed, a.content_index, a.home_compound_id,
  a.person_ref, a.via, a.state, a.reason, a.received_at, a.settled_at, a.worker_ref, c.neighbourhood_id
from volunteer_application a join compound c on c.compound_id = a.home_compound_id
where a.application_id = $1
"""
ADD_APPLICATION = """
insert into volunteer_application (application_id, key_ref, name_sealed, sex_sealed, phone_sealed, content_index,
  home_compound_id, person_ref, via, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
HELD_BY = """
select application_id from volunteer_application
where person_ref in (select pseudonyms_of($1)) and state in ('received', 'accepted')
order by received_at desc, application_id limit 1
"""
SETTLE_APPLICATION = """
update volunteer_application set state = $2, reason = $3, worker_ref = $4, settled_by = $5, settled_at = $6
where application_id = $1
"""
APPLICATIONS = """
select application_id, home_compound_id, via, state, reason, received_at, settled_at, worker_ref
from volunteer_application
where home_compound_id = any($1::text[]) and ($2::text is null or state = $2)
  and (received_at, application_id) > ($3, $4)
order by received_at, application_id limit $5
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """An application, sealed."""

    application_id: UUID
    key_ref: UUID
    name: bytes = field(repr=False)
    sex: bytes = field(repr=False)
    phone: bytes = field(repr=False)
    content_index: bytes = field(repr=False)
    home_compound: str
    person_ref: UUID | None
    via: str


async def one(tx: Tx, application_id: UUID) -> asyncpg.Record | None:
    """An application; whoever settles or repeats it at the same moment waits."""
    await tx.execute(LOCK_APPLICATION, str(application_id))
    return await tx.fetchrow(APPLICATION, application_id)


async def add(tx: Tx, new: NewApplication) -> None:
    """Write an application."""
    await tx.execute(
        ADD_APPLICATION,
        new.application_id,
        new.key_ref,
        new.name,
        new.sex,
        new.phone,
        new.content_index,
        new.home_compound,
        new.person_ref,
        new.via,
        tx.now,
    )


async def page(
    conn: Conn, compounds: Sequence[str], *, state: str | None, after: tuple[datetime, UUID], limit: int
) -> list[asyncpg.Record]:
    """Applications from these compounds in the order in which they came, without who applied."""
    return await conn.fetch(APPLICATIONS, list(compounds), state, *after, limit)
