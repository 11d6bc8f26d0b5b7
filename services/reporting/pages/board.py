"""The live board: which compound needs somebody now (screens.md section 4.12)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from services.reporting import queries
from services.reporting.api.common import InContext
from services.reporting.domain.board import Figures, Line, total
from services.reporting.pages import columns
from services.reporting.pages.columns import COLUMNS, troubled
from services.reporting.store import entry_flow
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import TOWN, Caller, Principal
from shared.pages.languages import N_, language_of
from shared.pages.rendering import Pages
from shared.pages.routes import page_router

router = page_router()

FEW = 12
"""So many compounds are shown without folding any away."""
STRIP_DAYS = 14
STRIPS: Mapping[str, str] = {
    "observations_started": N_("新增观察"),
    "observations_released": N_("解除观察"),
    "declarations_missed": N_("未报窗口"),
    "refused": N_("拒入"),
}
"""What is shown day by day: figure of the series -> its name."""
Days = Sequence[tuple[date, int]]
Sorting = Annotated[str, Query(alias="sort", max_length=20, description="A column, the name, or trouble.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The town's gates today, hour by hour."""

    entries: Sequence[int]
    exits: Sequence[int]
    refused: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the board page shows.

    Attributes:
        heard_until: business time of the newest event in it.
        silent: sources that nothing has been heard of for longer than policy allows, or never.
        folded: lines without problems that are not shown.
    """

    day: date
    whole_town: bool
    figures: Figures
    sources: Sequence[queries.Source]
    heard_until: datetime | None
    silent: int
    lines: Sequence[Line]
    troubled: int
    folded: int
    compounds: int
    hours: Hours
    strips: Sequence[tuple[str, Days]]

    def tag(self, *rest: object) -> str:
        """Changes when the page would say something else: not with every heartbeat of a source."""
        sources = [
            (one.name, one.event_time, one.stale, int(one.age or 0) // 60 if one.stale else None)
            for one in self.sources
        ]
        said = (replace(self, sources=()), sources, rest)
        return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'

    def stale(self, *names: str) -> bool:
        """Say whether one of these sources is older than policy allows."""
        return any(one.stale for one in self.sources if one.name in names)


@router.get("/board")
async def board(
    request: Request,
    who: Caller,
    context: InContext,
    sorting: Sorting = columns.TROUBLE,
    everything: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002  # a query parameter
) -> Response:
    """Show the board; with `If-None-Match`, nothing while nothing has moved."""
    pages: Pages = request.app.state.pages
    if (
        sorting not in columns.SORTINGS
    ):  # an old link, or a hand that typed: the board is never withheld for that
        sorting = columns.TROUBLE
    async with context.database.read() as conn:
        view = await read(conn, context, who, sorting=sorting, everything=everything)
    etag = view.tag(language_of(request), request.url.query, who.grants)
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return pages.render(
        request,
        "board.html",
        headers={"ETag": etag},
        town=context.settings.town,
        view=view,
        columns=COLUMNS,
        sorting=sorting,
        everything=everything,
        etag=etag,
    )


async def read(conn: Conn, context: Context, who: Principal, *, sorting: str, everything: bool) -> View:
    """Read what the page shows, in one consistent view."""
    clock = context.clock
    found = await queries.board(conn, who, now=clock.now(), real_now=clock.real_now(), day=clock.today())
    lines = columns.sorted_by(found.lines, sorting)
    shown = lines if everything or len(lines) <= FEW else [line for line in lines if troubled(line)]
    mine = [line.compound for line in lines]
    heard = [one.event_time for one in found.sources if one.event_time is not None]
    return View(
        day=found.day,
        whole_town=TOWN in who.scopes_for(),
        figures=total(found.lines),
        sources=found.sources,
        heard_until=max(heard, default=None),
        silent=sum(one.age is None or bool(one.stale) for one in found.sources),
        lines=shown,
        troubled=sum(map(troubled, lines)),
        folded=len(lines) - len(shown),
        compounds=len(lines),
        hours=await _hours(conn, found.day, mine),
        strips=await days_of(conn, STRIPS, found.day, STRIP_DAYS, mine, now=clock.now()),
    )


async def days_of(
    conn: Conn,
    figures: Mapping[str, str],
    today: date,
    days: int,
    compounds: Sequence[str],
    *,
    now: datetime,
) -> list[tuple[str, Days]]:
    """Figures on each of the last days, today last, by their labels."""
    first = today - timedelta(days=days - 1)
    found = await queries.by_days(conn, figures, first, today, compounds=compounds, now=now)
    span = [first + timedelta(days=nth) for nth in range(days)]
    return [(label, [(day, found[figure].get(day, 0)) for day in span]) for figure, label in figures.items()]


async def _hours(conn: Conn, day: date, compounds: Sequence[str]) -> Hours:
    rows: dict[int, Any] = {
        row["hour"]: row for row in await conn.fetch(entry_flow.HOURS_OF_DAY, day, compounds)
    }

    def of(name: str) -> list[int]:
        return [rows[hour][name] if hour in rows else 0 for hour in range(24)]

    return Hours(entries=of("entries"), exits=of("exits"), refused=of("refused"))
