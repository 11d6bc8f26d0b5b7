"""Refusals carry a stable code."""

from typing import ClassVar

import pytest

from shared.kernel.refusal import Refusal
from shared.pages.languages import Language, one_language


class TooEarly(Refusal):
    status: ClassVar[int] = 409
    code: ClassVar[str] = "too_early"
    usual_remedy: ClassVar[str | None] = "come back"


def test_a_refusal_keeps_what_it_was_told() -> None:
    refusal = TooEarly("not yet", field="day", remedy="wait", first_possible="2020-03-09")
    assert (refusal.detail, refusal.field, refusal.remedy) == ("not yet", "day", "wait")
    assert refusal.extra == {"first_possible": "2020-03-09"}
    assert str(refusal) == "not yet"


def test_a_refusal_of_a_kind_says_what_to_do_where_nothing_better_is_said() -> None:
    assert TooEarly("not yet").remedy == "come back"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 429, 503])
def test_no_refusal_leaves_people_without_a_next_step(status: int) -> None:
    kind = type("Plain", (Refusal,), {"status": status, "code": "plain"})
    remedy = kind("no").remedy
    assert remedy
    chinese, english = (one_language(remedy, language) for language in Language)
    assert chinese + english == remedy


@pytest.mark.parametrize(
    ("status", "code"), [(409, "Too-Early"), (409, "_x"), (200, "fine"), (600, "beyond")]
)
def test_a_bad_status_or_code_fails_when_the_class_is_made(status: int, code: str) -> None:
    with pytest.raises(TypeError, match="snake_case"):
        type("Bad", (Refusal,), {"status": status, "code": code})
