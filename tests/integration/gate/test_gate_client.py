"""The reference client against the real gate: nothing lost, nothing twice, and what it decides by itself."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.gate.client.box import StoreUnreadableError
from services.gate.client.device import INTERRUPTED, Device, backoff
from services.gate.client.own_list import NEVER, ListRefusedError
from services.gate.client.shapes import Arrival, Entry, Shown, Vehicle
from services.gate.client.wire import DeviceStoppedError, NoAnswerError, RefusedError
from services.gate.domain import signed
from services.gate.domain.arrivals import ArrivalKind
from services.gate.domain.entry import Answers
from services.gate.domain.lists import pack, unpack
from services.gate.domain.rulings import Direction, Verdict
from shared.events.registry.passes import VehiclePassIssued, VehiclePassRevoked
from shared.kernel import pass_token
from tests.integration.gate.own_device import KEY, Post, enrolled
from tests.integration.gate.test_gate_day import ask_everybody
from tests.integration.gate.town import HERE, NOW, OTHER_CHECKPOINT, THERE, GateTown


@pytest.fixture
async def post(town: GateTown, tmp_path: Path) -> AsyncIterator[Post]:
    async with enrolled(town, tmp_path) as made:
        yield made


async def test_a_check_that_is_answered_leaves_nothing_in_the_queue(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    shown = [
        await post.passes(wang),
        await post.passes(wang, mask=False),
        await post.passes({"kind": "visitor"}),
    ]
    assert [one.verdict for one in shown] == [Verdict.ADMIT, Verdict.REFUSE, Verdict.REFUSE]
    assert not any(one.offline for one in shown)
    assert (shown[0].display.surname, shown[0].display.room) == ("王*", "3-1-502")
    assert post.device.waiting() == {}
    rows = await town.rows("select check_id, seq, offline from entry_check order by seq")
    assert [(row["check_id"], row["seq"]) for row in rows] == [(one.check_id, one.seq) for one in shown]
    assert [one.seq for one in shown] == [1, 2, 3]


async def test_without_an_answer_the_device_decides_and_hands_it_in_later(town: GateTown, post: Post) -> None:
    wang, other = await town.resident(), await town.resident(room="1-1-101")
    await town.tell(town.suspended(other))
    await post.device.refresh()
    post.line.cut = True
    shown = [
        await post.passes(wang),
        await post.passes(other),
        await post.passes(wang, temperature_c=None),
        await post.passes(wang, answers=Answers(unwell=True)),
        await post.passes({"kind": "document", "number": wang.document}),
    ]
    assert [one.verdict for one in shown] == [
        Verdict.ADMIT,
        Verdict.REFUSE,
        Verdict.CANNOT_VERIFY,
        Verdict.ADMIT_WITH_ACTION,
        Verdict.CANNOT_VERIFY,
    ]
    assert (shown[0].display.surname, shown[0].offline) == ("王*", True)
    assert post.device.waiting() == {"waiting": 5}
    assert (await post.device.sync()).left == 5
    post.reopen()
    post.line.cut = False
    synced = await post.device.sync()
    assert (synced.handed_in, synced.left, synced.retry_after) == (5, 0, None)
    rows = await town.rows(
        "select check_id, verdict, reasons, offline, policy_version from entry_check order by seq"
    )
    assert [(row["check_id"], row["verdict"], tuple(row["reasons"])) for row in rows] == [
        (one.check_id, one.verdict, one.reasons) for one in shown
    ]
    assert {(row["offline"], row["policy_version"]) for row in rows} == {(True, 1)}
    assert len(await town.published("EntryChecked")) == 5


@pytest.mark.requirement("F6")
@pytest.mark.scenario("G8")
async def test_an_answer_lost_after_the_commit_makes_no_second_check(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.loses_answers = True
    shown = [await post.passes(wang) for _ in range(3)]
    assert all(one.offline for one in shown)
    for _ in range(3):  # the batches' answers are lost as well
        assert (await post.device.sync()).left == 3
    post.line.loses_answers = False
    assert (await post.device.sync()).handed_in == 3
    rows = await town.rows("select check_id, offline from entry_check order by seq")
    assert [(row["check_id"], row["offline"]) for row in rows] == [(one.check_id, False) for one in shown]
    assert len(await town.published("EntryChecked")) == 3


@pytest.mark.scenario("G14")
async def test_what_a_device_decides_by_the_age_of_its_list(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.cut = True
    stranger = pass_token.make_key()
    forged = stranger | {"kid": town.signing_key["kid"]}
    claims = pass_token.verify(
        wang.token, {town.signing_key["kid"]: pass_token.read_public(town.signing_key)}
    )
    tokens = {
        "good": wang.token,
        "forged": pass_token.sign(claims, forged),
        "stranger": pass_token.sign(claims, stranger),
        "nonsense": "https://example.org/",
    }

    async def verdicts() -> list[str]:
        found = [await post.passes({"kind": "pass_token", "token": token}) for token in tokens.values()]
        return [one.verdict.value for one in found]

    assert await verdicts() == ["admit", "refuse", "cannot_verify", "cannot_verify"]
    post.clock.pass_by(timedelta(hours=5))
    assert await verdicts() == ["admit_with_action", "refuse", "cannot_verify", "cannot_verify"]
    post.clock.pass_by(timedelta(hours=20))
    assert await verdicts() == ["cannot_verify", "refuse", "cannot_verify", "cannot_verify"]
    post.clock.wall = NOW  # set back by hand: the list is no younger for it
    assert await verdicts() == ["cannot_verify", "refuse", "cannot_verify", "cannot_verify"]


async def test_a_refresh_that_fails_makes_the_list_no_younger(town: GateTown, post: Post) -> None:
    await town.resident()
    await post.device.refresh()
    good, keeper = await document(post), post.device.list
    older_version, made_at = keeper.version, keeper.made_at
    post.clock.pass_by(timedelta(hours=2))
    post.line.cut = True
    with pytest.raises(NoAnswerError):
        await post.device.refresh()
    post.line.cut = False
    stranger = pass_token.make_key()
    private = stranger
    told = unpack(signed.verify(good, keeper._keys))
    spoilt: list[bytes] = [
        b"",
        good[:-1],
        good[:-1] + bytes([good[-1] ^ 1]),
        good.replace(b"lj", b"xx", 1) if b"lj" in good else good[:40] + b"\0" + good[41:],
        signed.sign(pack(told), private),
    ]
    for wrong in spoilt:
        post.line.document = wrong
        with pytest.raises(ListRefusedError):
            await post.device.refresh()
    assert (keeper.version, keeper.made_at, keeper.age_seconds()) == (older_version, made_at, 7200)
    post.line.document = None
    town.client.move_to(NOW + timedelta(hours=2))
    await post.device.refresh()
    assert keeper.age_seconds() == 0
    post.line.document = good  # the gate's own, but from this morning
    with pytest.raises(ListRefusedError):
        await post.device.refresh()
    assert keeper.made_at == NOW + timedelta(hours=2)


async def document(post: Post) -> bytes:
    """The whole list as it goes over the line."""
    whole, _ = await post.device._wire.snapshot(None)
    return whole


async def test_a_list_of_another_compound_is_not_taken(town: GateTown, post: Post, tmp_path: Path) -> None:
    other = await Device.enrol(
        tmp_path / "other.sqlite", KEY, post.http, await town.code(OTHER_CHECKPOINT), post.clock
    )
    post.line.document, _ = await other._wire.snapshot(None)
    with pytest.raises(ListRefusedError, match="compound"):
        await post.device.refresh()
    other.close()


async def test_the_age_of_a_list_survives_a_restart_and_a_clock_that_is_set_back(post: Post) -> None:
    await post.device.refresh()
    post.clock.pass_by(timedelta(hours=3))
    assert post.device.list.age_seconds() == 3 * 3600
    post.reopen()
    assert post.device.list.age_seconds() == 3 * 3600
    post.clock.wall -= timedelta(days=50)
    post.clock.steady += 60
    assert post.device.list.age_seconds() == 3 * 3600
    post.reopen()  # nobody can tell any more
    assert post.device.list.age_seconds() >= 0
    post.clock.wall = NOW - timedelta(seconds=1)
    post.reopen()
    assert post.device.list.age_seconds() in {0, NEVER}


@pytest.mark.scenario("G2")
async def test_a_fever_seen_offline_holds_the_same_pass_at_once(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.cut = True
    assert (await post.passes(wang, temperature_c=Decimal("37.3"))).reasons == ("fever",)
    again = await post.passes(wang)
    assert (again.verdict, again.reasons) == (Verdict.REFUSE, ("under_quarantine",))
    post.reopen()
    assert (await post.passes(wang)).verdict is Verdict.REFUSE
    post.line.cut = False
    await post.device.sync()
    await post.device.refresh()
    post.line.cut = True
    assert (await post.passes(wang)).reasons == ("under_quarantine",)  # now by the gate's own hold
    [hold] = await town.rows("select active from restriction")
    assert hold == {"active": True}


@pytest.mark.scenario("G11")
@pytest.mark.requirement("F13")
@pytest.mark.parametrize(
    "wrong",
    [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1), timedelta(days=-18_316)],
)
async def test_a_wrong_clock_loses_nothing_and_dates_nothing_wrong(
    town: GateTown, post: Post, wrong: timedelta
) -> None:
    wang = await town.resident()
    post.clock.wall += wrong
    await post.device.refresh()
    assert await post.device.heartbeat() == round(wrong.total_seconds())
    post.line.cut = True
    assert (await post.passes(wang)).verdict is Verdict.ADMIT
    post.line.cut = False
    post.clock.wall = NOW  # somebody sets it right before it is handed in
    await post.device.heartbeat()
    assert (await post.device.sync()).handed_in == 1
    [row] = await town.rows("select device_at, happened_at, time_trusted from entry_check")
    assert row == {"device_at": NOW + wrong, "happened_at": NOW, "time_trusted": True}


@pytest.mark.scenario("G11")
async def test_a_stamp_from_the_future_is_set_aside_and_holds_up_nobody(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.cut = True
    await post.passes(wang)
    post.clock.wall += timedelta(days=1)  # nobody knows of it: no answer came since
    early = await post.passes(wang)
    post.clock.wall -= timedelta(days=1)
    await post.passes(wang)
    post.line.cut = False
    assert (await post.device.sync()).handed_in == 2
    assert post.device.waiting() == {"quarantined": 1}
    [item] = post.device.set_aside("quarantined")
    assert (item.check_id, item.code) == (early.check_id, "stamp_in_future")
    assert (await post.device.sync()).handed_in == 0


@pytest.mark.scenario("G16")
@pytest.mark.requirement("F16")
async def test_a_revoked_device_stops_deciding_and_its_queue_goes_to_quarantine(
    town: GateTown, post: Post
) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.cut = True
    for _ in range(201):
        await post.passes(wang)
    post.line.cut = False
    await town.client.http.post(
        f"/v1/devices/{post.device.device_id}/revoke", headers=town.client.as_role("ops")
    )
    with pytest.raises(DeviceStoppedError):
        await post.passes(wang)
    post.reopen()
    post.line.cut = True
    with pytest.raises(DeviceStoppedError):
        await post.passes(wang)
    post.line.cut = False
    assert (await post.device.sync()).left == 0
    assert post.device.waiting() == {"quarantined": 202}
    [held] = await town.rows("select count(*) as items from quarantined_item where state = 'held'")
    assert held["items"] == 202
    assert await town.rows("select 1 from entry_check") == []


async def test_what_the_server_never_takes_is_kept_for_a_person_to_look_at(
    town: GateTown, post: Post
) -> None:
    with pytest.raises(RefusedError):
        await post.passes({"kind": "pass_number", "number": "12"})
    [item] = post.device.set_aside("rejected")
    assert (item.code, item.seq) == ("invalid_request", 1)
    assert (await post.passes(await town.resident())).seq == 2


@pytest.mark.requirement("F8")
async def test_a_busy_server_is_left_alone_for_as_long_as_it_says(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    await post.device.refresh()
    post.line.busy = 17
    assert (await post.passes(wang)).offline
    synced = await post.device.sync()
    assert (synced.left, synced.retry_after) == (1, 17)
    assert all(1 <= backoff(failures) <= 60 for failures in range(1, 40))
    assert backoff(1) < 60 / 2 <= backoff(20)


async def test_the_store_tells_nothing_without_its_key(town: GateTown, post: Post) -> None:
    wang = await town.resident("欧阳", "12-1-1203")
    await post.device.refresh()
    post.line.cut = True
    await post.passes({"kind": "document", "number": wang.document})
    await post.passes(wang)
    post.device.close()
    content = b"".join(file.read_bytes() for file in post.store.parent.glob("device.sqlite*"))
    for secret in (wang.document, "欧阳", "12-1-1203", wang.token, wang.number):
        assert secret.encode() not in content
    with pytest.raises(StoreUnreadableError):
        Device.open(post.store, bytes(32), post.http, post.clock)
    post.device = Device.open(post.store, KEY, post.http, post.clock)


async def test_a_credential_is_changed_on_disk_before_it_counts(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    old = post.device._wire.credential
    await post.device.rotate()
    post.reopen()
    assert post.device._wire.credential != old
    assert not (await post.passes(wang)).offline
    assert (await town.send(town.body(wang), device=old)).status_code == 401


async def test_a_device_that_died_before_it_showed_anything_says_so(town: GateTown, post: Post) -> None:
    wang = await town.resident()
    await post.device.refresh()
    body = town.body(wang) | {"checked_at": NOW.isoformat()}
    del body["check_id"], body["seq"]
    item = post.device._queue.add(uuid4(), body, NOW)
    post.reopen()
    assert (await post.device.sync()).handed_in == 1
    [row] = await town.rows("select check_id, verdict, reasons, offline from entry_check")
    assert row == {
        "check_id": item.check_id,
        "verdict": "cannot_verify",
        "reasons": [INTERRUPTED],
        "offline": True,
    }


async def test_a_lost_answer_to_the_enrolment_is_asked_for_again(
    town: GateTown, post: Post, tmp_path: Path
) -> None:
    code, store = await town.code(), tmp_path / "again.sqlite"
    post.line.loses_answers = True
    with pytest.raises(NoAnswerError):
        await Device.enrol(store, KEY, post.http, code, post.clock)
    post.line.loses_answers = False
    device = await Device.enrol(store, KEY, post.http, code, post.clock)
    assert len(await town.rows("select 1 from device where device_id = $1", device.device_id)) == 1
    device.close()


@pytest.mark.requirement("R2.3")
async def test_the_device_keeps_its_own_log_of_the_day_and_asks_once_also_without_an_answer(
    town: GateTown, post: Post
) -> None:
    await ask_everybody(town)
    wang, li = await town.resident(), await town.resident("李", "3-1-503")
    await post.device.refresh()
    asked = Answers(been_to_focus_area=False, contact_with_case=False, unwell=False)
    online = await post.passes(wang, answers=asked)
    assert (online.verdict, online.nth_today, online.offline) == (Verdict.ADMIT, 1, False)
    post.line.cut = True
    again = await post.passes(wang)
    assert (again.verdict, again.nth_today, again.offline) == (Verdict.ADMIT, 2, True)
    assert (await post.passes(wang, mask=None)).action == "look_at_mask"
    first = await post.passes(li)
    assert (first.verdict, first.action, first.nth_today) == (Verdict.CANNOT_VERIFY, "ask_questions", 1)
    assert (await post.passes(li, answers=asked)).verdict is Verdict.ADMIT
    post.reopen()
    assert (await post.passes(li)).nth_today == 2
    post.clock.pass_by(timedelta(hours=15))  # midnight in Shanghai; the list is aged by then
    assert "incomplete" in (await post.passes(li)).reasons
    assert wang.number.encode() not in post.store.read_bytes()


@pytest.mark.scenario("G7")
@pytest.mark.requirement("R2.3")
async def test_vehicles_and_arrivals_wait_in_the_same_queue_and_go_in_after_their_people(
    town: GateTown, post: Post
) -> None:
    wang, back = await town.resident(), await town.resident("李", "3-1-503", with_pass=False)
    pass_id, other, vehicle = uuid4(), uuid4(), uuid4()
    for vehicle_pass, number in ((pass_id, "20000001"), (other, "20000002")):
        await town.tell(
            VehiclePassIssued(
                vehicle_pass_id=vehicle_pass,
                number=number,
                serial=1,
                vehicle_ref=vehicle,
                compound=HERE,
                valid_from=NOW - timedelta(days=1),
                valid_until=NOW + timedelta(days=29),
                policy_version=1,
            )
        )
    token = town.token(pass_id, "20000001", kind="vehicle")
    elsewhere = town.token(other, "20000002", THERE, kind="vehicle")
    await post.device.refresh()

    async def drives(driver: Shown, **changes: Any) -> tuple[str, tuple[str, ...], bool]:
        values: dict[str, Any] = {
            "direction": Direction.ENTRY,
            "occupants": 1,
            "people": ((driver, True),),
            "pass_token": token,
            "boot_opened": True,
        } | changes
        shown = await post.device.check_vehicle(Vehicle(**values))
        return shown.verdict, shown.reasons, shown.offline

    def arrival(subject: dict[str, str]) -> Arrival:
        person = Entry(direction=Direction.ENTRY, subject=subject, mask=True, temperature_c=Decimal("36.5"))
        return Arrival(person=person, kind=ArrivalKind.RETURNEE, origin_code="510100", ticket="train")

    driver = await post.passes(wang)
    assert await drives(driver) == ("complete", (), False)
    online = await post.device.arrive(arrival({"kind": "document", "number": back.document}))
    assert (online.action, online.offline) == ("go_straight_home", False)
    post.line.cut = True
    assert await drives(driver) == ("complete", (), True)
    post.clock.steady += 5 * 3600.0  # by then the list cannot vouch for it
    assert await drives(driver) == ("held", ("vehicle_pass_unverifiable",), True)
    post.clock.steady -= 5 * 3600.0
    assert await drives(driver, pass_token=elsewhere) == ("refuse", ("vehicle_wrong_compound",), True)
    assert await drives(driver, occupants=2, boot_opened=None) == (
        "held",
        ("occupant_unchecked", "boot_not_checked"),
        True,
    )
    assert await drives(driver, emergency=True, people=(), occupants=2) == ("complete", (), True)
    again, bare = await post.passes(wang), await post.passes(wang, mask=False)
    twice = ((driver, True), (again, False))  # one person, who is never two of the occupants
    assert await drives(driver, people=twice, occupants=2) == ("held", ("occupant_unchecked",), True)
    last = ((bare, True), (driver, True))  # in whichever order: the last check of a person counts
    assert await drives(driver, people=last) == ("refuse", ("driver_refused",), True)
    leaver = await post.passes(wang, direction=Direction.EXIT)
    leaving: dict[str, Any] = {"direction": Direction.EXIT, "boot_opened": None}
    assert await drives(leaver, **leaving) == ("complete", (), True)
    assert await drives(driver, **leaving) == ("held", ("occupant_unchecked",), True)  # a check of the way in
    alone = await post.device.arrive(
        arrival({"kind": "dwelling_surname", "room": "3-1-503", "surname": "李"})
    )
    assert (alone.verdict, alone.offline) == (Verdict.CANNOT_VERIFY, True)
    post.reopen()
    assert post.device.waiting() == {"waiting": 13}
    post.line.cut = False
    post.line.asked.clear()
    synced = await post.device.sync()
    assert (synced.handed_in, synced.left, post.device.waiting()) == (13, 0, {})
    assert [path.split("/")[2] for path in post.line.asked] == [
        *("vehicle-checks", "entry-checks") * 2,
        *("vehicle-checks", "arrivals"),
    ]
    rows = await town.rows("select seq, verdict, offline from vehicle_check order by seq")
    assert [row["verdict"] for row in rows] == [
        *("complete", "complete", "held", "refuse", "held", "complete", "held", "refuse", "complete", "held"),
    ]
    assert len(await town.published("FirstReturnSeen")) == 2
    await town.tell(
        VehiclePassRevoked(vehicle_pass_id=pass_id, vehicle_ref=vehicle, compound=HERE, reason="lost")
    )
    await post.device.refresh()  # what changed only
    post.line.cut = True
    assert await drives(driver) == ("refuse", ("vehicle_pass_revoked",), True)
