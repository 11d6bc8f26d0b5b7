"""The roster of a post over HTTP: import, pattern, swap, cancel (R2.2)."""

import io
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest
import xlsxwriter
from httpx import Response

from shared.events.registry.places import CheckpointClosed, WorkerPosted
from shared.events.registry.rules import PolicyRevised
from tests.integration.gate.duty import Post, at
from tests.integration.gate.town import CHECKPOINT, HERE, POLICY, GateTown

HEADER = ("卡口编号", "日期", "开始", "结束", "工号")


@pytest.fixture
async def post(town: GateTown) -> Post:
    return Post(town=town, planner=town.client.as_role("hq_officer"))


async def send(post: Post, content: bytes, name: str = "排班.csv") -> Response:
    return await post.town.client.http.post(
        "/v1/duty/rosters", files={"file": (name, content)}, headers=post.planner
    )


def csv(*lines: tuple[str, ...], encoding: str = "gbk") -> bytes:
    return "\r\n".join(",".join(line) for line in (HEADER, *lines)).encode(encoding)


async def shifts(post: Post, day: str = "2020-02-25") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await post.get("shifts", checkpoint=CHECKPOINT, from_day=day, until_day=day)
    )["items"]
    return found


async def test_a_roster_is_imported_line_by_line_and_again_changes_nothing(post: Post) -> None:
    one, other = await post.worker("W01"), await post.worker("W02")
    content = csv(
        (CHECKPOINT, "2020-02-25", "08:00", "16:00", "w01"),
        (CHECKPOINT, "2020-02-25", "16:00", "24:00", "W02"),
        (CHECKPOINT, "2020-02-25", "15:00", "17:00", "W01"),
        ("lj-999-n", "2020-02-25", "08:00", "16:00", "W01"),
        (CHECKPOINT, "2020-02-26", "08:00", "16:00", "W99"),
        (CHECKPOINT, "2020-02-30", "08:00", "16:00", "W01"),
        (CHECKPOINT, "2020-02-26", "08:00", "22:00", "W01"),
    )
    first = (await send(post, content)).json()
    assert {name: first[name] for name in ("rows", "accepted", "unchanged", "rejected")} == {
        "rows": 7,
        "accepted": 2,
        "unchanged": 0,
        "rejected": 5,
    }
    assert [(fault["row"], fault["column"], fault["code"]) for fault in first["faults"]] == [
        (4, "", "worker_booked"),
        (5, "卡口编号", "unknown_checkpoint"),
        (6, "工号", "worker_unknown"),
        (7, "日期", "no_date"),
        (8, "结束", "shift_length"),
    ]
    planned = await shifts(post)
    assert [(one_shift["worker_ref"], one_shift["source"]) for one_shift in planned] == [
        (str(one.ref), "import"),
        (str(other.ref), "import"),
    ]
    again = (await send(post, content)).json()
    assert (again["accepted"], again["unchanged"], again["rejected"]) == (0, 2, 5)
    assert await shifts(post) == planned


