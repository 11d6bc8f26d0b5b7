"""An installation of production on this machine: the units of `deploy/systemd`, their environments and their files.

What an operator has to fill in is filled in: addresses (a file of hosts instead of a name service, free ports), secrets
as the guide lays them, the authority of certificates of one's own. Everything else is as it is committed. A unit runs
in the image's tree, with the files that it binds and no others.
"""

import json
import os
import shlex
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.local.children import command_of, family
from deploy.local.names import SERVICES
from deploy.local.ports import any_free
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT
from deploy.production import workloads
from deploy.production.systemd import SITE
from deploy.production.workloads import KEEPER, UID
from tests.integration.pages.independent import Provider
from tests.integration.production.image import Image
from tests.integration.runtime.lines import Authority, ClosedBus, ClosedDatabase

UNITS = PROJECT / "deploy" / "systemd"
ISSUER = SITE.issuer.removeprefix("https://")
DATABASE, KEYS = SITE.database_host, SITE.keystore_host
BUS = SITE.nats_url.removeprefix("tls://").partition(":")[0]
PUBLIC = {service: f"{service}.{SITE.domain}" for service in SERVICES}
HOSTS = (DATABASE, KEYS, BUS, ISSUER, *PUBLIC.values())
OFFICER = "hq_officer@town"
OF_SYSTEMD = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"}
_PHASE = "$FANGKONG_PHASE"


def first_start(bin_dir: Path, passwords: Path, told: Mapping[str, str]) -> None:
    """Roles and databases as `deploy/compose/init.sh` makes them, both servers' in one.

    Args:
        bin_dir: with `psql`.
        passwords: a file for each role.
        told: libpq's variables of the superuser.
    """
    script = (PROJECT / "deploy" / "compose" / "init.sh").read_text()
    environment = {"PATH": f"{bin_dir}:{os.environ['PATH']}", "FANGKONG_PASSWORDS": str(passwords), **told}
    for holds in ("databases", "keys"):
        subprocess.run(
            ["/bin/sh", "-s"],
            input=script,
            text=True,
            check=True,
            env=environment | {"FANGKONG_HOLDS": holds},
        )
        script = script.replace("create role", "alter role")  # a server of its own has them yet to make


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What systemd is told of one process."""

    command: list[str]
    binds: list[tuple[Path, str]]
    """What of the installation's files is shown where; nothing else of them is."""
    environment: dict[str, str]

    @classmethod
    def read(cls, name: str, instance: str, files: Path) -> "Unit":
        """From the committed files; `files` takes the place of /etc/fangkong/files."""
        told: dict[str, str] = {}
        for line in (UNITS / name).read_text().replace("%i", instance).splitlines():
            key, _, value = line.partition("=")
            told[key] = value
        environment = Path(told["EnvironmentFile"]).name
        pairs = (pair.split(":") for pair in told["BindReadOnlyPaths"].split())
        return cls(
            command=shlex.split(told["ExecStart"].replace(_PHASE, "all")),
            binds=[(files / source.removeprefix("/etc/fangkong/files/"), target) for source, target in pairs],
            environment=dict(
                pair.split("=", 1)
                for pair in shlex.split((UNITS / f"{environment}.example").read_text(), comments=True)
            ),
        )


class Names(httpx.AsyncHTTPTransport):
    """The way to public names on this machine: the address is the machine's, the name is asked for and proven."""

    def __init__(self, ports: Mapping[str, int], trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust)
        self.ports = ports

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        assert request.url.scheme == "https", request.url
        onward = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self.ports.get(host, request.url.port)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await super().handle_async_request(onward)


