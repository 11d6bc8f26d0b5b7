"""Who is calling: staff by an access token of the issuer, devices and residents by their own schemes.

The Authorization scheme selects the authenticator. Everything fails closed, and answers to a bad credential
do not say what was wrong with it; the log does.
"""

import asyncio
import hmac
import json
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self
from uuid import UUID

import httpx
from fastapi import FastAPI
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from starlette.types import Scope as Connection

from shared.http.access import STAFF, Grant, Principal, Role, Scope
from shared.http.problem import HttpRefusal, Unavailable
from shared.kernel.clock import Clock
from shared.obs.logging import get_logger

log = get_logger(__name__)

ALGORITHM = "ES256"
AUDIENCE = "fangkong"
LEEWAY = 30.0  # seconds of difference between the issuer's clock and ours
OLDEST = 3_600.0
"""Seconds since an access token was made: what was taken away from somebody since is unknown to it."""
OLDEST_IN_PRODUCTION = 45.0
MAX_TOKEN = 8_192  # characters
MAX_CREDENTIAL = 16_384
_TYPES = frozenset(["jwt", "at+jwt", "application/at+jwt"])

Authenticator = Callable[[str, FastAPI], Awaitable[Principal]]
"""Turns the credential behind its scheme into a principal, or raises NotAuthenticated."""


class NotAuthenticated(HttpRefusal):
    """No credential, or one that does not hold."""

    status: ClassVar[int] = 401
    code: ClassVar[str] = "not_authenticated"

    def __init__(self, detail: str = "请先登录。Sign in first.") -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": 'Bearer realm="fangkong"'}


class TokenRefused(NotAuthenticated):
    """A credential that does not hold. The reason is for the log only."""

    code: ClassVar[str] = "token_refused"

    def __init__(self, reason: str) -> None:
        super().__init__("登录已失效，请重新登录。The sign-in does not hold (any more); sign in again.")
        self.reason = reason
        self.headers = {"WWW-Authenticate": 'Bearer realm="fangkong", error="invalid_token"'}


class Verifier(Protocol):
    """Turns a staff access token into a principal."""

    async def verify(self, token: str) -> Principal:
        """Verify a token, or raise TokenRefused."""


ByCookie = Callable[[Connection], Awaitable[Principal | None]]
"""Who is signed in at the browser that calls; None when nobody is."""


def authentication(
    verifier: Verifier, others: Mapping[str, Authenticator], app: FastAPI, by_cookie: ByCookie | None = None
) -> Callable[[Connection], Awaitable[Principal]]:
    """Make the function that authenticates a request, given as its ASGI scope, by the scheme it uses.

    A request without a credential is a browser's, where the service has pages.
    """
    schemes = {scheme.lower(): fn for scheme, fn in others.items()}

    async def authenticate(scope: Connection) -> Principal:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if not given:
            if by_cookie is not None and (signed_in := await by_cookie(scope)) is not None:
                return signed_in
            raise NotAuthenticated
        scheme, _, credential = given[0].decode("latin-1").partition(" ")
        try:
            if len(given) > 1 or len(given[0]) > MAX_CREDENTIAL:
                raise TokenRefused("more than one credential, or a huge one")
            if scheme.lower() == "bearer":
                return await verifier.verify(credential.strip())
            if other := schemes.get(scheme.lower()):
                return await other(credential.strip(), app)
            raise TokenRefused("unknown scheme")
        except NotAuthenticated as refused:
            log.warning("authentication_refused", scheme=scheme[:16], reason=getattr(refused, "reason", None))
            raise

    return authenticate


class Jwks:
    """The issuer's public keys, from a file or a URL of the settings, kept for a limited time.

    An unknown `kid` asks again, at most every `RETRY` seconds, so a flood of forged tokens is not a flood of
    requests. When the source is away, keys are trusted until `TRUST`, then nobody gets in (503).
    """

    FRESH = 300.0  # seconds until the source is asked again
    RETRY = 10.0
    TRUST = 3_600.0

    def __init__(
        self, load: Callable[[], Awaitable[bytes]], clock: Clock, *, trust_development: bool = True
    ) -> None:
        self._load = load
        self._trust_development = trust_development
        self._clock = clock
        self._keys: dict[str, ECKey] = {}
        self._loaded = self._tried = float("-inf")
        self._lock = asyncio.Lock()

    @classmethod
    def from_file(cls, path: Path, clock: Clock) -> Self:
        """Take the key set from a file."""

        async def load() -> bytes:
            return await asyncio.to_thread(path.read_bytes)

        return cls(load, clock)

    @classmethod
    def from_url(
        cls, url: str, clock: Clock, ca_file: Path | None = None, *, trust_development: bool = True
    ) -> Self:
        """Take the key set from the issuer; never from an address that a token names.

        `ca_file`: the authority behind the issuer's certificate, where it is not one of the system's.
        `trust_development`: whether an issuer may say of itself that it lets anybody in as anybody.
        """

        async def load() -> bytes:
            trust = ssl.create_default_context(cafile=ca_file) if ca_file else True
            async with httpx.AsyncClient(timeout=3.0, follow_redirects=False, verify=trust) as client:
                return (await client.get(url)).raise_for_status().content

        return cls(load, clock, trust_development=trust_development)

    async def key(self, kid: str) -> ECKey | None:
        """Find a key by its id; None when the issuer does not know it.

        Raises:
            Unavailable: no key set young enough to be trusted.
        """
        if self._due(kid):
            async with self._lock:
                if self._due(kid):
                    await self._refresh()
        if self._clock.monotonic() - self._loaded > self.TRUST:
            raise Unavailable("暂时无法核验登录。Sign-ins cannot be verified for the moment.")
        return self._keys.get(kid)

    def _due(self, kid: str) -> bool:
        now = self._clock.monotonic()
        wanted = kid not in self._keys or now - self._loaded > self.FRESH
        return wanted and now - self._tried > self.RETRY

    async def _refresh(self) -> None:
        try:
            document = json.loads(await self._load())
            if document.get("development") and not self._trust_development:
                log.error("development_issuer_refused", remedy="FANGKONG_ISSUER: name a real one")
                document = {"keys": []}
            self._keys = _public_keys(document)
            self._loaded = self._clock.monotonic()
        except (OSError, httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError, JoseError):
            log.exception("jwks_unavailable")
        finally:
            self._tried = self._clock.monotonic()  # not before: who comes meanwhile waits for the answer


