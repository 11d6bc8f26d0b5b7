"""Exports as jobs: progress, exactly the rows, gone on with after a death, and gone when their time is over."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from python_calamine import CalamineWorkbook

from services.reporting.handlers.exports import ExportRunner, _file_key
from services.reporting.store import exports as store
from shared.events.observation import ObservationStarted
from shared.kernel.sealed_texts import unseal
from shared.testing.waiting import eventually
from tests.integration.reporting.small_town import small_town
from tests.integration.reporting.test_daily_reports_over_http import Office, a_day, clock, office
from tests.integration.reporting.world import COMPOUNDS, Log, deliver

__all__ = ["office"]  # the fixture

FIRST, SECOND, THIRD, *_ = COMPOUNDS
CLERK = ("community_clerk", "neighbourhood:nb-01")


class Exporting:
    """A service that exports, and whoever asks it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.runner = ExportRunner(vault=client.context.vault, page_rows=20)

    async def ask(
        self, kind: str, by: tuple[str, str] = ("hq_officer", "town"), **body: Any
    ) -> httpx.Response:
        wanted = {"export_id": str(uuid4()), "kind": kind, "format": "csv", "reason": "上报汇总"} | body
        found: httpx.Response = await self.client.http.post(
            "/v1/exports", headers=self.client.as_role(*by), json=wanted
        )
        return found

    async def look(self, export_id: str, part: str = "", by: str = "hq_officer", scope: str = "town") -> Any:
        return await self.client.http.get(
            f"/v1/exports/{export_id}{part}", headers=self.client.as_role(by, scope)
        )

    async def rows(
        self, kind: str, by: tuple[str, str] = ("hq_officer", "town"), **body: Any
    ) -> list[list[str]]:
        """Ask, make, and read what came out, without its titles."""
        asked = await self.ask(kind, by, **body)
        assert asked.status_code == 202, asked.text
        assert asked.json()["state"] == "running"
        await self.runner.act(self.client.context.database)
        job = (await self.look(asked.json()["export_id"], "", *by)).json()
        file = await self.look(asked.json()["export_id"], "/file", *by)
        assert file.status_code == 200, file.text
        found = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))[1:]
        assert (job["state"], job["rows_done"], job["rows_total"]) == ("done", len(found), len(found))
        return found


@pytest.fixture
async def exporting(client_for: Callable[[str], Awaitable[Any]]) -> tuple[Exporting, Log]:
    client = await client_for("reporting")
    log = small_town(Random(3), 900)
    await deliver(client.context.database, log)
    client.move_to(log.clock + timedelta(minutes=1))
    return Exporting(client), log


@pytest.mark.requirement("R7.1")
async def test_an_export_has_every_row_of_the_callers_places_and_nobodys_name(
    exporting: tuple[Exporting, Log],
) -> None:
    exports, log = exporting
    cases = {str(event.case_id): event.compound for event in log.of(ObservationStarted)}

    roll = await exports.rows("observation_roll")
    mine = await exports.rows("observation_roll", CLERK)
    third = await exports.rows("observation_roll", compound=THIRD)
    hours = await exports.rows("entries_by_hour", from_day="2020-02-20", to_day="2020-02-25")
    moved = await exports.rows("census_movements")
    board = await exports.rows("board")

    assert sorted(row[0] for row in roll) == sorted(cases)
    assert len(roll) > exports.runner.page_rows * 2  # over several pages
    assert {row[0] for row in mine} == {case for case, place in cases.items() if place in (FIRST, SECOND)}
    assert {row[0] for row in third} == {case for case, place in cases.items() if place == THIRD}
    pool = exports.client.context.database.pool
    assert sum(int(row[3]) for row in hours) == await pool.fetchval("select sum(checks) from entry_flow")
    assert len(hours) == await pool.fetchval("select count(*) from entry_flow")
    assert len(moved) == await pool.fetchval("select count(*) from census_movement")
    in_force = sum(1 if row[5] in ("new", "moved_in") else -1 for row in moved)
    assert in_force == sum(int(row[9]) for row in board) > 0
    assert [row[0] for row in board] == sorted(COMPOUNDS)
    noted = await pool.fetch("select action, scope from audit_read order by id")
    assert ("export.observation_roll", "lj-001,lj-002") in [tuple(row) for row in noted]
    assert [row["action"] for row in noted].count("export.downloaded") == 6


@pytest.mark.requirement("R7.1")
async def test_an_export_goes_on_behind_the_last_page_after_a_death(exporting: tuple[Exporting, Log]) -> None:
    exports, log = exporting
    database = exports.client.context.database
    export_id = (await exports.ask("observation_roll")).json()["export_id"]
    making = asyncio.create_task(ExportRunner(vault=exports.runner.vault, page_rows=1).act(database))

    async def begun() -> bool:
        return bool(await database.pool.fetchval("select count(*) > 3 from export_page"))

    await eventually(begun)
    making.cancel()
    await asyncio.wait({making})
    half = (await exports.look(export_id)).json()
    pages = await database.pool.fetch("select nth, sealed from export_page order by nth")
    early = await exports.look(export_id, "/file")

    await exports.runner.act(database)

    assert (half["state"], half["rows_done"]) == ("running", len(pages))
    assert 3 < half["rows_done"] < half["rows_total"]
    assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
    file = await exports.look(export_id, "/file")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))[1:]
    assert sorted(row[0] for row in rows) == sorted(str(one.case_id) for one in log.of(ObservationStarted))
    assert not any(rows[0][0].encode() in page["sealed"] for page in pages)  # never in the clear
    assert await database.pool.fetchval("select count(*) from export_page") == 0


