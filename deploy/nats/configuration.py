"""A server's configuration file; JSON is a subset of its format, so paths need no own escaping."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.nats.users import accounts

CERTIFICATES = Path("/etc/fangkong/nats")
STORE = Path("/var/lib/fangkong-nats")
MONITOR = "127.0.0.1:8222"
_LIMITS = {"max_payload": 1_048_576, "max_pending": 67_108_864}


def _jetstream(store: Path, max_file_store: int) -> Mapping[str, Any]:
    """Everything acknowledged is on disk."""
    return {
        "store_dir": str(store),
        "sync_interval": "always",
        "max_memory_store": 67_108_864,
        "max_file_store": max_file_store,
    }


def local(home: Path, public: Mapping[str, str], *, port: int, monitor_port: int) -> dict[str, Any]:
    """One server on the machine itself, all of it in one folder."""
    return {
        "server_name": "fangkong-local",
        "host": "127.0.0.1",
        "port": port,
        "http": f"127.0.0.1:{monitor_port}",
        "pid_file": str(home / "nats.pid"),
        "ports_file_dir": str(home),
        **_LIMITS,
        "jetstream": _jetstream(home / "store", 21_474_836_480),
        **accounts(public),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One server of a cluster.

    Attributes:
        name: unique in the cluster.
        host: under which clients and the other servers reach it; its certificate names it.
        certificates: the folder with `server.crt`, `server.key` and `ca.crt`.
        store: the folder for streams, on a disk that keeps what it says it has synced.
        monitor: where health is asked for; it names no subject and no user, but keep it inside.
        disk_bytes: how much the streams may take.
    """

    name: str
    host: str
    port: int = 4222
    cluster_port: int = 6222
    certificates: Path = CERTIFICATES
    store: Path = STORE
    monitor: str = MONITOR
    disk_bytes: int = 107_374_182_400

    def config(self, public: Mapping[str, str], nodes: "Sequence[Node]") -> str:
        """TLS for clients before anything else is said, and TLS with certificates of both sides between servers."""
        tls = {
            "cert_file": str(self.certificates / "server.crt"),
            "key_file": str(self.certificates / "server.key"),
            "ca_file": str(self.certificates / "ca.crt"),
            "min_version": "1.3",
        }
        settings = {
            "server_name": self.name,
            "host": "0.0.0.0",  # nosec B104  # noqa: S104 -- clients are elsewhere; TLS and keys stand before it
            "port": self.port,
            "http": self.monitor,
            **_LIMITS,
            "lame_duck_duration": "30s",
            "tls": tls | {"handshake_first": True},
            "jetstream": _jetstream(self.store, self.disk_bytes),
            "cluster": {
                "name": "fangkong",
                "listen": f"0.0.0.0:{self.cluster_port}",
                "no_advertise": True,  # clients are told all addresses; inner ones would not fit certificates
                "tls": tls | {"verify": True},
                "routes": [
                    f"nats-route://{node.host}:{node.cluster_port}"
                    for node in nodes
                    if node.name != self.name
                ],
            },
            **accounts(public),
        }
        return json.dumps(settings, indent=1)
