"""Every caller who is known has a limit of their own on every route, and strangers have one on public routes."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.http.access import AccessTableError, Role
from shared.http.limits import Rate, RateLimit, Rates
from tests.integration.http.sample import Health, Sample, sample_app

RATES = Rates(
    reads=Rate(burst=3, per_minute=1),
    writes=Rate(burst=2, per_minute=1),
    strangers=RateLimit(each=Rate(burst=4, per_minute=1), together=Rate(burst=6, per_minute=1)),
)
TOWN, NOTES = "/v1/town", "/v1/compounds/lj-001/notes"


@pytest.fixture
async def limited() -> AsyncIterator[httpx.AsyncClient]:
    """The sample with little patience; one route says that it has even less."""
    app = sample_app(Health(), rates=RATES, caller_rates={"GET /v1/device": Rate(burst=1, per_minute=1)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sample") as client:
        yield client


def officer(subject: str) -> dict[str, str]:
    return Sample.token((Role.HQ_OFFICER, "town"), subject=subject)


async def statuses(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], times: int
) -> list[int]:
    body = {"json": {"text": "a"}} if method == "POST" else {}
    return [
        (await client.request(method, path, headers=headers, **body)).status_code  # type: ignore[arg-type]
        for _ in range(times)
    ]


async def test_one_persons_calls_are_counted_for_each_route_and_are_nobody_elses(
    limited: httpx.AsyncClient,
) -> None:
    assert await statuses(limited, "GET", TOWN, officer("li"), 5) == [200, 200, 200, 429, 429]
    assert await statuses(limited, "GET", NOTES, officer("li"), 1) == [200]  # another route
    assert await statuses(limited, "GET", TOWN, officer("wang"), 1) == [200]  # another person
    assert await statuses(limited, "POST", NOTES, officer("li"), 3) == [201, 201, 429]  # not reading


async def test_who_is_too_fast_is_told_when_to_come_again(limited: httpx.AsyncClient) -> None:
    await statuses(limited, "GET", TOWN, officer("li"), 3)
    answer = await limited.get(TOWN, headers=officer("li"))
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert answer.json()["code"] == "too_many_requests"
    assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_a_new_token_of_the_same_person_is_the_same_caller(limited: httpx.AsyncClient) -> None:
    fresh = [await statuses(limited, "GET", TOWN, officer("li"), 1) for _ in range(4)]
    assert fresh == [[200], [200], [200], [429]]


async def test_a_route_may_say_what_it_takes_from_one_device_or_resident(limited: httpx.AsyncClient) -> None:
    device, resident = {"Authorization": "Device abc"}, {"Authorization": "Link r1"}
    assert await statuses(limited, "GET", "/v1/device", device, 2) == [200, 429]
    assert await statuses(limited, "GET", "/v1/device", resident, 2) == [200, 429]


async def test_public_routes_that_say_nothing_take_what_strangers_are_given(
    limited: httpx.AsyncClient,
) -> None:
    assert await statuses(limited, "GET", "/v1/open", {}, 5) == [200] * 4 + [429]


async def test_a_credential_that_does_not_hold_empties_nobodys_bucket(limited: httpx.AsyncClient) -> None:
    broken = {"Authorization": officer("li")["Authorization"][:-2]}
    assert set(await statuses(limited, "GET", TOWN, broken, 6)) == {401}
    assert await statuses(limited, "GET", TOWN, officer("li"), 3) == [200] * 3


def test_a_rate_for_a_route_that_is_not_there_keeps_the_service_from_starting() -> None:
    with pytest.raises(AccessTableError, match="/v1/nowhere"):
        sample_app(Health(), caller_rates={"GET /v1/nowhere": Rate(burst=1, per_minute=1)})
