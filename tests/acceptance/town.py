"""The town's register as the office hands it in, and what headquarters see of it."""

from datetime import date
from pathlib import Path
from typing import Any

from deploy.town import generate
from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack


async def load(stack: Stack, folder: Path) -> None:
    """Hand in every list, and wait until all services know it."""
    for entry in generate(folder, scale=0.02).files:
        result = await _imported(stack, entry.service, entry.kind, folder / entry.file)
        assert result["rows_done"] == result["rows_total"]
        assert result["rows_accepted"] > 0
        await stack.equal(within=60)


async def publish_risk_areas(stack: Stack, day: date) -> None:
    """The list of a day, proposed from the real counts and published as it is; another test may have done so."""
    officer = stack.as_role("hq_officer")
    if await stack.call("GET", "registry", "/v1/risk-areas", headers=officer):
        return
    proposal = await stack.call(
        "POST", "registry", "/v1/risk-areas/proposals", headers=officer, json={"day": day.isoformat()}
    )
    assert {"420000", "330300"} <= {area["code"] for area in proposal["areas"]}
    await stack.call(
        "POST",
        "registry",
        "/v1/risk-areas",
        headers=officer,
        json={
            "revision": proposal["revision"],
            "effective_from": day.isoformat(),
            "proposed_from": day.isoformat(),
            "areas": {area["code"]: area["category"] for area in proposal["areas"]},
        },
    )


async def board(stack: Stack, compound: str) -> Any:
    """A compound's line of the board."""
    answer = await stack.call(
        "GET", "reporting", f"/v1/board/{compound}", headers=stack.as_role("hq_officer")
    )
    return answer["compound"]


async def _imported(stack: Stack, service: str, kind: str, file: Path) -> dict[str, Any]:
    clerk = stack.as_role("community_clerk")
    answer = await stack.call(
        "POST",
        service,
        f"/v1/imports?kind={kind}",
        headers=clerk,
        files={"file": (file.name, file.read_bytes())},
    )

    async def done() -> dict[str, Any] | None:
        state: dict[str, Any] = await stack.call(
            "GET", service, f"/v1/imports/{answer['import_id']}", headers=clerk
        )
        assert state["state"] != "failed", state
        return state if state["state"] == "done" else None

    finished = await eventually(done, within=60, what=f"{file.name} imported")
    assert finished is not None
    return finished
