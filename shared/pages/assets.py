"""Scripts, styles and icons under names that hold the hash of their content, so that browsers keep them for ever."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PREFIX = "/assets"
SHARED = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_SERVED = frozenset({".css", ".js", ".svg", ".png", ".woff2", ".webmanifest"})
_TYPES = {".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}
"""What Python's own table lacks, on some machines."""
_URL = re.compile(rb'url\("([^"]+)"\)')
_COMPRESSED = frozenset({".css", ".js", ".svg", ".webmanifest"})


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file in memory."""

    name: str
    body: bytes
    media_type: str

    @cached_property
    def hashed_name(self) -> str:
        """`pages.css` -> `pages.0f3a….css`."""
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{hashlib.sha256(self.body).hexdigest()[:16]}.{suffix}"

    @cached_property
    def compressed(self) -> bytes:
        """The body for callers that take gzip; made once, at the first call."""
        return gzip.compress(self.body, mtime=0)


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The static files of one service: the shared ones and its own. An ASGI application, to be mounted at PREFIX."""

    assets: dict[str, Asset]
    _by_hashed_name: dict[str, Asset] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_hashed_name", {one.hashed_name: one for one in self.assets.values()})

    @classmethod
    def of(cls, *folders: Path) -> "Assets":
        """Read folders; a later one may not repeat a name of an earlier one.

        Raises:
            ValueError: two files of one name.
            KeyError: a style names a file that is not there.
        """
        found: dict[str, Asset] = {}
        for folder in folders:
            # Styles last: they name other files, by the names under which those are served.
            for path in sorted(folder.rglob("*"), key=lambda one: (one.suffix == ".css", one)):
                if path.suffix not in _SERVED:
                    continue
                name = path.relative_to(folder).as_posix()
                if name in found:
                    raise ValueError(f"two assets are called {name}")
                kind = _TYPES.get(path.suffix) or mimetypes.types_map[path.suffix]
                body = path.read_bytes()
                if path.suffix == ".css":
                    body = _URL.sub(
                        lambda named: b'url("%s")' % found[named[1].decode()].hashed_name.encode(), body
                    )
                found[name] = Asset(name=name, body=body, media_type=kind)
        return cls(assets=found)

    def path(self, name: str) -> str:
        """Where a file is fetched, below the service's own address.

        Raises:
            KeyError: there is no such file.
        """
        return f"{PREFIX}/{self.assets[name].hashed_name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file."""
        name = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(PREFIX).lstrip("/")
        asset = self._by_hashed_name.get(name)
        if asset is None or scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(404)
        headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        body = asset.body
        if Path(asset.name).suffix in _COMPRESSED and "gzip" in Headers(scope=scope).get(
            "accept-encoding", ""
        ):
            headers["Content-Encoding"] = "gzip"
            body = asset.compressed
        await Response(body, headers=headers, media_type=asset.media_type)(scope, receive, send)
