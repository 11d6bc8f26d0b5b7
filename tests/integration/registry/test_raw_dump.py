"""A thief with a raw copy of the database: a thousand planted people, over every way in, and nothing to be read."""

import io
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.registry.handlers.imports import ImportRunner
from tests.canaries import MARKS, Canary, leaks
from tests.integration.registry.desk import CLERK, Desk
from tests.integration.registry.households import Households
from tests.integration.registry.test_watch_lists import begin, send, sheet

IMPORTED, STATED, RETURNED, WATCHED, CALLED, TOLD = 800, 50, 50, 50, 25, 25
TABLES = """
select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and not relispartition order by relname
"""


async def dump(url: str) -> dict[str, bytes]:
    """Every table, outbox and audit log included, as text and in PostgreSQL's binary form."""
    connection = await asyncpg.connect(url)
    try:
        found = {}
        for row in await connection.fetch(TABLES):
            out = io.BytesIO()
            for form in ("text", "binary"):
                query = f'select * from "{row["relname"]}"'
                await connection.copy_from_query(query, output=out, format=form)
            found[row["relname"]] = out.getvalue()
        return found
    finally:
        await connection.close()


async def plant(houses: Households) -> None:
    """Names, documents, phones and free texts over every way in that there is."""
    desk, birds = houses.desk, iter(Canary(nth) for nth in range(1, 2_000))
    await desk.publish_risk({"420000": "focus"})
    header = "小区编号,楼栋,单元,室号,姓名,性别,出生日期,证件类型,证件号码,手机号,与房屋关系,是否常住,登记日期,备注"
    lines = [header]
    for nth in range(IMPORTED):
        bird = next(birds)
        lines.append(
            f"lj-001,{nth % 10 + 1}幢,2单元,501,{bird.name},男,1990-01-01,护照,{bird.number},{bird.phone},租客,是,"
            f"2020-02-20,{bird.note}"
        )
    rejected = Canary(1_999)  # a line with 30 February: kept nowhere in the clear, not even to be corrected
    lines.append(
        f"lj-001,1幢,2单元,501,{rejected.name},男,1990-02-30,护照,{rejected.number},,租客,是,2020-02-20,{rejected.note}"
    )
    answer = await desk.client.http.post(
        "/v1/imports",
        params={"kind": "residents"},
        files={"file": ("list.csv", "\r\n".join(lines).encode())},
        headers=desk.client.as_role("admin"),
    )
    assert answer.status_code in {200, 202}, answer.text
    context = desk.client.context
    await ImportRunner(vault=context.vault, cards=context.cards).act(context.database)
    for _ in range(STATED):
        bird = next(birds)
        paper = {"kind": "passport", "number": bird.number}
        born: dict[str, Any] = {"sex": "male", "born": "1980-01-01"}
        await houses.register(at="1幢", name=bird.name, phone=bird.phone, documents=[paper], **born)
    await change_one(houses, Canary(IMPORTED + 1), Canary(1_998))
    for _ in range(RETURNED):
        bird = next(birds)
        person = {
            "name": bird.name,
            "documents": [{"kind": "passport", "number": bird.number}],
            "phone": bird.phone,
            "sex": "male",
            "born": "1980-01-01",
        }
        choice = {"measure": "centralized_observation", "reason": bird.note}
        told = await desk.register(desk.intake(person=person, choice=choice))
        await desk.hear(desk.started(told))
    watch = [next(birds) for _ in range(WATCHED)]
    rows = [[b.name, "护照", b.number, b.phone, "420100", "2020-02-20", b.note] for b in watch]
    assert (await send(desk, await begin(desk), sheet(*rows))).status_code == 200
    for _ in range(CALLED):
        bird = next(birds)
        entry = {"entry_id": str(uuid4()), "name": bird.name, "phone": bird.phone, "compound": "lj-001"}
        assert (await desk.post("/v1/call-list", {**entry, "present_code": "420100"})).status_code == 201
        call = {
            "call_id": str(uuid4()),
            "outcome": "postponed",
            "next_call_on": "2020-03-01",
            "note": bird.note,
        }
        assert (await desk.post(f"/v1/call-list/{entry['entry_id']}/calls", call)).status_code in {200, 201}
    for _ in range(TOLD):
        bird = next(birds)
        lead = {
            "lead_id": str(uuid4()),
            "request_secret": uuid4().hex,
            "channel": "gate_code",
            "category": "gathering",
            "compound": "lj-001",
            "place": bird.note,
            "text": f"{bird.name} {bird.number} {bird.phone}",
            "observed_at": "2020-02-24T08:00:00+08:00",
            "reporter": {"name": bird.name, "phone": bird.phone},
        }
        assert (await desk.client.http.post("/v1/leads", json=lead)).status_code == 201
    assert next(birds).name == f"金丝雀{1_001:04d}号"  # a thousand people


async def change_one(houses: Households, bird: Canary, other: Canary) -> None:
    """One person through every change that there is, with free texts."""
    [person] = await houses.find(document=bird.number)
    await houses.change(person, "corrections", name=other.name, reason=bird.note)
    await houses.change(person, "phones", phone=other.phone)
    await houses.change(person, "documents", kind="passport", number=other.number)
    paper: dict[str, Any] = {"kind": "passport", "number": bird.number, "reason": bird.note}
    assert (await houses.change(person, "documents/withdrawal", **paper)).status_code == 200
    done = await houses.done(f"/v1/people/{person}/death", died_on="2020-02-24", reason=bird.note)
    await houses.undo(done, bird.note)
    second = await houses.register(at="2幢", name=bird.name)
    merge = {"merge_id": str(uuid4()), "kept": person, "merged": second, "reason": bird.note}
    assert (await houses.desk.post("/v1/merges", merge, CLERK)).status_code == 201
    undo = {"separation_id": str(uuid4()), "reason": bird.note}
    assert (await houses.desk.post(f"/v1/merges/{merge['merge_id']}/undo", undo, CLERK)).status_code == 200
    dismissal = {"one": person, "other": second, "reason": bird.note}
    assert (await houses.desk.post("/v1/duplicates/dismissals", dismissal, CLERK)).status_code == 204


@pytest.mark.requirement("Data and law")
async def test_a_raw_copy_of_the_database_tells_nothing_of_a_thousand_planted_people(desk: Desk) -> None:
    houses = await Households.of(desk)
    await plant(houses)
    settings = desk.client.context.settings
    tables = await dump(settings.database_url)
    keys = await dump(settings.keystore_url or "")
    assert await houses.find(document="ZCANARY0001") != []  # they are there
    assert await houses.count("person") >= IMPORTED + STATED + RETURNED
    # The search itself finds what does stand there in the clear: places are public (decision 0004).
    assert leaks({"compound": tables["compound"]}, "云桥一村") != []
    someone = str((await houses.desk.told("PersonRegistered"))[0]["person_ref"])
    assert leaks({"outbox": tables["outbox"]}, someone) != []
    assert leaks(tables, *MARKS) == []
    assert leaks(keys, *MARKS) == []
