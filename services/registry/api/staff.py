"""Workers, work groups and postings over HTTP (R3.1, R3.2)."""

from datetime import date
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints, model_validator

from services.registry.api.common import Day, PersonName, Phone, Running, cause, roles_of
from services.registry.api.places import Name, Seen, reached
from services.registry.api.premises import PlaceCode
from services.registry.domain.people import Sex
from services.registry.domain.posts import PostingUnknown, WorkerUnknown
from services.registry.domain.workers import PostingPlan, WorkerFacts
from services.registry.handlers import postings as handlers
from services.registry.store import staff as store
from shared.audit.noting import note_reads
from shared.db.pool import Conn
from shared.events.policy import PlaceKind, WorkerKind
from shared.http.access import TOWN, Caller, OutOfScope, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.sealed import Vault

router = APIRouter(tags=["workers"])
_AFTER = Cursor(str)

StaffCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]


class WorkerBody(Body):
    """A worker. `person_ref` names the same person in the book of people, where they are known there."""

    version: Seen
    name: PersonName
    sex: Sex
    phone: Phone
    kind: WorkerKind
    home_unit: Name
    work_group: Name | None = None
    home_compound: PlaceCode | None = None
    person_ref: UUID | None = None


class WorkerLine(Answer):
    """A worker by pseudonym; `posted` today."""

    worker_ref: UUID
    code: str
    kind: WorkerKind
    home_unit: str
    work_group: str | None
    home_compound_id: str | None
    posted: bool
    version: int


class WorkerEntered(Answer):
    """A worker as entered."""

    worker_ref: UUID
    code: str
    version: int


class PostingAnswer(Answer):
    """A posting: where somebody serves, from a day on; without `until_day` until further notice."""

    posting_id: UUID
    worker_ref: UUID
    kind: WorkerKind
    place_kind: PlaceKind
    place: str
    compound_id: str | None
    from_day: date
    until_day: date | None
    policy_version: int | None
    version: int


class WorkerAnswer(WorkerEntered):
    """A worker with name, phone and postings; name and phone are null once the time for which they are kept is over."""

    name: str | None = Field(repr=False)
    phone: str | None = Field(repr=False)
    kind: WorkerKind
    home_unit: str
    work_group: str | None
    home_compound_id: str | None
    person_ref: UUID | None
    postings: list[PostingAnswer]


class PostingBody(Body):
    """A posting under an id that the client made, so that a repeat is the same one."""

    posting_id: UUID
    place_kind: PlaceKind
    place: PlaceCode
    from_day: Day
    until_day: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "PostingBody":
        if self.until_day is not None and self.until_day < self.from_day:
            raise ValueError("结束日期不得早于开始日期。until_day is not before from_day.")
        return self


class EndBody(Body):
    """Another last day: earlier to end it, later to extend it, null for until further notice."""

    version: Seen
    until_day: Day | None


class GroupAnswer(Answer):
    """A work group, how many belong to it, and where they are posted today."""

    work_group: str
    home_unit: str
    members: int
    posted: int
    neighbourhoods: list[str]


