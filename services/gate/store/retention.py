"""What checks tell of people, and how it goes: by days, or because somebody is erased. Rows and counts stay."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.db.pool import Conn, Tx
from shared.events.policy import RetentionRules
from shared.kernel.ids import PersonRef

Kind = Literal["reading", "person"]

# One section of the policy: this is asked for every day, and reading all of it would cost more than the rest.
RULES = """
select document -> 'retention' as retention from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
THROUGH = "select through from check_retention where kind = $1 for update"
KEEP_THROUGH = """
insert into check_retention (kind, through) values ($1, $2)
on conflict (kind) do update set through = excluded.through
"""
# Between two instants, so that the block range index finds the rows: every check would pay for another index.
FORGET_READINGS = """
update entry_check set temperature_sealed = null, answers_sealed = null
where check_id in (
  select check_id from entry_check where received_at >= coalesce($1, '-infinity'::timestamptz) and received_at < $2
    and (temperature_sealed is not null or answers_sealed is not null) limit $3)
"""
FORGET_PEOPLE = """
update entry_check set person_ref = null, pass_id = null, temperature_sealed = null, answers_sealed = null
where check_id in (
  select check_id from entry_check where received_at >= coalesce($1, '-infinity'::timestamptz) and received_at < $2
    and (person_ref is not null or pass_id is not null or temperature_sealed is not null
      or answers_sealed is not null) limit $3)
"""
FORGET_VEHICLES = """
update vehicle_check set vehicle_ref = null, vehicle_pass_id = null
where received_at < $1 and (vehicle_ref is not null or vehicle_pass_id is not null)
"""
FORGET_OVERRIDE_NOTES = """
update check_override set note_sealed = null where note_sealed is not null and overridden_at < $1
"""
FORGET_REVIEW_NOTES = """
update override_review set note_sealed = null where note_sealed is not null and reviewed_at < $1
"""
FORGET_LOOPS = "update report_loop set person_ref = null where person_ref is not null and closed_at < $1"
FORGET_HELD_ASIDE = """
update quarantined_item set item_sealed = null where item_sealed is not null and decided_at < $1
"""
FORGET_HANDOVER_NOTES = """
update duty_handover set note_sealed = null where note_sealed is not null and handed_at < $1
"""
# Gate's own hold is a fever by pseudonym; what ended long ago holds nobody. Observation's cases are observation's.
DROP_HOLDS = "delete from restriction where source = 'gate_fever' and not active and since < $1"

CHECKS_OF = "select check_id from entry_check where person_ref = any($1::uuid[])"
UNLINK_CHECKS = """
update entry_check set person_ref = null, pass_id = null, temperature_sealed = null, answers_sealed = null
where person_ref = $1
"""
UNLINK_VEHICLES = """
update vehicle_check set vehicle_ref = null, vehicle_pass_id = null
where vehicle_ref in (select vehicle_ref from vehicle_plate where person_ref = $1)
"""
UNLINK_LOOPS = "update report_loop set person_ref = null where person_ref = $1 and closed_at is not null"
DROP_HOLDS_OF = "delete from restriction where source = 'gate_fever' and not active and person_ref = $1"


async def rules_on(conn: Conn, day: date) -> RetentionRules | None:
    """How long things are kept by the policy in force; None before any is known."""
    section = await conn.fetchval(RULES, day)
    return None if section is None else RetentionRules.model_validate(section)


async def through(tx: Tx, kind: Kind) -> datetime | None:
    """Up to when this kind was forgotten; None: never yet."""
    found: datetime | None = await tx.fetchval(THROUGH, kind)
    return found


async def forget_checks(tx: Tx, kind: Kind, begins: datetime | None, ends: datetime, limit: int) -> int:
    """Forget what is of this kind in checks received between two instants; tells of how many, at most `limit`."""
    statement = FORGET_READINGS if kind == "reading" else FORGET_PEOPLE
    done: str = await tx.execute(statement, begins, ends, limit)
    return int(done.rpartition(" ")[2])


async def forget_around_checks(tx: Tx, before: datetime) -> None:
    """Forget what lies around checks of people: vehicles, notes, closed reports, what was held aside, ended holds."""
    around: Sequence[str] = (
        *(FORGET_VEHICLES, FORGET_OVERRIDE_NOTES, FORGET_REVIEW_NOTES),
        *(FORGET_LOOPS, FORGET_HELD_ASIDE, DROP_HOLDS),
    )
    for statement in around:
        await tx.execute(statement, before)


async def forget_notes(tx: Tx, before: datetime) -> None:
    """Forget what was written when duty was handed over."""
    await tx.execute(FORGET_HANDOVER_NOTES, before)


async def checks_of(conn: Conn, people: Sequence[UUID]) -> list[UUID]:
    """Checks that are known to be of these people."""
    return [row["check_id"] for row in await conn.fetch(CHECKS_OF, list(people))]


async def unlink(tx: Tx, person_ref: PersonRef) -> None:
    """No check is somebody's any more. An open report stays: somebody has to close it."""
    for statement in (UNLINK_CHECKS, UNLINK_VEHICLES, UNLINK_LOOPS, DROP_HOLDS_OF):
        await tx.execute(statement, person_ref)
