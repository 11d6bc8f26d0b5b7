"""The gate against bare FastAPI, in one run: `./fangkong bench gate`.

Whole path: device authentication, pass verification, decision, durable commit, with the product's own settings (logs,
metrics, tracing as in production; fsync on). Rounds alternate, so that all share the machine's moods; read the ratios.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.postgres import Postgres
from shared.testing.databases import Databases
from tests.bench import bare
from tests.bench.figures import Line, beside, write
from tests.bench.gate_town import (
    ROOT,
    BenchTown,
    children_of,
    cpu_seconds,
    family_cpu_seconds,
    make_streams,
    make_town,
    process,
    request,
    resident_mb,
)

CONNECTIONS = 106
"""Of the single routes: a device for who enters and one for who leaves at each of the town's 53 gates."""
BATCH = 200
BATCH_CONNECTIONS = 4
RESIDENT_MB = 300.0
P99_MS = 50.0
"""At the design load."""
DESIGN_SECONDS = 60.0
SETTLE_SECONDS = 0.5
"""After a round: what the gate still tells of its last checks is that round's cost and no other's."""
TARGETS = {  # issue's figures: ratio -> at least
    "warm / insert": 1.0,
    "warm / echo": 0.5,
    "cold / insert": 0.8,
    "cold / echo": 0.4,
    "batch warm / warm": 4.0,
}


SPENT = ("cpu_us", "leader_cpu_us", "database_cpu_us", "bus_cpu_us")
"""Processor microseconds of a check: worker, leader, PostgreSQL, NATS."""


