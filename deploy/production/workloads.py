"""The processes of a production installation: one image, and what each is told by its environment.

All files under `deploy/compose`, `deploy/kubernetes` and `deploy/systemd` are rendered from here, so that a port, a
variable or a path is said once. `tests/unit/production` holds it against the settings classes and the running program.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from deploy.local import databases
from deploy.local.names import CARD_READERS, SERVICES

IMAGE = "fangkong"
UID = 10001
"""Of the one account in the image; nothing in the image belongs to it."""
PORT = 8443
PYTHON = "/opt/fangkong/bin/python"
HOME = PurePosixPath("/app")
SECRETS = PurePosixPath("/etc/fangkong/secrets")
TLS = PurePosixPath("/etc/fangkong/tls")
CA = PurePosixPath("/etc/fangkong/ca")
LIVE, READY, FIGURES = "/livez", "/readyz", "/metrics"
DRAIN_SECONDS = 25
"""From SIGTERM to the end, at most; whoever stops a process waits longer before it kills."""
GRACE_SECONDS = 45
LEAVE_SECONDS = 5
"""How long a process still answers after it was taken out of the list of those who are asked."""
KEEPER = "streams"
MEMORY_MB = {"gate": 512, "registry": 768, "observation": 512, "sanitation": 512, "reporting": 768}
"""What a process may take: imports of a town's lists in registry and rebuilds in reporting need most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """How one kind of installation names what differs between installations."""

    domain: str
    issuer: str
    database_host: str
    """`{service}` stands for the service."""
    keystore_host: str
    nats_url: str

    def public_url(self, service: str) -> str:
        """Where people open a service: a host of its own, because cookies and paths then need no care."""
        return f"https://{service}.{self.domain}"


def url(host: str, role: str, database: str) -> str:
    """The address of a database without its password, which lies in a file; the server's name must be in its proof."""
    return f"postgresql://{role}@{host}:5432/{database}?sslmode=verify-full&sslrootcert={CA / 'database.crt'}"


def environment(service: str, site: Site) -> dict[str, str]:
    """What a service's process is told; no secret is among it."""
    faces = ",".join(f'"{name}":"{site.public_url(name)}"' for name in SERVICES)
    told = {
        "FANGKONG_MODE": "production",
        "FANGKONG_HTTP_HOST": "0.0.0.0",  # nosec B104  # noqa: S104  # in a network of its own, behind TLS
        "FANGKONG_HTTP_PORT": str(PORT),
        "FANGKONG_TLS_CERT": str(TLS / "tls.crt"),
        "FANGKONG_TLS_KEY": str(TLS / "tls.key"),
        **_stores(service, site, f"{service}_app"),
        "FANGKONG_MASTER_KEY_FILE": str(SECRETS / "master-key.json"),
        "FANGKONG_ISSUER": site.issuer,
        "FANGKONG_JWKS_URL": f"{site.issuer}/jwks",
        "FANGKONG_PUBLIC_URL": site.public_url(service),
        "FANGKONG_FACES": f"{{{faces}}}",
        "FANGKONG_OIDC_CLIENT_SECRET_FILE": str(SECRETS / "oidc-client-secret"),
        **_bus(site),
    }
    if CARD_READERS[service]:
        told["FANGKONG_CARD_KEYS_FILE"] = str(SECRETS / "card-keys.json")
    return told


def keeper_environment(site: Site) -> dict[str, str]:
    """What the streams' administrator is told."""
    return _bus(site) | {"FANGKONG_NATS_REPLICAS": "3"}


def migration_environment(service: str, site: Site) -> dict[str, str]:
    """What a migration is told: it comes as the owner of the tables, as no service ever does."""
    return _stores(service, site, f"{service}_owner")


def _stores(service: str, site: Site, role: str) -> dict[str, str]:
    main, keys = databases.names_of(service)
    return {
        "FANGKONG_DATABASE_URL": url(site.database_host.format(service=service), role, main),
        "FANGKONG_DATABASE_PASSWORD_FILE": str(SECRETS / "database-password"),
        "FANGKONG_KEYSTORE_URL": url(site.keystore_host.format(service=service), role, keys),
        "FANGKONG_KEYSTORE_PASSWORD_FILE": str(SECRETS / "keystore-password"),
    }


def _bus(site: Site) -> dict[str, str]:
    return {
        "FANGKONG_NATS_URL": site.nats_url,
        "FANGKONG_NATS_CREDENTIALS_FILE": str(SECRETS / "nats.nk"),
        "FANGKONG_NATS_CA_FILE": str(CA / "nats.crt"),
        "FANGKONG_LOG_LEVEL": "info",
    }


def command(service: str) -> list[str]:
    """How a service is started in the image."""
    return [PYTHON, "-m", f"services.{service}"]


def keeper_command() -> list[str]:
    """How the streams' administrator is started."""
    return [PYTHON, "-m", "deploy.nats.keeper"]


def migration_command(service: str, phase: str) -> list[str]:
    """How a service's databases are brought to a phase of an upgrade; `all` where nothing of it runs."""
    return [PYTHON, "-m", "deploy.production.migrate", service, phase]


def health_command() -> list[str]:
    """How somebody inside the container asks whether the process lives."""
    return [PYTHON, "-m", "deploy.production.health"]
