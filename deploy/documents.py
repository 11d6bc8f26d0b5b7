"""`python -m deploy.documents`: write every generated document of the contract.

Event schemas, samples of new events, the AsyncAPI description, each service's OpenAPI document, the access matrix,
the architecture and capacity pages, Prometheus' rules and Grafana's boards, the files of a production installation, the
vectors of the entry rule, and what the guard's page needs of it. Nothing has to run for it: the applications are put
together around a database that is never connected.
"""

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from deploy import access_matrix, architecture_page
from deploy.capacity import page as capacity_page
from deploy.local.secrets import Secrets
from deploy.production import render
from deploy.watch import boards, papers, rules
from services.gate.client import contract, vectors
from shared.context import Context
from shared.db.keystore import PostgresKeyStore
from shared.db.pool import Database
from shared.events import documents
from shared.events.catalogue import PUBLISHERS
from shared.kernel.cards import CardKeys
from shared.kernel.clock import SystemClock
from shared.kernel.masters import MasterKeys
from shared.kernel.sealed import Vault
from shared.runtime import Service, assemble

SERVICES = Path(__file__).parents[1] / "services"


def put_together(service: str) -> tuple[Service, Context]:
    """A service around a database that is never connected."""
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
        return importlib.import_module(f"services.{service}.app").build(context), context


def openapi(service: str) -> dict[str, Any]:
    """A service's OpenAPI document."""
    return assemble(*put_together(service)).openapi()


def architecture() -> str:
    """The architecture page."""
    return architecture_page.text({service: put_together(service)[0] for service in PUBLISHERS})


def files() -> Iterator[tuple[Path, str]]:
    """Every document with its text; event samples that exist are frozen and left out."""
    yield from documents.files()
    for service in PUBLISHERS:
        yield SERVICES / service / "openapi.json", documents.render(openapi(service))
    yield access_matrix.FILE, access_matrix.text()
    yield architecture_page.FILE, architecture()
    yield from capacity_page.documents()
    yield from rules.documents()
    yield from boards.documents()
    yield from papers.documents()
    yield from render.files()
    yield SERVICES / "gate" / "page" / "src" / "rule" / "contract.json", contract.text()


if __name__ == "__main__":
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if vectors.read() != list(vectors.lines()):
        vectors.write()