async def test_an_excel_roster_is_read_like_a_csv_one(post: Post) -> None:
    worker = await post.worker("W01")
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("二月")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, (CHECKPOINT, "2020-02-25", "08:00", "16:00", "W01"))
        sheet.write_datetime(1, 1, datetime(2020, 2, 25), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_number(1, 2, 8 / 24, book.add_format({"num_format": "hh:mm"}))
    answer = (await send(post, file.getvalue(), "排班.xlsx")).json()
    assert (answer["accepted"], answer["faults"]) == (1, [])
    [planned] = await shifts(post)
    assert (planned["worker_ref"], planned["starts_at"]) == (str(worker.ref), "2020-02-25T00:00:00Z")


async def test_a_roster_is_corrected_by_taking_a_shift_out_and_sending_it_again(post: Post) -> None:
    one, other = await post.worker("W01"), await post.worker("W02")
    await post.plan(other, "02-25 16:00", "02-26 00:00")
    wrong = (CHECKPOINT, "2020-02-25", "08:00", "16:00", "W01")
    right = (CHECKPOINT, "2020-02-25", "08:00", "15:00", "W01")
    same_by_hand = (CHECKPOINT, "2020-02-25", "16:00", "24:00", "W02")
    assert (await send(post, csv(wrong, wrong, same_by_hand))).json()["unchanged"] == 2
    before = (await send(post, csv(right))).json()
    assert [fault["code"] for fault in before["faults"]] == ["worker_booked"]
    [mine] = [line for line in await shifts(post) if line["worker_ref"] == str(one.ref)]
    assert (await post.post(f"shifts/{mine['shift_id']}/cancel", {})).status_code == 200
    after = (await send(post, csv(wrong, right))).json()
    assert (after["accepted"], [fault["code"] for fault in after["faults"]]) == (1, ["shift_cancelled"])
    assert [line["ends_at"] for line in await shifts(post)] == [
        "2020-02-25T07:00:00Z",
        "2020-02-25T16:00:00Z",
    ]


@pytest.mark.requirement("R3.1", "R2.2")
async def test_nobody_is_planned_or_on_duty_after_their_last_posting_or_at_a_closed_post(post: Post) -> None:
    stays, leaves = await post.worker("W01"), await post.worker("W02")
    [posting] = await post.town.rows(
        "select posting_id from worker_posting where worker_ref = $1", leaves.ref
    )
    posted = WorkerPosted(
        posting_id=posting["posting_id"],
        worker_ref=leaves.ref,
        kind="guard",
        compound=HERE,
        grid=None,
        checkpoint=CHECKPOINT,
        from_day=date(2020, 2, 1),
        until_day=date(2020, 2, 25),
    )
    kept = await post.plan(stays, "02-26 08:00", "02-26 16:00")
    await post.town.tell(posted)
    mine = await post.plan(leaves, "02-25 22:00", "02-26 06:00")  # begins on the last day
    body = {
        "shift_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "worker_ref": str(leaves.ref),
        "starts_at": at("02-26 06:00").isoformat(),
        "ends_at": at("02-26 08:00").isoformat(),
    }
    swap = {"swap_id": str(uuid4()), "shift_id": str(mine), "other_shift_id": str(kept)}
    answers = [await post.post("shifts", body), await post.post("swaps", swap)]
    assert [(one.status_code, one.json()["code"], one.json()["field"]) for one in answers] == [
        (409, "worker_left", "worker_ref"),
        (409, "worker_left", "shift_id"),
    ]
    post.now("02-26 06:00")
    came = {"turn_id": str(uuid4()), "badge": leaves.badge, "checked_at": at("02-26 06:00").isoformat()}
    assert (await post.at_device("check-ins", came)).json()["code"] == "worker_left"
    offline = came | {"checked_at": at("02-25 22:00").isoformat()}
    assert (await post.at_device("check-ins", offline)).json()["shift_id"] == str(mine)

    closed = CheckpointClosed(
        checkpoint=CHECKPOINT, compound=HERE, reason="closed", closed_at=at("02-27 12:00")
    )
    await post.town.tell(closed)
    late = body | {"worker_ref": str(stays.ref), "starts_at": at("02-27 08:00").isoformat()}
    refused = await post.post("shifts", late | {"ends_at": at("02-27 12:01").isoformat()})
    assert (refused.status_code, refused.json()["code"]) == (409, "checkpoint_closed")
    assert (await post.post("shifts", late | {"ends_at": at("02-27 12:00").isoformat()})).status_code == 201
    lines = csv(
        (CHECKPOINT, "2020-02-27", "14:00", "16:00", "W01"),
        (CHECKPOINT, "2020-02-27", "06:00", "08:00", "W02"),
    )
    assert [(fault["column"], fault["code"]) for fault in (await send(post, lines)).json()["faults"]] == [
        ("卡口编号", "checkpoint_closed"),
        ("工号", "worker_left"),
    ]


@pytest.mark.parametrize("content", [b"", b"\x00\x01", "卡口编号,日期\r\nx,y".encode(), b"PK\x03\x04broken"])
async def test_what_is_no_roster_is_refused(post: Post, content: bytes) -> None:
    answer = await send(post, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "file_unreadable")


async def test_a_pattern_plans_all_its_shifts_or_none(post: Post) -> None:
    one, other = await post.worker(), await post.worker()
    body = {
        "pattern_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "first_day": "2020-02-25",
        "last_day": "2020-03-02",
        "slots": [
            {"begins": "08:00", "until": "20:00", "workers": [str(one.ref)]},
            {"begins": "20:00", "until": "08:00", "workers": [str(other.ref)]},
        ],
    }
    first = await post.post("patterns", body)
    assert (first.status_code, first.json()["shifts"]) == (201, 14)
    again = await post.post("patterns", body)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = await post.post("patterns", body | {"last_day": "2020-03-03"})
    assert (changed.status_code, changed.json()["code"]) == (422, "same_id_other_content")
    clash = await post.post("patterns", body | {"pattern_id": str(uuid4()), "first_day": "2020-02-20"})
    assert (clash.status_code, clash.json()["code"]) == (409, "worker_booked")
    zoned = body | {"slots": [{"begins": "08:00Z", "until": "20:00", "workers": [str(one.ref)]}]}
    told = await post.post("patterns", zoned | {"pattern_id": str(uuid4())})
    assert (told.status_code, told.json()["field"]) == (422, "slots.0.begins")
    long = await post.post("patterns", body | {"pattern_id": str(uuid4()), "last_day": "2020-06-01"})
    assert (long.status_code, long.json()["code"]) == (422, "roster_too_long")
    assert len(await post.town.rows("select shift_id from duty_shift")) == 14


async def test_two_workers_swap_shifts_that_are_to_come(post: Post) -> None:
    one, other = await post.worker(), await post.worker()
    early = await post.plan(one, "02-25 08:00", "02-25 16:00")
    late = await post.plan(other, "02-25 16:00", "02-26 00:00")
    body = {"swap_id": str(uuid4()), "shift_id": str(early), "other_shift_id": str(late)}
    answer = await post.post("swaps", body)
    assert answer.status_code == 200, answer.text
    assert (await post.post("swaps", body)).json() == answer.json()
    assert [planned["worker_ref"] for planned in await shifts(post)] == [str(other.ref), str(one.ref)]
    await post.plan(one, "02-25 08:00", "02-25 12:00")
    back = await post.post("swaps", body | {"swap_id": str(uuid4())})
    assert (back.status_code, back.json()["code"]) == (409, "worker_booked")
    post.now("02-25 08:00")
    begun = await post.post("swaps", body | {"swap_id": str(uuid4())})
    assert (begun.status_code, begun.json()["code"]) == (409, "shift_begun")


async def test_a_shift_to_come_can_be_taken_out_of_the_plan(post: Post) -> None:
    worker = await post.worker()
    shift = await post.plan(worker, "02-25 08:00", "02-25 16:00")
    for _ in range(2):
        assert (await post.post(f"shifts/{shift}/cancel", {})).status_code == 200
    assert await shifts(post) == []
    unknown = await post.post(f"shifts/{uuid4()}/cancel", {})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "shift_unknown")
    begun = await post.plan(worker, "02-24 08:00", "02-24 16:00")
    late = await post.post(f"shifts/{begun}/cancel", {})
    assert (late.status_code, late.json()["code"]) == (409, "shift_begun")


