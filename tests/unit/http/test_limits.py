"""Rate limits: buckets by real time, for one address and for all, in bounded memory; 429 over HTTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.limits import Buckets, Limiter, Rate, RateLimit, network_of
from shared.http.problem import TooManyRequests

EACH, TOGETHER = Rate(burst=3, per_minute=6), Rate(burst=5, per_minute=60)


class Time:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def limiter(time: Time, most: int = 1_000) -> Limiter:
    return Limiter(RateLimit(each=EACH, together=TOGETHER), time, most)


def passes(limits: Limiter, address: str) -> bool:
    try:
        limits.take(address)
    except TooManyRequests:
        return False
    return True


def test_an_address_gets_its_burst_and_then_one_call_as_each_token_returns(time: Time) -> None:
    limits = limiter(time)
    assert [passes(limits, "10.0.0.1") for _ in range(5)] == [True] * 3 + [False] * 2
    with pytest.raises(TooManyRequests) as refused:
        limits.take("10.0.0.1")
    assert refused.value.headers == {"Retry-After": "10"}
    time.now = 9.9
    assert not passes(limits, "10.0.0.1")
    time.now = 10.0
    assert [passes(limits, "10.0.0.1") for _ in range(2)] == [True, False]


def test_all_addresses_together_have_a_limit_too(time: Time) -> None:
    limits = limiter(time)
    assert [passes(limits, f"10.0.0.{n}") for n in range(7)] == [True] * 5 + [False] * 2
    time.now = 1.0
    assert [passes(limits, f"10.0.1.{n}") for n in range(2)] == [True, False]


def test_a_refused_call_costs_no_token(time: Time) -> None:
    limits = limiter(time)
    for _ in range(50):
        passes(limits, "10.0.0.1")
    assert passes(limits, "10.0.0.2")


def test_the_number_of_addresses_in_memory_is_bounded(time: Time) -> None:
    limits = limiter(time, most=100)
    for number in range(5_000):
        time.now += 1
        passes(limits, f"10.{number // 256}.{number % 256}.1")
    assert len(limits._each._kept) == 100


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("", "unix", True),
    ],
)
def test_one_subscriber_is_one_caller(one: str, other: str, *, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 30)), max_size=200))
def test_nobody_ever_gets_more_than_the_burst_and_what_time_brings(calls: list[tuple[int, float]]) -> None:
    time = Time()
    limits = limiter(time)
    passed: dict[int, int] = {}
    for who, pause in calls:
        time.now += pause
        passed[who] = passed.get(who, 0) + passes(limits, f"10.0.0.{who}")
        assert passed[who] <= EACH.burst + time.now * EACH.per_minute / 60 + 1e-6
    assert sum(passed.values()) <= TOGETHER.burst + time.now * TOGETHER.per_minute / 60 + 1e-6


def test_each_known_caller_has_a_bucket_of_their_own(time: Time) -> None:
    calls = Buckets(EACH, time)
    for _ in range(3):
        calls.take("li")
    with pytest.raises(TooManyRequests) as refused:
        calls.take("li")
    assert refused.value.headers == {"Retry-After": "10"}
    calls.take("wang")
    assert calls.wait("li") == 10
    time.now = 10.0
    assert calls.wait("li") == 0
    calls.take("li")


def test_looking_whether_a_call_would_pass_takes_nothing(time: Time) -> None:
    calls = Buckets(EACH, time)
    assert [calls.wait("li") for _ in range(20)] == [0] * 20
    for _ in range(3):
        calls.take("li")
    assert calls.wait("li") > 0


def test_scaled_rates_take_so_many_times_as_much() -> None:
    assert EACH.times(50) == Rate(burst=150, per_minute=300)
    assert EACH.times(0.01) == Rate(burst=1, per_minute=0.06)