@dataclass(kw_only=True)
class Run:
    """What one run was asked for, and what it has seen."""

    requests: int
    rounds: int
    connections: int
    seen: dict[str, list[float]] = field(default_factory=dict)
    latency: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    leader_cpu: dict[str, list[float]] = field(default_factory=dict)
    database_cpu: dict[str, list[float]] = field(default_factory=dict)
    bus_cpu: dict[str, list[float]] = field(default_factory=dict)
    database_pid: int
    bus_pid: int

    async def measure(
        self, name: str, server: "Server", requests: Sequence[str], *, each: int = 1, **plan: Any
    ) -> None:
        """One round; every request must have been taken."""
        before = self._used(server)
        told = await hammer(server, requests, **{"connections": self.connections} | plan)
        await asyncio.sleep(SETTLE_SECONDS)
        used = [after - was for was, after in zip(before, self._used(server), strict=True)]
        if set(told["statuses"]) - {"200", "201"}:
            raise RuntimeError(f"{name}: not all were answered well: {told['statuses']}")
        self.seen.setdefault(name, []).append(told["per_second"] * each)
        self.latency.setdefault(name, []).append(told["p99_ms"])
        kept = (self.cpu, self.leader_cpu, self.database_cpu, self.bus_cpu)
        for figures, seconds in zip(kept, used, strict=True):
            figures.setdefault(name, []).append(seconds / (told["requests"] * each) * 1e6)

    def _used(self, server: "Server") -> tuple[float, float, float, float]:
        """Processor seconds of the server's workers, of their leaders, of PostgreSQL and of NATS until now."""
        return (
            sum(map(cpu_seconds, server.pids)),
            sum(map(cpu_seconds, server.leaders)),
            family_cpu_seconds(self.database_pid),
            family_cpu_seconds(self.bus_pid),
        )

    def median(self, name: str) -> float:
        """The middle of the rounds, per second."""
        return statistics.median(self.seen[name])

    def ratio(self, name: str) -> float:
        """The median of the rounds' own ratios: each pair ran side by side."""
        above, _, below = name.partition(" / ")
        return statistics.median(a / b for a, b in zip(self.seen[above], self.seen[below], strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom the load goes to."""

    folder: Path
    ports: Sequence[int]
    pids: Sequence[int]
    leaders: Sequence[int] = ()
    """The processes beside them that lead: relay, consumers, tickers."""


async def hammer(server: Server, requests: Sequence[str], **plan: Any) -> dict[str, Any]:
    """Send from another process; tells what it saw."""
    file = server.folder / "plan.json"
    plan = {"ports": server.ports, "requests": requests, "connections": CONNECTIONS} | plan
    file.write_text(json.dumps(plan), encoding="utf-8")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.hammer", str(file)), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    told: dict[str, Any] = json.loads(said)
    return told


async def rounds(run: Run, town: BenchTown, gate: Server, rival: Server) -> None:
    """Alternate everybody."""
    known = town.tokens(len(town.walkers))
    compounds = sorted({who.compound for who in town.walkers})

    def warm(count: int, compound: int | None = None) -> list[tuple[str, Any]]:
        theirs = [one for one in known if compound in {None, one[1].compound}]
        return [theirs[nth % len(theirs)] for nth in range(count)]

    def singles(tokens: list[tuple[str, Any]]) -> list[str]:
        return [request("/v1/entry-checks", body, device=device) for device, body in town.checks(tokens)]

    def batches(make: Callable[[int, int], list[tuple[str, Any]]]) -> list[str]:
        made = []
        for nth in range(max(BATCH_CONNECTIONS, run.requests // BATCH)):
            here = compounds[nth % len(compounds)]  # a device hands in who came to its own gate
            checks = list(town.checks(make(BATCH, here)))
            content = {"checks": [body for _, body in checks]}
            made.append(request("/v1/entry-checks/batch", content, device=checks[0][0]))
        return made

    def bare_to(path: str) -> list[str]:
        return [request(path, body) for _, body in town.checks(warm(run.requests))]

    await hammer(gate, singles(known))  # every token and key has been seen once
    await hammer(rival, bare_to("/echo"))
    few = {"connections": BATCH_CONNECTIONS}
    for _ in range(run.rounds):
        await run.measure("echo", rival, bare_to("/echo"))
        await run.measure("warm", gate, singles(warm(run.requests)))
        await run.measure("insert", rival, bare_to("/insert"))
        await run.measure("cold", gate, singles(town.tokens(run.requests)))
        await run.measure("batch warm", gate, batches(warm), each=BATCH, **few)
        await run.measure("batch cold", gate, batches(town.tokens), each=BATCH, **few)


async def sustained(town: BenchTown, gate: Server, seconds: float) -> dict[str, Any]:
    """The design load: 50 checks a second, and 200 a second (architecture section 10)."""
    told = {}
    known = town.tokens(len(town.walkers))
    for rate in (50, 200):
        tokens = [known[nth % len(known)] for nth in range(int(rate * seconds))]
        sent = [request("/v1/entry-checks", body, device=device) for device, body in town.checks(tokens)]
        told[f"{rate}/s"] = await hammer(gate, sent, rate=rate, seconds=seconds)
    return told


async def measure(
    options: argparse.Namespace, postgres: Postgres, nats: NatsServer, folder: Path
) -> dict[str, Any]:
    """Everything that was asked for; one dictionary that `--json` prints as it is."""
    databases = Databases(postgres.superuser_url())
    await make_streams(nats)
    report: dict[str, Any] = {"workers": options.workers, "towns": {}}
    for passes in options.passes:
        town = await make_town(folder / str(passes), databases, nats, passes)
        run = Run(
            requests=options.requests,
            rounds=options.rounds,
            connections=options.connections,
            database_pid=_pid(postgres),
            bus_pid=_pid(nats),
        )
        owner = await asyncpg.connect(town.urls.owner)
        await owner.execute(bare.TABLE)
        await owner.close()
        async with AsyncExitStack() as stack:
            ports = [any_free() for _ in range(options.workers)]
            pids = [  # they share nothing but the database, and one of them leads
                await stack.enter_async_context(
                    process(["-m", "services.gate"], town.environment(port), port)
                )
                for port in ports
            ]
            leaders = [child for pid in pids for child in children_of(pid)]
            gate = Server(folder=town.folder, ports=ports, pids=pids, leaders=leaders)
            port = any_free()
            pid = await stack.enter_async_context(
                process(["-m", "tests.bench.bare", str(port), town.urls.database], {}, port)
            )
            await rounds(run, town, gate, Server(folder=town.folder, ports=[port], pids=[pid]))
            lasting = await sustained(town, gate, options.seconds) if options.seconds else {}
            memory = [resident_mb(pid) for pid in (*gate.pids, *gate.leaders)]
        report["towns"][passes] = {
            "per_second": {name: run.median(name) for name in run.seen},
            "p99_ms": _medians(run.latency),
            "cpu_us": _medians(run.cpu),
            "leader_cpu_us": _medians(run.leader_cpu),
            "database_cpu_us": _medians(run.database_cpu),
            "bus_cpu_us": _medians(run.bus_cpu),
            "ratios": {name: run.ratio(name) for name in TARGETS},
            "sustained": lasting,
            "resident_mb": [round(now, 1) for now, _ in memory],
            "resident_peak_mb": [round(peak, 1) for _, peak in memory],
        }
        await databases.drop(town.urls.database, town.urls.keystore)
    return report


def _pid(server: Postgres | NatsServer) -> int:
    assert server.process is not None
    return server.process.pid


def _medians(figures: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in figures.items()}


def show(report: dict[str, Any]) -> None:
    """For people."""
    towns = report["towns"]
    for passes, told in towns.items():
        print(f"{passes:,} passes, gate with {report['workers']} worker(s)")
        for name, value in told["per_second"].items():
            print(
                f"  {name:<12} {value:8.0f} /s   p99 {told['p99_ms'][name]:7.1f} ms"
                f"   processor, µs each: worker {told['cpu_us'][name]:5.0f}"
                f"  leader {told['leader_cpu_us'][name]:4.0f}"
                f"  PostgreSQL {told['database_cpu_us'][name]:5.0f}  NATS {told['bus_cpu_us'][name]:4.0f}"
            )
        for name, value in told["ratios"].items():
            print(f"  {name:<20} {value:5.2f}   (wanted {TARGETS[name]:.1f})")
        for rate, seen in told["sustained"].items():
            print(
                f"  at {rate:<6} p50 {seen['p50_ms']:6.1f} ms   p99 {seen['p99_ms']:6.1f} ms (wanted {P99_MS:.0f})"
                f"   {seen['statuses']}"
            )
        print(
            f"  resident, workers and leaders: {told['resident_mb']} MB, at most {told['resident_peak_mb']} MB"
            f" (wanted {RESIDENT_MB:.0f})"
        )
    if len(towns) > 1:
        first, *_, last = towns.values()
        cost = first["ratios"]["warm / insert"] / last["ratios"]["warm / insert"]
        print(f"cost of a check, most passes against fewest: {cost:.2f} x (wanted 0.8 to 1.2)")
        for whose in ("cpu_us", "database_cpu_us"):
            print(f"  {whose}: {last[whose]['warm'] / first[whose]['warm']:.2f} x")


def lines_of(report: dict[str, Any]) -> list[Line]:
    """What the table tells of the first town."""
    told = next(iter(report["towns"].values()))
    speed = told["per_second"]
    lines = []
    for name, wanted in TARGETS.items():
        above, _, below = name.partition(" / ")
        lines.append(
            Line(
                part="gate",
                what=f"checks, {above} / {below}",
                unit="per s",
                ours=speed[above],
                other=speed[below],
                ratio=told["ratios"][name],
                wanted=wanted,
            )
        )
    for rate, seen in told["sustained"].items():
        lines.append(beside("gate", f"p99 at {rate}", "ms", seen["p99_ms"], P99_MS))
    lines.append(
        beside("gate", "resident memory of a process", "MB", max(told["resident_peak_mb"]), RESIDENT_MB)
    )
    spent = sum(told[whose]["warm"] for whose in SPENT)
    lines.append(
        Line(
            part="gate",
            what="processor seconds of a million checks / of inserts",
            unit="s",
            ours=spent,
            other=told["cpu_us"]["insert"] + told["database_cpu_us"]["insert"],
            ratio=spent / (told["cpu_us"]["insert"] + told["database_cpu_us"]["insert"]),
        )
    )
    return lines


def options_of(argv: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="./fangkong bench gate", description=__doc__)
    parser.add_argument("--requests", type=int, default=3_000, help="of each kind in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="devices that ask at once")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gate")
    parser.add_argument(
        "--passes", type=int, nargs="+", default=[2_000], help="2000 2000000 compares the two"
    )
    parser.add_argument("--seconds", type=float, default=0, help="of 50/s and of 200/s; 0 leaves them out")
    parser.add_argument(
        "--design-load",
        dest="seconds",
        action="store_const",
        const=DESIGN_SECONDS,
        help=f"{DESIGN_SECONDS:.0f} seconds of 50/s and as many of 200/s",
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lines", type=Path, help="a file for the table")
    return parser.parse_args(argv)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for, on real servers with fsync on."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        postgres = Postgres(Path(folder) / "pg")
        nats = NatsServer(Path(folder) / "nats")
        with postgres, nats:
            report = asyncio.run(measure(options, postgres, nats, Path(folder)))
        postgres.remove()
    return report


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and tell."""
    options = options_of(sys.argv[1:] if argv is None else argv)
    report = measured(options)
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)
    write(options.lines, lines_of(report))


if __name__ == "__main__":
    main()
