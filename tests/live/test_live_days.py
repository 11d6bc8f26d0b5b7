"""Two days of a small town, the second one while things break: every fact is everywhere once, and the checker knows."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg
import nats
import pytest

from deploy.cli.faults import letters_told
from deploy.faults.campaign import HEALED_WITHIN, drawn
from deploy.faults.kinds import KINDS, kinds
from deploy.live.checker.compare import Compared
from deploy.live.ledger import Ledger
from deploy.live.plan import plan_of
from shared.bus import outbox
from tests.live.conftest import DAYS, SCALE, SEED, Lived, living

pytestmark = pytest.mark.timeout(900)  # two days and ten faults, on a machine that others use as well
FAULTS = [
    "upgrade under load",
    "doubled, reordered",
    "partition",
    "answers lost",
    "poison",
    "clocks wrong",
    "two side by side",
]
"""What no other test in tests/faults makes and what is over soon; `./fangkong faults` makes them all."""
SECOND_MORNING = 7
RARE = {"quarantine_exits", "quarantine_flags"}
"""Of what so few people may do nothing in two days."""


@pytest.fixture(scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    async with living(tmp_path_factory.mktemp("lived"), FAULTS, first_hour=SECOND_MORNING) as days:
        yield days


@pytest.mark.scenario("F6", "F9", "F10", "F12", "F13", "F14")
async def test_every_fact_is_in_the_services_on_the_bus_and_in_headquarters_figures_once_whatever_broke(
    lived: Lived,
) -> None:
    found = await lived.checked()
    assert [one for one in found.values() if not one.equal] == [], lived.outcome.made
    assert {where for where, _ in found} == {"answers", "services", "bus", "headquarters"}
    empty = {one.what for one in found.values() if not one.expected}
    assert empty <= RARE, "an empty table proves nothing"
    assert [one.kind for one in lived.outcome.made] == FAULTS
    assert [one for one in lived.outcome.made if one.equal_after > HEALED_WITHIN] == []
    assert letters_told(lived.outcome)
    assert lived.outcome.meddled.planted


@pytest.mark.scenario("F14")
async def test_two_versions_wrote_events_while_one_took_the_others_place(lived: Lived) -> None:
    [service] = [name for name, version in lived.town.versions.items() if version.number > 1]
    connection = await asyncpg.connect(lived.doors.databases[service])
    try:
        wrote = await connection.fetch("select version_2 as version, count(*) from outbox group by 1")
        assert {row["version"] for row in wrote} == {1, 2}, "narrowed: nothing is there of which nobody knows"
        with pytest.raises(asyncpg.NotNullViolationError):
            await connection.execute(outbox.INSERT, ["c"], ["s"], ["{}"], [None])
    finally:
        await connection.close()


async def test_people_forgot_were_refused_fell_ill_and_stood_at_gates_without_a_connection(
    lived: Lived,
) -> None:
    """Else two days of faultless people would prove little."""
    kinds_of_acts = Counter(act.kind for act in lived.ledger.acts)
    assert {"vehicle", "confirmation", "cleared", "lead closed", "turn", "submission"} <= kinds_of_acts.keys()
    checks = list(lived.ledger.of("check"))
    verdicts = {"admit", "refuse", "cannot_verify", "admit_with_action"}
    assert {act.answer["verdict"] for act in checks} == verdicts
    assert any(act.about["line_cut"] and act.answer["offline"] for act in checks)
    reasons = {reason for act in checks for reason in act.answer["reasons"]}
    assert {"first_return", "to_be_transferred", "newcomer"} <= reasons
    assert {"collected", "handed_over"} <= {act.about["did"] for act in lived.ledger.of("pickup")}
    assert {act.answer["standing"] for act in lived.ledger.of("declaration")} == {"in_time", "late"}
    assert {act.answer["counts"] for act in lived.ledger.of("round")} == {True, False}


def test_the_same_seed_draws_the_same_people_and_places() -> None:
    one, again, another = [plan_of(seed=seed, scale=SCALE, days=DAYS) for seed in (SEED, SEED, SEED + 1)]
    assert one == again
    assert one.walkers != another.walkers


def test_a_campaign_makes_each_kind_as_often_and_the_same_ones_for_the_same_seed() -> None:
    chosen = drawn(2 * len(KINDS), SEED, disks=True)
    assert {kind: chosen.count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 2)
    assert chosen == drawn(2 * len(KINDS), SEED, disks=True)
    assert set(kinds(disks=True)) - set(kinds(disks=False)) == {"bus disk full", "database disk full"}


# ---- the checker has to fail where something is wrong


@dataclass(frozen=True, kw_only=True)
class Spoilt:
    """What is done to a service's rows, and which line of the check has to say so; `{first}` is what `pick` picks.

    `undo`: how it is undone where other rows hold on to the changed one; else the rows are put back as they were.
    """

    service: str
    pick: str
    table: str
    choose: str
    change: str
    where: str
    what: str
    fault: str
    undo: str | None = None


ONE_ADMITTED = "select min(check_id::text) from entry_check where verdict = 'admit' and not offline"
SPOILT = (
    Spoilt(
        service="gate",
        pick=ONE_ADMITTED,
        table="entry_check",
        choose="check_id = '{first}'",
        change="delete from entry_check where check_id = '{first}'",
        where="services",
        what="checks",
        fault="lost",
    ),
    Spoilt(
        service="sanitation",
        pick="select min(round_id::text) from round_log",
        table="round_log",
        choose="true",
        change="update round_log set round_id = gen_random_uuid() where round_id = '{first}'",
        where="services",
        what="rounds",
        fault="extra",
    ),
    Spoilt(
        service="sanitation",
        pick="select min(pickup_id::text) from waste_pickup where missed_reason = 'not_done' and state = 'due'",
        table="waste_pickup",
        choose="pickup_id = '{first}'",
        change="update waste_pickup set missed_reason = 'refused' where pickup_id = '{first}'",
        where="services",
        what="pickups",
        fault="wrong",
    ),
    Spoilt(
        service="gate",
        pick="select min(check_id::text) from report_loop where kind = 'first_return' and closed_at is not null",
        table="report_loop",
        choose="check_id = '{first}'",
        change="delete from report_loop where check_id = '{first}' and kind = 'first_return'",
        where="services",
        what="loops",
        fault="lost",
    ),
    Spoilt(
        service="registry",
        pick="select min(check_id::text) from intake_task_check",
        table="intake_task_check",
        choose="true",
        change="update intake_task_check set check_id = gen_random_uuid() where check_id = '{first}'",
        where="services",
        what="tasks",
        fault="lost",
    ),
    Spoilt(
        service="reporting",
        pick=(  # supervision looks on meanwhile: what it has open would be over without its fact
            "select min(check_id::text) from gate_report where kind = 'first_return' and not exists ("
            "select from finding where state <> 'closed' and subject = 'first_return:' || check_id)"
        ),
        table="gate_report",
        choose="check_id = '{first}' and kind = 'first_return'",
        change="delete from gate_report where check_id = '{first}' and kind = 'first_return'",
        where="headquarters",
        what="reported",
        fault="lost",
    ),
    Spoilt(
        service="reporting",
        pick="select min(pickup_id::text) from waste_pickup where state = 'due'",
        table="waste_pickup",
        choose="pickup_id = '{first}'",
        change="update waste_pickup set due_at = due_at - interval '1 day' where pickup_id = '{first}'",
        where="headquarters",
        what="waste_by_compound",
        fault="wrong",
    ),
    Spoilt(
        service="reporting",
        pick="select min(finding_id::text) from finding where rule = 'rounds_missed' and state = 'open'",
        table="finding",
        choose="finding_id = '{first}'",
        change="update finding set opened_at = opened_at - interval '1 day' where finding_id = '{first}'",
        undo="update finding set opened_at = opened_at + interval '1 day' where finding_id = '{first}'",
        where="headquarters",
        what="findings",
        fault="lost",
    ),
    Spoilt(
        service="reporting",
        pick="select min(compound) from entry_flow where entries > 0",
        table="entry_flow",
        choose="compound = '{first}'",
        change="update entry_flow set entries = entries + 1 where compound = '{first}'",
        where="headquarters",
        what="flows",
        fault="wrong",
    ),
)


@asynccontextmanager
async def spoilt(lived: Lived, how: Spoilt) -> AsyncIterator[None]:
    """Rows of a service as nobody in town made them, for a while; afterwards they are as they were."""
    connection = await asyncpg.connect(lived.doors.databases[how.service])
    try:
        first = await connection.fetchval(how.pick)
        assert first, "nothing to spoil"
        chosen = f"{how.table} t where {how.choose.format(first=first)}"
        kept = [row[0] for row in await connection.fetch(f"select to_jsonb(t) from {chosen}")]
        await connection.execute(how.change.format(first=first))
        try:
            yield
        finally:
            if how.undo:
                await connection.execute(how.undo.format(first=first))
            else:
                await connection.execute(f"delete from {chosen}")
                put_back = (
                    f"insert into {how.table} select *"
                    f" from jsonb_populate_record(null::{how.table}, $1::jsonb)"
                )
                await connection.executemany(put_back, [(row,) for row in kept])
    finally:
        await connection.close()


async def test_facts_that_are_missing_changed_or_invented_are_named_each_for_what_it_is_and_no_others(
    lived: Lived,
) -> None:
    """All at once: none hides another, and one look at everything is as good as one for each."""
    async with AsyncExitStack() as all_of_them:
        for how in SPOILT:
            await all_of_them.enter_async_context(spoilt(lived, how))
        found = await lived.checked()
    assert {place for place, one in found.items() if not one.equal} == {
        (how.where, how.what) for how in SPOILT
    }
    for how in SPOILT:
        named = found[how.where, how.what]
        assert getattr(named, how.fault) >= 1, how
        assert named.examples


async def test_an_answer_that_differs_from_the_rules_is_named_and_a_fact_that_nobody_did(
    lived: Lived,
) -> None:
    checks = list(lived.ledger.of("check"))
    lied, forgotten = checks[0], checks[1]
    told_otherwise = replace(lied, answer={**lied.answer, "verdict": "refuse"})
    acts = [told_otherwise if act is lied else act for act in lived.ledger.acts if act is not forgotten]
    spoilt_ledger = Ledger(acts=acts, ids=lived.ledger.ids)
    assert spoilt_ledger.digest() != lived.ledger.digest()
    found = await replace(lived, ledger=spoilt_ledger).checked()
    assert found["answers", "checks"].wrong == 1
    assert found["services", "checks"].extra == 1


async def test_an_event_that_is_on_the_bus_twice_or_not_at_all_is_named(lived: Lived) -> None:
    """The last one: what a stream lost stays lost, because everybody has read it."""

    def on_the_bus(found: dict[tuple[str, str], Compared]) -> dict[str, Compared]:
        return {what: one for (where, what), one in found.items() if where == "bus"}

    doors = lived.doors
    client = await nats.connect(
        doors.nats_url, nkeys_seed_str=doors.nats_seed, inbox_prefix=f"_INBOX_{doors.nats_user}"
    )
    try:
        js = client.jetstream()
        message = await js.get_msg("fk_gate_checks", seq=1)
        assert message.subject is not None
        place = {name: value for name, value in (message.headers or {}).items() if name.startswith("Fk-")}
        headers = {**place, "Nats-Msg-Id": "told again"}
        await js.publish(message.subject, message.data or b"", headers=headers)
        await lived.system.equal()
        twice = on_the_bus(await lived.checked())
        assert (twice["events"].twice, twice["events"].lost) == (1, 0)
        assert twice["checks"].twice + twice["vehicles"].twice == 1

        await js.purge_stream("fk_registry_leads")
        found = await lived.checked()
        lost = on_the_bus(found)
        assert lost["leads"].lost == lost["leads"].expected > 0
        assert lost["events"].lost >= lost["leads"].lost
    finally:
        await client.close()
    elsewhere = {one.where for one in found.values() if not one.equal}
    assert elsewhere == {"bus"}, "what was read before is in headquarters' figures all the same"
