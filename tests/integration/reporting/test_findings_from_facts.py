"""Supervision looks at read models: findings open by themselves, once, with owner and clock, and end with facts."""

import asyncio
import contextlib
from datetime import time, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from services.reporting import tickers
from services.reporting.handlers import daily_work, findings
from shared.events.gate import FeverWithdrawn
from shared.events.observation import FeverCleared
from shared.events.policy_reporting import DailyReportRules, ReportingRules
from shared.events.registry.passes import HoldSettled
from shared.events.registry.people import PeopleMerged
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.returnees import IntakeTaskSettled
from shared.events.sanitation import RectificationMended, WastePickupDone, WastePickupMissed
from shared.kernel.days import at_local, end_of
from shared.kernel.ids import CompoundId, PersonRef
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.integration.reporting.supervised import an_order, ordered
from tests.integration.reporting.supervising import (
    ClientFor,
    answers_for,
    held,
    kinds_of,
    lead_told,
    leaving,
    overridden,
    reported,
    round_opened,
    supervised,
    taken_in,
    told,
)
from tests.integration.reporting.world import (
    COMPOUNDS,
    TODAY,
    Log,
    addresses,
    admitted_late,
    closed_short,
    compounds,
    deliver,
    deliver_badly,
    device_seen,
    dump,
    gap_closed,
    gap_opened,
    missed,
    pickup,
    site,
    started,
)

HERE, THERE, *_ = COMPOUNDS
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YESTERDAY = TODAY - DAY


class Killed(BaseException):
    """The process is gone."""


def staffed(compound: CompoundId) -> CompoundRegistered:
    return CompoundRegistered(
        compound=compound, name="开放小区", neighbourhood="nb-02", mode="staffed", area_m2=1000
    )


