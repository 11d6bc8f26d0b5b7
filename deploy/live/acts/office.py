"""At the desks: policy, risk lists, passes, vehicles, leads and the survey of households."""

from datetime import date, timedelta
from typing import Any

from deploy.live.plan import Walker, gate_of
from deploy.live.world import Resident, World, each, pages

CLERK, OFFICER = "community_clerk", "hq_officer"
LIST_EVERY_DAYS = 4
ANSWER_WITHIN_MS = 30_000
SURVEYED_COMPOUNDS = 3
CATEGORIES = ("unregistered_outsider", "gathering", "hidden_travel", "gate_unattended", "other")
PROVINCES = "苏"


async def revise_policy(world: World) -> None:
    """A day passes in seconds here, and so does a device's patience: by a version of its own it waits longer."""
    officer = world.system.as_role(OFFICER)
    known = await world.system.told("GET", "registry", "/v1/policies/current", headers=officer)
    document = known["document"]
    document["gate"]["offline"]["online_answer_within_ms"] = ANSWER_WITHIN_MS
    revised = {
        "version": known["version"] + 1,
        "effective_from": world.plan.days[0].isoformat(),
        "document": document,
    }
    await world.system.told("POST", "registry", "/v1/policies", headers=officer, json=revised)
    await world.system.equal()


async def publish_risk_list(world: World, day: date) -> None:
    """What policy makes of the real figures of the day, as it is proposed."""
    if (day - world.plan.days[0]).days % LIST_EVERY_DAYS:
        return
    officer = world.system.as_role(OFFICER)
    proposal = await world.system.told(
        "POST", "registry", "/v1/risk-areas/proposals", headers=officer, json={"day": day.isoformat()}
    )
    areas = {area["code"]: area["category"] for area in proposal["areas"]}
    await world.system.told(
        "POST",
        "registry",
        "/v1/risk-areas",
        headers=officer,
        json={
            "revision": proposal["revision"],
            "effective_from": day.isoformat(),
            "proposed_from": day.isoformat(),
            "areas": areas,
        },
    )
    world.ledger.note(
        "risk list",
        str(proposal["revision"]),
        at=world.now(),
        day=day.isoformat(),
        answer={"areas": areas},
    )


async def issue_passes(world: World) -> None:
    """Residents of lively compounds get passes; drivers get one for the car as well."""
    homes = {}
    for compound in world.plan.compounds:
        path = f"/v1/compounds/{compound}/dwellings"
        for home in await pages(world.system, "registry", path, CLERK):
            homes[compound, home["building"], home["unit"], home["room"]] = home["dwelling_id"]

    async def one(who: Walker) -> Resident | None:
        told = await _pass(world, who.key, who.compound, {"document": who.document})
        if told is None:
            return None
        resident = Resident(who=who, token=told["token"], person_ref=told["person_ref"])
        if who.drives:
            dwelling = homes[who.home]
            resident.vehicle_token = await _vehicle(world, resident, dwelling)
        return resident

    for resident in await each(world.plan.walkers, one):
        if resident is None:
            continue
        world.residents[resident.who.key] = resident
        world.ledger.named(f"person/{resident.who.key}", resident.person_ref)
        world.ledger.note(
            "pass",
            resident.who.key,
            at=world.now(),
            place=resident.who.compound,
            who=resident.who.key,
            drives=resident.vehicle_token is not None,
        )


async def issue_to_released(world: World, day: date) -> None:
    """Who was released asks for a pass, and is a resident like any other; who asks too early is told so."""
    luck = world.plan.draw("early", str(day))
    for one in list(world.observed.values()):
        early = not one.over and luck.random() < 0.05
        if one.pass_token is not None or not (early or one.over):
            continue
        if one.over and one.last_day >= day:
            continue  # transferred to a hospital
        told = await _pass(world, one.key, one.compound, {"person_ref": one.person_ref}, str(day))
        world.ledger.note(
            "pass",
            one.key if told else f"{one.key}/{day}/early",
            at=world.now(),
            place=one.compound,
            who=one.key,
            drives=False,
            answer={"issued": told is not None},
        )
        if told is not None:
            one.pass_token = told["token"]
            if one.compound in world.plan.compounds and one.document is not None:
                who = Walker(key=one.key, document=one.document, home=one.home, drives=False)
                world.residents[one.key] = Resident(who=who, token=told["token"], person_ref=one.person_ref)


async def _pass(
    world: World, key: str, compound: str, holder: dict[str, str], when: str = ""
) -> dict[str, Any] | None:
    """Ask for a pass; None where it is refused, or nobody of that document stands in the register."""
    body = {"request_id": world.id_of(f"request/{key}/{when}"), "compound": compound, **holder}
    headers = world.system.as_role(CLERK)
    answer = await world.system.ask("POST", "registry", "/v1/passes", headers=headers, json=body)
    return answer.json() if answer.status_code in {200, 201} else None


