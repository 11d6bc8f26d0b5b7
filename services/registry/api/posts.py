"""The board of posts, suggestions, surplus and claims over HTTP (R3.1 to R3.3)."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator

from services.registry.api.common import Day, Instant, Running, cause
from services.registry.api.places import reached
from services.registry.api.premises import CompoundPath, PlaceCode
from services.registry.domain.posts import Place, PostLine
from services.registry.domain.workers import ClaimRefusal, ReasonMissing
from services.registry.handlers import posts as handlers
from services.registry.handlers.posts import Board, Claim
from services.registry.store import posts as store
from services.registry.store import premises, staff
from shared.db.pool import Conn
from shared.events.policy import WorkerKind
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page

router = APIRouter(tags=["workers"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
_CSV_HEAD = ("compound_id", "compound", "code", "kind", "home_unit", "why")

PostPlace = Literal["compound", "checkpoint", "grid"]


class PostAnswer(Answer):
    """A post. `filled` and `beyond` are workers by pseudonym; `set_here`: by an officer, else by policy."""

    place_kind: PostPlace
    place: str
    kind: WorkerKind
    number: int
    set_here: bool
    filled: list[UUID]
    beyond: list[UUID]
    vacant: int


class BoardAnswer(Answer):
    """The posts of a compound on a day. `vacant_kinds`: kinds of which somebody is missing somewhere here."""

    compound_id: str
    day: date
    policy_version: int
    needed: int
    filled: int
    vacant: int
    vacant_kinds: list[WorkerKind]
    posts: list[PostAnswer]


class NeedBody(Body):
    """How many of a kind a place of the compound needs; null: as policy says again."""

    place_kind: PostPlace
    place: PlaceCode
    kind: WorkerKind
    number: Annotated[int, Field(ge=0, le=999)] | None


class CandidateAnswer(Answer):
    """A free worker who may fill the post."""

    worker_ref: UUID
    code: str
    kind: WorkerKind
    lives_here: bool
    lives_near: bool


class SurplusAnswer(Answer):
    """A worker whom the compound can spare.

    `beyond_need`: posted here although the post has enough. `not_needed`: lives here and no vacant post is left.
    """

    compound_id: str
    compound: str
    worker_ref: UUID
    code: str
    kind: WorkerKind
    home_unit: str
    why: Literal["beyond_need", "not_needed"]


class ClaimBody(Body):
    """A vacant post that a worker would fill, under an id that the client made."""

    claim_id: UUID
    worker_ref: UUID
    place_kind: PostPlace
    place: PlaceCode
    kind: WorkerKind
    from_day: Day
    until_day: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ClaimBody":
        if self.until_day is not None and self.until_day < self.from_day:
            raise ValueError("结束日期不得早于开始日期。until_day is not before from_day.")
        return self


class ClaimAnswer(Answer):
    """A claim and what became of it."""

    claim_id: UUID
    worker_ref: UUID
    place_kind: PostPlace
    place_id: str
    compound_id: str
    kind: WorkerKind
    from_day: date
    until_day: date | None
    state: Literal["claimed", "confirmed", "refused"]
    reason: ClaimRefusal | None
    claimed_at: datetime
    settled_at: datetime | None
    posting_id: UUID | None


class ClaimSettlement(Body):
    """Confirm a claim, or refuse it with a reason."""

    outcome: Literal["confirmed", "refused"]
    reason: ClaimRefusal | None = None


@router.get("/v1/compounds/{compound_id}/posts", summary="The board of a compound's posts")
async def read_board(
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    day: Annotated[Day | None, Query(description="The day; else today.")] = None,
) -> BoardAnswer:
    """Tell for the compound, its checkpoints and its grids what each needs, who fills it and what is vacant."""
    async with context.database.read() as conn:
        compound = await reached(conn, compound_id, who)
        found = await handlers.board_of(conn, compound, day or context.clock.today())
    return board_answer(found)


@router.put("/v1/compounds/{compound_id}/posts", summary="Set how many a place needs")
async def set_need(compound_id: CompoundPath, body: NeedBody, who: Caller, context: Running) -> BoardAnswer:
    """Set the number of a kind for one place, beside or instead of policy's; tells the board as it is then."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        compound = await reached(tx, compound_id, who)
        place = Place(body.place_kind, body.place)
        await handlers.set_need(compound, place, body.kind, body.number, tx=tx)
        found = await handlers.board_of(tx, compound, tx.today)
    return board_answer(found)


@router.get("/v1/compounds/{compound_id}/posts/suggestions", summary="Who might fill a post")
async def suggest(
    *,
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    place_kind: Annotated[PostPlace, Query()],
    place: Annotated[PlaceCode, Query()],
    kind: Annotated[WorkerKind, Query()],
    limit: Limit = 20,
) -> list[CandidateAnswer]:
    """Tell free workers for a post: who lives in the compound comes first, then the neighbourhood, then the town."""
    async with context.database.read() as conn:
        compound = await reached(conn, compound_id, who)
        found = await handlers.board_of(conn, compound, context.clock.today())
        line = found.line(Place(place_kind, place), kind)
        candidates = await handlers.suggestions(conn, found, line.need)
    return [
        CandidateAnswer(
            worker_ref=one.worker_ref,
            code=one.code,
            kind=one.kind,
            lives_here=one.lives_here,
            lives_near=one.lives_near,
        )
        for one in candidates[:limit]
    ]


