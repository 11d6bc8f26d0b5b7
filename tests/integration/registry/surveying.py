"""What the tests of survey rounds ask the registry."""

from typing import Any
from uuid import UUID, uuid4

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id

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


def member(desk: Desk, **changes: Any) -> dict[str, Any]:
    """Somebody new with a document that nobody has."""
    desk.people += 1
    person = {
        "name": "欧阳海棠",
        "documents": [{"kind": "resident_id", "number": resident_id(desk.people)}],
        "phone": f"199000001{desk.people:02d}",
        "relation": "tenant",
    } | changes
    return {"state": "new", "person": person}


def form(round_id: str, dwelling_id: str, outcome: str = "done", **fields: Any) -> dict[str, Any]:
    return {
        "submission_id": str(uuid4()),
        "round_id": round_id,
        "dwelling_id": dwelling_id,
        "outcome": outcome,
        "visited_at": "2020-02-24T09:00:00+08:00",
    } | fields


async def hand_in(desk: Desk, body: dict[str, Any], who: tuple[str, str] = GRID) -> dict[str, Any]:
    answer = await desk.post("/v1/survey-submissions", body, who)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def residents(desk: Desk, dwelling_id: str) -> list[str]:
    rows = await desk.rows(
        "select person_ref from residence where dwelling_id = $1 and resident and ended_on is null",
        UUID(dwelling_id),
    )
    return [str(row["person_ref"]) for row in rows]
