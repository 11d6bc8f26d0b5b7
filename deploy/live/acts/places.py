"""What is done at places: stairs are aired, venues stay closed or may open."""

from datetime import date, timedelta

from deploy.live.world import World, each

AIRED_MINUTES = 30
STAYS_SHUT, MAY_OPEN, OPEN_DAYS = 0.2, 0.3, 2
VENUES = ("cards_room", "gym", "teahouse")
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
