"""What front-line workers are credited with: their turns and what they did under their own sign-in, and no more."""

import io
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from shared.events.gate import ShiftEnded
from shared.events.registry.surveys import HouseholdSurveyed
from shared.events.sanitation import WastePickupDone
from shared.kernel.ids import DwellingId, GridId
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.integration.reporting.supervising import ClientFor
from tests.integration.reporting.test_outreach_over_http import closed
from tests.integration.reporting.world import (
    COMPOUNDS,
    TODAY,
    Log,
    compounds,
    declared,
    deliver,
    deliver_badly,
    disinfected,
    dump,
    pickup,
    site,
    started,
    turn_started,
)

HERE, THERE = COMPOUNDS[0], COMPOUNDS[2]
ONE, TWO = UUID(int=1), UUID(int=2)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def surveyed(worker: UUID | None) -> HouseholdSurveyed:
    return HouseholdSurveyed(
        round_id=uuid4(),
        dwelling_id=DwellingId(uuid4()),
        compound=HERE,
        grid=GridId(f"{HERE}-w01"),
        outcome="done",
        final=True,
        attempts=1,
        people=2,
        conflict=False,
        surveyed_at=NINE,
        worker_ref=worker,
    )


@pytest.mark.requirement("R7.3")
async def test_work_is_credited_to_who_did_it_in_the_period_and_place_that_are_asked_about(
    client_for: ClientFor,
) -> None:
    reporting, log = await client_for("reporting"), Log()
    database = reporting.context.database
    lift, case = site(HERE), started(THERE, uuid4())
    turn = turn_started(HERE, NINE - 60 * MINUTE).replace(worker_ref=ONE, late_minutes=4)
    going_on = turn_started(HERE, NINE).replace(worker_ref=TWO)
    visit = declared(case, TODAY, "morning").replace(by="visit", worker_ref=TWO)
    log.say(
        *compounds(),
        turn,
        ShiftEnded(
            turn_id=turn.turn_id,
            worker_ref=ONE,
            compound=HERE,
            checkpoint=turn.checkpoint,
            ended_at=NINE,
            minutes=60,
            ended_by="check_out",
        ),
        going_on,
        lift,
        *(disinfected(lift, NINE).replace(worker_ref=ONE) for _ in range(3)),
        disinfected(lift, NINE, counts=False).replace(worker_ref=ONE),
        disinfected(lift, NINE - 2 * DAY).replace(worker_ref=ONE),
        disinfected(lift, NINE),  # nobody knows whose
        surveyed(ONE),
        surveyed(None),
        case,
        visit,
        visit.replace(by="phone", declaration_id=uuid4()),
        closed(uuid4(), THERE, valid=True).replace(worker_ref=TWO),
        WastePickupDone(**pickup(THERE), bags=1, handed_over_at=NINE, worker_ref=TWO),
    )
    await deliver(database, log)

    async def ask(
        who: tuple[str, str] = ("hq_officer", "town"), expect: int = 200, first: object = TODAY, **query: Any
    ) -> Any:
        days = {"from": str(first), "to": TODAY.isoformat()} | query
        answer = await reporting.http.get("/v1/service-record", headers=reporting.as_role(*who), params=days)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def numbers(line: dict[str, Any]) -> tuple[str, dict[str, int]]:
        return line["worker_ref"], {name: n for name, n in line.items() if name != "worker_ref" and n}

    mine = {"shifts": 1, "minutes": 60, "late_minutes": 4, "household_visits": 1, "rounds": 3}
    theirs = {"observation_visits": 1, "leads_closed": 1, "pickups": 1}
    told = await ask()
    assert [numbers(line) for line in told["items"]] == [(str(ONE), mine), (str(TWO), theirs)]
    longer = await ask(first=TODAY - 2 * DAY, worker=str(ONE))
    assert [numbers(line) for line in longer["items"]] == [(str(ONE), mine | {"rounds": 4})]
    assert [numbers(line)[0] for line in (await ask(compound=THERE))["items"]] == [str(TWO)]
    assert [numbers(line)[0] for line in (await ask(("auditor", "neighbourhood:nb-01")))["items"]] == [
        str(ONE)
    ]
    await ask(("auditor", "neighbourhood:nb-01"), 403, compound=THERE)
    await ask(("community_clerk", "town"), 403)
    page = await ask(limit=1)
    rest = await ask(limit=1, after=page["next"])
    assert [line["worker_ref"] for line in page["items"] + rest["items"]] == [str(ONE), str(TWO)]
    assert rest["next"] is None
    for first in ("2020-02-25", "2018-01-01", "0001-01-01"):
        await ask(expect=422, first=first)
    await ask(expect=422, to="9999-12-31")
    sheet = await reporting.http.get(
        f"/v1/service-record-exports?from={TODAY}&to={TODAY}", headers=reporting.as_role("hq_officer")
    )
    rows = CalamineWorkbook.from_filelike(io.BytesIO(sheet.content)).get_sheet_by_index(0).to_python()
    assert [row[:3] for row in rows] == [
        ["人员代号", "上岗班次", "上岗分钟"],
        [str(ONE), 1, 60],
        [str(TWO), 0, 0],
    ]

    badly = await client_for("reporting")
    assert await deliver_badly(badly.context.database, log, Random(3)) > 0
    assert await dump(badly.context.database) == await dump(database)
