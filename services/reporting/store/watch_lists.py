"""Watch lists and what became of their lines."""

PUT_LISTS = """
insert into watch_list (list_id, lines, search_until, closed)
select list_id, lines, search_until, closed
from unnest($1::uuid[], $2::int[], $3::date[], $4::boolean[]) as row (list_id, lines, search_until, closed)
order by list_id
on conflict (list_id) do update
  set lines = excluded.lines, search_until = excluded.search_until, closed = excluded.closed
"""
PUT_SETTLED = """
insert into watch_line_settled (line_id, list_id, disposition)
select line_id, list_id, disposition from unnest($1::uuid[], $2::uuid[], $3::text[])
  as row (line_id, list_id, disposition)
order by line_id
on conflict (line_id) do update set disposition = excluded.disposition
"""
WATCH_LISTS = """
select l.list_id, l.lines, l.search_until, l.closed, count(s.line_id)::int as settled,
  (count(*) filter (where s.disposition = 'found_here'))::int as found_here,
  (count(*) filter (where s.disposition = 'elsewhere'))::int as elsewhere,
  (count(*) filter (where s.disposition = 'wrong_data'))::int as wrong_data,
  (count(*) filter (where s.disposition = 'missed_before'))::int as missed_before,
  (count(*) filter (where s.disposition = 'overdue'))::int as overdue
from watch_list l left join watch_line_settled s using (list_id)
group by l.list_id order by l.search_until, l.list_id
"""
