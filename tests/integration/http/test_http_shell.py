"""What every answer has in common: ids, headers, problems, log lines, figures, probes."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from shared.http.access import Role
from shared.obs import logging as obs_logging
from shared.obs import metrics, tracing
from tests.integration.http.sample import ACCESS, Sample, router, sample_app

MEMBERS = {"type", "title", "status", "code", "detail", "field", "remedy", "correlation_id"}
CORRELATION = "018f0000-0000-7000-8000-00000000000a"


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    obs_logging.configure("sample", "info")
    return capsys


async def test_a_correlation_id_is_kept_or_made(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/open", headers={"X-Correlation-Id": CORRELATION})
    assert answer.headers["X-Correlation-Id"] == CORRELATION
    for nonsense in ("", "x", "'; drop table", "1" * 5_000):
        answer = await client.get("/v1/open", headers={"X-Correlation-Id": nonsense})
        assert UUID(answer.headers["X-Correlation-Id"]).version == 7


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/v1/open", "/v1/town", "/nowhere", "/v1/fail/bug", "/livez", "/a%00b"):
        headers = (await client.get(path)).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "server" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/open/", 404, "not_found"),
        ("DELETE", "/v1/open", 405, "method_not_allowed"),
        ("GET", "/v1/fail/nothing", 404, "not_found"),
        ("GET", "/v1/fail/refusal", 409, "not_yet"),
        ("GET", "/v1/fail/slow", 429, "too_many_requests"),
        ("GET", "/v1/fail/bug", 500, "internal_error"),
        ("GET", "/v1/fail/group", 500, "internal_error"),
        ("GET", "/v1/fail/database-away", 503, "unavailable"),
        ("GET", "/v1/fail/timeout", 503, "unavailable"),
        ("GET", "/v1/fail/starting", 503, "unavailable"),
        ("GET", "/v1/fail/full", 503, "unavailable"),
        ("GET", "/v1/fail/conflict", 503, "unavailable"),
        ("GET", "/v1/town", 401, "not_authenticated"),
        ("POST", "/v1/form", 422, "invalid_request"),
    ],
)
async def test_everything_that_is_not_well_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.status_code == problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:fangkong:problem:{code}"
    assert problem.keys() >= MEMBERS
    assert problem["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert "canary" not in answer.text
    assert "Traceback" not in answer.text
    if status in {429, 503}:
        assert int(answer.headers["Retry-After"]) > 0
    if status == 405:
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_a_refusal_brings_field_remedy_and_further_members(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/v1/fail/refusal")).json()
    assert (problem["field"], problem["remedy"], problem["first_possible"]) == ("day", "等待。", "2020-03-09")


async def test_a_validation_error_names_fields_and_never_repeats_the_input(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/compounds/lj-001/notes",
        json={"text": 7, "number": "canary-value", "tags": ["a", {"canary": 1}], "unknown": "canary"},
        headers=Sample.token((Role.COMMUNITY_CLERK, "town")),
    )
    assert answer.status_code == 422
    assert {error["field"]: error["code"] for error in answer.json()["errors"]} == {
        "text": "string_type",
        "number": "int_parsing",
        "tags.1": "string_type",
        "unknown": "extra_forbidden",
    }
    assert "canary" not in answer.text


async def test_an_unhandled_error_is_logged_once_with_its_correlation_id_and_without_values(
    client: httpx.AsyncClient, logs: pytest.CaptureFixture[str]
) -> None:
    await client.get("/v1/fail/bug", headers={"X-Correlation-Id": CORRELATION})
    lines = [json.loads(line) for line in logs.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["request_failed", "http_request"]
    assert {line["correlation_id"] for line in lines} == {CORRELATION}
    assert lines[0]["exception"]["type"] == "builtins.RuntimeError"
    assert any("sample.py" in frame for frame in lines[0]["exception"]["frames"])
    assert "张" not in json.dumps(lines, ensure_ascii=False)
    assert "19900001111" not in json.dumps(lines)


async def test_the_access_line_names_the_route_and_no_value(
    client: httpx.AsyncClient, logs: pytest.CaptureFixture[str]
) -> None:
    await client.get(
        "/v1/things/018f0000-0000-7000-8000-000000000001?kind=canary",
        headers=Sample.token((Role.GUARD, "town")),
    )
    await client.get("/nowhere/canary")
    await client.get("/livez")
    output = logs.readouterr().out
    lines = [json.loads(line) for line in output.splitlines()]
    assert [(line["route"], line["code"], line["method"]) for line in lines] == [
        ("/v1/things/{thing}", 404, "GET"),
        ("(none)", 404, "GET"),
    ]
    assert "canary" not in output


async def test_requests_are_counted_by_route_method_and_code(client: httpx.AsyncClient) -> None:
    def count(labels: str) -> float:
        wanted = f"http_server_requests_total{{{labels}}} "
        found = [line for line in metrics.exposition().decode().splitlines() if line.startswith(wanted)]
        return float(found[0].split()[-1]) if found else 0.0

    labels = 'code="200",method="GET",route="/v1/open",service="sample"'
    before = count(labels)
    await client.get("/v1/open")
    assert count(labels) == before + 1
    other = 'code="405",method="OTHER",route="/v1/open",service="sample"'
    before = count(other)
    await client.request("BREW", "/v1/open")
    assert count(other) == before + 1
    text = (await client.get("/metrics")).text
    assert "http_server_request_duration_seconds_bucket" in text
    assert 'build_info{service="sample",version="1.0"} 1.0' in text


async def test_assets_are_open_to_all_and_nothing_else_of_the_disk_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/sample.css")
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
    for path in ("/assets/", "/assets/nothing.css", "/assets/../sample.py", "/assets/%2e%2e/sample.py"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


async def test_readiness_is_database_and_outbox(client: httpx.AsyncClient, sample: Sample) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).status_code == 200
    sample.health.age = 61.0
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"], answer.json()["outbox_age_seconds"]) == (
        503,
        "not_ready",
        61.0,
    )
    sample.health.age, sample.health.database = 0.0, False
    assert (await client.get("/readyz")).json()["database"] is False
    assert (await client.get("/livez")).status_code == 200


async def test_pages_follow_each_other(client: httpx.AsyncClient) -> None:
    clerk = Sample.token((Role.COMMUNITY_CLERK, "town"))
    seen: list[int] = []
    after: dict[str, str] = {}
    while True:
        page = (
            await client.get("/v1/compounds/lj-001/notes", params={"limit": 200, **after}, headers=clerk)
        ).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == list(range(500))


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": 201}, 422),
        ({"limit": "x"}, 422),
        ({"after": "x"}, 400),
        ({"after": "A" * 600}, 422),
    ],
)
async def test_page_sizes_and_cursors_are_checked(
    client: httpx.AsyncClient, params: dict[str, str], status: int
) -> None:
    clerk = Sample.token((Role.COMMUNITY_CLERK, "town"))
    answer = await client.get("/v1/compounds/lj-001/notes", params=params, headers=clerk)
    assert answer.status_code == status


async def test_requests_at_once_keep_their_own_correlation_ids(client: httpx.AsyncClient) -> None:
    ids = [f"018f0000-0000-7000-8000-{number:012d}" for number in range(50)]
    answers = await asyncio.gather(
        *(client.get("/v1/fail/bug", headers={"X-Correlation-Id": each}) for each in ids)
    )
    assert [answer.json()["correlation_id"] for answer in answers] == ids


async def test_a_request_is_traced_without_its_address(sample: Sample, tmp_path: Path) -> None:
    from shared.http.app import make_app  # noqa: PLC0415 - with a provider, unlike the shared sample

    file = tmp_path / "trace.jsonl"
    provider = tracing.configure("sample", "1", {"FANGKONG_TRACE_FILE": str(file)})
    app = make_app(
        "sample",
        routers=[router],
        access=ACCESS,
        db=None,
        clock=sample.app.state.clock,
        verifier=sample_app(sample.health).state.authenticate,
        health=sample.health,
        title="x",
        version="1",
        tracer_provider=provider,
    )
    incoming = f"00-{'1' * 32}-{'2' * 16}-01"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sample") as client:
        await client.get("/v1/fail/refusal?kind=canary", headers={"traceparent": incoming})
        await client.get("/livez")
    tracing.shutdown()
    text = file.read_text()
    [span] = [json.loads(line) for line in text.splitlines()]
    assert (span["trace_id"], span["parent_span_id"], span["kind"]) == ("1" * 32, "2" * 16, "server")
    assert span["attributes"]["http.route"] == "/v1/fail/{how}"
    assert UUID(span["attributes"]["fangkong.correlation_id"]).version == 7
    assert "canary" not in text
