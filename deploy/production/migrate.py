"""``python -m deploy.production.migrate SERVICE pre|post|all``: a service's databases, as the owner of their tables.

`pre` before the first process of a new version starts, `post` when the last one of the old version has ended, `all`
where nothing of the service runs. It also gives the service's own role what it may do with the tables: whoever made the
database need know nothing of that.
"""

import asyncio
import sys
from typing import get_args

from deploy.local.databases import KEYSTORE, privileges
from deploy.local.names import SERVICES
from deploy.local.state import PROJECT
from shared.db.migrations import MigrationError, Phase, migrate, service_sources
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Both databases of the service, as its owner role; a migration speaks with nobody else."""

    nats_url: str = ""
    issuer: str = ""


async def run(service: str, phase: Phase | None, settings: Settings) -> list[str]:
    """Bring both to the phase; returns what was applied now.

    Raises:
        MigrationError: see `shared.db.migrations`.
    """
    main, keys = settings.database_address(), settings.keystore_address()
    if keys is None:
        raise MigrationError("FANGKONG_KEYSTORE_URL: where the service's keys are")
    for address in (main, keys):
        await privileges(address, service)
    sources = service_sources(service, PROJECT / "services" / service)
    applied = await migrate(main, sources, phase=phase)
    return applied + await migrate(keys, [KEYSTORE], phase=phase)


def main(arguments: list[str]) -> None:
    """Run it and say what was done."""
    phases: dict[str, Phase | None] = {"all": None} | {phase: phase for phase in get_args(Phase)}
    if len(arguments) != 2 or arguments[0] not in SERVICES or arguments[1] not in phases:
        sys.exit(f"migrate {'|'.join(SERVICES)} {'|'.join(phases)}")
    try:
        applied = asyncio.run(run(arguments[0], phases[arguments[1]], Settings()))
    except MigrationError as error:
        sys.exit(str(error))
    for name in applied:
        print(name)
    print(f"{len(applied)} applied")


if __name__ == "__main__":
    main(sys.argv[1:])
