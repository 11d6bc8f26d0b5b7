"""The documents about figures are current, and every figure that a rule, a board or a promise asks for exists."""

import re

from deploy.watch import boards, papers, rules
from deploy.watch.slo import PROMISES, SHARES
from shared.obs import metrics

OURS = re.compile(
    r"\b((?:gate|registry|observation|sanitation|reporting|report|eventbus|http|rules|build)_[a-z_]+)\b"
)
NO_FIGURES = {"gate_verdict", "rules_version"} | {share.name for share in SHARES}


def known() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)`", papers.metrics_paper(), flags=re.MULTILINE))


def test_the_committed_documents_are_current() -> None:
    for path, text in (*papers.documents(), *boards.documents()):
        assert path.read_text(encoding="utf-8") == text, f"{path}: run `python -m deploy.documents`"


def test_what_rules_boards_and_promises_ask_for_is_told() -> None:
    figures = known()
    assert len(figures) > 50
    asked = [text for _, text in rules.files()]
    asked += [line.query for board in boards.BOARDS for panel in board.panels for line in panel.lines]
    asked += [promise.query for promise in PROMISES]
    for text in asked:
        for name in OURS.findall(re.sub(r'"[^"]*"', '""', text)):
            plain = re.sub(r"_(bucket|count|sum)$", "", name)
            assert plain in figures or name in NO_FIGURES or plain in NO_FIGURES, name


def test_a_figure_is_told_by_every_process_or_by_who_leads_and_never_by_both() -> None:
    papers.metrics_paper()
    with metrics.LED.leading():
        led = {family.name for family in metrics.LED.collect()}
    assert not led & {family.name for family in metrics.REGISTRY.collect()}
