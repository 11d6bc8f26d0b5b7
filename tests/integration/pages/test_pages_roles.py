"""Every page x every role: a session opens what the API opens to the same person, and nothing else (F17)."""

import httpx
import pytest

from deploy.local.issuer import Account
from services.reporting.access import ACCESS
from shared.http.access import STAFF, Role
from shared.pages.doors import DOORS
from tests.integration.pages.conftest import HTML, Desk

pytestmark = pytest.mark.requirement("F17")

OWN = [door for door in DOORS if door.service == "reporting"]
PAGES = {
    cell: cell.removeprefix("GET ").format(
        name="gates",
        compound="lj-001",
        day="2020-02-24",
        unit="lj-001",
        finding_id="018f0000-0000-7000-8000-000000000001",
    )
    for cell in ACCESS
    if cell.startswith("GET ") and not cell.startswith("GET /v1/") and Role.PUBLIC not in ACCESS[cell]
}


@pytest.mark.parametrize("role", sorted(STAFF))
async def test_a_role_opens_exactly_the_pages_of_its_cells(desk: Desk, role: Role) -> None:
    token = desk.issuer.access_token(Account(subject="somebody", name="", role=role, scope="town"))
    signed = HTML | {"Authorization": f"Bearer {token}"}
    browser = desk.browser()
    assert len(PAGES) >= 9
    for cell, path in PAGES.items():
        answer = await browser.get(path, headers=signed)
        if role in ACCESS[cell]:
            assert answer.status_code in {200, 303, 404, 503}, (cell, answer.status_code)
        else:
            assert (answer.status_code, "没有权限" in answer.text) == (403, True), cell
        if answer.status_code == 200:
            shown = {door.path for door in OWN if f'href="{door.path}"' in answer.text}
            assert shown == {door.path for door in OWN if role in door.roles}


async def test_a_stranger_is_led_to_the_sign_in_from_every_page(desk: Desk) -> None:
    browser: httpx.AsyncClient = desk.browser()
    for path in PAGES.values():
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
