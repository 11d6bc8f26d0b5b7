"""A service in the process of a benchmark, over HTTP without a network, on a database that syncs."""

import importlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from deploy.local.issuer import Account, Issuer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from shared.context import Context, open_context
from shared.kernel.clock import SteppedClock, write_control
from shared.obs import logging
from shared.runtime import assemble
from shared.testing.databases import Databases

ISSUER_URL = "http://issuer.bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The service and who calls it."""

    context: Context
    http: httpx.AsyncClient
    issuer: Issuer
    owner_url: str

    def as_role(self, role: str, scope: str = "town") -> dict[str, str]:
        """Headers of somebody with one role."""
        account = Account(subject=f"bench-{role}", name=role, role=role, scope=scope)
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}


@asynccontextmanager
async def inside(name: str, now: datetime) -> AsyncIterator[Inside]:
    """A service at a moment that stands still, with nothing in its database."""
    logging.configure("bench", "error")
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        server = Postgres(folder / "pg")
        server.start()
        try:
            secrets = Secrets(folder=folder / "secrets")
            secrets.make()
            issuer = Issuer(folder, folder / "key.json", ISSUER_URL)
            issuer.make()
            clock_file = folder / "clock.json"
            write_control(clock_file, now, 0.0)
            urls = await Databases(server.superuser_url()).fresh(name)
            settings = importlib.import_module(f"services.{name}.settings").Settings(
                mode="test",
                database_url=urls.database,
                nats_url="nats://127.0.0.1:1",
                issuer=ISSUER_URL,
                jwks_file=issuer.folder / "jwks.json",
                clock_file=clock_file,
                caller_rate_scale=1_000,
            )
            context = await open_context(name, settings, SteppedClock(clock_file))
            service = importlib.import_module(f"services.{name}.app").build(context)
            transport = httpx.ASGITransport(app=assemble(service, context))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://{name}.bench", timeout=120
            ) as http:
                yield Inside(context=context, http=http, issuer=issuer, owner_url=urls.owner)
            await context.close()
        finally:
            server.stop()
            server.remove()