@pytest.mark.requirement("R7.1")
async def test_an_export_that_two_processes_make_is_the_file_of_the_first(
    exporting: tuple[Exporting, Log],
) -> None:
    exports, _ = exporting
    database, runner = exports.client.context.database, exports.runner
    export_id = (await exports.ask("observation_roll")).json()["export_id"]
    async with database.read() as conn:
        job = await store.next_job(conn)
    assert job is not None
    await runner.act(database)
    parts = "select part, sealed from export_file where export_id = $1 order by part"
    first = await database.pool.fetch(parts, UUID(export_id))
    assert first
    await runner._make(database, job)  # it was paused before its first page
    key = await runner.vault.key(_file_key(job.export_id))
    await runner._finish(database, job, key, pages=0, rows=0)  # and behind its last
    assert await database.pool.fetch(parts, UUID(export_id)) == first
    assert (await exports.look(export_id)).json()["state"] == "done"
    assert await database.pool.fetchval("select count(*) from export_page") == 0


@pytest.mark.requirement("R7.1")
async def test_an_export_without_days_is_the_same_when_it_is_asked_again_after_midnight(
    exporting: tuple[Exporting, Log],
) -> None:
    exports, _ = exporting
    export_id = str(uuid4())
    first = await exports.ask("entries_by_hour", export_id=export_id)
    exports.client.move_to(exports.client.context.clock.now() + timedelta(days=1))
    again = await exports.ask("entries_by_hour", export_id=export_id)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json()


@pytest.mark.requirement("R7.1")
async def test_who_may_take_what_away_and_for_how_long(exporting: tuple[Exporting, Log]) -> None:
    exports, _ = exporting
    database = exports.client.context.database
    export_id = str(uuid4())
    first = await exports.ask("board", export_id=export_id, format="xlsx")
    again = await exports.ask("board", export_id=export_id, format="xlsx")
    other = await exports.ask("board", export_id=export_id, format="csv")
    assert (first.status_code, again.status_code) == (202, 200)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    auditor = ("auditor", "town")
    assert (await exports.ask("board", auditor)).status_code == 202
    people = await exports.ask("observation_roll", auditor)
    assert (people.status_code, people.json()["code"]) == (403, "role_not_allowed")
    outside = await exports.ask("board", CLERK, compound=THIRD)
    assert (outside.status_code, outside.json()["code"]) == (403, "out_of_scope")
    backwards = await exports.ask("entries_by_hour", from_day="2020-02-25", to_day="2020-02-24")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "days_out_of_order")
    assert (await exports.ask("people")).status_code == 422
    assert (await exports.look(export_id, "", *CLERK)).status_code == 404  # somebody else's

    await exports.runner.act(database)
    file = await exports.look(export_id, "/file")
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.content)).get_sheet_by_name("小区看板").to_python()
    assert [row[0] for row in book[1:]] == sorted(COMPOUNDS)
    reason = await database.pool.fetchval(
        "select reason_sealed from export_job where export_id = $1", export_id
    )
    assert "上报汇总".encode() not in reason

    await ExportRunner(vault=exports.runner.vault, keep_hours=0).act(database)  # what was made is kept a day
    assert (await exports.look(export_id, "/file")).status_code == 200
    short_id = (await exports.ask("board")).json()["export_id"]
    short = ExportRunner(vault=exports.runner.vault, keep_hours=0)
    await short.act(database)
    await short.act(database)
    gone = await exports.look(short_id, "/file")
    assert (gone.status_code, gone.json()["code"]) == (410, "file_expired")
    assert (
        await database.pool.fetchval("select count(*) from export_file where export_id = $1", short_id) == 0
    )
    reason = await database.pool.fetchval(
        "select reason_sealed from export_job where export_id = $1", UUID(short_id)
    )
    # The file's key went, not that of why it was asked for.
    assert await unseal(exports.runner.vault, UUID(short_id), "export_reason", reason) == "上报汇总"


@pytest.mark.scenario("H1")
async def test_reports_are_exported_day_by_day_as_they_stand(office: Office) -> None:
    await a_day(office)
    await office.tick(clock(17))
    exports = Exporting(office.client)

    rows = await exports.rows("daily_reports", from_day="2020-02-20", to_day="2020-02-28")
    mine = await exports.rows("daily_reports", CLERK, from_day="2020-02-24")

    assert [row[:3] for row in rows] == [["2020-02-24", "1", place] for place in ("全镇", *COMPOUNDS)]
    assert [row[2] for row in mine] == ["全镇", FIRST, SECOND]
