"""A poisoned event goes in beside an upgrade, as the campaign's faults come in any order (F10, F14)."""

from pathlib import Path

import asyncpg
import pytest

from deploy.faults.meddling import poison
from deploy.faults.versions import Version
from deploy.live.checker.bus import Meddled
from shared.bus import outbox
from shared.testing.databases import Databases
from tests.acceptance.stack import ROOT

TOLD = '{"id": "1", "data": {"compound": "lj-001", "verdict": "admit"}}'
COLUMNS = (["checks"], ["fk.evt.gate.checks.EntryChecked.lj-001"], [TOLD], [None])


@pytest.mark.scenario("F10", "F14")
async def test_an_event_nobody_understands_is_told_by_the_version_that_wrote_the_one_before(
    databases: Databases, tmp_path: Path
) -> None:
    urls = await databases.fresh("gate")
    newer = Version(service="gate", number=1, tree=ROOT).next(tmp_path)
    meddled = Meddled()
    connection = await asyncpg.connect(urls.database)
    try:
        await connection.execute(outbox.INSERT, *COLUMNS)
        await poison(urls.database, meddled)
        for phase in ("pre", "post"):
            await newer.migrate(urls.owner, phase)
            await poison(urls.database, meddled)
        wrote = await connection.fetch("select version_2, subject from outbox order by id")
    finally:
        await connection.close()
        await databases.drop(urls.database, urls.keystore)
    assert [tuple(row) for row in wrote] == [(1, COLUMNS[1][0])] * 4
    assert len(set(meddled.poisoned)) == 3
