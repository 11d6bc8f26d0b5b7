"""Links and sessions that no resident was given: none opens anything (F15)."""

import random
from collections import Counter

import pytest

from services.observation.domain.refusals import LinkUnknown
from services.observation.handlers.links import open_session
from tests.forging import MANY, SOME, SecretForger
from tests.integration.observation.conftest import Desk


async def opened_by(desk: Desk, number: int) -> list[str]:
    """Which forgeries open something: half of them links, past the route's pace, and half of them sessions."""
    cases = [await desk.open_case() for _ in range(3)]
    tokens = [await desk.link(case_id) for case_id in cases]
    opened = [(await desk.session(await desk.link(case_id))).json()["session"] for case_id in cases]
    me = "/v1/me/case"

    async def status(session: str) -> int:
        return (await desk.client.http.get(me, headers={"Authorization": f"Link {session}"})).status_code

    accepted = []
    for way, forgery in SecretForger(tokens, random.Random(17)).each(number // 2):
        try:
            async with desk.client.context.database.begin() as tx:
                await open_session(forgery, None, tx=tx)
        except LinkUnknown:
            continue
        accepted.append(f"link, {way}: {forgery}")
    told: Counter[int] = Counter()
    for way, forgery in SecretForger(opened, random.Random(18)).each(number // 2):
        code = await status(forgery)
        told[code] += 1
        if code != 401:
            accepted.append(f"session, {way}: {forgery}")
    assert [await status(session) for session in opened] == [200] * 3  # it does accept the others
    assert told.total() == number // 2
    return accepted


@pytest.mark.requirement("F15")
async def test_of_hundreds_of_forged_links_and_their_sessions_none_opens_anything(desk: Desk) -> None:
    assert await opened_by(desk, SOME) == []


@pytest.mark.release
@pytest.mark.requirement("F15")
async def test_of_ten_thousand_forged_links_and_their_sessions_none_opens_anything(desk: Desk) -> None:
    assert await opened_by(desk, MANY) == []
