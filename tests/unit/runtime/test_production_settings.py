"""What production mode refuses, setting by setting, and what it says about it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.secrets import Secrets
from services.gate.app import build
from services.gate.settings import Settings
from services.observation.settings import Settings as ObservationSettings
from shared.bus.credentials import Credentials
from shared.production import faults, insist
from shared.runtime import serve

PASSWORD = "Xk3-not-to-be-printed"


@pytest.fixture
def good(tmp_path: Path) -> dict[str, Any]:
    """Settings as they belong in production."""
    secrets = Secrets(folder=tmp_path)
    secrets.make()
    secrets.write_nats(Credentials.new("gate"))
    for name in ("database.pw", "server.key", "client-secret"):
        (tmp_path / name).write_text(PASSWORD + "\n")
        (tmp_path / name).chmod(0o400)
    (tmp_path / "server.crt").touch()
    query = f"sslmode=verify-full&sslrootcert={tmp_path}/ca.crt"
    return {
        "mode": "production",
        "database_url": f"postgresql://gate_app@db.example:5432/gate?{query}",
        "database_password_file": tmp_path / "database.pw",
        "keystore_url": f"postgresql://gate_app@keys.example:5432/gate_keys?{query}",
        "keystore_password_file": tmp_path / "database.pw",
        "nats_url": "tls://nats-1.example:4222,tls://nats-2.example:4222",
        "nats_credentials_file": secrets.nats_file("gate"),
        "nats_ca_file": tmp_path / "ca.crt",
        "http_host": "0.0.0.0",  # noqa: S104
        "tls_cert": tmp_path / "server.crt",
        "tls_key": tmp_path / "server.key",
        "master_key_file": secrets.master_key_file("gate"),
        "card_keys_file": secrets.card_keys_file("gate"),
        "issuer": "https://login.example",
        "jwks_url": "https://login.example/keys",
        "public_url": "https://gate.example",
        "oidc_client_secret_file": tmp_path / "client-secret",
    }


def test_settings_that_belong_there_are_accepted(good: dict[str, Any]) -> None:
    settings = Settings(**good)
    assert list(faults(settings)) == []
    insist(settings)
    address = settings.database_address()
    assert address.startswith(f"postgresql://gate_app:{PASSWORD}@db.example:5432/gate?sslmode=verify-full")


def test_a_line_from_an_ingress_of_the_same_machine_needs_no_certificate(good: dict[str, Any]) -> None:
    assert (
        list(faults(Settings(**good | {"http_host": "127.0.0.1", "tls_cert": None, "tls_key": None}))) == []
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (
            {"database_url": "postgresql://gate_app@db/gate"},
            "FANGKONG_DATABASE_URL: add ?sslmode=verify-full",
        ),
        ({"database_url": "postgresql://gate_app@db/gate?sslmode=require"}, "FANGKONG_DATABASE_URL: add"),
        (
            {"database_url": f"postgresql://gate_app:{PASSWORD}@db/gate?sslmode=verify-full"},
            "FANGKONG_DATABASE_URL holds a password: put it into FANGKONG_DATABASE_PASSWORD_FILE",
        ),
        (
            {"database_url": f"postgresql://gate_app@db/gate?sslmode=verify-full&password={PASSWORD}"},
            "FANGKONG_DATABASE_URL holds a password",
        ),
        ({"database_password_file": None}, "FANGKONG_DATABASE_PASSWORD_FILE: name the file"),
        ({"keystore_url": "postgresql://gate_app@db/keys?sslmode=prefer"}, "FANGKONG_KEYSTORE_URL: add"),
        ({"keystore_password_file": None}, "FANGKONG_KEYSTORE_PASSWORD_FILE"),
        ({"nats_url": "nats://nats-1.example:4222"}, "FANGKONG_NATS_URL: every address begins with tls://"),
        ({"nats_url": "tls://a.example,nats://b.example"}, "FANGKONG_NATS_URL: every address"),
        ({"nats_url": f"tls://gate:{PASSWORD}@a.example"}, "FANGKONG_NATS_URL holds a user or password"),
        ({"nats_credentials_file": None}, "FANGKONG_NATS_CREDENTIALS_FILE: name the file"),
        ({"issuer": "http://login.example"}, "FANGKONG_ISSUER: an https address"),
        ({"jwks_url": None}, "FANGKONG_JWKS_URL: the issuer's https address"),
        ({"jwks_url": "http://login.example/keys"}, "FANGKONG_JWKS_URL"),
        ({"jwks_file": Path("jwks.json")}, "no FANGKONG_JWKS_FILE"),
        ({"public_url": None}, "FANGKONG_PUBLIC_URL: the https address"),
        ({"public_url": "http://gate.example"}, "FANGKONG_PUBLIC_URL"),
        ({"tls_key": None}, "FANGKONG_TLS_CERT and FANGKONG_TLS_KEY"),
        ({"kms_url": "http://kms.example"}, "FANGKONG_KMS_URL: an https address"),
        ({"kms_url": "https://kms.example"}, "FANGKONG_KMS_TOKEN_FILE: name the file"),
        ({"kms_url": f"https://x:{PASSWORD}@kms.example"}, "FANGKONG_KMS_URL holds a user or password"),
        ({"clock_file": Path("clock.json")}, "FANGKONG_CLOCK_FILE is set: remove it"),
        ({"log_level": "debug"}, "FANGKONG_LOG_LEVEL is debug"),
        (
            {"master_key_file": Path("/nowhere/master.json")},
            "FANGKONG_MASTER_KEY_FILE: the file cannot be read",
        ),
    ],
)
def test_each_setting_that_does_not_belong_there_is_named_with_its_remedy(
    good: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("jwks.json", "clock.json"):
        (tmp_path / name).touch()
    with pytest.raises(SystemExit) as refused:
        insist(Settings(**good | changed))
    assert named in str(refused.value)
    assert PASSWORD not in str(refused.value)
    insist(Settings(**good | changed | {"mode": "local"}))


@pytest.mark.parametrize("name", ["master_key_file", "card_keys_file", "database_password_file", "tls_key"])
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o420])
def test_a_secret_that_others_can_read_or_change_is_refused(
    good: dict[str, Any], name: str, mode: int
) -> None:
    good[name].chmod(mode)
    assert any(fault.startswith(f"FANGKONG_{name.upper()}: others") for fault in faults(Settings(**good)))
    good[name].chmod(0o440)
    assert list(faults(Settings(**good))) == []


def altered(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.chmod(0o600)
    file.write_text(json.dumps(content))


def test_keys_that_nobody_has_drawn_are_refused(good: dict[str, Any]) -> None:
    copied = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    altered(good["master_key_file"], lambda held: held["keys"].update(k1=copied))
    assert any(
        "FANGKONG_MASTER_KEY_FILE: a key that nobody has drawn" in one for one in faults(Settings(**good))
    )


def test_one_key_for_two_purposes_is_refused(good: dict[str, Any]) -> None:
    altered(good["master_key_file"], lambda held: held["index_key"]["keys"].update(i1=held["keys"]["k1"]))
    assert any("FANGKONG_MASTER_KEY_FILE: one key for two" in one for one in faults(Settings(**good)))


def test_a_service_ends_before_it_touches_anything_and_says_all_that_is_wrong(
    good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = good | {"nats_url": "nats://bus", "issuer": "http://issuer", "clock_file": "clock.json"}
    for name, value in environment.items():
        monkeypatch.setenv(f"FANGKONG_{name.upper()}", str(value))
    with pytest.raises(SystemExit) as refused:
        serve(build, Settings)
    said = str(refused.value).splitlines()
    assert said[0] == "FANGKONG_MODE=production refuses to start:"
    assert {line.split(" ")[0].strip(":") for line in said[1:]} == {
        *("FANGKONG_NATS_URL", "FANGKONG_ISSUER", "FANGKONG_CLOCK_FILE")
    }


def test_a_refused_setting_is_named_and_no_value_is_printed(
    good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = good | {"sms_webhook": f"http://far.example/{PASSWORD}", "http_port": PASSWORD}
    for name, value in environment.items():
        monkeypatch.setenv(f"FANGKONG_{name.upper()}", str(value))
    with pytest.raises(SystemExit) as refused:
        serve(build, ObservationSettings)
    assert "FANGKONG_HTTP_PORT: " in str(refused.value)
    assert "FANGKONG_SMS_WEBHOOK: " in str(refused.value)
    assert PASSWORD not in str(refused.value)
