"""Checks share commits: what waits goes together, live before backlog, one bad check harms no other."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from services.gate.desk import Station
from services.gate.domain.entry import Answers, SubjectKind
from services.gate.domain.rulings import Direction, Verdict
from services.gate.handlers import groups
from services.gate.handlers.checks import Answered, Outcome
from services.gate.handlers.groups import Groups, TooBusy
from services.gate.handlers.judging import CheckEntry
from services.gate.store.checks import FirstAnswer, Lookup
from shared.events.envelope import Cause
from shared.http.problem import PolicyUnknown
from shared.kernel.ids import CheckpointId, CompoundId

AT = datetime(2020, 2, 24, tzinfo=UTC)
HERE = CompoundId("lj-001")


def check(seq: int) -> CheckEntry:
    station = Station(
        kind="device",
        subject="d",
        device_id=uuid4(),
        compound=HERE,
        checkpoint=CheckpointId("lj-001-n"),
        opened_at=AT,
    )
    check_id = uuid4()
    return CheckEntry(
        station=station,
        check_id=check_id,
        seq=seq,
        direction=Direction.ENTRY,
        kind=SubjectKind.VISITOR,
        purpose=None,
        mask=True,
        temperature_c=None,
        answers=Answers(),
        checked_at=AT,
        offline=None,
        lookup=Lookup(check_id=check_id, compound=HERE),
        content="",
        cause=Cause(correlation=uuid4()),
    )


def answered(command: CheckEntry) -> Outcome:
    first = FirstAnswer(
        verdict=Verdict.ADMIT,
        reasons=(str(command.seq),),
        action=None,
        checked_at=AT,
        received_at=AT,
        offline=False,
        policy_version=1,
        content=b"",
        person_ref=None,
    )
    return Answered(created=True, answer=first, display=None)


class Database:
    """What a group's transaction would do: slow, and failing where it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.poison: dict[int, Exception] = {}
        self.away: Exception | None = None

    async def decide(self, commands: Sequence[CheckEntry]) -> list[Outcome]:
        self.groups.append([command.seq for command in commands])
        await self.open.wait()
        if self.away:
            raise self.away
        for command in commands:
            if error := self.poison.get(command.seq):
                raise error
        return [answered(command) for command in commands]


def seq_of(outcome: object) -> str:
    assert isinstance(outcome, Answered)
    return outcome.answer.reasons[0]


async def test_what_queued_while_the_last_commit_ran_shares_the_next() -> None:
    database = Database()
    line = Groups(database.decide)
    database.open.clear()
    first = asyncio.create_task(line.live(check(1)))
    while not database.groups:
        await asyncio.sleep(0)
    others = [asyncio.create_task(line.live(check(seq))) for seq in range(2, 30)]
    await asyncio.sleep(0)
    database.open.set()
    outcomes = await asyncio.gather(first, *others)
    assert database.groups == [[1], list(range(2, 30))]
    assert [seq_of(outcome) for outcome in outcomes] == [str(seq) for seq in range(1, 30)]


@pytest.mark.requirement("F8")
async def test_live_checks_go_before_a_backlog_which_still_moves() -> None:
    database = Database()
    line = Groups(database.decide)
    database.open.clear()
    backlog = asyncio.create_task(line.backlog([check(seq) for seq in range(1000, 1300)]))
    while not database.groups:
        await asyncio.sleep(0)
    live = [asyncio.create_task(line.live(check(seq))) for seq in range(5)]
    await asyncio.sleep(0)
    database.open.set()
    await asyncio.gather(*live)
    assert [seq_of(outcome) for outcome in await backlog] == [str(seq) for seq in range(1000, 1300)]
    first, second, *_ = database.groups
    assert first == list(range(1000, 1000 + groups.BACKLOG_AT_ONCE))
    assert second[:5] == [0, 1, 2, 3, 4]
    assert len(second) == 5 + groups.BACKLOG_BESIDE_LIVE


@pytest.mark.parametrize("error", [asyncpg.DataError("planted"), ValueError("a fault of our own")])
async def test_one_bad_check_harms_no_other(error: Exception) -> None:
    database = Database()
    database.poison[3] = error
    line = Groups(database.decide)
    outcomes = await asyncio.gather(*(line.live(check(seq)) for seq in range(6)), return_exceptions=True)
    assert outcomes[3] is error
    assert [seq_of(outcome) for nth, outcome in enumerate(outcomes) if nth != 3] == list("01245")


@pytest.mark.parametrize("error", [PolicyUnknown(), ConnectionRefusedError()])
async def test_what_holds_for_all_is_not_tried_for_each(error: Exception) -> None:
    database = Database()
    database.away = error
    line = Groups(database.decide)
    outcomes = await asyncio.gather(*(line.live(check(seq)) for seq in range(6)), return_exceptions=True)
    assert outcomes == [error] * 6
    assert len(database.groups) == 1
    database.away = None
    assert seq_of(await line.live(check(7))) == "7"


async def test_a_caller_who_left_takes_nobody_along_and_the_check_is_still_committed() -> None:
    database = Database()
    line = Groups(database.decide)
    database.open.clear()
    gone, stays = (asyncio.create_task(line.live(check(seq))) for seq in (1, 2))
    while not database.groups:
        await asyncio.sleep(0)
    gone.cancel()
    database.open.set()
    assert seq_of(await stays) == "2"
    assert database.groups[0] == [1, 2]


async def test_a_full_line_says_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "LIVE_WAITING", 3)
    monkeypatch.setattr(groups, "BACKLOG_WAITING", 3)
    database = Database()
    line = Groups(database.decide)
    database.open.clear()
    taken = [asyncio.create_task(line.live(check(seq))) for seq in range(3)]
    await asyncio.sleep(0)
    extra = [asyncio.create_task(line.live(check(seq))) for seq in range(10, 16)]
    with pytest.raises(TooBusy) as refused:
        await line.backlog([check(seq) for seq in range(4)])
    assert refused.value.headers == {"Retry-After": str(groups.RETRY_SECONDS)}
    database.open.set()
    outcomes = await asyncio.gather(*extra, return_exceptions=True)
    assert any(isinstance(outcome, TooBusy) for outcome in outcomes)
    assert len(await asyncio.gather(*taken)) == 3
