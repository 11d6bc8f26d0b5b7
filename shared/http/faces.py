"""What the shell knows of a service's pages: its files, who is signed in at a browser, and how a problem looks there.

`shared.pages` implements it; a service without pages has none.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.access import Principal
from shared.http.limits import RateTable


class Files(Protocol):
    """An application that serves static files."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file."""


class SignedIn(Protocol):
    """Who is signed in at a browser."""

    async def authenticate(self, scope: Scope) -> Principal | None:
        """Who calls, by a cookie; None without one that holds."""


class Faces(Protocol):
    """The pages of a service."""

    @property
    def assets(self) -> Files:
        """Their scripts, styles and icons."""

    @property
    def sessions(self) -> SignedIn:
        """Who is signed in."""

    @property
    def rates(self) -> RateTable:
        """How often the routes of signing in may be called."""

    def present(self, request: Request, problem: Mapping[str, Any], response: Response) -> Response:
        """A problem as a browser shows it; any other caller gets the response as it is."""


ASSETS = "/assets"


def mounted(faces: Faces) -> dict[str, ASGIApp]:
    """Where the files are reached."""
    return {ASSETS: faces.assets}
