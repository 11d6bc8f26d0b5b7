"""Findings over HTTP: lists with clocks and scopes, a person's own, replies, reviews by another, the bulletin."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from services.reporting import tickers
from services.reporting.handlers.retention import forget_notes
from shared.kernel.ids import CompoundId
from shared.kernel.sealed import PersonKeyMissingError
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.conftest import Client
from tests.integration.reporting.supervising import ClientFor, answers_for, lead_told, supervised, told
from tests.integration.reporting.world import (
    COMPOUNDS,
    TODAY,
    Log,
    closed_short,
    compounds,
    deliver,
    device_seen,
    gap_opened,
    site,
)

HERE, THERE = COMPOUNDS[0], COMPOUNDS[2]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CANARY = "门后王某某说没人来过"
OFFICER, SUPERVISOR = ("hq_officer", "town"), ("supervisor", "town")
CLERK = ("community_clerk", "neighbourhood:nb-01")
MANAGER = ("property_manager", f"compound:{HERE}")


class Desk:
    """Reporting as people with roles use it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def get(self, path: str, who: tuple[str, str] = OFFICER, expect: int = 200, **query: Any) -> Any:
        answer = await self.client.http.get(path, headers=self.client.as_role(*who), params=query)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], who: tuple[str, str], expect: int = 201) -> Any:
        answer = await self.client.http.post(path, headers=self.client.as_role(*who), json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def rules(self, who: tuple[str, str] = OFFICER, **query: Any) -> list[str]:
        found = await self.get("/v1/findings", who, **query)
        return [one["rule"] for one in found["items"]]


async def begin(client_for: ClientFor) -> Desk:
    desk, log = Desk(await client_for("reporting")), Log()
    lift = site(HERE)
    log.say(
        *compounds(),
        supervised(),
        answers_for(HERE, "sanitation", 1),
        answers_for(None, "all", 2),
        lift,
        closed_short(lift, day=TODAY - DAY, shortfall=2),
        gap_opened(HERE, NINE - HOUR),
        lead_told(THERE, NINE - 30 * HOUR),
    )
    await deliver(desk.client.context.database, log)
    await tickers.look(desk.client.context.database)
    return desk


@pytest.mark.requirement("R7.1", "R7.2")
async def test_findings_are_listed_with_owner_clock_and_steps_within_the_scope_of_who_asks(
    client_for: ClientFor,
) -> None:
    desk = await begin(client_for)
    page = await desk.get("/v1/findings")
    assert [(one["rule"], one["escalated_to"], one["overdue"]) for one in page["items"]] == [
        ("lead_overdue", "headquarters", True),
        ("duty_gap", "community", True),
        ("rounds_missed", None, False),
    ]
    late, gap, short = page["items"]
    assert (late["unit"], late["owner"]["role"], late["level"]) == ("nb-02", "all_lead", 3)
    assert short["owner"] == {"worker_ref": str(UUID(int=1001)), "role": "sanitation_lead"}
    assert (gap["minutes_left"], gap["closes_by"], short["closes_by"]) == (-30, "facts", "person")
    assert short["evidence"]["rounds_missed"] == 2
    assert (short["basis"], short["title_zh"]) == ("五.1 公共部位每日消杀不少于两次", "消毒缺轮")

    first = await desk.get("/v1/findings", limit=2)
    rest = await desk.get("/v1/findings", limit=2, after=first["next"])
    assert [one["finding_id"] for one in first["items"] + rest["items"]] == [
        one["finding_id"] for one in page["items"]
    ]
    assert rest["next"] is None
    assert await desk.rules(escalated="true") == ["lead_overdue", "duty_gap"]
    assert await desk.rules(rule="duty_gap") == ["duty_gap"]
    assert await desk.rules(compound=THERE) == ["lead_overdue"]
    assert await desk.rules(unit="nb-01") == ["duty_gap", "rounds_missed"]
    assert await desk.rules(owner=str(UUID(int=1001))) == ["rounds_missed"]
    assert await desk.rules(state="closed") == []
    assert await desk.rules(CLERK) == ["duty_gap", "rounds_missed"]
    assert await desk.rules(("property_manager", f"compound:{THERE}")) == ["lead_overdue"]
    await desk.get("/v1/findings", ("guard", "town"), expect=403)

    history = await desk.get(f"/v1/findings/{late['finding_id']}")
    assert [(one["level"], one["to"]) for one in history["escalations"]] == [
        (1, "community"),
        (2, "town_leader"),
        (3, "headquarters"),
    ]
    assert [(one["kind"], one["by"]) for one in history["history"]] == [("opened", None)]
    elsewhere = await desk.get(f"/v1/findings/{late['finding_id']}", CLERK, expect=404)
    unknown = await desk.get(f"/v1/findings/{uuid4()}", expect=404)
    assert (elsewhere["code"], unknown["code"]) == ("finding_unknown", "finding_unknown")


@pytest.mark.scenario("H4")
@pytest.mark.requirement("R7.2", "Data and law")
async def test_what_an_inspector_finds_is_answered_settled_and_reviewed_by_another(
    client_for: ClientFor,
) -> None:
    desk = await begin(client_for)
    found: dict[str, Any] = {
        "finding_id": str(uuid4()),
        "compound": HERE,
        "item": "other",
        "measure": "sanitation",
        "note": CANARY,
    }
    entered = await desk.post("/v1/findings", found, SUPERVISOR)
    assert (entered["rule"], entered["unit"], entered["owner"]["role"]) == (
        "inspection",
        "nb-01",
        "sanitation_lead",
    )
    assert (entered["note"], entered["found_by"], entered["minutes_left"]) == (
        CANARY,
        "test-supervisor",
        1440,
    )
    path = f"/v1/findings/{found['finding_id']}"
    # A repeat is the same; other content, unknown places, places of others, and bad deadlines are refused.
    assert (await desk.post("/v1/findings", found, SUPERVISOR, 200))["note"] == CANARY
    for changes, code in (
        ({"note": "另一件事"}, "same_id_other_content"),
        ({"finding_id": str(uuid4()), "compound": "lj-999"}, "place_unknown"),
        ({"finding_id": str(uuid4()), "item": "nothing"}, "item_unknown"),
        ({"finding_id": str(uuid4()), "due_at": NINE.isoformat()}, "deadline_impossible"),
        ({"finding_id": str(uuid4()), "unit": "nb-01"}, "invalid_request"),
    ):
        refused = await desk.post("/v1/findings", found | changes, SUPERVISOR, 422)
        assert refused["code"] == code
    await desk.post(
        "/v1/findings", found | {"finding_id": str(uuid4())}, ("supervisor", "neighbourhood:nb-02"), 403
    )
    await desk.post("/v1/findings", found, CLERK, 403)
    of_unit = found | {"finding_id": str(uuid4()), "compound": None, "unit": "nb-02"}
    assert (await desk.post("/v1/findings", of_unit, SUPERVISOR))["compound"] is None
    assert await desk.rules(("community_clerk", "neighbourhood:nb-02"), rule="inspection") == ["inspection"]

    def act(**more: Any) -> dict[str, Any]:
        return {"act_id": str(uuid4()), "note": "已处理并拍照留存", **more}

    replied = act(note="当时有人值守")
    assert (await desk.post(f"{path}/reply", replied, MANAGER))["history"][-1]["note"] == "当时有人值守"
    await desk.post(f"{path}/reply", replied, MANAGER, 200)
    await desk.post(f"{path}/review", act(outcome="rectified"), OFFICER, 409)
    settled = await desk.post(f"{path}/close", act(), CLERK)
    assert (settled["state"], settled["settled_by"], settled["minutes_left"]) == (
        "to_review",
        "test-community_clerk",
        None,
    )
    own = await desk.post(f"{path}/review", act(outcome="rectified"), SUPERVISOR, 403)
    assert own["code"] == "own_work"
    later = (NINE + 2 * HOUR).isoformat()
    back = await desk.post(f"{path}/review", act(outcome="sent_back", due_at=later), OFFICER)
    assert (back["state"], back["minutes_left"], back["settled_by"]) == ("open", 120, None)
    await desk.post(f"{path}/close", act(), MANAGER)
    ended = await desk.post(f"{path}/review", act(outcome="rectified"), OFFICER)
    assert (ended["state"], ended["closed_by"], ended["outcome"], ended["reviewed_by"]) == (
        "closed",
        "person",
        "rectified",
        "test-hq_officer",
    )
    assert [one["kind"] for one in ended["history"]] == [
        *("opened", "replied", "settled", "sent_back", "settled", "rectified")
    ]
    assert await desk.rules(state="closed") == ["inspection"]

    # A person settles what has happened; what the facts will say, nobody does, and a later look leaves both.
    by_rule = {one["rule"]: one["finding_id"] for one in (await desk.get("/v1/findings"))["items"]}
    facts = await desk.post(f"/v1/findings/{by_rule['duty_gap']}/close", act(), CLERK, 409)
    assert facts["code"] == "facts_decide"
    await desk.post(f"/v1/findings/{by_rule['rounds_missed']}/close", act(), CLERK)
    await desk.post(f"/v1/findings/{by_rule['rounds_missed']}/review", act(outcome="criticised"), OFFICER)
    await tickers.look(desk.client.context.database)
    assert sorted(await desk.rules(state="closed")) == ["inspection", "rounds_missed"]
    said = [(name, data["rule"]) for name, data, _ in await told(desk.client.context.database)]
    assert said[-2:] == [("FindingClosed", "inspection"), ("FindingClosed", "rounds_missed")]
    # Nothing that somebody wrote lies in the clear, in a table or on the bus.
    dumped = await desk.client.context.database.pool.fetch(
        "select f::text as text from finding f union all select a::text from finding_act a "
        "union all select document from outbox"
    )
    assert dumped
    assert not [row for row in dumped if CANARY in row["text"]]


@pytest.mark.scenario("H4")
@pytest.mark.requirement("R7.1", "R7.2")
async def test_of_53_compounds_the_one_in_most_trouble_is_on_top_with_owner_and_clock(
    client_for: ClientFor,
) -> None:
    desk, log = Desk(await client_for("reporting")), Log()
    context = desk.client.context
    real_now, minute = context.clock.real_now(), timedelta(minutes=1)
    names = [CompoundId(f"lj-{number:03}") for number in range(1, 54)]
    worst, second = names[37], names[4]
    lift, other = site(worst), site(second)
    log.say(
        *compounds(names),
        supervised(),
        answers_for(worst, "gate", 1),
        answers_for(None, "all", 2),
        *(
            device_seen(name, uuid4(), real_now - (12 * minute if name == worst else minute)).replace(
                list_made_at=real_now
            )
            for name in names
        ),
        lift,
        closed_short(lift, day=TODAY - DAY, shortfall=2),
        lead_told(worst, NINE - HOUR),
        # The second has as many rounds missed and a waiting lead, but its gate is there.
        other,
        closed_short(other, day=TODAY - DAY, shortfall=2),
        lead_told(second, NINE - HOUR),
    )
    await deliver(context.database, log)
    before = await desk.get("/v1/board")
    assert [one["compound"] for one in before["compounds"]][:2] == [worst, second]  # without a look, too
    await tickers.look(context.database)
    board = await desk.get("/v1/board")
    lines = board["compounds"]
    assert len(lines) == 53
    assert [(one["compound"], one["trouble"]["score"]) for one in lines[:3]] == [
        (worst, 12),
        (second, 4),
        ("lj-001", 0),
    ]
    reasons = {one["code"]: one for one in lines[0]["trouble"]["reasons"]}
    assert list(reasons) == ["gate_offline", "rounds_missed", "lead_open"]
    assert reasons["gate_offline"]["owner"] == {"worker_ref": str(UUID(int=1001)), "role": "gate_lead"}
    assert {one["owner"]["role"] for one in reasons.values()} == {"gate_lead", "all_lead"}
    assert reasons["lead_open"]["due_at"] == "2020-02-24T02:00:00Z"  # nobody's yet, and due within two hours
    assert reasons["rounds_missed"]["due_at"] == "2020-02-24T16:00:00Z"
    held = await desk.get(f"/v1/findings/{reasons['gate_offline']['finding_id']}")
    assert (held["compound"], held["owner"]["role"]) == (worst, "gate_lead")
    alone = await desk.get(f"/v1/board/{worst}")
    assert alone["compound"]["trouble"] == lines[0]["trouble"]


@pytest.mark.requirement("R7.2")
async def test_the_bulletin_is_by_unit_and_its_reading_is_written_down(client_for: ClientFor) -> None:
    desk = await begin(client_for)
    found = {"finding_id": str(uuid4()), "compound": THERE, "item": "other", "note": CANARY}
    await desk.post("/v1/findings", found, SUPERVISOR)
    client = desk.client
    answer = await client.http.get("/v1/finding-exports", headers=client.as_role(*OFFICER))
    assert answer.status_code == 200
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [(row[0], row[2], row[3]) for row in rows[1:]] == [
        ("北社区", HERE, "消毒缺轮"),
        ("北社区", HERE, "卡口缺岗"),
        ("nb-02", THERE, "线索逾期未办"),
        ("nb-02", THERE, "事项 other"),
    ]
    assert rows[4][5] == CANARY
    text = (
        (await client.http.get("/v1/finding-bulletin", headers=client.as_role(*CLERK)))
        .content.decode("utf-8-sig")
        .splitlines()
    )
    assert text[0] == "督查通报"
    assert text[4] == "一、北社区（共 2 项，未办结 2 项，逾期 1 项）"
    assert text[5].startswith(f"一是小区{HERE}：消毒缺轮；")
    assert text[6].startswith(f"二是小区{HERE}：卡口缺岗；")
    assert "；原因 没有签到，开始 2020-02-24 08:00，门岗 lj-001-k1；" in text[6]
    assert "依据：二.1 卡口 24 小时值守" in text[6]
    assert not any(CANARY in line or "nb-02" in line for line in text)
    read = await client.context.database.pool.fetch("select actor, action, scope from audit_read order by at")
    assert [tuple(row) for row in read] == [
        ("test-hq_officer", "finding_export", "town"),
        ("test-community_clerk", "finding_export", "neighbourhood:nb-01"),
    ]
    await desk.get("/v1/finding-exports", ("property_manager", f"compound:{HERE}"), expect=403)


@pytest.mark.requirement("Data and law")
async def test_what_was_written_about_a_finding_goes_with_its_key_once_it_was_closed(
    client_for: ClientFor,
) -> None:
    desk = await begin(client_for)
    context = desk.client.context
    found = {
        "finding_id": str(uuid4()),
        "compound": HERE,
        "item": "other",
        "measure": "sanitation",
        "note": CANARY,
    }
    await desk.post("/v1/findings", found, SUPERVISOR)
    path = f"/v1/findings/{found['finding_id']}"
    for part, more, who in (("close", {}, CLERK), ("review", {"outcome": "rectified"}, OFFICER)):
        await desk.post(f"{path}/{part}", {"act_id": str(uuid4()), "note": CANARY, **more}, who)
    async with context.database.begin() as tx:
        await tx.execute(
            "update policy_version set document = jsonb_set(document, '{retention,note_days}', '90')"
        )
        key_ref = await tx.fetchval(
            "select key_ref from finding where finding_id = $1", UUID(found["finding_id"])
        )

    desk.client.move_to(NINE + 90 * DAY)
    assert await forget_notes(context.database, vault=context.vault) == 0
    desk.client.move_to(NINE + 91 * DAY)
    assert await forget_notes(context.database, vault=context.vault) == 1
    assert await forget_notes(context.database, vault=context.vault) == 0

    told = await desk.get(path)
    assert (told["note"], told["state"], told["outcome"]) == (None, "closed", "rectified")
    assert {one["note"] for one in told["history"]} == {None}
    with pytest.raises(PersonKeyMissingError):
        await context.vault.key(key_ref)
