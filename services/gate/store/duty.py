"""Turns of duty, handovers, and the gaps between them (R2.2, G15)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.gate.domain.duty import GapCause, OpenGap, held_until
from services.gate.domain.roster import AlreadyOnDuty, Shift, Turn
from shared.db.pool import Conn, Tx
from shared.events.policy_gate import DutyRules
from shared.kernel.days import Span
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.refusal import Refusal

REJECTIONS: Mapping[str, Refusal] = {
    "duty_turn_one_open": AlreadyOnDuty(
        "该人员已签到，尚未签退。The worker is on duty already.", field="badge"
    ),
    "duty_turn_of_shift": AlreadyOnDuty("该班次已有人签到。This shift was taken up already.", field="badge"),
}

# --- turns --------------------------------------------------------------------------------------------------------

TURN_FOR_UPDATE = """
select t.turn_id, t.checkpoint, t.compound, t.worker_ref, t.started_at, t.ended_at, t.ended_by, t.minutes, t.version,
  t.late_minutes, t.device_started_at, t.device_ended_at, t.received_at,
  s.shift_id, s.starts_at, s.ends_at
from duty_turn t left join duty_shift s on s.shift_id = t.shift_id
where t.turn_id = $1 for update of t
"""
OPEN_TURN_OF_WORKER = """
select t.turn_id, t.checkpoint, t.compound, t.worker_ref, t.started_at, t.ended_at, t.ended_by, t.minutes, t.version,
  s.shift_id, s.starts_at, s.ends_at
from duty_turn t left join duty_shift s on s.shift_id = t.shift_id
where t.worker_ref = $1 and t.ended_at is null for update of t
"""
LAPSED_TURNS = """
select t.turn_id, t.checkpoint, t.compound, t.worker_ref, t.started_at, t.ended_at, t.ended_by, t.minutes, t.version,
  s.shift_id, s.starts_at, s.ends_at
from duty_turn t left join duty_shift s on s.shift_id = t.shift_id
where t.ended_at is null and coalesce(greatest(s.ends_at, t.started_at), t.started_at + $2) <= $1
order by t.turn_id for update of t
"""
# Of who leaves a post: on duty there, or the turn lapsed at the end of its plan while they waited for relief.
LAST_TURN_HERE = """
select t.turn_id, t.checkpoint, t.compound, t.worker_ref, t.started_at, t.ended_at, t.ended_by, t.minutes, t.version,
  t.late_minutes, t.device_started_at, t.device_ended_at, t.received_at,
  s.shift_id, s.starts_at, s.ends_at
from duty_turn t left join duty_shift s on s.shift_id = t.shift_id
where t.checkpoint = $1 and t.worker_ref = $2
order by t.started_at desc limit 1 for update of t
"""
# A turn that somebody ended holds that time; of one that merely lapsed nobody knows until when they stood there.
STOOD_SOMEWHERE = """
select true from duty_turn
where worker_ref = $1 and started_at <= $2 and ended_at > $3 and ended_by <> 'lapsed' limit 1
"""
SHIFTS_NOT_TAKEN_UP = """
select s.shift_id, s.checkpoint, s.worker_ref, s.starts_at, s.ends_at from duty_shift s
where s.checkpoint = $1 and s.worker_ref = $2 and s.starts_at <= $4 and s.ends_at > $3 and s.cancelled_at is null
  and not exists (select from duty_turn t where t.shift_id = s.shift_id)
"""
START_TURN = """
insert into duty_turn (turn_id, checkpoint, compound, worker_ref, shift_id, device_id, device_started_at, started_at,
  late_minutes, received_at, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)
"""
END_TURN = """
update duty_turn set device_ended_at = $2, ended_at = $3, ended_by = $4, minutes = $5, version = version + 1
where turn_id = $1 returning version
"""
ON_DUTY = """
select turn_id, worker_ref, started_at from duty_turn where checkpoint = $1 and ended_at is null order by started_at
"""
TURNS_OF_POST = """
select t.turn_id, t.worker_ref, t.started_at, t.ended_at, t.ended_by, t.minutes, t.late_minutes, t.shift_id
from duty_turn t where t.checkpoint = $1 and t.started_at < $3 and coalesce(t.ended_at, $3) > $2
order by t.started_at, t.turn_id
"""
SERVICE_RECORD = """
select count(*)::int as turns, coalesce(sum(minutes), 0)::int as minutes,
  count(*) filter (where late_minutes > 0)::int as late, coalesce(sum(late_minutes), 0)::int as late_minutes,
  count(*) filter (where ended_by = 'lapsed')::int as lapsed
