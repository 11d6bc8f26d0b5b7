"""The gate's surroundings for a benchmark: real servers with fsync on, a town of any size, devices, requests.

Who walks to a checkpoint has a pass and a sealed card like everybody in production. Of the others there are as many
passes and cards as asked for, with random bytes where nobody will ever open them, so that tables and indexes have
their true size.
"""

import asyncio
import hashlib
import json
import os
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from deploy.nats.streams import ensure
from services.gate.sealing import HOMES, SURNAME
from services.gate.settings import Settings
from services.gate.store import copies
from shared.bus.link import Link
from shared.context import Context, open_context
from shared.kernel import pass_token
from shared.kernel.clock import SystemClock
from shared.kernel.ids import PersonRef, uuid7
from shared.testing.databases import Databases, Urls

ROOT = Path(__file__).parents[2]
COMPOUNDS = 20
WALKERS = 2_000
"""People who come to a checkpoint, spread evenly over all who hold a pass."""
_BATCH = 50_000
_PASS_COLUMNS = (
    *("pass_id", "number", "serial", "person_ref", "compound"),
    *("kind", "valid_from", "valid_until", "state", "version"),
)
_CHECK_COLUMNS = (
    *(
        "check_id",
        "device_id",
        "seq",
        "compound",
        "checkpoint",
        "direction",
        "subject_kind",
        "person_ref",
        "pass_id",
    ),
    *(
        "verdict",
        "reasons",
        "offline",
        "policy_version",
        "device_at",
        "happened_at",
        "time_trusted",
        "received_at",
    ),
    "content",
)
_SEALED = 40  # bytes of a sealed surname: head, nonce, text, tag


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody who walks to the checkpoint of their own compound."""

    person: UUID
    pass_id: UUID
    number: str
    compound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device in service."""

    credential: str
    compound: int


