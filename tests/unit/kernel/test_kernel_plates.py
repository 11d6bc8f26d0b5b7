"""A plate is spelled the same wherever it is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.plates import spell_plate


@pytest.mark.requirement("R2.3")
@pytest.mark.parametrize(
    "written", ["苏E·12345", "苏e 12345", "苏Ｅ－１２３４５", "苏E_12345", "苏E・12345", " 苏E.12345 "]
)
def test_what_does_not_matter_falls_away(written: str) -> None:
    assert spell_plate(written) == "苏E12345"


@given(st.text(max_size=20))
def test_a_spelling_spelled_again_stays_the_same(written: str) -> None:
    assert spell_plate(spell_plate(written)) == spell_plate(written)
