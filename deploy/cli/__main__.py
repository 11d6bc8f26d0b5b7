"""``python -m deploy.cli``: what ``./fangkong`` runs."""

import asyncio
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from deploy.cli import buses, ending, rotating, stack, times
from deploy.cli.calls import account_of, issuer_of
from deploy.cli.restoring import backup, beyond_app, restore
from deploy.cli.show import first_thing, panel, print_logs, status_table
from deploy.cli.words import HomeOption, home_of, out, require_reason, running_home, say, say_why
from deploy.local.errors import LocalError
from deploy.local.issuer import ROLES
from deploy.local.postgres import Postgres
from deploy.local.state import PROJECT, Home

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="防控 fangkong · 封闭式管理 The operating system of a town's closed management.",
)
letters_app = typer.Typer(no_args_is_help=True, help="死信 Events that a consumer could not apply.")
app.command("nats-config")(buses.nats_config)
app.command("rotate-keys")(rotating.rotate_keys)
app.command("closing")(ending.closing)
app.add_typer(times.app, name="clock")
app.add_typer(letters_app, name="dead-letters")
app.add_typer(beyond_app, name="beyond")
app.command()(backup)
app.command()(restore)

Port = Annotated[
    int | None, typer.Option(show_default=False, rich_help_panel="端口 Ports (默认自动 free ones)")
]


