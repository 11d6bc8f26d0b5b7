"""Makes the Python environment from the lock files: ``python -I environment.py PROJECT HOME VENV COMMAND``.

Run by ``./fangkong`` with whatever Python >= 3.11 the machine has, before any package exists: standard
library only, and no import from this project. Ends with 0 and silence when the environment is complete,
else with 1 and one sentence (Chinese and English).

Why not the ordinary ``python -m venv`` and ``pip install``: unpacking pip into the environment takes 3 s,
resolving what the lock has resolved already some more, and pip compiles every module in one process.
Running pip from the wheel that Python carries, without dependencies, and compiling on all cores afterwards
takes the time from 19 s to 13 s.
"""

import errno
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NoReturn

NEEDED_MB = 500
RUNTIME, TEST = "requirements.lock", "requirements-test.lock"
OURS = "made-by-fangkong"
# Commands that only look at or stop what runs: they are content with an environment of an older lock file.
UNDEMANDING = frozenset({"down", "status", "logs", "help"})
# Commands that prove something: by tests, negative controls, rivals.
PROVING = frozenset({"test", "faults", "bench"})
# Data tables that nothing here imports; leaving them uncompiled saves a second.
UNCOMPILED = r"phonenumbers/(geodata|carrierdata|tzdata|shortdata)|/tests?/|/pip/"


def fail(zh: str, en: str) -> NoReturn:
    """End with one sentence in each language."""
    sys.stderr.write(f"{zh}\n{en}\n")
    sys.exit(1)


def main() -> None:
    """Bring the environment to the state of the lock files."""
    project, home, place = (Path(argument) for argument in sys.argv[1:4])
    command = sys.argv[4]
    log_file = home / "logs" / "install.log"
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        with (home / "install.lock").open("w") as guard:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("另一个安装正在进行，等待它完成…", "Another installation is under way; waiting for it…")
                fcntl.flock(guard, fcntl.LOCK_EX)
            with log_file.open("w") as log:
                bring_up_to_date(project, home, place, command, log)
    except OSError as error:
        explain(error, home)


def bring_up_to_date(project: Path, home: Path, place: Path, command: str, log: IO[str]) -> None:
    """Install what is missing; the caller holds the lock, so another start may have done it meanwhile."""
    locks = [RUNTIME, TEST] if command in PROVING else [RUNTIME]
    for name in locks:
        if not (project / name).exists():
            fail(f"{project} 里缺少 {name}。", f"{name} is missing in {project}.")
    sound = usable(place)
    missing = [name for name in locks if not sound or not marked(project, place, name)]
    if not missing:
        return
    if sound and RUNTIME in missing and stack_is_running(home):
        if command in UNDEMANDING:
            return
        fail(
            "依赖已更新，而旧的系统还在运行：请先执行 ./fangkong down。",
            "The dependencies changed while the old stack is running: run ./fangkong down first.",
        )
    require_space(place)
    started = time.monotonic()
    say("正在安装运行环境（仅首次，通常不到一分钟）…", "Installing the environment, first time only…")
    if RUNTIME in missing:
        clear(place)
        venv.create(place, symlinks=True, with_pip=False)
        (place / OURS).touch()
    for name in missing:
        install(project / name, place, log)
    compile_all(place, log)
    for name in missing:
        fresh = place / f"complete-{name}.new"
        shutil.copyfile(project / name, fresh)
        fresh.rename(place / f"complete-{name}")
    seconds = time.monotonic() - started
    say(f"运行环境已就绪，用时 {seconds:.0f} 秒。", f"The environment is ready after {seconds:.0f} s.")


def require_space(place: Path) -> None:
    """End with a sentence when the disk is too full, before half an installation finds out."""
    free = shutil.disk_usage(place.parent).free // 1_000_000
    if free < NEEDED_MB:
        fail(
            f"磁盘空间不足：{place.parent} 只剩 {free} MB，安装需要约 {NEEDED_MB} MB。",
            f"The disk is full: {place.parent} has {free} MB left, about {NEEDED_MB} MB are needed.",
        )


def clear(place: Path) -> None:
    """Remove an environment that is broken or of another lock file, but never one that somebody else made."""
    if place.exists() and any(place.iterdir()) and not (place / OURS).exists():
        fail(
            f"{place} 不是由 fangkong 建立的，不会覆盖它。",
            f"{place} was not made by fangkong and is not overwritten.",
        )
    shutil.rmtree(place, ignore_errors=True)


