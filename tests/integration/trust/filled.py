"""One thing of almost every kind that the registry keeps, so that its cells are tried with objects that are there."""

from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from tests.integration.registry import test_call_list as call_list
from tests.integration.registry import test_intake_tasks as intake_tasks
from tests.integration.registry import test_merges as merges
from tests.integration.registry import test_vehicles as vehicles
from tests.integration.registry import test_watch_lists as watch_lists
from tests.integration.registry import test_workers_and_posts as staff
from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.registry.households import Households
from tests.integration.registry.surveying import form, hand_in, member

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


def _made(answer: Response) -> None:
    assert answer.status_code in {200, 201, 202}, answer.text
