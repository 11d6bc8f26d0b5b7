"""All SQL of reporting: first what the projections write, one section each, then what HQ reads."""

NOTE_AS_OF = """
insert into projection_as_of (projection, producer, channel, event_time) values ($1, $2, $3, $4)
on conflict (projection, producer, channel) do update
  set event_time = greatest(projection_as_of.event_time, excluded.event_time)
"""

# --- policy -------------------------------------------------------------------------------------------

COPY_POLICY = """
insert into policy_version (version, effective_from, document) values ($1, $2, $3)
on conflict (version) do nothing
"""

# --- compounds ----------------------------------------------------------------------------------------

PUT_COMPOUNDS = """
insert into compound (compound, name, neighbourhood, mode, area_m2)
select compound, name, neighbourhood, mode, area_m2
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
  as row (compound, name, neighbourhood, mode, area_m2)
order by compound
on conflict (compound) do update
  set name = excluded.name, neighbourhood = excluded.neighbourhood, mode = excluded.mode,
      area_m2 = excluded.area_m2
"""

# --- population ---------------------------------------------------------------------------------------

# All parts see the tables as they were before the statement: `before` is where each person was counted. Nobody
# else writes a person between the two: positions are compared and set, so of two runners one is rolled back.
PUT_PEOPLE = """
with incoming as (
  select person_ref, compound, dwelling_id, relation, resident
  from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::boolean[])
    as row (person_ref, compound, dwelling_id, relation, resident)
), before as (
  select p.compound, p.resident from person_residence p join incoming using (person_ref)
), written as (
  insert into person_residence (person_ref, compound, dwelling_id, relation, resident)
  select person_ref, compound, dwelling_id, relation, resident from incoming order by person_ref
  on conflict (person_ref) do update
    set compound = excluded.compound, dwelling_id = excluded.dwelling_id, relation = excluded.relation,
        resident = excluded.resident
), moved as (
  select compound, 1 as people, resident::int as residents from incoming
  union all
  select compound, -1, -resident::int from before
)
insert into compound_population (compound, people, residents)
select compound, sum(people), sum(residents) from moved group by compound order by compound
on conflict (compound) do update
  set people = compound_population.people + excluded.people,
      residents = compound_population.residents + excluded.residents
"""
# The same for dwellings: one counts where somebody lives.
PUT_DWELLINGS = """
with incoming as (
  select dwelling_id, compound, grid, occupancy, members
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[])
    as row (dwelling_id, compound, grid, occupancy, members)
), before as (
  select d.compound, d.members from dwelling d join incoming using (dwelling_id)
), written as (
  insert into dwelling (dwelling_id, compound, grid, occupancy, members)
  select dwelling_id, compound, grid, occupancy, members from incoming order by dwelling_id
  on conflict (dwelling_id) do update
    set compound = excluded.compound, grid = excluded.grid, occupancy = excluded.occupancy,
        members = excluded.members
), moved as (
  select compound, (members > 0)::int as households from incoming
  union all
  select compound, -(members > 0)::int from before
)
insert into compound_population (compound, households)
select compound, sum(households) from moved group by compound order by compound
on conflict (compound) do update set households = compound_population.households + excluded.households
"""

# --- addresses ----------------------------------------------------------------------------------------

PUT_ADDRESSES = """
insert into grid_addresses (grid, compound, dwellings)
select grid, compound, dwellings from unnest($1::text[], $2::text[], $3::int[]) as row (grid, compound, dwellings)
order by grid
on conflict (grid) do update set compound = excluded.compound, dwellings = excluded.dwellings
"""

# --- entry_flow ---------------------------------------------------------------------------------------

ADD_FLOW = """
insert into entry_flow
  (day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline)
select day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline
from unnest($1::date[], $2::text[], $3::smallint[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[],
            $9::int[], $10::int[])
  as row (day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline)
order by day, compound, hour
on conflict (day, compound, hour) do update
  set checks = entry_flow.checks + excluded.checks,
      entries = entry_flow.entries + excluded.entries,
      exits = entry_flow.exits + excluded.exits,
      refused = entry_flow.refused + excluded.refused,
      cannot_verify = entry_flow.cannot_verify + excluded.cannot_verify,
      fever = entry_flow.fever + excluded.fever,
      offline = entry_flow.offline + excluded.offline
"""

# --- entry_passes -------------------------------------------------------------------------------------

PUT_PASSES = """
insert into entry_pass (pass_id, compound, kind, state, valid_from, valid_until)
select pass_id, compound, kind, state, valid_from, valid_until
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
  as row (pass_id, compound, kind, state, valid_from, valid_until)
order by pass_id
on conflict (pass_id) do update
  set compound = excluded.compound, kind = excluded.kind, state = excluded.state,
      valid_from = excluded.valid_from, valid_until = excluded.valid_until
"""
CHANGE_PASSES = """
update entry_pass set state = row.state
from unnest($1::uuid[], $2::text[]) as row (pass_id, state) where entry_pass.pass_id = row.pass_id
"""

# --- observation_roll ---------------------------------------------------------------------------------

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

