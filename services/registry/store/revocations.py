"""What a compound's revocation list says, entry by entry."""

from datetime import datetime
from uuid import UUID

from services.registry.domain.passes import PassState
from services.registry.domain.revocations import Listed, ListedKind
from shared.db.pool import Conn, Tx

# The list's row is held until the end, so versions become visible in their order.
NOTE = """
with list as (
  insert into pass_list (compound_id, version) values ($2, 1)
  on conflict (compound_id) do update set version = pass_list.version + 1 returning version
)
insert into pass_list_entry (pass_id, compound_id, kind, state, serial, valid_until, version)
select $1, $2, $3, $4, $5, $6, version from list
on conflict (pass_id) do update set state = excluded.state, serial = excluded.serial, version = excluded.version
"""
VERSION = "select version from pass_list where compound_id = $1"
# A whole list leaves out what admits with its first print; a delta tells it, for the reader may hold it as stopped.
ENTRIES = """
select pass_id, kind, state, serial from pass_list_entry
where compound_id = $1 and version > $2 and valid_until > $3 and ($2 > 0 or state <> 'active' or serial > 1)
order by version, pass_id
"""


async def note(
    tx: Tx,
    pass_id: UUID,
    compound: str,
    kind: ListedKind,
    *,
    state: PassState,
    serial: int,
    valid_until: datetime,
) -> None:
    """Lay a pass's new state on its compound's list."""
    await tx.execute(NOTE, pass_id, compound, kind, state, serial, valid_until)


async def version(conn: Conn, compound: str) -> int:
    """The version of a compound's list; 0 while nothing was ever stopped."""
    found: int | None = await conn.fetchval(VERSION, compound)
    return found or 0


async def entries(conn: Conn, compound: str, *, since: int, now: datetime) -> list[Listed]:
    """What changed after a version, or all that counts; passes whose time is over are left out."""
    return [
        Listed(pass_id=row["pass_id"], kind=row["kind"], state=row["state"], serial=row["serial"])
        for row in await conn.fetch(ENTRIES, compound, since, now)
    ]
