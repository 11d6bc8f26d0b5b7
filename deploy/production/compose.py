"""`deploy/compose/compose.yaml`: everything on one machine with a container engine.

Secrets, certificates and the bus's configuration lie in a folder beside it, listed in `deploy/docs/operators-guide.md`.
"""

from typing import Any

from deploy.local.names import SERVICES
from deploy.production import workloads
from deploy.production.workloads import CA, KEEPER, PORT, SECRETS, TLS, UID, Site

SITE = Site(
    domain="${FANGKONG_DOMAIN:?}",
    issuer="${FANGKONG_ISSUER:?}",
    database_host="postgres",
    keystore_host="postgres-keys",
    nats_url="tls://nats:4222",
)
IMAGE = "${FANGKONG_IMAGE:-fangkong:latest}"
FILES = "${FANGKONG_FILES:-./files}"
POSTGRES, NATS = "postgres:18", "nats:2.15-alpine"
RECEIVERS = ("phone", "day", "dead-man")
"""Where alerts go: an address in a file each, for it may hold a secret."""
ENTRY_PORTS = {service: 8441 + nth for nth, service in enumerate(SERVICES)}
"""Where each service is reached from outside; a proxy with public names stands before them."""


def file() -> dict[str, Any]:
    """The whole Compose file."""
    services: dict[str, Any] = {
        "postgres": _postgres("postgres", "databases"),
        "postgres-keys": _postgres("postgres-keys", "keys"),
        "nats": _nats(),
        KEEPER: _ours(KEEPER, workloads.keeper_command())
        | {
            "environment": workloads.keeper_environment(SITE) | {"FANGKONG_NATS_REPLICAS": "1"},
            "healthcheck": {"disable": True},
            "depends_on": {"nats": {"condition": "service_healthy"}},
        },
    }
    for service in SERVICES:
        services[f"migrate-{service}"] = _migration(service)
        services[service] = _service(service)
    return {
        "name": "fangkong",
        "services": services | _watching(),
        "networks": {"front": {}, "back": {"internal": True}},
        "volumes": dict.fromkeys(
            (
                "postgres",
                "postgres-keys",
                "postgres-log",
                "postgres-keys-log",
                "nats",
                "prometheus",
                "alertmanager",
                "grafana",
            )
        ),
    }


def _ours(name: str, command: list[str]) -> dict[str, Any]:
    return {
        "image": IMAGE,
        "command": command,
        "user": f"{UID}:{UID}",
        "read_only": True,
        "tmpfs": [f"/tmp:size=64m,mode=0700,uid={UID}"],  # nosec B108  # noqa: S108  # a memory disk of its own
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "networks": ["back"],
        "volumes": [
            f"{FILES}/{name}:{SECRETS}:ro",
            f"{FILES}/ca:{CA}:ro",
        ],
    }


def _service(service: str) -> dict[str, Any]:
    made = _ours(service, workloads.command(service))
    return made | {
        "environment": workloads.environment(service, SITE),
        "volumes": [*made["volumes"], f"{FILES}/tls/{service}:{TLS}:ro"],
        "networks": ["front", "back"],  # the issuer's keys are fetched from outside
        "ports": [f"127.0.0.1:{ENTRY_PORTS[service]}:{PORT}"],
        "stop_grace_period": f"{workloads.GRACE_SECONDS}s",
        "mem_limit": f"{workloads.MEMORY_MB[service]}m",
        "depends_on": {
            f"migrate-{service}": {"condition": "service_completed_successfully"},
            "nats": {"condition": "service_started"},  # a service answers without it
        },
        "healthcheck": {
            "test": ["CMD", *workloads.health_command()],
            "interval": "10s",
            "timeout": "5s",
            "retries": 3,
            "start_period": "60s",
        },
    }


def _migration(service: str) -> dict[str, Any]:
    name = f"migrate-{service}"
    return _ours(name, workloads.migration_command(service, "${FANGKONG_PHASE:-all}")) | {
        "environment": workloads.migration_environment(service, SITE),
        "restart": "no",
        "healthcheck": {"disable": True},
        "depends_on": {one: {"condition": "service_healthy"} for one in ("postgres", "postgres-keys")},
    }


