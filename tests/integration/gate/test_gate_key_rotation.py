"""Index keys are exchanged while guards look people up: by document, by room, by plate nobody is missed (F18)."""

import asyncio
from pathlib import Path

import pytest

from deploy import rotation
from deploy.local.secrets import Secrets
from shared.context import open_context
from tests.integration.gate.town import GateTown, Resident, codes


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """Keys of this test alone: they are exchanged."""
    made = Secrets(folder=tmp_path / "secrets")
    made.make()
    return made


async def look(town: GateTown, people: list[Resident]) -> int:
    """Look everybody up in both ways; tells how many lookups that were."""
    for nth, who in enumerate(people):
        for subject in (
            {"kind": "document", "number": who.document},
            {"kind": "dwelling_surname", "room": f"3-1-{nth}", "surname": "王"},
        ):
            assert codes(await town.check(subject)) == ["pass_not_shown"]
    return 2 * len(people)


@pytest.mark.scenario("F18")
async def test_who_stands_at_a_gate_is_found_throughout_an_exchange_of_keys(town: GateTown) -> None:
    context, file = town.client.context, town.client.context.settings.master_key_file
    people = [await town.resident(room=f"3-1-{nth}") for nth in range(6)]
    rotation.add(file)
    context.vault._source.now(again=True)
    await look(town, people)
    rotation.switch(file)
    context.vault._source.now(again=True)
    people.append(await town.resident(room="3-1-6"))  # under the new key, before anything is made anew
    renewing = await open_context("gate", context.settings, context.clock)
    try:
        async with asyncio.TaskGroup() as group:
            renewal = group.create_task(rotation.renew(renewing, "gate"))
            looked = [group.create_task(look(town, people)) for _ in range(3)]
        again = await rotation.renew(renewing, "gate")
    finally:
        await renewing.close()

    renewed = renewal.result()
    assert sum(one.result() for one in looked) == 3 * 2 * 7
    assert (renewed.indexed, again.indexed) == (6, 0)
    assert set(renewed.left) <= {"entry_check.content"}, "what makes a repeat a repeat"
    rotation.retire(file, index=True)
    context.vault._source.now(again=True)
    assert rotation.index_kids(file) == ["i2"]
    await look(town, people)
    assert len(await town.rows("select 1 from card_index")) == 2 * 7
