"""What is wrong with a field is said in both languages, with what would be right, and never with what was sent."""

import ast
import re
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, ValidationError, field_validator

from shared.http.models import Body
from shared.kernel.field_faults import ELSE, told_of

ROOT = Path(__file__).parents[3]
SECRET = "zx-8841"


class Inner(Body):
    """A part."""

    kind: Literal["inner"]


class Other(Body):
    """Another part."""

    kind: Literal["other"]


class Everything(Body):
    """One field of each kind that bodies have."""

    ref: UUID | None = None
    count: Annotated[int, Field(ge=1, le=60)] = 1
    above: Annotated[int, Field(gt=0, lt=9)] = 1
    degrees: Annotated[Decimal, Field(max_digits=6, decimal_places=2)] = Decimal("36.5")
    day: date | None = None
    at: AwareDatetime | None = None
    hour: time | None = None
    sure: bool = False
    kind: Literal["call", "visit"] = "call"
    name: Annotated[str, Field(min_length=2, max_length=4, pattern="^[a-z]*$")] = "ab"
    many: Annotated[list[int], Field(min_length=1, max_length=2)] | None = None
    part: Annotated[Inner | Other, Field(discriminator="kind")] | None = None
    ours: str = ""

    @field_validator("ours")
    @classmethod
    def _rule(cls, given: str) -> str:
        if given:
            raise ValueError("不要填写。Leave it out.")
        return given


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ({"ref": SECRET}, "UUID"),
        ({"ref": 5}, "UUID"),
        ({"count": SECRET}, "whole number"),
        ({"count": 1.5}, "whole number"),
        ({"count": 0}, "1"),
        ({"count": 61}, "60"),
        ({"above": 0}, "0"),
        ({"above": 9}, "9"),
        ({"degrees": SECRET}, "36.5"),
        ({"degrees": "36.555"}, "2 decimal places"),
        ({"degrees": "1234567"}, "6 digits"),
        ({"degrees": "12345.5"}, "4 digits before the point"),
        ({"degrees": "NaN"}, "number"),
        ({"day": "2020-02-30"}, "2020-02-24"),
        ({"day": "2020-02-24T08:00:00"}, "2020-02-24"),
        ({"at": "2020-02-24T08:00:00"}, "+08:00"),
        ({"at": SECRET}, "+08:00"),
        ({"hour": SECRET}, "09:30"),
        ({"sure": SECRET}, "true or false"),
        ({"kind": SECRET}, "'call' or 'visit'"),
        ({"name": "a"}, "At least 2 characters"),
        ({"name": "abcde"}, "At most 4 characters"),
        ({"name": "AB"}, "^[a-z]*$"),
        ({"name": 5}, "text"),
        ({"many": []}, "At least 1 items"),
        ({"many": [1, 2, 3]}, "At most 2 items"),
        ({"many": SECRET}, "list"),
        ({"part": {"kind": SECRET}}, "'inner', 'other'"),
        ({"part": {}}, "kind"),
        ({"part": SECRET}, "object"),
        ({"ours": SECRET}, "Leave it out."),
        ({"stray": SECRET}, "leave it out"),
    ],
)
def test_a_fault_says_in_both_languages_what_would_be_right(given: dict[str, Any], right: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Everything.model_validate(given)
    (fault,) = refused.value.errors(include_url=False)
    told = told_of(fault)
    assert right in told
    assert re.match(r"[一-鿿].*[。：].*[A-Za-z].*\.$", told), told
    assert told != ELSE
    assert SECRET not in told


def test_a_kind_that_is_not_foreseen_is_told_in_general() -> None:
    assert told_of({"type": "is_subclass_of", "msg": "Input should be a subclass"}) == ELSE
    assert told_of({"type": "string_too_short", "msg": "…"}) == ELSE


def _own_rules() -> list[tuple[str, str]]:
    """What rules of bodies and of policies say, each with its place."""
    found = []
    for path in [*ROOT.glob("services/*/api/*.py"), *ROOT.glob("shared/events/policy*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") in {"ValueError", "BodyRuleError"}
                and node.args
            ):
                constants = [part.value for part in ast.walk(node.args[-1]) if isinstance(part, ast.Constant)]
                text = "".join(part for part in constants if isinstance(part, str))
                found.append((f"{path.relative_to(ROOT)}:{node.lineno}", text))
    return found


def test_every_rule_of_a_body_says_it_in_both_languages() -> None:
    rules = _own_rules()
    assert len(rules) > 15
    assert [at for at, text in rules if not re.search(r"[一-鿿].*。.*[A-Za-z].*\.$", text)] == []