@pytest.mark.requirement("R1.2")
async def test_shifts_that_were_planned_under_longer_rules_are_held_and_swapped_as_they_are(
    post: Post,
) -> None:
    one, other = await post.worker(), await post.worker()
    mine = await post.plan(one, "02-26 12:00", "02-27 00:00")
    yours = await post.plan(other, "02-25 20:00", "02-26 08:00")  # over the day on which the rules change
    shorter = POLICY.duty.model_copy(update={"longest_shift_minutes": 480}) if POLICY.duty else None
    await post.town.tell(
        PolicyRevised(
            version=2,
            effective_from=date(2020, 2, 26),
            revised_by="hq",
            document=POLICY.model_copy(update={"duty": shorter}),
        )
    )
    turn = await post.comes(other, "02-25 20:00")
    assert (await post.goes(other, turn, "02-26 08:00"))["minutes"] == 720
    third = await post.worker()
    body = {
        "shift_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "worker_ref": str(third.ref),
        "starts_at": at("02-27 08:00").isoformat(),
        "ends_at": at("02-27 16:01").isoformat(),
    }
    assert (await post.post("shifts", body)).json()["code"] == "shift_length"
    fits = body | {"ends_at": at("02-27 16:00").isoformat()}
    assert (await post.post("shifts", fits)).status_code == 201
    swap = {"swap_id": str(uuid4()), "shift_id": str(mine), "other_shift_id": fits["shift_id"]}
    assert (await post.post("swaps", swap)).status_code == 200
    assert str(yours) == turn["shift_id"]