from duty_turn where worker_ref = $1 and started_at >= $2 and started_at < $3 and ended_at is not null
"""

# --- handovers ----------------------------------------------------------------------------------------------------

HANDOVER = """
select handover_id, outgoing_turn, incoming_turn, handed_at, entered, left_count, refused, cannot_verify, fever,
  materials, content
from duty_handover where handover_id = $1
"""
LAST_HANDOVER = """
select handover_id, outgoing_turn, incoming_turn, handed_at, entered, left_count, refused, cannot_verify, fever,
  materials, content
from duty_handover where checkpoint = $1 order by handed_at desc, handover_id desc limit 1
"""
COUNTS_OF_TURN = """
select count(*) filter (where direction = 'entry' and verdict in ('admit', 'admit_with_action'))::int as entered,
  count(*) filter (where direction = 'exit' and verdict in ('admit', 'admit_with_action'))::int as left_count,
  count(*) filter (where verdict = 'refuse')::int as refused,
  count(*) filter (where verdict = 'cannot_verify')::int as cannot_verify,
  count(*) filter (where 'fever' = any(reasons))::int as fever
from entry_check
where received_at >= $2 and checkpoint = $1 and happened_at >= $2 and happened_at < $3
"""
ADD_HANDOVER = """
insert into duty_handover (handover_id, checkpoint, compound, outgoing_turn, incoming_turn, device_at, handed_at,
  entered, left_count, refused, cannot_verify, fever, materials, note_sealed, content)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""

# --- gaps ---------------------------------------------------------------------------------------------------------

# Posts that must be manned, from when each is looked at: the oldest gap still open, or up to where it was done.
WATCHED = """
select p.checkpoint, p.compound, p.closed_at, coalesce(w.judged_through, p.opened_at) as judged_through,
  least(coalesce(w.judged_through, p.opened_at), min(g.began_at)) as since
from checkpoint p
left join duty_watch w on w.checkpoint = p.checkpoint
left join duty_gap g on g.checkpoint = p.checkpoint and g.ended_at is null
where not p.temporary and ($1::text is null or p.checkpoint = $1)
  and (p.closed_at is null or w.judged_through is null or w.judged_through < p.closed_at or g.gap_id is not null)
group by p.checkpoint, p.compound, p.closed_at, w.judged_through, p.opened_at
order by p.checkpoint
"""
LOCK_POST = "select pg_advisory_xact_lock(hashtextextended('duty_post ' || $1, 0))"
PLANNED_SPANS = """
select checkpoint, starts_at, ends_at from duty_shift
where checkpoint = any($1::text[]) and starts_at < $3 and ends_at > $2 and cancelled_at is null
"""
HELD_SPANS = """
select t.checkpoint, t.started_at, t.ended_at, s.ends_at as planned_until
from duty_turn t left join duty_shift s on s.shift_id = t.shift_id
where t.checkpoint = any($1::text[]) and t.started_at < $3 and (t.ended_at is null or t.ended_at > $2)
"""
GAPS_TOLD = """
select gap_id, checkpoint, cause, began_at, ended_at from duty_gap
where checkpoint = any($1::text[]) and (ended_at is null or began_at >= $2)
"""
OPEN_GAP = """
insert into duty_gap (gap_id, checkpoint, compound, cause, began_at, opened_at) values ($1, $2, $3, $4, $5, $6)
on conflict on constraint duty_gap_once do nothing returning gap_id
"""
CLOSE_GAP = "update duty_gap set ended_at = $2, minutes = $3 where gap_id = $1 and ended_at is null"
JUDGED = """
insert into duty_watch (checkpoint, judged_through) values ($1, $2)
on conflict (checkpoint) do update set judged_through = excluded.judged_through
"""
# Somebody turned out to have left earlier than was known.
LOOK_AGAIN_FROM = """
update duty_watch set judged_through = least(judged_through, date_trunc('minute', $2::timestamptz))
where checkpoint = $1
"""
OPEN_GAPS_BY_COMPOUND = (
    "select compound, count(*)::int as gaps from duty_gap where ended_at is null group by compound"
)
GAPS = """
select g.gap_id, g.checkpoint, g.compound, g.cause, g.began_at, g.opened_at, g.ended_at, g.minutes
from duty_gap g
where ($1::text[] is null or g.checkpoint = any($1)) and ($2::boolean is null or (g.ended_at is null) = $2)
  and ($3::timestamptz is null or (g.began_at, g.gap_id) < ($3, $4::uuid))
order by g.began_at desc, g.gap_id desc limit $5
"""


