"""Every hop of production mode with real servers: the right certificate is taken, each wrong one is refused."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import asyncpg
import pytest

from deploy.cli.buses import nats_config
from deploy.local.errors import LocalError
from deploy.local.nats import find_server
from deploy.local.ports import any_free
from deploy.nats.configuration import Node
from deploy.nats.generate import Files
from deploy.nats.streams import ensure_reader, wanted
from deploy.nats.users import ADMIN, USERS
from shared.bus.durability import assert_kept
from shared.bus.link import BusError, Link, Message
from shared.db.pool import Database
from shared.kernel.clock import SystemClock
from shared.testing.waiting import eventually
from tests.integration.bus.conftest import close_lost_connections
from tests.integration.runtime.lines import LONG_AGO, Authority, ClosedBus, ClosedDatabase


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(folder=tmp_path_factory.mktemp("authority"))
    made.issue()
    return made


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(folder=tmp_path_factory.mktemp("stranger"))
    made.issue()
    return made


@pytest.fixture(scope="module")
def bus(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedBus]:
    server = ClosedBus(tmp_path_factory.mktemp("closed-bus"))
    server.authority = authority
    with server:
        yield server


@pytest.fixture(scope="module")
def closed(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedDatabase]:
    made = ClosedDatabase.start(tmp_path_factory.mktemp("closed-pg"), authority)
    yield made
    made.server.remove()


@pytest.fixture
def issued(authority: Authority) -> Iterator[Authority]:
    """An authority whose certificate is put right afterwards."""
    yield authority
    authority.issue()


async def database(url: str) -> None:
    opened = await Database.open(url, service="gate", clock=SystemClock(), size=1)
    try:
        async with opened.read() as conn:
            assert await conn.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
    finally:
        await opened.close()


async def test_a_database_is_reached_over_tls_and_not_without(
    closed: ClosedDatabase, authority: Authority
) -> None:
    await database(closed.url(ca=authority.files.ca))
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await database(closed.url(ca=None, mode="disable"))


async def test_a_database_with_a_wrong_certificate_is_refused(
    closed: ClosedDatabase, issued: Authority, stranger: Authority
) -> None:
    with pytest.raises(OSError, match=r"self-signed|unable to get"):
        await database(closed.url(ca=stranger.files.ca))
    issued.issue(ago=LONG_AGO)
    await closed.show()
    with pytest.raises(OSError, match="expired"):
        await database(closed.url(ca=issued.files.ca))
    issued.issue("127.0.0.9")
    await closed.show()
    with pytest.raises(OSError, match="IP address mismatch"):
        await database(closed.url(ca=issued.files.ca))
    issued.issue()
    await closed.show()
    await database(closed.url(ca=issued.files.ca))


async def forget(*ports: int) -> None:
    """Close what the client lost: the transport of a handshake that was refused, or that a killed server cut short."""
    for port in ports:
        close_lost_connections(port)
    await asyncio.sleep(0)


async def reaches(bus: ClosedBus, ca: Path, *, url: str | None = None) -> bool:
    """Does a service get onto the bus? No: it was refused, and said so."""
    link = Link(url or bus.closed_url, name="gate", credentials=bus.credentials("gate"), ca_file=ca)
    link.start()
    try:

        async def settled() -> bool:
            return link.up.is_set() or link._refused

        await eventually(settled, within=10)
        return link.up.is_set()
    finally:
        await link.stop()
        await forget(bus.port)


async def test_the_bus_is_reached_over_tls_and_a_wrong_certificate_is_refused(
    bus: ClosedBus, issued: Authority, stranger: Authority
) -> None:
    assert await reaches(bus, issued.files.ca)
    assert not await reaches(bus, stranger.files.ca)
    for wrong in ({"ago": LONG_AGO}, {"address": "127.0.0.9"}):
        issued.issue(**wrong)
        await bus.show()

        async def refused() -> bool:
            return not await reaches(bus, issued.files.ca)

        await eventually(refused, within=10)
    issued.issue()
    await bus.show()

    async def taken() -> bool:
        return await reaches(bus, issued.files.ca)

    await eventually(taken, within=10)


async def test_nobody_on_the_wire_can_talk_a_client_out_of_tls(authority: Authority) -> None:
    """A server that offers no TLS, as one would see it with its offer cut out on the way: nothing is said to it."""
    heard = bytearray()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"nonce":"abc"}\r\n')
        heard.extend(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = Link(f"nats://127.0.0.1:{port}", name="gate", ca_file=authority.files.ca)
    link.start()

    async def tried() -> bool:
        return bool(heard)

    await eventually(tried, within=10)
    await link.stop()
    await forget(port)
    server.close()
    assert heard.startswith(b"\x16\x03")  # a TLS record with a client's hello, and nothing else
    assert b"CONNECT" not in heard


class Cluster:
    """Three servers as `./fangkong nats-config` describes them."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        authority.issue(both_ways=True)
        self.authority, self.files = authority, Files(folder=folder / "generated")
        self.nodes = [
            Node(
                name=f"nats-{number}",
                host="127.0.0.1",
                port=any_free(),
                cluster_port=any_free(),
                certificates=authority.folder,
                store=folder / f"store-{number}",
                monitor=f"127.0.0.1:{any_free()}",
                disk_bytes=1 << 30,
            )
            for number in (1, 2, 3)
        ]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for node, file in zip(self.nodes, self.files.write(self.nodes), strict=True):
            with (folder / f"{node.name}.log").open("wb") as log:
                self.processes[node.name] = subprocess.Popen(  # noqa: S603
                    [find_server(), "-c", file], stdout=log, stderr=log
                )

    @property
    def url(self) -> str:
        return ",".join(f"tls://{node.host}:{node.port}" for node in self.nodes)

    async def link(self, user: str, stack: AsyncExitStack) -> Link:
        made = Link(
            self.url, name=user, credentials=self.files.credentials(user), ca_file=self.authority.files.ca
        )
        made.start()
        stack.push_async_callback(made.stop)
        await made.up.wait()
        return made

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(tmp_path, Authority(folder=tmp_path / "authority"))
    yield made
    made.stop()
    await forget(*(node.port for node in made.nodes))


