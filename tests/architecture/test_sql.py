"""Every statement of the product is prepared by PostgreSQL against the migrated schema."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest

import services
import shared.bus
from shared.db import keystore
from shared.testing.databases import Urls

SERVICES = ("gate", "observation", "registry", "reporting", "sanitation")
_SQL = re.compile(r"^\s*(with|select|insert|update|delete)\b", re.IGNORECASE)


def modules(package: ModuleType, prefix: str) -> Iterator[ModuleType]:
    """All modules below a package."""
    for found in pkgutil.walk_packages(package.__path__, prefix):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def statements(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The SQL constants of a module."""
    for name, value in vars(module).items():
        if isinstance(value, str) and name.strip("_").isupper() and _SQL.match(value):
            yield f"{module.__name__}.{name}", value


async def prepare(url: str, found: Iterator[tuple[str, str]]) -> int:
    connection = await asyncpg.connect(url)
    count = 0
    try:
        for name, statement in found:
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                raise AssertionError(f"{name}: {error}") from error
            count += 1
    finally:
        await connection.close()
    return count


@pytest.mark.parametrize("service", SERVICES)
async def test_every_statement_of_a_service_prepares(
    service: str, database_url: Callable[[str], Awaitable[Urls]]
) -> None:
    package = importlib.import_module(f"services.{service}")
    urls = await database_url(service)
    found = (pair for module in modules(package, f"services.{service}.") for pair in statements(module))
    assert await prepare(urls.database, found) > 5


async def test_every_statement_of_the_runtime_prepares(
    database_url: Callable[[str], Awaitable[Urls]],
) -> None:
    urls = await database_url("gate")
    found = [
        pair
        for module in [
            *modules(shared.bus, "shared.bus."),
            *map(
                importlib.import_module,
                (
                    "shared.leader",
                    "shared.pages.sessions",
                    "shared.audit.chain",
                    "shared.audit.noting",
                    "shared.audit.reads",
                    "shared.audit.browsing",
                    "shared.db.erasures",
                    "shared.db.home",
                    "shared.second_person.requests",
                ),
            ),
        ]
        for pair in statements(module)
    ]
    assert await prepare(urls.database, iter(found)) > 15
    assert await prepare(urls.keystore, statements(keystore)) > 3


def test_sql_lives_in_stores_and_projections_only() -> None:
    allowed = re.compile(r"^services\.[a-z]+\.(store|projections|queries)(\.|$)")
    strays = [
        name
        for module in modules(services, "services.")
        if not allowed.match(module.__name__)
        for name, _ in statements(module)
    ]
    assert strays == []


def test_readings_are_written_down_in_one_place_and_where_the_gate_decides() -> None:
    root = Path(services.__path__[0]).parent
    writers = {
        str(file.relative_to(root))
        for folder in ("services", "shared")
        for file in (root / folder).rglob("*.py")
        if "insert into audit_read" in file.read_text(encoding="utf-8").lower()
    }
    assert writers == {
        "shared/audit/noting.py",
        "shared/audit/browsing.py",  # once an account and hour
        *(f"services/gate/store/{name}.py" for name in ("checks", "lists", "vehicles")),
    }


# A lock, a setting, a channel or a table of a session: it would outlive the transaction, and the pool resets nothing.
_OF_A_SESSION = re.compile(
    r"\bpg_(try_)?advisory_lock(_shared)?\s*\(|\bset_config\s*\((?![^)]*,\s*true\s*\))"
    r"|^\s*set\s+(session\s+)?[a-z_.]+\s*(=|\bto\b)|^\s*listen\s+\w+\s*$|\bcreate\s+temp(?![^;]*\bon commit drop\b)",
    re.IGNORECASE,
)
_OWN_CONNECTIONS = {"shared/leader.py", "shared/db/migrations.py"}
"""Who leads and who migrates hold a session's lock on a connection of their own, which ends with them."""


def test_no_statement_leaves_anything_in_its_session() -> None:
    root = Path(services.__path__[0]).parent
    found = {
        str(file.relative_to(root))
        for folder in ("services", "shared")
        for file in (root / folder).rglob("*.py")
        if "testing" not in file.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _OF_A_SESSION.search(node.value)
    }
    assert found == _OWN_CONNECTIONS
