"""The privacy impact assessment names every sealed column that a service has, and none that it has not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "deploy" / "docs" / "privacy-impact-assessment.md"
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/migrations"))
# Keyed or plain digests, by which something is found or recognised; they hold nothing that can be read. Gate calls the
# index of what a command said `content`.
_DIGEST = re.compile(r"^\w+\.(\w+_index|\w+_hash|index_value|sha256|digest)$")
_DIGESTS_OF_GATE = re.compile(r"^\w+\.content$")


def columns(service: str) -> dict[str, str]:
    """Every `table.column` that migrations make, with its type."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "services" / service / "migrations").glob("*.sql")):
        table = ""
        for line in path.read_text().split("-- migrate:down")[0].splitlines():
            if begun := re.search(r"(?:create|alter) table (?:if not exists )?(\w+)", line):
                table = begun[1]
            for name, kind in re.findall(
                r"(?:^ +(?:add column )?|add column |, )(\w+) (bytea|[a-z]+\b)", line
            ):
                found[f"{table}.{name}"] = kind
    return found


def named(service: str) -> set[str]:
    section = DOCUMENT.read_text().partition(f"\n### {service}\n")[2].partition("\n#")[0]
    return set(re.findall(r"`(\w+\.\w+)`", section)) - {"access.py"}


@pytest.mark.requirement("F18")
@pytest.mark.parametrize("service", SERVICES)
def test_every_sealed_column_is_assessed(service: str) -> None:
    have = columns(service)
    sealed = {name for name, kind in have.items() if kind == "bytea" and not _DIGEST.match(name)}
    if service == "gate":
        sealed = {name for name in sealed if not _DIGESTS_OF_GATE.match(name)}
    assert sealed, f"no sealed column of {service} was found: the migrations are written otherwise"
    assert sealed <= named(service), (
        f"not in {DOCUMENT.name}, ### {service}: {sorted(sealed - named(service))}"
    )
    assert named(service) <= have.keys(), f"there is no such column: {sorted(named(service) - have.keys())}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_column_of_bytes_is_found_however_it_was_added(service: str) -> None:
    text = "".join(
        path.read_text().split("-- migrate:down")[0]
        for path in (ROOT / "services" / service / "migrations").glob("*.sql")
    )
    counted = len(re.findall(r"^(?!\s*--).*\b\w+ bytea\b", text, re.MULTILINE))
    assert counted <= sum(kind == "bytea" for kind in columns(service).values())
