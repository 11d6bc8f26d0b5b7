"""How late a read model is, from what was heard of its producers and when."""

from datetime import UTC, datetime, timedelta

from services.reporting.handlers.lateness import Lateness, Place, Source, Standing

NOON = datetime(2020, 2, 24, 12, tzinfo=UTC)
CHECKS: Source = ("gate", "checks")
TOWN: Source = ("registry", "town")


def standing(pos: int, source: Source = CHECKS, consumer: str = "board", epoch: int = 1) -> Standing:
    return Standing(consumer=consumer, source=source, at=(epoch, pos))


def late(of: Lateness, seconds: float, heads: dict[Source, Place], *standings: Standing) -> dict[str, float]:
    return of.look(NOON + timedelta(seconds=seconds), heads, standings)


def test_a_model_that_has_everything_is_not_late_however_long_nothing_was_said() -> None:
    lateness = Lateness()
    for seconds in (0, 5, 86_400):
        assert late(lateness, seconds, {CHECKS: (1, 7)}, standing(7)) == {"board": 0}
    assert late(lateness, 86_405, {CHECKS: (1, 8)}, standing(7)) == {"board": 0}
    assert late(lateness, 86_410, {CHECKS: (1, 8)}, standing(7)) == {"board": 5}


def test_a_model_that_follows_slowly_is_as_late_as_the_first_event_that_it_lacks() -> None:
    lateness = Lateness()
    for nth in range(10):  # ten events a second are said, one is taken
        late(lateness, nth, {CHECKS: (1, 10 * (nth + 1))}, standing(nth))
    assert late(lateness, 10, {CHECKS: (1, 100)}, standing(35)) == {"board": 10 - 3}
    assert late(lateness, 11, {CHECKS: (1, 100)}, standing(100)) == {"board": 0}


def test_of_several_sources_and_models_each_model_is_as_late_as_its_latest_source() -> None:
    lateness = Lateness()
    heads = {CHECKS: (1, 5), TOWN: (1, 9)}
    seats = standing(5), standing(8, TOWN), standing(9, TOWN, "roll")
    late(lateness, 0, heads, *seats)
    assert late(lateness, 30, heads, *seats) == {"board": 30, "roll": 0}


def test_a_new_epoch_is_ahead_of_every_position_of_the_old_one() -> None:
    lateness = Lateness()
    late(lateness, 0, {CHECKS: (2, 3)}, standing(500))
    assert late(lateness, 60, {CHECKS: (2, 3)}, standing(500)) == {"board": 60}
    assert late(lateness, 61, {CHECKS: (2, 3)}, standing(3, epoch=2)) == {"board": 0}


def test_a_model_that_stands_still_for_days_is_remembered_in_little_room() -> None:
    lateness = Lateness()
    for nth in range(10_000):
        late(lateness, nth, {CHECKS: (1, nth + 1)}, standing(0))
    assert late(lateness, 10_000, {CHECKS: (1, 10_001)}, standing(0)) == {"board": 10_000}
    assert len(lateness._heard[CHECKS]) <= 2_001
