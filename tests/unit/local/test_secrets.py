import base64
import json
from pathlib import Path

import pytest

from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    made = Secrets(folder=tmp_path / "secrets")
    made.make()
    return made


def cards(secrets: Secrets, service: str) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = json.loads(secrets.card_keys_file(service).read_text())
    return found


def test_only_their_owner_can_read_them(secrets: Secrets) -> None:
    files = list(secrets.folder.iterdir())
    assert len(files) == 2 + 2 * len(SERVICES)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_they_never_change_because_data_is_encrypted_with_them(secrets: Secrets) -> None:
    before = {file.name: file.read_text() for file in secrets.folder.iterdir()}
    secrets.make()
    assert {file.name: file.read_text() for file in secrets.folder.iterdir()} == before


def test_every_service_has_a_master_key_of_its_own(secrets: Secrets) -> None:
    keys = set()
    for service in SERVICES:
        master = json.loads(secrets.master_key_file(service).read_text())
        for part in (master, master["index_key"]):
            key = part["keys"][part["current"]]
            assert len(base64.b64decode(key)) == 32
            keys.add(key)
    assert len(keys) == 2 * len(SERVICES)


@pytest.mark.parametrize(
    ("service", "holds"),
    [
        ("registry", {"registry", "gate", "observation", "sanitation"}),
        ("gate", {"gate", "registry"}),
        ("observation", {"observation"}),
        ("sanitation", {"sanitation"}),
        ("reporting", set()),
    ],
)
def test_a_service_holds_the_card_keys_it_needs_and_no_others(
    secrets: Secrets, service: str, holds: set[str]
) -> None:
    assert set(cards(secrets, service)) == holds


def test_the_recipient_has_the_sealers_key(secrets: Secrets) -> None:
    assert cards(secrets, "registry")["gate"] == cards(secrets, "gate")["gate"]
    assert cards(secrets, "gate")["registry"] == cards(secrets, "registry")["registry"]
    assert cards(secrets, "registry")["gate"] != cards(secrets, "registry")["observation"]


def test_passwords_need_no_quoting_in_sql_or_an_address(secrets: Secrets) -> None:
    for service in SERVICES:
        for kind in ("owner", "app"):
            password = secrets.password(f"{service}_{kind}")
            assert len(password) >= 32
            assert password.replace("-", "").replace("_", "").isalnum()