# --- site_rounds --------------------------------------------------------------------------------------

PUT_SITES = """
insert into site (site_id, compound, kind, rounds_per_day, since, active)
select site_id, compound, kind, rounds_per_day, since, active
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::date[], $6::boolean[])
  as row (site_id, compound, kind, rounds_per_day, since, active)
order by site_id
on conflict (site_id) do update
  set compound = excluded.compound, kind = excluded.kind, rounds_per_day = excluded.rounds_per_day,
      since = excluded.since, active = excluded.active
"""
ADD_ROUNDS = """
insert into site_day (site_id, day, logged, counted, outside_range)
select site_id, day, logged, counted, outside_range
from unnest($1::uuid[], $2::date[], $3::int[], $4::int[], $5::int[])
  as row (site_id, day, logged, counted, outside_range)
order by day, site_id
on conflict (day, site_id) do update
  set logged = site_day.logged + excluded.logged, counted = site_day.counted + excluded.counted,
      outside_range = site_day.outside_range + excluded.outside_range
"""

# --- what HQ reads ------------------------------------------------------------------------------------

POLICY_OF_DAY = """
select version, document from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
AS_OF = """
with heard as (
  select projection, producer, channel, event_time from projection_as_of where projection = any($1::text[])
), seat as (
  select consumer as projection, producer, channel, moved_at from bus_position where consumer = any($1::text[])
)
select producer, channel, min(event_time) as event_time, min(moved_at) as moved_at
from heard full join seat using (projection, producer, channel)
group by producer, channel
order by producer, channel
"""
COMPOUNDS = "select compound, name, neighbourhood, mode from compound order by compound"
ADDRESSES = "select compound, sum(dwellings)::int as dwellings from grid_addresses group by compound"
POPULATION = "select compound, people, residents, households from compound_population"
FLOW_OF_DAY = """
select compound, sum(checks)::int as checks, sum(entries)::int as entries, sum(exits)::int as exits,
       sum(refused)::int as refused, sum(cannot_verify)::int as cannot_verify, sum(fever)::int as fever
from entry_flow where day = $1 group by compound
"""
FLOW_OF_COMPOUND = """
select hour, checks, entries, exits, refused, cannot_verify, fever, offline
from entry_flow where day = $1 and compound = $2 order by hour
"""
ACTIVE_PASSES = """
select compound, count(*)::int as passes from entry_pass
where state = 'active' and valid_from <= $1 and valid_until > $1 group by compound
"""
OBSERVED = """
select compound, measure, count(*)::int as cases,
       count(*) filter (where state = 'awaiting_closure')::int as awaiting_closure,
       count(*) filter (where streak >= $1::int)::int as missed_streaks
from observation_case left join declaration_streak using (case_id)
where state <> 'completed'
group by compound, measure
"""
# What sanitation's day sheets say: a site on duty owes its own number of rounds or the policy's for its kind. A
# surplus never makes up for another site's shortfall: each counts up to what it owes.
ROUNDS_OF_DAY = """
with duty as (
  select s.site_id, s.compound, s.active and s.since <= $1 as on_duty,
         case when s.active and s.since <= $1 then coalesce(s.rounds_per_day, rule.rounds, 0) else 0 end as required
  from site s left join unnest($2::text[], $3::int[]) as rule (kind, rounds) on rule.kind = s.kind
)
select duty.compound, count(*) filter (where duty.on_duty)::int as sites, sum(duty.required)::int as required,
       sum(least(coalesce(d.counted, 0), duty.required))::int as counted,
       sum(coalesce(d.outside_range, 0))::int as outside_range
from duty left join site_day d on d.site_id = duty.site_id and d.day = $1
group by duty.compound
"""
ROLL = """
select c.case_id, c.person_ref, c.compound, c.grid, c.category, c.measure, c.state, c.anchor_date, c.last_day,
       c.started_at, c.ended_at, coalesce(s.streak, 0) as streak,
       (select w.state from declaration_window w
        where w.case_id = c.case_id and w.day = $1 and w.part = 'morning') as morning,
       (select w.state from declaration_window w
        where w.case_id = c.case_id and w.day = $1 and w.part = 'evening') as evening
from observation_case c left join declaration_streak s using (case_id)
where ($2::text[] is null or c.compound = any($2)) and ($3::text is null or c.state = $3)
  and (c.last_day, c.case_id) > ($4::date, $5::uuid)
order by c.last_day, c.case_id
limit $6
"""
CASE = """
select c.case_id, c.person_ref, c.compound, c.dwelling_id, c.grid, c.category, c.measure, c.state,
       c.anchor_date, c.last_day, c.started_at, c.ended_at, coalesce(s.streak, 0) as streak
from observation_case c left join declaration_streak s using (case_id) where c.case_id = $1
"""
WINDOWS = """
select day, part, state, declared_at from declaration_window where case_id = $1
order by day, array_position(array['morning', 'evening'], part)
"""
AUDIT = """
insert into audit_read (at, actor, role, action, person_ref, scope, correlation_id)
values ($1, $2, $3, $4, $5, $6, $7)
"""
