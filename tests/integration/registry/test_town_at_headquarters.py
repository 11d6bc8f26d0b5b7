"""What headquarters makes of the registry's events: the town as it is, compound by compound."""

import json
from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import Client
from tests.integration.registry.office import Office
from tests.integration.reporting.world import Log, deliver

TOLD = "select channel, document from outbox order by id"
LIVED_IN = """
select d.compound_id, count(distinct d.dwelling_id) as n
from dwelling d join residence r using (dwelling_id) where r.resident group by 1
"""


@pytest.mark.scenario("H2")
@pytest.mark.requirement("R4.1")
async def test_the_board_counts_dwellings_people_and_residents_of_every_compound_as_they_are(
    office: Office, client_for: Callable[[str], Awaitable[Client]]
) -> None:
    places = [file for file in office.files() if file.kind != "residents"]
    residents = [file for file in office.files() if file.kind == "residents"]
    for file in (*places, *reversed(residents)):  # landlords' lines come before those of their own homes
        await office.import_file(file)
    reporting, log = await client_for("reporting"), Log()
    for row in await office.rows(TOLD):
        log.channels["registry", row["channel"]].append(row["document"])
    await deliver(reporting.context.database, log)

    answer = await reporting.http.get("/v1/board", headers=reporting.as_role("hq_officer"))

    truth = json.loads((office.town / "truth.json").read_text(encoding="utf-8"))
    lived_in = {row["compound_id"]: row["n"] for row in await office.rows(LIVED_IN)}
    told = {
        line["compound"]: (line["dwellings"], line["people"], line["residents"], line["households"])
        for line in answer.json()["compounds"]
    }
    assert told == {
        code: (
            real["dwellings"],
            real["after_import"]["people"],
            real["after_import"]["residents"],
            lived_in[code],
        )
        for code, real in truth["compounds"].items()
    }
    totals = answer.json()["totals"]
    assert totals["dwellings"] == truth["town"]["dwellings"]
    assert totals["residents"] == truth["town"]["after_import"]["residents"]
