"""Known kinds of plates are recognised; everything else is kept with a flag where somebody says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.vehicles import (
    PlateEmpty,
    PlateKind,
    PlateMalformed,
    decide_plate,
    masked_plate,
    read_plate,
)

pytestmark = pytest.mark.requirement("R2.3")


@pytest.mark.parametrize(
    ("written", "text", "kind"),
    [
        ("苏E·12345", "苏E12345", "ordinary"),
        (" 苏e 1a2b3 ", "苏E1A2B3", "ordinary"),
        ("苏Ｅ－Ｄ１２３４", "苏ED1234", "ordinary"),
        ("苏E·D12345", "苏ED12345", "new_energy"),
        ("沪AF88888", "沪AF88888", "new_energy"),
        ("粤B12345D", "粤B12345D", "new_energy"),
        ("苏E0123警", "苏E0123警", "police"),
        ("WJ苏1234X", "WJ苏1234X", "military"),
        ("KA12345", "KA12345", "military"),
        ("苏E123挂", "苏E123挂", "unusual"),
        ("苏E1234挂", "苏E1234挂", "special"),
        ("粤Z1234港", "粤Z1234港", "special"),
        ("使014578", "使014578", "special"),
        ("京X1234应急", "京X1234应急", "special"),
        ("苏05·12345", "苏0512345", "special"),
        ("粤Z·A123澳", "粤ZA123澳", "special"),
        ("沪A0012领", "沪A0012领", "special"),
        ("HH-AB 123", "HHAB123", "unusual"),
        ("苏EIO123", "苏EIO123", "unusual"),
        ("临时牌照 0031", "临时牌照0031", "unusual"),
    ],
)
def test_a_plate_has_one_spelling_and_a_kind(written: str, text: str, kind: PlateKind) -> None:
    assert (read_plate(written).text, read_plate(written).kind) == (text, kind)


@given(st.text(min_size=1, max_size=20))
def test_whatever_is_written_is_found_unless_nothing_is_left(written: str) -> None:
    try:
        plate = read_plate(written)
    except PlateEmpty:
        assert not any(char.isalnum() for char in written)
        return
    assert read_plate(plate.text) == plate
    if len(plate.text) > 3:
        assert plate.text not in masked_plate(plate.text)


@pytest.mark.parametrize(
    "written", ["苏E123挂", "苏EIO123", "E12345", "苏E1234567", "临时牌照0031", "HH-AB 123"]
)
def test_a_plate_of_no_known_kind_is_entered_as_it_is(written: str) -> None:
    assert decide_plate(written).kind == "unusual"


@pytest.mark.parametrize("written", ["<script>", "苏E12345;", "苏E12\x0045", "😀😀😀"])
def test_what_is_on_no_plate_is_never_entered(written: str) -> None:
    with pytest.raises(PlateMalformed):
        decide_plate(written)


@pytest.mark.parametrize("written", ["", "  ", "·-·", "　"])
def test_nothing_is_no_plate(written: str) -> None:
    with pytest.raises(PlateEmpty):
        read_plate(written)


def test_lists_show_the_ends_of_a_plate() -> None:
    assert masked_plate("苏ED12345") == "苏E****45"
    assert masked_plate("A12") == "A***"
