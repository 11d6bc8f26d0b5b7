"""Numbers of the gate's own rows, by which headquarters' figures are verified: columns `key` and `number`."""

CHECKS = """
select compound || ' ' || (happened_at at time zone 'Asia/Shanghai')::date as key, count(*) as number
from entry_check group by 1
"""
VEHICLES = """
select compound || ' ' || (happened_at at time zone 'Asia/Shanghai')::date as key, count(*) as number
from vehicle_check group by 1
"""
CASE_CONTACTS = """
select compound as key, count(*) as number from report_loop where kind = 'case_contact' group by compound
"""
DUTY_GAPS = "select compound as key, count(*) as number from duty_gap group by compound"
DUTY_GAP_MINUTES = (
    "select compound as key, sum(minutes) as number from duty_gap where minutes > 0 group by compound"
)
DUTY_TURNS = "select compound as key, count(*) as number from duty_turn group by compound"
ON_DUTY = "select compound as key, count(*) as number from duty_turn where ended_at is null group by compound"
DEVICES = "select compound as key, count(*) as number from device where revoked_at is null group by compound"
