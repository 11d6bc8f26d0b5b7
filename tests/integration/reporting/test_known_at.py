"""What headquarters' board said at a past moment is told again exactly, whatever was heard of since."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

import pytest

from services.reporting.projections import all_projections
from shared.context import Context
from tests.conftest import NINE_ON_THE_24TH, Client
from tests.integration.reporting.heard import Reporting
from tests.integration.reporting.small_town import small_town
from tests.integration.reporting.world import COMPOUNDS, MORNING, TODAY, Log, check, compounds, deliver

ClientFor = Callable[[str], Awaitable[Client]]
ContextFor = Callable[[str], Awaitable[Context]]


@pytest.fixture
async def reporting(client_for: ClientFor) -> Reporting:
    """Headquarters that have heard nothing yet."""
    return Reporting(await client_for("reporting"))


def said(answer: Any) -> dict[str, Any]:
    """A board without its ages."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name not in ("as_of", "as_known_at")}


def lines_of(board: dict[str, Any]) -> list[dict[str, Any]]:
    """A board's lines, compound by compound."""
    return sorted(board["compounds"], key=itemgetter("compound"))


@pytest.mark.requirement("R7.1")
async def test_the_board_of_every_past_moment_is_what_was_said_then(reporting: Reporting) -> None:
    story = small_town(Random(9), 600).events
    moment, boards = NINE_ON_THE_24TH, {}
    for nth in range(0, len(story), 200):
        reporting.client.move_to(moment)
        await reporting.hear(*story[nth : nth + 200])
        boards[moment] = said(await reporting.get("/v1/board"))
        moment += timedelta(hours=5)
    reporting.client.move_to(moment)
    one = {"role": "community_clerk", "scope": "neighbourhood:nb-01"}

    assert len(boards) > 5
    assert len({str(board["totals"]) for board in boards.values()}) == len(boards)
    for at, board in boards.items():
        again = await reporting.get("/v1/board", as_known_at=at.isoformat())
        assert again.json()["as_known_at"] is not None
        assert said(again) == board, at
        a_little_later = await reporting.get(
            "/v1/board", as_known_at=(at + timedelta(microseconds=1)).isoformat()
        )
        assert a_little_later.json()["totals"]["people"] == board["totals"]["people"]
        part = await reporting.get("/v1/board", as_known_at=at.isoformat(), **one)
        assert lines_of(said(part)) == [line for line in lines_of(board) if line["compound"] in COMPOUNDS[:2]]
    before = await reporting.get("/v1/board", as_known_at=(min(boards) - timedelta(seconds=1)).isoformat())
    assert before.json()["compounds"] == []


@pytest.mark.scenario("H1")
async def test_checks_that_arrive_late_were_not_known_before(reporting: Reporting) -> None:
    await reporting.hear(*compounds(), check(COMPOUNDS[0], MORNING))
    five, eight = NINE_ON_THE_24TH + timedelta(hours=8), NINE_ON_THE_24TH + timedelta(hours=11)
    reporting.client.move_to(eight)
    await reporting.hear(*(check(COMPOUNDS[0], MORNING, offline=True) for _ in range(3)))

    async def checks(at: datetime | None) -> int:
        options = {"as_known_at": at.isoformat()} if at else {}
        answer = await reporting.get("/v1/board", **options)
        assert answer.json()["day"] == TODAY.isoformat()
        found: int = answer.json()["totals"]["checks"]
        return found

    assert await checks(five) == 1
    assert await checks(eight - timedelta(microseconds=1)) == 1
    assert await checks(eight) == 4
    assert await checks(None) == 4
    assert await checks(eight + timedelta(days=9)) == 4, "the future is not known: now counts"


async def test_an_instant_before_the_keeping_began_is_refused(reporting: Reporting) -> None:
    await reporting.client.context.database.pool.execute(
        "insert into known_since (at) values ($1)", NINE_ON_THE_24TH
    )
    early = await reporting.get("/v1/board", as_known_at=(NINE_ON_THE_24TH - timedelta(days=1)).isoformat())
    nonsense = await reporting.get("/v1/board", as_known_at="yesterday")
    without_zone = await reporting.get("/v1/board", as_known_at="2020-02-24T09:00:00")

    assert (early.status_code, early.json()["code"]) == (422, "history_unknown")
    assert (nonsense.status_code, without_zone.status_code) == (422, 422)


async def test_what_was_known_has_every_column_of_what_is_known(context_for: ContextFor) -> None:
    pool = (await context_for("reporting")).database.pool
    rows = await pool.fetch(
        "select table_schema as schema, table_name as table, string_agg(column_name || ' ' || data_type, ', '"
        " order by ordinal_position) as columns from information_schema.columns"
        " where table_schema in ('known', 'public') group by 1, 2"
    )
    of = {(row["schema"], row["table"]): row["columns"] for row in rows}
    views = {table for schema, table in of if schema == "known"}
    assert len(views) > 20
    for view in views:
        assert of["known", view] == of["public", view], f"call known_keep('{view}') after adding a column"
    tables = {table for one in all_projections() for table in one.tables}
    assert views - tables == {"counted_elsewhere", "declaration_seen", "streak_seen", "finding"}


async def test_a_board_read_as_known_leaves_nothing_in_its_session(reporting: Reporting) -> None:
    log = Log()
    log.say(*compounds())
    await deliver(reporting.client.context.database, log)
    await reporting.get("/v1/board", as_known_at=NINE_ON_THE_24TH.isoformat())
    async with reporting.client.context.database.read() as conn:
        assert await conn.fetchval("show search_path") == '"$user", public'
        assert await conn.fetchval("select current_setting('fangkong.as_known_at', true)") in (None, "")
