"""Numbers of sanitation's own rows, by which headquarters' figures are verified: columns `key` and `number`."""

ROUNDS = """
select s.compound || ' ' || (l.done_at at time zone 'Asia/Shanghai')::date as key, count(*) as number
from round_log l join site s using (site_id) group by 1
"""
PICKUPS = "select compound as key, count(*) as number from waste_pickup where state <> 'withdrawn' group by compound"
PICKUPS_DONE = """
select compound as key, count(*) as number from waste_pickup where state = 'handed_over' group by compound
"""
