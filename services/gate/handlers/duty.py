"""Duty at a post: check-in and check-out by badge, handover, and the gaps between (R2.2, G15)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.gate.desk import Station
from services.gate.domain.duty import MINUTE, GapChanges, decide_gap_changes, duty_gaps, held_until, manned
from services.gate.domain.roster import (
    AlreadyOnDuty,
    BadgeUnknown,
    SamePerson,
    Turn,
    TurnUnknown,
    decide_check_in,
    decide_check_out,
    decide_post_open,
    decide_served,
)
from services.gate.domain.times import judge_time
from services.gate.sealing import BADGE, DUTY_CONTENT, HANDOVER_NOTE
from services.gate.store import duty as store
from services.gate.store import roster
from services.gate.store.duty import Watched
from shared.db.pool import Tx
from shared.events.gate import DutyGapClosed, DutyGapOpened, ShiftEnded, ShiftStarted
from shared.events.policy_gate import DutyRules
from shared.kernel.days import Span, local_day
from shared.kernel.ids import CheckpointId, uuid7
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault

Ending = Literal["check_out", "handover", "lapsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInAtPost:
    """A worker holds the badge to the device. `turn_id` is made by the device."""

    station: Station
    turn_id: UUID
    badge: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutAtPost:
    """The worker leaves. Without `turn_id` it is the turn that they began last at this post."""

    station: Station
    turn_id: UUID | None
    badge: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Two workers sign for a post. `content` spells out all that makes a repeat a repeat."""

    station: Station
    handover_id: UUID
    outgoing_badge: str = field(repr=False)
    incoming_badge: str = field(repr=False)
    incoming_turn_id: UUID
    at: datetime
    materials: Mapping[str, int]
    note: str | None = field(repr=False)
    content: str = field(repr=False)


async def check_in(
    cmd: CheckInAtPost, *, tx: Tx, rules: DutyRules, ahead_seconds: int, vault: Vault
) -> tuple[dict[str, Any], bool]:
    """Start a turn; tells the turn as it stands and whether it is new.

    Raises:
        BadgeUnknown, CheckpointIsClosed, WorkerLeft, AlreadyOnDuty: as their names say.
        SameIdOtherContent: the id was used for another turn.
    """
    worker = await worker_of(tx, vault, cmd.badge)
    await roster.lock_workers(tx, [worker])  # the same sent twice at once is one turn
    if row := await tx.fetchrow(store.TURN_FOR_UPDATE, cmd.turn_id):
        said = (row["checkpoint"], row["worker_ref"], row["device_started_at"])
        if said != (cmd.station.checkpoint, worker, cmd.at):
            raise _other_content("turn_id")
        return dict(row), False
    at = _believed(cmd.at, cmd.station, tx.now, ahead_seconds)
    await _start(tx, cmd.station, cmd.turn_id, worker, device_at=cmd.at, at=at, rules=rules)
    await tell_gaps(tx, rules, cmd.station.checkpoint)
    row = await tx.fetchrow(store.TURN_FOR_UPDATE, cmd.turn_id)
    assert row is not None  # noqa: S101 -- started above
    return dict(row), True


async def check_out(
    cmd: CheckOutAtPost, *, tx: Tx, rules: DutyRules, ahead_seconds: int, vault: Vault
) -> dict[str, Any]:
    """End a turn; a repeat is answered alike. A lapsed turn whose worker stayed is told again with its true end.

    Raises:
        BadgeUnknown, TurnUnknown, NotYourTurn, TurnOver: as their names say.
    """
    worker = await worker_of(tx, vault, cmd.badge)
    if cmd.turn_id is None:
        row = await tx.fetchrow(store.LAST_TURN_HERE, cmd.station.checkpoint, worker)
    else:
        row = await tx.fetchrow(store.TURN_FOR_UPDATE, cmd.turn_id)
    if row is None or row["checkpoint"] != cmd.station.checkpoint:
        raise TurnUnknown(
            "本卡口没有该次值班。There is no such turn at this checkpoint.",
            field="turn_id" if cmd.turn_id else "badge",
            remedy="请在签到的卡口签退；未签到的先签到。Check out where you checked in; check in first.",
        )
    if row["worker_ref"] == worker and row["device_ended_at"] == cmd.at:
        return dict(row)
    at = max(_believed(cmd.at, cmd.station, tx.now, ahead_seconds), row["started_at"])
    turn = store.turn_of(row)
    minutes = decide_check_out(
        turn,
        worker,
        at=at,
        lapsed=row["ended_by"] == "lapsed",
        rules=rules,
        field="turn_id" if cmd.turn_id else "badge",
    )
    await _end(tx, cmd.station, turn, device_at=cmd.at, at=at, by="check_out", minutes=minutes)
    await tell_gaps(tx, rules, cmd.station.checkpoint)
    row = await tx.fetchrow(store.TURN_FOR_UPDATE, turn.turn_id)
    assert row is not None  # noqa: S101 -- locked above
    return dict(row)


