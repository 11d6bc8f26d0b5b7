"""Metrics keep the naming rules."""

import pytest

from shared.obs import metrics


@pytest.mark.parametrize("label", ["person_ref", "name", "phone", "plate", "pass_id"])
def test_a_label_never_says_who(label: str) -> None:
    for make in (metrics.counter, metrics.gauge, metrics.histogram):
        with pytest.raises(ValueError, match="who"):
            make("gate_x_total", "x", label)


def test_a_counter_says_that_it_counts() -> None:
    with pytest.raises(ValueError, match="_total"):
        metrics.counter("gate_x", "x")


def test_the_exposition_tells_the_build() -> None:
    metrics.build_info("gate", version="1.2.3")
    assert 'build_info{service="gate",version="1.2.3"} 1.0' in metrics.exposition().decode()


def test_what_the_leader_counts_is_told_by_no_one_else() -> None:
    metrics.gauge("obs_led", "x", "compound", registry=metrics.LED).labels("lj-001").set(3)
    told = 'obs_led{compound="lj-001"} 3.0'
    assert told not in metrics.exposition().decode()
    with metrics.LED.leading():
        assert told in metrics.exposition().decode()
    assert told not in metrics.exposition().decode()
