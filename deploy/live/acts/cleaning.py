"""Disinfection: twice a day at the sites of lively compounds, now and then forgotten or done too soon."""

from datetime import date
from typing import Any

from deploy.live.world import World, each, pages
from deploy.town.places import COMPOUNDS

FORGETS, TWICE, TOO_WEAK = 0.05, 0.03, 0.02
CONCENTRATION, WEAK = 500, 50


async def list_sites(world: World) -> None:
    """What there is to disinfect, as the town's list has it: the oracle reckons with all of it."""

    async def of(compound: str) -> list[dict[str, Any]]:
        return await pages(world.system, "sanitation", f"/v1/sites?compound={compound}", "hq_officer")

    listed = await each([one.code for one in COMPOUNDS], of)
    for site in sorted((site for sites in listed for site in sites), key=lambda site: str(site["code"])):
        world.ledger.named(f"site/{site['code']}", site["site_id"])
        world.ledger.note(
            "site",
            site["code"],
            at=world.now(),
            place=site["compound"],
            site_kind=site["kind"],
            rounds=site["rounds_per_day"],
            active=site["active"],
        )
        if site["active"] and site["compound"] in world.plan.compounds:
            world.sites.setdefault(site["compound"], []).append(site["code"])


async def disinfect(world: World, day: date, half: str) -> None:
    """A round at each site; somebody who is not sure does it again at once, which counts once."""
    work = []
    for compound in world.plan.compounds:
        luck = world.plan.draw("rounds", f"{day}/{half}/{compound}")
        for code in world.sites.get(compound, []):
            if luck.random() < FORGETS:
                continue
            strength = WEAK if luck.random() < TOO_WEAK else CONCENTRATION
            work.append((compound, code, 0, strength))
            if luck.random() < TWICE:
                work.append((compound, code, 1, strength))

    async def one(job: tuple[str, str, int, int]) -> Any:
        compound, code, nth, strength = job
        body = {
            "round_id": world.id_of(f"round/{day}/{half}/{code}/{nth}"),
            "site_code": code,
            "agent": "chlorine_84",
            "concentration_mg_l": strength,
            "done_at": world.now().isoformat(),
        }
        headers = world.system.as_role("sanitation_worker", f"compound:{compound}")
        return await world.system.told("POST", "sanitation", "/v1/rounds", headers=headers, json=body)

    firsts = [job for job in work if job[2] == 0]
    seconds = [job for job in work if job[2] == 1]
    for jobs in (firsts, seconds):
        for (compound, code, nth, strength), told in zip(jobs, await each(jobs, one), strict=True):
            world.ledger.note(
                "round",
                f"{day}/{half}/{code}/{nth}",
                at=world.now(),
                place=compound,
                site=code,
                strength=strength,
                answer={name: told[name] for name in ("counts", "within_range", "day")},
            )
