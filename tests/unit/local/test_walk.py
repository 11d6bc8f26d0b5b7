import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.cli.calls import eventually, only_one
from deploy.cli.loading import KINDS
from deploy.cli.walk import borrowed_time, candidates
from deploy.local.errors import LocalError
from deploy.local.state import Home
from deploy.town import generate
from shared.kernel.clock import SteppedClock, write_control

SEED = 20200224


def test_every_list_of_the_town_is_known_by_the_number_of_its_file(tmp_path: Path) -> None:
    files = generate(tmp_path, seed=SEED, scale=0.01).files
    assert [KINDS[file.file.partition("-")[0]] for file in files] == [
        (file.service, file.kind) for file in files
    ]


def test_the_same_number_chooses_the_same_person_and_the_next_number_another() -> None:
    first, again, other = (candidates(seed=SEED, scale=0.02, city=None, order=n)[0] for n in (0, 0, 1))
    assert first == again
    assert first.document != other.document
    assert len({one.document for one in candidates(seed=SEED, scale=0.02, city=None, order=0)}) == 1000


def test_a_city_is_chosen_by_its_code() -> None:
    people = candidates(seed=SEED, scale=0.02, city="330300", order=0)
    assert {(one.from_code, one.from_city) for one in people} == {("330300", "温州市")}


@pytest.mark.parametrize("city", ["999999", "320500", "wuhan"])
def test_a_city_without_figures_is_one_sentence(city: str) -> None:
    with pytest.raises(LocalError, match="330300"):
        candidates(seed=SEED, scale=0.02, city=city, order=0)


def stopped_half_way(home: Home, by: BaseException) -> None:
    with borrowed_time(home):
        write_control(home.clock, datetime(2020, 3, 10, tzinfo=UTC), 0.0)
        raise by


def test_business_time_that_nobody_had_set_is_real_time_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(RuntimeError):
        stopped_half_way(home, RuntimeError())
    assert not home.clock.exists()


def test_business_time_that_stood_still_stands_there_again(tmp_path: Path) -> None:
    home, stood = Home(tmp_path), datetime(2021, 5, 1, tzinfo=UTC)
    write_control(home.clock, stood, 0.0)
    with pytest.raises(KeyboardInterrupt):
        stopped_half_way(home, KeyboardInterrupt())
    assert SteppedClock(home.clock).now() == stood
    assert json.loads(home.clock.read_text())["rate"] == 0


def test_business_time_that_went_on_has_gone_on_meanwhile(tmp_path: Path) -> None:
    home, began = Home(tmp_path), datetime(2021, 5, 1, tzinfo=UTC)
    write_control(home.clock, began, 3600.0)
    with borrowed_time(home):
        write_control(home.clock, datetime(2020, 3, 10, tzinfo=UTC), 0.0)
    clock = SteppedClock(home.clock)
    assert clock.business_seconds_rate == 3600.0
    assert began < clock.now() < began + timedelta(hours=10)


def test_only_one_holds_a_lock(tmp_path: Path) -> None:
    with only_one(tmp_path / "lock") as first, only_one(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with only_one(tmp_path / "lock") as after:
        assert after


def test_what_does_not_come_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.cli.calls.WAIT_SECONDS", 0.1)
    with pytest.raises(LocalError, match="the moon"):
        eventually(lambda: None, "月亮", "the moon")
