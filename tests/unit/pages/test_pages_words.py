"""Everything that pages say is marked, translated and said; nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from deploy.translations import PROJECT, folders, said, updated, written
from shared.pages.languages import Language, one_language

HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
PLACES = re.compile(r"%\((\w+)\)[sd]")
NAMES = [str(folder.relative_to(PROJECT)) for folder in folders()]


def forms(text: object) -> tuple[str, ...]:
    """A message's texts: one, or one a plural form."""
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


@pytest.mark.parametrize("name", NAMES)
def test_every_text_has_its_english_with_the_same_places_for_figures(name: str) -> None:
    catalog = written(PROJECT / name)
    for message in said(PROJECT / name):
        if not message.id:
            continue
        found = catalog.get(forms(message.id)[0])
        assert found is not None, f"not in en.po: {message.id}; run `python -m deploy.translations`"
        assert all(forms(found.string)), f"no English: {message.id}"
        assert not found.fuzzy, f"a guess: {message.id}"
        for english in forms(found.string):
            assert set(PLACES.findall(english)) == set(PLACES.findall(forms(message.id)[0])), message.id
            assert not re.search(r"[\u4e00-\u9fff]", english), f"still Chinese: {english}"


def test_the_committed_catalogs_hold_what_is_said_and_nothing_else() -> None:
    for path, content in updated():
        assert path.read_bytes() == content, f"{path}: run `python -m deploy.translations`"


def unmarked(template: Path) -> Iterator[str]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    tree = environment.parse(template.read_text(encoding="utf-8"))
    for data in tree.find_all(nodes.TemplateData):
        if HAN.search(data.data):
            yield data.data.strip()
    marked = {
        id(argument)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "gettext", "ngettext"}
        for argument in call.args
    }
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str) and HAN.search(constant.value) and id(constant) not in marked:
            yield constant.value


def test_templates_say_nothing_that_is_not_marked() -> None:
    templates = [path for folder in folders() for path in sorted((folder / "templates").glob("*.html"))]
    assert len(templates) > 5
    assert {path.name: texts for path in templates if (texts := list(unmarked(path)))} == {}


def test_scripts_and_styles_say_nothing_by_themselves() -> None:
    files = [
        path
        for folder in folders()
        for path in (folder / "static").rglob("*")
        if path.suffix in {".js", ".css"} and "vendor" not in path.parts
    ]
    assert {path.name for path in files if HAN.search(path.read_text(encoding="utf-8"))} == set()


ALLOWED_UNMARKED = {"figures.py", "languages.py"}
"""Weekdays of the Chinese form of a day, and punctuation that parts two languages."""


def test_code_says_nothing_that_is_not_marked_or_in_both_languages() -> None:
    strays: list[str] = []
    for folder in folders():
        for path in folder.glob("*.py"):
            if folder.parts[-2] == "shared" and path.name in ALLOWED_UNMARKED:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            marked = {
                id(argument)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"N_", "gettext"}
                for argument in node.args
            }
            strays += [
                f"{path.name}: {node.value}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.search(r"[\u4e00-\u9fff]", node.value)
                and id(node) not in marked | docstrings
                and not re.search(r"。\s*[A-Z].*[a-z]", node.value, re.DOTALL)
                and node.value != "中文"
            ]
    assert strays == []


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("请先登录。Sign in first.", "请先登录。", "Sign in first."),
        ("需要全镇权限。This needs a grant.", "需要全镇权限。", "This needs a grant."),
        ("只有中文。", "只有中文。", "只有中文。"),
        ("Only English.", "Only English.", "Only English."),
        ("请求超过 10 字节。The body is longer.", "请求超过 10 字节。", "The body is longer."),
    ],
)
def test_of_a_sentence_in_both_languages_each_reader_gets_one(text: str, chinese: str, english: str) -> None:
    assert one_language(text, Language.CHINESE) == chinese
    assert one_language(text, Language.ENGLISH) == english
