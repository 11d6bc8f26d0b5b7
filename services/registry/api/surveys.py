"""Survey rounds over HTTP: opening, coverage, open dwellings, closing (R4.1, P8)."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Day, Number, Running, cause
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.premises import AddressKey
from services.registry.domain.surveys import Part, Round, RoundUnknown, State, Tally, rolled_up
from services.registry.handlers import surveys as handlers
from services.registry.handlers.surveys import OpenRound
from services.registry.store import premises as premises_store
from services.registry.store import surveys as store
from shared.db.pool import Conn
from shared.http.access import Caller, Principal, ScopeKind
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId, GridId

router = APIRouter(tags=["survey"])

_AFTER = Cursor(int)
_HIGHEST = 2**31 - 1
DWELLING_CURSOR = Cursor(int, str, int, str, int, str)

By = Literal["town", "neighbourhood", "compound", "building", "grid"]


class RoundBody(Body):
    """A round to begin. `round_id` is made by the client and makes a repeat harmless."""

    round_id: UUID
    number: Number = Field(examples=[3])
    compounds: Annotated[list[CompoundId], Field(min_length=1, max_length=200)] = Field(examples=[["lj-001"]])
    due_on: Day


class ClosureBody(Body):
    """The end of a round. `reason` is required while dwellings are open; it speaks of the matter, never of a person."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class RoundAnswer(Answer):
    """A round. `open_dwellings`: how many had no final result when it was closed."""

    round_id: UUID
    number: int
    compounds: list[str]
    due_on: date
    state: Literal["open", "closed"]
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    open_dwellings: int | None


class Figures(Answer):
    """Dwellings by how they stand, each in one figure. `final` (done and empty) and `remaining` add up to `dwellings`.

    `percent` is `final` of `dwellings` with one decimal, never rounded up.
    """

    dwellings: int
    final: int
    remaining: int
    percent: str = Field(examples=["99.8"])
    not_visited: int
    done: int
    empty: int
    absent: int
    refused: int
    to_confirm: int
    conflict: int


class CoverageLine(Figures):
    """A place. A building is told together with its compound."""

    compound: str | None = None
    place: str


class CoverageAnswer(Answer):
    """How far a round has come, within the caller's scope."""

    round_id: UUID
    number: int
    by: By
    total: Figures
    lines: list[CoverageLine]


class TargetAnswer(Answer):
    """A dwelling of a round, and how it stands; who lives there is told by its form."""

    dwelling_id: UUID
    compound: str
    grid: str
    building: str
    room: str
    occupancy: Literal["owner_occupied", "let", "empty"]
    state: State
    final: bool
    attempts: int
    surveyed_at: datetime | None


