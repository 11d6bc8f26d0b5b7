"""Read models: exact under moves, the same whatever happens on the way, equal when rebuilt."""

import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from services.reporting.store.population import POPULATION
from shared.context import Context
from shared.events.registry.people import (
    HouseholdChanged,
    PeopleMerged,
    PeopleSeparated,
    PersonRegistered,
    ResidenceEnded,
)
from tests.integration.reporting.small_town import small_town
from tests.integration.reporting.world import COMPOUNDS, Log, deliver, deliver_badly, dump, household, person

ContextFor = Callable[[str], Awaitable[Context]]


async def numbers(context: Context) -> dict[str, tuple[int, int, int]]:
    rows = await context.database.pool.fetch(
        "select compound, people, residents, households from compound_population"
    )
    return {row["compound"]: (row["people"], row["residents"], row["households"]) for row in rows}


@pytest.mark.scenario("H2")
async def test_live_with_repeats_and_kills_equals_a_rebuild_from_zero(context_for: ContextFor) -> None:
    rng = Random(1)
    log = small_town(rng, 1500)
    live, rebuilt = await context_for("reporting"), await context_for("reporting")

    kills = await deliver_badly(live.database, log, rng)
    await deliver(rebuilt.database, log)

    assert kills > 20
    assert await live.database.pool.fetchval("select count(*) from dead_letter") == 0
    assert await dump(live.database) == await dump(rebuilt.database)


@pytest.mark.scenario("H2")
async def test_numbers_per_compound_are_those_of_the_rows_whatever_moved(context_for: ContextFor) -> None:
    context, log = await context_for("reporting"), small_town(Random(7), 3000)

    await deliver_badly(context.database, log, Random(8))

    homes = {event.person_ref: event for event in log.of(PersonRegistered)}
    doors = {event.dwelling_id: event for event in log.of(HouseholdChanged)}
    people = Counter(event.compound for event in homes.values())
    residents = Counter(event.compound for event in homes.values() if event.resident)
    households = Counter(event.compound for event in doors.values() if event.members)
    assert await numbers(context) == {
        compound: (people[compound], residents[compound], households[compound]) for compound in COMPOUNDS
    }


async def test_a_person_who_moves_is_counted_where_they_live_now(context_for: ContextFor) -> None:
    context, log, ref = await context_for("reporting"), Log(), uuid4()
    here, there, *_ = COMPOUNDS

    log.say(person(here), person(here, ref), household(here), household(here, members=1))
    await deliver(context.database, log)
    before = await numbers(context)
    log.say(person(there, ref), person(here, ref), person(there, ref))
    await deliver(context.database, log)
    after = await numbers(context)
    log.say(person(there, ref, resident=False))
    await deliver(context.database, log)

    assert before == {here: (2, 2, 1)}
    assert after == {here: (1, 1, 1), there: (1, 1, 0)}
    assert await numbers(context) == {here: (1, 1, 1), there: (1, 0, 0)}


@pytest.mark.scenario("P10")
async def test_who_died_or_left_is_not_counted_and_two_records_of_one_person_count_once(
    context_for: ContextFor,
) -> None:
    context, log, ref = await context_for("reporting"), Log(), uuid4()
    here, there, *_ = COMPOUNDS
    gone, twice, merge_id = person(here), person(there), uuid4()
    log.say(gone, twice, person(here, ref))
    await deliver(context.database, log)

    async def counted() -> dict[str, tuple[int, int]]:
        rows = await context.database.pool.fetch(POPULATION)
        return {row["compound"]: (row["people"], row["residents"]) for row in rows}

    assert await counted() == {here: (2, 2), there: (1, 1)}
    about = {"merge_id": merge_id, "kept": ref, "merged": twice.person_ref}
    ended = ResidenceEnded(
        person_ref=gone.person_ref,
        compound=gone.compound,
        dwelling_id=gone.dwelling_id,
        reason="died",
        ended_on=log.clock.date(),
        new_compound=None,
        new_dwelling_id=None,
        new_grid=None,
    )
    log.say(ended, PeopleMerged(**about, merged_at=log.clock))
    await deliver(context.database, log)
    assert await counted() == {here: (1, 1), there: (0, 0)}
    log.say(gone, PeopleSeparated(**about, separated_at=log.clock))
    await deliver(context.database, log)
    assert await counted() == {here: (2, 2), there: (1, 1)}


async def test_a_town_import_is_folded_fast(
    context_for: ContextFor, capsys: pytest.CaptureFixture[str]
) -> None:
    size = int(os.environ.get("FANGKONG_BENCH_DWELLINGS", "2000"))
    context, log, rng = await context_for("reporting"), Log(), Random(1)
    for _ in range(size):
        compound = rng.choice(COMPOUNDS)
        dwelling = household(compound, members=2)
        log.say(*(person(compound, ref) for ref in dwelling.members), person(compound), dwelling)
    began = time.perf_counter()

    applied = await deliver(context.database, log)

    seconds = time.perf_counter() - began
    with capsys.disabled():
        print(f"\n{applied} events in {seconds:.2f} s: {applied / seconds:,.0f} events/s")  # noqa: T201 -- the figure
    assert applied == size * 4
    assert applied / seconds > 1_000  # a quarter of what a busy machine shows; the bench has the real figure


async def test_as_of_tells_the_newest_event_of_every_source(context_for: ContextFor) -> None:
    context, log = await context_for("reporting"), Log()
    log.say(person(COMPOUNDS[0]))
    first = log.clock
    log.say(person(COMPOUNDS[0]), household(COMPOUNDS[0]))

    await deliver(context.database, log, batch=1)

    rows: list[Any] = await context.database.pool.fetch(
        "select projection, producer, channel, event_time from projection_as_of"
    )
    assert [tuple(row.values()) for row in rows] == [("population", "registry", "people", log.clock)]
    assert log.clock > first
