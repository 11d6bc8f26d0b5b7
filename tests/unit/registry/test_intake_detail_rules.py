"""The rest of an intake: the gravest place decides, and only the days before the arrival count."""

from datetime import date
from typing import Any

import pytest

from services.registry.domain.intake_details import (
    Details,
    ProofContradicts,
    Via,
    ViaOutsideWindow,
    decide_details,
    gravest,
)

ARRIVED = date(2020, 2, 24)


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize(
    ("been", "decides"),
    [
        (["other"], "other"),
        (["other", "concern"], "concern"),
        (["concern", "higher_risk", "other"], "higher_risk"),
        (["other", "focus"], "focus"),
        (["focus", "other"], "focus"),
    ],
)
def test_the_gravest_place_where_somebody_has_been_decides(been: list[Any], decides: str) -> None:
    assert gravest(been) == decides


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize(
    ("left", "counts"),
    [(date(2020, 2, 9), False), (date(2020, 2, 10), True), (ARRIVED, True), (date(2020, 2, 25), False)],
)
def test_a_place_on_the_way_counts_for_the_days_before_the_arrival(left: date, *, counts: bool) -> None:
    details = Details(via=(Via(code="330100", last_day=left),))
    if counts:
        decide_details(details, arrived_on=ARRIVED, proof=True, days=14)
        return
    with pytest.raises(ViaOutsideWindow) as refused:
        decide_details(details, arrived_on=ARRIVED, proof=True, days=14)
    assert (refused.value.field, refused.value.extra) == ("trip.via.0.last_day", {"from_day": "2020-02-10"})


def test_a_kind_of_proof_goes_with_a_proof() -> None:
    decide_details(Details(proof_kind="ticket"), arrived_on=ARRIVED, proof=True, days=14)
    with pytest.raises(ProofContradicts):
        decide_details(Details(proof_kind="ticket"), arrived_on=ARRIVED, proof=False, days=14)
