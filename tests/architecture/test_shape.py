"""A newcomer who knows one service knows all five."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.kernel.version import VERSION

ROOT = Path(__file__).parents[2]
SERVICES = ("gate", "observation", "registry", "reporting", "sanitation")
MUST = {"__init__", "__main__", "access", "app", "migrations", "settings"}
MAY = MUST | {
    "api",
    "client",  # the reference client of the gate's device contract: its verdicts are the gate's own rule
    "consumers",
    "data",
    "desk",
    "domain",
    "handlers",
    "imports",
    "metrics",
    "openapi",
    "page",  # the guard's checkpoint page, in TypeScript, with what was built from it
    "pages",
    "papers",
    "projections",
    "queries",
    "rebuild",
    "sealing",
    "store",
    "tickers",
}
NOT_IN_DOMAIN = {
    "asyncio", "asyncpg", "fastapi", "httpx", "logging", "nats", "os", "pathlib", "random", "requests", "secrets",
    "socket", "structlog", "subprocess", "time", "uuid_utils",
}  # fmt: skip
LONGEST = 500


def parts(service: str) -> set[str]:
    return {path.stem for path in (ROOT / "services" / service).iterdir() if path.name != "__pycache__"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_laid_out_like_the_others(service: str) -> None:
    have = parts(service)
    assert have >= MUST, f"missing: {MUST - have}"
    assert have <= MAY, f"not in the common layout: {have - MAY}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_owns_and_exchanges(service: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / "services" / service / "__init__.py").read_text())) or ""
    for word in ("owns", "events in", "events out", "http"):
        assert word in text.lower(), f"services/{service}/__init__.py does not say: {word}"


def domain_files() -> Iterator[Path]:
    for service in SERVICES:
        yield from (ROOT / "services" / service / "domain").rglob("*.py")


@pytest.mark.parametrize("path", sorted(domain_files()), ids=lambda path: "/".join(path.parts[-3:]))
def test_domain_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{path.name} awaits"
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for name in names:
            assert name.split(".")[0] not in NOT_IN_DOMAIN, f"{path.name} imports {name}"
            assert not name.startswith(("shared.bus", "shared.db", "shared.http", "shared.obs")), (
                f"{path.name}: {name}"
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"now", "utcnow", "today", "uuid4", "uuid1"}, (
                f"{path.name} asks the world for {node.func.attr}()"
            )


def test_no_file_grows_past_its_room() -> None:
    code = [
        *(ROOT / "services").rglob("*.py"),
        *(ROOT / "shared").rglob("*.py"),
        *(ROOT / "deploy").rglob("*.py"),
    ]
    long = {
        str(path.relative_to(ROOT)): n for path in code if (n := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def lines_of_code(path: Path) -> int:
    """Lines that do something: no blank ones, comments or docstrings."""
    text = path.read_text(encoding="utf-8")
    said: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            said.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(
        1
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#") and number not in said
    )


def test_the_backbone_stays_readable_in_one_sitting() -> None:
    events = ROOT / "shared" / "events"
    files = [*(ROOT / "shared" / "bus").glob("*.py"), events / "base.py", events / "envelope.py"]
    assert sum(map(lines_of_code, files)) <= 1_500


def test_only_the_bus_speaks_to_nats() -> None:
    strays = [
        str(path.relative_to(ROOT))
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(import|from) nats\b", path.read_text(), re.MULTILINE)
        and "bus" not in path.relative_to(ROOT).parts
    ]
    assert strays == []


def test_the_version_is_said_once() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_decisions_are_numbered_without_holes_and_say_their_number() -> None:
    files = sorted((ROOT / "deploy" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in files] == [f"{number:04d}" for number in range(len(files))]
    unsaid = [
        path.name for path in files if not path.read_text(encoding="utf-8").startswith(f"# {path.name[:4]} ")
    ]
    assert unsaid == []


def test_a_test_file_has_a_name_of_its_own() -> None:
    """Folders of tests are no packages: two files of one name cannot be run together."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
