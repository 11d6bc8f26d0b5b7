"""Every file of a production installation, rendered: `python -m deploy.documents` writes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.local.names import SERVICES
from deploy.production import compose, kubernetes, kubernetes_data, kubernetes_network, systemd

DEPLOY = Path(__file__).parents[1]
HEAD = "# Written by `python -m deploy.documents` from deploy/production: change it there.\n"
Object = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Lists stand under their key with their dashes indented, and nothing is written as a reference."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def text(*objects: Object) -> str:
    """One or more documents of YAML."""
    written = [
        yaml.dump(one, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True) for one in objects
    ]
    return HEAD + "---\n".join(written)


def kustomization(resources: Sequence[str], **more: Any) -> Object:
    """What `kubectl apply -k` begins with."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": kubernetes.NAMESPACE,
        "resources": list(resources),
    } | more


def base() -> dict[str, list[Object]]:
    """The objects of the base by the name of their file."""
    return {
        "site": kubernetes.namespace(),
        **{name: kubernetes.service(name) for name in SERVICES},
        "streams": kubernetes.keeper(),
        "ingress": kubernetes.ingress(),
        "nats": kubernetes_data.bus(),
        "databases": kubernetes_data.databases(),
        "network": kubernetes_network.policies(),
    }


def files() -> Iterator[tuple[Path, str]]:
    """Each file with its text."""
    yield DEPLOY / "compose" / "compose.yaml", text(compose.file())
    root = DEPLOY / "kubernetes"
    objects = base()
    for name, some in objects.items():
        yield root / "base" / f"{name}.yaml", text(*some)
    yield (
        root / "base" / "kustomization.yaml",
        text(kustomization([f"{name}.yaml" for name in objects])),
    )
    for phase in ("pre", "post"):
        folder = root / f"migrate-{phase}"
        yield folder / "jobs.yaml", text(*kubernetes.migrations(phase))
        yield folder / "kustomization.yaml", text(kustomization(["jobs.yaml"]))
    for name, unit in systemd.files().items():
        yield DEPLOY / "systemd" / name, HEAD + unit
