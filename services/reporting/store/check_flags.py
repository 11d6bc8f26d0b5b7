"""Checks that need a look."""

PUT_FLAGS = """
insert into check_flag (check_id, flag, other_check_id, compound, checkpoint, flagged_at, ended_at)
select check_id, flag, other_check_id, compound, checkpoint, flagged_at, ended_at
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
  as row (check_id, flag, other_check_id, compound, checkpoint, flagged_at, ended_at)
order by check_id, flag, other_check_id
on conflict (check_id, flag, other_check_id) do update
  set compound = excluded.compound, checkpoint = excluded.checkpoint, flagged_at = excluded.flagged_at,
      ended_at = excluded.ended_at
"""
FLAGS = """
select check_id, flag, nullif(other_check_id, check_id) as other_check_id, compound, checkpoint, flagged_at, ended_at
from check_flag
where ($1::text[] is null or compound = any($1)) and ($2::text is null or flag = $2)
  and (flagged_at, check_id, flag, other_check_id) < ($3::timestamptz, $4::uuid, $5::text, $6::uuid)
order by flagged_at desc, check_id desc, flag desc, other_check_id desc
limit $7
"""
_COUNTED = """count(*) filter (where flag = 'case_contact')::int as case_contacts,
  count(*) filter (where flag in ('quarantine_exit', 'quarantine_left'))::int as quarantine_exits,
  count(*) filter (where flag = 'quarantine_left')::int as quarantine_left"""
# From an instant up to another, which does not belong to it.
REPORTED_BETWEEN = f"""
select compound, {_COUNTED} from check_flag
where flag in ('case_contact', 'quarantine_exit', 'quarantine_left') and flagged_at >= $1 and flagged_at < $2
group by compound
"""
REPORTED_BY_DAY = f"""
select (flagged_at at time zone 'Asia/Shanghai')::date as day, {_COUNTED} from check_flag
where flag in ('case_contact', 'quarantine_exit', 'quarantine_left')
  and flagged_at >= $1::date::timestamp at time zone 'Asia/Shanghai'
  and flagged_at < ($2::date + 1)::timestamp at time zone 'Asia/Shanghai'
  and ($3::text[] is null or compound = any($3))
group by 1
"""
