"""The program that reads systemd's units without running them, for tests of ours."""

import shutil
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import LocalError


def analyzer() -> Path:
    """`systemd-analyze`, installed by the system's package manager where that is possible; no service is started.

    Raises:
        LocalError: it is not there and cannot be installed; says what to install.
    """
    if shutil.which("systemd-analyze") is None:
        packages.install("systemd")
    if found := shutil.which("systemd-analyze"):
        return Path(found)
    raise LocalError(
        "检查 systemd 单元需要 systemd-analyze，请安装：apt-get install systemd。",
        "systemd's units are checked with systemd-analyze; install it: apt-get install systemd",
    )
