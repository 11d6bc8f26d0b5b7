"""The log of reads as its own reader asks for it; that it was read is noted in it as well."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from shared.audit.noting import note_reads
from shared.db.pool import Conn, Tx
from shared.http.access import Principal
from shared.kernel.days import end_of, start_of

READS = """
select r.id, r.at, r.actor, r.role, r.action, r.person_ref, r.scope, r.reason, r.correlation_id, l.pos, l.linked_at
from audit_read r left join audit_link l on l.read_id = r.id
where ($1::uuid is null or r.person_ref = $1) and ($2::text is null or r.actor = $2)
  and ($3::text is null or r.action = $3)
  and ($4::timestamptz is null or r.at >= $4) and ($5::timestamptz is null or r.at < $5)
  and ($6::bigint is null or r.id < $6)
order by r.id desc limit $7
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which reads are wanted: of whom, by whom, of what, on which day. None: any."""

    person_ref: UUID | None = None
    actor: str | None = None
    action: str | None = None
    day: date | None = None


async def find(conn: Conn, asked: Asked, *, before: int | None, limit: int) -> list[asyncpg.Record]:
    """Reads, the newest first; the place in the chain is null where there is none yet."""
    since, until = (start_of(asked.day), end_of(asked.day)) if asked.day else (None, None)
    return await conn.fetch(READS, asked.person_ref, asked.actor, asked.action, since, until, before, limit)


async def note(tx: Tx, who: Principal, action: str, asked: Asked) -> None:
    """Write down, in the transaction that reads, that the log was read, and of whom."""
    roles = ",".join(sorted({grant.role for grant in who.grants}))
    refs = [asked.person_ref] if asked.person_ref else []
    await note_reads(tx, role=roles, action=action, refs=refs, scope="town")
