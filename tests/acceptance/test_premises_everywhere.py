"""Places through all services: a compound's checkpoints by the rules of the day, and who answers there (P1, R1.1)."""

from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.days import local_day
from tests.acceptance.stack import Stack

COMPOUND: dict[str, Any] = {
    "version": 0,
    "neighbourhood_id": "accept",
    "name": "云溪新村",
    "building_type": "high_rise",
    "address": "云溪路 1 号",
    "mode": "staffed",
}


async def town_limit(stack: Stack, number: int) -> None:
    officer = stack.as_role("hq_officer")
    newest = (await stack.call("GET", "registry", "/v1/policies", headers=officer))[0]["version"]
    policy = await stack.call("GET", "registry", f"/v1/policies/{newest}", headers=officer)
    policy["document"]["checkpoints"]["town_limit"] = number
    body = {
        "version": newest + 1,
        "effective_from": local_day(stack.now()).isoformat(),
        "document": policy["document"],
    }
    draft = {name: body[name] for name in ("effective_from", "document")}
    checked = await stack.call("POST", "registry", "/v1/policies/drafts", headers=officer, json=draft)
    assert [change["field"] for change in checked["changes"]] == ["checkpoints.town_limit"]
    assert checked["acceptable"]
    await stack.call("POST", "registry", "/v1/policies", headers=officer, json=body)


async def enter(stack: Stack, compound: str, area: int) -> None:
    await stack.call(
        "PUT",
        "registry",
        f"/v1/compounds/{compound}",
        headers=stack.as_role("hq_officer"),
        json=COMPOUND | {"area_m2": area},
    )


async def open_gate(stack: Stack, compound: str, gate: str, *, expect: int) -> Any:
    return await stack.call(
        "POST",
        "registry",
        f"/v1/compounds/{compound}/checkpoints",
        headers=stack.as_role("hq_officer"),
        json={
            "checkpoint_id": f"{compound}-{gate}",
            "name": gate,
            "traffic": "mixed",
            "opened_on": local_day(stack.now()).isoformat(),
        },
        expect=expect,
    )


async def ask_code(stack: Stack, checkpoint: str, *, expect: int) -> Any:
    return await stack.call(
        "POST",
        "gate",
        "/v1/enrolment-codes",
        headers=stack.as_role("ops"),
        json={"request_id": str(uuid4()), "checkpoint": checkpoint},
        expect=expect,
    )


@pytest.mark.timeout(300)
@pytest.mark.scenario("P1")
@pytest.mark.requirement("R1.1", "R1.2", "R2.1", "R7.1")
async def test_a_second_checkpoint_by_the_citys_rule_and_the_towns_and_who_answers_there(
    stack: Stack,
) -> None:
    officer = stack.as_role("hq_officer")
    await stack.call(
        "PUT",
        "registry",
        "/v1/neighbourhoods/accept",
        headers=officer,
        json={"version": 0, "name": "云溪社区", "kind": "community"},
    )
    for compound, area in (("ac-large", 320_000), ("ac-exact", 300_000), ("ac-small", 299_999)):
        await enter(stack, compound, area)
        await open_gate(stack, compound, "n", expect=201)
        refused = await open_gate(stack, compound, "s", expect=409)
        assert (refused["code"], refused["rule"], refused["limit"]) == ("checkpoint_limit", "town", 1)

    await town_limit(stack, 9)  # the city's rule alone
    for compound in ("ac-large", "ac-exact"):
        second = await open_gate(stack, compound, "s", expect=201)
        third = await open_gate(stack, compound, "w", expect=409)
        assert (second["open"], third["rule"], third["limit"]) == (True, "city", 2)
    refused = await open_gate(stack, "ac-small", "s", expect=409)
    assert (refused["rule"], refused["limit"], refused["area_m2"]) == ("city", 1, 299_999)
    await town_limit(stack, 1)

    # Gate knows both; the one that closes takes no device any more, and does not open again beside the other.
    await stack.equal()
    await ask_code(stack, "ac-large-s", expect=201)
    path = "/v1/compounds/ac-large/checkpoints/ac-large-s"
    await stack.call("POST", "registry", f"{path}/closing", headers=officer, json={"reason": "closed"})
    await stack.equal()
    closed = await ask_code(stack, "ac-large-s", expect=409)
    assert closed["code"] == "checkpoint_closed"
    again = await stack.call("POST", "registry", f"{path}/reopening", headers=officer, expect=409)
    assert again["rule"] == "town"

    # A compound that cannot be closed and has nobody named is seen by HQ until somebody is.
    async def seen() -> Any:
        await stack.equal()
        told = await stack.call("GET", "reporting", "/v1/responsibility", headers=officer)
        return next(one for one in told["compounds"] if one["compound"] == "ac-large")

    assert (await seen())["without_named_person"]
    worker = await stack.call(
        "PUT",
        "registry",
        "/v1/workers/ACCEPT-1",
        headers=officer,
        json={
            "version": 0,
            "name": "慕容听雨",
            "sex": "female",
            "phone": "19988887777",
            "kind": "named_person",
            "home_unit": "云溪社区",
            "home_compound": "ac-large",
        },
    )
    await stack.call(
        "POST",
        "registry",
        "/v1/responsibilities",
        headers=officer,
        json={
            "assignment_id": str(uuid4()),
            "worker_ref": worker["worker_ref"],
            "role": "named_person",
            "measure": "all",
            "compound": "ac-large",
            "from_day": local_day(stack.now()).isoformat(),
        },
    )
    named = await seen()
    assert (named["without_named_person"], named["named_persons"]) == (False, [worker["worker_ref"]])
    assert [(one["measure"], one["role"]) for one in named["answering"]] == [("all", "named_person")]