@app.command()
def up(
    *,
    lan: Annotated[
        bool, typer.Option("--lan", help="局域网 HTTPS，手机可用 HTTPS for phones in the LAN.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="在后台运行 Leave it running.")] = False,
    town: Annotated[bool, typer.Option("--town/--no-town", help="载入示例城镇 Load the town.")] = True,
    scale: Annotated[
        float, typer.Option(help="城镇规模 1.0 = 13 万人 130,000 people.", min=0.001, max=4.0)
    ] = 1.0,
    port_base: Port = None,
    gate_port: Port = None,
    registry_port: Port = None,
    observation_port: Port = None,
    sanitation_port: Port = None,
    reporting_port: Port = None,
    issuer_port: Port = None,
    postgres_port: Port = None,
    nats_port: Port = None,
    nats_monitor_port: Port = None,
    home: HomeOption = None,
) -> None:
    """启动整个系统 Start everything; a second `up` finds what runs."""
    given = {
        "gate": gate_port,
        "registry": registry_port,
        "observation": observation_port,
        "sanitation": sanitation_port,
        "reporting": reporting_port,
        "issuer": issuer_port,
        "postgres": postgres_port,
        "nats": nats_port,
        "nats-monitor": nats_monitor_port,
    }
    where = home_of(home)
    signal.signal(signal.SIGTERM, _interrupt)
    process = None
    if where.running() is None:
        named = {name: port for name, port in given.items() if port is not None}
        process = stack.start(where, lan=lan, detach=detach, given=named, base=port_base)
    try:
        status = stack.wait_until_ready(where, process)
        _announce(where, status, found=process is None, lan=lan)
        if town:
            from deploy.cli.loading import load_town  # noqa: PLC0415  # the generator need not be read to stop a stack

            load_town(where, status, scale=scale)
        first_thing(where, status, loaded=where.state().get("town", {}).get("state") == "complete")
        if process is not None and not detach:
            say("按 Ctrl-C 停止。", "Press Ctrl-C to stop.")
            process.wait()
            raise stack.failure(where)
    except KeyboardInterrupt:
        if process is None or detach:
            say(
                "系统仍在后台运行，用 ./fangkong down 停止。",
                "The stack keeps running; stop it with ./fangkong down.",
            )
            raise typer.Exit(130) from None
    finally:
        if process is not None and not detach:
            _stop_own(where, process)


def _announce(home: Home, status: dict[str, Any], *, found: bool, lan: bool) -> None:
    if found:
        if lan and not status["lan"]:
            raise LocalError(
                "系统正在以本机方式运行：请先 ./fangkong down，再 up --lan。",
                "The stack runs for this machine only: run ./fangkong down first, then up --lan.",
            )
        say("系统已在运行。", "The stack is running already.")
    else:
        seconds = stack.seconds_since_start()
        say(f"就绪，共 {seconds:.1f} 秒。", f"ready after {seconds:.1f} s")
    panel(home, status)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _stop_own(home: Home, process: subprocess.Popen[bytes]) -> None:
    """Stop the supervisor that we started; a second Ctrl-C does not leave it half stopped."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if process.poll() is None:
        with out.status("正在停止… [dim]stopping[/dim]"):
            process.terminate()
            process.wait(stack.DOWN_SECONDS)
        if home.status().get("phase") == "stopped":
            say("已停止。", "Stopped.")


@app.command()
def down(home: HomeOption = None) -> None:
    """按顺序停止 Stop everything in order."""
    where = home_of(home)
    pid = where.running()
    if not pid:
        say("系统没有运行。", "The stack is not running.")
        return
    with out.status("正在停止… [dim]stopping[/dim]"):
        stack.stop(where, pid)
    say("已停止。", "Stopped.")


@app.command()
def status(home: HomeOption = None) -> None:
    """进程、端口、内存、待处理 Processes, ports, memory, backlog; exit code 1 unless all are ready."""
    where = running_home(home)
    if not status_table(where, where.status()):
        raise typer.Exit(1)


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 For programs.")] = False,
    every: Annotated[bool, typer.Option("--all", help="也显示正常项 Also what is well.")] = False,
    home: HomeOption = None,
) -> None:
    """体检 Look for faults and say what to do; exit code 1 when something is wrong."""
    from deploy.cli.doctor import report  # noqa: PLC0415  # imports the driver and the migrations

    if not report(home_of(home), as_json=as_json, every=every):
        raise typer.Exit(1)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="gate, postgres, …", show_default=False)] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="持续显示 Go on.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="行数 How many last lines.", min=1)] = 100,
    home: HomeOption = None,
) -> None:
    """查看日志 Show logs."""
    where = home_of(home)
    known = sorted(file.stem for file in where.logs.glob("*.log"))
    if not known:
        raise LocalError(
            "还没有日志，请先执行 ./fangkong up。", "There are no logs yet; run ./fangkong up first."
        )
    if service is not None and service not in known:
        raise LocalError(
            f"没有 {service} 的日志，现有：{', '.join(known)}。",
            f"There is no log {service}; there are: {', '.join(known)}.",
        )
    with suppress(KeyboardInterrupt):
        print_logs(where, service, follow=follow, lines=lines)


@app.command()
def reset(
    *, yes: Annotated[bool, typer.Option("--yes", help="不询问 Do not ask.")] = False, home: HomeOption = None
) -> None:
    """删除全部数据 Delete all data (refused while running)."""
    where = home_of(home)
    if where.running() is not None:
        raise LocalError(
            "系统正在运行，请先 ./fangkong down。", "The stack is running; run ./fangkong down first."
        )
    if not where.path.exists():
        say("没有数据。", "There is no data.")
        return
    if not yes:
        typer.confirm(f"删除 {where.path} 里的全部数据？ Delete all data in {where.path}?", abort=True)
    Postgres(where.postgres).remove()
    where.erase()
    say("数据已删除。", "The data is deleted.")


@app.command("test")
def run_tests(  # a command, not a test
    paths: Annotated[
        list[Path] | None, typer.Argument(show_default=False, help="默认全部 Default: all.")
    ] = None,
    *,
    release: Annotated[bool, typer.Option("--release", help="含大规模测试 Also the large counts.")] = False,
    parallel: Annotated[int, typer.Option("--parallel", "-n", help="并行数 Test processes.")] = 3,
) -> None:
    """运行全部检查与测试 Run all checks and tests; anything skipped is a failure."""
    from deploy.cli import checks  # noqa: PLC0415  # only this command needs the test tools

    lanes = [checks.static_checks(), [*checks.page_checks(), *checks.security_checks()]]
    failed = 0 if paths else checks.run(*lanes)
    if failed + checks.run([checks.tests(paths or [], release=release, parallel=parallel)]):
        raise typer.Exit(1)


@app.command()
def token(
    role: Annotated[str, typer.Argument(help=", ".join(ROLES))],
    scope: Annotated[str | None, typer.Option(help="town, compound:lj-001, …", show_default=False)] = None,
    hours: Annotated[float, typer.Option(help="有效小时数 Hours it is valid.", min=0.01, max=24)] = 12,
    home: HomeOption = None,
) -> None:
    """签发演示令牌 Print an access token for a role, for trying the APIs."""
    where = running_home(home)
    account = account_of(role, scope)
    issuer = issuer_of(where, where.status())
    print(issuer.access_token(account, seconds=int(hours * 3600)))


@app.command()
def device(
    checkpoint: Annotated[str, typer.Argument(help="例如 for instance lj-001-k1")], home: HomeOption = None
) -> None:
    """发一个设备登记码 A code, link and QR code that take a phone into service at a checkpoint."""
    from deploy.cli.enrolling import show_code  # noqa: PLC0415  # only this command draws

    where = running_home(home)
    show_code(where, where.status(), checkpoint)


@app.command()
def walk(
    *,
    city: Annotated[
        str | None, typer.Option(help="区划代码 420100, 330300, … Where they come from.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="同一个数选同一个人 Which person.", show_default=False)
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="即使他人因此漏报 Even if others miss declarations.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """陪一位返回人员走完全程 One returnee, from arrival to the gate, in some seconds."""
    from deploy.cli import walk as walking  # noqa: PLC0415  # only this command needs the stream of returnees

    where = running_home(home)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        walking.walk(where, where.status(), city=city, seed=seed, anyway=anyway)
    except KeyboardInterrupt:
        say(
            "中途停下：这位返回人员仍在观察中，未报的时段会记为漏报。",
            "Stopped half way: the returnee stays under observation and misses what was not declared.",
        )
        raise typer.Exit(130) from None


@app.command("live")
def live_days(
    *,
    days: Annotated[int, typer.Option(help="天数 How many days.", min=1, max=14)] = 14,
    scale: Annotated[float, typer.Option(help="城镇规模 Of the town.", min=0.001, max=4.0)] = 0.02,
    seed: Annotated[int, typer.Option(help="同一个数，同一本账 The same seed, the same ledger.")] = 1,
    home: HomeOption = None,
) -> None:
    """全镇十四天快放并逐条核对 The town's days at speed; exit code 1 unless every fact is everywhere once."""
    from deploy.cli import live  # noqa: PLC0415  # imports the device client
    from deploy.live.plan import plan_of  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _interrupt)
    if not live.live_days(home_of(home), plan_of(seed=seed, scale=scale, days=days)):
        raise typer.Exit(1)


@app.command("faults")
def fault_campaign(
    *,
    number: Annotated[int, typer.Option("--n", help="故障次数 How many faults.", min=1)] = 200,
    days: Annotated[int, typer.Option(help="天数 How many days.", min=1, max=14)] = 14,
    scale: Annotated[float, typer.Option(help="城镇规模 Of the town.", min=0.001, max=4.0)] = 0.01,
    seed: Annotated[int, typer.Option(help="同一个数，同一串故障 The same seed, the same faults.")] = 1,
    controls: Annotated[
        bool, typer.Option("--controls/--no-controls", help="连同反例 With the negative controls.")
    ] = True,
    home: HomeOption = None,
) -> None:
    """边过日子边出故障并逐条核对 The days while everything breaks; exit code 1 unless nothing is lost or twice."""
    from deploy.cli import faults  # noqa: PLC0415  # imports the device client
    from deploy.live.plan import plan_of  # noqa: PLC0415

    signal.signal(signal.SIGTERM, _interrupt)
    plan = plan_of(seed=seed, scale=scale, days=days)
    if not faults.campaign(home_of(home), plan, number=number, controls=controls):
        raise typer.Exit(1)


@app.command()
def score(home: HomeOption = None) -> None:
    """导入核对答案 The import against the answer key; exit code 1 unless every row is as expected."""
    from deploy.cli.scoring import score_table  # noqa: PLC0415  # only this command needs the generator

    where = running_home(home)
    if not score_table(where, where.status()):
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild_read_models(
    name: Annotated[str, typer.Argument(help="读模型名或 all A read model, or all.")],
    *,
    compare_only: Annotated[
        bool, typer.Option("--compare-only", help="只比较，不更改 Change nothing.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="不接着上次 Do not go on from last time.")] = False,
    home: HomeOption = None,
) -> None:
    """重建读模型并逐行比较 Build read models again, compare, switch; exit code 1 when rows differed."""
    from deploy.cli.rebuild import rebuild_table  # noqa: PLC0415  # imports a service

    where = running_home(home)
    if not rebuild_table(where, where.status(), name, switch=not compare_only, fresh=fresh):
        raise typer.Exit(1)


@app.command()
def verify(home: HomeOption = None) -> None:
    """核对看板与各服务事实 Read models against the services' own rows; exit code 1 unless they agree."""
    from deploy.cli.verify import verify_table  # noqa: PLC0415  # imports the services

    where = running_home(home)
    if not verify_table(where, where.status()):
        raise typer.Exit(1)


@app.command("audit")
def audit_reads(
    *,
    heads: Annotated[
        Path | None,
        typer.Option(
            help="用另存的链头核对 Heads that were noted elsewhere.", show_default=False, exists=True
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """核对查阅记录链 Walk the log of who read whom; exit code 1 and the first broken link unless it is whole."""
    from deploy.cli.reads import audit_table  # noqa: PLC0415  # imports the services' runtime

    where = running_home(home)
    if not audit_table(where, where.status(), heads):
        raise typer.Exit(1)


@app.command("reapply-erasures")
def reapply_erasures(home: HomeOption = None) -> None:
    """恢复备份后重新执行清除 Erase again what a restored backup brought back."""
    from deploy.cli import erasures  # noqa: PLC0415  # imports the services

    where = running_home(home)
    erasures.show(asyncio.run(erasures.reapply_all(where, where.status())))


@letters_app.command("list")
def letters_list(home: HomeOption = None) -> None:
    """列出 List what waits."""
    from deploy.cli import letters  # noqa: PLC0415  # imports the services' runtime

    where = running_home(home)
    asyncio.run(letters.show(where, where.status()))


@letters_app.command("replay")
def letters_replay(service: str, letter: int, home: HomeOption = None) -> None:
    """重放 Apply one and what is parked behind it."""
    from deploy.cli import letters  # noqa: PLC0415  # imports the services' runtime

    where = running_home(home)
    asyncio.run(letters.settle(where, where.status(), service, letter, reason=None))


@letters_app.command("discard")
def letters_discard(
    service: str,
    letter: int,
    reason: Annotated[str, typer.Option(help="理由 Why; it is kept.", prompt="理由 reason")],
    home: HomeOption = None,
) -> None:
    """放弃 Let one go, with the reason."""
    from deploy.cli import letters  # noqa: PLC0415  # imports the services' runtime

    where = running_home(home)
    asyncio.run(letters.settle(where, where.status(), service, letter, reason=require_reason(reason)))


@app.command()
def events() -> None:
    """重新生成事件文档 Regenerate JSON Schemas and the AsyncAPI document."""
    raise typer.Exit(
        subprocess.run([sys.executable, "-m", "shared.events"], cwd=PROJECT, check=False).returncode
    )


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(help="table, gate, relay, projections, board, growth, stack, pages")
    ] = "table",
) -> None:
    """性能对比 Measure against limits and rivals in one run; table: all of them (--help of each tells its options)."""
    rest = context.args
    if what.startswith("-"):  # an option of the whole table
        what, rest = "table", [what, *rest]
    known = ("table", "gate", "relay", "projections", "board", "growth", "stack", "pages")
    if what not in known:
        raise LocalError(
            f"没有 {what} 的性能测试，现有：{', '.join(known)}。",
            f"There is no benchmark {what}; there are: {', '.join(known)}.",
        )
    argv = [sys.executable, "-m", f"tests.bench.{what}", *rest]
    raise typer.Exit(subprocess.run(argv, cwd=PROJECT, check=False).returncode)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def town(context: typer.Context) -> None:
    """只生成示例城镇的文件 Generate the town's files only (--out DIR --seed N --scale X)."""
    argv = [sys.executable, "-m", "deploy.town", *context.args]
    raise typer.Exit(subprocess.run(argv, cwd=PROJECT, check=False).returncode)


def main() -> NoReturn:
    """Run, and turn what stands in the way into a sentence."""
    try:
        app(prog_name="./fangkong")
    except LocalError as error:
        say_why(error)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
