"""The board of a compound's posts, needs set for one place, and claims of vacant posts (R3.2, R3.3)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.policy import PolicyVersion
from services.registry.domain.posts import (
    Candidate,
    Need,
    Place,
    PlaceUnknown,
    PostFilled,
    PostLine,
    Surplus,
    WorkerUnknown,
    WrongKind,
    board,
    fills,
    needs_of,
    suggest,
    surplus_of,
)
from services.registry.domain.premises import Compound
from services.registry.domain.workers import (
    ApplicationSettled,
    ApplicationUnknown,
    ClaimRefusal,
    PostingPlan,
)
from services.registry.handlers import policy, postings
from services.registry.store import checkpoints, places, premises, staff
from services.registry.store import posts as store
from shared.db.pool import Conn, Tx
from shared.events.policy import WorkerKind
from shared.events.registry.places import PostsNeeded
from shared.kernel.ids import uuid7
from shared.kernel.refusal import SameIdOtherContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A compound's posts on a day."""

    day: date
    rules: PolicyVersion
    compound: Compound
    lines: list[PostLine]

    def line(self, place: Place, kind: WorkerKind) -> PostLine:
        """The line of a post.

        Raises:
            PlaceUnknown: no such post is wanted there.
        """
        for line in self.lines:
            if (line.need.place, line.need.kind) == (place, kind):
                return line
        raise PlaceUnknown("该处没有这种岗位。No such post is wanted there.", field="place")


async def board_of(conn: Conn, compound: Compound, day: date) -> Board:
    """Who fills which post of a compound on a day, and what is vacant.

    Raises:
        PolicyUnknown, PolicySilent: there are no rules for posts.
    """
    rules = await policy.in_force(conn, day)
    compound_id = compound.compound_id
    gates = [gate for gate in await checkpoints.states_of(conn, compound_id) if gate.closed_at is None]
    where = [Place("compound", compound_id)]
    where += [Place("checkpoint", gate.checkpoint_id) for gate in gates if gate.temporary_for is None]
    where += [Place("grid", row["grid_id"]) for row in await places.grids_of(conn, compound_id)]
    needs = needs_of(
        where,
        mode=compound.mode,
        rules=rules.document.posts,
        set_here=await store.needs_set(conn, compound_id),
    )
    serving = await staff.serving_in(conn, compound_id, day)
    return Board(day=day, rules=rules, compound=compound, lines=board(needs, serving))


async def set_need(compound: Compound, place: Place, kind: WorkerKind, number: int | None, *, tx: Tx) -> None:
    """Set how many of a kind a place of the compound needs; None: as policy says again. Told where it changes.

    Raises:
        PlaceUnknown: the compound has no such place.
    """
    known = (await postings.posts_of_town(tx))[0].get((place.kind, place.id))
    if known is None or known.compound_id != compound.compound_id:
        raise PlaceUnknown("该小区没有这个地方。The compound has no such place.", field="place")
    await premises.lock_compounds(tx, [compound.compound_id])
    version = await store.set_need(tx, place, kind, compound_id=compound.compound_id, number=number)
    if version is None:
        return
    told = PostsNeeded.model_validate(
        {
            "post": f"{place.kind}:{place.id}:{kind}",
            "place_kind": place.kind,
            "place_id": place.id,
            "kind": kind,
            "compound": compound.compound_id,
            "number": number,
            "set_at": tx.now,
        }
    )
    await tx.publish(told, version=version)


async def suggestions(conn: Conn, found: Board, need: Need) -> list[Candidate]:
    """Free workers who may fill a post, those who live in the compound first."""
    return suggest(need, await _candidates(conn, found, need))


async def surplus(conn: Conn, found: Board) -> list[Surplus]:
    """Whom the compound can spare: posted beyond need, or living here with no vacant post left for them."""
    residents = [one for one in await _candidates(conn, found, None) if one.lives_here]
    return surplus_of(found.lines, residents)