@pytest.mark.scenario("H4", "S1", "S4", "S5", "G10", "G15", "G18", "O4", "P8")
@pytest.mark.requirement("R7.1", "R7.2", "R1.1", "R2.5")
async def test_everything_that_is_wrong_is_found_once_and_ends_with_what_puts_it_right(
    client_for: ClientFor,
) -> None:
    reporting, log = await client_for("reporting"), Log()
    database = reporting.context.database
    real_now = reporting.context.clock.real_now()
    lift, case, quiet = site(HERE), started(HERE, uuid4()), uuid4()
    gap, over = gap_opened(HERE, NINE - 30 * MINUTE), gap_opened(HERE, NINE - 11 * HOUR)
    log.say(
        *compounds(),
        staffed(COMPOUNDS[4]),
        addresses(HERE, 100),
        supervised(),
        answers_for(HERE, "duty", 1),
        answers_for(HERE, "sanitation", 2),
        answers_for(None, "all", 3),
        gap,
        over,
        gap_closed(over, 21),
        gap_opened(THERE, NINE - 5 * MINUTE),
        device_seen(HERE, quiet, real_now - 12 * MINUTE),
        device_seen(THERE, uuid4(), real_now - MINUTE),
        admitted_late(HERE, NINE - HOUR),
        leaving(HERE, NINE - HOUR, "admit"),
        leaving(HERE, NINE - HOUR, "refuse"),
        overridden(HERE, NINE - 25 * HOUR, NINE - HOUR),
        case,
        *(missed(case, YESTERDAY, "evening", streak) for streak in (1, 2, 3)),
        reported(HERE, "focus_person", NINE - 2 * HOUR, None),
        lift,
        closed_short(lift, day=YESTERDAY, shortfall=2),
        WastePickupMissed(**pickup(HERE), reason="not_done"),
        ordered(HERE, 0, NINE - 6 * HOUR, 2),
        lead_told(HERE, NINE - 3 * HOUR),
        round_opened(HERE, NINE - 5 * DAY, 9),
    )
    await deliver(database, log)
    await tickers.look(database)

    found = await held(database)
    assert {one["rule"]: (one["state"], one["owner_role"]) for one in found if one["compound"] == HERE} == {
        "duty_gap": ("open", "duty_lead"),
        "gate_offline": ("open", "duty_lead"),
        "admitted_after_end": ("open", "all_lead"),
        "quarantine_left": ("open", "all_lead"),
        "override_unreviewed": ("open", "all_lead"),
        "declarations_missed": ("open", "all_lead"),
        "report_unanswered": ("open", "all_lead"),
        "rounds_missed": ("open", "sanitation_lead"),
        "pickup_missed": ("open", "sanitation_lead"),
        "order_overdue": ("open", "sanitation_lead"),
        "lead_overdue": ("open", "all_lead"),
        "survey_behind": ("open", "all_lead"),
    }
    assert [(one["rule"], one["unit"]) for one in found if one["compound"] != HERE] == [
        ("gate_list_stale", "nb-01"),
        ("no_named_person", "nb-02"),
    ]
    # What was over before anybody looked is kept, dated as it happened.
    [past] = await held(database, subject=str(over.gap_id))
    assert (past["state"], past["opened_at"]) == ("closed", over.began_at + 10 * MINUTE)
    [short] = await held(database, rule="rounds_missed")
    assert (short["opened_at"], short["due_at"]) == (end_of(YESTERDAY), end_of(TODAY))
    said = await told(database)
    assert len(said) == len(found) + 1
    assert {name for name, *_ in said} == {"FindingOpened", "FindingClosed"}
    assert not any("person" in data or "name" in data for _, data, _ in said)

    # Nothing new is found by looking again, by two who look at once, or after a death before the commit.
    await tickers.look(database)
    await asyncio.gather(*(tickers.look(database) for _ in range(3)))
    assert (await held(database), await told(database)) == (found, said)

    # What puts it right closes it; what nothing puts right stays.
    log.say(
        gap_closed(gap, 25),
        device_seen(HERE, quiet, real_now),
        RectificationMended(**an_order(HERE, 0), mended_at=NINE),
        WastePickupDone(**pickup(HERE), bags=1, handed_over_at=NINE),
        closed_short(lift, day=YESTERDAY, shortfall=0),
    )
    await deliver(database, log)
    with contextlib.suppress(Killed):
        async with database.begin() as tx:
            assert (
                await findings.look(tx, real_now=real_now) == 6
            )  # the gate that is back has an old list, too
            raise Killed
    assert await held(database) == found
    await tickers.look(database)
    closed = await held(database, state="closed")
    assert {one["rule"] for one in closed} == {
        "duty_gap",
        "gate_offline",
        "order_overdue",
        "pickup_missed",
        "rounds_missed",
    }
    assert {one["closed_by"] for one in closed} == {"facts"}
    fresh = sorted(name for name, *_ in (await told(database))[len(said) :])
    assert fresh == ["FindingClosed"] * 5 + ["FindingOpened"]

    # The same fact on the same day is the same finding again; on another day it is another one.
    log.say(closed_short(lift, day=YESTERDAY, shortfall=1))
    await deliver(database, log)
    await tickers.look(database)
    [again] = await held(database, rule="rounds_missed")
    assert (again["finding_id"], again["state"], again["version"]) == (short["finding_id"], "open", 3)
    assert await kinds_of(database, again["finding_id"]) == ["opened", "closed", "reopened"]
    name, data, version = (await told(database))[-1]
    assert (name, data["reopened"], version) == ("FindingOpened", True, 3)
    reporting.move_to(NINE + 2 * DAY)
    log.say(closed_short(lift, day=YESTERDAY, shortfall=0))
    await deliver(database, log)
    await tickers.look(database)
    reporting.move_to(NINE + 3 * DAY)
    log.say(closed_short(lift, day=YESTERDAY, shortfall=1))
    await deliver(database, log)
    await tickers.look(database)
    assert [one["state"] for one in await held(database, rule="rounds_missed")] == ["closed", "open"]
    # However long ago it was: what is open stays until something puts it right.
    reporting.move_to(NINE + 30 * DAY)
    await tickers.look(database)
    assert len(await held(database, rule="rounds_missed", state="open")) == 1
    assert len(await held(database, rule="admitted_after_end", state="open")) == 1
    assert len(await held(database, rule="quarantine_left", state="open")) == 1

    # Whoever answers now has it.
    log.say(answers_for(HERE, "sanitation", 2).replace(until_day=TODAY), answers_for(HERE, "all", 4))
    await deliver(database, log)
    await tickers.look(database)
    [now_theirs] = await held(database, rule="rounds_missed", state="open")
    assert (now_theirs["owner_role"], now_theirs["opened_at"]) == ("all_lead", NINE + 2 * DAY)
    assert (await kinds_of(database, now_theirs["finding_id"]))[-1] == "owner_changed"


