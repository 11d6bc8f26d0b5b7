"""No service fetches what a caller names: what goes out goes to addresses of the settings, from these places alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENTS = {
    "httpx.AsyncClient", "httpx.Client", "httpx.get", "httpx.post", "httpx.request", "httpx.stream",
    "asyncio.open_connection", "asyncio.create_connection", "socket.create_connection", "urllib.request.urlopen",
    "urlopen", "http.client.HTTPConnection", "http.client.HTTPSConnection", "smtplib.SMTP", "ftplib.FTP",
}  # fmt: skip
"""How Python programs reach out; PostgreSQL and NATS are reached by their drivers only, which take no address of a
request: `shared/db` and `shared/bus`."""
FROM_SETTINGS = {
    "services/observation/handlers/webhook.py": "the message service: `settings.sms_webhook`, `.work_group_webhook`",
    "shared/http/auth.py": "the issuer's keys: `settings.jwks_url`, never an address that a token names",
    "shared/kernel/transit.py": "the key management: `settings.kms_url`",
    "shared/pages/oidc.py": "the issuer's endpoints: `settings.issuer` and what its own discovery document names",
}
"""Every place that makes a client, and where its addresses come from."""


def made(path: Path) -> Iterator[ast.Call]:
    """The clients that a module makes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLIENTS:
            yield node


def modules() -> list[Path]:
    return [path for part in ("services", "shared") for path in sorted((ROOT / part).rglob("*.py"))]


@pytest.mark.requirement("F19")
def test_clients_are_made_only_where_addresses_come_from_the_settings() -> None:
    found = {str(path.relative_to(ROOT)) for path in modules() if any(made(path))}
    assert found == FROM_SETTINGS.keys(), "who reaches out says here where the address comes from"


@pytest.mark.requirement("F19")
@pytest.mark.parametrize("name", sorted(FROM_SETTINGS))
def test_no_client_follows_where_an_answer_leads(name: str) -> None:
    for call in made(ROOT / name):
        said = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert said.get("follow_redirects") == "False", f"{name}:{call.lineno}"
        assert "timeout" in said, f"{name}:{call.lineno}"


def test_a_client_that_is_hidden_in_a_name_would_be_found() -> None:
    """An import under another name would slip past the search: there is none."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in {
                "httpx",
                "asyncio",
                "socket",
                "http.client",
            }:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                assert not names & CLIENTS, path
            if isinstance(node, ast.Import):
                hidden = [
                    one for one in node.names if one.asname and one.name in {"httpx", "socket", "asyncio"}
                ]
                assert not hidden, path
