"""``./fangkong reapply-erasures``: what was erased goes again from databases and key stores that were restored.

A service does this by itself before it opens, for all that its own database or key store knows. Where both come from a
backup that is older than an erasure, the other services tell who was erased: that is what this does besides.
"""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

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
from shared.db.erasures import Reapplied, reapply_erasures
from shared.kernel.clock import clock_from
from shared.runtime import open_context


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
    return {service: await _reapply(home, status, service, people) for service in services}


async def _reapply(home: Home, status: Mapping[str, Any], service: str, people: set[Any]) -> Reapplied:
    os.environ.update(environment_of(home, status, service))
    settings = settings_of(service)
    context = await open_context(service, settings, clock_from(settings))
    try:
        forget = import_module(f"services.{service}.app").build(context).forget
        if context.keystore is None:
            return Reapplied(keys=0, blanked=0)
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
