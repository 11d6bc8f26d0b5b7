"""`deploy/kubernetes/base`: the five services, the streams' administrator and the bus, as Kubernetes runs them.

An overlay says what differs between installations. `kubernetes_data` has databases and bus, `kubernetes_network`
who may speak with whom.
"""

from collections.abc import Mapping
from typing import Any

from deploy.local.names import SERVICES
from deploy.production import workloads
from deploy.production.workloads import CA, KEEPER, LIVE, PORT, READY, SECRETS, TLS, UID, Site

NAMESPACE = "fangkong"
SITE = Site(
    domain="$(FANGKONG_DOMAIN)",
    issuer="$(FANGKONG_ISSUER_URL)",
    database_host="{service}-db-rw",
    keystore_host="keys-db-rw",
    nats_url="tls://nats:4222",
)
SITE_MAP = "site"
REPLICAS = {"gate": 2, "registry": 2, "observation": 2, "sanitation": 2, "reporting": 2}
"""Each answers twice; of each one process leads, by a lock in its database."""
GATES_AT_MOST = 12
CPU = {"gate": "500m"} | {service: "200m" for service in SERVICES if service != "gate"}

Object = dict[str, Any]


def labels(name: str) -> dict[str, str]:
    """By what everything of a process is found."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "fangkong"}


def meta(name: str, app: str | None = None, **annotations: str) -> Object:
    """Name and labels."""
    made: Object = {"name": name, "labels": labels(app or name)}
    return made | ({"annotations": dict(annotations)} if annotations else {})


def namespace() -> list[Object]:
    """The namespace: nothing runs in it that the strictest of the standard profiles does not allow."""
    strict = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": strict}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta(SITE_MAP),
            "data": {"domain": "fangkong.example.org", "issuer": "https://issuer.example.org"},
        },
    ]


def service(name: str) -> list[Object]:
    """Everything of one service."""
    made = [_account(name), _deployment(name), _service(name), _budget(name)]
    return [*made, _scaler(name)] if name == "gate" else made


def keeper() -> list[Object]:
    """The streams' administrator: while it is away, everything that exists goes on."""
    pod = _pod(KEEPER, workloads.keeper_command(), workloads.keeper_environment(SITE), memory_mb=192)
    return [_account(KEEPER), _workload("Deployment", KEEPER, 1, pod)]


def migrations(phase: str) -> list[Object]:
    """A job for each service's databases."""
    jobs = []
    for name in SERVICES:
        job = f"migrate-{phase}-{name}"
        pod = _pod(
            f"migrate-{name}",
            workloads.migration_command(name, phase),
            workloads.migration_environment(name, SITE),
            memory_mb=192,
        )
        pod["spec"] |= {"restartPolicy": "Never"}
        del pod["spec"]["serviceAccountName"]
        spec = {"backoffLimit": 2, "ttlSecondsAfterFinished": 86400, "template": pod}
        jobs.append(
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(job, f"migrate-{name}"), "spec": spec}
        )
    return jobs


def ingress() -> list[Object]:
    """The public names; TLS goes on behind it."""
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": meta("faces", None, **{"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"}),
            "spec": {
                "ingressClassName": "nginx",
                "tls": [{"hosts": [_host(name) for name in SERVICES], "secretName": "faces-tls"}],
                "rules": [
                    {
                        "host": _host(name),
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": name, "port": {"name": "https"}}},
                                }
                            ]
                        },
                    }
                    for name in SERVICES
                ],
            },
        }
    ]


def _host(name: str) -> str:
    return f"{name}.fangkong.example.org"


def _account(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": meta(name),
        "automountServiceAccountToken": False,
    }


def _deployment(name: str) -> Object:
    pod = _pod(name, workloads.command(name), workloads.environment(name, SITE), workloads.MEMORY_MB[name])
    container = pod["spec"]["containers"][0]
    container["ports"] = [{"name": "https", "containerPort": PORT}]

    def probe(path: str, **times: int) -> Object:
        return {"httpGet": {"path": path, "port": "https", "scheme": "HTTPS"}, "timeoutSeconds": 4} | times

    container |= {
        # A database that is away at the start is waited for, and nobody answers meanwhile.
        "startupProbe": probe(LIVE, periodSeconds=3, failureThreshold=100),
        "livenessProbe": probe(LIVE, periodSeconds=10, failureThreshold=3),
        "readinessProbe": probe(READY, periodSeconds=3, failureThreshold=2),
        # Whoever balances hears of the end a moment later than the process.
        "lifecycle": {"preStop": {"sleep": {"seconds": workloads.LEAVE_SECONDS}}},
    }
    tls = {"name": "tls", "secret": {"secretName": f"{name}-tls", "defaultMode": 0o440}}
    pod["spec"]["volumes"].append(tls)
    container["volumeMounts"].append({"name": "tls", "mountPath": str(TLS), "readOnly": True})
    pod["spec"] |= {
        "terminationGracePeriodSeconds": workloads.GRACE_SECONDS,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels(name)},
            }
        ],
    }
    pod["metadata"]["annotations"] = {
        "prometheus.io/scrape": "true",
        "prometheus.io/scheme": "https",
        "prometheus.io/port": str(PORT),
        "prometheus.io/path": workloads.FIGURES,
    }
    return _workload("Deployment", name, REPLICAS[name], pod)


def _workload(kind: str, name: str, replicas: int, pod: Object) -> Object:
    spec: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": labels(name)},
        # The new one is there before an old one goes: there is never one less than there should be.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "revisionHistoryLimit": 3,
        "template": pod,
    }
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta(name), "spec": spec}


def _pod(name: str, command: list[str], environment: Mapping[str, str], memory_mb: int) -> Object:
    """A process of our image as the strictest profile allows it."""
    site = [
        {"name": variable, "valueFrom": {"configMapKeyRef": {"name": SITE_MAP, "key": key}}}
        for variable, key in (("FANGKONG_DOMAIN", "domain"), ("FANGKONG_ISSUER_URL", "issuer"))
    ]
    container = {
        "name": "main",
        "image": workloads.IMAGE,
        "command": command,
        "env": [*site, *({"name": key, "value": value} for key, value in environment.items())],
        "resources": {
            "requests": {"cpu": CPU.get(name, "50m"), "memory": f"{memory_mb // 2}Mi"},
            "limits": {"memory": f"{memory_mb}Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # nosec B108  # noqa: S108  # a memory disk of its own
            {"name": "secrets", "mountPath": str(SECRETS), "readOnly": True},
            {"name": "ca", "mountPath": str(CA), "readOnly": True},
        ],
    }
    spec: Object = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": "secrets", "secret": {"secretName": name, "defaultMode": 0o440}},
            {"name": "ca", "configMap": {"name": "ca"}},
        ],
    }
    return {"metadata": {"labels": labels(name)}, "spec": spec}


def _service(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name),
        "spec": {
            "selector": labels(name),
            "ports": [{"name": "https", "port": 443, "targetPort": "https"}],
        },
    }


def _budget(name: str) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(name),
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels(name)}},
    }


def _scaler(name: str) -> Object:
    """More processes at rush hour: the checks of a gate are its load, and they come in minutes."""
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": REPLICAS[name],
            "maxReplicas": GATES_AT_MOST,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                }
            ],
            "behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": 600},
            },
        },
    }
