"""What intakes say of trips and health, and how it goes; what category, day 0 and figures rest on stays."""

from datetime import datetime
from uuid import UUID

from shared.db.pool import Tx

# An intake of somebody who was under observation already has no case of its own: the person's last one counts.
_RELEASED = """
coalesce(
  (select coalesce(o.completed_at, o.closed_at, 'infinity') from observation_state o where o.case_id = i.case_id),
  (select max(coalesce(o.completed_at, o.closed_at, 'infinity')) from observation_state o
   where o.person_ref in (select pseudonyms_of(i.person_ref))))
"""
TRIPS_DUE = f"""
select i.intake_id from returnee_intake i
where i.recorded_at < $1
  and (i.transport_number_sealed is not null or i.reason_sealed is not null or i.suzhou_code is not null
    or i.via <> '[]')
  and {_RELEASED} < $1
order by i.recorded_at limit $2 for update of i skip locked
"""
HEALTH_DUE = f"""
select i.intake_id from returnee_intake i where i.recorded_at < $1 and i.health_sealed is not null and {_RELEASED} < $1
order by i.recorded_at limit $2 for update of i skip locked
"""
FORGET_TRIPS = """
update returnee_intake set transport_number_sealed = null, reason_sealed = null, suzhou_code = null, via = '[]',
  content_index = ''
where intake_id = any($1::uuid[])
"""
FORGET_TRIPS_BEFORE = """
update intake_correction set transport_number_sealed = null, choice_reason_sealed = null, reason_sealed = '',
  suzhou_code = null, via = '[]', content_index = ''
where intake_id = any($1::uuid[])
"""
FORGET_HEALTH = """
update returnee_intake set health_sealed = null, content_index = '' where intake_id = any($1::uuid[])
"""
FORGET_HEALTH_BEFORE = """
update intake_correction set health_sealed = null, content_index = '' where intake_id = any($1::uuid[])
"""
# Answers at a gate belong to a task; one that ended without an intake was of somebody who is not observed.
TAKE_ANSWERS = f"""
delete from intake_answers where check_id in (
  select c.check_id from intake_task_check c join intake_task t using (task_id)
  left join returnee_intake i on i.intake_id = t.intake_id
  where t.settled_at < $1 and (t.intake_id is null or {_RELEASED} < $1) limit $2)
returning key_ref
"""


async def forget_trips(tx: Tx, released_before: datetime, limit: int) -> int:
    """Forget trips of people who were released long enough ago, also as they stood before corrections; how many."""
    intakes = [row["intake_id"] for row in await tx.fetch(TRIPS_DUE, released_before, limit)]
    if intakes:
        for statement in (FORGET_TRIPS, FORGET_TRIPS_BEFORE):
            await tx.execute(statement, intakes)
    return len(intakes)


async def forget_health(tx: Tx, released_before: datetime, limit: int) -> int:
    """The same of what they answered about their health."""
    intakes = [row["intake_id"] for row in await tx.fetch(HEALTH_DUE, released_before, limit)]
    if intakes:
        for statement in (FORGET_HEALTH, FORGET_HEALTH_BEFORE):
            await tx.execute(statement, intakes)
    return len(intakes)


async def take_answers(tx: Tx, settled_before: datetime, limit: int) -> list[UUID]:
    """Drop answers at gates whose tasks ended long enough ago; tells the keys under which they lay."""
    return [row["key_ref"] for row in await tx.fetch(TAKE_ANSWERS, settled_before, limit)]
