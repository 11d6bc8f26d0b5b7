"""Who is signed in at a browser: a random cookie, of which the database keeps the hash.

Lifetimes are real time: business time may be stepped. A page that refreshes itself does not count as use, so a screen
that nobody sits at ends its session; as long as the issuer still knows the person, the next one begins without a
question.

What somebody may do is proved at the issuer again every half minute of use, so that a role that was taken away, an
account that was closed and a sign-out elsewhere end here as well (0048).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from shared.db.pool import Database
from shared.http.access import SAFE, Grant, Principal, Role
from shared.http.access import Scope as GrantScope
from shared.http.auth import Authenticator, StaffVerifier
from shared.http.problem import Unavailable
from shared.kernel.clock import Clock
from shared.obs.logging import get_logger
from shared.pages.oidc import Provider, SignedIn, SignInFailed
from shared.pages.routes import (
    TOKEN_HEADER,
    CrossSite,
    cookies_of,
    holds,
    own_origin,
    same_origin,
    session_kind,
)

log = get_logger(__name__)

BEGIN_SESSION = """
insert into page_session (
  id_hash, subject, grants, begun_at, seen_at, proved_at, tried_at, ends_at, worker_ref, refresh_sealed)
values ($1, $2, $3, $4, $4, $4, $4, $5, $6, $7)
"""
FIND_SESSION = """
select subject, grants, seen_at, worker_ref, proved_at, tried_at, refresh_sealed from page_session
where id_hash = $1 and ends_at > $2 and seen_at > $3
"""
TRY_PROOF = "update page_session set tried_at = $2 where id_hash = $1 and tried_at = $3 returning true"
PROVED = """
update page_session set grants = $2, worker_ref = $3, proved_at = $4, refresh_sealed = $5 where id_hash = $1
"""
SEE_SESSION = "update page_session set seen_at = $2 where id_hash = $1 and seen_at < $2"
END_SESSION = "delete from page_session where id_hash = $1"
FORGET_SESSIONS = "delete from page_session where ends_at <= $1 or seen_at <= $2"

_NOTED_EVERY = timedelta(seconds=60)
PROVED_EVERY = timedelta(seconds=25)
"""With an issuer that takes its time, and a process that dies while it asks, rights still end within a minute."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions of one service.

    Attributes:
        name: of the service; cookies know no ports, so each service has its own.
        public_url: where people reach the service; None: as each request says.
        idle: a session ends this long after it was last used.
        longest: and this long after it began, however much it is used.
        provider: the issuer, which is asked whether a session's rights still hold.
        unproved: a session ends when that could not be asked for so long.
        by_link: tells who holds the session of a personal link, where the service has such links.
    """

    database: Database
    clock: Clock
    name: str
    public_url: str | None
    idle: timedelta
    longest: timedelta
    provider: Provider
    unproved: timedelta
    by_link: Authenticator | None = None

    async def begin(self, signed_in: SignedIn, *, instead_of: str | None) -> str:
        """Begin a session under a new id, which is told once; forget the browser's former one and all that ended."""
        session, now = secrets.token_urlsafe(32), self.clock.real_now()
        who, kept = signed_in.who, _sealed(session, signed_in.refresh)
        async with self.database.begin() as tx:
            await tx.execute(FORGET_SESSIONS, now, now - self.idle)
            if instead_of:
                await tx.execute(END_SESSION, _hash(instead_of))
            ends_at = now + self.longest
            begun = _hash(session), who.subject, _kept(who), now, ends_at, who.worker_ref, kept
            await tx.execute(BEGIN_SESSION, *begun)
        return session

    async def find(
        self, session: str, *, used: bool, verifier: StaffVerifier | None = None
    ) -> Principal | None:
        """Who has this session; None when it is over or was never begun.

        Args:
            session: the cookie's value.
            used: somebody opened a page or sent something by hand.
            verifier: of what the issuer says now; None: it is not asked.
        """
        now = self.clock.real_now()
        async with self.database.begin() as tx:
            row = await tx.fetchrow(FIND_SESSION, _hash(session), now, now - self.idle)
            if row is None:
                return None
            if used and _due(row["seen_at"], now):
                await tx.execute(SEE_SESSION, _hash(session), now)
        who = Principal(
            kind="staff",
            subject=row["subject"],
            grants=tuple(map(_grant, row["grants"])),
            worker_ref=row["worker_ref"],
        )
        if verifier is None or now - row["tried_at"] <= PROVED_EVERY:
            return who
        return await self._proved(session, who, row, verifier)

    async def _proved(
        self, session: str, who: Principal, row: asyncpg.Record, verifier: StaffVerifier
    ) -> Principal | None:
        """What the issuer says that somebody may do now; None when it does not speak for them any more.

        One request of a session asks; those beside it go on with what was said last.
        """
        now = self.clock.real_now()
        async with self.database.begin() as tx:
            if not await tx.fetchval(TRY_PROOF, _hash(session), now, row["tried_at"]):
                return who
        try:
            said = await self.provider.renew(_opened(session, row["refresh_sealed"]), verifier=verifier)
            if said.who.subject != who.subject:
                raise SignInFailed("another subject")  # noqa: TRY301 -- what the issuer says of somebody else
        except (Unavailable, SignInFailed) as failed:
            if isinstance(failed, Unavailable) and now - row["proved_at"] <= self.unproved:
                return who
            log.info("session_withdrawn", subject=who.subject, reason=getattr(failed, "reason", "unproved"))
            await self.end(session)
            return None
        kept = _kept(said.who), said.who.worker_ref, now, _sealed(session, said.refresh)
        async with self.database.begin() as tx:
            await tx.execute(PROVED, _hash(session), *kept)
        return said.who

    async def end(self, session: str) -> None:
        """End a session, if it is one."""
        async with self.database.begin() as tx:
            await tx.execute(END_SESSION, _hash(session))

    async def authenticate(self, scope: Scope) -> Principal | None:
        """Who calls, by the session's cookie; None without one that holds.

        The cookie alone changes nothing: a request that is not safe comes from our own origin, and shows the session's
        token in a header or goes to a route that looks for it in the form.

        Raises:
            CrossSite: such a request does neither.
        """
        request = Request(scope)
        kind = session_kind(scope)
        session = cookies_of(scope).get(self.named(kind, request))
        if not session:
            return None
        if kind == "link":  # its routes look for our own form first
            return await self.by_link(session, scope["app"]) if self.by_link else None
        if scope["method"] not in SAFE:
            if not same_origin(scope, own_origin(self.public_url)):
                raise CrossSite
            token = Headers(scope=scope).get(TOKEN_HEADER)
            if not getattr(scope.get("route"), "checks_forms", False) and not (
                token and holds(session, token)
            ):
                raise CrossSite
        return await self.find(session, used=_by_hand(scope), verifier=scope["app"].state.verifier)

    # ---- cookies

    def cookie(self, request: Request) -> str:
        """The name of the session's cookie. With the prefix, browsers take it over TLS and for this host only."""
        return self.named("session", request)

    def named(self, what: str, request: Request, *, path: str = "/") -> str:
        """The name of one of this service's cookies; one for a part of its pages cannot have the stricter prefix."""
        bare = f"fangkong-{self.name}-{what}"
        prefix = "__Host-" if path == "/" else "__Secure-"
        return f"{prefix}{bare}" if self.secure(request) else bare

    def secure(self, request: Request) -> bool:
        """Say whether cookies travel over TLS only: everywhere but in development on the machine itself."""
        return not (self.scheme(request) == "http" and request.url.hostname in _LOOPBACK)

    def scheme(self, request: Request) -> str:
        """How people reach the service."""
        return self.public_url.partition(":")[0] if self.public_url else request.url.scheme

    def give(
        self,
        response: Response,
        request: Request,
        what: str,
        value: str,
        *,
        seconds: int | None = None,
        path: str = "/",
    ) -> None:
        """Set one of this service's cookies: for this host, not for scripts, not sent along by other sites' forms."""
        response.set_cookie(
            self.named(what, request, path=path),
            value,
            max_age=seconds,
            path=path,
            secure=self.secure(request),
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response, request: Request, what: str, *, path: str = "/") -> None:
        """Have the browser forget one of this service's cookies."""
        response.delete_cookie(
            self.named(what, request, path=path),
            path=path,
            secure=self.secure(request),
            httponly=True,
            samesite="lax",
        )


