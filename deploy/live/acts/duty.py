"""Who stands at the gates: two shifts by day in some compounds, holes at night, and shifts to which nobody comes."""

from datetime import date
from typing import Any
from uuid import uuid4

from deploy.live.plan import at, gate_of
from deploy.live.world import World, each, pages

MANNED = 3
SHIFTS = (("early", "07:30", "14:00"), ("late", "14:00", "21:30"))
STAYS_AWAY = 0.15


def manned(world: World) -> list[str]:
    """The compounds that have a roster."""
    return list(world.plan.compounds[:MANNED])


async def plan_shifts(world: World) -> None:
    """Guards who are posted at the gate get badges, and a roster of all days."""
    officer = world.system.as_role("hq_officer")
    guards = [
        one
        for one in await pages(world.system, "registry", "/v1/workers", "hq_officer")
        if one["kind"] == "guard"
    ]
    guards.sort(key=lambda one: str(one["code"]))

    async def one(numbered: tuple[int, str]) -> None:
        nth, compound = numbered
        pair = guards[2 * nth : 2 * nth + 2]
        badges = []
        for guard in pair:
            await world.system.told(
                "POST",
                "registry",
                f"/v1/workers/{guard['worker_ref']}/postings",
                headers=officer,
                json={
                    "posting_id": world.id_of(f"posting/{compound}/{guard['code']}"),
                    "place_kind": "checkpoint",
                    "place": gate_of(compound),
                    "from_day": world.plan.days[0].isoformat(),
                },
                expect=(200, 201, 409),
            )
        await world.system.equal()
        for guard in pair:
            badge = await world.system.told(
                "POST",
                "gate",
                "/v1/duty/badges",
                headers=officer,
                json={
                    "badge_id": world.id_of(f"badge/{guard['code']}"),
                    "worker_ref": guard["worker_ref"],
                    "staff_number": guard["code"],
                },
            )
            badges.append(badge["number"])
        world.badges[compound] = badges
        world.duty_devices[compound] = await _device(world, compound)
        for day in world.plan.days:
            for guard, (name, begins, ends) in zip(pair, SHIFTS, strict=True):
                await world.system.told(
                    "POST",
                    "gate",
                    "/v1/duty/shifts",
                    headers=officer,
                    json={
                        "shift_id": world.id_of(f"shift/{day}/{compound}/{name}"),
                        "checkpoint": gate_of(compound),
                        "worker_ref": guard["worker_ref"],
                        "starts_at": at(day, begins).isoformat(),
                        "ends_at": at(day, ends).isoformat(),
                    },
                )
                world.ledger.note(
                    "shift",
                    f"{day}/{compound}/{name}",
                    at=world.now(),
                    place=compound,
                    post=gate_of(compound),
                    begins=at(day, begins).isoformat(),
                    ends=at(day, ends).isoformat(),
                )

    await each(list(enumerate(manned(world))), one, at_once=1)


async def _device(world: World, compound: str) -> dict[str, str]:
    code = await world.system.told(
        "POST",
        "gate",
        "/v1/enrolment-codes",
        headers=world.system.as_role("ops"),
        json={"request_id": world.id_of(f"code/duty/{compound}"), "checkpoint": gate_of(compound)},
    )
    device = await world.system.told(
        "POST", "gate", "/v1/devices", headers={}, json={"code": code["code"], "device_id": str(uuid4())}
    )
    return {"Authorization": f"Device {device['credential']}"}


async def change_guard(world: World, day: date, *, leaves: str | None, comes: str | None) -> None:
    """Who leaves checks out; who comes checks in, or nobody does."""
    luck = world.plan.draw("duty", f"{day}/{comes}")
    for compound in manned(world):
        if leaves and f"{day}/{compound}/{leaves}" in world.turns:
            await _turn(world, day, compound, leaves, "check-outs")
        if comes and luck.random() >= STAYS_AWAY:
            await _turn(world, day, compound, comes, "check-ins")


async def _turn(world: World, day: date, compound: str, shift: str, way: str) -> None:
    key = f"{day}/{compound}/{shift}"
    told: Any = await world.system.told(
        "POST",
        "gate",
        f"/v1/duty/{way}",
        headers=world.duty_devices[compound],
        json={
            "turn_id": world.id_of(f"turn/{key}"),
            "badge": world.badges[compound][[name for name, _, _ in SHIFTS].index(shift)],
            "checked_at": world.now().isoformat(),
        },
    )
    world.turns[key] = (compound, shift)
    world.ledger.note(
        "turn",
        f"{key}/{way}",
        at=world.now(),
        place=compound,
        turn=key,
        post=gate_of(compound),
        way="in" if way == "check-ins" else "out",
        answer={name: told[name] for name in ("late_minutes", "minutes")},
    )
