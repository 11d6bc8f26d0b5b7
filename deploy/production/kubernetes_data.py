"""`deploy/kubernetes/base`: PostgreSQL by its operator (CloudNativePG), and the bus, a cluster of three."""

from pathlib import PurePosixPath
from typing import Any

from deploy.local.names import SERVICES
from deploy.production.kubernetes import Object, labels, meta
from deploy.production.workloads import UID

POSTGRES_IMAGE = "ghcr.io/cloudnative-pg/postgresql:18"
NATS_IMAGE = "nats:2.15-alpine"
KEPT = {"database": "30d", "keys": "7d"}
"""For how long backups are kept. A destroyed key is gone for good after seven days; without it the rest is sealed."""
NODES = ("nats-0", "nats-1", "nats-2")
NATS_STORE = PurePosixPath("/var/lib/fangkong-nats")
NATS_FILES = PurePosixPath("/etc/fangkong/nats")
CLIENTS, BETWEEN, MONITOR = 4222, 6222, 8222


def databases() -> list[Object]:
    """A cluster for each service, one for all key stores, and how each is backed up."""
    made: list[Object] = []
    for service in SERVICES:
        made += _cluster(f"{service}-db", [(service, service)], KEPT["database"])
    made += _cluster("keys-db", [(service, f"{service}_keys") for service in SERVICES], KEPT["keys"])
    return made


def _cluster(name: str, held: list[tuple[str, str]], kept: str) -> list[Object]:
    api = "postgresql.cnpg.io/v1"
    roles = [
        {
            "name": f"{service}_{kind}",
            "ensure": "present",
            "login": True,
            "passwordSecret": {"name": f"{service}-{kind}-password"},
        }
        for service in sorted({service for service, _ in held})
        for kind in ("owner", "app")
    ]
    first_service, first = held[0]
    cluster: Object = {
        "apiVersion": api,
        "kind": "Cluster",
        "metadata": meta(name),
        "spec": {
            "instances": 3,
            "imageName": POSTGRES_IMAGE,
            "storage": {"size": "100Gi"},
            "walStorage": {"size": "20Gi"},
            "bootstrap": {
                "initdb": {"database": first, "owner": f"{first_service}_owner", "dataChecksums": True}
            },
            "managed": {"roles": roles},
            "postgresql": {
                "parameters": {
                    "archive_timeout": "60s",
                    "synchronous_commit": "on",
                    "max_connections": "200",
                    "idle_in_transaction_session_timeout": "60s",
                },
                # An answer is given when two machines have it: a failover loses nothing.
                "synchronous": {"method": "any", "number": 1, "dataDurability": "required"},
            },
            "plugins": [
                {
                    "name": "barman-cloud.cloudnative-pg.io",
                    "isWALArchiver": True,
                    "parameters": {"barmanObjectName": name},
                }
            ],
        },
    }
    more = [
        {
            "apiVersion": api,
            "kind": "Database",
            "metadata": meta(database.replace("_", "-"), name),
            "spec": {"name": database, "owner": f"{service}_owner", "cluster": {"name": name}},
        }
        for service, database in held[1:]
    ]
    store = {
        "apiVersion": "barmancloud.cnpg.io/v1",
        "kind": "ObjectStore",
        "metadata": meta(name),
        "spec": {
            "retentionPolicy": kept,
            "configuration": {
                "destinationPath": f"s3://fangkong-backups/{name}",
                "s3Credentials": {
                    "accessKeyId": {"name": "backup-store", "key": "id"},
                    "secretAccessKey": {"name": "backup-store", "key": "secret"},
                },
                "wal": {"compression": "zstd"},
            },
        },
    }
    daily = {
        "apiVersion": api,
        "kind": "ScheduledBackup",
        "metadata": meta(name),
        "spec": {
            "schedule": "0 30 19 * * *",  # 03:30 in Shanghai
            "immediate": True,
            "method": "plugin",
            "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"},
            "cluster": {"name": name},
        },
    }
    return [cluster, *more, store, daily]


def bus() -> list[Object]:
    """Three servers, each with its own disk; a message is kept when two of them have it on theirs."""
    ports = [
        {"name": "clients", "containerPort": CLIENTS},
        {"name": "cluster", "containerPort": BETWEEN},
        {"name": "monitor", "containerPort": MONITOR},
    ]

    def probe(path: str, **times: int) -> Object:
        return {"httpGet": {"path": path, "port": "monitor"}, "timeoutSeconds": 5} | times

    container: Object = {
        "name": "main",
        "image": NATS_IMAGE,
        "command": ["nats-server", "--config", f"{NATS_FILES}/$(NODE).conf"],
        "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": ports,
        "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": probe("/healthz?js-enabled-only=true", periodSeconds=5, failureThreshold=60),
        "livenessProbe": probe("/healthz?js-enabled-only=true", periodSeconds=15, failureThreshold=4),
        "readinessProbe": probe("/healthz?js-server-only=true", periodSeconds=5, failureThreshold=2),
        "volumeMounts": [
            {"name": "store", "mountPath": str(NATS_STORE)},
            {"name": "files", "mountPath": str(NATS_FILES), "readOnly": True},
        ],
    }
    pod: Object = {
        "metadata": {"labels": labels("nats")},
        "spec": {
            "serviceAccountName": "nats",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 60,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": UID,
                "runAsGroup": UID,
                "fsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "affinity": {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": labels("nats")},
                        }
                    ]
                }
            },
            "containers": [container],
            "volumes": [
                {
                    "name": "files",
                    "projected": {
                        "defaultMode": 0o440,
                        "sources": [{"configMap": {"name": "nats"}}, {"secret": {"name": "nats-tls"}}],
                    },
                }
            ],
        },
    }
    claim = {
        "metadata": {"name": "store"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "120Gi"}}},
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": meta("nats"),
            "automountServiceAccountToken": False,
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": meta("nats"),
            "spec": {
                "serviceName": "nats-nodes",
                "replicas": len(NODES),
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": labels("nats")},
                "template": pod,
                "volumeClaimTemplates": [claim],
            },
        },
        _nats_service("nats", {"clients": CLIENTS}),
        _nats_service("nats-nodes", {"clients": CLIENTS, "cluster": BETWEEN}, clusterIP="None"),
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": meta("nats"),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels("nats")}},
        },
    ]


def _nats_service(name: str, ports: dict[str, int], **more: Any) -> Object:
    listed = [{"name": port, "port": number, "targetPort": port} for port, number in ports.items()]
    headless = (
        {"publishNotReadyAddresses": True} if more else {}
    )  # they find each other before they are ready
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, "nats"),
        "spec": {"selector": labels("nats"), "ports": listed} | headless | more,
    }


def node_host(name: str) -> str:
    """Under which the servers find each other."""
    return f"{name}.nats-nodes"
