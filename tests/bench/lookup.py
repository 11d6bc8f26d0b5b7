"""Looking people up in a full book: by document, phone, name, and surname at a dwelling, over HTTP in this process.

`python -m tests.bench.lookup` loads 130,000 people through the same path as an import and prints p50 and p95 of each
way against the limit of 20 ms; `FANGKONG_BENCH_PEOPLE` makes the book smaller. Every answer is opened, masked, audited.

Beside the wall time it prints how much CPU one lookup took, of this process (client and service) and of PostgreSQL's
backends, which a busy machine does not change much; and which indexes each question is answered from.
"""

import asyncio
import importlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvloop

from deploy.local.issuer import Account, Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from services.registry.domain.documents import DocumentKind, read_document
from services.registry.domain.matching import Book
from services.registry.domain.people import Relation, Sex, surname_of
from services.registry.domain.premises import AddressKey, Home
from services.registry.handlers.people import (
    DOCUMENT,
    NAME,
    PHONE,
    SURNAME,
    Keeper,
    NewPerson,
    enter_people,
    line_of,
    settle,
    state_line,
)
from services.registry.store import people as store
from shared.context import Context, open_context
from shared.kernel.clock import SystemClock
from shared.kernel.ids import CompoundId, GridId
from shared.runtime import assemble
from shared.testing.databases import Databases

PEOPLE = int(os.environ.get("FANGKONG_BENCH_PEOPLE", "130000"))
LOOKUPS = 400
BATCH = 1_000
LIMIT_MS = 20
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "白芷半夏杜仲玄参南星知秋海棠听雪明月小满清明谷雨霜降惊蛰"
PLACES = """
insert into neighbourhood (neighbourhood_id, name, kind) values ('yq', '云桥社区', 'community');
insert into compound (compound_id, neighbourhood_id, name, building_type, address, area_m2, mode)
select 'lj-' || lpad(n::text, 3, '0'), 'yq', '小区' || n, 'mid_rise', '路 ' || n || ' 号', 80000, 'closed'
from generate_series(1, 53) n;
insert into grid (grid_id, compound_id, name, dwellings) select compound_id || '-w01', compound_id, '第一网格', 900
from compound;
insert into dwelling (dwelling_id, compound_id, grid_id, building, unit, room, building_order, unit_order, room_order,
  address, occupancy)
select gen_random_uuid(), compound_id, compound_id || '-w01', b || '幢', '', r::text, b, 0, r, '', 'let'
from compound, generate_series(1, 30) b, generate_series(101, 130) r;
"""
ISSUER_URL = "http://issuer.bench"


def someone(nth: int, chance: random.Random) -> NewPerson:
    """The nth person; names repeat as names do, documents and phones do not."""
    name = chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)
    return NewPerson(
        name=name,
        sex=Sex.FEMALE,
        born=date(1950 + nth % 70, nth % 12 + 1, nth % 28 + 1),
        documents=(read_document(DocumentKind.PASSPORT, f"ZX{nth:07d}"),),
        phone=f"1990{nth:07d}",
        origin_code=None,
        registered_on=date(2020, 2, 1),
    )


async def load(context: Context) -> tuple[list[tuple[NewPerson, UUID]], float]:
    """Fill the book in batches; tells everybody with their dwelling, and how long it took in seconds."""
    async with context.database.begin() as tx:
        await tx.execute(PLACES)
    rows = await context.database.pool.fetch("select * from dwelling")
    homes = [
        Home(
            row["dwelling_id"],
            GridId(row["grid_id"]),
            AddressKey(CompoundId(row["compound_id"]), row["building"], row["unit"], row["room"]),
        )
        for row in rows
    ]
    keeper, chance = Keeper(vault=context.vault, cards=context.cards), random.Random(1)
    people: list[tuple[NewPerson, UUID]] = []
    began = time.perf_counter()
    for start in range(0, PEOPLE, BATCH):
        batch = [
            (someone(nth, chance), chance.choice(homes)) for nth in range(start, min(start + BATCH, PEOPLE))
        ]
        lines = [
            state_line(line_of(one, one.documents[0], home, Relation.TENANT), home, context.vault)
            for one, home in batch
        ]
        async with context.database.begin(actor="bench") as tx:
            settled = await settle(tx, lines, Book(), set())
            await enter_people(tx, settled, keeper)
        people += [(one, home.dwelling_id) for one, home in batch]
    return people, time.perf_counter() - began


