"""Where everybody begins: the pages that one's role works with, of all services."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from shared.http.access import IDENTIFIED, STAFF, AccessTable, Principal
from shared.pages.doors import SERVICE_NAMES
from shared.pages.rendering import Pages
from shared.pages.routes import page_router

router = page_router()
ACCESS: AccessTable = {"GET /": STAFF}


@router.get("/", dependencies=IDENTIFIED)
async def start(request: Request) -> Response:
    """The doors that open to the caller, service by service."""
    pages: Pages = request.app.state.pages
    who: Principal = request.scope["fangkong.principal"]
    groups: list[dict[str, Any]] = []
    for service, name in SERVICE_NAMES.items():
        doors = [
            {"href": address, "label": door.label, "note": door.note}
            for door in pages.doors_of(service, who)
            if (address := pages.elsewhere(service, door.path)) is not None
        ]
        if doors:
            groups.append({"name": name, "doors": doors})
    return pages.render(request, "start.html", groups=groups)
