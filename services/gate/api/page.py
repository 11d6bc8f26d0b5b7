"""The guard's checkpoint page: files built from `services/gate/page` and served as they were committed.

The page is an ordinary device: what it may do it does over the routes of devices, with a credential of its own.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from shared.http.access import IDENTIFIED

router = APIRouter(tags=["page"])

BUILT = Path(__file__).parents[1] / "page" / "built"
HOME = "/guard/"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TYPES = {".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".js": "text/javascript"}
_PACKED = frozenset({".css", ".html", ".js", ".svg", ".wasm", ".webmanifest"})
_HEADERS = {
    # Everything from this service alone; `wasm-unsafe-eval` is what the reader of QR codes needs.
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, kw_only=True)
class _File:
    body: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)
    media_type: str
    etag: str
    caching: str


@cache
def _files() -> dict[str, _File]:
    """All of them by name, read once."""
    return {path.relative_to(BUILT).as_posix(): _file(path) for path in BUILT.rglob("*") if path.is_file()}


def _file(path: Path) -> _File:
    body = path.read_bytes()
    # The build puts what never changes under a name with its hash, all of it into one folder.
    named_by_content = path.parent.name == "assets"
    return _File(
        body=body,
        packed=gzip.compress(body, 9, mtime=0) if path.suffix in _PACKED else None,
        media_type=_TYPES.get(path.suffix)
        or mimetypes.types_map.get(path.suffix, "application/octet-stream"),
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        caching=_FOREVER if named_by_content else _ASK_AGAIN,
    )


@router.get("/guard", dependencies=IDENTIFIED, include_in_schema=False)
async def page_without_slash() -> Response:
    """The page's address as people type it."""
    return RedirectResponse(HOME, status_code=308)


@router.get("/guard/{name:path}", dependencies=IDENTIFIED, include_in_schema=False)
async def page_file(name: str, request: Request) -> Response:
    """One file of the page; nothing in it is of a person or a place."""
    found = _files().get(name or "index.html")
    if found is None:
        raise HTTPException(404)
    headers = {**_HEADERS, "Cache-Control": found.caching, "ETag": found.etag}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            found.packed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"}
        )
    return Response(found.body, media_type=found.media_type, headers=headers)
