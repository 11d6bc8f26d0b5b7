"""What the tests of survey rounds ask the registry."""

from typing import Any
from uuid import uuid4

from tests.integration.registry.desk import CLERK, OFFICER, Desk

GRID = ("grid_worker", "grid:lj-001-w01")
OTHER_GRID = ("grid_worker", "grid:lj-001-w02")


async def open_round(desk: Desk, who: tuple[str, str] = OFFICER, **changes: Any) -> dict[str, Any]:
    body = {
        "round_id": str(uuid4()),
        "number": 1,
        "compounds": ["lj-001"],
        "due_on": "2020-02-28",
    } | changes
    answer = await desk.post("/v1/survey-rounds", body, who)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def coverage(
    desk: Desk, round_id: str, by: str = "compound", who: tuple[str, str] = OFFICER
) -> dict[str, Any]:
    answer = await desk.get(f"/v1/survey-rounds/{round_id}/coverage", who, by=by)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def targets(
    desk: Desk, round_id: str, who: tuple[str, str] = CLERK, **params: Any
) -> list[dict[str, Any]]:
    answer = await desk.get(
        f"/v1/survey-rounds/{round_id}/dwellings", who, **({"compound": "lj-001"} | params)
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
