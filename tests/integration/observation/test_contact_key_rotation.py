"""Index keys are exchanged while questionnaires are matched: by document and by name and phone nobody is missed."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from deploy import rotation
from deploy.local.secrets import Secrets
from services.observation.domain.questionnaires import Line
from services.observation.handlers.matching import Matched, match
from shared.context import open_context
from shared.events.registry.cards import SubjectCardSealed
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.observation.conftest import Desk, returnee


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """Keys of this test alone: they are exchanged."""
    made = Secrets(folder=tmp_path / "secrets")
    made.make()
    return made


def said(nth: int, *, by_document: bool) -> Line:
    """What somebody told a platform."""
    return Line(
        name="司徒南星",
        phone=None if by_document else f"1990000{nth:04}",
        document=f"00000020000101{nth:04}" if by_document else None,
        temperature_c=None,
        cannot_measure_reason=None,
        symptoms=(),
        at=NINE_ON_THE_24TH,
    )


async def observed(desk: Desk, nth: int) -> UUID:
    """Somebody under observation, with a card."""
    event = returnee()
    case_id = await desk.open_case(event)
    card = {
        "name": "司徒南星",
        "phone": f"1990000{nth:04}",
        "room": "9-1-301",
        "documents": [f"00000020000101{nth:04}"],
    }
    sealed = desk.client.context.cards.seal_card("observation", card)
    await desk.hear(
        SubjectCardSealed(
            recipient="observation", person_ref=event.person_ref, compound=event.compound, card=sealed
        )
    )
    return case_id


async def look(desk: Desk, cases: list[UUID]) -> int:
    """Match everybody in both ways; tells how many lines that were."""
    context = desk.client.context
    lines = [said(nth, by_document=one) for nth in range(len(cases)) for one in (True, False)]
    async with context.database.read() as conn:
        found = await match(lines, conn=conn, vault=context.vault)
    assert [one.case_id for one in found if isinstance(one, Matched)] == [
        case_id for case_id in cases for _ in range(2)
    ]
    return len(lines)


@pytest.mark.scenario("F18")
async def test_whom_a_questionnaire_is_about_is_found_throughout_an_exchange_of_keys(desk: Desk) -> None:
    context, file = desk.client.context, desk.client.context.settings.master_key_file
    cases = [await observed(desk, nth) for nth in range(4)]
    rotation.add(file)
    context.vault._source.now(again=True)
    await look(desk, cases)
    rotation.switch(file)
    context.vault._source.now(again=True)
    cases.append(await observed(desk, 4))  # under the new key, before anything is made anew
    renewing = await open_context("observation", context.settings, context.clock)
    try:
        async with asyncio.TaskGroup() as group:
            renewal = group.create_task(rotation.renew(renewing, "observation"))
            looked = [group.create_task(look(desk, cases)) for _ in range(3)]
        again = await rotation.renew(renewing, "observation")
    finally:
        await renewing.close()

    renewed = renewal.result()
    assert sum(one.result() for one in looked) == 3 * 2 * 5
    assert (renewed.indexed, again.indexed, renewed.left) == (4, 0, {})
    rotation.retire(file, index=True)
    context.vault._source.now(again=True)
    assert rotation.index_kids(file) == ["i2"]
    await look(desk, cases)
