"""Gaps are seen and closed: lost tails, late readers, restored producers, restarted servers."""

import asyncio
from contextlib import suppress
from uuid import uuid4

from nats.js.errors import NotFoundError

from shared.bus import outbox
from shared.bus.feed import Feed
from shared.bus.link import BusError
from shared.bus.relay import Relay
from shared.bus.runner import HELD_BEYOND
from shared.events.sanitation import RoundLogged
from shared.testing.waiting import eventually
from tests.integration.bus.support import Bench, Seen, log_round


async def versions(bench: Bench) -> list[int]:
    return [version for _, version in await bench.seen()]


class LateComer(Seen, name="busproof.late", version=1, reads=(RoundLogged,)):
    """A consumer that did not exist when the first events were published."""


async def test_a_lost_tail_is_noticed_by_the_heartbeat_alone(bench: Bench) -> None:
    site = uuid4()
    async with bench.relaying() as relay, bench.reading():
        for _ in range(3):
            await log_round(bench.producer, site)

        async def three() -> bool:
            return await versions(bench) == [1, 2, 3]

        await eventually(three)
        await log_round(bench.producer, site)
        async with bench.producer.pool.acquire() as connection:
            await outbox.number(connection, limit=10)
            await connection.execute(
                "update outbox_channel set published_pos = max_pos"
            )  # published, then lost
        assert await relay.step() == 0

        async def four() -> bool:
            return await versions(bench) == [1, 2, 3, 4]

        await eventually(four, within=20, what="the fourth event, that no stream ever held")


async def test_a_new_reader_catches_up_from_the_outbox_beside_an_old_one(bench: Bench) -> None:
    site = uuid4()
    async with bench.relaying():
        async with bench.reading(Seen()):
            for _ in range(40):
                await log_round(bench.producer, site)

            async def all_seen() -> bool:
                return len(await bench.seen()) == 40

            await eventually(all_seen)
        async with bench.reading(Seen(), LateComer()):
            await log_round(bench.producer, site)

            async def both() -> bool:
                return len(await bench.seen()) == 82

            await eventually(both, within=15)
    assert sorted(await versions(bench)) == sorted([*range(1, 42)] * 2)


async def test_a_restored_producer_continues_in_a_new_epoch_and_readers_name_what_they_hold(
    bench: Bench,
) -> None:
    site = uuid4()
    async with bench.relaying(), bench.reading():
        for _ in range(6):
            await log_round(bench.producer, site)

        async def six() -> bool:
            return len(await bench.seen()) == 6

        await eventually(six)
    async with bench.producer.begin() as tx:  # the backup knew only the first four
        await tx.execute("delete from outbox where pos > 4")
        await tx.execute("update outbox_channel set max_pos = 4, published_pos = 4")
        await tx.execute("update site_version set version = 4")
        await tx.execute("update outbox_home set home = 'of the backup'")
    async with bench.relaying(), bench.reading():
        for _ in range(2):
            await log_round(bench.producer, site)

        async def eight() -> bool:
            return len(await bench.seen()) == 8

        await eventually(eight, within=15)
    async with bench.consumer.read() as conn:
        beyond = await conn.fetchrow("select epoch, from_pos, to_pos from bus_beyond")
        position = await conn.fetchrow("select epoch, last_pos from bus_position")
        assert {row["producer"]: row["events"] for row in await conn.fetch(HELD_BEYOND)} == {"sanitation": 2}
    assert beyond is not None
    assert tuple(beyond) == (1, 5, 6), "positions 5 and 6 of the first epoch are held here and nowhere else"
    assert position is not None
    assert tuple(position) == (2, 6)


async def test_a_restarted_server_silences_nobody(bench: Bench) -> None:
    site = uuid4()
    async with bench.relaying(), bench.reading():
        for turn in range(3):
            await log_round(bench.producer, site)

            async def seen_so_far(count: int = turn + 1) -> bool:
                return len(await bench.seen()) == count

            await eventually(seen_so_far, within=20)
            bench.server.stop()
            bench.server.start()


async def test_a_subscription_that_fell_silent_is_replaced(bench: Bench) -> None:
    site = uuid4()
    async with bench.relaying(), bench.reading() as runner:
        await log_round(bench.producer, site)

        async def one() -> bool:
            return await versions(bench) == [1]

        await eventually(one)
        async with bench.administering() as link:

            async def reads_by_the_bus() -> bool:
                with suppress(NotFoundError):  # what came so far may have come from the producer's outbox
                    await link.js.consumer_info("fk_sanitation_rounds", "reporting")
                    return True
                return False

            await eventually(reads_by_the_bus)
            await link.js.delete_consumer("fk_sanitation_rounds", "reporting")  # no word of it to the reader
            feed = runner.channels[0].feed
            assert isinstance(feed, Feed)
            old = feed.subscription

            async def noticed() -> bool:
                await log_round(bench.producer, site)
                return feed.subscription is not old

            await eventually(noticed, within=40, every=1.0, what="the silent subscription is noticed")
            await bench.streams()  # whoever keeps them puts the reader's place back

            async def replaced() -> bool:
                await log_round(bench.producer, site)
                return feed.subscription not in (None, old)

            await eventually(replaced, within=40, every=1.0, what="the silent subscription is replaced")
            assert (await link.js.consumer_info("fk_sanitation_rounds", "reporting")).name == "reporting"

        async def caught_up() -> bool:
            async with bench.producer.read() as conn:
                newest: int = await conn.fetchval("select version from site_version where site = $1", site)
            return await versions(bench) == list(range(1, newest + 1))

        await eventually(caught_up, within=20)


async def test_commands_go_on_while_the_bus_is_away_and_everything_arrives_afterwards(bench: Bench) -> None:
    site = uuid4()
    bench.server.stop()
    try:
        async with bench.relaying(), bench.reading():
            for _ in range(20):
                await log_round(bench.producer, site)
            assert await versions(bench) == []
            bench.server.start()

            async def all_of_them() -> bool:
                return await versions(bench) == list(range(1, 21))

            await eventually(all_of_them, within=20)
    finally:
        if not bench.server.healthy():
            bench.server.start()


async def test_the_client_returns_from_a_fetch_with_the_first_message(bench: Bench) -> None:
    """The feed relies on it: a batch is never waited for to fill. It changed between versions of the client."""
    link = bench.link("reporting")
    link.start()
    await asyncio.wait_for(link.up.wait(), 10)
    try:
        subscription = await link.pull("fk_sanitation_rounds", "reporting")
        fetching = asyncio.create_task(subscription.fetch(500, timeout=10))
        await asyncio.sleep(0.1)
        await log_round(bench.producer, uuid4())
        relay_link = bench.link("sanitation")
        relay_link.start()
        await asyncio.wait_for(relay_link.up.wait(), 10)
        relay = Relay(bench.producer, relay_link, channels=["rounds"])
        await bench.producer.pool.execute(outbox.ADD_CHANNELS, ["rounds"])
        await relay.step()
        assert len(await asyncio.wait_for(fetching, 5)) == 1
        await relay_link.stop()
    finally:
        await link.stop()


async def test_a_link_without_a_server_is_an_error_at_once_and_not_a_wait(bench: Bench) -> None:
    bench.server.stop()
    link = bench.link("sanitation")
    link.start()
    try:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await link.tell("fk.beat.sanitation", b"{}")
        except BusError:
            pass
        else:
            raise AssertionError("nobody can have heard that")
        assert loop.time() - began < 1
    finally:
        await link.stop()
        bench.server.start()
