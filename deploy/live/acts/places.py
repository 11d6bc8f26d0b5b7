"""What is done at places: stairs are aired, venues stay closed or may open, and isolation waste is fetched."""

from datetime import date, timedelta
from typing import Any

from deploy.live.world import World, each, pages

AIRED_MINUTES = 30
STAYS_SHUT, MAY_OPEN, OPEN_DAYS = 0.2, 0.3, 2
NOT_FETCHED, MOST_BAGS = 0.2, 3
VENUES = ("cards_room", "gym", "teahouse")
CHAIN = ("sealed", "collected", "disinfected", "handed_over")
RECEIVER, ISOLATED = "env_unit_1", "home_quarantine"
OFFICER, WORKER = "hq_officer", "sanitation_worker"


async def list_venues(world: World) -> None:
    """Each lively compound has a venue; from now on it is closed."""
    officer = world.system.as_role(OFFICER)
    for nth, compound in enumerate(world.plan.compounds):
        body = {
            "venue_id": world.id_of(f"venue/{compound}"),
            "compound": compound,
            "kind": VENUES[nth % len(VENUES)],
            "name": "活动室",
        }
        await world.system.told("POST", "sanitation", "/v1/venues", headers=officer, json=body)
        world.ledger.note("venue", compound, at=world.now(), place=compound)


async def air(world: World, day: date) -> None:
    """At one site of each lively compound the windows were open; at some nobody did it."""
    luck = world.plan.draw("airing", str(day))
    chosen = [(compound, luck.choice(sites)) for compound, sites in sorted(world.sites.items())]
    work = [one for one in chosen if luck.random() >= STAYS_SHUT]

    async def one(job: tuple[str, str]) -> None:
        compound, code = job
        body = {
            "ventilation_id": world.id_of(f"airing/{day}/{code}"),
            "site_code": code,
            "began_at": (world.now() - timedelta(minutes=AIRED_MINUTES)).isoformat(),
            "minutes": AIRED_MINUTES,
        }
        headers = world.system.as_role(WORKER, f"compound:{compound}")
        await world.system.told("POST", "sanitation", "/v1/ventilations", headers=headers, json=body)

    await each(work, one)
    for compound, code in work:
        world.ledger.note("airing", f"{day}/{code}", at=world.now(), place=compound, minutes=AIRED_MINUTES)


async def let_open(world: World, day: date) -> None:
    """Headquarters let some venues open from today on, for two days; one that may be open already is left alone."""
    luck, officer = world.plan.draw("venues", str(day)), world.system.as_role(OFFICER)
    last_day = day + timedelta(days=OPEN_DAYS - 1)
    for compound in world.plan.compounds:
        wanted = luck.random() < MAY_OPEN
        if not wanted or world.open_until.get(compound, day - timedelta(days=1)) >= day:
            continue
        world.open_until[compound] = last_day
        body = {
            "approval_id": world.id_of(f"approval/{day}/{compound}"),
            "from_day": day.isoformat(),
            "last_day": last_day.isoformat(),
            "reason": "复工复产",
        }
        path = f"/v1/venues/{world.plan.id_of(f'venue/{compound}')}/approvals"
        await world.system.told("POST", "sanitation", path, headers=officer, json=body)
        world.ledger.note(
            "approval", f"{day}/{compound}", at=world.now(), place=compound, last_day=last_day.isoformat()
        )


async def fetch_waste(world: World, day: date) -> None:
    """What is due at the doors of households under quarantine is fetched, step by step; at some doors nobody comes."""
    luck = world.plan.draw("waste", str(day))
    isolated = [one for one in world.observed.values() if one.measure == ISOLATED and not one.over]
    homes = {one.dwelling_id: one.key for one in sorted(isolated, key=lambda one: one.key)}
    compounds = sorted({one.compound for one in isolated})

    async def of(compound: str) -> list[dict[str, Any]]:
        return await pages(
            world.system, "sanitation", f"/v1/pickups?compound={compound}&day={day}", "hq_officer"
        )

    listed = [
        one
        for found in await each(compounds, of)
        for one in found
        if one["state"] == "due" and one["dwelling_id"] in homes
    ]
    due = sorted((homes[one["dwelling_id"]], one["compound"], one["pickup_id"]) for one in listed)
    work = [
        (*one, luck.randint(1, MOST_BAGS))
        for nth, one in enumerate(due)
        if luck.random() >= NOT_FETCHED or nth == 0  # on no day nowhere, however small the town
    ]

    async def one(job: tuple[str, str, str, int]) -> None:
        who, compound, pickup_id, bags = job
        more: dict[str, dict[str, Any]] = {"collected": {"bags": bags}, "handed_over": {"receiver": RECEIVER}}
        for step in CHAIN:
            body = {
                "act_id": world.id_of(f"pickup act/{day}/{who}/{step}"),
                "step": step,
                "done_at": world.now().isoformat(),
            } | more.get(step, {})
            path = f"/v1/pickups/{pickup_id}/steps"
            headers = world.system.as_role(WORKER, f"compound:{compound}")
            await world.system.told("POST", "sanitation", path, headers=headers, json=body)

    await each(work, one)
    for who, compound, pickup_id, bags in work:
        world.ledger.named(f"pickup/{day}/{who}", pickup_id)
        world.ledger.note("pickup", f"{day}/{who}", at=world.now(), place=compound, who=who, bags=bags)
