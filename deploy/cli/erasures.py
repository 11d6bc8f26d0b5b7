"""``./fangkong reapply-erasures``: what was erased goes again from databases and key stores that were restored.

A service does this by itself before it opens, for all that its own database or key store knows. Where both come from a
backup that is older than an erasure, the other services tell who was erased: that is what this does besides. If any of
them was closed down (0063), the others are.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg
from rich.table import Table

from deploy.cli.letters import environment_of, settings_of
from deploy.cli.words import out, say
from deploy.local import databases
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from services.observation.store import erasure as observation
from services.registry.store import erasure as registry
from shared.context import open_context
from shared.db import closing
from shared.db.erasures import Reapplied, reapply_erasures
from shared.kernel.clock import clock_from


async def reapply_all(
    home: Home, status: Mapping[str, Any], services: Sequence[str] = SERVICES
) -> dict[str, Reapplied]:
    """Do it in services, with the people whom any service knows to be erased.

    A service that came back with its keys from before an erasure knows nothing of it; others do.
    """
    urls = databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))
    people: set[Any] = set()
    for service, statement in (
        ("registry", registry.ERASED_PEOPLE),
        ("observation", observation.ERASED_PEOPLE),
    ):
        connection = await asyncpg.connect(urls[service])
        try:
            people.update(row["person_ref"] for row in await connection.fetch(statement))
        finally:
            await connection.close()
    closed = await _closed(urls)
    return {service: await _reapply(home, status, service, people, closed) for service in services}


async def _closed(urls: Mapping[str, str]) -> tuple[UUID, datetime] | None:
    """By which closing any service is closed down, and when it was approved."""
    for service in SERVICES:
        connection = await asyncpg.connect(urls[service])
        try:
            row = await connection.fetchrow(closing.NOTED)
        finally:
            await connection.close()
        if row is not None:
            return row["closing_id"], row["approved_at"]
    return None


async def _reapply(
    home: Home,
    status: Mapping[str, Any],
    service: str,
    people: set[Any],
    closed: tuple[UUID, datetime] | None,
) -> Reapplied:
    os.environ.update(environment_of(home, status, service))
    settings = settings_of(service)
    context = await open_context(service, settings, clock_from(settings))
    try:
        forget = import_module(f"services.{service}.app").build(context).forget
        if context.keystore is None:
            return Reapplied(keys=0, blanked=0)
        if closed is not None:  # the service that runs destroys what it finds, as when it hears of it
            async with context.database.begin(actor=closing.ACTOR) as tx:
                await closing.close_down(tx, context.keystore, *closed)
        return await reapply_erasures(context.database, context.keystore, context.vault, forget, also=people)
    finally:
        await context.close()


def show(done: Mapping[str, Reapplied]) -> None:
    """Print what was done again, service by service."""
    table = Table(title="清除记录 erasures", box=None)
    for column in ("service", "再次销毁的密钥 keys", "再次清除的记录 blanked"):
        table.add_column(column)
    for service, one in done.items():
        table.add_row(service, f"{one.keys:,}", f"{one.blanked:,}")
    out.print(table)
    say("已全部重新执行。", "Everything that was erased is erased again.")