def questions(people: list[tuple[NewPerson, UUID]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What is asked, each way for other people."""
    chance = random.Random(2)
    for way in ("document", "phone", "name", "surname at a dwelling"):
        asked: list[dict[str, Any]] = []
        for one, dwelling_id in chance.sample(people, min(LOOKUPS, len(people))):
            match way:
                case "document":
                    asked.append({"document": one.documents[0].number})
                case "phone":
                    asked.append({"phone": one.phone})
                case "name":
                    asked.append({"name": one.name})
                case _:
                    asked.append({"surname": surname_of(one.name), "dwelling_id": str(dwelling_id)})
        yield way, asked


async def database_cpu(context: Context) -> float:
    """CPU seconds that the backends of this database have taken so far."""
    rows = await context.database.pool.fetch(
        "select pid from pg_stat_activity where datname = current_database()"
    )
    ticks = 0
    for row in rows:
        fields = Path(f"/proc/{row['pid']}/stat").read_text().rsplit(") ", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def indexes_of(context: Context, statement: str, *args: Any) -> str:
    """How a question is answered: each table with the index by which it is read, or that it is read whole."""
    [plan] = await context.database.pool.fetchval(f"explain (format json) {statement}", *args)
    found: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        if (table := node.get("Relation Name")) is not None and "Scan" in node["Node Type"]:
            found.append(f"{table}: {node.get('Index Name', node['Node Type'])}")
        elif "Index Name" in node:
            found.append(node["Index Name"])
        for inner in node.get("Plans", ()):
            walk(inner)

    walk(plan["Plan"])
    return ", ".join(found)


async def show_plans(context: Context, people: list[tuple[NewPerson, UUID]]) -> None:
    """Print what each way reads."""
    one, dwelling_id = people[len(people) // 2]
    index = context.vault.index_all
    at = f"{dwelling_id}\n{surname_of(one.name)}"
    for way, statement, args in (
        ("document", store.BY_DOCUMENT, (index(DOCUMENT, one.documents[0].number), 21)),
        ("phone", store.BY_PHONE, (index(PHONE, one.phone), 21)),
        ("name", store.BY_NAME, (index(NAME, one.name), 21)),
        ("surname at a dwelling", store.BY_SURNAME, (index(SURNAME, at), dwelling_id, 21)),
    ):
        print(f"{way:24} reads {await indexes_of(context, statement, *args)}")


async def measure(context: Context, issuer: Issuer) -> None:
    """Load, ask, print."""
    people, seconds = await load(context)
    await context.database.pool.execute("analyze")
    print(f"{len(people):,} people loaded in {seconds:.0f} s ({len(people) / seconds:,.0f}/s)")
    await show_plans(context, people)
    service = importlib.import_module("services.registry.app").build(context)
    account = Account(subject="bench", name="bench", role="community_clerk", scope="town")
    headers = {"Authorization": f"Bearer {issuer.access_token(account)}"}
    transport = httpx.ASGITransport(app=assemble(service, context))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://registry.bench", headers=headers
    ) as http:
        for way, asked in questions(people):
            took = []
            found = 0
            own_cpu, its_cpu = time.process_time(), await database_cpu(context)
            for body in asked:
                began = time.perf_counter()
                answer = await http.post("/v1/people/lookup", json=body)
                took.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text
                found += len(answer.json()["people"])
            own_ms = (time.process_time() - own_cpu) * 1000 / len(asked)
            its_ms = (await database_cpu(context) - its_cpu) * 1000 / len(asked)
            p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
            assert found >= len(asked)
            verdict = "ok" if p95 <= LIMIT_MS else "MISSED"
            print(f"{way:24} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  limit {LIMIT_MS} ms  {verdict}", end="")
            print(f"  CPU {own_ms:.1f} ms here, {its_ms:.1f} ms in PostgreSQL")


async def main(folder: Path, postgres: Postgres, nats: NatsServer) -> None:
    """A registry on fresh databases, without the bus running."""
    secrets = Secrets(folder=folder / "secrets")
    secrets.folder.mkdir()
    secrets.make()
    issuer = Issuer(folder, folder / "key.json", ISSUER_URL)
    issuer.make()
    urls = await Databases(postgres.superuser_url()).fresh("registry")
    settings = importlib.import_module("services.registry.settings").Settings(
        mode="test",
        database_url=urls.database,
        keystore_url=urls.keystore,
        nats_url=nats.url,
        master_key_file=secrets.master_key_file("registry"),
        card_keys_file=secrets.card_keys_file("registry"),
        issuer=ISSUER_URL,
        jwks_file=issuer.folder / "jwks.json",
        caller_rate_scale=1_000,
    )
    context = await open_context("registry", settings, SystemClock())
    try:
        await measure(context, issuer)
    finally:
        await context.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        where = Path(made)
        with (
            Postgres(where / "pg", fsync=False) as server,
            NatsServer(where / "nats") as bus,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,  # as services run
        ):
            runner.run(main(where, server, bus))
