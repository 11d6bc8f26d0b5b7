"""Every page where work begins, as it answers with the town that is loaded, beside its limit of one second.

`./fangkong up` (the whole town), then `./fangkong bench pages [--times 20] [--home FOLDER]`. Each page is asked for as
the widest of its roles sees it, one after the other; the slowest twentieth counts.
"""

import argparse
import time
from pathlib import Path

import httpx

from deploy.cli.calls import account_of, issuer_of
from deploy.cli.words import running_home
from shared.http.access import Role
from shared.pages.doors import DOORS
from tests.bench.figures import quantile

LIMIT_SECONDS = 1.0
WIDEST = (Role.HQ_OFFICER, Role.ADMIN, Role.COMMUNITY_CLERK)
"""Who sees most, first; a clerk's account of the whole town stands for the clerks of all communities."""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--home", type=Path, default=None)
    asked = options.parse_args()
    home = running_home(asked.home)
    status = home.status()
    issuer = issuer_of(home, status)
    slowest = 0.0
    with httpx.Client(timeout=60, verify=status.get("ca") or True) as http:
        for door in DOORS:
            role = next((role for role in WIDEST if role in door.roles), min(door.roles))
            token = issuer.access_token(account_of(role, "town"))
            headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
            took: list[float] = []
            for _ in range(asked.times):
                began = time.perf_counter()
                answer = http.get(f"{status['urls'][door.service]}{door.path}", headers=headers)
                took.append(time.perf_counter() - began)
                answer.raise_for_status()
            p95 = quantile(took, 0.95)
            slowest = max(slowest, p95)
            print(
                f"{door.service}{door.path:18} {role:16} p50 {quantile(took, 0.5) * 1000:6.0f} ms  "
                f"p95 {p95 * 1000:6.0f} ms  {len(answer.content) / 1000:6.0f} kB  {p95 / LIMIT_SECONDS:.2f} of limit"
            )
    print(
        f"slowest p95: {slowest:.3f} s, {slowest / LIMIT_SECONDS:.2f} of the limit of {LIMIT_SECONDS:.0f} s"
    )


if __name__ == "__main__":
    main()