@dataclass(kw_only=True)
class Installation:
    """Servers behind TLS, and the processes of units."""

    folder: Path
    image: Image
    secrets: Secrets
    authority: Authority
    database: ClosedDatabase
    bus: ClosedBus
    provider: Provider
    ports: dict[str, int] = field(default_factory=lambda: {service: any_free() for service in SERVICES})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    shown: dict[str, Image] = field(default_factory=dict)
    """The image as each process sees it."""

    @classmethod
    def start(cls, folder: Path, image: Image) -> "Installation":
        """All servers, and the files of all processes; no process yet."""
        authority = Authority(folder=folder / "authority", names=HOSTS)
        authority.issue()
        secrets = Secrets(folder=folder / "secrets")
        secrets.make()
        bus = ClosedBus(folder / "bus")
        bus.authority = authority
        bus.start()
        applications: dict[str, str | None] = {
            f"fangkong-{service}": f"https://{host}" for service, host in PUBLIC.items()
        }
        provider = Provider(host=ISSUER, certificate=authority.files, clients={**applications, OFFICER: None})
        provider.start()
        database = ClosedDatabase.start(folder / "postgres", authority)
        made = cls(
            folder=folder,
            image=image,
            secrets=secrets,
            authority=authority,
            database=database,
            bus=bus,
            provider=provider,
        )
        made._first_start()
        made._lay()
        return made

    @property
    def trust(self) -> ssl.SSLContext:
        """Who is believed by browsers here."""
        return ssl.create_default_context(cafile=self.authority.files.ca)

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Somebody who opens public names."""
        ports = {PUBLIC[service]: port for service, port in self.ports.items()}
        return httpx.AsyncClient(transport=Names(ports, self.trust), timeout=20, headers=headers)

    async def officer(self) -> httpx.AsyncClient:
        """A machine of headquarters with an access token of the issuer; it is good for less than a minute."""
        asked = {
            "grant_type": "client_credentials",
            "client_id": OFFICER,
            "client_secret": self.provider.secret,
        }
        async with self.browser() as http:
            answer = (await http.post(f"{self.provider.url}/token", data=asked)).raise_for_status()
        return self.browser(Authorization=f"Bearer {answer.json()['access_token']}")

    def run(self, unit: str, process: str, **told: str) -> None:
        """Start a unit's process."""
        read = Unit.read(unit, process.removeprefix("migrate-"), self.folder / "files")
        shown = Image(root=self.image.root, shown=list(self.image.shown))
        shown.show(self.folder / "hosts", "/etc/hosts")
        for source, target in read.binds:
            shown.show(source, target)
        self.shown[process] = shown
        with self.log_file(process).open("ab") as log:
            self.processes[process] = subprocess.Popen(  # noqa: S603
                shown.argv(read.command),
                env=OF_SYSTEMD | {name: self._here(value) for name, value in read.environment.items()} | told,
                stdout=log,
                stderr=log,
            )

    def migrate(self, *services: str) -> None:
        """The migrations' units, to their end."""
        for service in services:
            self.run("fangkong-migrate@.service", f"migrate-{service}")
        for service in services:
            code = self.processes.pop(f"migrate-{service}").wait(120)
            assert code == 0, self.log_file(f"migrate-{service}").read_text()

    def launch(self, *services: str) -> None:
        """The streams' administrator and services."""
        self.run(f"fangkong-{KEEPER}.service", KEEPER, FANGKONG_NATS_REPLICAS="1")
        for service in services:
            self.run(
                "fangkong@.service",
                service,
                FANGKONG_HTTP_PORT=str(self.ports[service]),
                FANGKONG_ISSUER_CA_FILE=str(workloads.CA / "services.crt"),
            )

    def lives(self, service: str) -> bool:
        """Ask as an engine does, from inside of the image."""
        told = {
            "FANGKONG_HTTP_PORT": str(self.ports[service]),
            "FANGKONG_TLS_CERT": str(workloads.TLS / "tls.crt"),
        }
        asked = self.shown[service].argv(workloads.health_command())
        return subprocess.run(asked, env=OF_SYSTEMD | told, check=False).returncode == 0  # noqa: S603

    def log_file(self, process: str) -> Path:
        """What a process says."""
        return self.folder / f"{process}.log"

    def stop(self) -> dict[str, int]:
        """Drain the processes; returns how each ended."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(workloads.GRACE_SECONDS) for name, process in self.processes.items()}
        self.processes.clear()
        return codes

    def close(self) -> None:
        """Stop all servers."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.provider.stop()
        self.bus.stop()
        self.database.server.remove()

    def drawn(self) -> Iterator[str]:
        """Every secret of the installation."""
        yield self.provider.secret
        for service in SERVICES:
            yield from (self.secrets.password(f"{service}_{kind}") for kind in ("owner", "app"))
            yield from _strings(json.loads(self.secrets.master_key_file(service).read_text()))
            yield self.bus.files.seed_file(service).read_text().strip()

    def command_lines(self) -> str:
        """Of every process with its descendants, as everybody on the machine can read them."""
        pids = [pid for process in self.processes.values() for pid in family(process.pid)]
        return "\n".join(" ".join(command_of(pid)) for pid in pids)

    def _here(self, value: str) -> str:
        """An address as it is on this machine; the names stay."""
        for theirs, ours in (
            (f"{DATABASE}:5432", f"{DATABASE}:{self.database.server.port}"),
            (f"{KEYS}:5432", f"{KEYS}:{self.database.server.port}"),
            (f"{BUS}:4222", f"{BUS}:{self.bus.port}"),
            (SITE.issuer, self.provider.url),
        ):
            value = value.replace(theirs, ours)
        return value

    def _first_start(self) -> None:
        passwords = self.folder / "passwords"
        passwords.mkdir()
        for service in SERVICES:
            for kind in ("owner", "app"):
                role = f"{service}_{kind}"
                (passwords / role).write_text(self.secrets.password(role) + "\n")
        server = self.database.server
        first_start(
            server.bin,
            passwords,
            {
                "PGHOST": DATABASE,
                "PGHOSTADDR": "127.0.0.1",
                "PGPORT": str(server.port),
                "PGPASSWORD": (server.home / "superuser.pw").read_text().strip(),
                "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": str(self.authority.files.ca),
            },
        )

    def _lay(self) -> None:
        """Files as the operator's guide lists them."""
        (self.folder / "hosts").write_text("".join(f"127.0.0.1 {host}\n" for host in HOSTS))
        ca = self.folder / "files" / "ca"
        for name in ("database.crt", "nats.crt", "services.crt"):
            _given(ca / name, self.authority.files.ca.read_text(), mode=0o444)
        for service in SERVICES:
            self._lay_service(service)
        _given(self._file(KEEPER, "nats.nk"), self.bus.admin.seed)

    def _lay_service(self, service: str) -> None:
        for process, role in ((service, f"{service}_app"), (f"migrate-{service}", f"{service}_owner")):
            for name in ("database-password", "keystore-password"):
                _given(self._file(process, name), self.secrets.password(role) + "\n")
        given = {
            "master-key.json": self.secrets.master_key_file(service).read_text(),
            "card-keys.json": self.secrets.card_keys_file(service).read_text(),
            "nats.nk": self.bus.credentials(service).seed + "\n",
            "oidc-client-secret": self.provider.secret + "\n",
        }
        for name, content in given.items():
            _given(self._file(service, name), content)
        for name, file in (("tls.crt", self.authority.files.cert), ("tls.key", self.authority.files.key)):
            _given(self.folder / "files" / "tls" / service / name, file.read_text())

    def _file(self, process: str, name: str) -> Path:
        return self.folder / "files" / process / name


def _given(file: Path, content: str, *, mode: int = 0o400) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(mode)
    for path in (file, file.parent):
        shutil.chown(path, UID, UID)


def _strings(value: Any) -> Iterator[str]:
    """The keys of a key file: what is long enough to be one."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, str) and len(value) > 40:
        yield value
