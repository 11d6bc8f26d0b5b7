"""The timetable: what happens at which hour of a day, and that everybody is waited for in between."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

from deploy.live.acts import arrivals, cleaning, duty, gates, office, places, returning, waste
from deploy.live.plan import Plan, at
from deploy.live.world import World

Step = Callable[[World, date], Awaitable[None]]
BEGIN = "05:00"


async def prepare(world: World) -> None:
    """Before the first morning: devices, passes, rosters, the survey, and what there is to disinfect."""
    await world.system.move_to(at(world.plan.days[0], BEGIN))
    await office.revise_policy(world)
    await office.publish_risk_list(world, world.plan.days[0])
    await cleaning.list_sites(world)
    await places.list_venues(world)
    await duty.plan_shifts(world)
    await office.issue_passes(world)
    await office.open_survey(world)
    await arrivals.look_up_who_is_away(world)
    await world.system.equal()
    await gates.open_posts(world)
    await world.system.equal()


async def _night(world: World, day: date) -> None:
    await returning.release(world, day)


async def _morning(world: World, day: date) -> None:
    if day != world.plan.days[0]:
        await office.publish_risk_list(world, day)
    await duty.change_guard(world, day, leaves=None, comes="early")
    await gates.take_lists(world)
    await gates.go_out(world, day)
    await returning.declare(world, day, "morning")
    await cleaning.disinfect(world, day, "morning")


async def _forenoon(world: World, day: date) -> None:
    await gates.take_lists(world)
    await returning.register(world, day)
    await arrivals.deal_with(world, day, all_of_them=True)
    await returning.visit_clinic(world, day)
    await office.issue_to_released(world, day)
    await office.take_leads(world, day)
    await office.survey(world, day)
    await places.let_open(world, day)


async def _afternoon(world: World, day: date) -> None:
    await duty.change_guard(world, day, leaves="early", comes="late")
    await returning.make_up(world, day, "morning")
    await cleaning.disinfect(world, day, "afternoon")
    await office.close_leads(world, day)
    await places.air(world, day)


async def _report(_world: World, _day: date) -> None:
    """Nobody does anything: the daily report goes out by itself."""


async def _evening(world: World, day: date) -> None:
    await gates.take_lists(world)
    await gates.come_home(world, day)
    await arrivals.arrive(world, day)
    await returning.declare(world, day, "evening")


async def _late(world: World, day: date) -> None:
    await gates.take_lists(world)
    await arrivals.deal_with(world, day, all_of_them=False)
    await duty.change_guard(world, day, leaves="late", comes=None)
    await returning.make_up(world, day, "evening")
    await waste.fetch(world, day)


TIMETABLE: tuple[tuple[str, Step], ...] = (
    ("00:10", _night),
    ("07:30", _morning),
    ("10:30", _forenoon),
    ("14:00", _afternoon),
    ("17:01", _report),
    ("18:00", _evening),
    ("21:30", _late),
)


Hour = tuple[date, str, Step]
"""A day, an hour, and what is done then."""


def hours(plan: Plan) -> list[Hour]:
    """The whole timetable; the first day begins with the morning."""
    return [
        (day, clock, step)
        for day in plan.days
        for clock, step in TIMETABLE
        if day != plan.days[0] or clock >= BEGIN
    ]


async def take(world: World, hour: Hour) -> None:
    """Step to an hour, do what is done then, and wait until everybody knows."""
    day, clock, step = hour
    await world.system.move_to(at(day, clock))
    await step(world, day)
    await world.system.equal()


async def settle(world: World) -> None:
    """The midnight after the last day; everything is on the bus afterwards, also what nobody reads."""
    after = world.plan.days[-1] + timedelta(days=1)
    await world.system.move_to(at(after, TIMETABLE[0][0]))
    await returning.release(world, after)
    await gates.take_lists(world)
    # A minute more: what the last acts left is looked at once again.
    await world.system.move_to(at(after, "00:11"))
    await world.system.published()
    world.ledger.note("end", "of the days", at=world.now())
