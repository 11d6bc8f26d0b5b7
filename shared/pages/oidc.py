"""Sign-in with the issuer that the services trust anyhow: OpenID Connect's code flow with PKCE.

The issuer is named by the settings; its endpoints are read from its discovery document and are believed only where that
document names the same issuer. What comes back is verified twice: the identity token says that this sign-in is the one
that was asked for, the access token says what the person may do, exactly as over the API.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import ssl
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

import httpx

from shared.http.access import Principal
from shared.http.auth import StaffVerifier, TokenRefused
from shared.http.problem import HttpRefusal, Unavailable
from shared.kernel.clock import Clock
from shared.obs.logging import get_logger

log = get_logger(__name__)

_FRESH = 300.0  # seconds until the issuer is asked again where its endpoints are
_TIMEOUT = 5.0
_LARGEST = 200_000  # bytes that an issuer may answer with


class SignInFailed(HttpRefusal):
    """The issuer did not let the person in, or what came back is not what was asked for."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "sign_in_failed"

    def __init__(self, reason: str) -> None:
        super().__init__("登录没有完成。The sign-in was not completed.", remedy="请重新登录。Sign in again.")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A sign-in under way, kept by the browser that began it, in a cookie that scripts cannot read.

    Attributes:
        state: comes back with the answer; an answer without it was not asked for by this browser.
        nonce: comes back inside of the identity token.
        verifier: PKCE's secret: whoever catches the code cannot use it.
        onward: the page that was wanted.
    """

    state: str
    nonce: str
    verifier: str
    onward: str

    @classmethod
    def new(cls, onward: str) -> Self:
        """A fresh one."""
        return cls(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            onward=onward,
        )

    def write(self) -> str:
        """As a cookie's value."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read it back; None when it is not one."""
        try:
            raw = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            found = cls(**{name: raw[name] for name in ("state", "nonce", "verifier", "onward")})
            whole = all(isinstance(part, str) and part.encode() for part in asdict(found).values())
        except (ValueError, KeyError, TypeError, RecursionError):  # anybody can write a cookie
            return None
        return found if whole else None

    @property
    def challenge(self) -> str:
        """What the issuer may know of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who somebody is and what they may do, as the issuer says now.

    Attributes:
        refresh: asks the issuer again later, without the browser; None where it gives no such thing.
    """

    who: Principal
    refresh: str | None = field(repr=False)


class Provider:
    """The issuer as an application sees it."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        clock: Clock,
        secret_file: Path | None,
        ca_file: Path | None,
        scope: str = "openid",
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._scope = scope
        self._clock = clock
        self._secret = secret_file.read_text(encoding="utf-8").strip() if secret_file else None
        self._ca_file = ca_file
        self._endpoints: dict[str, str] = {}
        self._read = float("-inf")
        self._lock = asyncio.Lock()

    async def authorization_url(self, attempt: Attempt, *, redirect_uri: str) -> str:
        """Where the browser is sent to.

        Raises:
            Unavailable: the issuer cannot be asked.
        """
        endpoints = await self._known()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return _joined(endpoints["authorization_endpoint"], asked)

    async def exchange(
        self, code: str, attempt: Attempt, *, redirect_uri: str, verifier: StaffVerifier
    ) -> SignedIn:
        """Turn a code into somebody who is signed in.

        Raises:
            SignInFailed: the issuer refuses the code, or its tokens do not hold or belong to another sign-in.
            Unavailable: the issuer cannot be asked.
        """
        endpoints = await self._known()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.client_id,
            "code_verifier": attempt.verifier,
        }
        status, tokens = await self._tokens(endpoints, form)
        match tokens:
            case {"access_token": str(access), "id_token": str(identity)} if status == 200:
                pass
            case _:
                raise SignInFailed(f"token endpoint: {status}")
        try:
            subject = await verifier.verify_identity(identity, client_id=self.client_id, nonce=attempt.nonce)
            who = await verifier.verify(access)
        except TokenRefused as refused:
            raise SignInFailed(refused.reason) from refused
        if who.subject != subject:
            raise SignInFailed("two subjects")
        return SignedIn(who=who, refresh=_refresh(tokens))

    async def renew(self, refresh: str | None, *, verifier: StaffVerifier) -> SignedIn:
        """Ask the issuer what somebody may do now: a role that was taken away is gone, and so is an account.

        Raises:
            SignInFailed: the issuer does not speak for this sign-in any more.
            Unavailable: it cannot be asked, or gave nothing to ask with.
        """
        if refresh is None:
            raise _away()
        endpoints = await self._known()
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": self.client_id}
        status, tokens = await self._tokens(endpoints, form)
        match tokens:
            case {"access_token": str(access)} if status == 200:
                pass
            case _ if status == 429 or status >= 500:
                raise _away()
            case _:
                raise SignInFailed(f"refresh: {status}")
        try:
            who = await verifier.verify(access)
        except TokenRefused as refused:
            raise SignInFailed(refused.reason) from refused
        return SignedIn(who=who, refresh=_refresh(tokens) or refresh)

    async def _tokens(self, endpoints: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        if self._secret is not None:
            form["client_secret"] = self._secret
        return await self._ask("POST", endpoints["token_endpoint"], data=form)

    async def end_session_url(self, *, onward: str) -> str | None:
        """Where the browser ends the issuer's session as well; None where the issuer has no such place or is away."""
        try:
            endpoint = (await self._known()).get("end_session_endpoint")
        except Unavailable:
            return None
        if endpoint is None:
            return None
        return _joined(endpoint, {"client_id": self.client_id, "post_logout_redirect_uri": onward})

    async def _known(self) -> dict[str, str]:
        async with self._lock:
            if self._clock.monotonic() - self._read > _FRESH or not self._endpoints:
                status, document = await self._ask("GET", f"{self.issuer}/.well-known/openid-configuration")
                match document:
                    case {
                        "issuer": self.issuer,
                        "authorization_endpoint": str(),
                        "token_endpoint": str(),
                    } if status == 200:
                        self._endpoints = {
                            name: value for name, value in document.items() if isinstance(value, str)
                        }
                        self._read = self._clock.monotonic()
                    case _:
                        log.error("issuer_unusable", status=status)
                        raise _away()
            return self._endpoints

    async def _ask(self, method: str, url: str, **rest: Any) -> tuple[int, Any]:
        try:
            async with httpx.AsyncClient(
                timeout=_TIMEOUT, follow_redirects=False, verify=self._trust()
            ) as client:
                answer = await client.request(method, url, **rest)
        except (httpx.HTTPError, OSError) as error:
            log.warning("issuer_away", error=type(error).__name__)
            raise _away() from error
        if len(answer.content) > _LARGEST:
            raise _away()
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None

    def _trust(self) -> ssl.SSLContext | bool:
        return ssl.create_default_context(cafile=self._ca_file) if self._ca_file else True


def _refresh(tokens: Any) -> str | None:
    found = tokens.get("refresh_token")
    return found if isinstance(found, str) and found else None


def _away() -> Unavailable:
    return Unavailable(
        "登录服务暂时联系不上，请稍后重试。The sign-in service cannot be reached; try again soon."
    )


def _joined(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
