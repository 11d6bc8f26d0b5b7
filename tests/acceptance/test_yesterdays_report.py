"""The daily report through the whole town: it goes out by itself, and what devices held back becomes a correction."""

import json
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.gate.domain.rulings import Direction
from shared.kernel.days import at_local, local_day
from shared.testing.waiting import eventually
from tests.acceptance.gatehouse import HERE, Gatehouse


async def events(house: Gatehouse) -> list[tuple[str, dict[str, Any]]]:
    """What reporting told of reports, numbered for the bus."""
    rows = await house.rows(
        "reporting",
        "select subject, document from outbox where pos is not null and subject like '%.daily_reports.%' order by id",
    )
    return [(row["subject"].split(".")[4], json.loads(row["document"])["data"]) for row in rows]


@pytest.mark.timeout(300)
@pytest.mark.scenario("H1", "H2")
async def test_a_report_goes_out_at_five_and_checks_that_come_in_at_eight_are_its_correction(
    house: Gatehouse, tmp_path: Path
) -> None:
    stack = house.stack
    day = local_day(stack.now()) + timedelta(days=1)
    await stack.move_to(at_local(day, time(14)))
    resident = await house.resident()
    post = await house.post(tmp_path)
    before = await house.hq(f"/v1/daily-reports/{day}")
    assert before["state"] == "collecting"
    assert (await post.passes(resident.scanned)).offline is False
    post.line.cut = True
    for way in (Direction.EXIT, Direction.ENTRY):
        assert (await post.passes(resident.scanned, direction=way)).offline is True
    await stack.equal()
    await stack.move_to(at_local(day, time(16, 1)))
    clerk = stack.as_role("community_clerk", "neighbourhood:gt")
    await stack.call(
        "POST",
        "reporting",
        f"/v1/daily-reports/{day}/units/{HERE}/confirm",
        headers=clerk,
        json={"act_id": str(uuid4())},
        expect=201,
    )

    await stack.move_to(at_local(day, time(17)))

    async def version(number: int) -> Any:
        report = await house.hq(f"/v1/daily-reports/{day}")
        return report if report["version"] == number else None

    sent = await eventually(lambda: version(1), within=40, what="the report goes out by itself")
    line = next(one for one in sent["units"] if one["unit"] == HERE)
    assert (line["state"], line["values"]["entries.new"], line["values"]["exits.new"]) == ("confirmed", 1, 0)
    assert HERE not in sent["missing"]
    assert sent["continuous"]
    census = await house.hq("/v1/census")
    assert census["town"]["off_by"] == 0

    await stack.move_to(at_local(day, time(20)))
    post.line.cut = False
    assert (await post.device.sync()).handed_in == 2
    await post.close()
    await stack.equal()

    corrected = await eventually(lambda: version(2), within=40, what="the correction goes out")
    line = next(one for one in corrected["units"] if one["unit"] == HERE)
    assert (line["values"]["entries.new"], line["values"]["exits.new"]) == (2, 1)
    first = await house.hq(f"/v1/daily-reports/{day}", version=1)
    assert first["units"] == sent["units"]
    versions = (await house.hq(f"/v1/daily-reports/{day}/versions"))["versions"]
    told = {(one["unit"], one["figure"]): (one["before"], one["after"]) for one in versions[1]["differences"]}
    assert told[HERE, "entries.new"] == (1, 2)
    assert told[HERE, "exits.new"] == (0, 1)
    published = [(name, one["version"]) for name, one in await events(house) if one["day"] == str(day)]
    assert published == [("DailyReportSent", 1), ("DailyReportCorrected", 2)]
