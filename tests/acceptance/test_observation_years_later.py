"""Observation through all services in a later year: what looks made up, and what is kept of somebody (O11, P6).

One run of services whose business time only goes on: the tests stand in the order of their days.
"""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from shared.kernel.tables import Table, write
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.gates import check, enrol_device
from tests.acceptance.town import board
from tests.acceptance.watched import CHECKPOINT, HERE, Watch

pytestmark = pytest.mark.timeout(300)


@pytest.mark.scenario("O11", "P6")
@pytest.mark.requirement("R2.7", "R4.2")
async def test_what_looks_made_up_is_looked_at_and_what_a_platform_gathered_counts(watch: Watch) -> None:
    begins, stack = date(2024, 2, 15), watch.stack
    clerk = stack.as_role("community_clerk")
    await watch.to(begins, "13:00")
    people = [watch.somebody() for _ in range(2)]
    made_up, honest = [await watch.case_of(await watch.back(begins, person=one)) for one in people]
    ours = {made_up["case_id"], honest["case_id"]}
    for nth in range(1, 4):
        day = begins + timedelta(days=nth)
        await watch.to(day, "07:00")
        await watch.declare(made_up["case_id"], "36.6")
        await watch.declare(honest["case_id"], f"36.{3 + nth}", at=f"{day}T06:{nth}1:0{nth}+08:00")

    async def flags(query: str = "") -> list[Any]:
        path = f"/v1/pattern-flags?limit=200&{query}"
        found = (await stack.call("GET", "observation", path, headers=clerk))["items"]
        return [one for one in found if one["case_id"] in ours]

    [flag] = await eventually(flags, within=30, what="the pattern is seen")
    days = [(begins + timedelta(days=nth)).isoformat() for nth in (1, 2, 3)]
    assert (flag["case_id"], flag["kind"], flag["days"]) == (made_up["case_id"], "same_second", days)
    case = await watch.case(made_up["case_id"])
    assert (case["state"], case["last_day"], case["figures"]["answered"]) == (
        "under_observation",
        made_up["last_day"],
        3,
    )
    review = {"review_id": str(uuid4()), "verdict": "clarified", "note": "闹钟定时测量，已核实"}
    path = f"/v1/pattern-flags/{flag['flag_id']}/reviews"
    await stack.call("POST", "observation", path, headers=clerk, json=review, expect=201)
    assert (await flags(), len(await flags("reviewed=true"))) == ([], 1)

    # In the evening a questionnaire platform's list comes in, and later the same one again.
    await watch.to(day, "18:00")
    said = [
        (people[0], "36.5", "无", f"{day} 17:20"),
        (people[1], "37.9", "咳嗽", f"{day} 17:45"),
        (people[0], "365", "无", f"{day} 17:50"),
        (watch.somebody(), "36.5", "无", f"{day} 17:55"),
    ]
    header = ("姓名", "手机号", "证件号码", "体温", "症状", "填报时间")
    lines = [
        [person["name"], person["phone"], person["documents"][0]["number"], *rest] for person, *rest in said
    ]
    content = write(Table(name="翼填报", header=header, rows=lines), "csv")

    async def imported() -> tuple[Any, list[Any]]:
        upload = {"file": ("翼填报.csv", content)}
        begun = await stack.call(
            "POST", "observation", "/v1/declaration-imports", headers=clerk, files=upload
        )
        path = f"/v1/declaration-imports/{begun['import_id']}"

        async def done() -> Any:
            state = await stack.call("GET", "observation", path, headers=clerk)
            return state if state["state"] == "done" else None

        counts = await eventually(done, within=30, what="the list is worked off")
        rejected = (await stack.call("GET", "observation", f"{path}/rows", headers=clerk))["items"]
        return counts, [(one["row"], one["column"], one["code"]) for one in rejected]

    wrong = [(4, "体温", "temperature_implausible"), (5, "证件号码", "person_unknown")]
    for taken, unchanged in ((2, 0), (0, 2)):
        counts, rejected = await imported()
        assert (counts["rows_accepted"], counts["rows_unchanged"]) == (taken, unchanged)
        assert rejected == wrong
    await stack.equal()
    for case_id, state in ((made_up["case_id"], "active"), (honest["case_id"], "interrupted")):
        by = [one["by"] for one in await watch.told(case_id, "DeclarationSubmitted")]
        assert by == ["phone"] * 3 + ["import"]
        seen = await watch.seen_by_hq(case_id)
        assert seen["case"]["state"] == state
        assert [one["state"] for one in seen["windows"] if one["day"] == day.isoformat()] == ["submitted"] * 2
    assert len(await watch.told(honest["case_id"], "ObservationInterrupted")) == 1


