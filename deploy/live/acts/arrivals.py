"""Arrivals: who comes from elsewhere stands at the gate, is reported, and finds a clerk who deals with it."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from deploy.live.acts.returning import take_in
from deploy.live.comers import Comer, announced, homecoming, newcomers
from deploy.live.world import World, each, pages
from services.gate.client.shapes import Arrival, Entry
from services.gate.domain.arrivals import ArrivalKind
from services.gate.domain.rulings import Direction

CLERK = "community_clerk"
NORMAL = "36.5"
THE_SAME_NIGHT, ANNOUNCED = 0.5, 0.7
HELD = ("yellow", "red")


async def look_up_who_is_away(world: World) -> None:
    """Residents who will come home, as the register has them: a name or a number that was spoilt is nobody."""

    async def one(comer: Comer) -> bool:
        told = await world.system.told(
            "POST",
            "registry",
            "/v1/people/lookup",
            headers=world.system.as_role(CLERK),
            json={"document": comer.who.document, "reason": "流调"},
        )
        return len(told["people"]) == 1 and any(
            home["resident"] and home["compound"] == comer.who.compound for home in told["people"][0]["homes"]
        )

    for day in world.plan.days:
        people = homecoming(world.plan, day)
        for comer, known in zip(people, await each(people, one), strict=True):
            if known:
                world.listed.add(comer.key)
                world.ledger.note("listed", comer.key, at=world.now(), place=comer.who.compound)


async def arrive(world: World, day: date) -> None:
    """They stand at the gates, one after the other; where the line is cut the device tells them to wait."""
    luck = world.plan.draw("arrivals", str(day))
    busy = {one.home for one in world.observed.values()}
    expected = [one for one in announced(world.plan, day) if luck.random() < ANNOUNCED]
    unexpected = [
        one
        for one in (*homecoming(world.plan, day), *newcomers(world.plan, day))
        if (one.newcomer or one.key in world.listed) and one.home not in busy
    ]
    world.comers |= {one.key: one for one in unexpected}
    lines: dict[str, list[Comer]] = {}
    for comer in (*expected, *unexpected):
        lines.setdefault(comer.who.compound, []).append(comer)

    async def at_gate(compound: str) -> list[dict[str, Any]]:
        told = []
        for comer in lines[compound]:
            if comer.bare:
                told.append(await _check(world, day, comer, mask=False))
            told.append(await _check(world, day, comer, mask=True))
        return told

    for compound, acts in zip(lines, await each(lines, at_gate), strict=True):
        for act in acts:
            world.asked[act["who"]] = act["check_id"]  # the last one: with a mask
            world.ledger.named(f"check/{act['key']}", act.pop("check_id"))
            world.ledger.note("check", act.pop("key"), at=world.now(), place=compound, **act)


async def _check(world: World, day: date, comer: Comer, *, mask: bool) -> dict[str, Any]:
    post, who = world.posts[comer.who.compound], comer.who
    shown = await post.device.arrive(
        Arrival(
            person=Entry(
                direction=Direction.ENTRY,
                subject={"kind": "document", "number": who.document},
                mask=mask,
                temperature_c=Decimal(NORMAL),
            ),
            kind=ArrivalKind.NEWCOMER if comer.newcomer else ArrivalKind.RETURNEE,
            origin_code=who.from_code,
            ticket="train" if who.proof else None,
            arrived_on=who.arrived,
            papers=comer.papers,
            suzhou_code=comer.code,
            name=who.name,
            phone=who.phone,
        )
    )
    return {
        "key": f"{day}/comes/{comer.key}{'' if mask else '/bare'}",
        "check_id": str(shown.check_id),
        "who": comer.key,
        "direction": "entry",
        "shows": "document",
        "mask": mask,
        "temperature": NORMAL,
        "device_at": shown.made_at.isoformat(),
        "line_cut": post.line.cut,
        "journey": {"origin": who.from_code, "code": comer.code, "papers": bool(comer.papers)},
        "answer": {
            "verdict": shown.verdict.value,
            "reasons": [str(reason) for reason in shown.reasons],
            "action": shown.action.value if shown.action else None,
            "offline": shown.offline,
        },
    }


async def deal_with(world: World, day: date, *, all_of_them: bool) -> None:
    """A clerk works the list of intakes that are due: some the same night, the others in the next forenoon."""
    await world.system.equal()
    luck = world.plan.draw("clerk", str(day))
    chosen = {key: one for key, one in world.comers.items() if all_of_them or luck.random() < THE_SAME_NIGHT}
    tasks = await _tasks(world, chosen.values())
    stay = {key: one for key, one in chosen.items() if not one.newcomer or _may_stay(one)}
    await take_in(world, {key: one.who for key, one in stay.items()}, f"{day}/{all_of_them}")
    for key, comer in chosen.items():
        if comer.newcomer and comer.who.document in tasks:
            await _settle(world, comer, tasks[comer.who.document])
        if comer.papers:
            await _answer(world, comer)
        del world.comers[key]
    await world.system.equal()


def _may_stay(comer: Comer) -> bool:
    return bool(comer.papers) and comer.code not in HELD


async def _tasks(world: World, people: Iterable[Comer]) -> dict[str, list[str]]:
    """By document the tasks that are open, as what was answered at the gate says."""
    clerk = world.system.as_role(CLERK)
    found: dict[str, list[str]] = {}
    for compound in sorted({one.who.compound for one in people}):
        path = f"/v1/intake-tasks?compound={compound}"
        for line in await pages(world.system, "registry", path, CLERK):
            task = f"/v1/intake-tasks/{line['task_id']}"
            told: Mapping[str, Any] = await world.system.told("GET", "registry", task, headers=clerk)
            number = told["answers"][0]["subject"]["number"]
            found.setdefault(number, []).append(line["task_id"])
    return found


async def _settle(world: World, comer: Comer, tasks: list[str]) -> None:
    """Of somebody whom the gate did not know: the intake that was taken, or why none is due."""
    stays, clerk = _may_stay(comer), world.system.as_role(CLERK)
    for task_id in tasks:
        path = f"/v1/intake-tasks/{task_id}"
        if stays:
            done = {"intake_id": str(world.plan.id_of(f"intake/{comer.key}"))}
            await world.system.told("POST", "registry", f"{path}/completion", headers=clerk, json=done)
        else:
            why = {"reason": "handed_over"}
            await world.system.told("POST", "registry", f"{path}/closure", headers=clerk, json=why)
    world.ledger.note(
        "task",
        comer.key,
        at=world.now(),
        place=comer.who.compound,
        who=comer.key,
        reason=None if stays else "handed_over",
    )


async def _answer(world: World, comer: Comer) -> None:
    """No pass yet for anybody: an observation begins, or the code holds them."""
    reason = "under_observation" if _may_stay(comer) else "code_held"
    path = f"/v1/pass-applications/{world.asked[comer.key]}/refusal"
    clerk = world.system.as_role(CLERK)
    await world.system.told("POST", "registry", path, headers=clerk, json={"reason": reason})
    world.ledger.note(
        "application", comer.key, at=world.now(), place=comer.who.compound, who=comer.key, reason=reason
    )
