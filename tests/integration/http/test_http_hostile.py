"""Hostile and broken input on every kind of route: a problem with a code, never a 500 (F19)."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.http.access import Role
from tests.integration.http.sample import Health, Sample, sample_app

pytestmark = pytest.mark.requirement("F19")


def admin() -> dict[str, str]:
    """A token made when it is used: a run may take longer than one lasts."""
    return Sample.token(*((role, "town") for role in (Role.COMMUNITY_CLERK, Role.ADMIN, Role.HQ_OFFICER)))


JSON = {"Content-Type": "application/json"}
BODIES: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"text": "x',
    "trailing": b'{"text": "x"}}',
    "nan": b'{"text": "x", "ratio": NaN}',
    "infinity": b'{"text": "x", "ratio": Infinity}',
    "overflow": b'{"text": "x", "ratio": 1e999}',
    "overflow deep": b'{"text": "x", "more": {"a": [[1e999]]}}',
    "nul": b'{"text": "a\\u0000b"}',
    "nul key": b'{"text": "x", "more": {"\\u0000": 1}}',
    "raw nul": b'{"text": "a\x00b"}',
    "surrogate": b'{"text": "\\ud800"}',
    "surrogate key": b'{"text": "x", "more": {"\\udfff": 1}}',
    "bad utf-8": b'{"text": "\xff\xfe"}',
    "utf-16": '{"text": "x"}'.encode("utf-16"),
    "bom": b'\xef\xbb\xbf{"text": "x"}',
    "deep list": b'{"text": "x", "more": {"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "unclosed": b"[" * 100_000,
    "huge number": b'{"text": "x", "number": ' + b"9" * 100_000 + b"}",
    "wide number": b'{"text": "x", "number": 1e50}',
    "long": json.dumps({"text": "x" * 101}).encode(),
    "null": b"null",
    "list": b"[]",
    "text": b'"x"',
    "wrong types": b'{"text": {}, "number": [], "tags": 1, "more": "x"}',
    "unknown": b'{"text": "x", "admin": true}',
    "proto": b'{"text": "x", "__proto__": {}, "constructor": {}}',
    "not json": b"text=x",
}


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("route", ["POST /v1/compounds/lj-001/notes", "PUT /v1/large", "POST /v1/form"])
async def test_a_hostile_body_is_the_callers_problem(
    client: httpx.AsyncClient, what: str, route: str
) -> None:
    method, path = route.split()
    answer = await client.request(method, path, content=BODIES[what], headers={**admin(), **JSON})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in {"malformed_json", "invalid_request"}


@pytest.mark.parametrize(
    "what", ["nan", "overflow deep", "nul", "surrogate", "bad utf-8", "utf-16", "unclosed"]
)
async def test_a_handler_of_raw_bodies_is_guarded_as_well(client: httpx.AsyncClient, what: str) -> None:
    answer = await client.post("/v1/raw", content=BODIES[what][:900], headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


async def test_a_handler_of_raw_bodies_finds_the_parsed_value(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/raw", json={"a": "张"})
    assert json.loads(answer.json()["text"]) == {"a": "张"}


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "text/html; charset=utf-8", None, "x", "/"]
)
async def test_a_body_of_another_media_type_is_refused(
    client: httpx.AsyncClient, media_type: str | None
) -> None:
    headers = {**admin(), **({"Content-Type": media_type} if media_type else {})}
    answer = await client.post("/v1/compounds/lj-001/notes", content=b'{"text": "x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"text=%00", "application/x-www-form-urlencoded"),
        (b"text=x&unknown=1", "application/x-www-form-urlencoded"),
        (b"&" * 5_000, "application/x-www-form-urlencoded"),
        (b"a=1&" * 5_000, "application/x-www-form-urlencoded"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary="),
        (b"\xff", "multipart/form-data; boundary=\xff"),
        (
            b'--x\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\nfile\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
async def test_a_hostile_form_is_the_callers_problem(
    client: httpx.AsyncClient, content: bytes, media_type: str
) -> None:
    answer = await client.post(
        "/v1/form", content=content, headers={b"Content-Type": media_type.encode("latin-1")}
    )
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_what_is_no_utf_8_in_a_form_becomes_a_replacement_character(client: httpx.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/v1/form", content=b"text=%ED%A0%80", headers=form)
    assert (answer.status_code, set(answer.json()["text"])) == (200, {"\ufffd"})


@pytest.mark.parametrize(
    "path",
    [
        "/v1/compounds/%00/notes",
        "/v1/compounds/lj-001/notes?after=%00",
        "/v1/compounds/lj-001/notes?limit=%00",
        "/v1/compounds/lj-001/notes?limit=99999999999999999999999",
        "/v1/compounds/%ED%A0%80/notes",
        "/v1/compounds/%FF/notes",
        "/v1/compounds/LJ-001/notes",
        "/v1/compounds/..%2f..%2fetc/notes",
        "/v1/compounds/" + "a" * 5_000 + "/notes",
        "/v1/things/not-a-uuid",
        "/v1/things/018f0000-0000-7000-8000-000000000001?kind=" + "x" * 21,
        "/v1/things/018f0000-0000-7000-8000-000000000001?kind=%00",
        "/%00",
        "//",
    ],
)
async def test_a_hostile_address_is_the_callers_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=admin())
    assert answer.status_code in {400, 404, 422}, answer.text
    assert answer.json()["code"]


@pytest.mark.parametrize(("path", "limit"), [("/v1/raw", 1_000), ("/v1/compounds/lj-001/notes", 1_000_000)])
async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient, path: str, limit: int) -> None:
    def chunks(size: int) -> Any:
        async def parts() -> Any:
            for _ in range(size // 100):
                yield b" " * 100
            yield b" " * (size % 100)

        return parts()

    for content in (b" " * (limit + 1), chunks(limit + 1)):
        answer = await client.post(path, content=content, headers={**admin(), **JSON})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.headers["Content-Type"] == "application/problem+json"
    for content in (b" " * limit, chunks(limit)):
        answer = await client.post(path, content=content, headers={**admin(), **JSON})
        assert answer.json()["code"] == "malformed_json"  # read whole, and then it is only blanks


async def test_a_route_may_take_more(client: httpx.AsyncClient) -> None:
    body = json.dumps({"text": "x", "more": {"blob": "x" * 2_500_000}})
    assert (await client.put("/v1/large", content=body, headers={**admin(), **JSON})).status_code == 200
    body = json.dumps({"text": "x", "more": {"blob": "x" * 3_000_000}})
    assert (await client.put("/v1/large", content=body, headers={**admin(), **JSON})).status_code == 413


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\0", "\ud800", "张小明"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
fields = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("text", "number", "ratio", "tags", "more", "unknown"), anything)
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=fields | anything)
async def test_whatever_is_sent_the_answer_is_a_success_or_a_problem(value: Any) -> None:
    transport = httpx.ASGITransport(sample_app_once())
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
        answer = await client.post(
            "/v1/compounds/lj-001/notes", content=json.dumps(value).encode(), headers={**admin(), **JSON}
        )
    assert answer.status_code in {201, 400, 422}, answer.text


_apps: list[Any] = []


def sample_app_once() -> Any:
    if not _apps:
        _apps.append(sample_app(Health()))
    return _apps[0]
