"""The small rules of pages: files that never change, bars, shares, and where a sign-in may lead."""

import base64
import hashlib
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from starlette.types import Scope

from deploy.local import browser
from deploy.local.errors import LocalError
from shared.pages.assets import SHARED, Assets
from shared.pages.figures import day, moment, number, share, since, strip
from shared.pages.languages import Language, one_title
from shared.pages.oidc import Attempt
from shared.pages.rendering import environments
from shared.pages.routes import holds, same_origin, token_for
from shared.pages.sign_in import local
from shared.pages.typed import LocalClock, LocalDay, LocalMinute, minute_of

ROOT = Path(__file__).parents[3]
DAY = date(2020, 2, 24)


@pytest.mark.parametrize("folder", ["shared/pages/static/vendor", "tests/browser/vendor"])
def test_scripts_of_others_are_the_recorded_versions_with_their_licences(folder: str) -> None:
    table = (ROOT / folder / "VENDORED.md").read_text(encoding="utf-8")
    recorded = dict(re.findall(r"^\| (\S+\.(?:js|woff2)) \|.*\| ([0-9a-f]{64}) \|$", table, re.MULTILINE))
    files = {path.name: path for path in (ROOT / folder).glob("*") if path.suffix in {".js", ".woff2"}}
    assert recorded.keys() == files.keys()
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == recorded[name], name
        assert (ROOT / folder / f"{name.partition('.')[0]}.LICENSE").exists()


async def fetch(assets: Assets, path: str, encoding: str = "") -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        sent.append(message)  # type: ignore[arg-type]  # an ASGI message

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [(b"accept-encoding", encoding.encode())],
    }
    await assets(scope, None, send)  # type: ignore[arg-type]  # it receives nothing
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}  # type: ignore[attr-defined]
    return sent[0]["status"], head, b"".join(part.get("body", b"") for part in sent[1:])  # type: ignore[return-value, misc]


async def test_a_file_is_kept_for_ever_under_a_name_that_changes_with_it(tmp_path: Path) -> None:
    (tmp_path / "one.css").write_text("a{}")
    before = Assets.of(tmp_path)
    assert re.fullmatch(r"/assets/one\.[0-9a-f]{16}\.css", before.path("one.css"))
    status, head, body = await fetch(before, before.path("one.css"))
    assert (status, body) == (200, b"a{}")
    assert head["cache-control"] == "public, max-age=31536000, immutable"
    assert head["content-type"].startswith("text/css")
    (tmp_path / "one.css").write_text("b{}")
    assert Assets.of(tmp_path).path("one.css") != before.path("one.css")


async def test_large_files_travel_compressed_to_whoever_takes_that() -> None:
    assets = Assets.of(SHARED)
    path = assets.path("vendor/echarts.min.js")
    _, plain, whole = await fetch(assets, path)
    _, packed, small = await fetch(assets, path, "br, gzip")
    assert "content-encoding" not in plain
    assert packed["content-encoding"] == "gzip"
    assert len(small) * 2 < len(whole)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pages.css").write_text("a{}")
    with pytest.raises(ValueError, match=r"pages\.css"):
        Assets.of(SHARED, tmp_path)


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [
        ("/board", "/board"),
        ("/board?sort=name&all=1", "/board?sort=name&all=1"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/board\r\nSet-Cookie: a=b", "/"),
        ("/a\\..\\b", "/"),
        (" /board", "/"),
    ],
)
def test_a_sign_in_leads_to_pages_of_our_own_only(wanted: str, leads: str) -> None:
    assert local(wanted) == leads


def test_an_attempt_comes_back_as_it_was_and_nothing_else_is_one() -> None:
    attempt = Attempt.new("/board")
    assert Attempt.read(attempt.write()) == attempt
    deep = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    lone = base64.urlsafe_b64encode(
        b'{"state": "\\ud800", "nonce": "n", "verifier": "v", "onward": "/"}'
    ).decode()
    for wrong in ("", "x", "e30", attempt.write()[:-9], "W10", "bnVsbA", deep, lone):
        assert Attempt.read(wrong) is None


def test_a_token_belongs_to_one_session() -> None:
    assert holds("one", token_for("one"))
    assert not holds("two", token_for("one"))
    assert not holds("one", "é")


@pytest.mark.parametrize(
    ("origin", "site", "own"),
    [
        ("https://town.example", None, True),
        ("https://town.example", "cross-site", True),
        ("http://town.example", None, False),
        ("https://town.example.evil", None, False),
        (None, "same-origin", True),
        ("null", "same-origin", True),
        (None, None, False),
        ("null", None, False),
        ("null", "cross-site", False),
        (None, "none", False),
        (None, "same-site", False),
    ],
)
def test_only_our_own_pages_send(origin: str | None, site: str | None, own: bool) -> None:  # noqa: FBT001
    headers = [(b"origin", origin.encode())] if origin else []
    headers += [(b"sec-fetch-site", site.encode())] if site else []
    scope: Scope = {"type": "http", "scheme": "https", "headers": [*headers, (b"host", b"town.example")]}
    assert same_origin(scope, None) is own
    assert same_origin(scope, "https://town.example") is own


