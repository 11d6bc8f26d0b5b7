"""Numbers of observation's own rows, by which headquarters' figures are verified: columns `key` and `number`."""

CASES_IN_FORCE = """
select compound || ' ' || case when state = 'medical' then 'medical' else measure end as key, count(*) as number
from observation_case where ended_at is null group by 1
"""
CASES = "select compound as key, count(*) as number from observation_case group by compound"
