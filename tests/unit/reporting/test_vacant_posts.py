"""How many are missing at a place: own kind first, stand-ins with whom their own post can spare."""

import pytest

from services.reporting.domain.posts import Wanted, vacant_at

GUARD = Wanted(kind="guard", number=2, stand_ins=("auxiliary_police", "volunteer"))
POLICE = Wanted(kind="auxiliary_police", number=1)


@pytest.mark.requirement("R3.2", "R3.3")
@pytest.mark.parametrize(
    ("serving", "vacant"),
    [
        ({}, {"guard": 2, "auxiliary_police": 1}),
        ({"guard": 1}, {"guard": 1, "auxiliary_police": 1}),
        ({"guard": 5}, {"auxiliary_police": 1}),
        ({"auxiliary_police": 1}, {"guard": 2}),
        ({"auxiliary_police": 3}, {}),
        ({"volunteer": 1, "auxiliary_police": 2}, {}),
        ({"stair_leader": 9}, {"guard": 2, "auxiliary_police": 1}),
    ],
)
def test_whoever_serves_fills_one_post_and_their_own_before_another(
    serving: dict[str, int], vacant: dict[str, int]
) -> None:
    assert vacant_at([GUARD, POLICE], serving) == vacant
