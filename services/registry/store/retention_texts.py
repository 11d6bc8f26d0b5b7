"""Texts and contacts that lie under keys of their own, and when each kind of them is over: the keys that go.

Rows stay with what is counted; `erasure.blank_by_keys` empties them.
"""

from datetime import datetime
from uuid import UUID

from shared.db.pool import Tx

# A lead that is a duplicate is over with the one that stands for the fact.
LEADS_OVER = """
select array_remove(array[l.key_ref, r.reporter_ref], null) as keys
from lead l left join lead_reporter r using (lead_id)
  join lead head on head.lead_id = coalesce(l.merged_into, l.lead_id)
where head.closed_at < $1 and octet_length(l.text_sealed) > 0
order by l.received_at limit $2 for update of l skip locked
"""
# Nobody is looked for any more once a list is closed, or its last day is over.
LINES_OVER = """
select array[n.line_id] as keys from watch_line n join watch_list w using (list_id)
where coalesce(w.closed_at, (w.search_until + 1) at time zone 'Asia/Shanghai') < $1 and octet_length(n.name_sealed) > 0
order by n.list_id, n.nth limit $2 for update of n skip locked
"""
ENTRIES_OVER = """
select array[e.entry_id] as keys from call_entry e
where octet_length(e.name_sealed) > 0 and greatest(e.created_at, e.arrived_at, e.next_call_on::timestamptz,
    (select max(c.called_at) from call_attempt c where c.entry_id = e.entry_id)) < $1
order by e.created_at limit $2 for update of e skip locked
"""
# A form that contradicts another one is needed until somebody has decided.
FORMS_OVER = """
select array_append(array(
    select m.key_ref from survey_member m
    where m.submission_id = s.submission_id and m.person_ref is null and m.key_ref is not null), s.key_ref) as keys
from survey_submission s
where s.received_at < $1 and s.standing <> 'conflicting' and (s.note_sealed is not null
  or exists (select from survey_finding f where f.submission_id = s.submission_id and f.detail_sealed is not null)
  or exists (select from survey_offer o where o.submission_id = s.submission_id and o.note_sealed is not null)
  or exists (select from survey_member m where m.submission_id = s.submission_id and m.person_ref is null
    and octet_length(m.stated_sealed) > 0))
order by s.received_at limit $2 for update of s skip locked
"""
RESOLUTIONS_OVER = """
select array[key_ref] as keys from survey_resolution where resolved_at < $1 and octet_length(reason_sealed) > 0
order by resolved_at limit $2 for update skip locked
"""
APPLICATIONS_OVER = """
select array[key_ref] as keys from pass_application
where settled_at < $1 and num_nonnulls(stated_sealed, note_sealed, receipt_sealed) > 0
order by settled_at limit $2 for update skip locked
"""
VOLUNTEERS_OVER = """
select array[key_ref] as keys from volunteer_application where settled_at < $1 and octet_length(name_sealed) > 0
order by settled_at limit $2 for update skip locked
"""
BUSINESSES_OVER = """
select array[key_ref] as keys from business
where (closed_on + 1)::timestamp at time zone 'Asia/Shanghai' < $1 and octet_length(contact_name_sealed) > 0
order by business_id limit $2 for update skip locked
"""

# A worker may serve again under the same number: the key stays, what it sealed goes. Who was never posted yet waits.
WORKERS_OVER = """
update worker set name_sealed = '', sex_sealed = '', phone_sealed = '', content_index = ''
where worker_ref in (
  select w.worker_ref from worker w
  where octet_length(w.name_sealed) > 0
    and exists (select from posting p where p.worker_ref = w.worker_ref)
    and not exists (select from posting p where p.worker_ref = w.worker_ref
      and coalesce((p.until_day + 1)::timestamp at time zone 'Asia/Shanghai', 'infinity') >= $1)
    and not exists (select from responsibility r where r.worker_ref = w.worker_ref
      and coalesce((r.until_day + 1)::timestamp at time zone 'Asia/Shanghai', 'infinity') >= $1)
  order by w.worker_ref limit $2 for update skip locked)
returning worker_ref
"""

OVER = {
    "lead_days": (LEADS_OVER,),
    "list_days": (LINES_OVER, ENTRIES_OVER),
    "survey_days": (FORMS_OVER, RESOLUTIONS_OVER),
    "application_days": (APPLICATIONS_OVER, VOLUNTEERS_OVER),
    "business_days": (BUSINESSES_OVER,),
}
"""The policy's days of retention -> what they are for."""


async def forget_workers(tx: Tx, before: datetime, limit: int) -> int:
    """Forget names and phones of workers whose last post and charge ended before an instant; tells how many."""
    return len(await tx.fetch(WORKERS_OVER, before, limit))


async def keys_over(tx: Tx, kind: str, before: datetime, limit: int) -> list[UUID]:
    """Keys of what was over before an instant, with the rows held."""
    return [key for over in OVER[kind] for row in await tx.fetch(over, before, limit) for key in row["keys"]]
