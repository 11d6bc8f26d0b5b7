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
    metrics.build_info("gate", version="1.2.3", rules_version="7")
    assert 'build_info{rules_version="7",service="gate",version="1.2.3"} 1.0' in metrics.exposition().decode()
