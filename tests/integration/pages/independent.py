"""An OpenID Connect provider that is not ours, as a process, and how somebody gets through its pages."""

import fcntl
import html
import json
import os
import re
import secrets as random_secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from joserfc.jwk import ECKey

from deploy.cli.page import ensure_npm, install
from deploy.local.ports import any_free
from deploy.local.state import PROJECT
from deploy.local.tls import Certificate

HERE = Path(__file__).parent / "provider"
BENCH = PROJECT / ".fangkong" / "page" / "provider"
_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_INPUT = re.compile(r"<input[^>]*>|<button[^>]*>")
_NAMED = re.compile(r'name="([^"]+)"'), re.compile(r'value="([^"]*)"')


def install_provider() -> None:
    """Its packages, by their lock file; whoever else needs them meanwhile waits."""
    npm = ensure_npm()
    BENCH.mkdir(parents=True, exist_ok=True)
    with (BENCH / "install.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, BENCH)
        install(npm, HERE / "package-lock.json", BENCH)


def new_key(kid: str) -> dict[str, Any]:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}).as_dict(private=True)


@dataclass
class Provider:
    """The provider's process; started again with other keys it is the same provider."""

    port: int = field(default_factory=any_free)
    secret: str = field(default_factory=random_secrets.token_urlsafe)
    """Of every client, and of the provider's own cookies."""
    clients: dict[str, str | None] = field(
        default_factory=lambda: {"fangkong-reporting": "http://localhost:8000"}
    )
    """Its applications with their addresses; one without is a machine that asks for itself, named `role@scope`."""
    host: str = "127.0.0.1"
    certificate: Certificate | None = None
    keys: list[dict[str, Any]] = field(default_factory=lambda: [new_key("first")])
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}"

    def start(self) -> None:
        node = shutil.which("node")
        assert node is not None
        script = BENCH / f"provider-{os.getpid()}.mjs"  # beside its packages, and of this process alone
        shutil.copy(HERE / "provider.mjs", script)
        self.process = subprocess.Popen(  # noqa: S603
            [node, script],
            cwd=BENCH,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(self._told()))
        self.process.stdin.close()
        assert any("ready" in line for line in self.process.stdout)
        script.unlink()

    def _told(self) -> dict[str, Any]:
        told = {
            "issuer": self.url,
            "port": self.port,
            "secret": self.secret,
            "keys": self.keys,
            "clients": self.clients,
        }
        if self.certificate:
            told["tls"] = {
                "cert": self.certificate.cert.read_text(),
                "key": self.certificate.key.read_text(),
            }
        return told

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def rotate(self, kid: str) -> None:
        """A new key signs; the one before is published a while longer."""
        self.stop()
        self.keys = [new_key(kid), *self.keys]
        self.start()


def the_form(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """Where a page's form goes, and what it brings along."""
    found = _FORM.search(page.text)
    assert found is not None, page.text[:500]
    fields = {}
    for tag in _INPUT.findall(found[2]):
        name, value = (pattern.search(tag) for pattern in _NAMED)
        if name:
            fields[name[1]] = html.unescape(value[1]) if value else ""
    return urljoin(str(page.url), html.unescape(found[1])), fields


@dataclass
class Walked:
    """What the provider sends back in the end, and whether it had to ask who it is."""

    answer: dict[str, str]
    asked_for_account: int


async def walk(browser: httpx.AsyncClient, begin: str, *, account: str, until: str) -> Walked:
    """Through the provider's pages to the answer that it sends to the address `until`."""
    page, asked = await browser.get(begin), 0
    for _ in range(12):
        if "location" in page.headers:
            onward = urljoin(str(page.url), page.headers["location"])
            if onward.startswith(until):
                answer = {name: values[0] for name, values in parse_qs(urlsplit(onward).query).items()}
                return Walked(answer, asked)
            page = await browser.get(onward)
            continue
        assert page.status_code == 200, page.text[:500]
        action, fields = the_form(page)
        if "login" in fields:
            asked += 1
            fields |= {"login": account, "password": "anything"}
        page = await browser.post(action, data=fields)
    raise AssertionError("the provider leads nowhere")