def _kept(who: Principal) -> list[dict[str, str]]:
    return [{"role": grant.role, "scope": str(grant.scope)} for grant in who.grants]


def _cipher(session: str) -> AESGCM:
    """A key that only the browser's cookie tells, and that the hash in the database does not."""
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"refresh").derive(session.encode()))


def _sealed(session: str, refresh: str | None) -> bytes | None:
    if refresh is None:
        return None
    nonce = secrets.token_bytes(12)
    return nonce + _cipher(session).encrypt(nonce, refresh.encode(), None)


def _opened(session: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else _cipher(session).decrypt(sealed[:12], sealed[12:], None).decode()


def _hash(session: str) -> bytes:
    return hashlib.sha256(session.encode()).digest()


def _due(seen_at: datetime, now: datetime) -> bool:
    """Once a minute is enough: not every request writes."""
    return now - seen_at > _NOTED_EVERY


def _by_hand(scope: Scope) -> bool:
    """Somebody opened a page or sent something; a page that refreshes itself says another mode."""
    mode = Headers(scope=scope).get("sec-fetch-mode", "navigate")
    return mode == "navigate" or scope["method"] not in SAFE


def _grant(kept: Any) -> Grant:
    return Grant(role=Role(kept["role"]), scope=GrantScope.parse(kept["scope"]))
