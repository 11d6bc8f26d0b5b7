import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path

import nats
import nkeys
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import NotFoundError

from deploy.local.errors import LocalError
from deploy.local.names import SERVICES
from deploy.local.nats import NatsServer
from deploy.nats.streams import ensure
from deploy.nats.users import ADMIN, USERS
from shared.bus import names
from shared.bus.credentials import Credentials, CredentialsError
from shared.bus.durability import ForgetfulBusError, assert_kept
from shared.bus.link import Link
from shared.events import catalogue
from shared.testing.waiting import eventually
from tests.integration.local.conftest import ROOT, Ordinary, gone

DEEP = "d" * 80 + "/" + "e" * 69


@pytest.fixture
async def server(place: Path) -> AsyncIterator[NatsServer]:
    with NatsServer(place / "nats") as running:
        yield running


async def connect(server: NatsServer, user: str, errors: list[str] | None = None) -> Client:
    async def note(error: Exception) -> None:
        if errors is not None:
            errors.append(str(error))

    return await nats.connect(
        server.url,
        nkeys_seed_str=server.credentials(user).seed,
        inbox_prefix=f"_INBOX_{user}",
        error_cb=note,
        reconnect_time_wait=0.05,
        max_reconnect_attempts=-1,
    )


@pytest.mark.parametrize("folder", ["plain", "with two spaces", DEEP])
def test_it_starts_in_any_folder(place: Path, folder: str) -> None:
    with NatsServer(place / folder) as server:
        assert server.healthy()


def test_seeds_are_in_private_files_and_the_server_is_told_public_halves_only(server: NatsServer) -> None:
    assert server.process is not None
    told = (server.home / "nats.conf").read_text() + Path(f"/proc/{server.process.pid}/cmdline").read_text()
    for user in USERS:
        who = server.credentials(user)
        assert server.files.seed_file(user).stat().st_mode & 0o077 == 0
        assert who.seed not in told
        assert who.public in told
        assert who.seed not in repr(who)


ACCOUNT = nkeys.encode_seed(b"s" * 32, nkeys.PREFIX_BYTE_ACCOUNT).decode()


@pytest.mark.parametrize("seed", ["", "SU", "not a seed", "x" * 58, ACCOUNT])
def test_a_file_without_a_users_seed_is_refused_without_quoting_it(tmp_path: Path, seed: str) -> None:
    file = tmp_path / "gate.nk"
    file.write_text(seed)
    with pytest.raises(CredentialsError, match=r"gate\.nk: ") as refused:
        Credentials.read(file, "gate")
    assert not seed or seed not in str(refused.value)


async def test_every_server_says_that_it_syncs_before_it_acknowledges(server: NatsServer) -> None:
    link = Link(server.url, name="gate", credentials=server.credentials("gate"))
    link.start()
    await link.up.wait()
    await assert_kept(link)
    assert link.kept
    await link.stop()


async def test_nothing_is_handed_to_a_bus_that_acknowledges_before_it_syncs(place: Path) -> None:
    class Forgetful(NatsServer):
        def config(self) -> str:
            settings = json.loads(super().config())
            del settings["jetstream"]["sync_interval"]
            return json.dumps(settings)

    with Forgetful(place / "forgetful") as server:
        link = Link(server.url, name="gate", credentials=server.credentials("gate"))
        link.start()
        await link.up.wait()
        with pytest.raises(ForgetfulBusError, match="fangkong-local"):
            await assert_kept(link)
        assert not link.kept
        await link.stop()


@dataclass
class Town:
    """A bus with the streams of all services, and the administrator."""

    server: NatsServer
    admin: Client


@pytest.fixture
async def town(server: NatsServer) -> AsyncIterator[Town]:
    admin = await connect(server, ADMIN)
    await ensure(admin.jetstream())
    yield Town(server, admin)
    await admin.close()


async def hear(client: Client, subject: str) -> None:
    """Listen for good: to be refused is the only way to end."""
    await client.subscribe(subject)
    await asyncio.Event().wait()


