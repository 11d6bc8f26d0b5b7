"""What lies on the machine: programs, disk, ports, keys, certificates, backups."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

from cryptography import x509

from deploy.doctor.finding import Finding, fail, ok, warn
from deploy.local.backups import KEPT, Backup
from deploy.local.names import SERVICES
from deploy.local.ports import is_free
from deploy.local.secrets import Secrets
from deploy.local.state import NEEDED_MB, PROJECT, Home
from deploy.local.tls import RENEW_DAYS
from shared.kernel.cards import CardKeys
from shared.kernel.masters import MasterKeys
from shared.kernel.secrets import KeyFileError

ROOMY_MB = 2_000
"""Below this a day of a town may fill the disk."""
BACKUP_EVERY = timedelta(days=1)
PRUNED_WITHIN = timedelta(hours=2)
"""What is too old goes by itself while the stack runs; after this it did not."""


def programs() -> Iterator[Finding]:
    """Python, and the packages of the lock file."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield ok("版本 version", "Python", version, version)
    wrong = [
        f"{name} {there or '—'} ≠ {locked}"
        for name, locked in sorted(_locked().items())
        if (there := _installed(name)) != locked
    ]
    if wrong:
        listed = ", ".join(wrong[:3])
        yield warn(
            "版本 version",
            "requirements.lock",
            f"{len(wrong)} 个软件包不是锁定的版本：{listed}",
            f"{len(wrong)} packages are not as locked: {listed}",
            "start with ./fangkong, which installs from the lock file",
        )
    else:
        yield ok("版本 version", "requirements.lock", "软件包与锁定文件一致", "packages are as locked")


def _locked() -> dict[str, str]:
    """Packages that are needed on every machine; those with a condition may be missing by right."""
    found: dict[str, str] = {}
    for line in (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        name, pinned, rest = line.partition("==")
        if pinned and not name.startswith((" ", "#")) and ";" not in rest:
            found[name] = rest.split()[0]
    return found


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def disk(folder: Path) -> Finding:
    """Room where data grows."""
    free = shutil.disk_usage(folder).free // 1_000_000
    zh, en = f"{folder} 剩余 {free} MB", f"{free} MB free at {folder}"
    if free < NEEDED_MB:
        return fail(
            "磁盘 disk", str(folder), zh, en, "make room: nothing more is acknowledged once it is full"
        )
    if free < ROOMY_MB:
        return warn("磁盘 disk", str(folder), zh, en, "make room before it is full")
    return ok("磁盘 disk", str(folder), zh, en)


def ports(home: Home) -> Iterator[Finding]:
    """Of a stack that does not run: are its ports still free?"""
    remembered: Mapping[str, int] = home.state().get("ports", {})
    taken = {name: port for name, port in remembered.items() if not is_free(port)}
    for name, port in taken.items():
        option = f"./fangkong up --{name}-port PORT"
        yield warn("端口 port", name, f"{port} 被占用", f"{port} is taken by another program", option)
    if not taken:
        yield ok("端口 port", str(home.path), "空闲", "free")


def keys(secrets: Secrets) -> Iterator[Finding]:
    """Can each service's keys be read, and by nobody else?"""
    for service in SERVICES:
        master, cards = secrets.master_key_file(service), secrets.card_keys_file(service)
        for file, load in ((master, MasterKeys.load), (cards, CardKeys.load)):
            try:
                load(file)
            except (KeyFileError, OSError) as error:
                yield fail(
                    "密钥 keys",
                    service,
                    f"{file.name} 读不出",
                    f"{file.name} cannot be read: {error}",
                    "put the file back from its safe copy: without it what was sealed stays sealed",
                )
                continue
            if file.stat().st_mode & 0o077:
                yield fail(
                    "密钥 keys",
                    service,
                    f"{file.name} 其他用户可读",
                    f"others can read {file.name}",
                    f"chmod 600 {file}",
                )
            else:
                yield ok("密钥 keys", service, f"{file.name} 可读", f"{file.name} can be read")


def certificate(file: Path, now: datetime) -> Finding:
    """How many days a certificate lasts."""
    try:
        ends = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        remedy = "take it away and start with ./fangkong up --lan: another one is made"
        return fail("证书 certificate", file.name, "读不出", f"cannot be read: {error}", remedy)
    days = (ends - now).days
    zh, en = f"还有 {days} 天", f"{days} days left"
    if days < 0:
        return fail("证书 certificate", file.name, zh, en, "renew it: browsers refuse it")
    if days < RENEW_DAYS:
        return warn(
            "证书 certificate", file.name, zh, en, "renew it; ./fangkong up --lan does so at its next start"
        )
    return ok("证书 certificate", file.name, zh, en)


def certificates(home: Home, now: datetime) -> Iterator[Finding]:
    """Those of a stack that serves HTTPS."""
    for file in sorted(home.tls.glob("*.crt")):
        yield certificate(file, now)


def backups(kept: Sequence[Backup], now: datetime) -> Finding:
    """How old the newest copy of the databases is, and that none is older than a destroyed key may be had."""
    if not kept:
        return warn("备份 backup", "postgres", "没有备份", "there is none", "./fangkong backup, every day")
    oldest, newest = now - kept[0].at, now - kept[-1].at
    if oldest > KEPT + PRUNED_WITHIN:
        days = oldest.days
        remedy = "./fangkong backup, which deletes it: keys that were destroyed are in it"
        return fail(
            "备份 backup", "postgres", f"最早的已 {days} 天", f"the oldest is {days} days old", remedy
        )
    hours = int(newest.total_seconds() // 3600)
    zh, en = f"{hours} 小时前", f"{hours} h old"
    if newest > BACKUP_EVERY:
        return warn("备份 backup", "postgres", zh, en, "./fangkong backup, every day")
    return ok("备份 backup", "postgres", zh, en)


def stepped_clock(clock_file: Path) -> Finding:
    """Whether business time is real time."""
    if clock_file.exists():
        remedy = "./fangkong clock reset"
        return warn(
            "时钟 clock", "business time", "业务时间被设置过", "business time was set by hand", remedy
        )
    return ok("时钟 clock", "business time", "业务时间即真实时间", "business time is real time")
