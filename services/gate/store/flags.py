"""Checks that need a look: since when passes had ended, who was at two gates, which clocks were wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.domain.flags import Flagged, Meeting, PassEnds
from shared.db.pool import Conn, Tx
from shared.events.policy_gate import SyncRules
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef

ENDS_OF_PASSES = """
select pass_id, state, state_since, serial, serial_since from entry_pass where pass_id = any($1::uuid[])
"""
MEETINGS = """
select a.check_id, b.check_id as other_check_id,
  greatest(a.happened_at - b.happened_at, b.happened_at - a.happened_at) as apart,
  a.subject_kind = 'pass_token' and b.subject_kind = 'pass_token' and a.pass_id = b.pass_id as scanned_both
from entry_check a join entry_check b on b.person_ref = a.person_ref and b.checkpoint <> a.checkpoint
  and b.happened_at between a.happened_at - $2::interval and a.happened_at + $2::interval
where a.check_id = any($1::uuid[]) and a.time_trusted and b.time_trusted
order by a.check_id, b.check_id
"""
PLACES = """
select check_id, person_ref, compound, checkpoint, device_at, received_at, time_trusted
from entry_check where check_id = any($1::uuid[]) order by check_id
"""
# One section of the policy: this is asked for every few checks, and reading all of it costs more than the rest.
SYNC_RULES = """
select document #> '{gate,sync}' as sync from policy_version where effective_from <= $1
order by effective_from desc, version desc limit 1
"""
KEEP_FLAGS = """
insert into check_flag (check_id, flag, other_check_id, flagged_at)
select check_id, flag, other_check_id, $1
from unnest($2::uuid[], $3::text[], $4::uuid[]) as f (check_id, flag, other_check_id)
on conflict do nothing
returning check_id, flag, other_check_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a check was, and its times."""

    person_ref: PersonRef | None
    compound: CompoundId
    checkpoint: CheckpointId
    device_at: datetime
    received_at: datetime
    time_trusted: bool


async def pass_ends(conn: Conn, pass_ids: Sequence[UUID]) -> dict[UUID, PassEnds]:
    """How passes stand, and since when."""
    return {
        row["pass_id"]: PassEnds(
            state=PassState(row["state"]),
            state_since=row["state_since"],
            serial=row["serial"],
            serial_since=row["serial_since"],
        )
        for row in await conn.fetch(ENDS_OF_PASSES, pass_ids)
    }


async def sync_rules(conn: Conn, day: date) -> SyncRules | None:
    """What the policy in force says about two gates at once; None where it says nothing."""
    section = await conn.fetchval(SYNC_RULES, day)
    return None if section is None else SyncRules.model_validate(section)


async def meetings(conn: Conn, check_ids: Sequence[UUID], rules: SyncRules) -> list[Meeting]:
    """Who was at another checkpoint at about the time of these checks."""
    within = timedelta(seconds=max(rules.two_places_within_seconds, rules.copied_pass_within_seconds))
    return [Meeting(**row) for row in await conn.fetch(MEETINGS, check_ids, within)]


async def places(conn: Conn, check_ids: Sequence[UUID]) -> dict[UUID, Place]:
    """These checks, as far as they are here."""
    return {
        row["check_id"]: Place(**{name: value for name, value in row.items() if name != "check_id"})
        for row in await conn.fetch(PLACES, check_ids)
    }


async def keep(tx: Tx, flags: Sequence[Flagged]) -> list[Flagged]:
    """Keep flags; tells those that are new."""
    rows = await tx.fetch(
        KEEP_FLAGS,
        tx.now,
        [flag.check_id for flag in flags],
        [flag.flag for flag in flags],
        [flag.other_check_id for flag in flags],
    )
    return [Flagged(**row) for row in rows]
