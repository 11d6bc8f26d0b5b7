"""The processes of the stack beside the two servers, as data."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import databases
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets
from deploy.local.state import Home, Plan
from deploy.local.tls import Certificate

CHOICES = ("FANGKONG_PG_BIN", "FANGKONG_NATS_SERVER", "FANGKONG_LOG_LEVEL", "FANGKONG_CHROMIUM")
"""What a user may choose about the stack through the environment."""
OWN_PREFIXES = ("FANGKONG_", "PG", "PYTHON", "NATS_", "UVICORN_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One child: how it starts and how it says that it is ready."""

    name: str
    argv: tuple[str, ...]
    port: int
    ready_url: str
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Added to the cleaned environment; may hold passwords, so it is never shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all programs of one start have in common."""

    home: Home
    plan: Plan
    secrets: Secrets
    certificate: Certificate | None
    host: str
    """The name under which browsers reach the stack: 127.0.0.1, or an address of this machine in the LAN."""

    def base_url(self, name: str) -> str:
        """Where people reach a service."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{self.host}:{self.plan.ports[name]}"

    def probe_url(self, name: str) -> str:
        """Where the supervisor asks whether it is ready; never over the network card."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self.plan.ports[name]}/readyz"


def clean_environment() -> dict[str, str]:
    """The user's environment without anything that would configure our children behind our back."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_PREFIXES)}
    chosen = {name: os.environ[name] for name in CHOICES if name in os.environ}
    return kept | chosen | {"PYTHONUNBUFFERED": "1"}


def issuer(around: Surroundings) -> Program:
    """The development issuer."""
    return Program(
        name="issuer",
        argv=(sys.executable, "-m", "deploy.local.issuer"),
        port=around.plan.ports["issuer"],
        ready_url=around.probe_url("issuer"),
        env=_http(around, "issuer")
        | {
            "FANGKONG_MODE": "local",
            "FANGKONG_ISSUER": around.base_url("issuer"),
            "FANGKONG_ISSUER_FOLDER": str(around.home.issuer),
            "FANGKONG_ISSUER_KEY_FILE": str(around.home.secrets / "issuer-key.json"),
        },
    )


def services(around: Surroundings) -> list[Program]:
    """The five services with the environment of `shared.settings.ServiceSettings`."""
    ports, secrets = around.plan.ports, around.secrets
    programs = []
    for service in SERVICES:
        main, keys = databases.names_of(service)
        env = _http(around, service) | {
            "FANGKONG_MODE": "local",
            "FANGKONG_DATABASE_URL": databases.url(ports["postgres"], f"{service}_app", main, secrets),
            "FANGKONG_KEYSTORE_URL": databases.url(ports["postgres"], f"{service}_app", keys, secrets),
            "FANGKONG_NATS_URL": f"nats://127.0.0.1:{ports['nats']}",
            "FANGKONG_NATS_CREDENTIALS_FILE": str(secrets.nats_file(service)),
            "FANGKONG_MASTER_KEY_FILE": str(secrets.master_key_file(service)),
            "FANGKONG_CARD_KEYS_FILE": str(secrets.card_keys_file(service)),
            "FANGKONG_ISSUER": around.base_url("issuer"),
            "FANGKONG_JWKS_FILE": str(around.home.issuer / "jwks.json"),
            "FANGKONG_PUBLIC_URL": around.base_url(service),
            "FANGKONG_FACES": json.dumps({name: around.base_url(name) for name in SERVICES}),
            "FANGKONG_CLOCK_FILE": str(around.home.clock),
            "FANGKONG_LOG_LEVEL": os.environ.get("FANGKONG_LOG_LEVEL", "info"),
            # One account loads the whole town, and one machine plays all its gates.
            "FANGKONG_CALLER_RATE_SCALE": "50",
        }
        if around.certificate:
            env["FANGKONG_ISSUER_CA_FILE"] = str(around.certificate.ca)
        programs.append(
            Program(
                name=service,
                argv=(sys.executable, "-m", f"services.{service}"),
                port=ports[service],
                ready_url=around.probe_url(service),
                env=env,
            )
        )
    return programs


def _http(around: Surroundings, name: str) -> dict[str, str]:
    env = {
        "FANGKONG_HTTP_HOST": "0.0.0.0" if around.certificate else "127.0.0.1",  # nosec B104  # noqa: S104  # --lan asks for it
        "FANGKONG_HTTP_PORT": str(around.plan.ports[name]),
    }
    if around.certificate:
        env |= _tls(around.certificate.cert, around.certificate.key)
    return env


def _tls(cert: Path, key: Path) -> dict[str, str]:
    return {"FANGKONG_TLS_CERT": str(cert), "FANGKONG_TLS_KEY": str(key)}
