"""Writing down who read personal data: append only (architecture section 8)."""

from collections.abc import Sequence
from uuid import UUID

from shared.db.pool import Tx

NOTE_READS = """
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
    """Write down, in the transaction that reads, that its actor read personal data of these people.

    Args:
        tx: no answer leaves without this note.
        role: the roles that opened the route.
        action: what was read, e.g. `returnee.read`.
        refs: whose data; one row without a person when nobody was found or nobody is meant.
        scope: the place or thing that was asked about.
        reason: why, where the role requires one, as `reasons.sealed` returns it.

    Raises:
        RuntimeError: the transaction does not say who acts, so what it read does not leave.
    """
    people: list[UUID | None] = [*refs] or [None]
    await tx.execute(NOTE_READS, tx.now, tx.by, role, action, scope, reason, tx.cause.correlation, people)
