"""Signing in and out, and the choice of the language: the routes that every service with pages has."""

import hmac
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from shared.http.access import IDENTIFIED, AccessTable, Role
from shared.obs.logging import get_logger
from shared.pages.languages import COOKIE, Language
from shared.pages.oidc import Attempt, SignInFailed
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router

log = get_logger(__name__)
router = page_router()

_PUBLIC = frozenset({Role.PUBLIC})
ACCESS: AccessTable = {
    "GET /sign-in": _PUBLIC,
    "GET /sign-in/callback": _PUBLIC,
    "POST /sign-out": _PUBLIC,
    "GET /signed-out": _PUBLIC,
    "POST /language": _PUBLIC,
}

_ATTEMPT_SECONDS = 600
_YEAR = 365 * 86_400
Onward = Annotated[str, Query(alias="next", max_length=1_000)]


class LanguageForm(PageForm):
    """Which language pages are read in, and where the reader was."""

    to: Language
    next: str = "/"


@router.get("/sign-in", dependencies=IDENTIFIED)
async def sign_in(request: Request, onward: Onward = "/") -> Response:
    """Send the browser to the issuer, and remember at the browser what was wanted."""
    pages: Pages = request.app.state.pages
    pages.require_private_line(request)
    wanted = quote(local(onward), safe="")
    if pages.public_url and request.url.hostname != urlsplit(pages.public_url).hostname:
        # The answer comes back to the public address: begin there, or the cookie would be another host's.
        return RedirectResponse(f"{pages.public_url}/sign-in?next={wanted}", 303)
    attempt = Attempt.new(local(onward))
    url = await pages.provider.authorization_url(
        attempt, redirect_uri=pages.absolute(request, "/sign-in/callback")
    )
    answer = RedirectResponse(url, 303)
    pages.sessions.give(answer, request, "sign-in", attempt.write(), seconds=_ATTEMPT_SECONDS)
    return answer


@router.get("/sign-in/callback", dependencies=IDENTIFIED)
async def called_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2_000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Take what the issuer says, and begin a session."""
    pages: Pages = request.app.state.pages
    attempt = Attempt.read(request.cookies.get(pages.sessions.named("sign-in", request), ""))
    if attempt is None or not hmac.compare_digest(attempt.state.encode(), state.encode()):
        raise _failed("an answer that this browser did not ask for")
    if not code or error:
        raise _failed("the issuer refused")
    try:
        signed_in = await pages.provider.exchange(
            code,
            attempt,
            redirect_uri=pages.absolute(request, "/sign-in/callback"),
            verifier=request.app.state.verifier,
        )
    except SignInFailed as failed:
        log.warning("sign_in_failed", reason=failed.reason)
        raise
    former = request.cookies.get(pages.sessions.cookie(request))
    session = await pages.sessions.begin(signed_in, instead_of=former)
    log.info("signed_in", subject=signed_in.who.subject)
    answer = RedirectResponse(pages.url(local(attempt.onward)), 303)
    pages.sessions.give(answer, request, "session", session)
    pages.sessions.take(answer, request, "sign-in")
    return answer


@router.post("/sign-out", dependencies=IDENTIFIED)
async def sign_out(request: Request, _form: Annotated[PageForm, Form()]) -> Response:
    """End the session here and at the issuer: whoever comes next at this screen has to sign in."""
    pages: Pages = request.app.state.pages
    session = request.cookies.get(pages.sessions.cookie(request))
    if session:
        await pages.sessions.end(session)
    home = pages.absolute(request, "/signed-out")
    answer = RedirectResponse(await pages.provider.end_session_url(onward=home) or home, 303)
    pages.sessions.take(answer, request, "session")
    return answer


@router.get("/signed-out", dependencies=IDENTIFIED)
async def signed_out(request: Request) -> Response:
    """Say that it is done."""
    pages: Pages = request.app.state.pages
    return pages.render(request, "signed_out.html")


@router.post("/language", dependencies=IDENTIFIED)
async def language(request: Request, form: Annotated[LanguageForm, Form()]) -> Response:
    """Keep the reader's choice and go back to where they were."""
    pages: Pages = request.app.state.pages
    answer = RedirectResponse(pages.url(local(form.next)), 303)
    secure = pages.sessions.secure(request)
    answer.set_cookie(COOKIE, form.to, max_age=_YEAR, path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def local(onward: str) -> str:
    """A path of our own, or the start page: nobody is sent elsewhere by a link that begins here."""
    plain = onward.startswith("/") and not onward.startswith(("//", "/\\"))
    if not plain or any(ord(sign) < 33 or sign == "\\" for sign in onward):
        return "/"
    parts = urlsplit(onward)
    return "/" if parts.scheme or parts.netloc else onward


def _failed(reason: str) -> SignInFailed:
    log.warning("sign_in_failed", reason=reason)
    return SignInFailed(reason)
