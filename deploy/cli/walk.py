"""``./fangkong walk``: one returnee through the whole thread, over HTTP, on the stack that runs.

Sixteen days pass in some seconds: business time is stepped for all services and set back at the end.
"""

import dataclasses
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

from deploy.cli.calls import Calls, calling, only_one
from deploy.cli.walk_steps import BEGIN, DAY, OFFICER, WalkSteps
from deploy.cli.words import say
from deploy.local.errors import LocalError
from deploy.local.state import Home
from deploy.town import Returnee, returnees
from deploy.town.arrivals import OWN_PREFECTURE, cities, confirmed_on
from shared.kernel.clock import SteppedClock, write_control
from shared.kernel.days import SHANGHAI

STREAM = 1000
"""People of the stream to choose from; a thousand are drawn in 0.3 s."""
LASTS = timedelta(days=30)
"""Longer than a walk by any policy that is likely: whoever is observed within it would live through it too."""


def walk(home: Home, status: Mapping[str, Any], *, city: str | None, seed: int | None, anyway: bool) -> None:
    """Take somebody from their arrival to the gate that lets them in.

    Args:
        home: where the stack lives.
        status: what its supervisor tells.
        city: division code of the city they come from; None: drawn by the real counts of the day.
        seed: which one of the stream; None: the next one.
        anyway: also when the days that pass would make other people miss their declarations.

    Raises:
        LocalError: no town is loaded, another walk is under way, it would harm other people's observations, or a
            service answered otherwise than it should.
    """
    town = home.state().get("town", {})
    if town.get("state") != "complete":
        raise LocalError(
            "示例城镇尚未载入完：请等 ./fangkong up 载入完成（up --no-town 不载入）。",
            "The town is not loaded yet: wait until ./fangkong up has loaded it (up --no-town does not).",
        )
    with only_one(home.run / "walk.lock") as mine:
        if not mine:
            raise LocalError("另一个窗口正在走这一遍。", "Another window is on a walk.")
        walked = home.state().get("walked", 0)
        home.remember(walked=walked + 1)
        people = candidates(
            seed=town["seed"], scale=town["scale"], city=city, order=walked if seed is None else seed
        )
        with calling(home, status) as calls:
            if not anyway:
                _harm_nobody(home, calls)
            with borrowed_time(home):
                WalkSteps(home, status, calls).through(people)


def _harm_nobody(home: Home, calls: Calls) -> None:
    """Whoever is under observation in the days of the walk would miss declarations; a later time has passed them."""
    if SteppedClock(home.clock).now() > BEGIN + LASTS:
        return
    board = calls.told("GET", "reporting", "/v1/board", headers=calls.as_role(OFFICER))
    if others := board["totals"]["under_observation"]:
        raise LocalError(
            f"业务时间在二〇二〇年初，另有 {others} 人在观察中：走这一遍会让他们漏报（仍要走：--anyway）。",
            f"{others} under observation at this business time would miss declarations; go all the same: --anyway.",
        )


def candidates(*, seed: int, scale: float, city: str | None, order: int) -> list[Returnee]:
    """People of the day's stream in the order that the number `order` gives; `seed` and `scale` are the town's.

    Raises:
        LocalError: `city` is none with confirmed cases on that day, or lies in the town's own prefecture.
    """
    people = returnees(DAY, seed=seed, n=STREAM, scale=scale)
    Random(order).shuffle(people)  # noqa: S311  # a repeatable choice, no secret
    if city is None:
        return people
    known = {one.code: one for one in cities() if not one.code.startswith(OWN_PREFECTURE)}
    if city not in known or not confirmed_on(DAY).get(city):
        raise LocalError(
            f"{city} 不在 {DAY} 有确诊病例的城市之列，例如 420100 武汉、330300 温州。",
            f"{city} is no city with confirmed cases on {DAY}; try 420100 (Wuhan) or 330300 (Wenzhou).",
        )
    origin = known[city]
    return [
        dataclasses.replace(one, from_code=city, from_city=origin.name, from_province=origin.province)
        for one in people
    ]


@contextmanager
def borrowed_time(home: Home) -> Iterator[None]:
    """Let the body step business time; afterwards it is as if nobody had touched it, also after Ctrl-C."""
    clock = SteppedClock(home.clock)
    was, rate = clock.now() if home.clock.exists() else None, clock.business_seconds_rate
    since = time.monotonic()
    say(
        f"业务时间暂设为 {BEGIN:%Y-%m-%d %H:%M}，走完即恢复；期间所有服务都按此时间办事。",
        "Business time is set for all services, and set back at the end.",
    )
    try:
        yield
    finally:
        # A second Ctrl-C must not leave the town in 2020.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        if was is None:
            home.clock.unlink(missing_ok=True)
        else:
            passed = timedelta(seconds=(time.monotonic() - since) * rate)
            write_control(home.clock, was + passed, rate)
        now = SteppedClock(home.clock).now().astimezone(SHANGHAI)
        say(f"业务时间已恢复：{now:%Y-%m-%d %H:%M}。", "Business time is set back.")
        for number, handler in before.items():
            signal.signal(number, handler)
