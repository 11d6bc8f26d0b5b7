"""What gates report besides fevers in the report of a day, and what comes later and concerns no day before."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from shared.events.registry.places import CheckpointOpened
from shared.kernel.ids import CheckpointId, CompoundId
from tests.integration.reporting.supervising import leaving, reported
from tests.integration.reporting.test_daily_reports_over_http import (
    FIRST,
    SECOND,
    THIRD,
    TOMORROW,
    Office,
    clock,
    figure,
    office,
    unit,
)
from tests.integration.reporting.world import COMPOUNDS, MORNING, TODAY, check, compounds

__all__ = ["office"]


@pytest.mark.requirement("R2.5", "R7.4")
async def test_contacts_told_at_gates_and_who_would_leave_home_quarantine_are_counted_where_one_looks(
    office: Office,
) -> None:
    office.client.move_to(clock(15))
    late = leaving(FIRST, clock(16), "admit")  # that is tomorrow's report, and today's board
    await office.hear(
        reported(FIRST, "case_contact", MORNING, uuid4()),
        reported(FIRST, "case_contact", MORNING, None),
        reported(SECOND, "case_contact", clock(23, 59, TODAY - timedelta(days=1)), None),
        leaving(FIRST, MORNING, "refuse"),
        leaving(FIRST, MORNING, "admit_with_action"),
        late,
    )
    office.client.move_to(clock(16, 30))

    report = await office.report()
    assert figure(report, "gate_contacts") == {"new": 3}
    assert figure(report, "quarantine_exits") == {"new": 2}
    assert figure(report, "quarantine_left") == {"new": 1}
    assert unit(report, FIRST)["values"]["gate_contacts.new"] == 2
    zero = await office.say("zero", SECOND)
    assert (zero.status_code, zero.json()["figures"]) == (409, {"gate_contacts.new": 1})

    names = ("case_contacts", "quarantine_exits", "quarantine_left")
    board = await office.board()
    assert [board["totals"][name] for name in names] == [2, 3, 2]
    before = (await office.get("/v1/board", as_known_at=(clock(14, 59)).isoformat())).json()["totals"]
    assert [before[name] for name in names] == [0, 0, 0]
    days = (await office.get("/v1/board/series", figure="case_contacts", days=2)).json()["days"]
    assert [one["value"] for one in days] == [1, 2]
    mine = (await office.get("/v1/board/series", figure="quarantine_left", days=2, compound=SECOND)).json()
    assert [one["value"] for one in mine["days"]] == [0, 0]
    newest, earlier = (await office.get("/v1/check-flags", flag="quarantine_left")).json()["items"]
    assert (newest["check_id"], earlier["flagged_at"]) == (str(late.check_id), "2020-02-24T00:00:00Z")

    office.client.move_to(clock(17, 1))
    assert (await office.send()).status_code == 201
    await office.hear(leaving(THIRD, clock(15), "admit"))  # a device without a line hands it in
    office.client.move_to(clock(20))
    assert (await office.send()).status_code == 201
    second = await office.report()
    assert (second["version"], figure(second, "quarantine_left")) == (2, {"new": 2})


@pytest.mark.scenario("H1")
async def test_a_gate_or_a_compound_that_came_later_corrects_no_report_of_the_days_before(
    office: Office,
) -> None:
    def opened(nth: int) -> CheckpointOpened:
        gate = CheckpointId(f"{FIRST}-k{nth}")
        return CheckpointOpened(checkpoint=gate, compound=FIRST, name="东门", policy_version=1)

    await office.hear(opened(1))
    office.client.move_to(clock(17, 1))
    assert (await office.send()).status_code == 201

    new = CompoundId("lj-006")
    await office.hear(opened(2), *compounds([new]), check(new, clock(17, 30)))
    assert (await office.report())["pending"] == []
    page = await office.get(f"/reports/{TODAY}/units/{new}")
    assert (page.status_code, page.json()["code"]) == (404, "compound_unknown")
    assert "entered later" in page.json()["detail"]
    assert await office.tick(clock(9, 0, TOMORROW)) == 0
    draft = await office.report(TOMORROW)
    assert (figure(draft, "gates")["due"], unit(draft, new)["values"]["entries.new"]) == (2, 1)
    assert len(draft["missing"]) == len(COMPOUNDS) + 1

    await office.hear(check(new, clock(15)))  # a device that had been there before the compound was entered
    assert await office.tick(clock(10, 0, TOMORROW)) == 1
    report = await office.report()
    assert (report["version"], unit(report, new)["values"]["entries.new"]) == (2, 1)
    assert (report["units_expected"], new in report["missing"]) == (len(COMPOUNDS), False)
    assert unit(report, new)["values"]["people.now"] == 0


@pytest.mark.requirement("R7.4")
async def test_nothing_is_said_or_sent_of_a_day_before_all_rules(office: Office) -> None:
    before = date(2020, 1, 31)
    answers = [
        await office.send(before),
        *[await office.say(kind, FIRST, day=before) for kind in ("confirm", "zero")],
        await office.say("correct", FIRST, day=before, changes={"entries.new": 1}, reason="核对"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "report_day_unknown")] * 4
