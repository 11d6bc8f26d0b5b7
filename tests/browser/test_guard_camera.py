"""The camera's way: a printed pass, held askew in bad light, before a real Chromium with a fake camera."""

import io
from pathlib import Path

import pytest
import segno
from PIL import Image, ImageEnhance
from playwright.async_api import Browser, Playwright, async_playwright

from deploy.local import browser as browsers
from tests.browser.checkpoint import Checkpoint
from tests.browser.test_guard_page import CHECKS

FRAMES = 30
SIZE = (640, 480)


def printed(token: str) -> Image.Image:
    """The pass's code as it stands on paper."""
    drawn = io.BytesIO()
    segno.make_qr(token, error="m").save(drawn, kind="png", scale=5, border=4)
    return Image.open(drawn).convert("L")


def before_the_camera(paper: Image.Image, *, tilt: float, light: float, path: Path) -> None:
    """The paper held askew in that much light, as a camera delivers it: MJPEG, the hand not quite still."""
    frames = []
    for nth in range(FRAMES):
        scene = Image.new("L", SIZE, 110)
        turned = paper.resize((300, 300)).rotate(
            tilt + nth % 3, expand=True, fillcolor=110, resample=Image.Resampling.BICUBIC
        )
        scene.paste(turned, ((SIZE[0] - turned.width) // 2 + nth % 4, (SIZE[1] - turned.height) // 2))
        encoded = io.BytesIO()
        ImageEnhance.Brightness(scene).enhance(light).convert("RGB").save(encoded, format="JPEG", quality=70)
        frames.append(encoded.getvalue())
    path.write_bytes(b"".join(frames))


@pytest.mark.parametrize(("tilt", "light"), [(0, 1.0), (17, 0.35)])
async def test_the_camera_reads_a_pass_that_is_held_askew_in_bad_light(
    gate: Checkpoint, tmp_path: Path, tilt: float, light: float
) -> None:
    wang = await gate.town.resident()
    film = tmp_path / "pass.mjpeg"
    before_the_camera(printed(wang.token), tilt=tilt, light=light, path=film)
    async with async_playwright() as playwright:
        camera = await with_camera(playwright, film)
        guard = await gate.enrolled(browser=camera, permissions=["camera"])
        await guard.touch("#camera-on")
        await guard.page.locator("#reading").wait_for()
        await guard.shot(f"14-camera-{tilt}")
        await guard.keys("365")
        await guard.touch("#mask-on")
        await guard.face("admit")
        await guard.touch("#next")
        await guard.page.locator(".picture").wait_for()
        await guard.shot(f"15-finder-{tilt}")
        # The pass is still held out: that is no second entry.
        assert [row["verdict"] for row in await gate.town.rows(CHECKS)] == ["admit"]
        await camera.close()


async def with_camera(playwright: Playwright, film: Path) -> Browser:
    """A Chromium whose camera shows a film, over and over."""
    return await playwright.chromium.launch(
        executable_path=str(browsers.ensure()),
        args=[
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
