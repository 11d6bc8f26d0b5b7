import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import StreamConfig

from deploy.local.errors import LocalError
from deploy.local.nats import NatsServer
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
        user=user,
        password=server.credentials(user).password,
        inbox_prefix=f"_INBOX_{user}",
        error_cb=note,
        reconnect_time_wait=0.05,
        max_reconnect_attempts=-1,
    )


@pytest.mark.parametrize("folder", ["plain", "with two spaces", DEEP])
def test_it_starts_in_any_folder(place: Path, folder: str) -> None:
    with NatsServer(place / folder) as server:
        assert server.healthy()


def test_passwords_are_in_private_files_and_in_no_argument(server: NatsServer) -> None:
    assert server.process is not None
    for name in ("nats.conf", "users.json"):
        assert (server.home / name).stat().st_mode & 0o077 == 0
    line = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    assert server.admin.password not in line
    assert server.credentials("gate").password not in line


async def test_everything_acknowledged_is_synced(server: NatsServer) -> None:
    admin = await connect(server, "admin")
    answer = await admin.jetstream()._api_request("$JS.API.INFO", b"", timeout=2)
    assert answer["limits"] is not None
    assert '"sync_interval": "always"' in (server.home / "nats.conf").read_text()
    await admin.close()


async def test_a_service_speaks_only_for_itself_and_administers_nothing(server: NatsServer) -> None:
    admin = await connect(server, "admin")
    config = StreamConfig(name="fk_gate_checks", subjects=["fk.evt.gate.checks.>"])
    await admin.jetstream().add_stream(config)
    await admin.jetstream().add_stream(
        StreamConfig(name="fk_registry_town", subjects=["fk.evt.registry.town.>"])
    )
    errors: list[str] = []
    gate = await connect(server, "gate", errors)
    js = gate.jetstream(timeout=0.5)
    assert (await js.publish("fk.evt.gate.checks.EntryChecked.lj-001", b"{}")).seq == 1
    for forbidden in (
        js.publish("fk.evt.registry.town.CompoundRegistered.lj-001", b"{}"),
        js.purge_stream("fk_gate_checks"),
        js.delete_stream("fk_gate_checks"),
        js.add_stream(StreamConfig(name="own", subjects=["own.>"])),
        js.delete_consumer("fk_gate_checks", "reporting"),
    ):
        errors.clear()
        with pytest.raises(NatsTimeoutError):
            await forbidden
        assert any("permissions violation" in error for error in errors)
    errors.clear()
    await gate.subscribe("fk.evt.>")
    await gate.subscribe("_INBOX_reporting.>")
    await gate.flush()
    await asyncio.sleep(0.05)
    assert len(errors) == 2
    await gate.close()
    await admin.close()


@pytest.mark.parametrize("who", [{}, {"user": "gate", "pass": "guess"}, {"user": "nobody", "pass": "x"}])
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
    admin = await connect(server, "admin")
    js = admin.jetstream(timeout=2)
    await js.add_stream(StreamConfig(name="kept", subjects=["fk.evt.gate.>"]))
    for number in range(50):
        await js.publish("fk.evt.gate.x", str(number).encode())
    ports = server.port, server.monitor_port
    server.kill()
    await server.start_async()
    assert (server.port, server.monitor_port) == ports
    again = await connect(server, "admin")
    assert (await again.jetstream().stream_info("kept")).state.messages == 50
    await again.close()
    await admin.close()


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
