"""The files of a production installation are what the generator writes, what their schemas allow, and what runs."""

import copy
import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml
from compose_spec import PyCompose

from deploy.local.names import SERVICES
from deploy.local.units import analyzer
from deploy.nats import keeper
from deploy.nats.configuration import Node
from deploy.production import compose, kubernetes, kubernetes_data, migrate, render, systemd, workloads
from shared.http.shell import PLAIN
from shared.settings import ServiceSettings
from tests.unit.production.support import settings_class

RENDERED = dict(render.files())
KUBERNETES_VERSION = "1.34"
OPERATORS = ("postgresql.cnpg.io/", "barmancloud.cnpg.io/")
FOLDERS = ("compose", "kubernetes/base", "kubernetes/migrate-pre", "kubernetes/migrate-post", "systemd")


@cache
def objects() -> tuple[dict[str, Any], ...]:
    """Everything that Kubernetes is given; nobody changes it."""
    return tuple(
        one
        for path, text in RENDERED.items()
        if path.suffix == ".yaml" and path.parent.name in {"base", "migrate-pre", "migrate-post"}
        for one in yaml.safe_load_all(text)
        if one["kind"] != "Kustomization"
    )


def kinds(kind: str) -> list[dict[str, Any]]:
    return [one for one in objects() if one["kind"] == kind]


def pods() -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for one in kinds(kind)
    }


def selects(selector: dict[str, Any], pod: dict[str, Any]) -> bool:
    wanted = selector.get("matchLabels", selector)
    return bool(wanted.items() <= pod["metadata"]["labels"].items())


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: str(path.relative_to(render.DEPLOY)))
def test_the_committed_file_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == RENDERED[path], "run python -m deploy.documents"


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_else_lies_among_the_written_files(folder: str) -> None:
    found = {path for path in (render.DEPLOY / folder).rglob("*") if path.is_file() and path.suffix != ".sh"}
    assert found == {path for path in RENDERED if (render.DEPLOY / folder) in path.parents}


def test_the_compose_file_is_one() -> None:
    text = re.sub(
        r"\$\{\w+:([?-])([^}]*)\}",
        lambda asked: asked[2] if asked[1] == "-" else "given",
        (render.DEPLOY / "compose" / "compose.yaml").read_text(),
    )
    PyCompose.from_yaml(text).validate()
    for right, wrong, said in (
        ("read_only: true", "reed_only: true", "reed_only"),
        ("retries: 3", "retries: three", "invalid type"),
        ("- front", "- nowhere", "not defined"),
    ):
        with pytest.raises(ValueError, match=said):
            PyCompose.from_yaml(text.replace(right, wrong, 1)).validate()


def test_every_object_is_what_kubernetes_accepts() -> None:
    checked = 0
    for one in objects():
        if not one["apiVersion"].startswith(OPERATORS):
            kubernetes_validate.validate(one, KUBERNETES_VERSION, strict=True)
            checked += 1
    assert checked > 50
    wrong = copy.deepcopy(kinds("Deployment")[0])
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES_VERSION, strict=True)


def test_every_pod_satisfies_the_restricted_profile() -> None:
    assert len(pods()) == 17
    for name, pod in pods().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["runAsUser"] == workloads.UID, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        assert all("hostPath" not in volume for volume in spec["volumes"]), name
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
            assert "memory" in container["resources"]["limits"], name


