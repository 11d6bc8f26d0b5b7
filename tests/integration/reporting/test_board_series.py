"""Figures from day to day, within the caller's scope; and how old what stands on the board is."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.days import at_local
from tests.conftest import Client
from tests.integration.reporting.heard import Reporting
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    TODAY,
    check,
    closed_short,
    compounds,
    declared,
    disinfected,
    gap_closed,
    gap_opened,
    missed,
    policy_revised,
    site,
    started,
    vehicle,
)

ClientFor = Callable[[str], Awaitable[Client]]
FIRST, SECOND, THIRD, *_ = COMPOUNDS


@pytest.fixture
async def reporting(client_for: ClientFor) -> Reporting:
    """Headquarters that have heard nothing yet."""
    return Reporting(await client_for("reporting"))


def values(answer: Any) -> dict[date, int]:
    assert answer.status_code == 200, answer.text
    return {date.fromisoformat(one["day"]): one["value"] for one in answer.json()["days"] if one["value"]}


@pytest.mark.requirement("R7.1")
async def test_a_figure_counts_for_the_day_when_it_happened_in_the_callers_scope(
    reporting: Reporting,
) -> None:
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=3)
    at_night = at_local(TODAY, MORNING.time()) - timedelta(hours=1)  # yesterday 23:00 in Shanghai
    case, where = started(FIRST, uuid4()), site(SECOND)
    await reporting.hear(
        policy_revised(),
        *compounds(),
        *(check(FIRST, MORNING) for _ in range(3)),
        check(THIRD, at_night, "refuse"),
        vehicle(SECOND, MORNING),
        case,
        declared(case, before, "morning"),
        missed(case, before, "evening", 1),
        where,
        disinfected(where, MORNING),
        closed_short(where, day=yesterday, shortfall=2),
        gap_closed(gap_opened(FIRST, at_night + timedelta(minutes=30)), 60),
    )
    gap = gap_opened(FIRST, at_night + timedelta(minutes=30))
    await reporting.hear(gap, gap_closed(gap, 60))

    async def of(figure: str, **options: Any) -> dict[date, int]:
        return values(await reporting.get("/v1/board/series", figure=figure, **options))

    assert await of("checks") == {TODAY: 3, yesterday: 1}
    assert await of("refused") == {yesterday: 1}
    assert await of("checks", compound=FIRST) == {TODAY: 3}
    assert await of("checks", scope="neighbourhood:nb-01", role="community_clerk") == {TODAY: 3}
    assert await of("checks", days=1) == {TODAY: 3}
    assert await of("vehicles_in") == {TODAY: 1}
    assert await of("observations_started") == {TODAY: 1}
    assert (await of("declared"), await of("declarations_missed")) == ({before: 1}, {before: 1})
    assert await of("rounds_counted") == {TODAY: 1}
    assert await of("rounds_missed") == {yesterday: 2}
    assert await of("duty_gap_minutes") == {yesterday: 30, TODAY: 30}
    answer = await reporting.get("/v1/board/series", figure="leads_received")
    assert [one["value"] for one in answer.json()["days"]] == [0] * 14
    assert answer.json()["days"][-1]["day"] == TODAY.isoformat()


async def test_a_series_is_refused_for_a_foreign_compound_and_an_unknown_figure(reporting: Reporting) -> None:
    await reporting.hear(*compounds())
    clerk = {"role": "community_clerk", "scope": "neighbourhood:nb-01"}

    foreign = await reporting.get("/v1/board/series", figure="checks", compound=THIRD, **clerk)
    unknown = await reporting.get("/v1/board/series", figure="checks", compound="lj-999")
    nonsense = await reporting.get("/v1/board/series", figure="people; drop table")
    too_long = await reporting.get("/v1/board/series", figure="checks", days="400")

    assert (foreign.status_code, foreign.json()["code"]) == (403, "out_of_scope")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "compound_unknown")
    assert (nonsense.status_code, too_long.status_code) == (422, 422)


@pytest.mark.scenario("H4")
async def test_a_source_that_nothing_is_heard_of_is_marked_stale_and_one_that_is_quiet_is_not(
    reporting: Reporting,
) -> None:
    pool = reporting.client.context.database.pool
    rules = policy_revised()
    patient = rules.document.reporting.model_copy(update={"stale_after_seconds": 60})
    await reporting.hear(
        rules.replace(document=rules.document.model_copy(update={"reporting": patient})),
        *compounds(),
        check(FIRST, MORNING),
    )
    await pool.execute("update bus_position set moved_at = clock_timestamp() - interval '10 minutes'")
    heard = "insert into bus_heard (producer, channel, epoch, pos) values ($1, $2, 1, $3)"
    await pool.execute(heard, "gate", "checks", 1)  # quiet: the gate said that there is nothing more
    await pool.execute(heard, "registry", "town", 999)  # behind: the registry said more than has come

    answer = await reporting.get("/v1/board")
    found = {one["source"]: (one["stale"], one["age_seconds"]) for one in answer.json()["as_of"]}

    assert found["gate.checks"][0] is False
    assert found["gate.checks"][1] <= 5
    assert found["registry.town"][0] is True
    assert 600 <= found["registry.town"][1] < 700
    assert found["observation.cases"][0] is True, "nothing was ever heard of it"
    await pool.execute("update bus_heard set heard_at = heard_at - interval '20 seconds'")
    again = await reporting.get("/v1/board", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304, "growing older is no change"
    await pool.execute("update bus_heard set heard_at = heard_at - interval '20 minutes'")
    stale = await reporting.get("/v1/board", headers={"If-None-Match": answer.headers["ETag"]})
    assert stale.status_code == 200, "becoming stale is one"