async def _vehicle(world: World, resident: Resident, dwelling_id: str) -> str:
    headers = world.system.as_role(CLERK)
    vehicle = world.id_of(f"vehicle/{resident.who.key}")
    number = int(resident.who.key.rpartition("-")[2])
    await world.system.told(
        "POST",
        "registry",
        "/v1/vehicles",
        headers=headers,
        json={
            "vehicle_ref": vehicle,
            "plate": f"{PROVINCES}E{number:05d}",
            "person_ref": resident.person_ref,
            "dwelling_id": dwelling_id,
        },
    )
    told = await world.system.told(
        "POST",
        "registry",
        "/v1/vehicle-passes",
        headers=headers,
        json={
            "request_id": world.id_of(f"vehicle request/{resident.who.key}"),
            "vehicle_ref": vehicle,
            "compound": resident.who.compound,
        },
    )
    return str(told["token"])


async def take_leads(world: World, day: date) -> None:
    """Anybody tells something; a clerk hands it to a grid."""
    luck = world.plan.draw("leads", str(day))
    for nth in range(world.plan.extent.leads):
        key, compound = f"{day}/{nth}", luck.choice(world.plan.compounds)
        body = {
            "lead_id": world.id_of(f"lead/{key}"),
            "request_secret": world.plan.id_of(f"secret/{key}").hex[:22],
            "channel": "phone",
            "category": luck.choice(CATEGORIES),
            "compound": compound,
            "place": f"{nth + 1}幢楼下",
            "text": f"第{nth + 1}件，请核实",
            "observed_at": world.now().isoformat(),
        }
        about = {"complained_about": gate_of(compound)} if body["category"] == "gate_unattended" else {}
        await world.system.told("POST", "registry", "/v1/leads", headers={}, json=body)
        await world.system.told(
            "POST",
            "registry",
            f"/v1/leads/{body['lead_id']}/assignment",
            headers=world.system.as_role(CLERK),
            json={"kind": "grid", "code": f"{compound}-w01"} | about,
        )
        world.leads.append(key)
        world.ledger.note("lead", key, at=world.now(), place=compound, category=body["category"])


async def close_leads(world: World, day: date) -> None:
    """Most of what waits is looked into and closed; some of it was so."""
    luck = world.plan.draw("close leads", str(day))
    for key in list(world.leads):
        if luck.random() < 0.3:
            continue
        valid = luck.random() < 0.6
        await world.system.told(
            "POST",
            "registry",
            f"/v1/leads/{world.plan.id_of(f'lead/{key}')}/closure",
            headers=world.system.as_role(CLERK),
            json={"valid": valid, "reason": "confirmed" if valid else "not_found"},
        )
        world.leads.remove(key)
        world.ledger.note("lead closed", key, at=world.now(), lead=key, valid=valid)


async def open_survey(world: World) -> None:
    """A round of the survey in some compounds."""
    compounds = list(world.plan.compounds[:SURVEYED_COMPOUNDS])
    round_id = world.id_of("survey")
    due = world.plan.days[-1] + timedelta(days=1)
    await world.system.told(
        "POST",
        "registry",
        "/v1/survey-rounds",
        headers=world.system.as_role(OFFICER),
        json={"round_id": round_id, "number": 1, "compounds": compounds, "due_on": due.isoformat()},
    )
    for compound in compounds:
        path = f"/v1/compounds/{compound}/dwellings"
        homes = await pages(world.system, "registry", path, CLERK)
        homes.sort(key=lambda home: (home["building"], home["unit"], home["room"]))  # ids are of each run
        world.survey += [(compound, home["dwelling_id"]) for home in homes]
    world.plan.draw("survey").shuffle(world.survey)


async def survey(world: World, day: date) -> None:
    """Some households a day are looked up; at a few doors nobody opens."""
    luck = world.plan.draw("survey", str(day))
    today = [world.survey.pop() for _ in range(min(world.plan.extent.surveyed, len(world.survey)))]
    work = [(nth, compound, home, luck.random() < 0.15) for nth, (compound, home) in enumerate(today)]

    async def one(job: tuple[int, str, str, bool]) -> Any:
        nth, compound, home, away = job
        clerk = world.system.as_role(CLERK, f"compound:{compound}")
        body: dict[str, Any] = {
            "submission_id": world.id_of(f"submission/{day}/{nth}"),
            "round_id": str(world.plan.id_of("survey")),
            "dwelling_id": home,
            "visited_at": world.now().isoformat(),
            "outcome": "absent" if away else "done",
        }
        if not away:
            path = f"/v1/survey-rounds/{body['round_id']}/dwellings/{home}/form"
            form = await world.system.told("GET", "registry", path, headers=clerk)
            people = [
                {"state": "present", "person_ref": each_one["person_ref"]} for each_one in form["residents"]
            ]
            if not people:
                body |= {"outcome": "empty", "witness": "grid_leader"}
            else:
                body["members"] = people
        told = await world.system.told("POST", "registry", "/v1/survey-submissions", headers=clerk, json=body)
        return body["outcome"], told

    for (nth, compound, home, _), (outcome, told) in zip(work, await each(work, one), strict=True):
        world.ledger.named(f"dwelling/{day}/{nth}", home)
        world.ledger.note(
            "submission",
            f"{day}/{nth}",
            at=world.now(),
            place=compound,
            outcome=outcome,
            answer={name: told[name] for name in ("state", "final", "people")},
        )
