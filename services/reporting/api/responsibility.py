"""Who answers for which compound and measure, who serves there, and who is missing (R7.1, R1.1, R3.1 to R3.3)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.domain.posts import Place, vacant_at, wanted_at
from services.reporting.store import compounds, policy, postings, posts, responsibility
from shared.db.pool import Conn
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])
SOURCES = ("compounds", "postings", "responsibility", "posts", "addresses", "policy")

Measure = Literal["gate", "observation", "survey", "sanitation", "leads", "duty", "all"]


class AnsweringFor(Answer):
    """Somebody who answers for a measure, by pseudonym and position; with a grid for that grid only."""

    measure: Measure
    role: str
    worker_ref: UUID
    grid: str | None
    from_day: date
    until_day: date | None


class CompoundDuty(Answer):
    """Who answers in a compound on a day, and who serves there.

    `without_named_person`: the compound cannot be closed, and nobody is named who strengthens control there (R1.1).
    `vacant`: how many of each kind are missing at its posts; None while no policy says what they need.
    """

    compound: CompoundId
    name: str
    mode: Literal["closed", "staffed"]
    answering: list[AnsweringFor]
    named_persons: list[UUID]
    without_named_person: bool
    serving: dict[str, int]
    posts_needed: int | None
    vacant: dict[str, int] | None


class DutyAnswer(Answer):
    """The compounds in the caller's scope; `town` are those who answer in every one."""

    day: date
    as_of: list[SourceAsOf]
    town: list[AnsweringFor]
    compounds: list[CompoundDuty]


@router.get("/v1/responsibility", summary="Who answers for which compound and measure")
async def read_responsibility(
    who: Caller,
    context: InContext,
    day: Annotated[date | None, Query(description="The day; else today.")] = None,
) -> DutyAnswer:
    """Tell compound by compound who answers on a day, who is named where it cannot be closed, and who serves."""
    on = day or context.clock.today()
    answering: defaultdict[str | None, list[asyncpg.Record]] = defaultdict(list)
    named: defaultdict[str, set[UUID]] = defaultdict(set)
    serving: defaultdict[str, dict[str, int]] = defaultdict(dict)
    async with context.database.read() as conn:
        sources = await queries.sources(conn, SOURCES)
        registered = await conn.fetch(compounds.COMPOUNDS)
        for row in await conn.fetch(responsibility.ANSWERING_ON, on):
            answering[row["compound"]].append(row)
        for row in await conn.fetch(postings.NAMED_ON, on):
            named[row["compound"]].add(row["worker_ref"])
        for row in await conn.fetch(postings.SERVING_ON, on):
            serving[row["compound"]][row["kind"]] = row["workers"]
        modes = {row["compound"]: row["mode"] for row in registered}
        missing = await _vacancies(conn, on, modes)
    return DutyAnswer(
        day=on,
        as_of=as_of(sources),
        town=[_answering(row) for row in answering[None]],
        compounds=[
            CompoundDuty(
                compound=row["compound"],
                name=row["name"],
                mode=row["mode"],
                answering=[_answering(one) for one in answering[row["compound"]]],
                named_persons=sorted(named[row["compound"]]),
                without_named_person=row["mode"] == "staffed" and not named[row["compound"]],
                serving=serving[row["compound"]],
                posts_needed=missing[row["compound"]][0] if missing is not None else None,
                vacant=missing[row["compound"]][1] if missing is not None else None,
            )
            for row in registered
            if queries.sees(who, row["compound"], row["neighbourhood"])
        ],
    )


async def _vacancies(
    conn: Conn, on: date, modes: Mapping[str, str]
) -> dict[str, tuple[int, dict[str, int]]] | None:
    """Of each compound: how many its posts need on a day, and how many of each kind are missing."""
    found = await policy.of_day(conn, on)
    rules = found[1].posts if found else None
    if rules is None:
        return None
    set_here: dict[tuple[Place, str], int] = {
        ((one["place_kind"], one["place_id"]), one["kind"]): one["number"]
        for one in await conn.fetch(posts.NEEDS_SET)
    }
    serving: defaultdict[Place, dict[str, int]] = defaultdict(dict)
    for one in await conn.fetch(posts.SERVING_AT, on):
        serving[one["place_kind"], one["place_id"]][one["kind"]] = one["workers"]
    needed: Counter[str] = Counter()
    missing: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in await conn.fetch(posts.PLACES):
        place, compound = (one["place_kind"], one["place_id"]), one["compound"]
        wanted = wanted_at(place, staffed=modes.get(compound) == "staffed", rules=rules, set_here=set_here)
        needed[compound] += sum(need.number for need in wanted)
        missing[compound].update(vacant_at(wanted, serving[place]))
    return {compound: (needed[compound], dict(missing[compound])) for compound in modes}


def _answering(row: asyncpg.Record) -> AnsweringFor:
    return AnsweringFor(**{name: row[name] for name in AnsweringFor.model_fields})
