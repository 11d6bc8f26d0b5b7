"""`deploy/kubernetes/base`: who may speak with whom. Everything that is not named here is closed."""

from typing import Any

from deploy.local.names import SERVICES
from deploy.production.kubernetes import Object, labels, meta
from deploy.production.kubernetes_data import BETWEEN, CLIENTS, MONITOR
from deploy.production.workloads import KEEPER, PORT

DATABASE, DATABASE_STATUS, DNS, HTTPS, API = 5432, 8000, 53, 443, 6443


def policies() -> list[Object]:
    """All of them."""
    made = [_closed(), _names()]
    for service in SERVICES:
        made.append(
            _policy(
                service,
                labels(service),
                ingress=[_from([_place("ingress"), _place("monitoring")], PORT)],
                egress=[*_stores(service), _to([_pods(labels("nats"))], CLIENTS), *_issuer()],
            )
        )
        made.append(_policy(f"migrate-{service}", labels(f"migrate-{service}"), egress=_stores(service)))
        callers = [_pods(labels(service)), _pods(labels(f"migrate-{service}"))]
        made.append(_database(f"{service}-db", callers))
    every = [_pods(labels(name)) for service in SERVICES for name in (service, f"migrate-{service}")]
    made.append(_database("keys-db", every))
    made.append(_policy(KEEPER, labels(KEEPER), egress=[_to([_pods(labels("nats"))], CLIENTS)]))
    bus_users = [_pods(labels(name)) for name in (*SERVICES, KEEPER)]
    made.append(
        _policy(
            "nats",
            labels("nats"),
            ingress=[
                _from(bus_users, CLIENTS),
                _from([_pods(labels("nats"))], BETWEEN),
                _from([_place("monitoring")], MONITOR),
            ],
            egress=[_to([_pods(labels("nats"))], BETWEEN)],
        )
    )
    return made


def _stores(service: str) -> list[Object]:
    return [
        _to([_pods({"cnpg.io/cluster": f"{service}-db"}), _pods({"cnpg.io/cluster": "keys-db"})], DATABASE)
    ]


def _issuer() -> list[Object]:
    """Where the issuer is differs: an overlay narrows this to its addresses."""
    return [
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}], "ports": _ports(HTTPS)}
    ]


def _database(name: str, callers: list[Object]) -> Object:
    itself = _pods({"cnpg.io/cluster": name})
    return _policy(
        name,
        {"cnpg.io/cluster": name},
        ingress=[
            _from([*callers, itself], DATABASE),
            _from([_place("cnpg-system"), itself], DATABASE, DATABASE_STATUS),
            _from([_place("monitoring")], 9187),
        ],
        # Its copies, the store of its backups, and the cluster's own API, through which its operator steers it.
        egress=[_to([itself], DATABASE, DATABASE_STATUS), {"ports": _ports(HTTPS, API)}],
    )


def _closed() -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta("closed"),
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def _names() -> Object:
    place = _place("kube-system") | _pods({"k8s-app": "kube-dns"})
    ports = [{"protocol": protocol, "port": DNS} for protocol in ("UDP", "TCP")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta("names"),
        "spec": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [{"to": [place], "ports": ports}],
        },
    }


def _policy(name: str, pods: dict[str, str], **rules: list[Object]) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta(name),
        "spec": {
            "podSelector": {"matchLabels": pods},
            "policyTypes": [{"ingress": "Ingress", "egress": "Egress"}[side] for side in rules],
            **rules,
        },
    }


def _from(who: list[Object], *ports: int) -> Object:
    return {"from": who, "ports": _ports(*ports)}


def _to(whom: list[Object], *ports: int) -> Object:
    return {"to": whom, "ports": _ports(*ports)}


def _ports(*ports: int) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in ports]


def _pods(which: dict[str, str]) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": which}}


def _place(namespace: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
