"""Every page where work begins, as somebody sees it who needs large letters: a laptop's screen at 200 % zoom."""

import pytest

from shared.http.access import Role
from shared.pages.doors import DOORS, Door
from tests.browser.place import Headquarters, Place

pytestmark = pytest.mark.requirement("R7.1")

ZOOMED = {"width": 640, "height": 384, "device_scale_factor": 2}
"""1280 by 768 pixels at 200 %: half as many of the page's own."""
ROLES = (
    Role.HQ_OFFICER,
    Role.COMMUNITY_CLERK,
    Role.SANITATION_WORKER,
    Role.SUPERVISOR,
    Role.PROPERTY_MANAGER,
    Role.AUDITOR,
)


def shared_out(service: str) -> dict[Role, list[Door]]:
    """The doors of a service, each with the first of the roles that opens it."""
    found: dict[Role, list[Door]] = {}
    for door in DOORS:
        if door.service == service:
            found.setdefault(next(role for role in ROLES if role in door.roles), []).append(door)
    return found


async def through_all(place: Place, service: str) -> None:
    for role, doors in shared_out(service).items():
        async with place.window(role, face=service, **ZOOMED) as window:
            await window.accessible()
            await window.fits()
            for door in doors:
                await window.go(door.path)
                assert await window.page.locator("main h1").count() == 1, door.path
                await window.accessible()
                await window.fits()
                await window.shot(f"zoomed-{service}-{door.path[1:].replace('/', '-')}")


@pytest.mark.parametrize("service", ["registry", "observation", "sanitation"])
async def test_every_desk_works_at_twice_the_size(office: Place, service: str) -> None:
    await through_all(office, service)


async def test_paper_is_printed_in_the_projects_own_font(board: Headquarters) -> None:
    async with board.window() as window:
        await window.go("/board")
        await window.page.evaluate("document.fonts.load('1em \"fangkong\"', '防')")
        await window.page.emulate_media(media="print")
        tools = await window.context.new_cdp_session(window.page)
        await tools.send("DOM.enable")
        await tools.send("CSS.enable")
        root = (await tools.send("DOM.getDocument"))["root"]["nodeId"]
        head = await tools.send("DOM.querySelector", {"nodeId": root, "selector": "main h1"})
        used = await tools.send("CSS.getPlatformFontsForNode", {"nodeId": head["nodeId"]})
        assert [(font["familyName"], font["isCustomFont"]) for font in used["fonts"]] == [
            ("Fangkong Sans", True)
        ]


async def test_headquarters_work_at_twice_the_size(board: Headquarters) -> None:
    await through_all(board, "reporting")