@pytest.mark.requirement("R2.5", "R7.2")
async def test_the_loop_of_a_report_is_closed_by_an_outcome_under_whatever_name_the_person_has(
    client_for: ClientFor,
) -> None:
    reporting, log = await client_for("reporting"), Log()
    database = reporting.context.database
    kept, other, third, fourth = (UUID(int=n) for n in range(1, 5))
    day_ago = NINE - 25 * HOUR
    contact, met = (reported(HERE, "case_contact", NINE - n * HOUR, None) for n in (2, 3))
    typed = reported(THERE, "fever", day_ago, fourth)
    stranger = reported(THERE, "first_return", NINE - 5 * HOUR, None)
    log.say(
        *compounds(),
        supervised(),
        reported(HERE, "fever", day_ago, other),
        reported(HERE, "first_return", NINE - 5 * HOUR, third),
        reported(HERE, "fever", day_ago, third),
        reported(HERE, "focus_person", NINE - 2 * HOUR, None),
        contact,
        met,
        IntakeTaskSettled(  # they had met nobody: somebody asked
            task_id=uuid4(),
            compound=HERE,
            checks=(met.check_id,),  # type: ignore[attr-defined]  # a CaseContactReported
            outcome="mistaken_identity",
            settled_at=NINE - 150 * MINUTE,
        ),
        reported(THERE, "fever", day_ago, UUID(int=5)),
        HoldSettled(  # no case, no clinic: a clerk saw the paper
            settlement_id=uuid4(),
            person_ref=PersonRef(UUID(int=5)),
            kind="fever",
            settled_at=NINE - 3 * HOUR,
        ),
        typed,
        IntakeTaskSettled(  # whom the gate did not know: a clerk found out
            task_id=uuid4(),
            compound=THERE,
            checks=(stranger.check_id,),  # type: ignore[attr-defined]  # a FirstReturnSeen
            outcome="went_elsewhere",
            settled_at=NINE - 4 * HOUR,
        ),
        stranger,
        taken_in(
            HERE, third, NINE - 6 * HOUR
        ),  # the intake of the morning answers for the return, never a fever
        FeverCleared(person_ref=PersonRef(kept), compound=HERE, case_id=None, cleared_at=NINE - 3 * HOUR),
        PeopleMerged(merge_id=uuid4(), kept=PersonRef(kept), merged=PersonRef(other), merged_at=NINE),
        FeverWithdrawn(
            check_id=uuid4(),
            corrects=typed.check_id,  # type: ignore[attr-defined]  # a FeverSeen
            person_ref=PersonRef(fourth),
            compound=THERE,
            withdrawn_at=NINE,
        ),
    )
    await deliver(database, log)
    await tickers.look(database)
    assert [
        (one["subject"].split(":")[0], one["compound"], one["state"]) for one in await held(database)
    ] == [("case_contact", HERE, "open"), ("fever", HERE, "open"), ("focus_person", HERE, "open")]

    badly = await client_for("reporting")
    kills = await deliver_badly(badly.context.database, log, Random(7))
    assert kills > 0
    assert await dump(badly.context.database) == await dump(database)


