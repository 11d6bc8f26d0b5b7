"""One seed, two towns that know nothing of each other: the same acts, in the same order, with the same answers."""

from pathlib import Path

import pytest

from tests.live.conftest import living


@pytest.mark.release
@pytest.mark.timeout(1_800)
async def test_two_runs_of_one_seed_leave_the_same_ledger(tmp_path: Path) -> None:
    lines: list[list[str]] = []
    digests = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        async with living(folder, [], first_hour=0, days=1) as lived:
            lines.append([act.line() for act in lived.ledger.acts])
            digests.append(lived.ledger.digest())
            assert [one for one in (await lived.checked()).values() if not one.equal] == []
    assert lines[0] == lines[1]
    assert digests[0] == digests[1]
    assert len(lines[0]) > 100