def _public_keys(document: Any) -> dict[str, ECKey]:
    return {
        jwk["kid"]: ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y", "kid")})
        for jwk in document["keys"]
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("use", "sig") == "sig"
    }


class StaffVerifier:
    """Verifies the issuer's access tokens: ES256 only, our audience, in time by the real clock."""

    def __init__(
        self,
        jwks: Jwks,
        *,
        issuer: str,
        clock: Clock,
        audience: str = AUDIENCE,
        oldest: float = OLDEST,
    ) -> None:
        self._jwks = jwks
        self._issuer = issuer
        self._clock = clock
        self._audience = audience
        self._oldest = oldest

    async def verify(self, token: str) -> Principal:
        """Turn a token into a principal with its grants.

        Raises:
            TokenRefused: for every defect, with the reason for the log.
            Unavailable: the issuer's keys are not to be had.
        """
        return self._principal(await self._signed(token))

    async def verify_identity(self, token: str, *, client_id: str, nonce: str) -> str:
        """Turn an identity token into its subject: it was made for this application and for this very sign-in.

        Raises:
            TokenRefused, Unavailable: as `verify`.
        """
        claims = await self._signed(token)
        match claims:
            case {
                "iss": self._issuer,
                "sub": str(subject),
                "exp": int(expires) | float(expires),
                "iat": int(issued) | float(issued),
                "nonce": str(given),
            } if 0 < len(subject) <= 200:
                pass
            case _:
                raise TokenRefused("issuer or claims of the identity")
        if not hmac.compare_digest(given.encode(), nonce.encode()):
            raise TokenRefused("nonce")
        self._check_audience(claims, client_id)
        if claims.get("azp", client_id) != client_id:
            raise TokenRefused("authorized party")
        self._check_time(expires, issued)
        return subject

    async def _signed(self, token: str) -> Any:
        """The claims of a token whose signature holds."""
        if not token.isascii() or len(token) > MAX_TOKEN or token.count(".") != 2:
            raise TokenRefused("not a compact token")
        key = await self._jwks.key(_checked_header(token))
        if key is None:
            raise TokenRefused("unknown key")
        try:
            signed = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
            return json.loads(signed.payload)
        except (JoseError, ValueError, RecursionError) as error:
            raise TokenRefused(f"signature or encoding: {type(error).__name__}") from error

    def _principal(self, claims: Any) -> Principal:
        match claims:
            case {
                "iss": self._issuer,
                "sub": str(subject),
                "jti": str(),
                "exp": int(expires) | float(expires),
                "iat": int(issued) | float(issued),
                "grants": list(grants),
            } if 0 < len(subject) <= 200:
                pass
            case _:
                raise TokenRefused("issuer or claims")
        self._check_audience(claims, self._audience)
        starts = claims.get("nbf", issued)  # not every provider says it, and none has to
        if not isinstance(starts, int | float):
            raise TokenRefused("nbf")
        self._check_time(expires, max(starts, issued))
        if self._clock.real_now().timestamp() - issued > self._oldest:
            raise TokenRefused("age")
        return Principal(
            kind="staff",
            subject=subject,
            grants=tuple(map(_grant, grants)),
            worker_ref=_worker_ref(claims.get("worker_ref")),
        )

    @staticmethod
    def _check_audience(claims: Any, wanted: str) -> None:
        audience = claims.get("aud")
        if wanted not in (audience if isinstance(audience, list) else [audience]):
            raise TokenRefused("audience")

    def _check_time(self, expires: float, starts: float) -> None:
        now = self._clock.real_now().timestamp()
        if not (now < expires + LEEWAY and starts <= now + LEEWAY):  # NaN fails as well
            raise TokenRefused("time")


def _checked_header(token: str) -> str:
    """Read the key id before the signature is known: nothing else of the header is believed."""
    head = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError) as error:
        raise TokenRefused("header") from error
    match header:
        case {"alg": "ES256", "kid": str(kid)} if "crit" not in header:
            if str(header.get("typ", "JWT")).lower() not in _TYPES:
                raise TokenRefused("type")
            return kid
        case _:
            raise TokenRefused("algorithm or key id")


def _worker_ref(claim: Any) -> UUID | None:
    """Who of the workers it is; an issuer need not know."""
    if claim is None:
        return None
    try:
        return UUID(claim)
    except (ValueError, TypeError, AttributeError) as error:
        raise TokenRefused("worker_ref") from error


def _grant(claim: Any) -> Grant:
    try:
        role, scope = Role(claim["role"]), Scope.parse(claim["scope"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenRefused("grants") from error
    if role not in STAFF:
        raise TokenRefused("a token of the issuer speaks for staff only")
    return Grant(role=role, scope=scope)
