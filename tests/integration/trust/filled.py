"""One thing of every kind that a service keeps, so that its cells are tried with objects that are there."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from services.observation.handlers.patterns import derive_due
from services.sanitation.tickers import fetch_due
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.integration.gate.duty import Post
from tests.integration.gate.town import GateTown
from tests.integration.observation import test_observation_doors as doors
from tests.integration.observation import test_questionnaires as questionnaires
from tests.integration.observation.conftest import Desk as Observing
from tests.integration.registry import test_call_list as call_list
from tests.integration.registry import test_intake_tasks as intake_tasks
from tests.integration.registry import test_merges as merges
from tests.integration.registry import test_vehicles as vehicles
from tests.integration.registry import test_watch_lists as watch_lists
from tests.integration.registry import test_workers_and_posts as staff
from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.registry.households import Households
from tests.integration.registry.surveying import form, hand_in, member
from tests.integration.sanitation import test_photos as photos
from tests.integration.sanitation import test_site_import as sites
from tests.integration.sanitation import test_spot_checks_and_reports as looked_at
from tests.integration.sanitation import test_waste as waste
from tests.integration.sanitation.world import Service

BUSINESS: dict[str, Any] = {
    "version": 0,
    "name": "云桥便利店",
    "kind": "shop",
    "address": "云桥路 1 号 门面 3",
    "contact": {"name": "慕容听雨", "phone": "19988887777"},
}


async def fill_registry(desk: Desk, resident: UUID, round_id: str) -> None:
    """Lists, calls, staff, a shop, a vehicle with its pass, a form, a merge and a task, all at `lj-001`."""
    listed = await watch_lists.begin(desk)
    sheet = watch_lists.sheet(watch_lists.line("沈白芷", phone="19955550001"))
    _made(await watch_lists.send(desk, listed, sheet))
    await call_list.add(desk, call_list.someone())
    worker = await staff.worker(desk, "W0001")
    _made(await staff.post(desk, worker))
    claim = {
        "claim_id": str(uuid4()),
        "worker_ref": worker,
        "place_kind": "grid",
        "place": "lj-001-w02",
        "kind": "volunteer",
        "from_day": "2020-02-24",
    }
    _made(await desk.post("/v1/compounds/lj-001/claims", claim, ("grid_worker", "compound:lj-001")))
    shop = f"/v1/compounds/lj-001/businesses/{uuid4()}"
    _made(await staff.put(desk, shop, BUSINESS, CLERK))
    gate = {"checkpoint_id": "lj-001-n", "name": "北门", "traffic": "mixed", "opened_on": "2020-02-24"}
    _made(await desk.post("/v1/compounds/lj-001/checkpoints", gate, OFFICER))
    _made(await vehicles.ask(desk, await vehicles.registered(desk, resident)))
    houses = await Households.of(desk)
    await hand_in(desk, form(round_id, houses.at["5幢"], members=[member(desk)]))
    kept, merged = await merges.two_records(houses, second_at="4幢")
    _made(await merges.merge(houses, kept, merged))
    await desk.hear(intake_tasks.first_return(desk, resident))


async def fill_gate(town: GateTown) -> UUID:
    """A shift that somebody is planned for; its id."""
    post = Post(town=town, planner=town.client.as_role("community_clerk"))
    return await post.plan(await post.worker(), "02-24 10:00", "02-24 18:00")


async def fill_observation(desk: Observing, door: str) -> None:
    """An opened door, a list from outside, and declarations that look made up."""
    desk.move(NINE.date(), "12:00:00")
    _made(await doors.signal(desk, door, "11:00:00"))
    _made(await questionnaires.hand_in(desk, questionnaires.listed(questionnaires.row(0))))
    made_up = await desk.open_case()
    for number in range(1, 5):
        desk.move(NINE.date() + timedelta(days=number), "07:00:13")
        await desk.declare(made_up, 36.6)
        await derive_due(desk.database, desk.client.context.vault)
    desk.client.move_to(NINE)


async def fill_sanitation(service: Service, site: str, venue: str) -> None:
    """A round with a photo, isolation waste to be fetched, a report, a list, a closure and an approval."""
    _made(await service.send_photo(photos.picture()))
    _made(await service.post("/v1/rounds", photos.log(site_code=site), "sanitation_worker"))
    await waste.begin(service, "02-24T08:00")
    await fetch_due(service.context.database)
    reported = looked_at.report(site_code=site)
    _made(await service.client.http.post("/v1/site-reports", json=reported))
    _made(await service.send_list(sites.site_list(sites.site_line(1))))
    closure = {"closure_id": str(uuid4()), "from_day": "2020-02-24", "reason": "repair", "note": "曳引机更换"}
    _made(await service.post(f"/v1/sites/{site}/closures", closure, "community_clerk"))
    approval = {
        "approval_id": str(uuid4()),
        "from_day": "2020-02-24",
        "last_day": "2020-02-25",
        "reason": "已备案，限流开放",
    }
    _made(await service.post(f"/v1/venues/{venue}/approvals", approval, "hq_officer"))


def _made(answer: Response) -> None:
    assert answer.status_code in {200, 201, 202}, answer.text
