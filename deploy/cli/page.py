"""`python -m deploy.cli.page`: check the guard's page, and that what is committed was built from what is committed.

With `--write` the built files are put in place instead of compared. Node's packages are installed below `.fangkong`,
from the lock file, and again only when that changes; the working copy of the page stays as it is.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.cli.words import err, out
from deploy.local import packages
from deploy.local.errors import LocalError
from deploy.local.programs import clean_environment
from deploy.local.state import PROJECT

GATE = PROJECT / "services" / "gate"
PAGE = GATE / "page"
BENCH = PROJECT / ".fangkong" / "page" / "gate"
_VECTORS = Path("client") / "vectors"
_NEEDED = (20, 19)
_NOT_SOURCE = ("node_modules", "built")
_MISSING = LocalError(
    "检查门岗页面需要 Node.js 20.19 以上和 npm，请安装：apt-get install nodejs npm。",
    "The guard's page is checked with Node.js 20.19 or newer and npm; install them: apt-get install nodejs npm",
)


def main(*, write: bool) -> int:
    """Types, style, tests, build; then compare or write. Returns how many things failed."""
    npm = ensure_npm()
    _copy_sources()
    install(npm, PAGE / "package-lock.json", BENCH / "page")
    for step in ("types", "lint", "test", "build"):
        argv = [npm, "run", "--silent", step]
        if subprocess.run(argv, cwd=BENCH / "page", env=_environment(), check=False).returncode:
            err.print(f"[red]没有通过[/red] npm run {step}: {PAGE.relative_to(PROJECT)}")
            return 1
    built, committed = BENCH / "page" / "built", PAGE / "built"
    if write:
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(built, committed)
        return 0
    if differences := _differences(built, committed):
        for line in differences:
            err.print(line)
        err.print(
            "[red]没有通过[/red] 提交的页面不是由提交的源码生成的，请运行：python -m deploy.cli.page --write\n"
            "The committed page was not built from the committed sources; run that and commit."
        )
        return 1
    out.print(f"{len(list(_files(committed)))} files are byte for byte what the sources build")
    return 0


def ensure_npm() -> str:
    """The path of npm, beside a Node.js that is new enough; installed by the system where that is possible.

    Raises:
        LocalError: it is not there and cannot be installed; says what to install.
    """
    if found := _npm():
        return found
    packages.install("nodejs", "npm")
    if found := _npm():
        return found
    raise _MISSING


def _npm() -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    new_enough = version is not None and (int(version[1]), int(version[2])) >= _NEEDED
    return npm if new_enough else None


def _environment() -> dict[str, str]:
    return clean_environment() | {"CI": "1", "NO_COLOR": "1"}


def _copy_sources() -> None:
    """The sources as they are, beside the packages that were installed before."""
    bench = BENCH / "page"
    bench.mkdir(parents=True, exist_ok=True)
    for old in bench.iterdir():
        if old.name != "node_modules":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(PAGE, bench, ignore=shutil.ignore_patterns(*_NOT_SOURCE), dirs_exist_ok=True)
    (BENCH / _VECTORS).mkdir(parents=True, exist_ok=True)
    for vectors in (GATE / _VECTORS).glob("*.gz"):
        shutil.copy(vectors, BENCH / _VECTORS)


def install(npm: str, lock: Path, bench: Path) -> None:
    """`npm ci` in a folder that has this lock file, unless it was done for it before.

    Raises:
        LocalError: the packages cannot be had.
    """
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = bench / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=bench, env=_environment(), check=False)
    if done.returncode:
        raise LocalError(
            f"npm ci 失败：{lock} 里锁定的包需要能从 npm 源安装。",
            f"npm ci failed: the packages locked in {lock} have to be had from a registry.",
        )
    stamp.write_text(wanted, encoding="utf-8")


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def _differences(built: Path, committed: Path) -> list[str]:
    have, want = _files(committed), _files(built)
    return [
        *(f"not committed: {path}" for path in sorted(want - have)),
        *(f"not built any more: {path}" for path in sorted(have - want)),
        *(
            f"differs: {path}"
            for path in sorted(have & want)
            if (built / path).read_bytes() != (committed / path).read_bytes()
        ),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Check or build the guard's page.")
    parser.add_argument("--write", action="store_true", help="put what was built in place")
    try:
        sys.exit(main(write=parser.parse_args().write))
    except LocalError as error:
        err.print(str(error))
        sys.exit(1)
