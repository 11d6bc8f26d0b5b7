"""How long from an observation's event to the suspended pass, over a real bus: the limit is 5 s (R2.7, O9).

`python -m tests.bench.suspensions [passes]` starts its own PostgreSQL (fsync on) and nats-server, gives residents
passes, tells one ObservationStarted for each of them in a random rhythm and then one CaseConfirmed for the whole
dwelling, through observation's outbox and relay. It prints the delay from the commit of the event to the first look
that finds the pass suspended. The delays belong to this machine; the ratio to the limit is what counts.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from deploy.nats.streams import ensure
from services.registry.app import build
from services.registry.domain.documents import DocumentKind, read_document
from services.registry.domain.people import Relation, Sex
from services.registry.handlers import passes
from services.registry.handlers.passes import IssueEntryPass
from services.registry.handlers.people import Keeper, NewPerson, register_person
from services.registry.settings import Settings
from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.context import Context, open_context
from shared.db.pool import Database
from shared.events import catalogue
from shared.events.base import Event
from shared.events.observation import CaseConfirmed, ObservationStarted
from shared.kernel.clock import SystemClock
from shared.testing.databases import Databases
from tests.integration.bus.support import background
from tests.integration.registry.desk import PLACES, resident_id

PASSES = 100
LIMIT_SECONDS = 5.0
LOOK_EVERY = 0.005


@dataclass(frozen=True)
class Given:
    """Somebody with a pass."""

    person: UUID
    pass_id: UUID


async def settle(context: Context, count: int) -> list[Given]:
    """Residents of one dwelling, each with a pass; the last of them are one household more than the rest."""
    async with context.database.begin(actor="bench") as tx:
        await tx.execute(PLACES)
        home = await tx.fetchval(
            "select min(dwelling_id::text)::uuid from dwelling where compound_id = 'lj-001'"
        )
    keeper, given = Keeper(vault=context.vault, cards=context.cards), []
    for nth in range(count):
        async with context.database.begin(actor="bench") as tx:
            person = NewPerson(
                name="司徒南星",
                sex=Sex.FEMALE,
                born=date(1990, 3, 7),
                documents=(read_document(DocumentKind.RESIDENT_ID, resident_id(nth)),),
                phone="",
                origin_code=None,
                registered_on=date(2020, 2, 24),
            )
            ref = await register_person(tx, keeper, person, home, Relation.OWNER)
            cmd = IssueEntryPass(request_id=uuid4(), person_ref=ref, compound="lj-001")
            issued = await passes.issue(cmd, tx=tx, vault=context.vault)
            given.append(Given(ref, issued.entry_pass.pass_id))
    return given


def started(person: UUID) -> ObservationStarted:
    """A case of somebody."""
    return ObservationStarted.model_validate(
        {
            "case_id": uuid4(),
            "person_ref": person,
            "compound": "lj-001",
            "dwelling_id": uuid4(),
            "grid": "lj-001-w01",
            "category": "focus",
            "measure": "centralized_observation",
            "anchor_date": "2020-02-24",
            "last_day": "2020-03-09",
            "started_at": "2020-02-24T01:00:00Z",
            "policy_version": 1,
        }
    )


def confirmed(person: UUID) -> CaseConfirmed:
    """Somebody of a household is ill."""
    return CaseConfirmed.model_validate(
        {
            "person_ref": person,
            "compound": "lj-001",
            "confirmed_on": "2020-02-24",
            "last_exposure": "2020-02-24",
            "contacts": (),
            "confirmed_at": "2020-02-24T02:00:00Z",
        }
    )


async def told(producer: Database, event: Event) -> float:
    """Commit an event; when it was."""
    async with producer.begin(actor="bench") as tx:
        await tx.publish(event, version=1)
    return time.perf_counter()


async def until_suspended(registry: Database, wanted: list[UUID], since: float) -> float:
    """Seconds until all of these passes are suspended."""
    while True:
        async with registry.read() as conn:
            left = await conn.fetchval(
                "select count(*) from entry_pass where pass_id = any($1::uuid[]) and state = 'active'", wanted
            )
        if not left:
            return time.perf_counter() - since
        await asyncio.sleep(LOOK_EVERY)


async def measure(postgres: Postgres, nats: NatsServer, folder: Path, count: int) -> None:
    """Run it and print."""
    databases = Databases(postgres.superuser_url())
    secrets, issuer = (
        Secrets(folder=folder / "secrets"),
        Issuer(folder, folder / "key.json", "http://issuer.test"),
    )
    secrets.make()
    issuer.make()
    urls, other = await databases.fresh("registry"), await databases.fresh("observation")
    settings = Settings(
        mode="test",
        database_url=urls.database,
        keystore_url=urls.keystore,
        nats_url=nats.url,
        master_key_file=secrets.master_key_file("registry"),
        card_keys_file=secrets.card_keys_file("registry"),
        issuer=issuer.url,
        jwks_file=issuer.folder / "jwks.json",
        caller_rate_scale=1_000,
    )
    async with AsyncExitStack() as stack:
        context = await open_context("registry", settings, SystemClock())
        stack.push_async_callback(context.close)
        producer = await Database.open(other.database, service="observation", clock=SystemClock())
        stack.push_async_callback(producer.close)
        service = build(context)
        for prepare in service.prepare:
            await prepare()
        given = await settle(context, count + 4)

        async def connected(user: str) -> Link:
            link = Link(
                nats.url, name=user, credentials=nats.admin if user == "admin" else nats.credentials(user)
            )
            link.start()
            stack.push_async_callback(link.stop)
            await link.up.wait()
            return link

        await ensure((await connected("admin")).js)
        relay = Relay(producer, await connected("observation"), channels=catalogue.channels_of("observation"))
        runner = Runner(context.database, await connected("registry"), service.consumers)
        await stack.enter_async_context(background(relay.run()))
        await stack.enter_async_context(background(runner.run()))
        chance = random.Random(20200224)
        delays = []
        for one in given[:count]:
            began = await told(producer, started(one.person))
            delays.append(await until_suspended(context.database, [one.pass_id], began))
            await asyncio.sleep(chance.uniform(0, 0.05))
        household = [one.pass_id for one in given[count:]]
        began = await told(producer, confirmed(given[count].person))
        together = await until_suspended(context.database, household, began)
    delays.sort()
    p99 = delays[max(0, int(len(delays) * 0.99) - 1)]
    print(f"ObservationStarted to suspended pass, {count} times, one after the other")
    print(f"  median {statistics.median(delays) * 1000:7.0f} ms")
    print(f"  p99    {p99 * 1000:7.0f} ms")
    print(f"  worst  {delays[-1] * 1000:7.0f} ms   limit / worst = {LIMIT_SECONDS / delays[-1]:.1f}")
    print(f"CaseConfirmed to {len(household)} suspended passes of one dwelling")
    print(f"  all    {together * 1000:7.0f} ms   limit / all = {LIMIT_SECONDS / together:.1f}")


def main() -> None:
    """Real servers with fsync on."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PASSES
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder) / "pg")
        nats = NatsServer(Path(folder) / "nats")
        with postgres, nats:
            asyncio.run(measure(postgres, nats, Path(folder), count))
        postgres.remove()


if __name__ == "__main__":
    main()
