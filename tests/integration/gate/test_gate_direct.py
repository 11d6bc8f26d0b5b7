"""The two routes of devices are answered without FastAPI's machinery, and look like every other route from outside."""

from itertools import product
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.gate.api.models import EntryCheckBody
from shared.http.direct import DirectRoute
from tests.integration.gate.town import GateTown

PATHS = ["/v1/entry-checks", "/v1/entry-checks/batch"]


# content, its kind, with a credential, status, code
WRONG = [
    (b"{", "application/json", False, 400, "malformed_json"),
    (b"{}", "application/json", False, 401, "not_authenticated"),
    (b"{}", "application/json", True, 422, "invalid_request"),
    (b"[]", "application/json; charset=utf-8", True, 422, "invalid_request"),
    (b"{}", "application/vnd.gate+json", True, 422, "invalid_request"),
    (b"{}", "text/plain", True, 415, "unsupported_media_type"),
    (b"", "application/json", True, 422, "invalid_request"),
    (b'{"check_id": "\\u0000"}', "application/json", True, 400, "malformed_json"),
    (b" " * 1_000_001, "application/json", True, 413, "body_too_large"),
]


async def test_what_is_wrong_is_said_in_the_order_and_form_of_all_routes(town: GateTown) -> None:
    for path, (content, kind, signed_in, status, code) in product(PATHS, WRONG):
        who = {"Authorization": f"Device {town.device}"} if signed_in else {}
        answer = await town.client.http.post(path, content=content, headers={"Content-Type": kind} | who)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, kind)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_another_method_is_told_which_ones_there_are(town: GateTown) -> None:
    answer = await town.client.http.get(PATHS[0])
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


def test_a_direct_route_takes_nothing_but_a_body_and_the_request() -> None:
    router = APIRouter(route_class=DirectRoute)

    async def endpoint(body: EntryCheckBody, request: Request, limit: int) -> Response:  # noqa: ARG001
        return Response()

    with pytest.raises(TypeError, match="nothing else"):
        _served(router, endpoint)


def _served(router: APIRouter, endpoint: Any) -> FastAPI:
    router.post("/x")(endpoint)
    app = FastAPI()
    app.router.routes.extend(router.routes)
    app.openapi()
    return app
