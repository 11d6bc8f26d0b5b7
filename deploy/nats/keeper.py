"""The streams' administrator as a process: ``python -m deploy.nats.keeper``, told everything by its environment.

Makes and mends the streams and their readers for as long as it runs; while it is away, everything that exists goes on.
"""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.nats.streams import keep_streams
from deploy.nats.users import ADMIN
from shared.bus.credentials import Credentials
from shared.kernel.tasks import stop
from shared.obs import logging


class Settings(BaseSettings):
    """As those of a service, where both have one."""

    model_config = SettingsConfigDict(env_prefix="FANGKONG_", extra="ignore", frozen=True)

    nats_url: str
    nats_credentials_file: Path
    nats_ca_file: Path | None = None
    nats_replicas: Annotated[int, Field(ge=1, le=5)] = 3
    log_level: str = "info"


async def keep(settings: Settings) -> None:
    """Until SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    keeping = asyncio.create_task(
        keep_streams(
            settings.nats_url,
            Credentials.read(settings.nats_credentials_file, ADMIN),
            ca_file=settings.nats_ca_file,
            replicas=settings.nats_replicas,
        ),
        name="keep",
    )
    await stopping.wait()
    await stop(keeping)


def main() -> None:
    """Keep the streams."""
    settings = Settings()
    logging.configure("streams", settings.log_level)
    asyncio.run(keep(settings))


if __name__ == "__main__":
    main()
