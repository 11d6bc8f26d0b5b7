"""Workers and where they are posted (R3.1, R3.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.db.pool import Conn, Tx

WORKERS = """
select worker_ref, code, content_index, version from worker where code = any($1::text[])
"""

POSTINGS = """
select posting_id, worker_ref, place_kind, neighbourhood_id, compound_id, checkpoint_id, grid_id, from_day, until_day,
  version
from posting where worker_ref = any($1::uuid[])
"""

CHANGE_WORKERS = """
update worker set name_sealed = fresh.name_sealed, sex_sealed = fresh.sex_sealed, phone_sealed = fresh.phone_sealed,
  content_index = fresh.content_index, kind = fresh.kind, home_unit = fresh.home_unit, work_group = fresh.work_group,
  home_compound_id = fresh.home_compound_id, version = worker.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::text[], $8::text[],
  $9::text[], $10::text[]) as fresh (worker_ref, code, name_sealed, sex_sealed, phone_sealed, content_index, kind,
  home_unit, work_group, home_compound_id)
where worker.worker_ref = fresh.worker_ref
"""

CHANGE_POSTINGS = """
update posting set until_day = fresh.until_day, version = posting.version + 1
from unnest($1::uuid[], $2::date[]) as fresh (posting_id, until_day)
where posting.posting_id = fresh.posting_id
returning posting.posting_id, posting.version
"""

WORKER_COLUMNS = (
    *(
        "worker_ref",
        "code",
        "name_sealed",
        "sex_sealed",
        "phone_sealed",
        "content_index",
        "kind",
        "home_unit",
    ),
    *("work_group", "home_compound_id"),
)
POSTING_COLUMNS = (
    *(
        "posting_id",
        "worker_ref",
        "place_kind",
        "neighbourhood_id",
        "compound_id",
        "checkpoint_id",
        "grid_id",
    ),
    *("from_day", "until_day"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A place where somebody may be posted, with what lies around it."""

    kind: str
    neighbourhood_id: str | None = None
    compound_id: str | None = None
    checkpoint_id: str | None = None
    grid_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A worker at a post."""

    posting_id: UUID
    worker_ref: UUID
    post: Post
    from_day: date
    until_day: date | None


async def workers(conn: Conn, codes: Iterable[str]) -> dict[str, tuple[UUID, bytes]]:
    """Known workers among these staff numbers: pseudonym and content."""
    rows = await conn.fetch(WORKERS, list(codes))
    return {row["code"]: (row["worker_ref"], row["content_index"]) for row in rows}


async def postings(conn: Conn, refs: Iterable[UUID]) -> dict[tuple[UUID, Post, date], Posting]:
    """The postings of workers."""
    found: dict[tuple[UUID, Post, date], Posting] = {}
    for row in await conn.fetch(POSTINGS, list(refs)):
        post = Post(
            kind=row["place_kind"],
            neighbourhood_id=row["neighbourhood_id"],
            compound_id=row["compound_id"],
            checkpoint_id=row["checkpoint_id"],
            grid_id=row["grid_id"],
        )
        posting = Posting(
            posting_id=row["posting_id"],
            worker_ref=row["worker_ref"],
            post=post,
            from_day=row["from_day"],
            until_day=row["until_day"],
        )
        found[row["worker_ref"], post, row["from_day"]] = posting
    return found


async def add_workers(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """Add sealed workers, in the order of WORKER_COLUMNS."""
    if rows:
        await tx.copy("worker", WORKER_COLUMNS, rows)


async def change_workers(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """Correct workers."""
    if rows:
        await tx.execute(CHANGE_WORKERS, *[list(column) for column in zip(*rows, strict=True)])


async def add_postings(tx: Tx, postings: Sequence[Posting]) -> None:
    """Add postings."""
    rows = [
        (
            *(one.posting_id, one.worker_ref, one.post.kind, one.post.neighbourhood_id, one.post.compound_id),
            *(one.post.checkpoint_id, one.post.grid_id, one.from_day, one.until_day),
        )
        for one in postings
    ]
    if rows:
        await tx.copy("posting", POSTING_COLUMNS, rows)


async def change_postings(tx: Tx, postings: Sequence[Posting]) -> dict[UUID, int]:
    """Correct the last days of postings; tells their versions."""
    if not postings:
        return {}
    ids, days = [one.posting_id for one in postings], [one.until_day for one in postings]
    return {row["posting_id"]: row["version"] for row in await tx.fetch(CHANGE_POSTINGS, ids, days)}