@pytest.mark.requirement("R1.2")
async def test_how_long_a_shift_may_be_is_asked_of_the_rules_of_its_first_day(post: Post) -> None:
    worker = await post.worker("W01")
    shorter = POLICY.duty.model_copy(update={"longest_shift_minutes": 480}) if POLICY.duty else None
    changed = POLICY.model_copy(update={"duty": shorter})
    await post.town.tell(
        PolicyRevised(version=2, effective_from=date(2020, 2, 26), revised_by="hq", document=changed)
    )
    await post.plan(worker, "02-25 20:00", "02-26 08:00")
    pattern = {
        "pattern_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "first_day": "2020-02-25",
        "last_day": "2020-02-26",
        "slots": [{"begins": "20:00", "until": "08:00", "workers": [str(worker.ref)]}],
    }
    assert (await post.post("patterns", pattern)).json()["code"] == "shift_length"
    over = csv(
        (CHECKPOINT, "2020-02-25", "08:00", "20:00", "W01"),
        (CHECKPOINT, "2020-02-26", "12:00", "21:00", "W01"),
        (CHECKPOINT, "2020-01-20", "12:00", "21:00", "W01"),  # before the first policy
    )
    answer = (await send(post, over)).json()
    assert (answer["accepted"], [(fault["row"], fault["code"]) for fault in answer["faults"]]) == (
        2,
        [(3, "shift_length")],
    )


async def test_a_shift_that_was_cancelled_is_not_planned_again_under_its_id(post: Post) -> None:
    worker = await post.worker()
    body = {
        "shift_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "worker_ref": str(worker.ref),
        "starts_at": at("02-25 08:00").isoformat(),
        "ends_at": at("02-25 16:00").isoformat(),
    }
    assert (await post.post("shifts", body)).status_code == 201
    assert (await post.post(f"shifts/{body['shift_id']}/cancel", {})).status_code == 200
    again = await post.post("shifts", body)
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (
        409,
        "shift_cancelled",
        "shift_id",
    )
    assert "remedy" in again.json()
    assert await shifts(post) == []
    assert (await post.post("shifts", body | {"shift_id": str(uuid4())})).status_code == 201


async def test_a_shift_that_somebody_has_taken_up_is_neither_swapped_nor_cancelled(post: Post) -> None:
    one, other = await post.worker(), await post.worker()
    mine = await post.plan(one, "02-25 08:00", "02-25 16:00")
    yours = await post.plan(other, "02-25 16:00", "02-26 00:00")
    await post.comes(one, "02-25 07:45")  # early, so that the shift has not begun
    body = {"swap_id": str(uuid4()), "shift_id": str(yours), "other_shift_id": str(mine)}
    swapped = await post.post("swaps", body)
    assert (swapped.json()["code"], swapped.json()["field"]) == ("shift_begun", "other_shift_id")
    cancelled = await post.post(f"shifts/{mine}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["field"]) == (409, "shift_id")
    assert [line["worker_ref"] for line in await shifts(post)] == [str(one.ref), str(other.ref)]


async def test_the_same_shift_is_planned_once(post: Post) -> None:
    worker = await post.worker()
    body = {
        "shift_id": str(uuid4()),
        "checkpoint": CHECKPOINT,
        "worker_ref": str(worker.ref),
        "starts_at": at("02-25 08:00").isoformat(),
        "ends_at": at("02-25 16:00").isoformat(),
    }
    assert [(await post.post("shifts", body)).status_code for _ in range(2)] == [201, 200]
    other = await post.post("shifts", body | {"ends_at": at("02-25 17:00").isoformat()})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    stranger = await post.post("shifts", body | {"shift_id": str(uuid4()), "worker_ref": str(uuid4())})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "worker_unknown")
