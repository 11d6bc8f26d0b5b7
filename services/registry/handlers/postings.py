"""Workers and their postings, one by one (R3.1): under the worker's lock, by the policy of the day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import asyncpg

from services.registry.domain.corrections import decide_correction
from services.registry.domain.errors import CompoundUnknown, PersonUnknown
from services.registry.domain.posts import (
    Period,
    PlaceUnknown,
    PostingOverlaps,
    PostingUnknown,
    WorkerUnknown,
    decide_end,
    decide_posting,
)
from services.registry.domain.workers import PostingPlan, WorkerFacts, WorkerIsAnother
from services.registry.handlers import policy
from services.registry.store import people, premises
from services.registry.store import staff as store
from services.registry.store import workers as worker_store
from services.registry.store.workers import Post, Posting
from shared.db.pool import Conn, Rejections, Tx
from shared.events.registry.places import WorkerPosted
from shared.kernel.ids import CheckpointId, CompoundId, GridId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import PersonKey, Vault

CONTENT = "worker"
REJECTIONS: Rejections = {
    "worker_once_a_person": WorkerIsAnother(
        "此人已以另一工号登记。The person serves under another staff number already.", field="person_ref"
    ),
    "posting_once": PostingOverlaps(
        "该人员自同日起已在此岗位。The worker serves at this very post from that day already.",
        field="from_day",
    ),
    "posting_pkey": SameIdOtherContent(
        "该编号已用于另一派驻。This id was used for another posting.", field="posting_id"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A worker as entered."""

    worker_ref: UUID
    version: int
    new: bool


async def enter_worker(
    facts: WorkerFacts, *, person_ref: UUID | None, seen: int, tx: Tx, vault: Vault
) -> Entered:
    """Enter or correct a worker under the office's staff number; another kind is told at every posting.

    Raises:
        CompoundUnknown, PersonUnknown, ChangedMeanwhile: as their names say.
        WorkerIsAnother: the person serves under another number, by its constraint.
    """
    await store.lock_code(tx, facts.code)
    if facts.home_compound and await premises.compound(tx, facts.home_compound) is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="home_compound")
    if person_ref and not await people.known(tx, person_ref):
        raise PersonUnknown("没有这个人。There is no such person.", field="person_ref")
    row = await store.by_code(tx, facts.code)
    same = (
        row is not None
        and row["content_index"] in vault.index_all(CONTENT, facts.content())
        and row["person_ref"] == person_ref
    )
    version = row["version"] if row else 0
    ref = row["worker_ref"] if row else uuid4()
    if same or not decide_correction(row, facts, version=version, seen=seen):
        return Entered(worker_ref=ref, version=version, new=False)
    sealed = sealed_worker(ref, facts, await vault.key(ref, create=True), vault)
    if row is None:
        await worker_store.add_workers(tx, [sealed])
    else:
        await worker_store.change_workers(tx, [sealed])
        if row["kind"] != facts.kind:
            await _tell_kind(tx, ref)
    await tx.execute(store.SET_PERSON, ref, person_ref)
    return Entered(worker_ref=ref, version=version + 1, new=row is None)


def sealed_worker(ref: UUID, facts: WorkerFacts, key: PersonKey, vault: Vault) -> tuple[object, ...]:
    """A worker's row, in the order of `WORKER_COLUMNS`."""
    return (
        *(ref, facts.code, vault.seal(key, "name", facts.name), vault.seal(key, "sex", facts.sex)),
        *(vault.seal(key, "phone", facts.phone), vault.index(CONTENT, facts.content()), facts.kind),
        *(facts.home_unit, facts.work_group, facts.home_compound),
    )


async def post(worker_ref: UUID, plan: PostingPlan, *, tx: Tx) -> tuple[asyncpg.Record, bool]:
    """Post a worker at a place; the same posting again is one. Tells it, and whether it is new.

    Raises:
        WorkerUnknown, PlaceUnknown, SameIdOtherContent: as their names say.
        PostingOverlaps, PolicySilent: see `decide_posting`.
        PolicyUnknown: no rules are in force.
    """
    kind = await store.lock_worker(tx, worker_ref)
    if kind is None:
        raise WorkerUnknown("没有这名工作人员。There is no such worker.", field="worker_ref")
    where = (await posts_of_town(tx))[0].get((plan.place_kind, plan.place))
    if where is None:
        raise PlaceUnknown("没有这个地方。There is no such place.", field="place")
    posting = Posting(
        posting_id=plan.posting_id,
        worker_ref=worker_ref,
        post=where,
        from_day=plan.from_day,
        until_day=plan.until_day,
    )
    if (held := await store.posting(tx, plan.posting_id)) is not None:
        if _posting(held) != posting:
            raise SameIdOtherContent(
                "该编号已用于另一派驻。This id was used for another posting.", field="posting_id"
            )
        return held, False
    rules = await policy.in_force(tx, tx.today)
    others = [store.serving(row) for row in await store.postings_of(tx, worker_ref)]
    period = Period(from_day=plan.from_day, until_day=plan.until_day)
    decide_posting(kind, period, others, rules.document.posts)
    await store.add_posting(tx, posting, policy_version=rules.version)
    await tx.publish(posted(posting, kind), version=1)
    held = await store.posting(tx, plan.posting_id)
    assert held is not None  # noqa: S101 -- written above
    return held, True


