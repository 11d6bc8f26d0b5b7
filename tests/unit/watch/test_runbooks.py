"""Every alert has a runbook and a dashboard, every runbook an alert, and what runbooks tell people to type exists."""

import re
from pathlib import Path

import pytest
import typer

from deploy.cli.__main__ import app
from deploy.watch.alerts import RUNBOOKS, all_alerts
from deploy.watch.pace import REAL

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / RUNBOOKS
BOOKS = sorted(path for path in FOLDER.glob("*.md") if path.stem != "README")
SECTIONS = [
    "Meaning",
    "What the gate does meanwhile · 现场怎么办",
    "Look first",
    "Mend",
    "Verify",
    "Whom to wake",
    "Afterwards · 事后",
]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    alerts = all_alerts(REAL)
    assert {path.stem for path in BOOKS} == {alert.name for alert in alerts}
    for alert in alerts:
        annotations = alert.rule(REAL)["annotations"]
        assert isinstance(annotations, dict)
        assert (ROOT / annotations["runbook_url"]).is_file()


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_runbook_says_all_that_somebody_woken_at_night_has_to_know(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS
    for section in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]:
        assert len(section.strip()) > 5
    assert re.search(r"[一-鿿]{4}", text.split("现场怎么办")[1].split("##")[0]), "guards read Chinese"


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_commands_and_figures_that_a_runbook_names_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    root = typer.main.get_command(app)
    for line in re.findall(r"`\./fangkong ([^`]+)`", text):
        command, words = root, line.split()
        while hasattr(command, "commands"):
            assert words[0] in command.commands, f"./fangkong {line}"
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, f"./fangkong {line}"
    sources = "".join(
        file.read_text(encoding="utf-8")
        for file in (*ROOT.glob("services/*/metrics.py"), *ROOT.glob("shared/*/metrics.py"))
    )
    for name in re.findall(r"`((?:gate|registry|observation|reporting|report|eventbus|http)_[a-z_]+)", text):
        assert name in sources or name.removesuffix("_bucket") in sources, name
