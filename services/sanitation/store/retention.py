"""What was written about things, and how it goes once they are over; what was done, when and by whom stays."""

from datetime import datetime

from shared.db.pool import Tx

# A day is over when the next one begins in Shanghai.
FORGET_CLOSURES = """
update site_closure set note_sealed = null, note_index = null
where note_sealed is not null and coalesce(ended_at, (last_day + 1)::timestamp at time zone 'Asia/Shanghai') < $1
"""
FORGET_ROUNDS = """
update round_log set explanation_sealed = null, explanation_index = null
where explanation_sealed is not null and logged_at < $1
"""
FORGET_AIRINGS = """
update ventilation set explanation_sealed = null, explanation_index = null
where explanation_sealed is not null and logged_at < $1
"""
FORGET_PICKUPS = """
update pickup_act set note_sealed = null, note_index = null where note_sealed is not null and recorded_at < $1
"""
FORGET_APPROVALS = """
update venue_approval set reason_sealed = null
where reason_sealed is not null
  and coalesce(revoked_at, (last_day + 1)::timestamp at time zone 'Asia/Shanghai') < $1
"""
FORGET_INSPECTIONS = """
update inspection set note_sealed = null where note_sealed is not null and recorded_at < $1
"""
FORGET_ITEMS = """
update inspection_item t set note_sealed = null from inspection i
where t.note_sealed is not null and i.inspection_id = t.inspection_id and i.recorded_at < $1
"""
FORGET_ORDERS = """
update rectification_order set note_sealed = null where note_sealed is not null and settled_at < $1
"""
FORGET_ACTS = """
update order_act a set note_sealed = null from rectification_order o
where a.note_sealed is not null and o.order_id = a.order_id and o.settled_at < $1
"""
FORGET_REPORTS = """
update site_report set text_sealed = null, note_sealed = null
where num_nonnulls(text_sealed, note_sealed) > 0 and decided_at < $1
"""

_ALL = (
    *(FORGET_CLOSURES, FORGET_ROUNDS, FORGET_AIRINGS, FORGET_PICKUPS, FORGET_APPROVALS),
    *(FORGET_INSPECTIONS, FORGET_ITEMS, FORGET_ORDERS, FORGET_ACTS, FORGET_REPORTS),
)


async def forget_notes(tx: Tx, before: datetime) -> int:
    """Forget what was written about whatever was over before an instant; tells how many texts."""
    return sum([int((await tx.execute(one, before)).rpartition(" ")[2]) for one in _ALL])
