"""``./fangkong faults``: the town lives on while everything breaks; then every fact is looked up everywhere."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
from rich.markup import escape
from rich.table import Table

from deploy.cli.live import checked_table
from deploy.cli.loading import load_town
from deploy.cli.words import out, progress, say
from deploy.faults.campaign import HEALED_WITHIN, Campaign, Outcome, drawn
from deploy.faults.town import FaultyTown, disk_of, take_away
from deploy.live.checker.check import check
from deploy.live.days import BEGIN
from deploy.live.plan import Plan, at
from deploy.live.run import doors_of
from deploy.live.system import System
from deploy.local.postgres import Postgres
from deploy.local.state import PROJECT, Home
from shared.kernel.clock import write_control
from shared.obs.logging import configure

BUS_DISK_MB, DATABASE_DISK_MB = 1_500, 3_000
CONTROLS = "tests/faults/test_negative_controls.py"


def faults_home(home: Home) -> Home:
    """Where campaigns keep their town."""
    return Home(home.path / "faults")


def campaign(home: Home, plan: Plan, *, number: int, controls: bool) -> bool:
    """Run, check, print; returns whether nothing was lost, doubled or out of order, and everything was healed in time.

    Raises:
        LocalError: something stands in the way, or did not come back after a fault.
    """
    configure("faults", "error")  # that the bus goes down and comes back is no news here
    where = faults_home(home)
    postgres = Postgres(where.postgres)
    disks = (where.nats, postgres.home)
    if where.path.exists():
        for disk in disks:
            take_away(disk)
        postgres.remove()
        where.erase()
    where.make()
    small = disk_of(disks[0], BUS_DISK_MB) and disk_of(disks[1], DATABASE_DISK_MB)
    if not small:
        say(
            "没有权限挂载小磁盘：不做“磁盘满”。",
            "Only root may mount small disks: full disks are left out of this campaign.",
        )
    try:
        right = asyncio.run(
            _whole(where, plan, drawn(number, plan.seed, disks=small), disks if small else ())
        )
    finally:
        for disk in disks:
            take_away(disk)
    return right and (not controls or _controls())


async def _whole(home: Home, plan: Plan, faults: list[str], disks: tuple[Path, ...]) -> bool:
    write_control(home.clock, at(plan.days[0], BEGIN), 0.0)
    town = FaultyTown(home)
    try:
        await town.start()
        await asyncio.to_thread(load_town, home, town.status, scale=plan.extent.scale)
        system = system_of(town)
        try:
            outcome = await _lived(town, system, plan, faults, disks)
            outcome.ledger.write(home.path / "ledger.jsonl")
            compared = await check(outcome.ledger, doors_of(system), outcome.meddled)
        finally:
            await system.close()
    finally:
        codes = await town.stop()
    in_time = made_table(outcome)
    equal = checked_table(compared)
    clean = not any(codes.values())
    if not clean:
        say(f"有服务没有正常结束：{codes}", "A service did not end in order.")
    return in_time and equal and clean


def system_of(town: FaultyTown) -> System:
    """The town as its people meet it: over the wires that will be cut."""
    return System(
        urls=town.urls,
        databases=town.databases,
        nats_url=town.bus.servers[0].url,
        nats_as=town.bus.servers[0].anybody,
        issuer=town.issuer,
        clock_file=town.home.clock,
        http=httpx.AsyncClient(timeout=30),
    )


async def _lived(
    town: FaultyTown, system: System, plan: Plan, faults: list[str], disks: tuple[Path, ...]
) -> Outcome:
    folder = town.home.path / "devices"
    folder.mkdir()
    with progress() as bars:
        task = bars.add_task("故障 faults", total=len(faults))
        running = Campaign(
            town=town,
            system=system,
            plan=plan,
            folder=folder,
            faults=faults,
            seed=plan.seed,
            disks=disks,
            told=lambda kind: bars.update(task, advance=1, description=f"故障 faults: {kind}"),
        )
        return await running.run()


def made_table(outcome: Outcome) -> bool:
    """Print every fault, and what was healed when; returns whether headquarters were right in time after each."""
    table = Table(title="故障 what was made, healed, and when headquarters were right again", box=None)
    for column in ("#", "故障 fault", "F", "处 hit", "业务时间 at"):
        table.add_column(column)
    for column in ("历时 lasted s", "一致 equal after s"):
        table.add_column(column, justify="right")
    for one in outcome.made:
        late = "[red]" if one.equal_after > HEALED_WITHIN else ""
        table.add_row(
            str(one.nth),
            one.kind,
            one.number,
            escape(one.hit),
            one.at,
            f"{one.lasted:.1f}",
            f"{late}{one.equal_after:.1f}",
        )
    out.print(table)
    slowest = max((one.equal_after for one in outcome.made), default=0.0)
    say(
        f"{len(outcome.made)} 次故障，最慢 {slowest:.1f} 秒后一致。",
        f"{len(outcome.made)} faults; headquarters equal after {slowest:.1f} s at the latest.",
    )
    return letters_told(outcome) and slowest <= HEALED_WITHIN


def letters_told(outcome: Outcome) -> bool:
    """Whether each poisoned event is a dead letter of somebody, and nothing else is anybody's."""
    right = set(outcome.letters) == set(outcome.meddled.poisoned) and all(outcome.letters.values())
    if not right:
        say(f"死信不对：{outcome.letters}", "The dead letters are not the poisoned events.")
    return right


def _controls() -> bool:
    """Relays and readers as they are often written have to lose or double: else this proves nothing."""
    say("对照：常见的错误写法必须被查出。", "Negative controls: what is often written has to be caught.")
    argv = [sys.executable, "-m", "pytest", CONTROLS, "-q", "-p", "no:cacheprovider"]
    return subprocess.run(argv, cwd=PROJECT, check=False).returncode == 0
