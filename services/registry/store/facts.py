"""Numbers of the registry's own rows, by which headquarters' figures are verified: columns `key` and `number`."""

PEOPLE = """
select 'town' as key, count(distinct coalesce(a.root, r.person_ref)) as number
from residence r left join person_alias a using (person_ref) where r.ended_on is null
"""
RESIDENTS = """
select 'town' as key, count(distinct coalesce(a.root, r.person_ref)) as number
from residence r left join person_alias a using (person_ref) where r.ended_on is null and r.resident
"""
PASSES_ACTIVE = """
select compound_id as key, count(*) as number from entry_pass
where state = 'active' and valid_from <= $1 and valid_until > $1 group by compound_id
"""
LEADS = "select compound_id as key, count(*) as number from lead group by compound_id"
LEADS_CLOSED = (
    "select compound_id as key, count(*) as number from lead where state = 'closed' group by compound_id"
)
SURVEY_FINAL = """
select r.number || ' ' || t.compound_id as key, count(*) as number
from survey_target t join survey_round r using (round_id) where t.final group by r.number, t.compound_id
"""
