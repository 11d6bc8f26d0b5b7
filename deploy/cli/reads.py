"""``./fangkong audit``: walk the chain of every service's log of reads, and keep its head for the next time.

The kept heads (`audit-heads.json` beside the secrets, not in a database) are what shows a chain that was made anew as a
whole or cut off. Whoever audits takes a copy along: `--heads FILE` compares with that one instead.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
from rich.table import Table

from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.errors import LocalError
from deploy.local.files import write_json
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from shared.audit.chain import Checked, Fault, Link, check
from shared.db.pool import Conn

FAULTS: Mapping[str, str] = {
    "link_missing": "链上缺一环 a link is missing",
    "read_missing": "记录被删除 the read was removed",
    "hash_differs": "记录被改动、插入或调换 changed, inserted or reordered",
    "made_anew": "与所记链头不符 not the head that was noted",
    "cut_off": "链尾被截断 the end was cut off",
    "not_linked": "记录不在链上 a read that is not in the chain",
}


def read_heads(file: Path) -> dict[str, Link]:
    """The heads that were noted, by service; none where there is no file.

    Raises:
        LocalError: the file is no such file.
    """
    if not file.exists():
        return {}
    try:
        noted = json.loads(file.read_text(encoding="utf-8"))
        return {service: Link(int(one["pos"]), bytes.fromhex(one["hash"])) for service, one in noted.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LocalError(f"{file} 不是链头文件。", f"{file} is no file of heads.") from error


async def check_all(urls: Mapping[str, str], noted: Mapping[str, Link]) -> dict[str, Checked]:
    """Walk every service's chain on a connection that cannot write."""
    found: dict[str, Checked] = {}
    for service, url in urls.items():
        connection = await asyncpg.connect(
            url, timeout=10, server_settings={"default_transaction_read_only": "on"}
        )
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                found[service] = await check(Conn(connection), service, noted=noted.get(service))
        finally:
            await connection.close()
    return found


def audit_table(home: Home, status: Mapping[str, Any], heads: Path | None) -> bool:
    """Print how far each chain goes and where it is broken; returns whether all are whole. Whole heads are kept."""
    file = heads or home.path / "audit-heads.json"
    noted = read_heads(file)
    if heads and not noted:
        raise LocalError(f"{file} 里没有链头。", f"There are no heads in {file}.")
    urls = databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))
    with out.status("核对查阅记录… [dim]walking the chains[/dim]"):
        found = asyncio.run(check_all(urls, noted))
    table = Table(title="查阅记录 who read whom", box=None)
    for column in ("service", "条 reads", "待入链 not linked yet"):
        table.add_column(column)
    table.add_column("链头 head", overflow="fold")  # an auditor takes all of it along
    for service, one in found.items():
        table.add_row(service, f"{one.head.pos:,}", f"{one.queued:,}", one.head.hash.hex())
    out.print(table, soft_wrap=True)
    for service, one in found.items():
        if one.fault:
            out.print(f"[red]{service}: {_told(one.fault)}[/red]", soft_wrap=True)
    whole = not any(one.fault for one in found.values())
    if whole and not heads:
        write_json(
            file,
            {
                service: {"pos": one.head.pos, "hash": one.head.hash.hex()}
                for service, one in found.items()
                if one.head.pos
            },
        )
    if whole:
        say("全部完整。", "Every chain is whole.")
    return whole


def _told(fault: Fault) -> str:
    place = "" if fault.pos is None else f" · 第 {fault.pos:,} 环 link {fault.pos:,}"
    read = "" if fault.read_id is None else f" · 记录 read {fault.read_id}"
    return f"{FAULTS[fault.what]}{place}{read}"
