"""Spellings, masks, times and enrolment: small rules of the gate."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.gate.domain.devices import (
    CodeInvalid,
    DeviceTaken,
    EnrolmentCode,
    code_expires,
    decide_enrolment,
)
from services.gate.domain.subjects import document_key, masked, room_key
from services.gate.domain.times import judge_time
from shared.kernel.ids import CheckpointId, CompoundId

NOW = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
DEVICE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("surname", "shown"),
    [
        ("王", "王*"),
        ("王小明", "王*"),
        ("欧阳", "欧阳*"),
        ("欧阳小明", "欧阳*"),
        ("Smith", "S*"),
        ("Smith John", "S*"),
        ("𠮷野", "𠮷*"),
        (" 李 ", "李*"),
        ("", "*"),
    ],
)
def test_a_guard_sees_the_surname_and_a_star(surname: str, shown: str) -> None:
    assert masked(surname) == shown


@pytest.mark.parametrize(
    "typed", ["3-1-502", "3幢1单元502室", "３－１－502", "03 - 1 - 0502", "3栋 1单元 502"]
)
def test_a_room_is_found_however_it_is_spelled(typed: str) -> None:
    assert room_key("lj-001", typed, "王小明") == room_key("lj-001", "3幢-1-502", "王")


@pytest.mark.parametrize(
    ("typed", "on_the_card"),
    [
        ("Smith John", "SMITH"),
        ("smith", "SMITH"),
        ("Ｓmith  John", "SMITH"),
        ("𠮷野小明", "𠮷"),
        ("欧阳明", "欧阳"),
    ],
)
def test_a_dwelling_is_found_by_a_whole_name_as_by_its_surname(typed: str, on_the_card: str) -> None:
    assert room_key("lj-001", "3-1-502", typed) == room_key("lj-001", "3-1-502", on_the_card)


@pytest.mark.parametrize("typed", ["3幢东单元502室", "3-东-502", "东方花园3幢东单元 502", "3幢 东单元 502"])
def test_a_unit_without_a_number_is_told_from_the_other(typed: str) -> None:
    east, west = (room_key("lj-001", room, "王") for room in ("3-东-502", "3-西-502"))
    assert room_key("lj-001", typed, "王") == east != west


@pytest.mark.parametrize(
    "other", [("lj-002", "3-1-502", "王"), ("lj-001", "31-502", "王"), ("lj-001", "3-1-502", "李")]
)
def test_another_compound_room_or_surname_is_another_key(other: tuple[str, str, str]) -> None:
    assert room_key(*other) != room_key("lj-001", "3-1-502", "王")


@pytest.mark.scenario("P3")
def test_a_document_is_found_in_lower_case_and_with_spaces() -> None:
    assert document_key(" 000000 20000101 001x ") == document_key("00000020000101001X")


@pytest.mark.scenario("G11")
@pytest.mark.parametrize(
    ("device", "believed"),
    [
        (NOW, True),
        (NOW + timedelta(minutes=5), True),
        (NOW + timedelta(minutes=5, seconds=1), False),
        (NOW + timedelta(hours=3), False),
        (NOW - timedelta(hours=72), True),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_time_that_cannot_be_true_gives_way_to_the_time_of_receipt(
    device: datetime, *, believed: bool
) -> None:
    judged = judge_time(device, received_at=NOW, opened_at=NOW - timedelta(days=20), ahead_seconds=300)
    assert judged.trusted is believed
    assert judged.happened_at == (device if believed else NOW)


def code(used_by: UUID | None = None) -> EnrolmentCode:
    return EnrolmentCode(
        request_id=UUID(int=7),
        checkpoint=CheckpointId("lj-001-n"),
        compound=CompoundId("lj-001"),
        expires_at=code_expires(NOW),
        device_id=used_by,
    )


def test_a_fresh_code_enrols_a_new_device() -> None:
    assert decide_enrolment(code(), DEVICE, taken=False, revoked=False, real_now=NOW) is True
    assert decide_enrolment(code(), None, taken=False, revoked=False, real_now=NOW) is True


def test_the_same_device_may_ask_again_with_its_code() -> None:
    assert decide_enrolment(code(DEVICE), DEVICE, taken=True, revoked=False, real_now=NOW) is False


@pytest.mark.parametrize(
    ("found", "device", "revoked", "after"),
    [
        (None, DEVICE, False, timedelta()),
        (code(), DEVICE, False, timedelta(minutes=10)),
        (code(DEVICE), DEVICE, False, timedelta(minutes=10)),
        (code(DEVICE), OTHER, False, timedelta()),
        (code(DEVICE), None, False, timedelta()),
        (code(DEVICE), DEVICE, True, timedelta()),
    ],
    ids=["unknown", "too old", "too old to repeat", "used by another", "used", "revoked meanwhile"],
)
def test_a_code_opens_nothing_twice_or_too_late(
    found: EnrolmentCode | None, device: UUID | None, after: timedelta, *, revoked: bool
) -> None:
    with pytest.raises(CodeInvalid):
        decide_enrolment(found, device, taken=revoked, revoked=revoked, real_now=NOW + after)


def test_an_enrolled_id_is_not_taken_over_with_another_code() -> None:
    with pytest.raises(DeviceTaken):
        decide_enrolment(code(), DEVICE, taken=True, revoked=False, real_now=NOW)
