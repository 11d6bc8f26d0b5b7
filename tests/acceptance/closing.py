"""The town is closed down over HTTP, by two people of headquarters."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg

from deploy.local.issuer import Account
from services.registry.domain.closing import verify
from shared.testing.waiting import eventually
from tests.acceptance.stack import SERVICES, Stack

Meanwhile = Callable[[], Awaitable[None]]
LIVING = "select count(*) from person_key where destroyed_at is null"
REFUSED = {
    "gate": "/v1/devices",
    "observation": "/v1/cases",
    "registry": "/v1/compounds",
    "sanitation": "/v1/sites",
    "reporting": f"/v1/exports/{uuid4()}",
}


async def keys(stack: Stack) -> dict[str, int]:
    """How many data keys live in each service."""
    found: dict[str, int] = {}
    for service in SERVICES:
        connection = await asyncpg.connect(stack.urls[service].keystore)
        try:
            found[service] = await connection.fetchval(LIVING)
        finally:
            await connection.close()
    return found


async def close_down(stack: Stack, *, meanwhile: Meanwhile, afterwards: Meanwhile) -> dict[str, Any]:
    """Count, ask, approve, and wait for the certificate; what it says, once it verifies.

    Args:
        stack: the running system.
        meanwhile: what happens once all have counted, before a second person approves.
        afterwards: what happens once that person has.
    """
    officer = stack.as_role("hq_officer")
    account = Account(subject="test-second", name="", role="hq_officer", scope="town")
    another = {"Authorization": f"Bearer {stack.issuer.access_token(account)}"}
    announced = await stack.call("GET", "registry", "/v1/pass-keys", headers=officer)
    closing_id = str(uuid4())
    await stack.call("POST", "registry", "/v1/closing", headers=officer, json={"closing_id": closing_id})

    async def reached(state: str) -> bool:
        told = await stack.call("GET", "registry", "/v1/closing", headers=officer)
        return bool(told["closing"]["state"] == state)

    await eventually(lambda: reached("counted"), within=60, what="all services counted")
    await meanwhile()
    path, why = f"/v1/closing/{closing_id}/request", {"reason": "响应终止"}
    await stack.call("POST", "registry", path, headers=officer, json=why)
    decision = {"outcome": "approved", "reason": "同意"}
    path = f"/v1/second-person/{closing_id}/decision"
    for _ in range(2):  # pressed twice
        await stack.call("POST", "registry", path, headers=another, json=decision, expect=200)
    early = await stack.http.get(f"{stack.base('registry')}/v1/closing/certificate", headers=officer)
    assert (early.status_code, early.json()["code"]) == (404, "no_certificate")
    await afterwards()
    await eventually(lambda: reached("certified"), within=120, what="the certificate is signed")
    told = await stack.call("GET", "registry", "/v1/closing/certificate", headers=officer)
    return verify(told["certificate"], {one["key_id"]: one["jwk"] for one in announced["keys"]})


async def nothing_is_taken(stack: Stack) -> None:
    """Every service says that it is over."""
    officer = stack.as_role("hq_officer")
    for service, path in REFUSED.items():

        async def over(service: str = service, path: str = path) -> bool:
            answer = await stack.http.get(f"{stack.base(service)}{path}", headers=officer)
            return answer.status_code == 410 and answer.json()["code"] == "closed_down"

        await eventually(over, within=15, what=f"{service} is closed down")
