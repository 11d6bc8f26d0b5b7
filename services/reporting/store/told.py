"""What the read models say of the numbers that the services can count themselves: columns `key` and `number`.

Named as there: `services/*/store/facts.py`. A number of 0 is left out.
"""

PEOPLE = """
select 'town' as key, coalesce(sum(p.people), 0) - (
    select count(*) - count(distinct a.root) from person_alias a join person_residence r using (person_ref)) as number
from compound_population p
"""
RESIDENTS = """
select 'town' as key, count(distinct coalesce(a.root, r.person_ref)) as number
from person_residence r left join person_alias a using (person_ref) where r.resident
"""
PASSES_ACTIVE = """
with past as (
  select date_bin('1 hour', $1::timestamptz, timestamptz '2020-01-01 00:00+08') as hour
), step as (
  select compound, change from pass_change cross join past where grain = 'hour' and upto <= past.hour
  union all
  select compound, 1 from entry_pass cross join past
  where state = 'active' and valid_from < valid_until and valid_from > past.hour and valid_from <= $1
  union all
  select compound, -1 from entry_pass cross join past
  where state = 'active' and valid_from < valid_until and valid_until > past.hour and valid_until <= $1
)
select compound as key, sum(change) as number from step group by compound having sum(change) <> 0
"""
LEADS = "select compound as key, count(*) as number from lead group by compound"
LEADS_CLOSED = (
    "select compound as key, count(*) as number from lead where closed_at is not null group by compound"
)
SURVEY_FINAL = """
select r.number || ' ' || p.compound as key, p.final as number
from survey_progress p join survey_round r using (round_id) where p.final > 0
"""
CASES_IN_FORCE = """
select compound || ' ' || measure as key, count(*) as number from observation_case where ended_at is null group by 1
"""
CASES = "select compound as key, count(*) as number from observation_case group by compound"
CHECKS = "select compound || ' ' || day as key, sum(checks) as number from entry_flow group by 1"
VEHICLES = """
select compound || ' ' || day as key, sum(vehicles_in + vehicles_out + vehicles_held + vehicles_refused) as number
from vehicle_flow group by 1
"""
CASE_CONTACTS = """
select compound as key, count(*) as number from check_flag where flag = 'case_contact' group by compound
"""
DUTY_GAPS = "select compound as key, count(*) as number from duty_gap group by compound"
DUTY_GAP_MINUTES = (
    "select compound as key, sum(minutes) as number from duty_gap where minutes > 0 group by compound"
)
DUTY_TURNS = "select compound as key, count(*) as number from duty_turn group by compound"
ON_DUTY = "select compound as key, count(*) as number from duty_turn where ended_at is null group by compound"
DEVICES = "select compound as key, count(*) as number from gate_device where not revoked group by compound"
ROUNDS = """
select s.compound || ' ' || d.day as key, sum(d.logged) as number
from site_day d join site s using (site_id) where d.logged > 0 group by 1
"""
PICKUPS = "select compound as key, count(*) as number from waste_pickup where state <> 'withdrawn' group by compound"
PICKUPS_DONE = (
    "select compound as key, count(*) as number from waste_pickup where state = 'done' group by compound"
)
