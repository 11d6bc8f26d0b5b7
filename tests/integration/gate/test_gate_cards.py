"""Cards: opened, sealed again, found only by keyed index; and the other copies under replay."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.gate.consumers import erasures
from services.gate.projections.cards import Cards
from services.gate.projections.cases import Cases
from services.gate.projections.passes import Passes
from shared.bus.projection import Projection
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import PersonErased
from shared.kernel.ids import CompoundId, PersonRef, uuid7
from tests.integration.gate.town import HERE, NOW, OTHER_CHECKPOINT, THERE, GateTown, codes


def document(event: Event, version: int) -> str:
    """An event as it comes over the bus."""
    return encode(event, event_id=uuid7(), time=NOW, version=version, cause=Cause(correlation=uuid7()))


def card(
    town: GateTown,
    person: PersonRef,
    *,
    surname: str = "王",
    room: str = "1-1-101",
    numbers: tuple[str, ...] = (),
) -> SubjectCardSealed:
    """A card as the registry seals it."""
    homes = [{"compound": HERE, "room": room}]
    sealed = town.card_keys.seal_card(
        "gate", {"surname": surname, "homes": homes, "documents": list(numbers)}
    )
    return SubjectCardSealed(recipient="gate", person_ref=person, compound=HERE, card=sealed)


async def deliver(town: GateTown, *news: tuple[SubjectCardSealed, int]) -> None:
    """Cards with given versions reach the gate."""
    documents = [document(event, version) for event, version in news]
    await town.deliver(Cards(town.client.context), "registry", "cards_gate", documents)


async def test_nothing_of_a_card_is_readable_in_the_database(town: GateTown) -> None:
    wang = await town.resident("欧阳", "8幢-2-501")
    kept = str(await town.rows("select * from subject_card")) + str(
        await town.rows("select * from card_index")
    )
    for plain in ("欧阳", "8幢", "501", wang.document):
        assert plain not in kept
        assert plain.encode().hex() not in kept
        assert str(plain.encode())[2:-1] not in kept


async def test_a_changed_card_is_found_by_the_new_document_and_room_only(town: GateTown) -> None:
    person = PersonRef(uuid4())
    await deliver(town, (card(town, person, numbers=("000000200001010001",)), 1))
    await deliver(town, (card(town, person, room="2-2-202", numbers=("000000200001010002",)), 2))
    for subject, found in (
        ({"kind": "document", "number": "000000200001010001"}, False),
        ({"kind": "document", "number": "000000200001010002"}, True),
        ({"kind": "dwelling_surname", "room": "1-1-101", "surname": "王"}, False),
        ({"kind": "dwelling_surname", "room": "2-2-202", "surname": "王"}, True),
    ):
        answer = await town.check(subject)
        assert codes(answer) == (["no_pass"] if found else ["subject_unknown"])
        assert answer["display"] == ({"surname": "王*", "room": "2-2-202"} if found else None)


async def test_a_withdrawn_card_leaves_nothing_to_find_or_to_show(town: GateTown) -> None:
    wang = await town.resident()
    gone = SubjectCardSealed(recipient="gate", person_ref=wang.person, compound=HERE, card=None)
    await town.tell(gone)
    assert codes(await town.check({"kind": "document", "number": wang.document})) == ["subject_unknown"]
    answer = await town.check(wang)
    assert (answer["verdict"], answer["display"]) == ("admit", None)
    assert await town.rows("select 1 from card_index") == []
    [row] = await town.rows("select surname_sealed, homes_sealed from subject_card")
    assert row == {"surname_sealed": None, "homes_sealed": None}


async def test_an_older_card_never_brings_a_withdrawn_one_back(town: GateTown) -> None:
    person = PersonRef(uuid4())
    old = card(town, person, numbers=("000000200001010001",))
    gone = SubjectCardSealed(recipient="gate", person_ref=person, compound=HERE, card=None)
    await deliver(town, (old, 1), (gone, 2))
    await deliver(town, (old, 1))
    assert await town.rows("select 1 from card_index") == []
    assert await town.rows("select 1 from subject_card where surname_sealed is not null") == []


async def test_an_erased_person_gets_no_card_again(town: GateTown) -> None:
    person = PersonRef(uuid4())
    await deliver(town, (card(town, person), 1))
    await town.client.context.vault.destroy(person)
    await deliver(town, (card(town, person, numbers=("000000200001010001",)), 2))
    assert await town.rows("select 1 from card_index") == []
    assert await town.rows("select 1 from subject_card where surname_sealed is not null") == []


async def test_a_card_that_does_not_open_is_set_aside_and_the_others_are_kept(town: GateTown) -> None:
    good, bad = PersonRef(uuid4()), PersonRef(uuid4())
    broken = SubjectCardSealed(recipient="gate", person_ref=bad, compound=HERE, card="not.a.card")
    lacking = card(town, PersonRef(uuid4())).replace(card=town.card_keys.seal_card("gate", {"surname": "王"}))
    await deliver(town, (broken, 1), (lacking, 1), (card(town, good), 1))
    assert [row["person_ref"] for row in await town.rows("select person_ref from subject_card")] == [good]
    letters = await town.rows("select reason, error from dead_letter")
    assert [letter["reason"] for letter in letters] == ["poison", "poison"]


async def test_gate_listens_on_its_own_cards_only(town: GateTown) -> None:
    assert Cards(town.client.context).channels() == {("registry", "cards_gate")}


async def test_a_thousand_cards_leave_room_for_others_on_the_event_loop(town: GateTown) -> None:
    people = [PersonRef(uuid4()) for _ in range(1000)]
    news = [(card(town, person, room=f"1-1-{nth}"), 1) for nth, person in enumerate(people)]
    pauses: list[float] = []

    async def feel() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            pauses.append(now - last)
            last = now

    feeling = asyncio.create_task(feel())
    await deliver(town, *news)
    feeling.cancel()
    assert len(await town.rows("select 1 from card_index")) == 1000
    assert len([pause for pause in pauses if pause > 0.0005]) >= 20  # it gave way every few cards


@pytest.mark.parametrize("kind", [Passes, Cases])
async def test_the_end_of_something_unknown_is_set_aside_not_lost(
    town: GateTown, kind: type[Projection]
) -> None:
    wang = await town.resident(with_pass=False)
    event: Event = town.suspended(wang) if kind is Passes else town.completed(wang, uuid4(), NOW)
    await town.tell(event)
    [letter] = await town.rows("select reason, error from dead_letter")
    assert letter["reason"] == "poison"


async def test_many_facts_about_one_pass_in_one_batch_end_in_the_last(town: GateTown) -> None:
    wang = await town.resident()
    news = [
        (town.issued(wang.pass_id, wang.number, wang.person, serial=2), 2),
        (town.suspended(wang), 3),
    ]
    await town.deliver(Passes(), "registry", "passes", [document(event, version) for event, version in news])
    [row] = await town.rows("select serial, state, version from entry_pass")
    assert row == {"serial": 2, "state": "suspended", "version": 3}


async def test_old_news_of_a_pass_or_case_changes_nothing(town: GateTown) -> None:
    wang = await town.resident()
    case = await town.observe(wang)
    await town.tell(town.revoked(wang), town.completed(wang, case, NOW + timedelta(days=14)))
    before = await town.rows("select * from entry_pass"), await town.rows("select * from restriction")
    issued = town.issued(wang.pass_id, wang.number, wang.person)
    await town.deliver(Passes(), "registry", "passes", [document(issued, 1)])
    interrupted = town.interrupted(wang, case)
    await town.deliver(Cases(), "observation", "cases", [document(interrupted, 1)])
    assert before == (
        await town.rows("select * from entry_pass"),
        await town.rows("select * from restriction"),
    )


async def test_somebody_with_two_homes_is_shown_with_the_room_of_the_compound_they_enter(
    town: GateTown,
) -> None:
    wang = await town.resident("王", "3-1-502")
    homes = [{"compound": HERE, "room": "3-1-502"}, {"compound": THERE, "room": "7-2-701"}]
    told = {"surname": "王", "homes": homes, "documents": []}
    both = town.card_keys.seal_card("gate", told)
    await town.tell(SubjectCardSealed(recipient="gate", person_ref=wang.person, compound=HERE, card=both))
    second = UUID(int=5)
    await town.tell(town.issued(second, "55555555", wang.person, THERE))
    answer = await town.check(
        {"kind": "pass_token", "token": town.token(second, "55555555", CompoundId(THERE))}
    )
    assert codes(answer) == ["wrong_compound"]
    assert answer["display"] == {"surname": "王*", "room": "3-1-502"}
    there = await town.enrol(OTHER_CHECKPOINT)
    body = town.body({"kind": "dwelling_surname", "room": "7-2-701", "surname": "王"})
    found = (await town.send(body, device=there)).json()
    assert (codes(found), found["display"]) == (["pass_not_shown"], {"surname": "王*", "room": "7-2-701"})


@pytest.mark.requirement("Data and law")
async def test_an_erased_person_is_found_by_nothing_and_a_late_card_leaves_nothing(town: GateTown) -> None:
    wang = await town.resident("王", "3-1-502")
    by_paper = {"kind": "document", "number": wang.document}
    assert (await town.check(by_paper))["display"]["surname"] == "王*"
    erased = document(PersonErased(person_ref=wang.person, erased_at=NOW), 5)
    for _ in range(2):
        await town.deliver(erasures(town.client.context.vault), "registry", "erasures", [erased])
        unknown = await town.check(by_paper)
        assert (unknown["verdict"], unknown["display"]) == ("cannot_verify", None)
        assert await town.rows("select index_value from card_index where person_ref = $1", wang.person) == []
        await deliver(town, (card(town, wang.person, numbers=(wang.document,)), 9))
    kept = await town.rows("select surname_sealed, homes_sealed from subject_card")
    assert [(row["surname_sealed"], row["homes_sealed"]) for row in kept] == [(None, None)]
