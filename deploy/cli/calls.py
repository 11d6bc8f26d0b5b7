"""Talking to the running stack as people do: over HTTP, signed in with a role."""

import asyncio
import fcntl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx

from deploy.cli.stack import ca_of
from deploy.local import databases
from deploy.local.errors import LocalError
from deploy.local.issuer import ROLES, Account, Issuer
from deploy.local.probe import trust
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from shared.bus.lag import Progress, progress

T = TypeVar("T")

AWAY_SECONDS = 60.0
WAIT_SECONDS = 60.0
AWAY = frozenset({429, 502, 503})


def issuer_of(home: Home, status: Mapping[str, Any]) -> Issuer:
    """The issuer of a running stack, to sign tokens with its key."""
    return Issuer(home.issuer, home.secrets / "issuer-key.json", status["urls"]["issuer"])


def account_of(role: str, scope: str | None = None) -> Account:
    """The demonstration account of a role; `scope` None: the role's usual one.

    Raises:
        LocalError: there is no such role.
    """
    if role not in ROLES:
        raise LocalError(f"没有角色 {role}。", f"There is no role {role}; there are: {', '.join(ROLES)}.")
    zh, usual = ROLES[role]
    return Account(subject=f"dev-{role}", name=f"演示·{zh}", role=role, scope=scope or usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Requests to the five services."""

    http: httpx.Client
    urls: Mapping[str, str]
    issuer: Issuer

    def as_role(self, role: str) -> dict[str, str]:
        """Headers of the role's demonstration account."""
        return {"Authorization": f"Bearer {self.issuer.access_token(account_of(role))}"}

    def ask(
        self,
        method: str,
        service: str,
        path: str,
        *,
        headers: Mapping[str, str],
        before: Callable[[], object] = lambda: None,
        **rest: Any,
    ) -> httpx.Response:
        """One request, asked again while the service is away: the supervisor is bringing it back.

        So only what may be repeated is asked this way; every command of the services may. `before` is called
        before each attempt.

        Raises:
            LocalError: the service does not come back.
        """
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            before()
            try:
                answer = self.http.request(
                    method, f"{self.urls[service]}{path}", headers=dict(headers), **rest
                )
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise LocalError(
                        f"服务 {service} 没有应答。", f"The service {service} does not answer."
                    ) from None
            else:
                if answer.status_code not in AWAY or time.monotonic() > deadline:
                    return answer
            time.sleep(1)

    def told(
        self, method: str, service: str, path: str, *, expect: tuple[int, ...] = (200, 201), **rest: Any
    ) -> Any:
        """The JSON of an answer that must be one of `expect`.

        Raises:
            LocalError: it is another one; with the service's own words.
        """
        answer = self.ask(method, service, path, **rest)
        if answer.status_code not in expect:
            reason = why(answer)
            raise LocalError(
                f"{service} 没有接受 {method} {path}（{reason}）。",
                f"{service} did not take {method} {path} ({reason}).",
            )
        return answer.json()


def why(answer: httpx.Response) -> str:
    """What a refused request was refused for, in one line."""
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    return f"{answer.status_code} {problem.get('code', '')} {problem.get('detail') or ''}".strip()


@contextmanager
def calling(home: Home, status: Mapping[str, Any]) -> Iterator[Calls]:
    """Open connections to the stack that runs in a home."""
    with httpx.Client(timeout=120, verify=trust(ca_of(status)) or True) as http:
        yield Calls(http=http, urls=status["urls"], issuer=issuer_of(home, status))


def positions(home: Home, status: Mapping[str, Any]) -> Progress | None:
    """How far every consumer is; None while the databases do not answer."""
    urls = databases.app_urls(status["ports"]["postgres"], Secrets(folder=home.secrets))
    try:
        return asyncio.run(progress(urls))
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None


@contextmanager
def only_one(file: Path) -> Iterator[bool]:
    """Whether nobody else holds this lock file; it is held until the end, however the process ends."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def eventually(look: Callable[[], T | None], zh: str, en: str) -> T:
    """Look again and again until there is something to see.

    Raises:
        LocalError: it does not come; see the status and the logs.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise LocalError(
                f"{zh}：等了 {WAIT_SECONDS:.0f} 秒没有等到，请看 ./fangkong status。",
                f"Waited {WAIT_SECONDS:.0f} s in vain: {en}; see ./fangkong status.",
            )
        time.sleep(0.05)
