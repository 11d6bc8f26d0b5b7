"""Business time that is set for all at once, and real time that is not."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shared.kernel.clock import ClockError, SteppedClock, SystemClock, clock_from, step, write_control

THEN = datetime(2020, 2, 24, 22, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Settings:
    mode: str
    clock_file: Path | None


def test_without_a_control_file_business_time_is_real_time(tmp_path: Path) -> None:
    clock = SteppedClock(tmp_path / "clock.json")
    assert abs(clock.now() - clock.real_now()) < timedelta(seconds=1)
    assert clock.business_seconds_rate == 1.0


def test_a_stopped_clock_stands_still_for_every_reader(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    first, second = SteppedClock(path), SteppedClock(path)
    write_control(path, THEN, 0)
    assert first.now() == second.now() == THEN
    assert first.today() == date(2020, 2, 25)  # 22:00 UTC is 06:00 in Shanghai
    assert first.business_seconds_rate == 0


def test_time_passes_at_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    clock = SteppedClock(path)
    write_control(path, THEN, 3600)
    began = clock.monotonic()
    while clock.monotonic() - began < 0.02:
        pass
    assert THEN + timedelta(seconds=60) <= clock.now() <= THEN + timedelta(hours=1)


def test_every_step_is_seen_however_fast_they_follow(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    write_control(path, THEN, 0)
    clock = SteppedClock(path)
    for done in range(1, 201):
        assert step(path, timedelta(hours=1)) == THEN + timedelta(hours=done)
        assert clock.now() == THEN + timedelta(hours=done)


def test_real_time_is_never_set(tmp_path: Path) -> None:
    write_control(tmp_path / "clock.json", THEN, 0)
    clock = SteppedClock(tmp_path / "clock.json")
    assert clock.real_now() - datetime.now(UTC) < timedelta(seconds=1)
    assert clock.real_now().tzinfo is UTC


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"business": "2020-02-24T00:00:00", "real": "2020-02-24T00:00:00+00:00", "rate": 1}',
        '{"business": "2020-02-24T00:00:00+00:00", "real": "2020-02-24T00:00:00+00:00", "rate": -1}',
        '{"business": "2020-02-24T00:00:00+00:00", "real": "2020-02-24T00:00:00+00:00", "rate": Infinity}',
        '{"business": "yesterday", "real": "2020-02-24T00:00:00+00:00", "rate": 1}',
    ],
)
def test_a_broken_control_file_is_an_error_and_not_some_other_time(tmp_path: Path, content: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(content)
    with pytest.raises(ClockError):
        SteppedClock(path).now()


@pytest.mark.parametrize(
    ("business", "rate"), [(datetime(2020, 2, 24), 1.0), (THEN, -1.0), (THEN, float("nan"))]
)
def test_nonsense_is_not_written(tmp_path: Path, business: datetime, rate: float) -> None:
    with pytest.raises(ClockError):
        write_control(tmp_path / "clock.json", business, rate)
    assert list(tmp_path.iterdir()) == []


def test_production_refuses_a_control_file(tmp_path: Path) -> None:
    with pytest.raises(ClockError, match="production"):
        clock_from(Settings("production", tmp_path / "clock.json"))
    assert type(clock_from(Settings("production", None))) is SystemClock
    assert type(clock_from(Settings("test", tmp_path / "clock.json"))) is SteppedClock