def usable(place: Path) -> bool:
    """Whether an environment stands there that was completed once and whose interpreter still fits it."""
    if not (place / f"complete-{RUNTIME}").exists():
        return False
    code = 'import sys; print("python%d.%d" % sys.version_info[:2])'
    if not (place / "bin/python").exists():
        return False
    asked = subprocess.run(
        [place / "bin/python", "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    return asked.returncode == 0 and (place / "lib" / asked.stdout.strip()).is_dir()


def marked(project: Path, place: Path, name: str) -> bool:
    """Whether this very lock file was installed completely."""
    with suppress(FileNotFoundError):
        return (place / f"complete-{name}").read_bytes() == (project / name).read_bytes()
    return False


def stack_is_running(home: Path) -> bool:
    """Whether a supervisor holds its lock in this home."""
    try:
        with (home / "run" / "supervisor.lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def install(lock: Path, place: Path, log: IO[str]) -> None:
    """Install exactly what the lock file says, with uv when the machine has it, else with pip."""
    python = str(place / "bin/python")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if uv := shutil.which("uv"):
        env["UV_PYTHON_DOWNLOADS"] = "never"
        command = [uv, "pip", "install", "--python", python, "--no-deps", "--require-hashes", "-r", str(lock)]
    else:
        pip = pip_command(python, env)
        # One retry: a machine without a network should say so before its user gives up waiting.
        command = [
            *pip,
            "install",
            "--no-deps",
            "--require-hashes",
            "--no-compile",
            "--only-binary=:all:",
            "--no-binary=nkeys",  # pure Python that is published as source only
            "--disable-pip-version-check",
            "--no-input",
            "--retries=1",
            "--progress-bar=off",
            "-r",
            str(lock),
        ]
    log.write(f"$ {command}\n")
    log.flush()
    done = subprocess.run(command, env=env, stdout=log, stderr=subprocess.STDOUT, check=False, cwd=place)
    if done.returncode != 0:
        explain_installer(Path(log.name))


def pip_command(python: str, env: dict[str, str]) -> list[str]:
    """A pip that installs into the environment of `python`, without being installed there."""
    bundled = find_spec("ensurepip")
    if bundled and bundled.origin:
        wheels = sorted((Path(bundled.origin).parent / "_bundled").glob("pip-*.whl"))
        if wheels:
            env["PYTHONPATH"] = str(wheels[-1])
            return [python, "-m", "pip"]
    own = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    version = re.match(r"pip (\d+)", own.stdout)
    if version and int(version[1]) >= 23:
        return [sys.executable, "-m", "pip", "--python", python]
    fail(
        "这个 Python 没有 pip：请安装 python3-venv（Debian/Ubuntu）或 uv。",
        "This Python has no pip: install the package python3-venv (Debian, Ubuntu) or uv.",
    )


def compile_all(place: Path, log: IO[str]) -> None:
    """Compile on all cores what seven processes are about to import at once."""
    subprocess.run(
        [place / "bin/python", "-I", "-m", "compileall", "-q", "-j0", "-x", UNCOMPILED, place / "lib"],
        stdout=log,
        stderr=subprocess.STDOUT,
        check=False,
    )


REASONS = (
    (r"No space left on device|Errno 28|os error 28", "磁盘已满", "the disk is full"),
    (r"Read-only file system|Errno 30|os error 30", "文件夹只读", "the folder is read-only"),
    (r"Permission denied|Errno 13|os error 13", "没有写入权限", "writing is not permitted"),
    (
        r"DO NOT MATCH THE HASHES|[Hh]ash mismatch",
        "下载的软件包与锁文件的校验值不符",
        "a downloaded package does not match the hash in the lock file",
    ),
    (
        (
            r"name resolution|Max retries|Connection|[Tt]imed? ?out|Network is unreachable|[Dd]ns error|"
            r"error sending request|Failed to fetch|Could not find a version|No matching distribution"
        ),
        "连不上软件包索引，请检查网络或 pip 的 index-url 设置",
        "the package index cannot be reached; check the network or pip's index-url",
    ),
)


def explain_installer(log: Path) -> NoReturn:
    """One sentence out of the installer's eighty lines."""
    said = log.read_text(errors="replace")
    for pattern, zh, en in REASONS:
        if re.search(pattern, said):
            fail(f"安装失败：{zh}（详见 {log}）。", f"The installation failed: {en} (details in {log}).")
    fail(f"安装失败，详见 {log}。", f"The installation failed; details in {log}.")


def explain(error: OSError, home: Path) -> NoReturn:
    """One sentence for a folder that cannot be written."""
    where = error.filename or home
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            fail(f"磁盘已满，无法写入 {where}。", f"The disk is full: {where} cannot be written.")
        case errno.EROFS | errno.EACCES | errno.EPERM:
            fail(
                f"不能写入 {where}，请用 --home 指定可写的文件夹。",
                f"{where} cannot be written; choose a writable folder with --home.",
            )
        case _:
            fail(f"无法使用 {where}：{error.strerror}。", f"{where} cannot be used: {error.strerror}.")


def say(zh: str, en: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{zh} {en}\n")
    sys.stderr.flush()


main()
