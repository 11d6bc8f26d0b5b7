"""The guard's page as the gate serves it: a device in a browser, from committed files."""

import gzip
import re
from pathlib import Path

import pytest

from services.gate.api.page import BUILT
from services.gate.client import contract
from tests.integration.gate.town import GateTown

SOURCES = BUILT.parent / "src"
MOST_BYTES = 400_000
"""Of scripts and styles, gzipped; the reader of QR codes apart."""


async def test_anybody_may_fetch_the_page_and_it_takes_nothing_from_elsewhere(town: GateTown) -> None:
    page = await town.client.http.get("/guard/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(wanted) >= 4
    for address in wanted:
        assert address.startswith("/guard/")
        assert (await town.client.http.get(address)).status_code == 200
    assert re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.text) is None


async def test_what_has_its_hash_in_its_name_is_kept_for_ever_and_the_rest_asked_for_again(
    town: GateTown,
) -> None:
    for path in sorted(BUILT.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(BUILT).as_posix()
        told = await town.client.http.get(f"/guard/{name}")
        assert told.content == path.read_bytes(), name
        kept = told.headers["cache-control"]
        assert kept == (
            "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        ), name
        again = await town.client.http.get(f"/guard/{name}", headers={"If-None-Match": told.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    worker = await town.client.http.get("/guard/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "connect-src 'self'" in worker.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name", ["nothing.js", "../page.py", "..%2fpage.py", "%2e%2e/package.json", "assets/", "assets"]
)
async def test_nothing_but_what_was_built_is_served(town: GateTown, name: str) -> None:
    told = await town.client.http.get(f"/guard/{name}")
    assert told.status_code in {404, 401}
    assert told.headers["content-type"] == "application/problem+json"


async def test_the_address_without_a_slash_leads_to_the_page(town: GateTown) -> None:
    told = await town.client.http.get("/guard")
    assert (told.status_code, told.headers["location"]) == (308, "/guard/")


async def test_a_phone_can_install_it(town: GateTown) -> None:
    page = (await town.client.http.get("/guard/")).text
    assert '<html lang="zh-CN"' in page
    assert 'name="viewport" content="width=device-width' in page
    [address] = re.findall(r'rel="manifest" href="([^"]+)"', page)
    told = await town.client.http.get(address)
    assert told.headers["content-type"] == "application/manifest+json"
    manifest = told.json()
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (
        "/guard/",
        "/guard/",
        "standalone",
    )
    assert manifest["name"]
    assert manifest["short_name"]
    for icon in manifest["icons"]:
        assert (await town.client.http.get(f"/guard/{icon['src']}")).status_code == 200
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_the_worker_keeps_all_of_the_page_for_when_there_is_no_network() -> None:
    worker = (BUILT / "sw.js").read_text(encoding="utf-8")
    needed = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file()} - {"sw.js"}
    assert {name for name in needed if f'"{name}"' not in worker and f"`{name}`" not in worker} == set()
    assert sum(1 for name in needed if name.endswith(".wasm")) == 1


def test_the_page_is_small_enough_for_a_slow_line() -> None:
    sizes = {
        path.name: len(gzip.compress(path.read_bytes(), 9))
        for path in BUILT.rglob("*")
        if path.is_file() and path.suffix != ".wasm"
    }
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_the_page_carries_the_rules_own_words() -> None:
    committed = (SOURCES / "rule" / "contract.json").read_text(encoding="utf-8")
    assert committed == contract.text(), "run `python -m deploy.documents`"


def test_the_lock_file_names_no_registry() -> None:
    lock = Path(BUILT.parent / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
