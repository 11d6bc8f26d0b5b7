"""Closing the town down: counted, asked for by one, approved by another, certified when all five have answered."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.cli import closing as work
from deploy.local.issuer import Account
from services.registry.domain.closing import SERVICES, CertificateNotGenuine, pseudonym, verify
from services.registry.handlers import closing as handlers
from services.registry.handlers.second_acts import ACTS
from services.registry.store import closing as store
from shared import closing
from shared.db import closing as closing_down
from shared.events.closing import ANSWERS
from shared.kernel import pass_token
from shared.second_person import requests
from tests.integration.registry.desk import Desk

pytestmark = [pytest.mark.scenario("F20"), pytest.mark.requirement("Data and law")]

HQ = ("hq_officer", "town")


def second(desk: Desk) -> dict[str, str]:
    """Another account of headquarters."""
    account = Account(subject="test-second", name="", role="hq_officer", scope="town")
    return {"Authorization": f"Bearer {desk.client.issuer.access_token(account)}"}


async def answered(desk: Desk, closing_id: UUID, stage: str, *services: str) -> None:
    """What services tell, as the registry hears it."""
    database = desk.client.context.database
    async with database.begin() as tx:
        for service in services:
            told: Any = ANSWERS[service](
                closing_id=closing_id,
                stage=stage,
                found={"data_keys": 7, "sessions": 1, "person": 5},
                keys_left=7 if stage == "counted" else 0,
                told_at=tx.now,
            )
            await store.hear(tx, service, told)


async def state(desk: Desk) -> Any:
    return (await desk.get("/v1/closing", HQ)).json()["closing"]


async def decide(desk: Desk, closing_id: UUID, headers: dict[str, str], outcome: str = "approved") -> Any:
    return await desk.client.http.post(
        f"/v1/second-person/{closing_id}/decision",
        json={"outcome": outcome, "reason": "同意关停"},
        headers=headers,
    )


async def told(desk: Desk, name: str) -> list[dict[str, Any]]:
    rows = await desk.rows("select document from outbox where subject like $1 order by id", f"%.{name}.%")
    return [json.loads(row["document"])["data"] for row in rows]


async def counted(desk: Desk) -> UUID:
    closing_id = uuid4()
    assert (await desk.post("/v1/closing", {"closing_id": str(closing_id)}, HQ)).status_code == 200
    await answered(desk, closing_id, "counted", *SERVICES)
    return closing_id


async def test_one_asks_another_approves_and_the_certificate_verifies(desk: Desk, tmp_path: Path) -> None:
    await desk.resident()
    assert await state(desk) is None
    closing_id = uuid4()
    begun = await desk.post("/v1/closing", {"closing_id": str(closing_id)}, HQ)
    assert begun.json()["closing"]["state"] == "counting"
    await desk.post("/v1/closing", {"closing_id": str(closing_id)}, HQ)
    assert len(await told(desk, "ClosingPrepared")) == 1
    other = await desk.post("/v1/closing", {"closing_id": str(uuid4())}, HQ)
    assert (other.status_code, other.json()["code"]) == (409, "closing_begun")

    path, why = f"/v1/closing/{closing_id}/request", {"reason": "响应终止"}
    await answered(desk, closing_id, "counted", *SERVICES[1:])
    early = await desk.post(path, why, HQ)
    assert (early.status_code, early.json()["code"], early.json()["missing"]) == (
        409,
        "closing_not_counted",
        [SERVICES[0]],
    )
    await answered(desk, closing_id, "counted", SERVICES[0])
    assert (await state(desk))["state"] == "counted"
    assert (await desk.post(path, why, HQ)).json()["closing"]["state"] == "asked"
    [shown] = (await desk.get("/v1/second-person", HQ)).json()["items"]
    assert shown["facts"] == {"services": 5, "data_keys": 35, "sealed_rows": 25}
    own = await decide(desk, closing_id, desk.client.as_role(*HQ))
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    assert await told(desk, "ClosingApproved") == []

    assert (await decide(desk, closing_id, second(desk))).status_code == 200
    assert len(await told(desk, "ClosingApproved")) == 1
    late = await desk.post(f"/v1/closing/{closing_id}/withdrawal", {}, HQ)
    assert (late.status_code, late.json()["code"]) == (409, "closing_goes_on")

    await closes(desk, closing_id)
    await answered(desk, closing_id, "destroyed", *SERVICES[:-1])
    database, vault = desk.client.context.database, desk.client.context.vault
    await handlers.certify(database, vault=vault)
    assert (await desk.get("/v1/closing/certificate", HQ)).json()["code"] == "no_certificate"
    await answered(desk, closing_id, "destroyed", SERVICES[-1])
    await handlers.certify(database, vault=vault)
    await handlers.certify(database, vault=vault)

    certificate = (await desk.get("/v1/closing/certificate", HQ)).json()
    keys = {one["key_id"]: one["jwk"] for one in (await desk.get("/v1/pass-keys", HQ)).json()["keys"]}
    content = verify(certificate["certificate"], keys)
    assert set(content["services"]) == set(SERVICES)
    assert content["asked"]["account"] == str(pseudonym(closing_id, "test-hq_officer"))
    assert content["approved"]["account"] == str(pseudonym(closing_id, "test-second"))
    assert "test-" not in json.dumps(content)
    assert len(await told(desk, "TownClosed")) == 1
    keystore = desk.client.context.keystore
    assert keystore is not None
    assert await keystore.live() == 0, "the key that signed it is gone as well"
    forged(certificate["certificate"], keys)
    assert (await work.progress(desk.client.context.settings.database_url))[1] == "certified"
    kept, announced = tmp_path / "certificate.json", tmp_path / "keys.json"
    kept.write_text(json.dumps(certificate), encoding="utf-8")
    announced.write_text(json.dumps({"keys": [{"key_id": kid, "jwk": keys[kid]} for kid in keys]}))
    assert work.show_certificate(kept, work.keys_in(announced))
    kept.write_text(certificate["certificate"][:-8], encoding="utf-8")
    assert not work.show_certificate(kept, work.keys_in(announced))
    page = await desk.client.http.get(
        "/closing/certificate", headers=desk.client.as_role("auditor") | {"Accept": "text/html"}
    )
    assert str(closing_id) in page.text


async def closes(desk: Desk, closing_id: UUID) -> None:
    """The registry's own part; the key that signs lives on."""
    context = desk.client.context
    assert context.keystore is not None
    async with context.database.begin() as tx:
        await closing_down.close_down(tx, context.keystore, closing_id, tx.now)
    await closing.destroy_once(
        context.database,
        service="registry",
        keystore=context.keystore,
        vault=context.vault,
        closing=desk.client.service.closing,
    )
    assert await context.keystore.live() == 1
    await context.door.look(context.database, context.vault)
    assert (await desk.get("/v1/compounds", HQ)).json()["code"] == "closed_down"


