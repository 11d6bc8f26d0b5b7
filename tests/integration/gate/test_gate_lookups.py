"""Who left the pass at home is found by whatever they hold or say, however a guard types it (gate rules, Identity)."""

from uuid import uuid4

import pytest

from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.ids import PersonRef
from tests.integration.gate.town import HERE, GateTown, codes


async def lives_here(
    town: GateTown, *, surname: str = "王", room: str = "3幢-1-502", document: str = "AB12345"
) -> None:
    card = {"surname": surname, "homes": [{"compound": HERE, "room": room}], "documents": [document]}
    await town.tell(
        SubjectCardSealed(
            recipient="gate",
            person_ref=PersonRef(uuid4()),
            compound=HERE,
            card=town.card_keys.seal_card("gate", card),
        )
    )


@pytest.mark.scenario("P3")
@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        ("990101194912310028", "990101491231002"),  # the old card of 15 digits, the book has 18
        ("990101194912310028", "990101 491231 002"),
        ("99010119491231002X", "９９０１０１１９４９１２３１００２ｘ"),
        ("H12345678", "H1234567802"),  # a permit says behind the number how often it was issued
        ("H12345678", "h12345678(02)"),
        ("12345678", "1234567801"),
    ],
)
async def test_a_document_is_found_as_it_is_printed(town: GateTown, kept: str, typed: str) -> None:
    await lives_here(town, document=kept)
    told = await town.check({"kind": "document", "number": typed})
    assert (codes(told), told["display"]) == (["no_pass"], {"surname": "王*", "room": "3幢-1-502"})
