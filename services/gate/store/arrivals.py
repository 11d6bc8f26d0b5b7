"""Arrivals, the loops that their reports open, and gate's copy of the risk list (R2.5)."""

from collections.abc import Mapping
from typing import Any

from shared.db.pool import Tx

RISK_ON = """
select areas from risk_list where effective_from <= $1 order by effective_from desc, revision desc limit 1
"""
KEEP_RISK = """
insert into risk_list (revision, effective_from, areas) values ($1, $2, $3) on conflict (revision) do nothing
"""
OPEN_LOOP = """
insert into report_loop (check_id, kind, compound, checkpoint, person_ref, opened_at) values ($1, $2, $3, $4, $5, $6)
on conflict (check_id, kind) do nothing
"""
# Registry and observation answer for a person; a returnee's outcome is the intake, or the observation itself.
CLOSE_OF_PEOPLE = """
update report_loop l set closed_at = n.closed_at, closed_by = n.closed_by
from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as n (person_ref, closed_at, closed_by)
where l.person_ref = n.person_ref and l.closed_at is null and l.kind in ('first_return', 'focus_area', 'case_contact')
  and l.opened_at <= n.closed_at
"""
# Nobody knew who some of them were: their reports are answered by the check.
CLOSE_SETTLED = """
update report_loop l set closed_at = n.closed_at, closed_by = 'intake_task_settled'
from unnest($1::uuid[], $2::timestamptz[]) as n (check_id, closed_at)
where l.check_id = n.check_id and l.kind in ('first_return', 'focus_area', 'case_contact') and l.closed_at is null
"""
ANSWER_APPLICATIONS = """
update report_loop l set answered_at = n.answered_at
from unnest($1::uuid[], $2::timestamptz[]) as n (check_id, answered_at)
where l.check_id = n.check_id and l.kind = 'application' and l.answered_at is null
"""
CLOSE_APPLICATIONS = """
update report_loop l set closed_at = n.closed_at, closed_by = 'application_settled'
from unnest($1::uuid[], $2::timestamptz[]) as n (check_id, closed_at)
where l.check_id = n.check_id and l.kind in ('application', 'focus_area', 'case_contact') and l.closed_at is null
"""
# A fever's loop is gate's own hold: it is open until observation has dealt with it.
OPEN_LOOPS = """
select check_id, kind, compound, checkpoint, person_ref, opened_at, answered_at from (
  select check_id, kind, compound, checkpoint, person_ref, opened_at, answered_at
  from report_loop where closed_at is null
  union all
  select r.restriction_id, 'fever', r.compound, e.checkpoint, r.person_ref, r.since, null
  from restriction r join entry_check e on e.check_id = r.restriction_id
  where r.active and r.source = 'gate_fever'
) as loop
where ($1::text[] is null or checkpoint = any($1)) and (opened_at, check_id) > ($2, $3)
order by opened_at, check_id limit $4
"""
OPEN_BY_KIND = """
select compound, kind, count(*)::int as loops, min(opened_at) as oldest
from report_loop where closed_at is null group by compound, kind
"""


async def open_loop(tx: Tx, kind: str, where: Mapping[str, Any]) -> None:
    """Keep that something was reported, until its outcome is told. `where`: check, place, and of whom."""
    about = (where[name] for name in ("compound", "checkpoint", "person_ref"))
    await tx.execute(OPEN_LOOP, where["check_id"], kind, *about, tx.now)
