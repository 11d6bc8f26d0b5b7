"""A compound's sheet: all that a duty officer asks about it, on one page (R1.1, R2.1, R3.2, R4.3)."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg
from fastapi import APIRouter

from services.registry.api.common import Running
from services.registry.api.places import reached
from services.registry.api.posts import board_answer
from services.registry.api.premises import (
    CheckpointAnswer,
    CompoundAnswer,
    CompoundPath,
    checkpoint_answer,
    told,
)
from services.registry.api.responsibility import named_persons
from services.registry.domain.premises import Mode, checkpoint_limit
from services.registry.domain.responsibility import Measure, gaps_of
from services.registry.handlers import policy, posts
from services.registry.store import businesses as business_store
from services.registry.store import checkpoints as checkpoint_store
from services.registry.store import places as store
from services.registry.store import responsibility
from shared.events.policy import WorkerKind
from shared.http.access import Caller
from shared.http.models import Answer

router = APIRouter(tags=["premises"])


class Dwellings(Answer):
    """Dwellings of the address list by their use."""

    total: int
    owner_occupied: int
    let: int
    empty: int


class People(Answer):
    """People registered here, those who live here, tenants among these, and dwellings where somebody lives."""

    people: int
    residents: int
    tenants: int
    households: int


class Building(Answer):
    """A building and its dwellings."""

    building: str
    grids: list[str]
    dwellings: Dwellings


class GridLine(Answer):
    """A grid, its dwellings and its people."""

    grid_id: str
    name: str
    span: str | None
    dwellings: int
    people: People


class Limit(Answer):
    """How many checkpoints are allowed today, by whose rule, and how many count towards it."""

    limit: int
    rule: str
    counted: int
    exceeded: bool


class Posts(Answer):
    """The compound's posts today; `vacant_kinds` are kinds of which somebody is missing somewhere here."""

    needed: int
    filled: int
    vacant: int
    vacant_kinds: list[WorkerKind]


class SheetAnswer(Answer):
    """A compound with everything that belongs to it. No name of anybody is part of it.

    `unanswered` are the measures for which nobody answers today; `needs_named_person`: it cannot be closed and nobody
    is named who strengthens control there (R1.1).
    """

    day: date
    policy_version: int
    compound: CompoundAnswer
    checkpoints: list[CheckpointAnswer]
    checkpoint_limit: Limit
    dwellings: Dwellings
    people: People
    buildings: list[Building]
    grids: list[GridLine]
    businesses: dict[str, int]
    posts: Posts
    unanswered: list[Measure]
    named_persons: list[UUID]
    needs_named_person: bool


@router.get("/v1/compounds/{compound_id}/sheet", summary="A compound's sheet")
async def read_sheet(compound_id: CompoundPath, who: Caller, context: Running) -> SheetAnswer:
    """Tell households, people, buildings, grids, checkpoints and units of a compound, in one consistent view."""
    now, today = context.clock.now(), context.clock.today()
    async with context.database.read() as conn:
        compound = await reached(conn, compound_id, who)
        rules = await policy.in_force(conn, today)
        gates = await checkpoint_store.states_of(conn, compound_id)
        grids = await store.grids_of(conn, compound_id)
        lines = await conn.fetch(store.BUILDINGS_OF, compound_id)
        people = {row["grid_id"]: row for row in await conn.fetch(store.PEOPLE_OF, compound_id)}
        businesses = await business_store.counts(conn, compound_id)
        board = board_answer(await posts.board_of(conn, compound, today))
        assignments = map(responsibility.assignment, await responsibility.of_compound(conn, compound_id))
        named = await named_persons(conn, compound_id, today)
    allowed = checkpoint_limit(compound.area_m2, rules.document.checkpoints)
    counted = sum(gate.open_at(now) and gate.temporary_for is None for gate in gates)
    return SheetAnswer(
        day=today,
        policy_version=rules.version,
        compound=CompoundAnswer.model_validate(told(compound)),
        checkpoints=[checkpoint_answer(gate, now) for gate in gates],
        checkpoint_limit=Limit(
            limit=allowed.limit, rule=allowed.rule, counted=counted, exceeded=counted > allowed.limit
        ),
        dwellings=_dwellings(lines),
        people=_people(people.get(None)),
        buildings=[
            Building(
                building=name,
                grids=sorted({row["grid_id"] for row in own}),
                dwellings=_dwellings(own),
            )
            for name, own in _by_building(lines).items()
        ],
        grids=[
            GridLine(
                grid_id=row["grid_id"],
                name=row["name"],
                span=row["span"],
                dwellings=row["dwellings"],
                people=_people(people.get(row["grid_id"])),
            )
            for row in grids
        ],
        businesses=businesses,
        posts=Posts(**{name: getattr(board, name) for name in Posts.model_fields}),
        unanswered=[gap.measure for gap in gaps_of(assignments, from_day=today, until_day=today)],
        named_persons=named,
        needs_named_person=compound.mode is Mode.STAFFED and not named,
    )


def _by_building(lines: Sequence[asyncpg.Record]) -> dict[str, list[asyncpg.Record]]:
    found: dict[str, list[asyncpg.Record]] = {}
    for row in lines:
        found.setdefault(row["building"], []).append(row)
    return found


def _dwellings(lines: Sequence[asyncpg.Record]) -> Dwellings:
    used = {"owner_occupied": 0, "let": 0, "empty": 0}
    for row in lines:
        used[row["occupancy"]] += row["dwellings"]
    return Dwellings(total=sum(used.values()), **used)


def _people(row: asyncpg.Record | None) -> People:
    return People(**{name: row[name] if row else 0 for name in People.model_fields})
