"""Every route x every role, and scopes that do not leak from one role into another (F17)."""

from typing import Any

import httpx
import pytest

from shared.http.access import STAFF, AccessTableError, Role
from shared.http.app import make_app
from tests.integration.http.sample import ACCESS, Sample, router, sample_app

pytestmark = pytest.mark.requirement("F17")

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "GET /v1/open": ("/v1/open", {}),
    "GET /v1/compounds/{compound}/notes": ("/v1/compounds/lj-001/notes", {}),
    "POST /v1/compounds/{compound}/notes": ("/v1/compounds/lj-001/notes", {"json": {"text": "x"}}),
    "POST /v1/form": ("/v1/form", {"data": {"text": "x"}}),
    "POST /v1/raw": ("/v1/raw", {"json": {}}),
    "PUT /v1/large": ("/v1/large", {"json": {"text": "x"}}),
    "GET /v1/town": ("/v1/town", {}),
    "GET /v1/device": ("/v1/device", {}),
    "GET /v1/things/{thing}": ("/v1/things/018f0000-0000-7000-8000-000000000001", {}),
    "GET /v1/fail/{how}": ("/v1/fail/refusal", {}),
    "GET /v1/broken-stream": ("/v1/broken-stream", {}),
}


def credential(role: Role) -> dict[str, str]:
    match role:
        case Role.PUBLIC:
            return {}
        case Role.DEVICE:
            return {"Authorization": "Device abc"}
        case Role.REVOKED_DEVICE:
            return {"Authorization": "Device revoked"}
        case Role.RESIDENT:
            return {"Authorization": "link resident-1"}
        case _:
            return Sample.token((role, "town"))


def test_the_matrix_covers_every_cell() -> None:
    assert CALLS.keys() == ACCESS.keys()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("cell", sorted(ACCESS.keys() - {"GET /v1/broken-stream"}))
async def test_a_role_gets_in_exactly_where_the_table_says(
    client: httpx.AsyncClient, cell: str, role: Role
) -> None:
    path, content = CALLS[cell]
    answer = await client.request(cell.split(maxsplit=1)[0], path, headers=credential(role), **content)
    if role in ACCESS[cell] or Role.PUBLIC in ACCESS[cell]:
        assert answer.status_code not in {401, 403}
    elif role is Role.PUBLIC:
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        ([(Role.COMMUNITY_CLERK, "compound:lj-001")], 201),
        ([(Role.COMMUNITY_CLERK, "town")], 201),
        ([(Role.COMMUNITY_CLERK, "compound:lj-002")], 403),
        ([(Role.COMMUNITY_CLERK, "compound:lj-002"), (Role.SUPERVISOR, "compound:lj-001")], 403),
        ([(Role.COMMUNITY_CLERK, "compound:lj-002"), (Role.ADMIN, "town")], 403),
        ([(Role.GUARD, "compound:lj-001")], 403),
        ([], 403),
    ],
)
async def test_the_scope_of_one_role_does_not_widen_another(
    client: httpx.AsyncClient, grants: list[tuple[Role, str]], status: int
) -> None:
    answer = await client.post(
        "/v1/compounds/lj-001/notes", json={"text": "x"}, headers=Sample.token(*grants)
    )
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] in {"out_of_scope", "role_not_allowed"}


async def test_reading_may_be_wider_than_writing(client: httpx.AsyncClient) -> None:
    both = Sample.token((Role.COMMUNITY_CLERK, "compound:lj-002"), (Role.SUPERVISOR, "compound:lj-001"))
    assert (await client.get("/v1/compounds/lj-001/notes", headers=both)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "Device wrong",
        "Device",
        "Nonsense abc",
        "x" * 20_000,
        "\xff",
    ],
)
async def test_a_credential_that_does_not_hold_is_refused_also_on_open_routes(
    client: httpx.AsyncClient, authorization: str
) -> None:
    for path in ("/v1/open", "/v1/town"):
        answer = await client.get(path, headers={b"Authorization": authorization.encode("latin-1")})
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers


async def test_two_credentials_are_none(client: httpx.AsyncClient) -> None:
    good = Sample.token((Role.ADMIN, "town"))["Authorization"]
    answer = await client.get("/v1/town", headers=[("Authorization", good), ("Authorization", good)])
    assert answer.status_code == 401


async def test_who_may_not_come_in_learns_nothing_of_the_input_rules(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/compounds/lj-001/notes", json={"wrong": 1})
    assert answer.status_code == 401
    answer = await client.post(
        "/v1/compounds/lj-001/notes", json={"wrong": 1}, headers=Sample.token((Role.GUARD, "town"))
    )
    assert answer.status_code == 403


async def test_refusals_of_access_are_logged_with_the_account(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/v1/town", headers=Sample.token((Role.GUARD, "town"), subject="guard-7"))
    await client.get("/v1/town", headers=Sample.token((Role.AUDITOR, "compound:lj-001"), subject="auditor-7"))
    logged = capsys.readouterr().out
    assert "role_not_allowed" in logged
    assert "guard-7" in logged
    assert "out_of_scope" in logged
    assert "auditor-7" in logged


def test_a_service_whose_table_does_not_match_does_not_start(sample: Sample) -> None:
    settings: dict[str, Any] = {
        "routers": [router],
        "db": None,
        "clock": sample.app.state.clock,
        "verifier": None,
        "health": sample.health,
        "title": "x",
        "version": "1",
    }
    with pytest.raises(AccessTableError, match="GET /v1/open: no role"):
        make_app(
            "x", access={name: cell for name, cell in ACCESS.items() if name != "GET /v1/open"}, **settings
        )
    with pytest.raises(AccessTableError, match="GET /v1/more: a cell without a route"):
        make_app("x", access={**ACCESS, "GET /v1/more": STAFF}, **settings)
    with pytest.raises(AccessTableError, match="body limit"):
        make_app("x", access=ACCESS, body_limits={"POST /v1/nowhere": 1}, **settings)


def test_the_document_names_roles_and_problems_of_every_route(sample: Sample) -> None:
    document = sample_app(sample.health).openapi()
    described = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described.keys() == ACCESS.keys()
    for name, operation in described.items():
        assert operation["x-roles"] == sorted(ACCESS[name])
        assert {"400", "429", "503"} <= operation["responses"].keys()
        if Role.PUBLIC not in ACCESS[name]:
            assert {"401", "403"} <= operation["responses"].keys()
            assert {} not in operation["security"]
    post = described["POST /v1/compounds/{compound}/notes"]["responses"]
    assert {"201", "400", "401", "403", "404", "409", "410", "413", "415", "422", "429", "503"} == post.keys()
    assert all("application/problem+json" in post[status]["content"] for status in post if status >= "400")
    assert "HTTPValidationError" not in document["components"]["schemas"]