@router.get("/v1/surplus", summary="Whom compounds can spare")
async def list_surplus(
    who: Caller,
    context: Running,
    compound: Annotated[PlaceCode | None, Query(description="One compound; else the whole town.")] = None,
) -> list[SurplusAnswer]:
    """List for the organization office (组织办) whom each compound can spare for others (R3.3)."""
    async with context.database.read() as conn:
        if compound is None:
            who.require_town()
            compounds = list((await premises.compounds(conn)).values())
        else:
            compounds = [await reached(conn, compound, who)]
        return [
            line
            for one in compounds
            for line in await _surplus(conn, await handlers.board_of(conn, one, context.clock.today()))
        ]


@router.get("/v1/surplus.csv", summary="Whom compounds can spare, as CSV", response_class=Response)
async def export_surplus(
    who: Caller,
    context: Running,
    compound: Annotated[PlaceCode | None, Query(description="One compound; else the whole town.")] = None,
) -> Response:
    """Write the same list as a file that spreadsheets open: by staff number, without names."""
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow(_CSV_HEAD)
    for line in await list_surplus(who, context, compound):
        sheet.writerow([_plain(str(getattr(line, column))) for column in _CSV_HEAD])
    return Response(
        content=b"\xef\xbb\xbf" + text.getvalue().encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="surplus.csv"'},
    )


@router.post("/v1/compounds/{compound_id}/claims", summary="Claim a vacant post", status_code=201)
async def claim_post(
    compound_id: CompoundPath, body: ClaimBody, who: Caller, context: Running, response: Response
) -> ClaimAnswer:
    """Claim (认领) a vacant post for a worker; an officer confirms it. The same claim twice is one (200)."""
    cmd = Claim(
        claim_id=body.claim_id,
        worker_ref=body.worker_ref,
        place=Place(body.place_kind, body.place),
        kind=body.kind,
        from_day=body.from_day,
        until_day=body.until_day,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        compound = await reached(tx, compound_id, who)
        row, new = await handlers.claim(cmd, compound, tx=tx)
    response.status_code = 201 if new else 200
    return _claim(row)


@router.get("/v1/compounds/{compound_id}/claims", summary="The claims of a compound's posts")
async def list_claims(
    *,
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    state: Annotated[Literal["claimed", "confirmed", "refused"] | None, Query()] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[ClaimAnswer]:
    """List claims in the order in which they came."""
    at, last = _AFTER.read(after) if after else _FIRST
    async with context.database.read() as conn:
        await reached(conn, compound_id, who)
        rows = await store.claims_of(conn, compound_id, state=state, after=(at, last), limit=limit + 1)
    items = [_claim(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next=_AFTER.write(items[-1].claimed_at, items[-1].claim_id) if more else None)


@router.post("/v1/compounds/{compound_id}/claims/{claim_id}/settlement", summary="Settle a claim")
async def settle_claim(
    compound_id: CompoundPath, claim_id: UUID, body: ClaimSettlement, who: Caller, context: Running
) -> ClaimAnswer:
    """Confirm a claim, which posts the worker, or refuse it. 409 `post_filled`: somebody else was first."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        compound = await reached(tx, compound_id, who)
        if body.outcome == "confirmed":
            row = await handlers.confirm(claim_id, compound, tx=tx)
        elif body.reason is None:
            raise ReasonMissing("请写明原因。Say why.", field="reason")
        else:
            row = await handlers.refuse(claim_id, compound, body.reason, tx=tx)
    return _claim(row)


def board_answer(found: Board) -> BoardAnswer:
    """A board as it is told."""
    return BoardAnswer(
        compound_id=found.compound.compound_id,
        day=found.day,
        policy_version=found.rules.version,
        needed=sum(line.need.number for line in found.lines),
        filled=sum(len(line.filled) for line in found.lines),
        vacant=sum(line.vacant for line in found.lines),
        vacant_kinds=sorted({line.need.kind for line in found.lines if line.vacant}),
        posts=[_post(line) for line in found.lines],
    )


def _post(line: PostLine) -> PostAnswer:
    return PostAnswer.model_validate(
        {
            "place_kind": line.need.place.kind,
            "place": line.need.place.id,
            "kind": line.need.kind,
            "number": line.need.number,
            "set_here": line.need.set_here,
            "filled": [one.worker_ref for one in line.filled],
            "beyond": [one.worker_ref for one in line.beyond],
            "vacant": line.vacant,
        }
    )


async def _surplus(conn: Conn, found: Board) -> list[SurplusAnswer]:
    lines = []
    for one in await handlers.surplus(conn, found):
        worker = await staff.one(conn, one.worker_ref)
        assert worker is not None  # noqa: S101 -- read in the same view
        lines.append(
            SurplusAnswer(
                compound_id=found.compound.compound_id,
                compound=found.compound.name,
                worker_ref=one.worker_ref,
                code=worker["code"],
                kind=one.kind,
                home_unit=worker["home_unit"],
                why=one.why,
            )
        )
    return lines


def _claim(row: asyncpg.Record) -> ClaimAnswer:
    return ClaimAnswer(**dict(row))


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
