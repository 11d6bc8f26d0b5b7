"""What the operator's guide tells to type is there to be typed."""

import importlib.util
import re
import shlex
from pathlib import Path

import typer.main
from typer.core import TyperGroup

from deploy.cli.__main__ import app
from deploy.local.state import PROJECT

GUIDE = PROJECT / "deploy" / "docs" / "operators-guide.md"
TEXT = GUIDE.read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


def test_every_command_of_ours_exists_with_its_options() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    ours = [shlex.split(line)[1:] for line in LINES if line.startswith("./fangkong ")]
    assert len(ours) >= 7
    for words in ours:
        command = group.commands[words[0]]
        rest = words[1:]
        if isinstance(command, TyperGroup):
            command, rest = command.commands[rest[0]], rest[1:]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, words


def test_every_command_that_is_named_anywhere_exists() -> None:
    """In what people read, and in the remedies that programs print."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    files = [PROJECT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")]
    for folder, kinds in (("deploy", ("*.md", "*.py")), ("shared", ("*.py",)), ("services", ("*.py",))):
        files += [file for kind in kinds for file in (PROJECT / folder).rglob(kind)]
    found = 0
    for file in files:
        named = re.findall(
            r"\./fangkong ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", file.read_text(encoding="utf-8")
        )
        for name, rest in named:
            found += 1
            assert name in group.commands, f"{file}: {name}"
            command = group.commands[name]
            if isinstance(command, TyperGroup) and rest:
                assert rest in command.commands, f"{file}: {name} {rest}"
    assert found > 60


def test_every_module_and_every_file_that_it_names_exists() -> None:
    for module in re.findall(r"python -m ([a-z_.]+)", TEXT):
        assert importlib.util.find_spec(module), module
    named = set(re.findall(r"`((?:deploy|tests|shared)/[A-Za-z0-9_./-]+)`", TEXT))
    named |= {word for line in LINES for word in shlex.split(line) if word.startswith("deploy/")}
    assert len(named) > 8
    for path in named:
        assert (PROJECT / path).exists(), path


def test_every_link_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    for anchor in re.findall(r"\]\(#([^)]+)\)", TEXT):
        assert anchor in headings
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (Path(GUIDE).parent / target).exists()
