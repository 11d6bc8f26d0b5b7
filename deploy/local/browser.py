"""A Chromium for the tests of pages: the one that is there, or the system's own package.

Playwright's own downloads are not used: they are not to be had everywhere, and the system keeps its package patched.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local import packages
from deploy.local.errors import LocalError

CHOICE = "FANGKONG_CHROMIUM"
"""Which browser to drive, for whoever has one elsewhere."""
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PACKAGES = ("chromium", "fonts-noto-cjk")
_MISSING = LocalError(
    "页面测试需要 Chromium 和中文字体，请安装：apt-get install chromium fonts-noto-cjk。",
    "The tests of pages need Chromium and a Chinese font; install them: apt-get install chromium fonts-noto-cjk",
)


def find() -> Path | None:
    """The browser to be driven, None where there is none."""
    if chosen := os.environ.get(CHOICE):
        return Path(chosen) if Path(chosen).exists() else None
    for name in _NAMES:
        if found := shutil.which(name):
            return Path(found)
    return None


def can_write_chinese() -> bool:
    """Say whether a font with Chinese characters is installed."""
    fonts = shutil.which("fc-list")
    if fonts is None:
        return False
    listed = subprocess.run([fonts, ":lang=zh-cn"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


def ensure() -> Path:
    """The browser, installed by the system's package manager where that is possible.

    Raises:
        LocalError: it is not there and cannot be installed; says what to install.
    """
    if (found := find()) and can_write_chinese():
        return found
    packages.install(*_PACKAGES)
    if (found := find()) and can_write_chinese():
        return found
    raise _MISSING


def main() -> None:
    """Say which browser there is, or what to install."""
    try:
        print(ensure())
    except LocalError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
