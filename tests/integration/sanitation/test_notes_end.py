"""What was written about things goes the policy's days after they are over; what was done and found stays."""

from datetime import timedelta

import pytest

from services.sanitation.handlers.retention import forget_notes
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.sanitation.supervision import act, inspection
from tests.integration.sanitation.test_venues_and_orders import HQ, NINE, SUPERVISOR, cards_room
from tests.integration.sanitation.world import Service

NOTE = "门内有人打牌，共四桌"
DAYS = "update policy_version set document = jsonb_set(document, '{retention,note_days}', '90')"


@pytest.mark.requirement("Data and law")
async def test_words_of_an_inspection_go_by_days_and_those_of_an_order_once_it_is_settled(
    sanitation: Service,
) -> None:
    database = sanitation.context.database
    body = inspection("venue", await cards_room(sanitation), NINE, found="open", note=NOTE)
    found = (await sanitation.post("/v1/inspections", body, SUPERVISOR)).json()
    paths = (f"/v1/inspections/{found['inspection_id']}", f"/v1/orders/{found['orders'][0]}")

    async def notes() -> list[str | None]:
        return [(await sanitation.get(path, HQ)).json()["note"] for path in paths]

    sanitation.client.move_to(NINE_ON_THE_24TH + timedelta(days=91))
    assert await forget_notes(database) == 0  # the policy says nothing of notes
    async with database.begin() as tx:
        await tx.execute(DAYS)
    sanitation.client.move_to(NINE_ON_THE_24TH + timedelta(days=90))
    assert (await forget_notes(database), await notes()) == (0, [NOTE, NOTE])
    sanitation.client.move_to(NINE_ON_THE_24TH + timedelta(days=91))
    assert (await forget_notes(database), await notes()) == (1, [None, NOTE])

    ended = await sanitation.post(
        f"{paths[1]}/settlements", act(outcome="withdrawn", note="登记有误，不是棋牌室"), HQ
    )
    assert ended.status_code == 201, ended.text
    assert await forget_notes(database) == 0
    sanitation.client.move_to(NINE_ON_THE_24TH + timedelta(days=182))
    assert (await forget_notes(database), await forget_notes(database)) == (2, 0)
    order = (await sanitation.get(paths[1], HQ)).json()
    assert (order["note"], order["state"]) == (None, "withdrawn")
    assert [(one["kind"], one["note"]) for one in order["acts"]] == [("withdrawn", None)]
