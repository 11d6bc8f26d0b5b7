"""`python -m deploy.documents`: write every generated document of the contract.

Event schemas, samples of new events, the AsyncAPI description, each service's OpenAPI document, and the vectors of the
entry rule. Nothing has to run for it: the applications are put together around a database that is never connected.
"""

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from deploy.local.secrets import Secrets
from services.gate.client import vectors
from shared.db.keystore import PostgresKeyStore
from shared.db.pool import Database
from shared.events import documents
from shared.events.catalogue import PUBLISHERS
from shared.kernel.cards import CardKeys
from shared.kernel.clock import SystemClock
from shared.kernel.sealed import MasterKeys, Vault
from shared.runtime import Context, assemble

SERVICES = Path(__file__).parents[1] / "services"


def openapi(service: str) -> dict[str, Any]:
    """A service's OpenAPI document."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        secrets = Secrets(folder=Path(folder))
        secrets.make()
        settings = importlib.import_module(f"services.{service}.settings").Settings(
            mode="test",
            database_url="postgresql://never-connected",
            nats_url="nats://never-connected",
            issuer="https://issuer.example",
            jwks_file=Path(folder) / "jwks.json",
        )
        context = Context(
            settings=settings,
            clock=clock,
            database=Database(settings.database_url, service=service, clock=clock),
            keystore=None,
            own_vault=Vault(
                PostgresKeyStore(cast("Any", None)), MasterKeys.load(secrets.master_key_file(service)), clock
            ),
            own_cards=CardKeys.load(secrets.card_keys_file(service)),
        )
        app = assemble(importlib.import_module(f"services.{service}.app").build(context), context)
    return app.openapi()


def files() -> Iterator[tuple[Path, str]]:
    """Every document with its text; event samples that exist are frozen and left out."""
    yield from documents.files()
    for service in PUBLISHERS:
        yield SERVICES / service / "openapi.json", documents.render(openapi(service))


if __name__ == "__main__":
    for path, text in files():
        path.write_text(text, encoding="utf-8")
    if vectors.read() != list(vectors.lines()):
        vectors.write()
