"""Cases, windows and streaks."""

CASES = """
select case_id, person_ref, compound, dwelling_id, grid, category, measure, state, anchor_date, last_day,
       started_at, ended_at
from observation_case where case_id = any($1::uuid[])
"""
PUT_CASES = """
insert into observation_case
  (case_id, person_ref, compound, dwelling_id, grid, category, measure, state, anchor_date, last_day,
   started_at, ended_at)
select case_id, person_ref, compound, dwelling_id, grid, category, measure, state, anchor_date, last_day,
       started_at, ended_at
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::date[], $10::date[], $11::timestamptz[], $12::timestamptz[])
  as row (case_id, person_ref, compound, dwelling_id, grid, category, measure, state, anchor_date, last_day,
          started_at, ended_at)
order by case_id
on conflict (case_id) do update
  set person_ref = excluded.person_ref, compound = excluded.compound, dwelling_id = excluded.dwelling_id,
      grid = excluded.grid, category = excluded.category, measure = excluded.measure,
      state = excluded.state, anchor_date = excluded.anchor_date, last_day = excluded.last_day,
      started_at = excluded.started_at, ended_at = excluded.ended_at
"""
PUT_WINDOWS = """
insert into declaration_window (case_id, day, part, state, declared_at)
select case_id, day, part, state, declared_at
from unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::timestamptz[])
  as row (case_id, day, part, state, declared_at)
order by case_id, day, part
on conflict (case_id, day, part) do update set state = excluded.state, declared_at = excluded.declared_at
  where array_position(array['missed', 'late', 'submitted'], declaration_window.state)
      < array_position(array['missed', 'late', 'submitted'], excluded.state)
"""
PUT_STREAKS = """
insert into declaration_streak (case_id, streak)
select case_id, streak from unnest($1::uuid[], $2::int[]) as row (case_id, streak) order by case_id
on conflict (case_id) do update set streak = excluded.streak
"""
FORGET_VOID = "delete from declaration_void where case_id = any($1::uuid[])"
PUT_VOID = """
insert into declaration_void (case_id, day, part)
select case_id, day, part from unnest($1::uuid[], $2::date[], $3::text[]) as row (case_id, day, part)
"""
# A correction of day 0 can only shorten a streak: it is looked at where the streak as it was told is long enough.
OBSERVED = """
select c.compound, c.measure, count(*)::int as cases,
       count(*) filter (where c.state = 'awaiting_closure')::int as awaiting_closure,
       count(*) filter (where case when s.streak >= $1::int then (
         select seen.streak >= $1 from streak_seen seen where seen.case_id = c.case_id) end)::int as missed_streaks
from observation_case c left join declaration_streak s using (case_id)
where c.ended_at is null
group by c.compound, c.measure
"""
# A case is told with the grid of its opening; its dwelling may lie in another one by now.
ROLL = """
select c.case_id, c.person_ref, c.compound, coalesce(d.grid, c.grid) as grid, c.category, c.measure, c.state,
       c.anchor_date, c.last_day,
       c.started_at, c.ended_at, coalesce(s.streak, 0) as streak,
       (select w.state from declaration_seen w
        where w.case_id = c.case_id and w.day = $1 and w.part = 'morning') as morning,
       (select w.state from declaration_seen w
        where w.case_id = c.case_id and w.day = $1 and w.part = 'evening') as evening
from observation_case c left join streak_seen s using (case_id) left join dwelling d using (dwelling_id)
where ($2::text[] is null or c.compound = any($2)) and ($3::text is null or c.state = $3)
  and (c.last_day, c.case_id) > ($4::date, $5::uuid)
order by c.last_day, c.case_id
limit $6
"""
CASE = """
select c.case_id, c.person_ref, c.compound, c.dwelling_id, coalesce(d.grid, c.grid) as grid, c.category, c.measure,
       c.state, c.anchor_date, c.last_day, c.started_at, c.ended_at, coalesce(s.streak, 0) as streak
from observation_case c left join streak_seen s using (case_id) left join dwelling d using (dwelling_id)
where c.case_id = $1
"""
WINDOWS = """
select day, part, state, declared_at from declaration_seen where case_id = $1
order by day, array_position(array['morning', 'evening'], part)
"""