async def refused(errors: list[str], *acts: Coroutine[object, object, object]) -> None:
    """The bus tells the client of each that it may not; none has an answer."""
    errors.clear()
    tasks = [asyncio.create_task(act) for act in acts]

    async def told() -> bool:
        return sum("permissions violation" in error for error in errors) == len(acts)

    await eventually(told, within=5)
    answered = [task.result() for task in tasks if task.done() and task.result() is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert answered == []


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_speaks_only_for_itself_and_administers_nothing(town: Town, user: str) -> None:
    other = "registry" if user != "registry" else "gate"
    stream = names.stream(user, catalogue.channels_of(user)[0])
    errors: list[str] = []
    client = await connect(town.server, user, errors)
    js = client.jetstream()
    subject = f"fk.evt.{user}.{catalogue.channels_of(user)[0]}.X.lj-001"
    assert (await js.publish(subject, b"{}")).stream == stream
    foreign = names.stream(other, catalogue.channels_of(other)[0])
    await refused(
        errors,
        js.publish(f"fk.evt.{other}.{catalogue.channels_of(other)[0]}.X.lj-001", b"{}"),
        js.add_stream(StreamConfig(name="own", subjects=["own.>"])),
        js.update_stream(StreamConfig(name=stream, subjects=["own.>"])),
        js.purge_stream(stream),
        js.delete_stream(stream),
        js.delete_msg(stream, 1),
        js.get_msg(foreign, 1),
        js.delete_consumer(foreign, other),
        # A consumer that pushes would have the server say what its maker has written, to whom he likes.
        js.add_consumer(stream, ConsumerConfig(durable_name=user, deliver_subject=f"fk.beat.{other}")),
        js.add_consumer(foreign, ConsumerConfig(durable_name=user)),
        js.consumer_info(foreign, other),
    )
    await refused(
        errors,
        *(hear(client, it) for it in ("fk.evt.>", f"_INBOX_{other}.>", "_INBOX.>", ">", "$SYS.>")),
        hear(client, f"fk.replay.{other}.>"),
        *(client.publish(it, b"{}") for it in (f"fk.beat.{other}", f"_INBOX_{other}.x", "$JS.API.INFO")),
        client.publish("$SYS.REQ.SERVER.PING", b"{}"),
    )
    await client.close()


async def test_a_service_is_served_what_it_reads_and_nothing_else(town: Town) -> None:
    gate = await connect(town.server, "gate")
    js = gate.jetstream(timeout=1)
    for publisher, channels in catalogue.READERS["gate"].items():
        for channel in channels:
            assert (await js.consumer_info(names.stream(publisher, channel), "gate")).name == "gate"
    with pytest.raises(NotFoundError):
        await js.consumer_info(names.stream("registry", "cards_observation"), "gate")
    await gate.close()


async def test_a_lost_reader_is_put_back(town: Town) -> None:
    js = town.admin.jetstream()
    await js.delete_consumer(names.stream("registry", "town"), "gate")
    assert await ensure(js) == []
    assert (await js.consumer_info(names.stream("registry", "town"), "gate")).name == "gate"


async def test_the_administrator_of_streams_publishes_and_hears_nothing(town: Town) -> None:
    errors: list[str] = []
    admin = await connect(town.server, ADMIN, errors)
    await refused(errors, admin.jetstream().publish("fk.evt.gate.checks.X.lj-001", b"{}"))
    await refused(
        errors, hear(admin, "fk.>"), hear(admin, "_INBOX_gate.>"), admin.publish("fk.beat.gate", b"{}")
    )
    await admin.close()


@pytest.mark.parametrize(
    "who", [{}, {"user": "gate", "pass": "guess"}, {"nkey": Credentials.new("gate").public, "sig": "Z3Vlc3M"}]
)
def test_a_stranger_is_refused(server: NatsServer, who: dict[str, str]) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as wire,
        wire.makefile("rwb") as talk,
    ):
        assert talk.readline().startswith(b"INFO")
        talk.write(f"CONNECT {json.dumps(who | {'verbose': False})}\r\nPING\r\n".encode())
        talk.flush()
        assert talk.readline().startswith(b"-ERR 'Authorization Violation'")


async def test_after_a_crash_it_is_back_on_its_ports_with_its_store(server: NatsServer) -> None:
    admin, gate = await connect(server, ADMIN), await connect(server, "gate")
    await admin.jetstream().add_stream(StreamConfig(name="kept", subjects=["fk.evt.gate.>"]))
    js = gate.jetstream(timeout=2)
    for number in range(50):
        await js.publish("fk.evt.gate.x", str(number).encode())
    ports = server.port, server.monitor_port
    server.kill()
    await server.start_async()
    assert (server.port, server.monitor_port) == ports
    again = await connect(server, ADMIN)
    assert (await again.jetstream().stream_info("kept")).state.messages == 50
    for client in (again, gate, admin):
        await client.close()


def test_a_taken_port_is_named_with_its_option(place: Path, server: NatsServer) -> None:
    with pytest.raises(LocalError, match=rf"{server.port}.*--nats-port"):
        NatsServer(place / "other", port=server.port).start()


HOLDER = """
import sys, time
from pathlib import Path
from deploy.local.nats import NatsServer
server = NatsServer(Path(sys.argv[1])).start()
print(server.process.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_when_its_starter_is_killed_also_for_an_ordinary_user(
    place: Path, ordinary: Ordinary
) -> None:
    place.chmod(0o777)
    env = ordinary.env | {"FANGKONG_NATS_SERVER": str(Path(sys.executable).with_name("nats-server"))}
    with subprocess.Popen(  # noqa: S603
        [ordinary.python, "-c", HOLDER, str(place / "nats")],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        **ordinary.account,
    ) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert Path(f"/proc/{pid}").stat().st_uid == ordinary.account.get("user", os.geteuid())
        holder.kill()
    assert gone(pid, within=10)
