"""Districts under a hub: each district's bus is a leaf of the hub's, with a JetStream domain of its own.

A district goes on while its line is cut: nothing of its own asks the hub. The hub keeps copies of a district's streams,
each under the district's name, by sourcing; after a cut they go on where they stood. The line carries what the hub
asks for and nothing else: the district's name at the hub may answer to its own domain alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.js.api import ExternalStream, StreamConfig, StreamSource

HUB = "hub"
PORT = 7422


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """One district.

    Attributes:
        name: of its JetStream domain and of its copies at the hub: letters, digits and dashes.
        public: of the nkey by which its bus is known at the hub.
    """

    name: str
    public: str

    @property
    def api(self) -> str:
        """Where the hub asks the district's JetStream."""
        return f"$JS.{self.name}.API"

    @property
    def deliver(self) -> str:
        """Where the district's streams come to the hub."""
        return f"fk.copy.{self.name}"

    def user(self) -> Mapping[str, Any]:
        """Who it is at the hub: it hears what is asked of it, and delivers."""
        heard = [f"{self.api}.>", "$JS.ACK.>", "$JS.FC.>"]
        return {
            "nkey": self.public,
            "permissions": {
                "publish": {"allow": [f"{self.deliver}.>", "_INBOX.>", "_R_.>", "$JSC.R.>"]},
                "subscribe": {"allow": heard},
            },
        }


def hub(port: int = PORT, *, host: str = "0.0.0.0", tls: Mapping[str, Any]) -> Mapping[str, Any]:  # nosec B104  # noqa: S104
    """What the hub's servers have beside everything else, apart from the users of `District.user`."""
    return {"leafnodes": {"listen": f"{host}:{port}", "tls": dict(tls)}}


def leaf(urls: list[str], seed: str, ca_file: Path) -> Mapping[str, Any]:
    """What a district's servers have beside everything else. It holds a secret: nats-server reads it nowhere else.

    Args:
        urls: `tls://host:7422` of every server of the hub.
        seed: the secret half of the district's nkey.
        ca_file: what signs the hub's certificates.
    """
    remote = {
        "urls": urls,
        "nkey": seed,
        "account": "FANGKONG",
        "tls": {"ca_file": str(ca_file)},
    }
    return {"leafnodes": {"remotes": [remote]}}


def copy(stream: str, district: District, *, replicas: int = 3, days: int = 30) -> StreamConfig:
    """The hub's copy of a district's stream."""
    return StreamConfig(
        name=f"{stream}_{district.name.replace('-', '_')}",
        sources=[
            StreamSource(name=stream, external=ExternalStream(api=district.api, deliver=district.deliver))
        ],
        max_age=days * 86_400,
        num_replicas=replicas,
    )
