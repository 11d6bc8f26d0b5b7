"""The 24th of February at nine: fifty-three compounds, most of them quiet, and a few that need somebody now."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from deploy.town.places import _COMPOUNDS
from shared.events.base import Event
from shared.events.observation import ObservationAwaitsClosure
from shared.events.policy import PolicyDocument
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.rules import PolicyRevised
from shared.kernel.ids import CompoundId
from tests.acceptance.stack import ROOT
from tests.integration.reporting.supervised import ordered
from tests.integration.reporting.world import (
    MORNING,
    TODAY,
    about,
    addresses,
    check,
    closed_short,
    declared,
    device_seen,
    disinfected,
    gap_opened,
    household,
    missed,
    person,
    site,
    started,
    turn_started,
    vehicle,
)

WORST = CompoundId("lj-023")
QUIET = CompoundId("lj-002")


def compounds() -> list[Event]:
    """The demonstration town's compounds."""
    return [
        CompoundRegistered(
            compound=CompoundId(f"lj-{number:03}"),
            name=name,
            neighbourhood=neighbourhood,
            mode="staffed" if dwellings < 160 else "closed",
            area_m2=dwellings * 100,
        )
        for number, (name, neighbourhood, _, dwellings) in enumerate(_COMPOUNDS, start=1)
    ]


def policy() -> PolicyRevised:
    """The plan's rules as the registry has them, in force long enough for the days that are shown."""
    given = json.loads((ROOT / "services/registry/data/policy-2020-02-24.json").read_text(encoding="utf-8"))
    document = PolicyDocument.model_validate(given["document"])
    return PolicyRevised(version=1, effective_from=date(2020, 1, 24), revised_by="test", document=document)


def town() -> Iterator[Event]:
    """What has been told until nine."""
    rng = Random(24)
    yield policy()
    registered = compounds()
    yield from registered
    for number in range(1, len(registered) + 1):
        compound = CompoundId(f"lj-{number:03}")
        yield from _life(rng, compound, number)
    yield from _trouble(rng)


def _life(rng: Random, compound: CompoundId, number: int) -> Iterator[Event]:
    yield addresses(compound, rng.randrange(120, 3000))
    for _ in range(3):
        yield person(compound)
        yield household(compound, members=2)
    heard = datetime.now(UTC) - (timedelta(hours=3) if compound == WORST else timedelta(0))
    yield device_seen(compound, UUID(int=number), heard).replace(list_made_at=heard)
    yield turn_started(compound, MORNING)
    for days_ago in range(14):
        at = MORNING - timedelta(days=days_ago)
        for _ in range(rng.randrange(1, 4)):
            yield check(
                compound,
                at + timedelta(minutes=rng.randrange(0, 60) if days_ago == 0 else rng.randrange(0, 700)),
                rng.choice(("admit",) * 9 + ("refuse",)),
                direction=rng.choice(("entry", "exit")),
            )
    yield vehicle(compound, MORNING)
    where = site(compound)
    yield where
    if rng.random() < 0.7:
        yield disinfected(where, MORNING)
    for _ in range(2):
        case = started(compound, uuid4(), anchor=TODAY - timedelta(days=rng.randrange(1, 13)))
        yield case
        yield declared(case, TODAY, "morning")


def _trouble(rng: Random) -> Iterator[Event]:
    lift = site(WORST, "stairwell")
    yield lift
    yield closed_short(lift, day=TODAY - timedelta(days=1), shortfall=2)
    yield gap_opened(WORST, MORNING + timedelta(minutes=20))
    yield check(WORST, MORNING + timedelta(minutes=40), "refuse", reasons=("fever",))
    for compound in (WORST, CompoundId("lj-010"), CompoundId("lj-038")):
        case = started(compound, uuid4())
        yield case
        yield missed(case, TODAY - timedelta(days=1), "evening", 2)
    waiting = started(CompoundId("lj-015"), uuid4(), anchor=TODAY - timedelta(days=15))
    yield waiting
    yield ObservationAwaitsClosure(**about(waiting), last_day=waiting.last_day)
    yield ordered(CompoundId("lj-010"), rng.randrange(4), MORNING - timedelta(hours=30), 24)
