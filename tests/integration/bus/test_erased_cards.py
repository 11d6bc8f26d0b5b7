"""What the bus still carries of sealed cards goes as soon as somebody was erased, and nothing else of it does."""

from uuid import uuid4

import pytest

from shared.bus import names
from shared.bus.link import Link, Message
from shared.forgotten_cards import forget_cards
from tests.integration.bus.support import Bench

CARD = "fk.evt.registry.cards_gate.SubjectCardSealed.lj-001"
ERASURE = "fk.evt.registry.erasures.PersonErased._town"
OTHER = "fk.evt.registry.people.PersonRegistered.lj-001"


@pytest.mark.scenario("F20")
@pytest.mark.requirement("Data and law")
async def test_cards_leave_the_bus_when_somebody_was_erased(bench: Bench) -> None:
    speaker = Link(bench.server.url, name="registry", credentials=bench.server.credentials("registry"))
    speaker.start()
    async with bench.administering() as link:
        await speaker.up.wait()

        async def say(subject: str) -> None:
            await speaker.publish(Message(subject=subject, body=b"{}", headers={"Nats-Msg-Id": str(uuid4())}))

        async def kept() -> tuple[int, int]:
            infos = [
                await link.js.stream_info(names.stream("registry", one)) for one in ("cards_gate", "people")
            ]
            return infos[0].state.messages, infos[1].state.messages

        before = await forget_cards(link, erased=None)
        await say(OTHER)
        await say(CARD)
        cards, others = await kept()
        assert cards >= 1
        assert await forget_cards(link, erased=before) == before
        assert await kept() == (cards, others)

        await say(ERASURE)
        assert await forget_cards(link, erased=before) == before + 1
        assert await kept() == (0, others)

        await say(CARD)
        assert await forget_cards(link, erased=before + 1) == before + 1
        assert await kept() == (1, others), "whose card is told later is somebody's who is not erased"
        assert await forget_cards(link, erased=None) == before + 1
        assert await kept() == (0, others), "a keeper that was started anew knows nothing, and lets go of all"
    await speaker.stop()
