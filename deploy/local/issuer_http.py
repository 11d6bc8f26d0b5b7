"""The development issuer over HTTP: OIDC discovery, code flow with PKCE, key set."""

import base64
import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass, field
from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from deploy.local.files import read_json
from deploy.local.issuer import ACCESS_SECONDS, Account, Issuer

CODE_SECONDS = 60
SESSION_SECONDS = 12 * 3600
COOKIE = "fangkong_issuer"

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
button{display:block;width:100%;text-align:left;font:inherit;padding:.7rem 1rem;margin:.4rem 0;
border:1px solid #767676;border-radius:.4rem;background:#fff;cursor:pointer}
button:focus,button:hover{outline:3px solid #1a5fb4}
small{color:#555}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A request to sign in, after it was checked."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code waiting to be exchanged, once."""

    request: SignIn
    account: Account
    expires: float
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What asks again for a sign-in's tokens, once: the answer holds the next one."""

    subject: str
    client_id: str
    session: str


@dataclass(slots=True)
class Endpoints:
    """What the issuer answers. Codes and sessions live as long as the process."""

    issuer: Issuer
    codes: dict[str, Code] = field(default_factory=dict)
    sessions: dict[str, tuple[str, float]] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)

    async def ready(self) -> dict[str, str]:
        """Whether it answers."""
        return {"status": "ok"}

    async def discovery(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0."""
        url = self.issuer.url
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
            "end_session_endpoint": f"{url}/logout",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": ["openid", "profile"],
        }

    async def jwks(self) -> dict[str, Any]:
        """The public key set."""
        return self.issuer.jwks()

    async def authorize(self, request: Request) -> Response:
        """Send back whoever is signed in; else let them choose."""
        asked = _checked(self.issuer, dict(request.query_params))
        if isinstance(asked, Response):
            return asked
        prompt = request.query_params.get("prompt", "")
        account = None if prompt in {"login", "select_account"} else self._signed_in(request)
        if account:
            return self._send_back(asked, account, request.cookies[COOKIE])
        if prompt == "none":
            return _redirect(asked.redirect_uri, error="login_required", state=asked.state)
        return HTMLResponse(_page(self.issuer, request.url.query))

    async def chosen(self, request: Request, subject: Annotated[str, Form()]) -> Response:
        """Sign in as the chosen account."""
        asked = _checked(self.issuer, dict(request.query_params))
        if isinstance(asked, Response):
            return asked
        account = self.issuer.account(subject)
        if account is None:
            return _refused("没有这个账号。", "There is no such account.")
        session = secrets.token_urlsafe(24)
        answer = self._send_back(asked, account, session)
        self.sessions[session] = (account.subject, time.monotonic() + SESSION_SECONDS)
        answer.set_cookie(
            COOKIE,
            session,
            httponly=True,
            samesite="lax",
            secure=self.issuer.url.startswith("https:"),
            max_age=SESSION_SECONDS,
        )
        return answer

    async def token(
        self,
        *,
        grant_type: Annotated[str, Form()],
        client_id: Annotated[str, Form()],
        code: Annotated[str, Form()] = "",
        redirect_uri: Annotated[str, Form()] = "",
        code_verifier: Annotated[str, Form()] = "",
        refresh_token: Annotated[str, Form()] = "",
    ) -> Response:
        """Exchange a code for tokens, or say anew what somebody may do."""
        if grant_type == "refresh_token":
            return self._refreshed(refresh_token, client_id)
        found = self.codes.pop(code, None)  # taken out before it is judged: a code is tried once
        if grant_type != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        if (
            found is None
            or found.expires < time.monotonic()
            or found.request.client_id != client_id
            or found.request.redirect_uri != redirect_uri
            or not hmac.compare_digest(found.request.challenge, _s256(code_verifier))
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        nonce = found.request.nonce or None
        identity = self.issuer.id_token(found.account, client=client_id, nonce=nonce)
        return self._tokens(found.account, client_id, found.session, id_token=identity)

    def _refreshed(self, token: str, client_id: str) -> Response:
        known = self.refreshes.pop(token, None)
        account = self.issuer.account(known.subject) if known and known.client_id == client_id else None
        if known is None or account is None:  # signed out, or an account that is there no more
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return self._tokens(account, client_id, known.session)

    def _tokens(self, account: Account, client_id: str, session: str, **more: str) -> Response:
        refresh = secrets.token_urlsafe(24)
        self.refreshes[refresh] = Refresh(subject=account.subject, client_id=client_id, session=session)
        return JSONResponse(
            {
                "access_token": self.issuer.access_token(account),
                "refresh_token": refresh,
                "token_type": "Bearer",
                "expires_in": ACCESS_SECONDS,
                **more,
            }
        )

    async def logout(self, request: Request, post_logout_redirect_uri: str = "") -> Response:
        """End the issuer's session, and with it those of all services that began by it."""
        session = request.cookies.get(COOKIE, "")
        self.sessions.pop(session, None)
        self.refreshes = {token: one for token, one in self.refreshes.items() if one.session != session}
        known = any(_same_origin(post_logout_redirect_uri, base) for base in _clients(self.issuer).values())
        answer: Response = (
            _redirect(post_logout_redirect_uri)
            if known
            else HTMLResponse(_html("<h1>已退出 Signed out</h1>"))
        )
        answer.delete_cookie(COOKIE)
        return answer

    def _signed_in(self, request: Request) -> Account | None:
        subject, expires = self.sessions.get(request.cookies.get(COOKIE, ""), ("", 0.0))
        return self.issuer.account(subject) if expires > time.monotonic() else None

    def _send_back(self, asked: SignIn, account: Account, session: str) -> RedirectResponse:
        now = time.monotonic()
        for old in [value for value, code in self.codes.items() if code.expires < now]:
            del self.codes[old]
        value = secrets.token_urlsafe(24)
        self.codes[value] = Code(request=asked, account=account, expires=now + CODE_SECONDS, session=session)
        return _redirect(asked.redirect_uri, code=value, state=asked.state)


def build(issuer: Issuer) -> FastAPI:
    """The application."""
    app = FastAPI(title="fangkong development issuer", docs_url=None, redoc_url=None, openapi_url=None)
    answers = Endpoints(issuer)
    app.get("/livez")(answers.ready)
    app.get("/readyz")(answers.ready)
    app.get("/.well-known/openid-configuration")(answers.discovery)
    app.get("/jwks")(answers.jwks)
    app.get("/authorize")(answers.authorize)
    app.post("/authorize")(answers.chosen)
    app.post("/token")(answers.token)
    app.get("/logout")(answers.logout)
    app.middleware("http")(_harden)
    return app


async def _harden(request: Request, call_next: Any) -> Response:
    answer: Response = await call_next(request)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    # form-action is left out on purpose: browsers apply it to the redirect that follows the form as well.
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
    )
    return answer


def _clients(issuer: Issuer) -> dict[str, str]:
    """Client -> the base address its redirects must lie under; written by the supervisor at each start."""
    found: dict[str, str] = read_json(issuer.folder / "clients.json")
    return found


def _checked(issuer: Issuer, query: dict[str, str]) -> SignIn | Response:
    """The request, or a page that says what is wrong. A wrong client or address is never redirected to."""
    base = _clients(issuer).get(query.get("client_id", ""))
    redirect = query.get("redirect_uri", "")
    if base is None:
        return _refused("未知的应用。", "Unknown client_id.")
    if not _same_origin(redirect, base):
        return _refused("回跳地址不属于该应用。", "redirect_uri does not belong to this client.")
    state = query.get("state", "")
    if query.get("response_type") != "code":
        return _redirect(redirect, error="unsupported_response_type", state=state)
    if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
        return _redirect(redirect, error="invalid_request", state=state)
    return SignIn(
        client_id=query["client_id"],
        redirect_uri=redirect,
        state=state,
        nonce=query.get("nonce", ""),
        challenge=query["code_challenge"],
    )


def _same_origin(url: str, base: str) -> bool:
    one, other = urlsplit(url), urlsplit(base)
    local = {"127.0.0.1", "localhost"}
    same_host = one.hostname == other.hostname or {one.hostname, other.hostname} <= local
    return one.scheme == other.scheme and same_host and one.port == other.port and not one.username


def _redirect(url: str, **values: str) -> RedirectResponse:
    given = urlencode({name: value for name, value in values.items() if value})
    joint = "" if not given else "&" if "?" in url else "?"
    return RedirectResponse(f"{url}{joint}{given}", status_code=303)


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _page(issuer: Issuer, query: str) -> str:
    buttons = "".join(
        f'<button name="subject" value="{escape(account.subject)}">{escape(account.name)} '
        f"<small>{escape(account.role)} · {escape(account.scope)}</small></button>"
        for account in issuer.accounts()
    )
    return _html(
        "<h1>选择演示账号<br><small>Choose a demonstration account</small></h1>"
        "<p>仅供本机演示，不需要密码。<br><small>For local demonstration only; no passwords.</small></p>"
        f'<form method="post" action="/authorize?{escape(query)}">{buttons}</form>'
    )


def _html(body: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>防控 fangkong</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _refused(zh: str, en: str) -> HTMLResponse:
    return HTMLResponse(_html(f"<h1>{zh}</h1><p>{en}</p>"), status_code=400)


def serve(issuer: Issuer) -> None:
    """Listen until stopped."""
    uvicorn.run(
        build(issuer),
        host=os.environ.get("FANGKONG_HTTP_HOST", "127.0.0.1"),
        port=int(os.environ["FANGKONG_HTTP_PORT"]),
        ssl_certfile=os.environ.get("FANGKONG_TLS_CERT"),
        ssl_keyfile=os.environ.get("FANGKONG_TLS_KEY"),
        access_log=False,
        log_level="warning",
        server_header=False,
    )