def test_what_names_a_pod_finds_one_and_what_names_a_port_finds_it() -> None:
    every = pods()
    for one in kinds("Service"):
        found = [pod for pod in every.values() if selects(one["spec"]["selector"], pod)]
        assert found, one["metadata"]["name"]
        for port in one["spec"]["ports"]:
            names = {
                each["name"]
                for pod in found
                for container in pod["spec"]["containers"]
                for each in container["ports"]
            }
            assert port["targetPort"] in names
    for one in kinds("PodDisruptionBudget"):
        assert any(selects(one["spec"]["selector"], pod) for pod in every.values())
    for one in kinds("HorizontalPodAutoscaler"):
        assert one["spec"]["scaleTargetRef"]["name"] in every
    named = {one["metadata"]["name"]: one for one in kinds("Service")}
    for rule in kinds("Ingress")[0]["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            ports = named[backend["name"]]["spec"]["ports"]
            assert backend["port"]["name"] in {port["name"] for port in ports}
    accounts = {one["metadata"]["name"] for one in kinds("ServiceAccount")}
    assert {pod["spec"].get("serviceAccountName", "nats") for pod in every.values()} == accounts


def test_budgets_leave_one_of_two_and_the_gate_grows_alone() -> None:
    for service in SERVICES:
        deployment = next(one for one in kinds("Deployment") if one["metadata"]["name"] == service)
        assert deployment["spec"]["replicas"] >= 2
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert [one["metadata"]["name"] for one in kinds("HorizontalPodAutoscaler")] == ["gate"]


@pytest.mark.parametrize("service", SERVICES)
def test_probes_ask_what_is_answered_and_the_end_leaves_time_to_drain(service: str) -> None:
    spec = pods()[service]["spec"]
    container = spec["containers"][0]
    assert {
        container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
    } <= set(PLAIN)
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert pods()[service]["metadata"]["annotations"]["prometheus.io/path"] in PLAIN
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert [str(port["containerPort"]) for port in container["ports"]] == [environment["FANGKONG_HTTP_PORT"]]
    leave = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] >= leave + workloads.DRAIN_SECONDS + 5


