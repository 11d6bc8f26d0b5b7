"""Headquarters' numbers are those of the services' own rows; a false one is found, named, and built anew."""

import pytest

from deploy.cli.verify import verify
from services.reporting.projections import all_projections
from services.reporting.rebuild import chosen, rebuild
from shared.bus.link import Link
from shared.db.pool import Database
from shared.kernel.clock import SteppedClock
from tests.acceptance.stack import Stack


@pytest.mark.timeout(300)
@pytest.mark.scenario("H2")
@pytest.mark.requirement("R7.1")
async def test_a_false_number_at_headquarters_is_found_and_built_anew(town: Stack) -> None:
    await town.equal()
    urls = {service: one.database for service, one in town.urls.items()}

    honest = await verify(urls, town.now())

    assert honest.differences == ()
    assert honest.behind == 0
    assert len(honest.compared) > 15
    assert honest.compared["PEOPLE"] == honest.compared["RESIDENTS"] == 1

    owner = await town.onlooker("reporting")
    compound = await owner.fetchval("select min(compound) from compound_population")
    await owner.execute("update compound_population set people = people + 7 where compound = $1", compound)
    false = await verify(urls, town.now(), patience=1)
    assert [(one.count, one.key, one.told - one.facts) for one in false.differences] == [
        ("PEOPLE", "town", 7)
    ]

    link = Link(town.nats.url, name="reporting", credentials=town.nats.credentials("reporting"))
    link.start()
    live = await Database.open(
        town.urls["reporting"].database, service="reporting", clock=SteppedClock(town.clock_file)
    )
    try:
        await link.up.wait()
        (outcome,) = await rebuild(
            live, link, chosen(all_projections(), "population"), name="population", told=lambda *_: None
        )
    finally:
        await live.close()
        await link.stop()
    assert [(one.table, dict(one.key)) for one in outcome.differences] == [
        ("compound_population", {"compound": compound})
    ]
    assert (await verify(urls, town.now())).differences == ()
