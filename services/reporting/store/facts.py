"""What supervision judges by, as read models know it. An old fact that still has an open finding is told too."""

# Channels of which something was said that is not in every one of these read models yet, and when the last of these
# has moved (real time).
BEHIND = """
select p.producer || '.' || p.channel as source, max(p.moved_at) as moved_at
from bus_position p join bus_heard h using (producer, channel)
where p.consumer = any($1::text[]) and (p.epoch, p.last_pos) < (h.epoch, h.pos)
group by p.producer, p.channel
"""
GAPS = """
select gap_id, compound, checkpoint, cause, began_at, ended_at from duty_gap
where (ended_at is null or ended_at >= $1) and coalesce(ended_at, $2) - began_at > $3
"""
DEVICES = """
select device_id, compound, checkpoint, seen_at, list_made_at from gate_device where not revoked
"""
ADMISSIONS = """
select check_id, compound, checkpoint, flag, flagged_at, ended_at from check_flag
where flag like 'admitted\\_after\\_%' and flagged_at >= $1
union all
select c.check_id, c.compound, c.checkpoint, c.flag, c.flagged_at, c.ended_at
from finding f join check_flag c on c.check_id = f.subject::uuid
where f.rule = 'admitted_after_end' and f.state <> 'closed' and c.flag like 'admitted\\_after\\_%' and c.flagged_at < $1
"""
QUARANTINE_LEFT = """
select check_id, compound, checkpoint, flagged_at as left_at from check_flag
where flag = 'quarantine_left' and flagged_at >= $1
union all
select c.check_id, c.compound, c.checkpoint, c.flagged_at
from finding f join check_flag c on c.check_id = f.subject::uuid
where f.rule = 'quarantine_left' and f.state <> 'closed' and c.flag = 'quarantine_left' and c.flagged_at < $1
"""
OVERRIDES = """
select check_id, compound, checkpoint, verdict, reason, review_due_at from override
where outcome is null and review_due_at <= $1
"""
# Whoever is in medical hands has no windows that are due.
STREAKS = """
select case_id, compound, streak as windows from observation_case join streak_seen using (case_id)
where ended_at is null and state in ('active', 'awaiting_closure') and streak >= $1
"""
SHORT_DAYS = """
select site_id, compound, kind, day, shortfall from round_missed where shortfall > 0 and day >= $1
union all
select m.site_id, m.compound, m.kind, m.day, m.shortfall
from finding f join round_missed m on m.day = (f.evidence ->> 'day')::date and m.compound = f.compound
where f.rule = 'rounds_missed' and f.state <> 'closed' and m.shortfall > 0 and m.day < $1
"""
PICKUPS = """
select pickup_id, compound, day, due_at, coalesce(missed, 'not_done') as reason from waste_pickup
where state = 'missed' and day >= $1
union all
select p.pickup_id, p.compound, p.day, p.due_at, coalesce(p.missed, 'not_done')
from finding f join waste_pickup p on p.pickup_id = f.subject::uuid
where f.rule = 'pickup_missed' and f.state <> 'closed' and p.state = 'missed' and p.day < $1
"""
ORDERS = """
select order_id, compound, item, source, due_at, level from rectification where state = 'ordered' and due_at <= $1
"""
FIRST_REPORT = "select min(day) from daily_report"
# The oldest report day of which something is still open.
LATE_SINCE = """
select min((evidence ->> 'day')::date) from finding
where rule in ('unit_report_late', 'daily_report_late') and state <> 'closed'
"""
SAID = """
select day, compound, min(acted_at) as said_at from daily_report_act where day >= $1 group by day, compound
"""
SENT = """
select r.day, r.units, min(v.made_at) as sent_at from daily_report r join daily_report_version v using (report_id)
where r.day >= $1 group by r.day, r.units
"""
# A duplicate counts with the lead that stands for the fact.
LEADS = """
select lead_id, compound, category, received_at, due_at, closed_at from lead
where not coalesce(duplicate, false) and received_at is not null and category is not null
  and (closed_at is null or closed_at >= $1)
"""
