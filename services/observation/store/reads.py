"""The log of who read personal data of several people at once: append only (architecture §8)."""

from collections.abc import Sequence
from uuid import UUID

from shared.db.pool import Tx

ADD_READS = """
insert into audit_read (at, actor, role, action, person_ref, scope, reason, correlation_id)
select $1, $2, $3, $4, ref, $5, $6, $7 from unnest($8::uuid[]) with ordinality as read (ref, nth) order by nth
"""


async def note_reads(
    tx: Tx,
    *,
    role: str,
    action: str,
    refs: Sequence[UUID],
    scope: str | None = None,
    reason: str | None = None,
) -> None:
    """Write down, in the transaction that reads, that the actor read personal data of these people."""
    people: list[UUID | None] = [*refs] or [None]
    await tx.execute(
        ADD_READS, tx.now, tx.actor or "unknown", role, action, scope, reason, tx.cause.correlation, people
    )
