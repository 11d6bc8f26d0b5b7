"""Real servers behind TLS, with certificates of a private authority that may be exchanged while they run."""

import datetime as dt
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.local import pgbin, tls
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres

LONG_AGO = dt.timedelta(days=tls.SERVER_DAYS + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A private authority and the one server certificate that it has issued last."""

    folder: Path
    names: tuple[str, ...] = ()
    """Whom it vouches for beside addresses; all of them in one certificate."""

    @property
    def files(self) -> tls.Certificate:
        return tls.Certificate(
            ca=self.folder / "ca.crt", cert=self.folder / "server.crt", key=self.folder / "server.key"
        )

    def issue(
        self,
        address: str = "127.0.0.1",
        *,
        ago: dt.timedelta = dt.timedelta(hours=1),
        both_ways: bool = False,
    ) -> None:
        """For one address, valid since then."""
        now = dt.datetime.now(dt.UTC)
        self.folder.mkdir(parents=True, exist_ok=True)
        key, certificate = tls.authority(self.folder, ["localhost", *self.names], [], now)
        tls.issue(
            self.files,
            key,
            certificate,
            list(self.names),
            [address],
            since=now - ago,
            both_ways=both_ways,
        )


class ClosedBus(NatsServer):
    """A bus of one server that is spoken to over TLS only, as those of a cluster."""

    authority: Authority

    def config(self) -> str:
        files = self.authority.files
        line = {"cert_file": str(files.cert), "key_file": str(files.key), "handshake_first": True}
        return json.dumps(json.loads(super().config()) | {"tls": line})

    @property
    def closed_url(self) -> str:
        return self.url.replace("nats://", "tls://")

    async def show(self) -> None:
        """Take the certificate that is there now."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDatabase:
    """A cluster that takes lines with TLS, and none without."""

    server: Postgres
    authority: Authority

    @classmethod
    def start(cls, folder: Path, authority: Authority) -> "ClosedDatabase":
        server = Postgres(folder, fsync=False)
        server._bin = pgbin.find_with_tls()
        server.prepare()
        made = cls(server=server, authority=authority)
        made._copy()
        with (server.data / "postgresql.auto.conf").open("a") as settings:
            for name, value in (("ssl", "on"), ("ssl_cert_file", "tls.crt"), ("ssl_key_file", "tls.key")):
                settings.write(f"{name} = '{server.home / value if '.' in value else value}'\n")
        (server.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        server.start()
        return made

    def url(self, *, ca: Path | None, mode: str = "verify-full", host: str = "127.0.0.1") -> str:
        base = self.server.superuser_url().replace("127.0.0.1", host)
        return f"{base}?sslmode={mode}" + (f"&sslrootcert={ca}" if ca else "")

    async def show(self) -> None:
        """Take the certificate that is there now."""
        self._copy()
        connection = await asyncpg.connect(self.url(ca=None, mode="require"))
        await connection.fetchval("select pg_reload_conf()")
        await connection.close()

    def _copy(self) -> None:
        """The server's account reads its key, and nobody else does."""
        for source, name in ((self.authority.files.cert, "tls.crt"), (self.authority.files.key, "tls.key")):
            target = self.server.home / name
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)
            if self.server.account:
                os.chown(target, self.server.account.uid, self.server.account.gid)
