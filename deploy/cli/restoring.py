"""``./fangkong backup``, ``restore`` and ``beyond``: a service as it stood at a moment, while the others go on."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import typer
from rich.table import Table

from deploy.cli.words import HomeOption, out, require_reason, require_service, running_home, say
from deploy.local import beyond, databases
from deploy.local.backups import Backups, archived, replace
from deploy.local.errors import LocalError
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from shared.kernel.days import SHANGHAI

WAIT_SECONDS = 120.0
beyond_app = typer.Typer(no_args_is_help=True, help="多出的事件 Events held beyond a restored service.")


def backup(home: HomeOption = None) -> None:
    """备份全部数据库 Copy all databases; from then on every moment can be had again, for seven days."""
    where = running_home(home)
    backups = Backups(postgres=archived(where, where.status()["ports"]["postgres"]))
    with out.status("备份… [dim]copying[/dim]"):
        made = backups.take()
    say(
        f"已备份到 {made.folder}；此后每分钟归档，7 天后删除。",
        f"Copied. Archived by the minute from now on, deleted after 7 days; {len(backups.kept())} kept.",
    )


def restore(
    service: Annotated[str, typer.Argument(help=", ".join(SERVICES))],
    *,
    to: Annotated[
        str | None,
        typer.Option(
            help="时间 2026-03-01T09:30:00 (+08:00); 默认最新 default: the latest.", show_default=False
        ),
    ] = None,
    keys: Annotated[
        bool, typer.Option("--keys", help="连同密钥库 The key store too: only where it is lost.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """恢复一个服务到某一时刻 One service as it stood at a moment; the others go on, and name what they hold beyond."""
    require_service(service)
    where = running_home(home)
    asyncio.run(restored(where, where.status(), service, moment_of(to), keys=keys))


def moment_of(text: str | None) -> datetime | None:
    """A moment as people write it; without a zone it is of the town.

    Raises:
        LocalError: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(
            f"{text} 不是时间，例如 2026-03-01T09:30:00。", f"{text} is no moment, as 2026-03-01T09:30:00 is."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


async def restored(
    home: Home, status: Mapping[str, Any], service: str, to: datetime | None, *, keys: bool
) -> None:
    """Recover beside the live cluster, put the service's database in its place, and start it again."""
    from deploy.cli import erasures  # noqa: PLC0415  # imports the services

    postgres = archived(home, status["ports"]["postgres"])
    backups, secrets = Backups(postgres=postgres), Secrets(folder=home.secrets)
    main, keystore = databases.names_of(service)
    if to is not None and to > datetime.now(UTC):  # or there is no reason to stop anything
        raise LocalError(f"{to} 还没有到。", f"{to} is still to come.")
    backups.leading_to(to or datetime.now(UTC))
    with held_down(home, service):
        await held(home, service)
        latest = await backups.archive_now()
        target = latest if to is None else min(to, latest)
        say(
            f"正在恢复到 {target.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}…",
            "Recovering beside the live cluster…",
        )
        recovered = await backups.recover(target)
        try:
            for name in (main, keystore) if keys else (main,):
                await replace(postgres, recovered, name)
        finally:
            await asyncio.to_thread(recovered.remove)
        await databases.provision(postgres.superuser_url(), secrets)
        await databases.migrate_all(postgres.port, secrets)
        done = (await erasures.reapply_all(home, status, (service,)))[service]
        if done.keys or done.blanked:
            say(
                f"备份之后清除过的人已再次清除：密钥 {done.keys}，记录 {done.blanked}。",
                f"Erased again what the backup brought back: {done.keys} keys, {done.blanked} records.",
            )
    await ready(home, service)
    say(f"{service} 已恢复，并开始新的纪元。", f"{service} is back, in a new epoch.")
    say(
        "其他服务若持有更新的事件：./fangkong beyond list；看板以 ./fangkong rebuild all 重建。",
        "What others hold beyond it: ./fangkong beyond list; ./fangkong rebuild all for headquarters' figures.",
    )


@contextmanager
def held_down(home: Home, service: str) -> Iterator[None]:
    """The service stays down meanwhile, also where something fails."""
    home.hold(service)
    try:
        yield
    finally:
        home.let_go(service)


async def held(home: Home, service: str) -> None:
    """Wait until the supervisor has stopped it."""
    await _until(home, service, "held")


async def ready(home: Home, service: str) -> None:
    """Wait until it answers."""
    await _until(home, service, "ready")


async def _until(home: Home, service: str, state: str) -> None:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while home.status()["children"][service]["state"] != state:  # noqa: ASYNC110  # a file tells
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise LocalError(
            f"{service} 没有进入状态 {state}，详见 ./fangkong logs {service}。",
            f"{service} does not become {state}; see ./fangkong logs {service}.",
        ) from None


@beyond_app.command("list")
def beyond_list(home: HomeOption = None) -> None:
    """列出 What consumers hold of events that a restored service no longer has; exit code 1 where there is any."""
    where = running_home(home)
    if beyond_table(where, where.status()):
        raise typer.Exit(1)


@beyond_app.command("settle")
def beyond_settle(
    service: str,
    reason: Annotated[str, typer.Option(help="处理说明 What was done; it is kept.", prompt="说明 reason")],
    home: HomeOption = None,
) -> None:
    """了结 Somebody saw to what a service holds; the reason is kept."""
    require_service(service)
    said = require_reason(reason)
    where = running_home(home)
    urls = databases.app_urls(where.status()["ports"]["postgres"], Secrets(folder=where.secrets))
    count = asyncio.run(_settle(urls[service], said))
    say(f"已了结 {count} 段。", f"{count} settled; the reason is kept.")


async def _settle(url: str, reason: str) -> int:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await beyond.settle(connection, reason)
    finally:
        await connection.close()


def beyond_table(home: Home, status: Mapping[str, Any]) -> int:
    """Print who holds what beyond which restored service; returns how many stretches there are."""
    urls = databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))
    found = asyncio.run(beyond.held_beyond(urls))
    if found:
        show_held(found)
    else:
        say("没有多出的事件。", "Nobody holds anything beyond a restored service.")
    return len(found)


def show_held(found: Sequence[beyond.Held]) -> None:
    """Who holds what."""
    table = Table(title="恢复后多出的事件 events held beyond a restored service")
    for column in ("consumer", "producer", "epoch", "positions", "events"):
        table.add_column(column, justify="right" if column in {"epoch", "events"} else "left")
    for one in found:
        where = f"{one.from_pos}–{one.to_pos}"
        table.add_row(one.consumer, f"{one.producer}.{one.channel}", str(one.epoch), where, f"{one.events:,}")
    out.print(table)
