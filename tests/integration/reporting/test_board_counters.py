"""What the board counts as it comes equals what the rows say, at every moment and however the events came."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from services.reporting.store import entry_passes, survey
from shared.context import Context
from shared.events.base import Event
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)
from shared.events.registry.surveys import HouseholdSurveyed, SurveyRoundOpened
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef
from tests.integration.reporting.world import COMPOUNDS, MORNING, TODAY, Log, deliver, deliver_badly, dump

ContextFor = Callable[[str], Awaitable[Context]]
GOOD = """
select compound, count(*)::int as passes from entry_pass
where state = 'active' and valid_from <= $1 and valid_until > $1 group by compound
"""
INSTANTS = tuple(MORNING + timedelta(hours=hours) for hours in (-30, -16, 0, 0, 1, 8, 16, 40)) + tuple(
    MORNING + timedelta(minutes=minutes) for minutes in (-7, 13, 59, 61)
)


def lives(rng: Random, number: int) -> Iterator[Event]:
    """Passes that begin and end on the hour, at midnight and between, in every state, some issued again elsewhere."""
    for _ in range(number):
        about = {"pass_id": uuid4(), "person_ref": PersonRef(uuid4()), "compound": rng.choice(COMPOUNDS)}
        issued = EntryPassIssued(
            **about,
            number="N",
            serial=1,
            kind="resident",
            valid_from=rng.choice(INSTANTS),
            valid_until=rng.choice(INSTANTS),
            policy_version=1,
        )
        yield issued
        for _ in range(rng.randrange(4)):
            yield rng.choice(
                (
                    EntryPassSuspended(**about, reason="fever"),
                    EntryPassReinstated(**about, reason="cleared"),
                    EntryPassRevoked(**about, reason="moved"),
                    issued.replace(
                        serial=2, compound=rng.choice(COMPOUNDS), valid_until=rng.choice(INSTANTS)
                    ),
                )
            )


def moments() -> Iterator[datetime]:
    """Every instant at which something begins or ends, and the microseconds around it."""
    for instant in sorted(set(INSTANTS)):
        for by in (-1, 0, 1):
            yield instant + timedelta(microseconds=by)


@pytest.mark.requirement("R2.4")
async def test_good_passes_are_counted_exactly_at_every_moment(context_for: ContextFor) -> None:
    rng, log = Random(5), Log()
    log.say(*lives(rng, 400))
    live, rebuilt = await context_for("reporting"), await context_for("reporting")

    await deliver_badly(live.database, log, rng)
    await deliver(rebuilt.database, log)

    found = set()
    for moment in moments():
        counted = await live.database.pool.fetch(entry_passes.ACTIVE_PASSES, moment)
        good = {row["compound"]: row["passes"] for row in await live.database.pool.fetch(GOOD, moment)}
        assert {row["compound"]: row["passes_active"] for row in counted if row["passes_active"]} == good, (
            moment
        )
        found.add(sum(good.values()))
    assert len(found) > 7
    assert await dump(live.database) == await dump(rebuilt.database)


def surveyed(rng: Random, round_id: UUID, dwelling: UUID, compound: CompoundId) -> HouseholdSurveyed:
    return HouseholdSurveyed(
        round_id=round_id,
        dwelling_id=DwellingId(dwelling),
        compound=compound,
        grid=GridId(f"{compound}-w01"),
        outcome="done",
        final=rng.random() < 0.6,
        attempts=1,
        people=2,
        conflict=rng.random() < 0.3,
        surveyed_at=MORNING,
        listed=rng.random() < 0.9,
    )


@pytest.mark.requirement("R4.1")
async def test_the_progress_of_a_survey_is_that_of_its_dwellings(context_for: ContextFor) -> None:
    rng, log, rounds = Random(6), Log(), [uuid4(), uuid4()]
    context = await context_for("reporting")
    doors = [uuid4() for _ in range(60)]
    for number, round_id in enumerate(rounds, start=1):
        log.say(
            SurveyRoundOpened(
                round_id=round_id,
                number=number,
                compounds=COMPOUNDS,
                dwellings=dict.fromkeys(COMPOUNDS, 20),
                opened_at=MORNING,
                due_on=TODAY,
            )
        )
        for _ in range(300):
            log.say(surveyed(rng, round_id, rng.choice(doors), rng.choice(COMPOUNDS)))

    await deliver_badly(context.database, log, rng)

    expected = await context.database.pool.fetch(
        "select compound, count(*) filter (where final) as final, count(*) filter (where conflict) as conflicts"
        " from survey_dwelling where round_id = $1 group by compound",
        rounds[-1],
    )
    told = {row["compound"]: row for row in await context.database.pool.fetch(survey.COVERAGE)}
    assert len(expected) == len(COMPOUNDS)
    for row in expected:
        assert told[row["compound"]]["survey_final"] == row["final"]
        assert told[row["compound"]]["survey_conflicts"] == row["conflicts"]
        assert told[row["compound"]]["survey_dwellings"] == 20
