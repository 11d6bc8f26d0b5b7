"""``./fangkong doctor``: every look at a home, running or not, as a table or as JSON."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from deploy.cli.stack import ca_of
from deploy.cli.words import out, say
from deploy.doctor import bus, databases, machine
from deploy.doctor.finding import WORST, Finding, fail, ok
from deploy.local.backups import Backups, archived
from deploy.local.names import SERVICES
from deploy.local.probe import status_of, trust
from deploy.local.secrets import Secrets
from deploy.local.state import Home

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def look(home: Home) -> list[Finding]:
    """Everything that can be looked at now."""
    secrets, now = Secrets(folder=home.secrets), datetime.now(UTC)
    found = [*machine.programs()]
    if not home.path.exists():
        return found
    found += [machine.disk(home.path), machine.stepped_clock(home.clock), *machine.certificates(home, now)]
    if home.secrets.exists():
        found += machine.keys(secrets)
    if home.running() is None:
        return [*found, *machine.ports(home)]
    status = home.status()
    postgres_home = Path(status["postgres_home"])
    backups = Backups(postgres=archived(home, status["ports"]["postgres"]))
    found += [machine.disk(postgres_home), machine.backups(backups.kept(), now)]
    found += asyncio.run(_services(status))
    found += asyncio.run(databases.look(status["ports"]["postgres"], secrets))
    found += bus.look(f"http://127.0.0.1:{status['ports']['nats-monitor']}")
    return found


async def _services(status: Mapping[str, Any]) -> list[Finding]:
    tls = trust(ca_of(status))
    scheme = "https" if tls else "http"
    found = []
    for service in SERVICES:
        code = await status_of(f"{scheme}://127.0.0.1:{status['ports'][service]}/readyz", tls)
        if code == 200:
            found.append(ok("服务 service", service, "就绪", "ready"))
        else:
            told = str(code) if code else "no answer"
            found.append(fail("服务 service", service, told, told, f"./fangkong logs {service}"))
    return found


def report(home: Home, *, as_json: bool, every: bool) -> bool:
    """Print what was found; returns whether nothing is wrong."""
    found = look(home)
    worst = max((WORST[finding.state] for finding in found), default=0)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=1))
        return worst < WORST["fail"]
    table = Table(title=f"防控 fangkong doctor · {home.path}")
    for column in ("检查 check", "对象 of", "", "", "怎么办 remedy"):
        table.add_column(column)
    for row in _rows(found, every=every):
        table.add_row(*row)
    if table.row_count:
        out.print(table)
    counted = {state: sum(finding.state == state for finding in found) for state in WORST}
    say(
        f"{counted['ok']} 项正常，{counted['warn']} 项需留意，{counted['fail']} 项有误。",
        f"{counted['ok']} are well, {counted['warn']} doubtful, {counted['fail']} wrong.",
    )
    return worst < WORST["fail"]


def _rows(found: list[Finding], *, every: bool) -> Iterator[list[str]]:
    for finding in sorted(found, key=lambda one: -WORST[one.state]):
        if finding.state == "ok" and not every:
            continue
        told = finding.zh if finding.zh == finding.en else f"{finding.zh}\n[dim]{escape(finding.en)}[/dim]"
        colour = _COLOURS[finding.state]
        yield [
            finding.check,
            finding.about,
            f"[{colour}]{finding.state}[/{colour}]",
            told,
            escape(finding.remedy),
        ]
