"""What a phone needs to go on without a network: the worker behind the pages, whose session it is, a page to say so."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.responses import Response

from services.sanitation.pages.places import HERE
from shared.http.access import IDENTIFIED, Caller
from shared.pages.rendering import Pages
from shared.pages.routes import page_router, token_for

router = page_router()

ACCOUNT = "X-Fangkong-Account"
"""On a page that the phone may keep: whose it is. Everything else is kept nowhere."""


def render_kept(
    request: Request, template: str, *, account: str, status: int = 200, **values: Any
) -> Response:
    """Answer with a page of the field: a phone keeps it until somebody else signs in or this one signs out."""
    pages: Pages = request.app.state.pages
    headers: Mapping[str, str] = {ACCOUNT: account} if status == 200 else {}
    return pages.render(request, template, status=status, headers=headers, account=account, **values)


@router.get("/field-worker.js", dependencies=IDENTIFIED)
async def worker() -> Response:
    """The service worker: at the root, since it answers for the pages below."""
    return FileResponse(
        HERE / "static" / "field-worker.js",
        media_type="text/javascript",
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
        },
    )


@router.get("/field/session")
async def session(request: Request, who: Caller) -> Response:
    """Tell whose session it is and the token for what is sent: what was kept is sent for its own account only."""
    pages: Pages = request.app.state.pages
    kept = request.cookies.get(pages.sessions.cookie(request), "")
    return JSONResponse(
        {"account": who.subject, "csrf": token_for(kept)}, headers={"Cache-Control": "no-store"}
    )


@router.get("/field/offline", dependencies=IDENTIFIED)
async def offline(request: Request) -> Response:
    """Say that there is no network; kept at the phone for that moment."""
    pages: Pages = request.app.state.pages
    return pages.render(request, "offline.html")