async def hand_over(
    cmd: HandOver, *, tx: Tx, rules: DutyRules, ahead_seconds: int, vault: Vault
) -> tuple[dict[str, Any], bool]:
    """End one turn and begin (or go on with) the other, with what happened in between and what lies at the post.

    Raises:
        BadgeUnknown, SamePerson, TurnUnknown, CheckpointIsClosed, WorkerLeft, AlreadyOnDuty: as their names say.
        SameIdOtherContent: the id was used for another handover.
    """
    if told := await _told_before(tx, cmd, vault):
        return told, False
    station = cmd.station
    outgoing = await worker_of(tx, vault, cmd.outgoing_badge, field="outgoing_badge")
    incoming = await worker_of(tx, vault, cmd.incoming_badge, field="incoming_badge")
    if outgoing == incoming:
        raise SamePerson("交接须由两人签认。Two people sign a handover.", field="incoming_badge")
    await roster.lock_workers(tx, [outgoing, incoming])
    if told := await _told_before(tx, cmd, vault):  # the same at the same moment
        return told, False
    row = await tx.fetchrow(store.LAST_TURN_HERE, station.checkpoint, outgoing)
    if row is None or row["ended_by"] not in {None, "lapsed"}:
        raise TurnUnknown(
            "交班人未在本卡口签到。Who leaves is not on duty here.",
            field="outgoing_badge",
            remedy="无人交班时，接班人直接签到。Where nobody hands over, who arrives checks in.",
        )
    at = max(_believed(cmd.at, station, tx.now, ahead_seconds), row["started_at"])
    leaving = store.turn_of(row)
    minutes = decide_check_out(
        leaving, outgoing, at=at, lapsed=row["ended_by"] == "lapsed", rules=rules, field="outgoing_badge"
    )
    note_key = await vault.key(outgoing, create=True) if cmd.note else None
    staying = await tx.fetchrow(store.OPEN_TURN_OF_WORKER, incoming)
    if (
        staying is not None
        and staying["checkpoint"] == station.checkpoint
        and not _lapsed(staying, tx.now, rules)
    ):
        incoming_turn: UUID = staying["turn_id"]
    else:
        incoming_turn = cmd.incoming_turn_id
        if await tx.fetchrow(store.TURN_FOR_UPDATE, incoming_turn):
            raise _other_content("incoming_turn_id")
        await _start(
            tx,
            station,
            incoming_turn,
            incoming,
            device_at=cmd.at,
            at=at,
            rules=rules,
            field="incoming_badge",
        )
    await _end(tx, station, leaving, device_at=cmd.at, at=at, by="handover", minutes=minutes)
    counts = await tx.fetchrow(store.COUNTS_OF_TURN, station.checkpoint, leaving.started_at, at)
    assert counts is not None  # noqa: S101 -- an aggregate is one row
    await tx.execute(
        store.ADD_HANDOVER,
        *(cmd.handover_id, station.checkpoint, station.compound, leaving.turn_id, incoming_turn, cmd.at, at),
        *counts.values(),
        dict(cmd.materials),
        vault.seal(note_key, HANDOVER_NOTE, cmd.note) if note_key and cmd.note else None,
        vault.index(DUTY_CONTENT, cmd.content),
    )
    await tell_gaps(tx, rules, station.checkpoint)
    row = await tx.fetchrow(store.HANDOVER, cmd.handover_id)
    assert row is not None  # noqa: S101 -- added above
    return dict(row), True


