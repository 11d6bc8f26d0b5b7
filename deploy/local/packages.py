"""Programs that tests need and the system packages: installed where that is possible."""

import os
import shutil
import subprocess


def install(*packages: str) -> None:
    """Install packages of Debian or Ubuntu, as root and where that is what the machine has; else nothing happens.

    Whoever asked looks afterwards whether it is there, and says what to install where it is not.
    """
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return
