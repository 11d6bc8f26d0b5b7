"""The guard's page over real Chromium and a real gate: main path, no network, restarts, repeats, revocation."""

from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import expect

from tests.browser.checkpoint import Checkpoint

CHECKS = "select verdict, offline, mask from entry_check order by seq"


@pytest.mark.requirement("R2.5")
async def test_a_guard_enrols_and_each_verdict_has_a_face_of_its_own(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    li = await gate.town.resident("李", "2-1-101")
    guard = await gate.enrolled()
    await guard.accessible()
    await guard.shot("01-ready")

    await guard.wedge(wang.token)
    await expect(guard.page.locator(".who")).to_have_text("王* · 3-1-502")
    await guard.keys("36")
    await expect(guard.page.locator("#mask-on")).to_be_disabled()
    await guard.keys("5")
    await guard.accessible()
    await guard.shot("02-measure")
    await guard.touch("#mask-on")
    await guard.face("admit")
    await expect(guard.page.locator("#verdict")).to_contain_text("王* · 3-1-502")
    pictures = {"admit": await guard.shot("03-admit")}
    await expect(guard.page.locator("#direction")).to_be_visible()  # green goes by itself

    await guard.check(li.token, mask=False)
    await guard.face("refuse")
    pictures["refuse"] = await guard.shot("04-refuse")
    await guard.accessible()

    await guard.wedge(wang.number)  # the next one without a touch: a scan replaces what is shown
    await guard.keys("366")
    await guard.touch("#mask-on")
    await guard.face("admit_with_action")
    pictures["admit_with_action"] = await guard.shot("05-attention")
    await guard.accessible()
    await guard.touch("#next")

    await guard.touch("#by-document")
    await guard.keys("320583200002301234")
    await guard.touch("#go")
    await guard.keys("364")
    await guard.touch("#mask-on")
    await guard.face("cannot_verify")
    pictures["cannot_verify"] = await guard.shot("06-cannot")
    await guard.accessible()
    told_apart_in_grey(pictures)
    verdicts = [row["verdict"] for row in await gate.town.rows(CHECKS)]
    assert verdicts == ["admit", "refuse", "admit_with_action", "cannot_verify"]


def told_apart_in_grey(pictures: dict[str, Path]) -> None:
    """Without any colour: another brightness of the ground, and another sign."""
    grey = {face: Image.open(path).convert("L") for face, path in pictures.items()}
    for one, other in combinations(grey, 2):
        first, second = (ImageStat.Stat(grey[face].crop((0, 120, 40, 400))).mean[0] for face in (one, other))
        assert abs(first - second) >= 25, f"{one} and {other} are as bright as each other: {first}, {second}"
        differing = ImageStat.Stat(ImageChops.difference(_sign(grey[one]), _sign(grey[other]))).mean[0]
        assert differing >= 15, f"the signs of {one} and {other} look alike without colour: {differing}"


def _sign(picture: Image.Image) -> Image.Image:
    """The middle of the screen in black and white: what stands out from its ground."""
    part = picture.crop((80, 120, 280, 420))
    ground = part.tobytes()[0]
    return part.point([255 if abs(level - ground) > 40 else 0 for level in range(256)])


@pytest.mark.requirement("R2.3")
async def test_without_a_network_the_guard_goes_on_and_nothing_is_lost(gate: Checkpoint) -> None:
    wang, li = await gate.town.resident(), await gate.town.resident("李", "2-1-101")
    guard = await gate.enrolled()
    await guard.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    await guard.wedge(wang.token)
    await guard.page.context.set_offline(True)  # in the middle of a check
    await guard.keys("365")
    await guard.touch("#mask-on")
    await guard.face("admit")
    await expect(guard.page.locator("#decided-offline")).to_have_text("离线判定")
    await guard.shot("07-offline")
    await guard.wedge(li.number)
    await guard.keys("365")
    await guard.touch("#mask-on")
    await guard.face("cannot_verify")
    await guard.waiting(2)
    await guard.touch("#next")
    await guard.touch("#status")
    await expect(guard.page.locator('#queue [data-state="waiting"]')).to_have_count(2)
    await guard.accessible()
    await guard.shot("08-queue")

    stored = await guard.stored()
    for secret in (wang.token, wang.number, li.number, "王*", "3-1-502", "36.5"):
        assert secret not in stored, f"{secret} lies open in the browser"
    assert "extractable: false" in stored
    assert "extractable: true" not in stored

    await guard.page.reload()  # from what the worker keeps
    await guard.waiting(2)
    await guard.check(wang.token, digits="369")
    await expect(guard.page.locator("#verdict")).to_contain_text("今日第 2 次")
    await guard.waiting(3)
    await guard.page.context.set_offline(False)
    await guard.waiting(0)
    assert [(row["verdict"], row["offline"]) for row in await gate.town.rows(CHECKS)] == [
        ("admit", True),
        ("cannot_verify", True),
        ("admit", True),
    ]


async def test_while_the_server_is_restarted_the_next_verdict_comes_all_the_same(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    guard = await gate.enrolled()
    await gate.stop()
    await guard.check(wang.token)
    await guard.face("admit")
    await guard.waiting(1)
    await gate.start()
    await guard.touch("#status")
    await guard.touch("#retry")
    await guard.waiting(0)
    await expect(guard.page.locator("#queue-empty")).to_be_visible()
    assert [row["offline"] for row in await gate.town.rows(CHECKS)] == [True]


async def test_a_hovering_hand_is_one_entry_and_the_other_way_is_asked_about(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    guard = await gate.enrolled()
    await guard.check(wang.token)
    await guard.face("admit")
    await guard.wedge(wang.token)  # held out for too long
    await guard.face("admit")
    await guard.touch("#next")
    await guard.touch('#direction [data-value="exit"]')
    await guard.page.wait_for_timeout(5_100)  # by a scanner the same code counts anew after five seconds
    await guard.wedge(wang.token)
    await expect(guard.page.locator("#opposite")).to_contain_text("方向选对了吗")
    await guard.shot("09-opposite")
    await guard.touch("#opposite-go")
    await guard.touch("#mask-on")  # on the way out nothing else is needed
    await guard.face("admit")
    assert len(await gate.town.rows(CHECKS)) == 2


@pytest.mark.requirement("R2.3")
async def test_a_revoked_device_hands_in_what_it_holds_and_forgets_everything(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    guard = await gate.enrolled()
    await guard.page.context.set_offline(True)
    await guard.check(wang.token)
    await guard.waiting(1)
    [device] = await gate.town.rows("select device_id from device")
    await gate.revoke(device["device_id"])
    await guard.page.context.set_offline(False)
    await expect(guard.page.locator("#wiped")).to_be_visible(timeout=60_000)
    await guard.shot("10-stopped")
    assert await guard.page.evaluate("indexedDB.databases()") == []
    [item] = await gate.town.rows("select cause from quarantined_item")
    assert item["cause"] == "device_revoked"
    await guard.page.reload()
    await expect(guard.page.locator("#code")).to_be_visible()


async def test_a_vehicle_goes_in_when_everybody_and_the_boot_were_seen(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    guard = await gate.enrolled()
    await guard.touch("#by-vehicle")
    await guard.check(wang.token)
    await guard.face("admit")
    await guard.touch("#next")
    await expect(guard.page.locator(".people li")).to_have_count(1)
    await guard.accessible()
    await guard.shot("11-vehicle")
    await guard.touch('#boot [data-value="seen"]')
    await guard.touch("#vehicle-done")
    await expect(guard.page.locator(".toast")).to_contain_text("请扫车证，或输入车牌")
    await guard.page.locator("#plate").fill("苏E12345")
    await guard.touch("#vehicle-done")
    await guard.face("refuse")
    await expect(guard.page.locator(".reasons")).to_contain_text("没有车证")
    await guard.touch("#next")
    await guard.touch("#emergency")
    await guard.face("admit")
    vehicles = await gate.town.rows("select verdict from vehicle_check order by seq")
    assert [row["verdict"] for row in vehicles] == ["refuse", "complete"]


async def test_every_screen_works_at_320_pixels_by_night_and_in_english(gate: Checkpoint) -> None:
    guard = await gate.enrolled(viewport={"width": 320, "height": 640})
    await guard.touch("#status")
    await guard.touch("#language")
    await guard.touch('#theme [data-value="dark"]')
    await guard.accessible()
    await guard.shot("12-status-en")
    await guard.touch("#back")
    said = ""
    for screen in ("number", "room", "document", "visitor", "vehicle", "arrival"):
        await guard.touch(f"#by-{screen}")
        await guard.accessible()
        await guard.shot(f"13-{screen}")
        said += await guard.page.locator("main").inner_text()
        await guard.touch("#cancel")
    await guard.touch("#duty")
    await guard.accessible()
    await guard.shot("13-duty")
    said += await guard.page.locator("main").inner_text()
    assert [letter for letter in said if "\u3400" <= letter <= "\u9fff"] == []


async def test_a_clock_that_is_wrong_is_told_and_put_right(gate: Checkpoint) -> None:
    wang = await gate.town.resident()
    guard = await gate.guard()
    await guard.page.clock.set_fixed_time("2020-02-24T03:00:00Z")  # two hours ahead
    await guard.page.goto(
        f"/guard/#code={await gate.town.code()}"
    )  # as a phone opens the enrolment's QR code
    await expect(guard.page.locator("#skew")).to_contain_text("09:00", timeout=20_000)
    assert "code" not in guard.page.url
    await guard.check(wang.token)
    await guard.face("admit")
    [row] = await gate.town.rows("select time_trusted from entry_check")
    assert row["time_trusted"]