OPEN_SPAN = "select opened_at, closed_at from checkpoint where checkpoint = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A post that must be manned, and since when its gaps are looked for."""

    checkpoint: CheckpointId
    compound: CompoundId
    closed_at: datetime | None
    judged_through: datetime
    since: datetime


@dataclass(slots=True)
class DutyFacts:
    """All that decides on a post's gaps."""

    planned: list[Span] = field(default_factory=list)
    held: list[Span] = field(default_factory=list)
    open_gaps: list[OpenGap] = field(default_factory=list)
    told: set[tuple[GapCause, datetime]] = field(default_factory=set)


async def watched(conn: Conn, checkpoint: CheckpointId | None = None) -> list[Watched]:
    """The posts that must be manned, or the one asked for."""
    return [Watched(**row) for row in await conn.fetch(WATCHED, checkpoint)]


async def facts(
    conn: Conn, posts: Sequence[CheckpointId], *, since: datetime, until: datetime, unplanned: timedelta
) -> dict[str, DutyFacts]:
    """Shifts, turns and told gaps of posts in a stretch of time."""
    found: defaultdict[str, DutyFacts] = defaultdict(DutyFacts)
    for row in await conn.fetch(PLANNED_SPANS, posts, since, until):
        found[row["checkpoint"]].planned.append(Span(starts=row["starts_at"], ends=row["ends_at"]))
    for row in await conn.fetch(HELD_SPANS, posts, since, until):
        ends = held_until(
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            planned_until=row["planned_until"],
            unplanned=unplanned,
        )
        found[row["checkpoint"]].held.append(Span(starts=row["started_at"], ends=ends))
    for row in await conn.fetch(GAPS_TOLD, posts, since):
        cause = GapCause(row["cause"])
        found[row["checkpoint"]].told.add((cause, row["began_at"]))
        if row["ended_at"] is None:
            found[row["checkpoint"]].open_gaps.append(
                OpenGap(gap_id=row["gap_id"], cause=cause, began_at=row["began_at"])
            )
    return found


async def facts_of_post(conn: Conn, checkpoint: CheckpointId, *, within: Span, rules: DutyRules) -> DutyFacts:
    """The same for one post."""
    unplanned = timedelta(minutes=rules.unplanned_turn_minutes)
    found = await facts(conn, [checkpoint], since=within.starts, until=within.ends, unplanned=unplanned)
    return found.get(checkpoint) or DutyFacts()


async def end_turn(
    tx: Tx, turn: Turn, *, device_at: datetime | None, at: datetime, by: str, minutes: int
) -> int:
    """Write a turn's end; tells the turn's new version."""
    version: int = await tx.fetchval(END_TURN, turn.turn_id, device_at, at, by, minutes)
    return version


def turn_of(row: Any) -> Turn:
    """A row as a turn, with the plan that it fulfils."""
    planned = (
        Shift(
            shift_id=row["shift_id"],
            checkpoint=row["checkpoint"],
            worker_ref=row["worker_ref"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
        )
        if row["shift_id"]
        else None
    )
    return Turn(
        turn_id=row["turn_id"],
        checkpoint=row["checkpoint"],
        worker_ref=row["worker_ref"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        planned=planned,
    )
