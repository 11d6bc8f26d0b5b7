"""What nobody can read holds nothing up: the reference client and what is held in front of its camera."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gate.own_device import Post, enrolled
from tests.integration.gate.town import GateTown


@pytest.fixture
async def post(town: GateTown, tmp_path: Path) -> AsyncIterator[Post]:
    async with enrolled(town, tmp_path) as made:
        yield made


@pytest.mark.scenario("G5", "G12")
@pytest.mark.parametrize("token", ["a\x00b", "\ud83d", "http://example.org/?" + "x" * 5000])
async def test_a_code_that_is_no_text_is_no_pass_and_is_handed_in_like_any_other(
    town: GateTown, post: Post, token: str
) -> None:
    wang = await town.resident()
    await post.device.refresh()
    scanned = {"kind": "pass_token", "token": token}
    assert (await post.passes(scanned)).reasons == ("pass_unknown",)
    post.line.cut = True
    shown = [await post.passes(scanned), await post.passes(wang)]
    assert [one.verdict for one in shown] == ["cannot_verify", "admit"]
    post.line.cut = False
    synced = await post.device.sync()
    assert (synced.handed_in, synced.left, post.device.waiting()) == (2, 0, {})


@pytest.mark.scenario("G12")
async def test_one_that_spoils_its_batch_is_set_aside_and_the_others_are_handed_in(
    town: GateTown, post: Post
) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.cut = True
    shown = [await post.passes(wang) for _ in range(9)]
    queue = post.device._queue
    [item] = [one for one in queue.items("waiting") if one.seq == shown[4].seq]
    queue.wait(
        item.seq, item.body | {"subject": {"kind": "pass_token", "token": "\x00"}}
    )  # of an older client
    post.line.cut = False
    synced = await post.device.sync()
    assert (synced.handed_in, synced.left, synced.retry_after) == (8, 0, None)
    assert [one.seq for one in post.device.set_aside("rejected")] == [shown[4].seq]
    assert len(await town.rows("select check_id from entry_check")) == 8
