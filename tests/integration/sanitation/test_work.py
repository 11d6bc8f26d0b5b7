"""A worker's day: what is owed, airing, mask bins, and what a phone kept while it had no network."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.sanitation.test_rounds_over_http import log
from tests.integration.sanitation.world import Service

WORKER = ("sanitation_worker", "compound:lj-001")
PLACES = (("s001", "lift"), ("s002", "stairwell"), ("s003", "mask_bin"))


@pytest.fixture
async def places(sanitation: Service) -> Service:
    for code, kind in PLACES:
        site = {
            "code": f"lj-001-{code}",
            "compound": "lj-001",
            "kind": kind,
            "name": kind,
            "since": "2020-02-20",
        }
        assert (await sanitation.post("/v1/sites", site, "community_clerk")).status_code == 201
    return sanitation


def aired(began: str, minutes: int = 30, **changes: Any) -> dict[str, Any]:
    return {
        "ventilation_id": str(uuid4()),
        "site_code": "lj-001-s002",
        "began_at": f"2020-02-24T{began}:00+08:00",
        "minutes": minutes,
    } | changes


def emptied(clock: str, **changes: Any) -> dict[str, Any]:
    return {
        "collection_id": str(uuid4()),
        "site_code": "lj-001-s003",
        "emptied_at": f"2020-02-24T{clock}:00+08:00",
        "bags": 2,
        "agent": "chlorine_84",
    } | changes


@pytest.mark.requirement("R5.1", "R5.2", "R5.5")
async def test_a_work_sheet_tells_what_is_still_owed_and_what_is_mine(places: Service) -> None:
    before = (await places.get("/v1/work-sheets", *WORKER, compound="lj-001")).json()
    assert [(one["site_code"][-4:], one["shortfall"], one["airings_owed"]) for one in before["tasks"]] == [
        ("s001", 2, None),
        ("s002", 2, 2),
        ("s003", 2, None),
    ]
    assert [(one["site_code"], one["overdue"]) for one in before["mask_bins"]] == [("lj-001-s003", True)]
    assert (before["tasks"][0]["concentration_from_mg_l"], before["tasks"][0]["next_from"]) == (250, None)

    for body in (log(), log(done_at="2020-02-24T04:00:00+08:00"), log(site_code="lj-001-s002")):
        await places.post("/v1/rounds", body, *WORKER)
    first = await places.post("/v1/ventilations", body := aired("07:00"), *WORKER)
    again = await places.post("/v1/ventilations", body, *WORKER)
    other = await places.post("/v1/ventilations", body | {"minutes": 31}, *WORKER)
    still_open = await places.post("/v1/ventilations", aired("08:40"), *WORKER)
    await places.post("/v1/ventilations", aired("06:00", 10), *WORKER)  # too short to count
    late = await places.post("/v1/ventilations", aired("06:30", source="late_entry"), *WORKER)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    codes = [(one.status_code, one.json()["code"]) for one in (other, still_open, late)]
    assert codes == [
        (422, "same_id_other_content"),
        (422, "in_the_future"),
        (422, "explanation_missing"),
    ]
    bin_ = await places.post("/v1/mask-bin-collections", body := emptied("08:00"), *WORKER)
    assert (bin_.status_code, (await places.post("/v1/mask-bin-collections", body, *WORKER)).status_code) == (
        201,
        200,
    )
    no_bin = await places.post("/v1/mask-bin-collections", emptied("08:00", site_code="lj-001-s001"), *WORKER)
    assert (no_bin.status_code, no_bin.json()["code"]) == (422, "not_a_mask_bin")

    after = (await places.get("/v1/work-sheets", *WORKER, compound="lj-001")).json()
    assert [(one["site_code"][-4:], one["shortfall"], one["airings_owed"]) for one in after["tasks"]] == [
        ("s002", 1, 1),
        ("s003", 2, None),
    ]
    assert after["tasks"][0]["next_from"] == "2020-02-24T04:30:00Z"
    assert (after["mask_bins"], after["mine"]) == (
        [],
        {"rounds": 3, "airings": 2, "pickup_acts": 0, "mask_bins": 1},
    )
    days = (await places.get("/v1/work-history", *WORKER)).json()["days"]
    assert (len(days), days[-1]["rounds"], days[-1]["airings"], days[0]["rounds"]) == (14, 3, 2, 0)
    bins = (await places.get("/v1/mask-bins", "supervisor", compound="lj-001")).json()["items"]
    assert [(one["due_at"], one["overdue"]) for one in bins] == [("2020-02-25T00:00:00Z", False)]
    assert len(await places.published("VentilationLogged")) == 2
    assert len(await places.published("MaskBinEmptied")) == 1


@pytest.mark.requirement("R5.1")
async def test_a_phones_queue_comes_in_item_by_item_and_twice_changes_nothing(places: Service) -> None:
    queue: list[Any] = [
        {"kind": "round", **log(done_at="2020-02-24T02:00:00+08:00")},
        {"kind": "round", **log(done_at="2020-02-24T02:05:00+08:00")},
        {"kind": "ventilation", **aired("07:00")},
        {"kind": "mask_bin", **emptied("08:00")},
        {"kind": "round", **log(site_code="lj-002-s001")},
        {"kind": "round", **log(concentration_mg_l=None)},
        {"kind": "round", **log(), "remark": "x"},
        {"kind": "unheard_of"},
        "nothing",
        {"kind": "pickup_step", "act_id": str(uuid4()), "pickup_id": str(uuid4()), "step": "sealed"}
        | {"done_at": "2020-02-24T08:00:00+08:00"},
    ]

    first = (await places.post("/v1/logs/batch", {"logs": queue}, *WORKER)).json()["items"]
    second = (await places.post("/v1/logs/batch", {"logs": queue}, *WORKER)).json()["items"]

    assert [(one["status"], one["code"], one["counts"]) for one in first] == [
        ("created", None, True),
        ("created", None, False),
        ("created", None, None),
        ("created", None, None),
        ("rejected", "site_unknown", None),
        ("rejected", "incomplete", None),
        ("rejected", "invalid_request", None),
        ("rejected", "invalid_request", None),
        ("rejected", "invalid_request", None),
        ("rejected", "pickup_unknown", None),
    ]
    assert [one["status"] for one in second] == ["exists"] * 4 + ["rejected"] * 6
    assert [one["id"] for one in first][:3] == [
        queue[0]["round_id"],
        queue[1]["round_id"],
        queue[2]["ventilation_id"],
    ]
    assert len(await places.published("RoundLogged")) == 2
    too_many = await places.post("/v1/logs/batch", {"logs": [{}] * 201}, *WORKER)
    foreign = await places.post("/v1/logs/batch", {"logs": queue[:1]}, "sanitation_worker", "compound:lj-002")
    assert too_many.status_code == 422
    assert [one["code"] for one in foreign.json()["items"]] == ["out_of_scope"]