def _postgres(name: str, which: str) -> dict[str, Any]:
    """One with the services' databases and one with their key stores: their backups are kept for different times."""
    settings = {
        "ssl": "on",
        "ssl_cert_file": "/etc/fangkong/tls/tls.crt",
        "ssl_key_file": "/etc/fangkong/tls/tls.key",
        "ssl_min_protocol_version": "TLSv1.3",
        "synchronous_commit": "on",
        "archive_mode": "on",
        "archive_timeout": "60s",
        "archive_command": "test ! -f /archive/%f && cp %p /archive/%f.new && sync /archive/%f.new"
        " && mv /archive/%f.new /archive/%f",
    }
    return {
        "image": POSTGRES,
        "command": ["postgres", *(part for pair in settings.items() for part in ("-c", "=".join(pair)))],
        "environment": {
            "POSTGRES_PASSWORD_FILE": "/etc/fangkong/secrets/superuser",
            "FANGKONG_HOLDS": which,
            "POSTGRES_INITDB_ARGS": "--data-checksums --auth-host=scram-sha-256",
        },
        "cap_drop": ["ALL"],
        "cap_add": [
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "SETGID",
            "SETUID",
        ],  # its entry point becomes `postgres`
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "networks": ["back"],
        "volumes": [
            f"{name}:/var/lib/postgresql",
            f"{name}-log:/archive",
            f"{FILES}/{name}:/etc/fangkong/secrets:ro",
            f"{FILES}/tls/{name}:/etc/fangkong/tls:ro",
            "./init.sh:/docker-entrypoint-initdb.d/init.sh:ro",
        ],
        "shm_size": "256m",
        "stop_grace_period": "60s",
        "healthcheck": {
            "test": ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"],
            "interval": "5s",
            "timeout": "3s",
            "retries": 20,
        },
    }


def _nats() -> dict[str, Any]:
    return {
        "image": NATS,
        "command": ["--config", "/etc/fangkong/nats/nats.conf"],
        "user": f"{UID}:{UID}",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "networks": ["back"],
        "volumes": ["nats:/var/lib/fangkong-nats", f"{FILES}/nats:/etc/fangkong/nats:ro"],
        "stop_grace_period": "60s",
        "healthcheck": {
            "test": ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:8222/healthz"],
            "interval": "5s",
            "timeout": "3s",
            "retries": 20,
        },
    }


def _watching() -> dict[str, Any]:
    """Figures and pictures of them, with `--profile watch`."""
    common = {"profiles": ["watch"], "restart": "unless-stopped", "cap_drop": ["ALL"], "read_only": True}
    return {
        "prometheus": common
        | {
            "image": "prom/prometheus:v3.5.0",
            "networks": ["back"],
            "volumes": ["../prometheus:/etc/prometheus:ro", f"{FILES}/ca:{CA}:ro", "prometheus:/prometheus"],
        },
        "alertmanager": common
        | {
            "image": "prom/alertmanager:v0.28.1",
            "command": ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"],
            "networks": ["front", "back"],
            "volumes": [
                "../prometheus/alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro",
                *(f"{FILES}/alertmanager/{name}.url:/etc/alertmanager/{name}.url:ro" for name in RECEIVERS),
                "alertmanager:/alertmanager",
            ],
        },
        "grafana": common
        | {
            "image": "grafana/grafana:12.1.0",
            "networks": ["front", "back"],
            "ports": ["127.0.0.1:3000:3000"],
            "tmpfs": ["/tmp:size=64m"],  # nosec B108  # noqa: S108  # a memory disk of its own
            "volumes": [
                "../grafana/provisioning:/etc/grafana/provisioning:ro",
                "../grafana/dashboards:/etc/grafana/dashboards:ro",
                "grafana:/var/lib/grafana",
            ],
        },
    }
