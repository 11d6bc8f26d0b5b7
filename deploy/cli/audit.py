"""Known weaknesses of the locked dependencies, asked of the OSV database; run as a module by ``./fangkong test``.

This is the only check that needs a network. Where the database cannot be reached it says so and passes, because a
machine without a network must be able to run every other check; what it finds fails.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass

from deploy.cli.words import err, say
from deploy.local.state import PROJECT

LOCKS = ("requirements.lock", "requirements-test.lock")
_UNREACHABLE = re.compile(
    r"^(requests\.exceptions\.\w+|urllib3\.exceptions\.\w+|ConnectionError|ERROR:.*connect)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the auditor told: how many packages it could judge, and a line for each weakness."""

    judged: int
    weak: list[str]


def read(told: str) -> Findings:
    """Read the auditor's JSON.

    Raises:
        ValueError, KeyError: it is something else.
    """
    packages = json.loads(told)["dependencies"]
    weak = [
        f"{package['name']} {package['version']}: {found['id']}, "
        + (f"mended in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "not mended yet")
        for package in packages
        for found in package.get("vulns", ())
    ]
    return Findings(sum("skip_reason" not in package for package in packages), weak)


def unreachable(errors: str) -> bool:
    """Say whether the auditor failed because nobody answered, by what it wrote to its errors."""
    return _UNREACHABLE.search(errors) is not None


def main() -> int:
    """Ask for every lock; returns 1 when a weakness is known or the auditor itself failed."""
    argv = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--format", "json"]
    argv += ["--progress-spinner", "off", "--disable-pip", "--require-hashes", "--timeout", "20"]
    for lock in LOCKS:
        argv += ["--requirement", lock]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False)
    try:
        found = read(done.stdout)
    except (ValueError, KeyError):
        if unreachable(done.stderr):
            say(
                "漏洞库无法连接，本次未核对依赖。",
                "Not audited: the vulnerability database cannot be reached from this machine.",
            )
            return 0
        sys.stderr.write(done.stderr)
        return 1
    for line in found.weak:
        err.print(line)
    say(
        f"已核对 {found.judged} 个依赖包。",
        f"{found.judged} packages audited, {len(found.weak)} weaknesses known.",
    )
    return 1 if found.weak or not found.judged else 0


if __name__ == "__main__":
    sys.exit(main())
