"""How disinfection stands per compound: what closed short (R5.1, R7.2)."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import sanitation_compliance as store
from shared.events.policy import SiteKind
from shared.http.access import Caller
from shared.http.models import Answer
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["reporting"])


class ShortLine(Answer):
    """Sites of a kind in a compound whose day closed short, as late entries left it.

    `made_good`: sites whose day was short at its close and is not any more.
    """

    compound: CompoundId
    kind: SiteKind
    sites_short: int
    rounds_short: int
    made_good: int


class ShortAnswer(Answer):
    """A day's shortfalls in the compounds in scope, most short first."""

    as_of: list[SourceAsOf]
    day: date
    lines: list[ShortLine]


@router.get("/v1/rounds-missed", summary="Rounds missed on a day, per compound and kind")
async def rounds_missed(
    who: Caller,
    context: InContext,
    day: Annotated[date | None, Query(description="Shanghai day; yesterday when left out.")] = None,
) -> ShortAnswer:
    """Tell where a day that is over closed short, and where late entries made it good."""
    wanted = day or context.clock.today() - timedelta(days=1)
    async with context.database.read() as conn:
        mine = set(await queries.compounds_in_scope(conn, who))
        rows = await conn.fetch(store.MISSED_OF_DAY, wanted)
        sources = await queries.sources(conn, ("sanitation_compliance",))
    found = [ShortLine(**dict(row)) for row in rows if row["compound"] in mine]
    found.sort(key=lambda one: (-one.rounds_short, one.compound, one.kind))
    return ShortAnswer(as_of=as_of(sources), day=wanted, lines=found)
