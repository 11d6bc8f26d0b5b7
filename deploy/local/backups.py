"""Base backups and the archive of the write-ahead log: any moment since the oldest kept backup can be had again.

The key stores lie in the same cluster here, and a destroyed key must be gone for good after seven days: nothing is kept
longer. Where key stores have a cluster of their own (`deploy/kubernetes`), only theirs is bound by that.
"""

import asyncio
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from deploy.local.children import server_account
from deploy.local.errors import LocalError
from deploy.local.postgres import Postgres, reachable_home
from deploy.local.state import Home
from shared.kernel.days import SHANGHAI

KEPT = timedelta(days=7)
"""How long a destroyed key can still be in a backup."""
LOST_AT_MOST = timedelta(minutes=1)
"""A segment of the log is archived at least this often while anything is written."""
RECOVERY_SECONDS = 3600.0
ARCHIVE_SECONDS = 60.0
SWAP_TRIES = 20
OWNER = "select pg_get_userbyid(datdba) from pg_database where datname = $1"
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()"
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_FIRST_SEGMENT = re.compile(r"^START WAL LOCATION: .*\(file ([0-9A-F]{24})\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of the whole cluster that was complete at a moment; with the archive it leads to any later one."""

    folder: Path
    at: datetime

    @property
    def first_segment(self) -> str:
        """The segment of the log that a recovery from it begins with."""
        found = _FIRST_SEGMENT.search((self.folder / "backup_label").read_text())
        if found is None:
            raise LocalError(f"{self.folder} 不是备份。", f"{self.folder} is no backup.")
        return found[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """Those of one cluster, beside its data."""

    postgres: Postgres

    @property
    def folder(self) -> Path:
        """Everything that is kept."""
        return self.postgres.home / "backups"

    @property
    def archive(self) -> Path:
        """Segments of the log; there since the first backup."""
        return self.folder / "log"

    def kept(self) -> list[Backup]:
        """The complete ones, oldest first."""
        found = [
            Backup(folder=path, at=datetime.strptime(path.name, _STAMP).replace(tzinfo=UTC))
            for path in (self.folder / "base").glob("*Z")
        ]
        return sorted(found, key=lambda backup: backup.at)

    def take(self) -> Backup:
        """Copy the running cluster, and keep its log from now on. Whoever has a backup has every moment after it.

        Raises:
            LocalError: the copy cannot be made or is not sound.
        """
        base = self.folder / "base"
        for folder in (self.folder, base, self.archive):
            self._make(folder)
        fresh = base / "new"
        shutil.rmtree(fresh, ignore_errors=True)
        # Waits until the log that belongs to it is archived.
        self.postgres.program(
            "pg_basebackup",
            "--wal-method=none",
            "--checkpoint=fast",
            "--manifest-checksums=SHA256",
            *([] if self.postgres.fsync else ["--no-sync"]),
            "--pgdata",
            fresh,
        )
        verify_copy(fresh)
        at = datetime.now(UTC)
        final = base / at.strftime(_STAMP)
        fresh.rename(final)
        self.prune(at)
        return Backup(folder=final, at=at)

    def prune(self, now: datetime) -> int:
        """Delete what is older than it may be, and the log that only led from there; returns how many backups went."""
        old = [backup for backup in self.kept() if now - backup.at > KEPT]
        for backup in old:
            shutil.rmtree(backup.folder)
        if left := self.kept():
            self.postgres.program("pg_archivecleanup", self.archive, left[0].first_segment)
        elif old:
            shutil.rmtree(self.archive)
        return len(old)

    async def archive_now(self) -> datetime:
        """Bring everything that is committed into the archive; returns the moment up to which it leads.

        Raises:
            LocalError: it does not get there.
        """
        root = await asyncpg.connect(self.postgres.superuser_url())
        try:
            moment: datetime = await root.fetchval("select clock_timestamp()")
            await root.execute("select pg_current_xact_id()")  # a commit after it: a recovery ends before one
            segment = await root.fetchval("select pg_walfile_name(pg_switch_wal())")
        finally:
            await root.close()
        try:
            async with asyncio.timeout(ARCHIVE_SECONDS):
                while not (self.archive / segment).exists():  # noqa: ASYNC110  # the server's account writes it
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise LocalError(
                f"日志 {segment} 未能归档，详见 {self.postgres.log}。",
                f"The log {segment} is not archived; see {self.postgres.log}.",
            ) from None
        return moment

    def leading_to(self, target: datetime) -> Backup:
        """The backup from which the way to a moment is shortest.

        Raises:
            LocalError: none is old enough.
        """
        kept = self.kept()
        if not kept:
            raise LocalError("还没有备份：./fangkong backup。", "There is no backup yet: ./fangkong backup.")
        if target < kept[0].at:
            # As it is typed, and not before it: whole seconds.
            first = (kept[0].at + timedelta(seconds=1)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")
            raise LocalError(
                f"最早只能恢复到 {first}。", f"The earliest moment that can be had is {first} (+08:00)."
            )
        return max((backup for backup in kept if backup.at <= target), key=lambda backup: backup.at)

    async def recover(self, target: datetime) -> Postgres:
        """The whole cluster as it stood at a moment, as a server of its own beside the live one.

        Whoever asked removes it.

        Raises:
            LocalError: no backup leads there, or the recovery failed.
        """
        backup = self.leading_to(target)
        folder = self.folder / "recovered"
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self._make(folder)
        await asyncio.to_thread(_copy, backup.folder, folder / "data")
        (folder / "data" / "recovery.signal").touch()
        _copy(self.postgres.home / "superuser.pw", folder / "superuser.pw")
        server = self.postgres.beside(folder, recovery(self.archive, target))
        return await server.start_async(RECOVERY_SECONDS)

    def _make(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        if account := self.postgres.account:
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)


def verify_copy(folder: Path) -> None:
    """Read every file that the server said it sent; the wheel's pg_verifybackup ends with a segmentation fault.

    Raises:
        LocalError: one is missing or holds something else.
    """
    manifest = json.loads((folder / "backup_manifest").read_text())
    for entry in manifest["Files"]:
        file = folder / entry["Path"]
        try:
            with file.open("rb") as copy:
                sound = hashlib.file_digest(copy, "sha256").hexdigest() == entry["Checksum"]
        except FileNotFoundError:
            sound = False
        if not sound:
            raise LocalError(
                f"备份里的 {entry['Path']} 已损坏。", f"{entry['Path']} in the backup is damaged."
            )


def archived(home: Home, port: int) -> Postgres:
    """The cluster of a local stack: its log is archived once there is a backup that it could be applied to."""
    real = reachable_home(home.postgres.absolute(), server_account())
    return Postgres(home.postgres, port, log=home.logs / "postgres.log", settings=archiving(real))


def archiving(home: Path) -> dict[str, str]:
    """Settings of a server that archives its log for a folder of backups."""
    archive = shlex.quote(str(home / "backups" / "log")).replace("%", "%%")
    return {
        "archive_mode": "on",
        # Complete under its name or not there: what a killed copy left is overwritten by the next try.
        "archive_command": f"test ! -d {archive} || "
        f"{{ cp %p {archive}/%f.new && sync {archive}/%f.new && mv {archive}/%f.new {archive}/%f; }}",
        "archive_timeout": f"{LOST_AT_MOST.seconds}s",
    }


def recovery(archive: Path, target: datetime) -> Mapping[str, str]:
    """Settings of a server that goes on from a backup up to a moment and then opens."""
    return {
        "archive_mode": "off",
        "restore_command": f"cp {shlex.quote(str(archive)).replace('%', '%%')}/%f %p",
        "recovery_target_time": target.astimezone(UTC).isoformat(),
        "recovery_target_action": "promote",
        "hot_standby": "off",  # nobody looks in before it is there
    }


async def replace(live: Postgres, recovered: Postgres, database: str) -> None:
    """Put a database of a recovered cluster in the place of the live one's, in one step once it is complete.

    Whoever is killed meanwhile leaves the old one or the new one, whole. What the live one held after the moment is in
    the archive, so nothing is kept aside.

    Raises:
        LocalError: copying failed, or somebody stays connected to it.
    """
    fresh, old = f"{database}_restored", f"{database}_replaced"
    dump = recovered.home / f"{database}.dump"
    await asyncio.to_thread(
        recovered.program, "pg_dump", "--format=directory", "--jobs=2", "--file", dump, database
    )
    root = await asyncpg.connect(live.superuser_url())
    try:
        owner = await root.fetchval(OWNER, database)
        for name in (fresh, old):
            await root.execute(f'drop database if exists "{name}" with (force)')
        await root.execute(f'create database "{fresh}" owner "{owner}" template template0')
        await asyncio.to_thread(
            live.program, "pg_restore", "--dbname", fresh, "--exit-on-error", "--jobs=2", dump
        )
        await _swap(root, database, fresh, old)
        await root.execute(f'drop database "{old}" with (force)')
    finally:
        await root.close()
        await asyncio.to_thread(shutil.rmtree, dump, ignore_errors=True)


async def _swap(root: "asyncpg.Connection[asyncpg.Record]", database: str, fresh: str, old: str) -> None:
    for _ in range(SWAP_TRIES):
        try:
            async with root.transaction():
                await root.execute(CUT, database)
                await root.execute(f'alter database "{database}" rename to "{old}"')
                await root.execute(f'alter database "{fresh}" rename to "{database}"')
        except asyncpg.ObjectInUseError:
            await asyncio.sleep(0.1)
        else:
            return
    raise LocalError(
        f"仍有程序连着数据库 {database}，未作更改。",
        f"Somebody stays connected to the database {database}; nothing was changed.",
    )


def _copy(source: Path, target: Path) -> None:
    """With owner and mode: the server refuses files of others."""
    subprocess.run(["/bin/cp", "-a", source, target], check=True)