def forged(text: str, keys: dict[str, dict[str, str]]) -> None:
    head, body, mark = text.split(".")
    other = pass_token.public_part(pass_token.make_key())
    for changed, known in (
        (f"{head}.{body[:-2]}AA.{mark}", keys),
        (f"{head}.{body}.{mark[:-4]}AAAA", keys),
        (text, {}),
        (text, dict.fromkeys(keys, other)),
        ("", keys),
        ("not.a.certificate", keys),
    ):
        with pytest.raises(CertificateNotGenuine):
            verify(changed, known)


async def test_it_is_taken_back_or_refused_and_nothing_was_destroyed(desk: Desk) -> None:
    closing_id = await counted(desk)
    await desk.post(f"/v1/closing/{closing_id}/request", {"reason": "响应终止"}, HQ)
    withdrawal = f"/v1/closing/{closing_id}/withdrawal"
    foreign = await desk.client.http.post(withdrawal, headers=second(desk))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_your_closing")
    for _ in range(2):
        back = await desk.post(withdrawal, {}, HQ)
        assert (back.json()["closing"]["state"], back.json()["closing"]["dropped"]) == (
            "dropped",
            "withdrawn",
        )
    decided = await decide(desk, closing_id, second(desk))
    assert (decided.status_code, decided.json()["outcome"]) == (409, "withdrawn")

    again = await counted(desk)
    await desk.post(f"/v1/closing/{again}/request", {"reason": "响应终止"}, HQ)
    await decide(desk, again, second(desk), "refused")
    assert (await state(desk))["dropped"] == "refused"

    lapsing = await counted(desk)
    await desk.post(f"/v1/closing/{lapsing}/request", {"reason": "响应终止"}, HQ)
    desk.move("2020-02-26 09:00")
    await requests.lapse(desk.client.context.database, ACTS)
    assert (await state(desk))["dropped"] == "lapsed"
    assert await told(desk, "ClosingApproved") == []


async def test_the_page_leads_through_it(desk: Desk) -> None:
    http, officer = desk.client.http, desk.client.as_role(*HQ) | {"Accept": "text/html"}
    empty = await http.get("/closing", headers=officer)
    assert "没有正在办理的关停" in empty.text
    closing_id = await counted(desk)
    shown = await http.get("/closing", headers=officer)
    assert 'name="reason"' in shown.text
    assert str(closing_id) in shown.text
    await desk.post(f"/v1/closing/{closing_id}/request", {"reason": "响应终止"}, HQ)
    assert "撤回" in (await http.get("/closing", headers=officer)).text
    other = await http.get("/closing", headers=second(desk) | {"Accept": "text/html"})
    assert "撤回</button>" not in other.text