@pytest.mark.requirement("R7.2")
async def test_nothing_is_judged_by_what_is_not_whole_or_without_a_policy_for_it(
    client_for: ClientFor,
) -> None:
    reporting, log = await client_for("reporting"), Log()
    database = reporting.context.database
    log.say(*compounds(), gap_opened(HERE, NINE - HOUR), lead_told(HERE, NINE - 3 * HOUR))
    await deliver(database, log)
    await tickers.look(database)
    assert await held(database) == []  # no policy yet
    log.say(supervised())
    await deliver(database, log)
    await tickers.finding().act(database)  # the service has only begun
    assert await held(database) == []

    # The gate was heard to have said more than has arrived: the gap may be over. Of leads everything is here.
    heard = "insert into bus_heard (producer, channel, epoch, pos) values ('gate', 'duty', 1, $1)"
    await database.pool.execute(heard, 2)
    assert await tickers.catching_up(database)
    await tickers.look(database)
    assert [one["rule"] for one in await held(database)] == ["lead_overdue"]
    log.say(gap_opened(THERE, NINE - MINUTE))
    await deliver(database, log)
    assert not await tickers.catching_up(database)
    await tickers.look(database)
    assert sorted(one["rule"] for one in await held(database)) == ["duty_gap", "lead_overdue"]
    # What was found stays as it is while nobody knows better.
    await database.pool.execute("update bus_heard set pos = 9")
    await database.pool.execute("update duty_gap set ended_at = $1, minutes = 1", NINE)
    await tickers.look(database)
    assert [one["state"] for one in await held(database, rule="duty_gap")] == ["open"]


@pytest.mark.scenario("H1")
@pytest.mark.requirement("R7.2", "R7.4")
async def test_units_that_do_not_say_their_numbers_and_a_report_that_is_not_sent_are_found(
    client_for: ClientFor,
) -> None:
    reporting, log = await client_for("reporting"), Log()
    database = reporting.context.database
    revised = supervised()
    hours = DailyReportRules(confirm_until=time(17), correction_minutes=60, correction_days=7)
    document = revised.document.model_copy(
        update={"reporting": ReportingRules(cut_off=time(16)), "daily_report": hours}
    )
    log.say(*compounds(), revised.model_copy(update={"document": document}))
    await deliver(database, log)

    async def say_zero(at: time, *names: CompoundId) -> None:
        reporting.move_to(at_local(TODAY, at))
        for name in names:
            answer = await reporting.http.post(
                f"/v1/daily-reports/{TODAY}/units/{name}/zero",
                headers=reporting.as_role("community_clerk"),
                json={"act_id": str(uuid4())},
            )
            assert answer.status_code == 201, answer.text

    async def seen(at: time) -> list[tuple[str, str | None, str]]:
        reporting.move_to(at_local(TODAY, at))
        await tickers.look(database)
        return [(one["rule"], one["unit"], one["state"]) for one in await held(database)]

    await say_zero(time(16, 30), *COMPOUNDS[:2])
    await say_zero(time(16, 40), COMPOUNDS[2])
    assert await seen(time(17)) == []
    assert await seen(time(17, 1)) == [("unit_report_late", "nb-02", "open")]
    assert await seen(time(18, 1)) == [
        ("unit_report_late", "nb-02", "open"),
        ("daily_report_late", None, "open"),
    ]
    assert await daily_work.send_due(database) == 1
    await say_zero(time(18, 5), *COMPOUNDS[3:])
    assert await seen(time(18, 6)) == [
        ("unit_report_late", "nb-02", "closed"),
        ("daily_report_late", None, "closed"),
    ]
    log.say(*compounds([CompoundId("lj-099")]))
    await deliver(database, log)
    assert all(state == "closed" for _, _, state in await seen(time(18, 7)))  # who came later owes no word
    said = [(name, data["unit"]) for name, data, _ in await told(database)]
    assert said[:2] == [("FindingOpened", "nb-02"), ("FindingOpened", None)]
    assert set(said[2:]) == {("FindingClosed", "nb-02"), ("FindingClosed", None)}