def test_figures_are_written_as_people_read_them() -> None:
    assert (number(18204), number(0), number(None)) == ("18,204", "0", "—")
    assert (share(1999, 2000), share(5, 0), share(3, None), share(2, 2)) == ("99.9%", "—", "—", "100.0%")
    instant = datetime(2020, 2, 24, 2, 5, tzinfo=UTC)
    assert moment(instant, Language.CHINESE) == "2月24日 周一 10:05"
    assert moment(instant, Language.ENGLISH) == "Mon 24 Feb 10:05"
    assert since(instant, DAY, Language.CHINESE) == "10:05"
    assert since(instant, date(2020, 2, 25), Language.ENGLISH) == "Mon 24 Feb 10:05"


def test_a_strip_shows_the_most_as_a_full_bar_and_anything_as_more_than_nothing() -> None:
    bars = strip([(date(2020, 2, 22), 0), (date(2020, 2, 23), 1), (DAY, 1000)])
    assert [bar.height for bar in bars] == [0, 2, 36]
    assert [bar.y + bar.height for bar in bars] == [36, 36, 36]
    assert [bar.label for bar in bars] == ["2/22", "2/23", "2/24"]
    assert [bar.height for bar in strip([(DAY, None), (DAY, 0)])] == [0, 0]


def test_without_a_browser_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(browser.CHOICE, raising=False)
    with pytest.raises(LocalError, match="apt-get install chromium fonts-noto-cjk"):
        browser.ensure()


@pytest.mark.parametrize(
    ("on", "chinese", "english"),
    [
        (DAY, "2月24日 周一", "Mon 24 Feb"),
        (date(2019, 12, 31), "2019年12月31日 周二", "Tue 31 Dec 2019"),
        (date(2021, 1, 1), "2021年1月1日 周五", "Fri 1 Jan 2021"),
    ],
)
def test_a_day_of_another_year_says_which(on: date, chinese: str, english: str) -> None:
    assert day(on, Language.CHINESE, DAY.year) == chinese
    assert day(on, Language.ENGLISH, DAY.year) == english


@pytest.mark.parametrize(
    ("title", "chinese", "english"),
    [
        (
            "24 小时有人值守 Somebody stands there day and night",
            "24 小时有人值守",
            "Somebody stands there day and night",
        ),
        ("点位清洁 The place is clean", "点位清洁", "The place is clean"),
        ("点位清洁", "点位清洁", "点位清洁"),
        ("Clean", "Clean", "Clean"),
        ("A 区消毒", "A 区消毒", "A 区消毒"),
        ("消毒 Round 记录", "消毒 Round 记录", "消毒 Round 记录"),
    ],
)
def test_a_title_of_policy_is_read_in_ones_own_language(title: str, chinese: str, english: str) -> None:
    assert one_title(title, Language.CHINESE) == chinese
    assert one_title(title, Language.ENGLISH) == english


REFUSING = [
    path
    for path in sorted(ROOT.glob("services/*/pages/templates/*.html"))
    if ".refusal(refused" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("template", REFUSING, ids=lambda path: f"{path.parts[-4]}-{path.stem}")
def test_every_field_that_may_be_refused_can_point_to_what_was_said(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    forms = re.findall(r'<form method="post".*?</form>', text, re.DOTALL)
    fields = [
        field
        for form in forms
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*", form)
        if " name=" in field and not re.search(r'type="(?:hidden|radio|checkbox)"|item\.code', field)
    ]
    assert [field for field in fields if "{{ marked(" not in field] == []


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ marked('note') }}", ' aria-invalid="true" aria-describedby="refusal"'),
        ("{{ marked('words', 'note') }}", ' aria-invalid="true" aria-describedby="refusal"'),
        ("{{ marked('note', group=true) }}", ' aria-describedby="refusal"'),
        ("{{ marked('note', at='/cases/') }}", ' aria-invalid="true" aria-describedby="refusal"'),
        ("{{ marked('note', at='/orders/') }}", ""),
        ("{{ marked('note', when='') }}", ""),
        ("{{ marked('reason') }}", ""),
    ],
)
def test_a_field_points_to_what_was_refused_only_where_it_is_about_it(template: str, told: str) -> None:
    environment = environments(SHARED.parent, words=())[Language.CHINESE]
    shown = environment.from_string(template)
    assert shown.render(refused={"field": "note", "at": "/cases/1/attempts"}) == told
    assert not shown.render(refused=None)
    assert not shown.render()


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (LocalMinute, ["", "2020-02-29T23:59"], ["2020-02-30T10:00", "2020-02-24T24:00", "0001-01-01T00:00"]),
        (
            LocalMinute,
            [],
            ["2020-02-24", "2020-02-24T10:00:00", "2020-02-24T10:00+08:00", "T", "20200224T1000"],
        ),
        (LocalDay, ["", "2020-02-29"], ["2021-02-29", "2020-13-01", "20200224", "2020-W09-1", "9999-12-31"]),
        (LocalDay, [], ["\uff12\uff10\uff12\uff10-02-24", "2020-2-4"]),
        (LocalClock, ["", "00:00", "23:59"], ["24:00", "25:99", "9:30", "0930", "09:30:15"]),
    ],
)
def test_a_field_holds_a_day_a_minute_or_an_hour_that_there_is(
    kind: Any, right: list[str], wrong: list[str]
) -> None:
    field = TypeAdapter(kind)
    assert [field.validate_python(text) for text in right] == right
    for text in wrong:
        with pytest.raises(ValidationError, match=r"如 .* such as"):
            field.validate_python(text)
    assert minute_of("") is None
    assert minute_of("2020-02-24T10:00") == datetime(2020, 2, 24, 2, tzinfo=UTC)
