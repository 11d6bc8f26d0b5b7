"""Isolation waste is fetched at the doors; or nobody comes, nobody opens, it is put off, it stays on the way."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.live.plan import at, named
from deploy.live.world import World, each, pages

OFFICER, WORKER = "hq_officer", "sanitation_worker"
RECEIVER, ISOLATED = "env_unit_1", "home_quarantine"
MOST_BAGS, FETCHED_LATE, NEW_HOUR = 3, 0.5, "19:00"
COLLECTED, HANDED_OVER = "collected", "handed_over"
STEPS = {COLLECTED: ("sealed", COLLECTED), HANDED_OVER: ("disinfected", HANDED_OVER)}
WAYS: tuple[tuple[str, ...], ...] = (
    (COLLECTED, HANDED_OVER),
    (),  # nobody comes
    ("nobody_opened",),
    (COLLECTED,),  # it stays on the cart overnight
    ("put_off",),
    (COLLECTED, HANDED_OVER),
    ("refused", "put_off"),
    (COLLECTED, HANDED_OVER),
)
"""What becomes of a pickup, each in its turn: so no way is missing, however small the town."""
AGAIN: tuple[tuple[str, ...], ...] = ((COLLECTED, HANDED_OVER), (COLLECTED,), ())
"""And of one that was put off to today: it is not put off twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A pickup of some day at a door, and what is done about it tonight."""

    home: str
    compound: str
    day: str
    pickup_id: str
    doing: tuple[str, ...]
    bags: int


async def fetch(world: World, day: date) -> None:
    """What is due today, in one way or another; and what is left of yesterday."""
    luck = world.plan.draw("waste", str(day))
    listed = [one for one in await _listed(world, day) if one["state"] == "due"]
    due = [one for one in listed if one["day"] == str(day)]
    put_off = [one for one in listed if one["day"] != str(day)]
    left = await _listed(world, day - timedelta(days=1))
    jobs = [
        _job(world, one, WAYS[(world.pickups_met + nth) % len(WAYS)], luck.randint(1, MOST_BAGS))
        for nth, one in enumerate(due)
    ]
    jobs += [
        _job(world, one, AGAIN[(world.pickups_met + nth) % len(AGAIN)], luck.randint(1, MOST_BAGS))
        for nth, one in enumerate(put_off)
    ]
    world.pickups_met += len(due)
    for one in left:
        bags, late = luck.randint(1, MOST_BAGS), luck.random() < FETCHED_LATE
        if one["state"] == COLLECTED:
            jobs.append(_job(world, one, (HANDED_OVER,), bags))
        elif one["state"] == "due" and late:
            jobs.append(_job(world, one, (COLLECTED, HANDED_OVER), bags))

    async def one_by_one(job: _Job) -> None:
        for what in job.doing:
            await _do(world, job, what, day)

    await each(jobs, one_by_one)
    for job in jobs:
        for what in job.doing:
            world.ledger.note(
                "pickup",
                f"{day}/{job.home}/{job.day}/{what}",
                at=world.now(),
                place=job.compound,
                home=job.home,
                day=job.day,
                did=what,
                bags=job.bags if what == COLLECTED else None,
            )


async def _listed(world: World, day: date) -> list[dict[str, Any]]:
    """The pickups of a day at the doors that we know, in an order that is the same in every run."""
    homes = _homes(world)

    async def of(compound: str) -> list[dict[str, Any]]:
        path = f"/v1/pickups?compound={compound}&day={day}"
        return await pages(world.system, "sanitation", path, OFFICER)

    compounds = sorted({home.partition("/")[0] for home in homes.values()})
    listed: Iterable[dict[str, Any]] = (one for found in await each(compounds, of) for one in found)
    known = [one for one in listed if one["dwelling_id"] in homes]
    return sorted(known, key=lambda one: (homes[one["dwelling_id"]], str(one["day"])))


def _homes(world: World) -> dict[str, str]:
    return {one.dwelling_id: named(one.home) for one in world.observed.values() if one.measure == ISOLATED}


def _job(world: World, listed: dict[str, Any], doing: tuple[str, ...], bags: int) -> _Job:
    return _Job(
        home=_homes(world)[listed["dwelling_id"]],
        compound=listed["compound"],
        day=listed["day"],
        pickup_id=listed["pickup_id"],
        doing=doing,
        bags=bags,
    )


async def _do(world: World, job: _Job, what: str, day: date) -> None:
    headers = world.system.as_role(WORKER, f"compound:{job.compound}")
    path = f"/v1/pickups/{job.pickup_id}"

    async def tell(door: str, name: str, **said: Any) -> None:
        act_id = world.id_of(f"pickup act/{day}/{job.home}/{job.day}/{name}")
        body = {"act_id": act_id, **said}
        await world.system.told("POST", "sanitation", f"{path}/{door}", headers=headers, json=body)

    if what in STEPS:
        more: dict[str, dict[str, Any]] = {COLLECTED: {"bags": job.bags}, HANDED_OVER: {"receiver": RECEIVER}}
        for step in STEPS[what]:
            await tell("steps", step, step=step, done_at=world.now().isoformat(), **more.get(step, {}))
    elif what == "put_off":
        tomorrow = at(day + timedelta(days=1), NEW_HOUR)
        await tell("reschedulings", what, due_at=tomorrow.isoformat())
    else:
        await tell("skips", what, reason=what)