async def _told_before(tx: Tx, cmd: HandOver, vault: Vault) -> dict[str, Any] | None:
    """The first answer to a handover that comes again."""
    row = await tx.fetchrow(store.HANDOVER, cmd.handover_id)
    if row is not None and row["content"] not in vault.index_all(DUTY_CONTENT, cmd.content):
        raise _other_content("handover_id")
    return dict(row) if row is not None else None


async def lapse_turns(tx: Tx, rules: DutyRules) -> int:
    """End the turns whose time is over and that nobody ended; tells how many."""
    unplanned = timedelta(minutes=rules.unplanned_turn_minutes)
    rows = await tx.fetch(store.LAPSED_TURNS, tx.now, unplanned)
    for row in rows:
        await _lapse(tx, row, rules)
    return len(rows)


async def tell_gaps(tx: Tx, rules: DutyRules, checkpoint: CheckpointId | None = None) -> None:
    """Tell what is new about the gaps of a post, or of all; asked again, there is nothing to tell."""
    posts = await store.watched(tx, checkpoint)
    for post in posts:
        await tx.fetchval(store.LOCK_POST, post.checkpoint)
    if posts:
        posts = await store.watched(tx, checkpoint)  # what another transaction told while we waited is seen
    if not posts:
        return
    known = await store.facts(
        tx,
        [post.checkpoint for post in posts],
        since=min(post.since for post in posts),
        until=tx.now + MINUTE,  # who came just now is there
        unplanned=timedelta(minutes=rules.unplanned_turn_minutes),
    )
    for post in posts:
        facts = known.get(post.checkpoint) or store.DutyFacts()
        until = min(tx.now, post.closed_at) if post.closed_at else tx.now
        within = Span(starts=min(post.since, until), ends=until)
        changes = decide_gap_changes(
            duty_gaps(facts.planned, facts.held, within),
            facts.open_gaps,
            facts.told,
            now=until,
            over=(post.closed_at is not None and post.closed_at <= tx.now) or manned(facts.held, until),
            grace=timedelta(minutes=rules.grace_minutes),
        )
        await _tell(tx, post, changes)


async def _tell(tx: Tx, post: Watched, changes: GapChanges) -> None:
    for known, gap in changes.closed:
        await tx.execute(store.CLOSE_GAP, known.gap_id, gap.ended_at, gap.minutes)
        await tx.publish(
            DutyGapClosed(
                gap_id=known.gap_id,
                compound=post.compound,
                checkpoint=post.checkpoint,
                ended_at=gap.ended_at,
                minutes=gap.minutes,
            ),
            version=2,
        )
    for gap in changes.opened:
        gap_id = uuid7()
        added = await tx.fetchval(
            store.OPEN_GAP,
            *(gap_id, post.checkpoint, post.compound, gap.cause, gap.began_at, tx.now),
        )
        if added is None:
            continue
        await tx.publish(
            DutyGapOpened(
                gap_id=gap_id,
                compound=post.compound,
                checkpoint=post.checkpoint,
                cause=gap.cause.value,
                began_at=gap.began_at,
            ),
            version=1,
        )
        if gap.ended_at < changes.now or changes.over:
            await tx.execute(store.CLOSE_GAP, gap_id, gap.ended_at, gap.minutes)
            await tx.publish(
                DutyGapClosed(
                    gap_id=gap_id,
                    compound=post.compound,
                    checkpoint=post.checkpoint,
                    ended_at=gap.ended_at,
                    minutes=gap.minutes,
                ),
                version=2,
            )
    await tx.execute(store.JUDGED, post.checkpoint, changes.judged_through)


