"""Imports of site lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.sanitation.imports.site_rows import Fault
from shared.db.pool import Tx

SETTLED = """
select not exists (
  select from bus_position
  where producer = 'registry' and channel = 'town'
    and moved_at > clock_timestamp() - make_interval(secs => $2::float8)
) and received_at < clock_timestamp() - make_interval(secs => $2::float8) from import_job where import_id = $1
"""
RUNNING_IMPORT = "select import_id from import_job where kind = $1 and sha256 = $2 and state = 'running'"
ADD_IMPORT = """
insert into import_job (import_id, kind, file, sha256, content, rows_total, requested_by, requested_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (kind, sha256) where state = 'running' do nothing
returning import_id
"""
IMPORT = """
select import_id, kind, file, state, rows_total, rows_done, rows_accepted, rows_unchanged, rows_duplicate,
       rows_rejected, requested_at, finished_at
from import_job where import_id = $1
"""
NEXT_IMPORT = """
select import_id, file, content, rows_total, rows_done from import_job where state = 'running'
order by received_at, import_id limit 1 for update skip locked
"""
ADD_IMPORT_ROWS = """
insert into import_row (import_id, nth, sheet, row, "column", code, detail, outcome)
select $1, nth, sheet, row, "column", code, detail, outcome
from unnest($2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
  as line (nth, sheet, row, "column", code, detail, outcome)
"""
ADVANCE_IMPORT = """
update import_job
set rows_done = rows_done + $2 + $3 + $4 + $5, rows_accepted = rows_accepted + $2,
    rows_unchanged = rows_unchanged + $3, rows_duplicate = rows_duplicate + $4,
    rows_rejected = rows_rejected + $5
where import_id = $1
"""
FINISH_IMPORT = """
update import_job set state = 'done', finished_at = $2, content = null
where import_id = $1 and state = 'running' and rows_done = rows_total
"""
IMPORT_ROWS = """
select nth, sheet, row, "column", code, detail, outcome from import_row
where import_id = $1 and nth > $2 order by nth limit $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows of a piece of an import came to what."""

    accepted: int = 0
    unchanged: int = 0
    duplicate: int = 0
    rejected: int = 0


async def add_faults(tx: Tx, import_id: UUID, faults: Sequence[tuple[int, Fault]]) -> None:
    """Write lines of the error sheet, each with its place in the file."""
    if faults:
        await tx.execute(
            ADD_IMPORT_ROWS,
            import_id,
            [nth for nth, _ in faults],
            [fault.sheet for _, fault in faults],
            [fault.row for _, fault in faults],
            [fault.column for _, fault in faults],
            [fault.code for _, fault in faults],
            [fault.detail for _, fault in faults],
            [fault.outcome for _, fault in faults],
        )


async def advance_import(tx: Tx, import_id: UUID, tally: Tally) -> None:
    """Move an import's position by what was done now."""
    await tx.execute(
        ADVANCE_IMPORT, import_id, tally.accepted, tally.unchanged, tally.duplicate, tally.rejected
    )
