"""Dead letters from the command line: what a service set aside, and settling it."""

import importlib
import os
from collections.abc import Mapping
from typing import Any

import asyncpg
from rich.table import Table

from deploy.cli.words import out, require_service, say
from deploy.local import databases
from deploy.local.errors import LocalError
from deploy.local.programs import Surroundings, services
from deploy.local.secrets import Secrets
from deploy.local.state import Home, Plan
from shared.bus.dead_letters import NoSuchDeadLetterError, list_dead
from shared.bus.settle import discard, replay
from shared.context import open_context
from shared.kernel.clock import clock_from
from shared.settings import ServiceSettings


async def show(home: Home, status: Mapping[str, Any]) -> int:
    """Print what waits in every service; returns how many."""
    table = Table(title="死信 dead letters")
    for column in ("service", "id", "consumer", "event", "position", "reason", "error", "since"):
        table.add_column(column)
    waiting = 0
    for service, url in databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets)).items():
        connection = await asyncpg.connect(url)
        try:
            for row in await list_dead(connection):
                waiting += 1
                table.add_row(
                    service,
                    str(row["id"]),
                    row["consumer"],
                    row["event_type"] or "?",
                    f"{row['producer']}.{row['channel']} {row['epoch']}:{row['pos']}",
                    row["reason"],
                    row["error"],
                    f"{row['created_at']:%m-%d %H:%M:%S}",
                )
        finally:
            await connection.close()
    if waiting:
        out.print(table)
    else:
        say("没有死信。", "No dead letters.")
    return waiting


async def settle(
    home: Home, status: Mapping[str, Any], service: str, letter: int, *, reason: str | None
) -> None:
    """Replay a dead letter with the service's own consumers, or, with a reason, let it go.

    Raises:
        LocalError: no such service or letter.
    """
    require_service(service)
    os.environ.update(environment_of(home, status, service))
    settings = settings_of(service)
    build = importlib.import_module(f"services.{service}.app").build
    context = await open_context(service, settings, clock_from(settings))
    try:
        if reason is None:
            assembled = build(context)
            context.database.rejections = assembled.rejections
            consumers = {consumer.name: consumer for consumer in assembled.consumers}
            count = await replay(context.database, consumers, letter)
            say(f"已重放 {count} 条。", f"{count} replayed.")
        else:
            await discard(context.database, letter, reason)
            say("已放弃，理由已记录。", "Discarded; the reason is kept.")
    except NoSuchDeadLetterError:
        raise LocalError(
            f"{service} 没有编号 {letter} 的待处理死信。", f"No dead letter {letter} waits in {service}."
        ) from None
    finally:
        await context.close()


def settings_of(service: str) -> ServiceSettings:
    """The service's own settings, read from the environment like in its process."""
    module = importlib.import_module(f"services.{service}.settings")
    own = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
    ]
    settings: ServiceSettings = next(kind for kind in own if issubclass(kind, ServiceSettings))()
    return settings


def environment_of(home: Home, status: Mapping[str, Any], service: str) -> dict[str, str]:
    """What the supervisor gives the service's process."""
    around = Surroundings(
        home=home,
        plan=Plan(ports=status["ports"], lan=False),
        secrets=Secrets(folder=home.secrets),
        certificate=None,
        host="127.0.0.1",
    )
    return dict(next(program.env for program in services(around) if program.name == service))
