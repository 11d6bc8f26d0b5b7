"""Every kind of fault but full disks, twice, over two days: the large count of the campaign."""

from pathlib import Path

import pytest

from deploy.cli.faults import letters_told
from deploy.faults.campaign import HEALED_WITHIN, drawn
from deploy.faults.kinds import kinds
from tests.live.conftest import SEED, living


@pytest.mark.release
@pytest.mark.timeout(3_600)
# The client leaves its socket behind when a server hangs up before it has said what it is.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.scenario("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F12", "F13", "F14")
async def test_nothing_is_lost_doubled_or_out_of_order_while_everything_breaks_twice(tmp_path: Path) -> None:
    faults = drawn(2 * len(kinds(disks=False)), SEED, disks=False)
    async with living(tmp_path, faults, first_hour=0) as lived:
        assert [one for one in (await lived.checked()).values() if not one.equal] == [], lived.outcome.made
        assert [one for one in lived.outcome.made if one.equal_after > HEALED_WITHIN] == []
        assert letters_told(lived.outcome)
