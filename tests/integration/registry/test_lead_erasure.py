"""Whoever told a lead may have it forgotten: by the receipt who they are, by headquarters what was told (R6.3)."""

import pytest

from shared.kernel.sealed import PersonKeyMissingError
from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.registry.test_leads import NAME, PHONE, TEXT, standing, tell

WHY = {"reason": "反映人凭回执要求"}
REPORTER = {"name": NAME, "phone": PHONE}
KEYS = "select l.key_ref, r.reporter_ref from lead l left join lead_reporter r using (lead_id)"


async def asked(desk: Desk, receipt: str) -> tuple[int, str]:
    """Ask by a receipt, without signing in; tells what became of it."""
    answer = await desk.client.http.post("/v1/leads/receipts/erasure", json={"code": receipt})
    return answer.status_code, answer.json().get("erasure") or answer.json()["code"]


async def closed(desk: Desk, lead_id: str) -> None:
    await desk.post(f"/v1/leads/{lead_id}/closure", {"valid": True, "reason": "confirmed"}, CLERK)


@pytest.mark.requirement("R6.3")
async def test_who_told_it_goes_with_the_receipt_and_what_was_told_once_it_is_closed(desk: Desk) -> None:
    told = await tell(desk, reporter=REPORTER)
    path = f"/v1/leads/{told['lead_id']}"
    [keys] = await desk.rows(KEYS)

    assert await asked(desk, told["receipt"]) == (200, "asked")
    assert await asked(desk, told["receipt"].lower()) == (200, "asked")
    assert await asked(desk, "0" * 16) == (404, "receipt_unknown")
    assert await desk.rows("select 1 from lead_reporter") == []
    with pytest.raises(PersonKeyMissingError):
        await desk.client.context.vault.key(keys["reporter_ref"])
    seen = (await desk.get(path, CLERK)).json()
    assert (seen["text"], seen["erased_at"]) == (TEXT, None)
    assert seen["erasure_asked_at"] is not None

    early = await desk.post(f"{path}/erasure", WHY, OFFICER)
    assert (early.status_code, early.json()["code"]) == (409, "lead_open")
    await closed(desk, told["lead_id"])
    assert (await desk.post(f"{path}/erasure", WHY, CLERK)).status_code == 403
    done = await desk.post(f"{path}/erasure", WHY, OFFICER)
    again = await desk.post(f"{path}/erasure", WHY, OFFICER)
    assert (done.status_code, again.json()) == (200, done.json())
    after = (await desk.get(path, OFFICER)).json()
    assert (after["text"], after["place"], after["erased_at"]) == (None, None, done.json()["erased_at"])
    with pytest.raises(PersonKeyMissingError):
        await desk.client.context.vault.key(keys["key_ref"])
    assert await standing(desk, told["receipt"]) == ("closed", True, "none")  # it is counted as before
    assert await asked(desk, told["receipt"]) == (200, "done")
    notes = await desk.rows("select action, role from audit_read where action like 'lead.eras%' order by id")
    assert [(one["action"], one["role"]) for one in notes] == [
        ("lead.erasure_asked", "public"),
        ("lead.erased", "hq_officer"),
    ]


async def test_a_duplicate_goes_once_the_lead_that_stands_for_the_fact_is_closed(desk: Desk) -> None:
    kept, told = await tell(desk), await tell(desk, reporter=REPORTER)
    path = f"/v1/leads/{told['lead_id']}"
    await desk.post(f"{path}/merge", {"kept_lead_id": kept["lead_id"]}, CLERK)
    assert (await desk.post(f"{path}/erasure", WHY, OFFICER)).json()["code"] == "lead_open"
    await closed(desk, kept["lead_id"])
    assert (await desk.post(f"{path}/erasure", WHY, OFFICER)).status_code == 200
    assert (await desk.get(f"/v1/leads/{kept['lead_id']}", CLERK)).json()["text"] == TEXT