async def end_posting(posting_id: UUID, until_day: date | None, *, seen: int, tx: Tx) -> asyncpg.Record:
    """Give a posting another last day: end it, extend it, or leave it open; told again with a higher version.

    Raises:
        PostingUnknown, ChangedMeanwhile, PostingEndsTooEarly: as their names say.
        PostingOverlaps: the worker serves elsewhere by then.
    """
    row = await store.posting(tx, posting_id)
    if row is None:
        raise PostingUnknown("没有这个派驻。There is no such posting.", field="posting_id")
    await store.lock_worker(tx, row["worker_ref"])
    row = await store.posting(tx, posting_id)
    assert row is not None  # noqa: S101 -- postings are never deleted
    if not decide_correction(row["until_day"], until_day, version=row["version"], seen=seen):
        return row
    rules = await policy.in_force(tx, tx.today)
    held = _posting(row)
    period = decide_end(Period(from_day=held.from_day, until_day=held.until_day), until_day, today=tx.today)
    others = [store.serving(one) for one in await store.postings_of(tx, held.worker_ref)]
    rest = [one for one in others if one.posting_id != posting_id]
    decide_posting(row["kind"], period, rest, rules.document.posts)
    ended = Posting(
        posting_id=posting_id,
        worker_ref=held.worker_ref,
        post=held.post,
        from_day=held.from_day,
        until_day=until_day,
    )
    versions = await worker_store.change_postings(tx, [ended])
    await tx.publish(posted(ended, row["kind"]), version=versions[posting_id])
    changed = await store.posting(tx, posting_id)
    assert changed is not None  # noqa: S101 -- postings are never deleted
    return changed


async def posts_of_town(conn: Conn) -> tuple[dict[tuple[str, str], Post], set[str]]:
    """Every place where somebody may be posted, and the compounds."""
    compounds = await premises.compounds(conn)
    found = {
        ("neighbourhood", place): Post(kind="neighbourhood", neighbourhood_id=place)
        for place in await premises.neighbourhoods(conn)
    }
    found |= {("compound", place): Post(kind="compound", compound_id=place) for place in compounds}
    found |= {
        ("checkpoint", place): Post(
            kind="checkpoint", checkpoint_id=place, compound_id=checkpoint.compound_id
        )
        for place, (checkpoint, _) in (await premises.checkpoints(conn)).items()
    }
    found |= {
        ("grid", place): Post(kind="grid", grid_id=place, compound_id=grid.compound_id)
        for place, grid in (await premises.grids(conn)).items()
    }
    return found, set(compounds)


def posted(posting: Posting, kind: str) -> WorkerPosted:
    """Where somebody serves, by pseudonym."""
    post = posting.post
    return WorkerPosted(
        posting_id=posting.posting_id,
        worker_ref=posting.worker_ref,
        kind=kind,
        compound=CompoundId(post.compound_id) if post.compound_id else None,
        grid=GridId(post.grid_id) if post.grid_id else None,
        checkpoint=CheckpointId(post.checkpoint_id) if post.checkpoint_id else None,
        from_day=posting.from_day,
        until_day=posting.until_day,
    )


async def _tell_kind(tx: Tx, worker_ref: UUID) -> None:
    await store.lock_worker(tx, worker_ref)
    await tx.execute(store.BUMP_POSTINGS, worker_ref, tx.today)
    for row in await store.postings_of(tx, worker_ref):
        if row["until_day"] is None or row["until_day"] >= tx.today:
            await tx.publish(posted(_posting(row), row["kind"]), version=row["version"])


def _posting(row: asyncpg.Record) -> Posting:
    return Posting(
        posting_id=row["posting_id"],
        worker_ref=row["worker_ref"],
        post=Post(
            kind=row["place_kind"],
            neighbourhood_id=row["neighbourhood_id"],
            compound_id=row["compound_id"],
            checkpoint_id=row["checkpoint_id"],
            grid_id=row["grid_id"],
        ),
        from_day=row["from_day"],
        until_day=row["until_day"],
    )