@pytest.mark.requirement("Data and law", "R4.8")
async def test_what_is_kept_of_somebody_goes_from_every_service_and_no_figure_changes(
    watch: Watch, databases: Databases
) -> None:
    stack, last = watch.stack, date(2024, 2, 19)
    clerk, officer = stack.as_role("community_clerk"), stack.as_role("hq_officer")
    await watch.to(last, "09:00")
    await stack.prepare("sanitation", databases)
    stack.launch("sanitation")
    await stack.ready("sanitation")
    person, home = watch.somebody(), await watch.dwelling()
    intake = await watch.back(last - timedelta(days=14), origin="330300", person=person, dwelling=home)
    assert (intake["measure"], intake["last_day"]) == ("home_quarantine", last.isoformat())
    ref, case_id = intake["person_ref"], (await watch.case_of(intake))["case_id"]
    device = await enrol_device(stack, CHECKPOINT)
    await stack.equal()
    by_document = {"kind": "document", "number": person["documents"][0]["number"]}
    seen = await check(stack, device, 1, by_document)
    assert (seen["verdict"], seen["display"]["surname"]) == ("admit_with_action", "欧阳*")
    await watch.to(last, "18:00")
    [pickup] = [
        one
        for one in (
            await stack.call(
                "GET",
                "sanitation",
                f"/v1/pickups?compound={HERE}&day={last}",
                headers=stack.as_role("sanitation_worker", f"compound:{HERE}"),
            )
        )["items"]
        if one["dwelling_id"] == home
    ]
    assert pickup["room"]
    await watch.declare(case_id, "36.4")
    await watch.to(last + timedelta(days=1), "00:01")
    left = {"change_id": str(uuid4()), "people": [ref], "left_on": watch.day.isoformat(), "reason": "返乡"}
    await stack.call("POST", "registry", "/v1/departures", headers=clerk, json=left)
    erasure = {"erasure_id": str(uuid4()), "reason": "retention_over"}
    path = f"/v1/people/{ref}/erasure"
    early = await stack.call("POST", "registry", path, headers=officer, json=erasure, expect=409)
    assert (early["code"], early["first_possible"]) == ("within_retention", "2024-03-22")

    async def figures() -> list[Any]:
        case = await watch.case(case_id)
        hq = await watch.seen_by_hq(case_id)
        return [case["figures"], case["windows"], case["state"], hq["case"]["state"], hq["windows"]]

    async def entries() -> list[Any]:
        told = await stack.call("GET", "observation", f"/v1/cases/{case_id}/declarations", headers=clerk)
        return [(one["standing"], one["temperature_c"]) for one in told["entries"]]

    kept = await figures()
    assert await entries() == [("in_time", "36.4")]
    await watch.to(
        date(2024, 3, 21), "00:01"
    )  # 30 days after the release: answers and contact go by themselves
    assert await entries() == [("in_time", None)]
    assert (await watch.case(case_id))["contact"] is None
    assert await figures() == kept

    await watch.to(date(2024, 3, 22), "00:01")
    before = await board(stack, HERE)
    await stack.call("POST", "registry", path, headers=officer, json=erasure, expect=201)
    await stack.equal()
    assert await figures() == kept
    assert await board(stack, HERE) == before
    for service in ("registry", "gate", "observation", "sanitation"):
        keys = await asyncpg.connect(stack.urls[service].keystore)
        try:
            [row] = await keys.fetch("select wrapped, destroyed_at from person_key where ref = $1", ref)
        finally:
            await keys.close()
        assert row["wrapped"] is None, service
        assert row["destroyed_at"] is not None, service
    again = await check(stack, device, 2, by_document)
    assert (again["verdict"], again["display"]) != (seen["verdict"], seen["display"])
    lookup = {"document": by_document["number"]}
    found = await stack.call("POST", "registry", "/v1/people/lookup", headers=officer, json=lookup)
    assert found["people"] == []
    for service in stack.urls:
        assert person["name"] not in stack.log(service)
