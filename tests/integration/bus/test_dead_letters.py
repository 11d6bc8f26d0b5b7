"""Poison is set aside once, what follows on the same key waits behind it, everybody else goes on."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from shared.bus import dead_letters, settle
from shared.bus.consumer import Received
from shared.db.pool import Tx
from shared.events.sanitation import RoundLogged
from shared.kernel.refusal import Refusal
from shared.testing.waiting import eventually
from tests.integration.bus.support import Bench, Seen, log_round


class Choked(Refusal):
    """What the poisoned reaction answers."""

    status = 422
    code = "choked"


class Picky(Seen, name="busproof.picky", version=1, reads=(RoundLogged,)):
    """Cannot apply one site's events, until it is mended."""

    def __init__(self, poison: UUID) -> None:
        self.poison: UUID | None = poison

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        await super().apply(tx, items)
        if any(UUID(item.partition_key) == self.poison for item in items):
            raise Choked("this one sticks in the throat")


async def waiting(bench: Bench) -> list[dict[str, object]]:
    async with bench.consumer.read() as conn:
        return [dict(row) for row in await dead_letters.list_dead(conn)]


async def test_one_poisoned_key_stops_nobody_else_and_is_replayed_in_order(bench: Bench) -> None:
    poison, fine = uuid4(), uuid4()
    picky = Picky(poison)
    for site in (fine, poison, fine, poison, fine):
        await log_round(bench.producer, site)
    async with bench.relaying(), bench.reading(picky):

        async def applied() -> bool:
            return len(await bench.seen()) == 3 and len(await waiting(bench)) == 2

        await eventually(applied, what="the healthy key is applied, the poisoned one waits")
        await log_round(bench.producer, poison)

        async def parked() -> bool:
            return len(await waiting(bench)) == 3

        await eventually(parked, what="a later event of the poisoned key is parked")

    letters = await waiting(bench)
    assert [letter["reason"] for letter in letters] == ["poison", "parked", "parked"]
    assert letters[0]["error"] == "Choked choked"
    assert [site for site, _ in await bench.seen()] == [fine] * 3

    with pytest.raises(Choked):
        await settle.replay(bench.consumer, {picky.name: picky}, int(str(letters[0]["id"])))
    assert len(await waiting(bench)) == 3, "a replay that fails changes nothing"

    picky.poison = None
    assert await settle.replay(bench.consumer, {picky.name: picky}, int(str(letters[0]["id"]))) == 3
    assert [version for site, version in await bench.seen() if site == poison] == [1, 2, 3]
    assert await waiting(bench) == []


async def test_a_document_that_cannot_be_read_is_kept_whole(bench: Bench) -> None:
    await log_round(bench.producer, uuid4())
    async with bench.producer.begin() as tx:
        await tx.execute(
            "insert into outbox (channel, subject, document) values ('rounds', $1, $2)",
            "fk.evt.sanitation.rounds.RoundLogged.lj-001",
            '{"type": "fangkong.sanitation.RoundLogged.v1", "data": {"site_id": "no uuid"}}',
        )
    await log_round(bench.producer, uuid4())
    async with bench.relaying(), bench.reading():

        async def set_aside() -> bool:
            return len(await bench.seen()) == 2 and len(await waiting(bench)) == 1

        await eventually(set_aside)
    letter = (await waiting(bench))[0]
    assert letter["reason"] == "undecodable"
    async with bench.consumer.read() as conn:
        assert "no uuid" in await conn.fetchval(
            "select document from dead_letter where id = $1", letter["id"]
        )


async def test_a_discarded_letter_keeps_its_reason_and_lets_the_rest_go_on(bench: Bench) -> None:
    poison = uuid4()
    picky = Picky(poison)
    await log_round(bench.producer, poison)
    async with bench.relaying(), bench.reading(picky):

        async def one_waits() -> bool:
            return len(await waiting(bench)) == 1

        await eventually(one_waits)
        letter = int(str((await waiting(bench))[0]["id"]))
        await settle.discard(bench.consumer, letter, "entered twice on paper")
        picky.poison = None
        await log_round(bench.producer, poison)

        async def goes_on() -> bool:
            return [version for _, version in await bench.seen()] == [2]

        await eventually(goes_on)
    with pytest.raises(dead_letters.NoSuchDeadLetterError):
        await settle.discard(bench.consumer, letter, "again")