async def _candidates(conn: Conn, found: Board, need: Need | None) -> list[Candidate]:
    rules = found.rules.document.posts
    return await staff.candidates(
        conn,
        found.compound.compound_id,
        found.compound.neighbourhood_id,
        found.day,
        kind=need.kind if need else None,
        stand_ins=need.stand_ins if need else (),
        several_at_once=rules.several_at_once if rules else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody would fill a vacant post (认领)."""

    claim_id: UUID
    worker_ref: UUID
    place: Place
    kind: WorkerKind
    from_day: date
    until_day: date | None


async def claim(cmd: Claim, compound: Compound, *, tx: Tx) -> tuple[asyncpg.Record, bool]:
    """Write down that a worker claims a vacant post; an officer confirms. The same claim twice is one.

    Raises:
        SameIdOtherContent, WorkerUnknown, PlaceUnknown, WrongKind: as their names say.
        PostFilled: nobody is wanted there on that day.
    """
    held = await store.claim(tx, cmd.claim_id)
    if held is not None:
        if _stated(held) != (cmd.worker_ref, cmd.place, cmd.kind, cmd.from_day, cmd.until_day):
            raise SameIdOtherContent(
                "该编号已用于另一认领。This id was used for another claim.", field="claim_id"
            )
        return held, False
    found = await board_of(tx, compound, cmd.from_day)
    await _check(cmd, found, tx=tx)
    await tx.execute(
        store.ADD_CLAIM,
        cmd.claim_id,
        cmd.worker_ref,
        cmd.place.kind,
        cmd.place.id,
        compound.compound_id,
        cmd.kind,
        cmd.from_day,
        cmd.until_day,
        tx.actor,
        tx.now,
    )
    return await _read(cmd.claim_id, tx=tx), True


async def confirm(claim_id: UUID, compound: Compound, *, tx: Tx) -> asyncpg.Record:
    """Post the worker who claimed, if the post is still vacant; of two claims of the last vacancy one wins.

    Raises:
        ApplicationUnknown, ApplicationSettled, PostFilled, WrongKind: as their names say.
        PostingOverlaps: the worker was posted elsewhere meanwhile.
    """
    held = await _open(claim_id, compound, wanted="confirmed", tx=tx)
    if held["state"] == "confirmed":
        return held
    await premises.lock_compounds(tx, [compound.compound_id])  # one confirmation of the compound at a time
    cmd = _claim(held)
    await _check(cmd, await board_of(tx, compound, cmd.from_day), tx=tx)
    plan = PostingPlan(
        posting_id=uuid7(),
        place_kind=cmd.place.kind,
        place=cmd.place.id,
        from_day=cmd.from_day,
        until_day=cmd.until_day,
    )
    await postings.post(cmd.worker_ref, plan, tx=tx)
    await tx.execute(store.SETTLE_CLAIM, claim_id, "confirmed", None, plan.posting_id, tx.actor, tx.now)
    return await _read(claim_id, tx=tx)


async def refuse(claim_id: UUID, compound: Compound, reason: ClaimRefusal, *, tx: Tx) -> asyncpg.Record:
    """Do not post who claimed, and say why.

    Raises:
        ApplicationUnknown, ApplicationSettled: as their names say.
    """
    held = await _open(claim_id, compound, wanted="refused", tx=tx)
    if held["state"] == "claimed":
        await tx.execute(store.SETTLE_CLAIM, claim_id, "refused", reason.value, None, tx.actor, tx.now)
        return await _read(claim_id, tx=tx)
    return held


async def _check(cmd: Claim, found: Board, *, tx: Tx) -> None:
    worker = await staff.one(tx, cmd.worker_ref)
    if worker is None:
        raise WorkerUnknown("没有这名工作人员。There is no such worker.", field="worker_ref")
    line = found.line(cmd.place, cmd.kind)
    if not fills(worker["kind"], line.need):
        raise WrongKind(
            "该岗位需要其他类别的人员。The post is for workers of another kind.", field="worker_ref"
        )
    if not line.vacant:
        raise PostFilled("该岗位已满。The post has as many as it needs.", field="place")


async def _open(claim_id: UUID, compound: Compound, *, wanted: str, tx: Tx) -> asyncpg.Record:
    held = await store.claim(tx, claim_id)
    if held is None or held["compound_id"] != compound.compound_id:
        raise ApplicationUnknown("没有这项认领。There is no such claim.", field="claim_id")
    if held["state"] not in {"claimed", wanted}:
        raise ApplicationSettled(
            "该认领已有结论。This claim was settled already.", field="claim_id", state=held["state"]
        )
    return held


async def _read(claim_id: UUID, *, tx: Tx) -> asyncpg.Record:
    row = await store.claim(tx, claim_id)
    assert row is not None  # noqa: S101 -- written in this transaction
    return row


def _claim(row: asyncpg.Record) -> Claim:
    return Claim(
        claim_id=row["claim_id"],
        worker_ref=row["worker_ref"],
        place=Place(row["place_kind"], row["place_id"]),
        kind=row["kind"],
        from_day=row["from_day"],
        until_day=row["until_day"],
    )


def _stated(row: asyncpg.Record) -> tuple[object, ...]:
    held = _claim(row)
    return held.worker_ref, held.place, held.kind, held.from_day, held.until_day
