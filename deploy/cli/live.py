"""``./fangkong live``: the town's days at speed, on a stack of their own, and the check of every fact afterwards."""

import asyncio
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from rich.markup import escape
from rich.table import Table

from deploy.cli import stack
from deploy.cli.loading import load_town
from deploy.cli.words import out, progress, say
from deploy.live import run as live
from deploy.live.checker.check import check
from deploy.live.checker.compare import Compared
from deploy.live.days import BEGIN, hours
from deploy.live.ledger import Ledger
from deploy.live.plan import Plan, at
from deploy.live.system import System
from deploy.local import databases
from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.probe import trust
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from shared.kernel.clock import write_control


def live_home(home: Home) -> Home:
    """Where runs keep their town: beside the one that people use, which is never touched."""
    return Home(home.path / "live")


@contextmanager
def own_stack(home: Home, plan: Plan) -> Iterator[Mapping[str, Any]]:
    """A fresh stack whose business time stands before the first morning, with the town loaded; stopped at the end."""
    if home.path.exists():
        Postgres(home.postgres).remove()
        home.erase()
    home.make()
    write_control(home.clock, at(plan.days[0], BEGIN), 0.0)
    process = stack.start(home, lan=False, detach=False, given={}, base=None)
    try:
        status = stack.wait_until_ready(home, process)
        load_town(home, status, scale=plan.extent.scale)
        yield status
    finally:
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        if process.poll() is None:
            process.terminate()
            process.wait(stack.DOWN_SECONDS)
        for number, handler in before.items():
            signal.signal(number, handler)


def system_of(home: Home, status: Mapping[str, Any]) -> System:
    """The stack as the town's people meet it."""
    return System(
        urls=status["urls"],
        databases=databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets)),
        nats_url=f"nats://127.0.0.1:{status['ports']['nats']}",
        nats_as=NatsServer(home.nats, status["ports"]["nats"]).admin,
        issuer=Issuer(home.issuer, home.secrets / "issuer-key.json", status["urls"]["issuer"]),
        clock_file=home.clock,
        http=httpx.AsyncClient(timeout=60, verify=trust(stack.ca_of(status)) or True),
    )


async def live_through(system: System, plan: Plan, folder: Path) -> Ledger:
    """All days, with a bar."""
    with progress() as bars:
        task = bars.add_task("过日子 living", total=len(hours(plan)))

        def told(day: date, clock: str) -> None:
            bars.update(task, advance=1, description=f"过日子 living {day} {clock}")

        return await live.run(system, plan, folder, told)


def checked_table(compared: Sequence[Compared]) -> bool:
    """Print what the checker compared, and what differs; returns whether nothing does."""
    title = "核对 every fact of the ledger beside everybody who tells of it"
    table = Table(title=title, box=None, padding=(0, 1, 0, 0))
    for column in ("处\nwhere", "项\nwhat"):
        table.add_column(column, no_wrap=True)
    for column in ("应有\nexpected", "实有\nfound", "缺\nlost", "重\ntwice", "多\nextra", "误\nwrong"):
        table.add_column(column, justify="right")
    for one in compared:
        faults = (one.lost, one.twice, one.extra, one.wrong)
        told = [f"[red]{number:,}[/red]" if number else "0" for number in faults]
        table.add_row(one.where, one.what, f"{one.expected:,}", f"{one.found:,}", *told)
    out.print(table)
    for one in compared:
        for example in one.examples:
            out.print(f"[red]{one.where} {one.what}[/red] {escape(example)}", soft_wrap=True)
    wrong = sum(not one.equal for one in compared)
    if wrong:
        say(f"有 {wrong} 项不符。", f"{wrong} of {len(compared)} lines differ.")
    else:
        say(f"{len(compared)} 项全部一致。", f"All {len(compared)} lines are equal.")
    return not wrong


async def _whole(home: Home, status: Mapping[str, Any], plan: Plan) -> bool:
    system = system_of(home, status)
    folder = home.path / "devices"
    folder.mkdir(exist_ok=True)
    try:
        ledger = await live_through(system, plan, folder)
        ledger.write(home.path / "ledger.jsonl")
        say(
            f"账本 {len(ledger.acts):,} 条，sha256 {ledger.digest()}",
            "acts in the ledger; the same for the same seed",
        )
        return checked_table(await check(ledger, live.doors_of(system)))
    finally:
        await system.close()


def live_days(home: Home, plan: Plan) -> bool:
    """Run, check, print; returns whether everything agrees.

    Raises:
        LocalError: something stands in the way, in one sentence.
    """
    where = live_home(home)
    with own_stack(where, plan) as status:
        say("指挥部看板", "headquarters' board while it runs:")
        out.print(f"  {status['urls']['reporting']}/", soft_wrap=True)
        return asyncio.run(_whole(where, status, plan))