@dataclass(kw_only=True)
class BenchTown:
    """A gate's database with a town in it."""

    folder: Path
    urls: Urls
    nats: NatsServer
    secrets: Secrets
    passes: int
    key: dict[str, str] = field(default_factory=pass_token.make_key)
    walkers: list[Walker] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    seq: int = 0

    def environment(self, port: int) -> dict[str, str]:
        """What the local stack would tell the gate."""
        given = {
            "MODE": "local",
            "DATABASE_URL": self.urls.database,
            "KEYSTORE_URL": self.urls.keystore,
            "NATS_URL": self.nats.url,
            "NATS_CREDENTIALS_FILE": self.secrets.nats_file("gate"),
            "MASTER_KEY_FILE": self.secrets.master_key_file("gate"),
            "CARD_KEYS_FILE": self.secrets.card_keys_file("gate"),
            "ISSUER": "http://issuer.bench",
            "JWKS_FILE": self.folder / "issuer" / "jwks.json",
            "HTTP_PORT": port,
            "CALLER_RATE_SCALE": 1_000,  # counted all the same; a device here asks without a pause
        }
        return {f"FANGKONG_{name}": str(value) for name, value in given.items()}

    async def fill(self, *, history: bool = False) -> None:
        """Policy, keys, compounds, devices, passes and cards; with `history` also yesterday's checks."""
        context = await self._context()
        try:
            await self._rules(context)
            await self._devices(context)
            await self._people(context)
            if history:
                await self._history(context)
        finally:
            await context.close()
        owner = await asyncpg.connect(self.urls.owner)
        await owner.execute("vacuum analyze")
        await owner.close()

    async def _context(self) -> Context:
        env = self.environment(0)
        settings = Settings(
            **{name.removeprefix("FANGKONG_").lower(): value for name, value in env.items()}  # type: ignore[arg-type]
        )
        return await open_context("gate", settings, SystemClock())

    async def _rules(self, context: Context) -> None:
        file = ROOT / "services/registry/data/policy-2020-02-24.json"
        document = json.loads(file.read_text(encoding="utf-8"))["document"]
        del document["gate"]["devices"]["keys_required_from"]  # today is later; here nobody signs
        async with context.database.begin() as tx:
            await tx.execute(copies.KEEP_POLICY, 1, datetime(2020, 2, 1, tzinfo=UTC).date(), document)
            await tx.execute(
                copies.KEEP_PASS_KEY, self.key["kid"], pass_token.public_part(self.key), datetime.now(UTC)
            )

    async def _devices(self, context: Context) -> None:
        names = [f"lj-{nth:03}" for nth in range(COMPOUNDS)]
        opened = datetime.now(UTC) - timedelta(days=20)
        async with context.database.begin() as tx:
            gates = [f"{name}-n" for name in names]
            await tx.copy("compound", ["compound", "name", "version"], [(name, name, 1) for name in names])
            await tx.copy_to_places(
                "checkpoint",
                ["checkpoint", "compound", "name", "opened_at", "version"],
                [(gate, name, gate, opened, 1) for gate, name in zip(gates, names, strict=True)],
            )
            for nth in range(30):
                device_id, secret = uuid7(), secrets.token_urlsafe(32)
                compound = nth % COMPOUNDS
                await tx.copy_to_places(
                    "device",
                    ["device_id", "compound", "checkpoint", "credential_hash", "enrolled_at", "version"],
                    [
                        (
                            device_id,
                            names[compound],
                            gates[compound],
                            hashlib.sha256(secret.encode()).digest(),
                            opened,
                            1,
                        )
                    ],
                )
                self.devices.append(Device(credential=f"{device_id}.{secret}", compound=compound))

    async def _people(self, context: Context) -> None:
        apart = max(1, self.passes // WALKERS)
        draw = random.Random(20200224)
        began = datetime.now(UTC) - timedelta(days=1)
        ends = began + timedelta(days=90)
        for first in range(0, self.passes, _BATCH):
            many = range(first, min(first + _BATCH, self.passes))
            people = [
                Walker(_uuid(draw), _uuid(draw), f"{10_000_000 + nth}", nth % COMPOUNDS) for nth in many
            ]
            walkers = [
                who
                for nth, who in zip(many, people, strict=True)
                if nth % apart == nth // apart % min(apart, COMPOUNDS)  # one compound after the other
            ]
            self.walkers += walkers
            keys = await context.vault.keys([who.person for who in walkers], create=True)
            cards = []
            for who in people:
                home = f"lj-{who.compound:03}"
                key = keys.get(who.person)
                rooms = json.dumps({home: "3-1-502"})
                surname = context.vault.seal(key, SURNAME, "王") if key else os.urandom(_SEALED)
                homes = context.vault.seal(key, HOMES, rooms) if key else os.urandom(_SEALED + len(rooms))
                cards.append((who.person, [home], surname, homes, 1))
            async with context.database.begin() as tx:
                await tx.copy_to_places(
                    "entry_pass",
                    _PASS_COLUMNS,
                    [
                        (
                            *(who.pass_id, who.number, 1, who.person, f"lj-{who.compound:03}"),
                            *("resident", began, ends, "active", 1),
                        )
                        for who in people
                    ],
                )
                await tx.copy_to_places(
                    "subject_card",
                    ["person_ref", "compounds", "surname_sealed", "homes_sealed", "version"],
                    cards,
                )
                await tx.copy_to_places(
                    "card_index",
                    ["index_value", "person_ref"],
                    [(b"i1:" + draw.randbytes(16), who.person) for who in people],
                )

    async def _history(self, context: Context) -> None:
        """Everybody who walks came yesterday too: a gate is new on one day only, and plans are made by its tables."""
        gates = {device.compound: UUID(device.credential.partition(".")[0]) for device in self.devices}
        before = datetime.now(UTC) - timedelta(days=1)
        async with context.database.begin() as tx:
            await tx.copy_to_places(
                "entry_check",
                _CHECK_COLUMNS,
                [
                    (
                        *(uuid7(), gates[who.compound], nth + 1, f"lj-{who.compound:03}"),
                        *(
                            f"lj-{who.compound:03}-n",
                            "entry",
                            "pass_token",
                            who.person,
                            who.pass_id,
                            "admit",
                            [],
                        ),
                        *(False, 1, before, before + timedelta(seconds=nth), True, before, nth.to_bytes(20)),
                    )
                    for nth, who in enumerate(self.walkers)
                ],
            )
        self.seq = len(self.walkers)

    def tokens(self, count: int, compound: int | None = None) -> list[tuple[str, Walker]]:
        """Passes as scanned, of one compound or of all, each freshly signed: ES256 is randomised, so no text is old."""
        walkers = [who for who in self.walkers if compound in {None, who.compound}]
        began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        made = []
        for nth in range(count):
            who = walkers[nth % len(walkers)]
            claims = pass_token.PassClaims(
                pass_id=who.pass_id,
                serial=1,
                number=who.number,
                compound=f"lj-{who.compound:03}",
                not_before=began,
                expires=began + timedelta(days=90),
            )
            made.append((pass_token.sign(claims, self.key), who))
        return made

    def checks(self, tokens: Sequence[tuple[str, Walker]]) -> Iterator[tuple[Device, dict[str, Any]]]:
        """A check for each token, by a device of the holder's compound."""
        by_compound = {device.compound: device for device in self.devices}
        for token, who in tokens:
            self.seq += 1
            yield (
                by_compound[who.compound],
                {
                    "check_id": str(uuid7()),
                    "seq": self.seq,
                    "direction": "entry" if self.seq % 2 else "exit",
                    "subject": {"kind": "pass_token", "token": token},
                    "mask": True,
                    "temperature_c": 36.5,
                    "checked_at": datetime.now(UTC).isoformat(),
                },
            )


def request(path: str, body: Any, *, device: Device | None = None) -> str:
    """A whole HTTP request as it goes over the wire."""
    content = json.dumps(body)
    credential = f"Authorization: Device {device.credential}\r\n" if device else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: gate\r\n{credential}Content-Type: application/json\r\n"
        f"Content-Length: {len(content.encode())}\r\n\r\n{content}"
    )