@router.post("/v1/survey-rounds", summary="Begin a survey round", status_code=201)
async def open_round(body: RoundBody, who: Caller, context: Running, response: Response) -> RoundAnswer:
    """Ask every dwelling of the address list; those that are added meanwhile join.

    The same round sent again is one (200).
    """
    cmd = OpenRound(
        round_id=body.round_id,
        number=body.number,
        compounds=frozenset(body.compounds),
        due_on=body.due_on,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _require_all(tx, who, cmd.compounds)
        made, new = await handlers.open_round(cmd, tx=tx)
    response.status_code = 201 if new else 200
    return _answer(body.round_id, made)


@router.get("/v1/survey-rounds", summary="Survey rounds")
async def list_rounds(
    who: Caller,
    context: Running,
    *,
    state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[RoundAnswer]:
    """List the rounds of the caller's compounds, the newest first."""
    below = _HIGHEST if after is None else _AFTER.read(after)[0]
    is_open = None if state is None else state == "open"
    async with context.database.read() as conn:
        found = await store.rounds(conn, is_open=is_open, below=min(below, _HIGHEST), limit=limit + 1)
        shown = [(key, one) for key, one in found[:limit] if await _reaches_some(conn, who, one)]
    more = _AFTER.write(found[limit - 1][1].number) if len(found) > limit else None
    return Page(items=[_answer(key, one) for key, one in shown], next=more)


@router.get("/v1/survey-rounds/{round_id}", summary="A survey round")
async def read_round(round_id: UUID, who: Caller, context: Running) -> RoundAnswer:
    """Tell a round."""
    async with context.database.read() as conn:
        return _answer(round_id, await round_within(conn, who, round_id))


@router.get("/v1/survey-rounds/{round_id}/coverage", summary="How far a survey round has come")
async def read_coverage(
    round_id: UUID, who: Caller, context: Running, by: Annotated[By, Query()] = "compound"
) -> CoverageAnswer:
    """Count dwellings by how they stand. Only `done` and `empty` are final; 100.0 is told only when none remains."""
    async with context.database.read() as conn:
        held = await round_within(conn, who, round_id)
        parts = await store.parts(conn, round_id)
    seen = [
        part
        for part in parts
        if who.reaches(compound=part.compound, neighbourhood=part.neighbourhood, grid=part.grid)
    ]
    lines = rolled_up(seen, lambda part: _place(part, by))
    return CoverageAnswer(
        round_id=round_id,
        number=held.number,
        by=by,
        total=Figures(**_figures(rolled_up(seen, lambda _part: None).get(None, Tally()))),
        lines=[
            CoverageLine(compound=compound, place=place, **_figures(tally))
            for (compound, place), tally in lines.items()
        ],
    )


@router.get("/v1/survey-rounds/{round_id}/dwellings", summary="Dwellings of a survey round")
async def list_targets(
    *,
    round_id: UUID,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    state: Annotated[
        Literal["open", "final"] | None, Query(description="Without or with a final result.")
    ] = None,
    building: Annotated[str | None, Query(max_length=50, examples=["3幢"])] = None,
    grid: Annotated[GridId | None, Query()] = None,
    after: After = None,
    limit: Limit = 100,
) -> Page[TargetAnswer]:
    """List dwellings in reading order: a grid worker sees those of their grid."""
    start = DWELLING_CURSOR.read(after) if after else premises_store.START
    is_open = None if state is None else state == "open"
    async with context.database.read() as conn:
        await round_within(conn, who, round_id)
        rows = await store.target_page(
            conn,
            round_id,
            compound,
            grids=await grids_within(conn, who, compound, grid),
            building=building,
            is_open=is_open,
            after=start,
            limit=limit + 1,
        )
    items = [
        TargetAnswer(
            **{
                name: row[name]
                for name in ("dwelling_id", "building", "occupancy", "final", "attempts", "surveyed_at")
            },
            compound=compound,
            grid=row["grid_id"],
            room=AddressKey(compound, row["building"], row["unit"], row["room"]).shown(),
            state="conflict" if row["conflict"] else row["outcome"] or "open",
        )
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return Page(items=items)
    last = rows[limit - 1]
    order = ("building_order", "building", "unit_order", "unit", "room_order", "room")
    return Page(items=items, next=DWELLING_CURSOR.write(*(last[part] for part in order)))


@router.post("/v1/survey-rounds/{round_id}/closure", summary="End a survey round")
async def close_round(round_id: UUID, body: ClosureBody, who: Caller, context: Running) -> RoundAnswer:
    """End a round. While dwellings are open that needs a reason, and they stay visible as `open_dwellings`."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        held = handlers.known(await store.find_round(tx, round_id))
        await _require_all(tx, who, held.compounds)
        made, _ = await handlers.close_round(round_id, body.reason, tx=tx)
    return _answer(round_id, made)


async def round_within(conn: Conn, who: Principal, round_id: UUID) -> Round:
    """A round that asks something within the caller's scope.

    Raises:
        RoundUnknown: there is none.
    """
    held = handlers.known(await store.find_round(conn, round_id))
    if not await _reaches_some(conn, who, held):
        raise RoundUnknown("没有这一轮排摸。There is no such survey round.", field="round_id")
    return held


async def grids_within(
    conn: Conn, who: Principal, compound: CompoundId, wanted: GridId | None = None
) -> list[str] | None:
    """The grids of a compound that the caller may see, of those wanted; None for all of them.

    Raises:
        CompoundUnknown: there is no such compound.
        OutOfScope: none of it is the caller's.
    """
    found = await store.places(conn, [compound])
    if compound not in found:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
    if wanted is not None:
        who.require_compound(compound, neighbourhood=found[compound], grid=wanted)
        return [wanted]
    if who.reaches(compound=compound, neighbourhood=found[compound]):
        return None
    own = [scope.id for scope in who.scopes_for() if scope.kind is ScopeKind.GRID and scope.id]
    if not own:
        who.require_compound(compound, neighbourhood=found[compound])
    return own


async def _require_all(conn: Conn, who: Principal, compounds: frozenset[CompoundId]) -> None:
    found = await store.places(conn, sorted(compounds))
    for compound in sorted(compounds):
        who.require_compound(compound, neighbourhood=found.get(compound))


async def _reaches_some(conn: Conn, who: Principal, held: Round) -> bool:
    found = await store.places(conn, sorted(held.compounds))
    if any(who.reaches(compound=one, neighbourhood=place) for one, place in found.items()):
        return True
    own = [scope.id for scope in who.scopes_for() if scope.kind is ScopeKind.GRID and scope.id]
    return bool(own) and await store.has_grid(conn, sorted(held.compounds), own)


def _place(part: Part, by: By) -> tuple[str | None, str]:
    match by:
        case "town":
            return None, "town"
        case "neighbourhood":
            return None, part.neighbourhood
        case "compound":
            return None, part.compound
        case "building":
            return part.compound, part.building
        case "grid":
            return part.compound, part.grid


def _figures(tally: Tally) -> dict[str, int | str]:
    kept = (
        "dwellings",
        "final",
        "remaining",
        "percent",
        "done",
        "empty",
        "absent",
        "refused",
        "to_confirm",
        "conflict",
    )
    return {**{name: getattr(tally, name) for name in kept}, "not_visited": tally.open}


def _answer(round_id: UUID, one: Round) -> RoundAnswer:
    return RoundAnswer(
        round_id=round_id,
        number=one.number,
        compounds=sorted(one.compounds),
        due_on=one.due_on,
        state="open" if one.closed_at is None else "closed",
        opened_at=one.opened_at,
        closed_at=one.closed_at,
        close_reason=one.close_reason,
        open_dwellings=one.open_dwellings,
    )
