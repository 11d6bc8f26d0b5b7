"""When survey rounds began, and their last days."""

PUT_DAYS = """
insert into survey_days (round_id, opened_at, due_on)
select round_id, opened_at, due_on from unnest($1::uuid[], $2::timestamptz[], $3::date[])
  as row (round_id, opened_at, due_on)
order by round_id
on conflict (round_id) do nothing
"""
# Of each compound the newest round, while it is open.
OPEN_ROUNDS = """
with newest as (
  select distinct on (c.compound) c.compound, c.round_id, r.closed
  from survey_compound c join survey_round r using (round_id)
  order by c.compound, r.number desc
)
select n.compound, n.round_id, d.opened_at, d.due_on from newest n join survey_days d using (round_id)
where not n.closed order by n.compound
"""
