"""The town while its days go by: what everybody who takes part remembers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from deploy.live.comers import Comer
from deploy.live.ledger import Ledger
from deploy.live.plan import Home, Plan, Walker
from deploy.live.posts import Post
from deploy.live.system import System

T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 8


@dataclass(slots=True, kw_only=True)
class Resident:
    """A walker as they know themselves."""

    who: Walker
    token: str
    person_ref: str
    vehicle_token: str | None = None
    outside: bool = False
    ill_since: date | None = None


@dataclass(slots=True, kw_only=True)
class Observed:
    """Somebody under observation as they know themselves: until when, and whether a clinic has them."""

    key: str
    person_ref: str
    case_id: str
    compound: str
    dwelling_id: str
    home: Home
    document: str | None
    """None: their document is not known to those who play this."""
    declares_as: dict[str, str] | None
    """Headers of their own link; None: a clerk declares for them by phone."""
    last_day: date
    measure: str
    careless: float
    missed: bool = False
    medical_since: date | None = None
    over: bool = False
    pass_token: str | None = None


@dataclass(kw_only=True)
class World:
    """Everything that the actors share."""

    system: System
    plan: Plan
    ledger: Ledger
    folder: Path
    residents: dict[str, Resident] = field(default_factory=dict)
    observed: dict[str, Observed] = field(default_factory=dict)
    comers: dict[str, Comer] = field(default_factory=dict)
    """Who stood at a gate, and whom no clerk has dealt with yet."""
    asked: dict[str, str] = field(default_factory=dict)
    """By who comes the id of their last check, which is that of what they applied for."""
    posts: dict[str, Post] = field(default_factory=dict)
    duty_devices: dict[str, dict[str, str]] = field(default_factory=dict)
    badges: dict[str, list[str]] = field(default_factory=dict)
    turns: dict[str, tuple[str, str]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    """Who of those that are still away stands in the register as the town's list has them."""
    sites: dict[str, list[str]] = field(default_factory=dict)
    open_until: dict[str, date] = field(default_factory=dict)
    leads: list[str] = field(default_factory=list)
    survey: list[tuple[str, str]] = field(default_factory=list)
    pickups_met: int = 0
    confirmed: bool = False
    steps_done: int = 0

    def now(self) -> datetime:
        """The business instant."""
        return self.system.now()

    def id_of(self, key: str) -> str:
        """The id under which the services know something that we name; remembered in the ledger."""
        known_as = str(self.plan.id_of(key))
        self.ledger.named(key, known_as)
        return known_as

    async def close(self) -> None:
        """Switch the devices off."""
        for post in self.posts.values():
            await post.close()


async def each(things: Iterable[T], act: Callable[[T], Awaitable[R]], *, at_once: int = AT_ONCE) -> list[R]:
    """Do something to each, some at once; the answers in the order of the things."""
    limit = asyncio.Semaphore(at_once)

    async def one(thing: T) -> R:
        async with limit:
            return await act(thing)

    return list(await asyncio.gather(*(one(thing) for thing in things)))


async def pages(system: System, service: str, path: str, role: str) -> list[dict[str, Any]]:
    """All items of a paged list."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        query = f"limit=200{f'&after={after}' if after else ''}"
        asked = f"{path}{'&' if '?' in path else '?'}{query}"
        told = await system.told("GET", service, asked, headers=system.as_role(role))
        found += told["items"]
        after = told.get("next")
        if not after:
            return found


def by_place(residents: Iterable[Resident]) -> dict[str, list[Resident]]:
    """Those of each compound, in order: a gate takes them one after the other."""
    found: dict[str, list[Resident]] = {}
    for one in residents:
        found.setdefault(one.who.compound, []).append(one)
    return found


def some(things: Sequence[T], luck: Any, number: int) -> list[T]:
    """A few of them, in their order."""
    chosen = sorted(luck.sample(range(len(things)), min(number, len(things))))
    return [things[nth] for nth in chosen]
