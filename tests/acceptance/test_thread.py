"""One thread through all five services, over HTTP: back from a real city, observed, released, admitted, counted."""

import json
from datetime import date, time, timedelta
from uuid import uuid4

import pytest

from deploy.town import returnees
from shared.kernel.days import at_local
from shared.testing.waiting import eventually
from tests.acceptance.gates import check, enrol_device
from tests.acceptance.stack import Stack
from tests.acceptance.town import board

ARRIVED = date(2020, 2, 24)


@pytest.mark.timeout(300)
@pytest.mark.scenario("O12", "P5", "H2", "H5", "G1")
@pytest.mark.requirement("R2.7", "R4.6", "R4.8", "R5.1")
async def test_a_returnee_is_observed_released_admitted_and_counted(town: Stack) -> None:
    stack = town
    clerk = stack.as_role("community_clerk")

    # Registered: the measure follows from where the person has been, by the list of that day.
    back = next(
        one for one in returnees(ARRIVED, seed=20200224, n=400, scale=0.02) if one.from_code == "330300"
    )
    intake = {
        "intake_id": str(uuid4()),
        "person": {
            "name": back.name,
            "documents": [{"kind": "resident_id", "number": back.document}],
            "phone": back.phone,
        },
        "dwelling": {
            "compound": back.compound,
            "building": back.building,
            "unit": back.unit,
            "room": back.room,
        },
        "trip": {
            "origin_code": back.from_code,
            "arrived_on": ARRIVED.isoformat(),
            "transport": "train",
            "proof": True,
        },
    }
    registered = await stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake, expect=201)
    assert (registered["category"], registered["measure"]) == ("higher_risk", "home_quarantine")
    assert (registered["anchor_date"], registered["last_day"]) == ("2020-02-24", "2020-03-09")
    again = await stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake, expect=200)
    moving = {"state", "case_id"}  # observation may have opened the case meanwhile
    assert {k: v for k, v in again.items() if k not in moving} == {
        k: v for k, v in registered.items() if k not in moving
    }
    await stack.equal()
    compound = registered["compound"]
    assert (await board(stack, compound))["observed"]["home_quarantine"] == 1

    # No pass before the period is over, and the refusal names the first possible day.
    wanted = {"request_id": str(uuid4()), "person_ref": registered["person_ref"], "compound": compound}
    refused = await stack.call("POST", "registry", "/v1/passes", headers=clerk, json=wanted, expect=409)
    assert refused["first_possible"] == "2020-03-10", refused

    # At the gate the person goes straight home, and is not let out.
    device = await enrol_device(stack, f"{compound}-k1")
    by_document = {"kind": "document", "number": back.document}
    entering = await check(stack, device, 1, by_document)
    assert (entering["verdict"], entering["action"]) == ("admit_with_action", "go_straight_home")
    assert entering["display"]["surname"] == f"{back.name[0]}*"
    leaving = await check(stack, device, 2, by_document, direction="exit")
    assert leaving["verdict"] == "refuse"

    # Twice a day, through the person's own link.
    [case] = (await stack.call("GET", "observation", f"/v1/cases?compound={compound}", headers=clerk))[
        "items"
    ]
    link = await stack.call(
        "POST",
        "observation",
        f"/v1/cases/{case['case_id']}/links",
        headers=clerk,
        json={"link_id": str(uuid4())},
    )
    session = await stack.call(
        "POST", "observation", "/v1/link-sessions", headers={}, json={"token": link["token"]}
    )
    resident = {"Authorization": f"Link {session['session']}"}
    for nth in range(1, 15):
        for at in (time(7, 30), time(18, 0)):
            await stack.move_to(at_local(ARRIVED + timedelta(days=nth), at))
            declared = await stack.call(
                "POST",
                "observation",
                "/v1/me/declarations",
                headers=resident,
                json={"declaration_id": str(uuid4()), "temperature_c": "36.6", "symptoms": []},
            )
            assert declared["standing"] == "in_time"
    last = await stack.call("GET", "observation", "/v1/me/case", headers=resident)
    assert (last["day_number"], last["state"]) == (14, "under_observation")
    await stack.move_to(at_local(date(2020, 3, 9), time(23, 59)))
    await stack.call("POST", "registry", "/v1/passes", headers=clerk, json=wanted, expect=409)

    # 24:00 of day 14: it completes by itself, and the next day a pass is issued once.
    await stack.move_to(at_local(date(2020, 3, 10), time(0, 0, 1)))
    [roll] = (
        await stack.call(
            "GET",
            "reporting",
            f"/v1/observation-roll?compound={compound}",
            headers=stack.as_role("hq_officer"),
        )
    )["items"]
    assert roll["state"] == "completed"
    await stack.move_to(at_local(date(2020, 3, 10), time(8, 0)))
    issued = await stack.call("POST", "registry", "/v1/passes", headers=clerk, json=wanted, expect=201)
    twice = await stack.call(
        "POST",
        "registry",
        "/v1/passes",
        headers=clerk,
        json=wanted | {"request_id": str(uuid4())},
        expect=(200, 201),
    )
    assert twice["pass_id"] == issued["pass_id"]
    await stack.equal()

    # Admitted with the pass; the answer shows surname and room and nothing else of the person.
    admitted = await check(stack, device, 3, {"kind": "pass_token", "token": issued["token"]})
    assert (admitted["verdict"], admitted["reasons"]) == ("admit", [])
    assert set(admitted["display"]) == {"surname", "room"}

    # The same compound's lift is disinfected.
    sites = await stack.call(
        "GET", "sanitation", f"/v1/sites?compound={compound}", headers=stack.as_role("sanitation_worker")
    )
    await stack.call(
        "POST",
        "sanitation",
        "/v1/rounds",
        headers=stack.as_role("sanitation_worker"),
        json={
            "round_id": str(uuid4()),
            "site_code": sites["items"][0]["code"],
            "agent": "chlorine_84",
            "concentration_mg_l": 500,
            "done_at": stack.now().isoformat(),
        },
        expect=201,
    )
    await stack.equal()

    # Headquarters see every step, and the compounds add up to the town.
    line = await board(stack, compound)
    assert line["under_observation"] == 0
    assert line["passes_active"] == 1
    assert line["entries"] == 1
    assert line["rounds_counted"] == 1
    whole = await stack.call("GET", "reporting", "/v1/board", headers=stack.as_role("hq_officer"))
    for figure in ("dwellings", "people", "residents", "checks", "passes_active", "sites"):
        assert whole["totals"][figure] == sum(row[figure] for row in whole["compounds"]), figure
    assert sum(row["compound"].startswith("lj-") for row in whole["compounds"]) == 53

    # Nothing that identifies the person is in any log.
    for service in stack.urls:
        said = stack.log(service)
        for secret in (back.name, back.document, back.phone, link["token"], issued["token"]):
            assert secret not in said

    # One trace leads from the registration over the bus into observation's database.
    async def traced() -> set[str]:
        services: dict[str, set[str]] = {}
        for line in (stack.folder / "traces.jsonl").read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            services.setdefault(one["trace_id"], set()).add(f"{one['service']} {one['name']}")
        wanted = {"registry POST /v1/returnees", "observation react observation.open_for_returnee"}
        found = next((names for names in services.values() if wanted <= names), set())
        statements = {
            name.split()[0] for name in found if name.split()[1].lower() in ("insert", "select", "update")
        }
        return found if {"registry", "observation"} <= statements else set()

    await eventually(traced, within=15, what="one trace over HTTP, PostgreSQL, NATS and PostgreSQL")