@router.get("/v1/workers", summary="Workers")
async def list_workers(
    *,
    who: Caller,
    context: Running,
    compound: Annotated[PlaceCode | None, Query(description="Who lives or serves there.")] = None,
    kind: Annotated[WorkerKind | None, Query()] = None,
    work_group: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[WorkerLine]:
    """List workers by staff number, without names. Without a compound this needs the whole town."""
    last = _AFTER.read(after)[0] if after else ""
    async with context.database.read() as conn:
        if compound is None:
            who.require_town()
        else:
            await reached(conn, compound, who)
        today = context.clock.today()
        rows = await conn.fetch(store.WORKER_LINES, today, last, kind, work_group, compound, limit + 1)
    items = [WorkerLine(**dict(row)) for row in rows[:limit]]
    return Page(items=items, next=_AFTER.write(items[-1].code) if len(rows) > limit else None)


@router.get("/v1/work-groups", summary="The work groups")
async def list_work_groups(_who: Caller, context: Running) -> list[GroupAnswer]:
    """List the groups that were sent to communities, and who of them is posted today (R3.1)."""
    async with context.database.read() as conn:
        rows = await conn.fetch(store.WORK_GROUPS, context.clock.today())
    return [GroupAnswer(**dict(row)) for row in rows]


@router.put("/v1/workers/{code}", summary="Enter or correct a worker")
async def save_worker(
    code: Annotated[StaffCode, Path(examples=["W0001"])],
    body: WorkerBody,
    who: Caller,
    context: Running,
    response: Response,
) -> WorkerEntered:
    """Enter (201) or correct (200) a worker under the office's own staff number."""
    stated = body.model_dump(exclude={"version", "person_ref", "phone"})
    facts = WorkerFacts(code=code, phone=body.phone, **stated)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        held = await store.by_code(tx, code)
        homes = {body.home_compound, held["home_compound_id"] if held else None} - {None}
        if TOWN not in who.scopes_for():
            if not homes:
                raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
            for home in sorted(homes, key=str):
                await reached(tx, str(home), who)
        entered = await handlers.enter_worker(
            facts, person_ref=body.person_ref, seen=body.version, tx=tx, vault=context.vault
        )
    response.status_code = 201 if entered.new else 200
    return WorkerEntered(worker_ref=entered.worker_ref, code=code, version=entered.version)


@router.get("/v1/workers/{worker_ref}", summary="A worker")
async def read_worker(worker_ref: UUID, who: Caller, context: Running) -> WorkerAnswer:
    """Tell a worker with name, phone and postings; that it was read is written down."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await store.one(tx, worker_ref)
        if row is None:
            raise WorkerUnknown("没有这名工作人员。There is no such worker.", field="worker_ref")
        postings = await store.postings_of(tx, worker_ref)
        await _require_any(tx, who, [row["home_compound_id"], *(one["compound_id"] for one in postings)])
        key = await context.vault.key(worker_ref)
        await note_reads(tx, role=roles_of(who), action="worker.read", refs=[worker_ref])
    return WorkerAnswer(
        worker_ref=worker_ref,
        code=row["code"],
        version=row["version"],
        name=Vault.open(key, "name", row["name_sealed"]) if row["name_sealed"] else None,
        phone=Vault.open(key, "phone", row["phone_sealed"]) if row["phone_sealed"] else None,
        kind=row["kind"],
        home_unit=row["home_unit"],
        work_group=row["work_group"],
        home_compound_id=row["home_compound_id"],
        person_ref=row["person_ref"],
        postings=[posting_answer(one) for one in postings],
    )


@router.post("/v1/workers/{worker_ref}/postings", summary="Post a worker", status_code=201)
async def post_worker(
    worker_ref: UUID, body: PostingBody, who: Caller, context: Running, response: Response
) -> PostingAnswer:
    """Post a worker at a place for a period. 409 `posting_overlaps` names what the worker has there already."""
    plan = PostingPlan(**body.model_dump())
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        places, _ = await handlers.posts_of_town(tx)
        place = places.get((body.place_kind, body.place))
        if place is None or place.compound_id is None:
            who.require_town()
        else:
            await reached(tx, place.compound_id, who)
        row, new = await handlers.post(worker_ref, plan, tx=tx)
    response.status_code = 201 if new else 200
    return posting_answer(row)


@router.put("/v1/postings/{posting_id}", summary="End or extend a posting")
async def end_posting(posting_id: UUID, body: EndBody, who: Caller, context: Running) -> PostingAnswer:
    """Give a posting another last day; days that were served are not taken back."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await store.posting(tx, posting_id)
        if row is None:
            raise PostingUnknown("没有这个派驻。There is no such posting.", field="posting_id")
        if row["compound_id"] is None:
            who.require_town()
        else:
            await reached(tx, row["compound_id"], who)
        changed = await handlers.end_posting(posting_id, body.until_day, seen=body.version, tx=tx)
    return posting_answer(changed)


def posting_answer(row: asyncpg.Record) -> PostingAnswer:
    """A posting as it stands."""
    place = row["grid_id"] or row["checkpoint_id"] or row["compound_id"] or row["neighbourhood_id"]
    return PostingAnswer(
        posting_id=row["posting_id"],
        worker_ref=row["worker_ref"],
        kind=row["kind"],
        place_kind=row["place_kind"],
        place=place,
        compound_id=row["compound_id"],
        from_day=row["from_day"],
        until_day=row["until_day"],
        policy_version=row["policy_version"],
        version=row["version"],
    )


async def _require_any(conn: Conn, who: Principal, compounds: list[str | None]) -> None:
    """A worker belongs to whoever is in charge of where they live or serve."""
    if TOWN in who.scopes_for():
        return
    for compound in sorted({one for one in compounds if one}):
        try:
            await reached(conn, compound, who)
        except OutOfScope:
            continue
        return
    raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")
