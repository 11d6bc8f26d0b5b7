"""A service reads what it told itself from its own database, whatever becomes of the bus."""

from uuid import uuid4

from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.testing.waiting import eventually
from tests.integration.bus.support import Bench, Seen, background, log_round


async def test_a_service_reads_its_own_channel_in_order_and_across_a_restore_while_the_bus_is_away(
    bench: Bench,
) -> None:
    nowhere = Link("nats://127.0.0.1:9", name="nobody")
    relay, runner = (
        Relay(bench.producer, nowhere, channels=["rounds"]),
        Runner(bench.producer, nowhere, [Seen()]),
    )
    site = uuid4()

    async def seen() -> list[int]:
        async with bench.producer.read() as conn:
            return [row["version"] for row in await conn.fetch("select version from seen order by n")]

    async def applied(*versions: int) -> bool:
        return await seen() == list(versions)

    async with background(relay.run()), background(runner.run()):
        for _ in range(3):
            await log_round(bench.producer, site)
        await eventually(lambda: applied(1, 2, 3), what="what was told before")
        async with bench.producer.begin() as tx:
            await tx.execute("update outbox_home set home = 'of the backup'")
        await log_round(bench.producer, site)
        await eventually(lambda: applied(1, 2, 3, 4), what="what was told in the next epoch")
    async with bench.producer.read() as conn:
        assert await conn.fetchval("select (epoch, last_pos) from bus_position") == (2, 4)
