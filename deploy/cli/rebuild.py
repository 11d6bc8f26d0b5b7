"""``./fangkong rebuild``: build read models of headquarters again beside the live ones, compare, switch."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rich.progress import TaskID

from deploy.cli.letters import environment_of, settings_of
from deploy.cli.words import out, progress, say
from deploy.local.errors import LocalError
from deploy.local.state import Home
from services.reporting.projections import all_projections
from services.reporting.rebuild import Channel, Outcome, RebuildError, chosen, rebuild
from shared.bus.credentials import Credentials
from shared.bus.link import Link
from shared.context import open_context
from shared.kernel.clock import clock_from
from shared.obs import logging as logs

SERVICE = "reporting"
BUS_SECONDS = 10.0


async def run(
    home: Home, status: Mapping[str, Any], name: str, *, switch: bool, fresh: bool
) -> list[Outcome]:
    """Rebuild with a bar for every channel.

    Raises:
        LocalError: no such projection, the bus is away, or the rebuild cannot go on now.
    """
    projections = chosen(all_projections(), name)
    if not projections:
        known = ", ".join(sorted(one.projection for one in all_projections()))
        raise LocalError(
            f"没有名为 {name} 的读模型，现有：all, {known}。",
            f"There is no read model {name}; there are: all, {known}.",
        )
    logs.configure(SERVICE, level="error")  # the bars and the sentence at the end say the rest
    os.environ.update(environment_of(home, status, SERVICE))
    settings = settings_of(SERVICE)
    context = await open_context(SERVICE, settings, clock_from(settings))
    link = Link(
        settings.nats_url,
        name=SERVICE,
        credentials=Credentials.read(settings.nats_credentials_file, SERVICE),
        ca_file=settings.nats_ca_file,
    )
    link.start()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(BUS_SECONDS):
                await link.up.wait()
        with progress() as bars:
            tasks: dict[Channel, TaskID] = {}

            def told(channel: Channel, done: int, total: int) -> None:
                if channel not in tasks:
                    tasks[channel] = bars.add_task(".".join(channel), total=total)
                bars.update(tasks[channel], completed=done, total=total)

            return await rebuild(
                context.database, link, projections, name=name, told=told, switch=switch, fresh=fresh
            )
    except RebuildError as error:
        raise LocalError(
            f"重建中断，已完成的部分保留，再次执行即可继续：{error}",
            f"The rebuild stopped; what is built is kept and the next call goes on from there: {error}",
        ) from error
    finally:
        await link.stop()
        await context.close()


def rebuild_table(home: Home, status: Mapping[str, Any], name: str, *, switch: bool, fresh: bool) -> bool:
    """Rebuild, print every difference; returns whether there was none."""
    outcomes = asyncio.run(run(home, status, name, switch=switch, fresh=fresh))
    for outcome in outcomes:
        for one in outcome.differences:
            out.print(
                f"{outcome.projection} · {one.table} {dict(one.key)}: "
                f"现有 live {_row(one.live)}, 重建 rebuilt {_row(one.rebuilt)}",
                soft_wrap=True,
                markup=False,
            )
        if outcome.beyond:
            say(
                f"{outcome.projection}：有 {outcome.beyond} 段事件，恢复后的服务已不再保存，重建结果里没有。",
                f"{outcome.projection} held events that a restored service has no more; the rebuilt rows do without.",
            )
    differing = sum(len(outcome.differences) for outcome in outcomes)
    events = sum(outcome.events for outcome in outcomes)
    if not differing:
        say(
            f"{len(outcomes)} 个读模型由 {events:,} 条事件重建，逐行一致。",
            f"{len(outcomes)} read models rebuilt, equal row by row.",
        )
    elif switch:
        say(
            f"{differing:,} 行不同，已换成重建的结果。",
            f"{differing:,} rows differed; the rebuilt ones are in use now.",
        )
    else:
        say(f"{differing:,} 行不同，未作更改。", f"{differing:,} rows differ; nothing was changed.")
    return not differing


def _row(row: Mapping[str, Any] | None) -> str:
    return "–" if row is None else str(dict(row))