@asynccontextmanager
async def process(argv: Sequence[str], env: dict[str, str], port: int) -> AsyncIterator[int]:
    """A server of its own process; tells its process id once it listens."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, *argv),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                if child.returncode is not None or time.monotonic() > end:
                    raise RuntimeError(f"{argv} did not start") from None
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield child.pid
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def resident_mb(pid: int) -> tuple[float, float]:
    """Resident memory of a process in MB: now, and at its highest."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    told = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return int(told["VmRSS"].split()[0]) / 1024, int(told["VmHWM"].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu_seconds(pid: int) -> float:
    """Processor time of a process and of its children, those that have ended included."""
    told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    ended = (int(told[13]) + int(told[14])) / os.sysconf("SC_CLK_TCK")
    return cpu_seconds(pid) + ended + sum(map(family_cpu_seconds, children_of(pid)))


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    return [
        int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    ]


async def make_town(folder: Path, databases: Databases, nats: NatsServer, passes: int) -> BenchTown:
    """A fresh gate with so many passes."""
    folder.mkdir(parents=True)
    made = Secrets(folder=folder / "secrets")
    made.make()
    made.write_nats(nats.credentials("gate"))
    issuer = Issuer(folder / "issuer", folder / "issuer-key.json", "http://issuer.bench")
    issuer.make()
    town = BenchTown(
        folder=folder, urls=await databases.fresh("gate"), nats=nats, secrets=made, passes=passes
    )
    await town.fill(history=True)
    return town


async def make_streams(nats: NatsServer) -> None:
    """The streams of every service, so that what the gate tells goes all its way and is part of the figures."""
    link = Link(nats.url, name="bench", credentials=nats.admin)
    link.start()
    try:
        await link.up.wait()
        await ensure(link.js)
    finally:
        await link.stop()


def _uuid(draw: random.Random) -> PersonRef:
    return PersonRef(UUID(int=draw.getrandbits(128), version=4))
