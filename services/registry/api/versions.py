"""What answers about versions have in common: when each holds, and what it is compared with (R1.2, R4.8)."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Query

from services.registry.api.common import Number
from services.registry.domain.versions import Standing, Tenure, standing
from shared.http.models import Answer

Since = Annotated[Number | None, Query(description="Compare with this one; else with the one before.")]


class VersionLine(Answer):
    """When a version holds. `in_force_until` is its last day, None while no other follows.

    `standing`: `replaced` is a version that never holds, because another one took all its days.
    """

    effective_from: date
    in_force_until: date | None
    standing: Standing


def held(tenures: Mapping[int, Tenure], number: int, today: date) -> dict[str, Any]:
    """Until when a version holds, and where it stands today."""
    tenure = tenures.get(number)
    return {"in_force_until": tenure.until if tenure else None, "standing": standing(tenure, today)}


def compared_with(number: int, since: int | None) -> int:
    """The version that is asked for, else the one before."""
    return since or max(number - 1, 1)