async def test_a_cluster_from_generated_files_keeps_events_and_outlives_a_server(cluster: Cluster) -> None:
    stream = next(one for one in wanted(replicas=3) if (one.service, one.channel) == ("gate", "alerts"))
    event = Message(subject="fk.evt.gate.alerts.X.lj-001", body=b"{}", headers={"Nats-Msg-Id": "1"})
    async with AsyncExitStack() as stack:
        admin = await cluster.link(ADMIN, stack)

        async def made() -> bool:
            try:
                await admin.js.add_stream(stream.config())
                await ensure_reader(admin.js, "fk_gate_alerts", "reporting")
            except BusError:  # the servers have not found each other yet
                return False
            return True

        await eventually(made)
        gate, reporting = await cluster.link("gate", stack), await cluster.link("reporting", stack)
        await assert_kept(gate)
        await gate.publish(event)
        leader = (await admin.js.stream_info("fk_gate_alerts")).cluster
        assert leader is not None
        assert leader.leader is not None
        assert len(leader.replicas or []) == 2
        cluster.processes[leader.leader].kill()

        async def goes_on() -> bool:
            try:
                await gate.publish(event)  # the same one: kept before, it is a repeat now
                subscription = await reporting.pull("fk_gate_alerts", "reporting")
                messages = await subscription.fetch(10, timeout=2)
            except BusError:
                return False
            assert [message.data for message in messages] == [b"{}"]
            return True

        await eventually(goes_on, within=60)


def test_the_files_of_a_cluster_hold_no_secret_but_the_seeds_and_are_kept(tmp_path: Path) -> None:
    nodes = ["a=nats-a.example", "b=nats-b.example", "c=nats-c.example"]
    nats_config(tmp_path, nodes)
    seeds = {user: (tmp_path / f"{user}.nk").read_text() for user in USERS}
    assert len(set(seeds.values())) == len(USERS)
    for name in "abc":
        told = (tmp_path / f"{name}.conf").read_text()
        assert not any(seed.strip() in told for seed in seeds.values())
        config = json.loads(told)
        assert config["jetstream"]["sync_interval"] == "always"
        assert config["tls"]["handshake_first"]
        assert config["cluster"]["tls"]["verify"]
        assert len(config["cluster"]["routes"]) == 2
    before = (tmp_path / "a.conf").read_text()
    nats_config(tmp_path, nodes)
    assert (tmp_path / "a.conf").read_text() == before
    with pytest.raises(LocalError, match="three or five"):
        nats_config(tmp_path, nodes[:2])


def test_the_keeper_of_streams_is_a_process_that_needs_the_right_authority(
    bus: ClosedBus, authority: Authority
) -> None:
    environment = os.environ | {
        "FANGKONG_NATS_URL": bus.closed_url,
        "FANGKONG_NATS_CREDENTIALS_FILE": str(bus.files.seed_file(ADMIN)),
        "FANGKONG_NATS_CA_FILE": str(authority.files.ca),
        "FANGKONG_NATS_REPLICAS": "1",
    }
    with ExitStack() as stack:
        keeper = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "deploy.nats.keeper"],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(keeper.kill)
        assert keeper.stdout is not None
        assert any("streams_made" in line for line in keeper.stdout)
        keeper.terminate()
        assert keeper.wait(10) == 0