def test_everything_is_closed_and_what_is_open_is_named() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in kinds("NetworkPolicy")}
    assert policies["closed"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, pod in pods().items():
        mine = [
            spec for spec in policies.values() if spec["podSelector"] and selects(spec["podSelector"], pod)
        ]
        assert len(mine) == 1, name
    open_ports = {
        name: {port["port"] for rule in spec.get("ingress", []) for port in rule["ports"]}
        for name, spec in policies.items()
    }
    for service in SERVICES:
        assert open_ports[service] == {workloads.PORT}
        assert 5432 in open_ports[f"{service}-db"]
    ports = {port["containerPort"] for port in pods()["nats"]["spec"]["containers"][0]["ports"]}
    assert open_ports["nats"] == ports
    for service in SERVICES:
        databases = {
            peer["podSelector"]["matchLabels"]["cnpg.io/cluster"]
            for rule in policies[service]["egress"]
            for peer in rule["to"]
            if "cnpg.io/cluster" in peer.get("podSelector", {}).get("matchLabels", {})
        }
        assert databases == {f"{service}-db", "keys-db"}, "nobody reaches another service's database"


def test_every_database_is_archived_by_the_minute_and_key_stores_are_forgotten_after_a_week() -> None:
    clusters = {one["metadata"]["name"]: one["spec"] for one in objects() if one["kind"] == "Cluster"}
    stores = {one["metadata"]["name"]: one["spec"] for one in objects() if one["kind"] == "ObjectStore"}
    assert clusters.keys() == stores.keys() == {*(f"{service}-db" for service in SERVICES), "keys-db"}
    for name, spec in clusters.items():
        assert spec["postgresql"]["parameters"]["archive_timeout"] == "60s"
        assert spec["postgresql"]["synchronous"]["dataDurability"] == "required"
        assert spec["plugins"][0]["parameters"]["barmanObjectName"] == name
        assert stores[name]["retentionPolicy"] == ("7d" if name == "keys-db" else "30d")
    hosts = {
        re.search(r"@([^:]+):", one["value"])[1]  # type: ignore[index]
        for pod in pods().values()
        for one in pod["spec"]["containers"][0].get("env", [])
        if "postgresql://" in one.get("value", "")
    }
    assert hosts == {f"{name}-rw" for name in clusters}
    databases = {spec["bootstrap"]["initdb"]["database"] for spec in clusters.values()}
    databases |= {one["spec"]["name"] for one in objects() if one["kind"] == "Database"}
    assert databases == {name for service in SERVICES for name in (service, f"{service}_keys")}


def test_three_servers_of_the_bus_stand_on_three_machines() -> None:
    stateful = kinds("StatefulSet")[0]["spec"]
    assert stateful["replicas"] == len(kubernetes_data.NODES) == 3
    spread = stateful["template"]["spec"]["affinity"]["podAntiAffinity"]
    assert (
        spread["requiredDuringSchedulingIgnoredDuringExecution"][0]["topologyKey"] == "kubernetes.io/hostname"
    )


def test_what_watches_finds_every_service_where_it_listens() -> None:
    watched = yaml.safe_load((render.DEPLOY / "prometheus" / "prometheus.yml").read_text())
    job = next(one for one in watched["scrape_configs"] if one["job_name"] == "fangkong")
    targets = {target for group in job["static_configs"] for target in group["targets"]}
    assert targets == {f"{service}:{workloads.PORT}" for service in SERVICES}
    assert set(compose.file()["services"]) >= {target.partition(":")[0] for target in targets}
    assert job["scheme"] == "https"
    services = compose.file()["services"]
    for name in ("prometheus", "alertmanager", "grafana"):
        assert services[name]["profiles"] == ["watch"]
        for volume in services[name]["volumes"]:
            if volume.startswith("../"):
                assert (render.DEPLOY / "compose" / volume.partition(":")[0]).exists(), volume
    receivers = yaml.safe_load((render.DEPLOY / "prometheus" / "alertmanager.yml").read_text())["receivers"]
    assert {one["name"] for one in receivers} == set(compose.RECEIVERS)


SITES = {"compose": compose.SITE, "kubernetes": kubernetes.SITE, "systemd": systemd.SITE}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("site", SITES)
def test_a_service_understands_everything_that_it_is_told(
    service: str, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = workloads.environment(service, SITES[site])
    kind = settings_class(service)
    known = {f"FANGKONG_{name.upper()}" for name in kind.model_fields}
    assert told.keys() <= known
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    read = kind()
    assert isinstance(read, ServiceSettings)
    assert read.mode == "production"
    assert set(read.faces) == set(SERVICES)
    assert read.database_url.startswith(f"postgresql://{service}_app@")
    assert not re.search(r"://[^@/]*:[^@/]*@", json.dumps(told)), "a password lies in a file"


def test_a_migration_understands_what_it_is_told_and_comes_as_the_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in workloads.migration_environment("gate", compose.SITE).items():
        monkeypatch.setenv(name, value)
    read = migrate.Settings()
    assert read.database_url.startswith("postgresql://gate_owner@")
    assert "/gate_keys?" in str(read.keystore_url)


def test_the_keeper_of_streams_understands_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in workloads.keeper_environment(kubernetes.SITE).items():
        monkeypatch.setenv(name, value)
    read = keeper.Settings()
    assert read.nats_replicas == len(kubernetes_data.NODES)
    assert read.nats_credentials_file.name == "nats.nk"


def test_the_servers_of_the_bus_listen_where_they_are_asked() -> None:
    nodes = [
        Node(name=name, host=kubernetes_data.node_host(name), monitor=f"0.0.0.0:{kubernetes_data.MONITOR}")
        for name in kubernetes_data.NODES
    ]
    told = json.loads(nodes[0].config({}, nodes))
    ports = {port["name"]: port["containerPort"] for port in pods()["nats"]["spec"]["containers"][0]["ports"]}
    assert told["port"] == ports["clients"]
    assert told["cluster"]["listen"].endswith(f":{ports['cluster']}")
    assert told["http"].endswith(f":{ports['monitor']}")
    assert told["jetstream"]["store_dir"] == str(kubernetes_data.NATS_STORE)
    assert told["tls"]["cert_file"] == str(kubernetes_data.NATS_FILES / "server.crt")


def commands() -> Iterator[list[str]]:
    for pod in pods().values():
        yield pod["spec"]["containers"][0]["command"]
    for service in compose.file()["services"].values():
        if isinstance(service.get("command"), list) and service["image"] == compose.IMAGE:
            yield service["command"]
        if "test" in service.get("healthcheck", {}) and service["image"] == compose.IMAGE:
            yield service["healthcheck"]["test"][1:]
    for text in systemd.files().values():
        for line in text.splitlines():
            if line.startswith("ExecStart="):
                for service in SERVICES:
                    yield shlex.split(line.removeprefix("ExecStart=").replace("%i", service))


def test_every_command_starts_a_module_that_is_there() -> None:
    modules = {command[2] for command in commands() if command[0] == workloads.PYTHON}
    assert {f"services.{service}" for service in SERVICES} < modules
    for module in modules:
        assert importlib.util.find_spec(module), module


def test_systemd_accepts_the_units_and_calls_them_closed(tmp_path: Path) -> None:
    units = {name: text for name, text in systemd.files().items() if name.endswith((".service", ".target"))}
    for name, text in units.items():
        # The interpreter of the image is not on this machine; everything else is read as it stands.
        (tmp_path / name).write_text(text.replace(workloads.PYTHON, sys.executable))
    names = [name.replace("@", "@gate") for name in units]
    verified = subprocess.run(  # noqa: S603
        [str(analyzer()), "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    said = [line for line in verified.stderr.splitlines() if "fangkong" in line]
    assert (verified.returncode, said) == (0, []), verified.stderr
    rate = [str(analyzer()), "security", "--offline=true", "--threshold=20", "--no-pager"]
    rated = subprocess.run(  # noqa: S603
        [*rate, str(tmp_path / names[0])], capture_output=True, text=True, check=False
    )
    assert rated.returncode == 0, rated.stdout + rated.stderr


def test_every_account_and_environment_that_a_unit_names_is_written() -> None:
    files = systemd.files()
    accounts = re.findall(r"^u (\S+)", files["sysusers.conf"], re.MULTILINE)
    for service in SERVICES:
        assert {f"fangkong-{service}", f"fangkong-migrate-{service}"} <= set(accounts)
        assert f"FANGKONG_HTTP_PORT={systemd.PORTS[service]}\n" in files[f"{service}.env.example"]
        assert f"migrate-{service}.env.example" in files


@pytest.mark.parametrize("overlay", ["town", "city"])
def test_an_overlay_changes_what_is_there(overlay: str) -> None:
    folder = render.DEPLOY / "kubernetes" / "overlays" / overlay
    said = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for resource in said["resources"]:
        assert ((folder / resource).resolve() / "kustomization.yaml").exists()
    known = {(one["kind"], one["metadata"]["name"]): one for one in objects()}

    def only_known(patch: Any, target: Any, where: str) -> None:
        if isinstance(patch, dict):
            for key, value in patch.items():
                assert key in target, f"{where}.{key}"
                only_known(value, target[key], f"{where}.{key}")

    for patch in said.get("patches", []):
        one = yaml.safe_load((folder / patch["path"]).read_text())
        only_known(one, known[one["kind"], one["metadata"]["name"]], patch["path"])
    for image in said.get("images", []):
        assert image["name"] == workloads.IMAGE


def test_hosts_of_registries_are_named_nowhere() -> None:
    allowed = {"ghcr.io/cloudnative-pg/postgresql", "registry.example.org/fangkong"}
    images = {
        line.split(":", 1)[1].strip().strip("'\"")
        for text in RENDERED.values()
        for line in text.splitlines()
        if re.match(r"\s*(image|imageName):", line)
    }
    hosts = {image for image in images if "." in image.split("/")[0] and "/" in image}
    assert {image.rsplit(":", 1)[0] for image in hosts} <= allowed