async def _start(
    tx: Tx,
    station: Station,
    turn_id: UUID,
    worker: UUID,
    *,
    device_at: datetime,
    at: datetime,
    rules: DutyRules,
    field: str = "badge",
) -> None:
    row = await tx.fetchrow(store.OPEN_TURN_OF_WORKER, worker)
    if row is not None and _lapsed(row, at, rules):
        await _lapse(tx, row, rules)
        row = None
    place = await tx.fetchrow(roster.PLACE_OF_POST, station.checkpoint)
    decide_post_open(at, place["closed_at"] if place else None)
    posted = await roster.posted_until(tx, [worker])
    decide_served(local_day(at), posted_until=posted.get(worker, local_day(at)), field=field)
    grace = timedelta(minutes=rules.grace_minutes)  # clocks of two devices are never the same
    if await tx.fetchval(store.STOOD_SOMEWHERE, worker, at, at + grace):
        raise AlreadyOnDuty(
            "该人员当时已在岗，该班已记录。The worker was on duty at that time already.",
            field=field,
            remedy="请核对时间：补传的签到不能落在已记录的班内。"
            "Check the time: a check-in that comes late does not lie within a turn that is recorded.",
        )
    early = timedelta(minutes=rules.early_minutes)
    rows = await tx.fetch(store.SHIFTS_NOT_TAKEN_UP, station.checkpoint, worker, at, at + early)
    decided = decide_check_in(
        [roster.shift_of(each) for each in rows],
        store.turn_of(row) if row else None,
        at=at,
        rules=rules,
        field=field,
    )
    shift_id = decided.planned.shift_id if decided.planned else None
    await tx.execute(
        store.START_TURN,
        *(turn_id, station.checkpoint, station.compound, worker, shift_id, station.device_id),
        *(device_at, at, decided.late_minutes, tx.now),
    )
    await tx.publish(
        ShiftStarted(
            turn_id=turn_id,
            shift_id=shift_id,
            worker_ref=worker,
            compound=station.compound,
            checkpoint=station.checkpoint,
            started_at=at,
            late_minutes=decided.late_minutes,
        ),
        version=1,
    )


async def _end(
    tx: Tx, station: Station, turn: Turn, *, device_at: datetime, at: datetime, by: Ending, minutes: int
) -> None:
    version = await store.end_turn(tx, turn, device_at=device_at, at=at, by=by, minutes=minutes)
    await tx.execute(store.LOOK_AGAIN_FROM, station.checkpoint, at)
    await tx.publish(
        ShiftEnded(
            turn_id=turn.turn_id,
            worker_ref=turn.worker_ref,
            compound=station.compound,
            checkpoint=station.checkpoint,
            ended_at=at,
            minutes=minutes,
            ended_by=by,
        ),
        version=version,
    )


async def _lapse(tx: Tx, row: Any, rules: DutyRules) -> None:
    turn = store.turn_of(row)
    at = _counts_until(row, rules)
    minutes = (at - turn.started_at) // MINUTE
    version = await store.end_turn(tx, turn, device_at=None, at=at, by="lapsed", minutes=minutes)
    await tx.publish(
        ShiftEnded(
            turn_id=turn.turn_id,
            worker_ref=turn.worker_ref,
            compound=row["compound"],
            checkpoint=turn.checkpoint,
            ended_at=at,
            minutes=minutes,
            ended_by="lapsed",
        ),
        version=version,
    )


def _counts_until(row: Any, rules: DutyRules) -> datetime:
    return held_until(
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        planned_until=row["ends_at"],
        unplanned=timedelta(minutes=rules.unplanned_turn_minutes),
    )


def _lapsed(row: Any, at: datetime, rules: DutyRules) -> bool:
    return _counts_until(row, rules) <= at


async def worker_of(tx: Tx, vault: Vault, badge: str, *, field: str = "badge") -> UUID:
    """Whose badge it is.

    Raises:
        BadgeUnknown: nobody's.
    """
    worker = await roster.worker_of_badge(tx, vault.index_all(BADGE, badge))
    if worker is None:
        raise BadgeUnknown(
            "没有此工牌。No worker has this badge.",
            field=field,
            remedy="请核对工牌号码，或由班长补发。Check the number, or have the badge issued again.",
        )
    return worker


def _believed(device_at: datetime, station: Station, now: datetime, ahead_seconds: int) -> datetime:
    time = judge_time(device_at, received_at=now, opened_at=station.opened_at, ahead_seconds=ahead_seconds)
    return min(time.happened_at, now)


def _other_content(field: str) -> SameIdOtherContent:
    return SameIdOtherContent("该编号已用于其他内容。This id was used for something else.", field=field)
