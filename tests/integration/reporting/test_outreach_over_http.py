"""What HQ sees of leads, notices and watch lists: figures, within the caller's scope, without a word or a name."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from shared.events.base import Event
from shared.events.registry.leads import (
    LeadAssigned,
    LeadClosed,
    LeadMerged,
    LeadReceived,
    LeadSeparated,
    NoticePosted,
    NoticePublished,
)
from shared.events.registry.returnees import WatchListLineSettled, WatchListRevised
from shared.kernel.ids import CompoundId
from tests.conftest import Client
from tests.integration.reporting.world import COMPOUNDS, MORNING, Log, compounds, deliver, deliver_badly, dump

FIRST, SECOND, THIRD, *_ = COMPOUNDS
ClientFor = Callable[[str], Awaitable[Client]]


def told(lead: UUID, compound: CompoundId) -> LeadReceived:
    return LeadReceived(
        lead_id=lead,
        compound=compound,
        category="gathering",
        via="phone",
        observed_at=MORNING,
        received_at=MORNING,
    )


def assigned(lead: UUID, compound: CompoundId, hours: int) -> LeadAssigned:
    return LeadAssigned(
        lead_id=lead,
        compound=compound,
        category="gathering",
        assignee_kind="grid",
        assignee=f"{compound}-w01",
        assigned_at=MORNING,
        due_at=MORNING + timedelta(hours=hours),
    )


def closed(lead: UUID, compound: CompoundId, *, valid: bool) -> LeadClosed:
    return LeadClosed(
        lead_id=lead,
        compound=compound,
        category="gathering",
        valid=valid,
        reason="confirmed",
        closed_at=MORNING,
    )


def leads() -> list[Event]:
    overdue, fresh, found, false, twin, apart = (uuid4() for _ in range(6))
    return [
        *(told(lead, FIRST) for lead in (overdue, fresh, found, false, twin, apart)),
        told(uuid4(), SECOND),
        assigned(overdue, FIRST, -1),
        assigned(fresh, FIRST, 5),
        closed(found, FIRST, valid=True),
        closed(false, FIRST, valid=False),
        LeadMerged(lead_id=twin, compound=FIRST, merged_into=found, merged_at=MORNING),
        LeadMerged(lead_id=apart, compound=FIRST, merged_into=found, merged_at=MORNING),
        LeadSeparated(lead_id=apart, compound=FIRST, separated_at=MORNING),
    ]


def notices() -> list[Event]:
    one, two = uuid4(), uuid4()
    return [
        NoticePublished(
            notice_id=one,
            compounds=(FIRST, SECOND),
            channels_wanted=("poster", "screen"),
            published_at=MORNING,
        ),
        NoticePosted(notice_id=one, compound=FIRST, posting="poster", posted_at=MORNING),
        NoticePublished(
            notice_id=two,
            compounds=(FIRST,),
            channels_wanted=("poster",),
            published_at=MORNING + timedelta(1),
        ),
        NoticePosted(notice_id=one, compound=FIRST, posting="screen", posted_at=MORNING),
    ]


def lists() -> list[Event]:
    old, new = uuid4(), uuid4()
    lines = [uuid4() for _ in range(3)]

    def settled(line: UUID, disposition: str) -> WatchListLineSettled:
        return WatchListLineSettled.model_validate(
            {"line_id": line, "list_id": old, "match": "matched", "disposition": disposition}
        )

    def revised(list_id: UUID, count: int, until: date, *, closed: bool = False) -> WatchListRevised:
        return WatchListRevised(
            list_id=list_id, lines=count, search_until=until, closed=closed, revised_at=MORNING
        )

    return [
        revised(old, 0, date(2020, 2, 20)),
        revised(old, 4, date(2020, 2, 20)),
        settled(lines[0], "found_here"),
        settled(lines[1], "found_here"),
        revised(new, 2, date(2020, 3, 1)),
        settled(lines[1], "wrong_data"),  # corrected
        settled(lines[2], "elsewhere"),
    ]


async def _get(
    client: Client, path: str, role: str = "hq_officer", scope: str = "town"
) -> list[dict[str, object]]:
    answer = await client.http.get(f"/v1/{path}", headers=client.as_role(role, scope))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["as_of"]
    found: list[dict[str, object]] = body["lists" if path == "watch-lists" else "compounds"]
    return found


@pytest.mark.requirement("R6.3")
@pytest.mark.requirement("R7.2")
async def test_leads_are_open_overdue_or_found_true_and_a_duplicate_counts_once(
    client_for: ClientFor,
) -> None:
    client, log = await client_for("reporting"), Log()
    log.say(*compounds(), *leads())
    await deliver(client.context.database, log, batch=3)
    first, second = await _get(client, "leads")
    assert first == {
        "compound": FIRST,
        "received": 6,
        "open": 3,
        "overdue": 1,
        "valid": 1,
        "duplicates": 1,
    }
    assert (second["compound"], second["open"], second["overdue"]) == (SECOND, 1, 0)
    assert await _get(client, "leads", "community_clerk", f"compound:{THIRD}") == []
    (mine,) = await _get(client, "leads", "community_clerk", f"compound:{SECOND}")
    assert mine["compound"] == SECOND


@pytest.mark.requirement("R6.1")
async def test_coverage_of_notices_is_what_hangs_of_what_was_asked_for(client_for: ClientFor) -> None:
    client, log = await client_for("reporting"), Log()
    log.say(*compounds(), *notices())
    await deliver(client.context.database, log, batch=2)
    found = {line["compound"]: line for line in await _get(client, "notices")}
    assert [found[FIRST][name] for name in ("notices", "wanted", "posted")] == [2, 3, 2]
    assert [found[SECOND][name] for name in ("notices", "wanted", "posted")] == [1, 2, 0]
    assert found[SECOND]["waiting_since"] == "2020-02-24T00:00:00Z"


@pytest.mark.scenario("P11")
@pytest.mark.requirement("R4.4")
async def test_a_watch_list_tells_its_lines_by_what_was_last_found_out(client_for: ClientFor) -> None:
    client, log = await client_for("reporting"), Log()
    log.say(*compounds(), *lists())
    await deliver(client.context.database, log)
    old, new = await _get(client, "watch-lists")
    figures = ("lines", "open", "found_here", "wrong_data", "elsewhere", "late", "closed")
    assert [old[name] for name in figures] == [4, 1, 1, 1, 1, True, False]
    assert [new[name] for name in figures] == [2, 2, 0, 0, 0, False, False]


@pytest.mark.scenario("H2")
async def test_repeats_and_kills_leave_the_same_figures_as_a_rebuild(client_for: ClientFor) -> None:
    log, rng = Log(), Random(5)
    log.say(*compounds())
    for _ in range(12):
        log.say(*leads(), *notices(), *lists())
    live, rebuilt = await client_for("reporting"), await client_for("reporting")
    assert await deliver_badly(live.context.database, log, rng) > 0
    await deliver(rebuilt.context.database, log)
    assert await dump(live.context.database) == await dump(rebuilt.context.database)
