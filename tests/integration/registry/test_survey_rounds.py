"""Survey rounds: the address list is the denominator, and a round ends with open dwellings only for a reason."""

import asyncio
from uuid import uuid4

import pytest

from services.registry.domain.premises import AddressKey, Dwelling, Occupancy
from services.registry.store import premises
from services.registry.tickers import show_figures
from shared.kernel.ids import CompoundId, GridId, uuid7
from shared.testing.figures import figure
from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.registry.surveying import GRID, OTHER_GRID, coverage, open_round, targets

AREA = {"total": ("dwellings", "final", "remaining", "percent", "not_visited")}


async def build(desk: Desk, *rooms: str, compound: str = "lj-001", grid: str = "lj-001-w01") -> None:
    async with desk.database.begin(actor="test") as tx:
        await premises.add_dwellings(
            tx,
            [
                (
                    uuid7(),
                    Dwelling(
                        key=AddressKey(CompoundId(compound), "11幢", "1单元", room),
                        grid_id=GridId(grid),
                        address=f"云桥路 1 号 11 幢 1 单元 {room} 室",
                        occupancy=Occupancy.LET,
                    ),
                )
                for room in rooms
            ],
        )


@pytest.mark.requirement("R4.1")
async def test_every_dwelling_is_asked_also_those_that_are_added_meanwhile(desk: Desk) -> None:
    made = await open_round(desk)
    assert (made["state"], made["number"], made["open_dwellings"]) == ("open", 1, None)
    [event] = await desk.told("SurveyRoundOpened")
    assert (event["compounds"], event["dwellings"]) == (["lj-001"], {"lj-001": 10})
    told = await coverage(desk, made["round_id"])
    assert {name: told["total"][name] for name in AREA["total"]} == {
        "dwellings": 10,
        "final": 0,
        "remaining": 10,
        "percent": "0.0",
        "not_visited": 10,
    }
    await build(desk, "101", "102")
    await build(desk, "101", compound="lj-002", grid="lj-002-w01")  # no round there
    told = await coverage(desk, made["round_id"], by="grid")
    assert told["total"]["dwellings"] == 12
    assert [(line["compound"], line["place"], line["dwellings"]) for line in told["lines"]] == [
        ("lj-001", "lj-001-w01", 7),
        ("lj-001", "lj-001-w02", 5),
    ]
    for by, places in (("neighbourhood", ["yq"]), ("town", ["town"]), ("compound", ["lj-001"])):
        assert [line["place"] for line in (await coverage(desk, made["round_id"], by=by))["lines"]] == places
    await show_figures(desk.database)
    assert figure("registry_survey_households", compound="lj-001", state="open") == 12
    buildings = (await coverage(desk, made["round_id"], by="building"))["lines"]
    assert [line["place"] for line in buildings] == [f"{n}幢" for n in range(1, 12)]


@pytest.mark.requirement("R4.1")
async def test_a_grid_worker_sees_the_open_dwellings_of_their_grid(desk: Desk) -> None:
    made = await open_round(desk)
    mine = await targets(desk, made["round_id"], GRID, state="open")
    assert [one["room"] for one in mine] == [f"{n}幢-2-501" for n in range(1, 6)]
    assert {(one["state"], one["grid"], one["attempts"]) for one in mine} == {("open", "lj-001-w01", 0)}
    theirs = await targets(desk, made["round_id"], OTHER_GRID)
    assert [one["building"] for one in theirs] == [f"{n}幢" for n in range(6, 11)]
    assert len(await targets(desk, made["round_id"], CLERK)) == 10
    assert len(await targets(desk, made["round_id"], CLERK, grid="lj-001-w02", building="7幢")) == 1
    path = f"/v1/survey-rounds/{made['round_id']}/dwellings"
    other = await desk.get(path, GRID, compound="lj-001", grid="lj-001-w02")
    assert (other.status_code, other.json()["code"]) == (403, "out_of_scope")
    first = await desk.get(path, CLERK, compound="lj-001", limit=4)
    rest = await desk.get(path, CLERK, compound="lj-001", limit=6, after=first.json()["next"])
    rooms = [one["room"] for page in (first, rest) for one in page.json()["items"]]
    assert rooms == [f"{n}幢-2-501" for n in range(1, 11)]
    assert rest.json()["next"] is None
    assert (await coverage(desk, made["round_id"], who=GRID))["total"]["dwellings"] == 5
    elsewhere = ("community_clerk", "compound:lj-002")
    hidden = await desk.get(f"/v1/survey-rounds/{made['round_id']}", elsewhere)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "round_unknown")
    assert (await desk.get("/v1/survey-rounds", elsewhere)).json()["items"] == []
    assert len((await desk.get("/v1/survey-rounds", GRID, state="open")).json()["items"]) == 1


@pytest.mark.requirement("R4.1")
async def test_a_round_with_open_dwellings_ends_only_for_a_reason_and_shows_them(desk: Desk) -> None:
    made = await open_round(desk)
    path = f"/v1/survey-rounds/{made['round_id']}/closure"
    refused = await desk.post(path, {}, OFFICER)
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_required")
    assert refused.json()["open_dwellings"] == 10
    assert (await desk.post(path, {"reason": "下一轮"}, CLERK)).status_code == 403
    over = await desk.post(path, {"reason": "下一轮明日开始"}, OFFICER)
    assert (over.status_code, over.json()["state"], over.json()["open_dwellings"]) == (200, "closed", 10)
    assert (await desk.post(path, {"reason": "下一轮明日开始"}, OFFICER)).json() == over.json()
    other = await desk.post(path, {"reason": "别的"}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (409, "round_closed")
    [event] = await desk.told("SurveyRoundClosed")
    assert (event["open_dwellings"], event["dwellings"], event["version"]) == (10, {"lj-001": 10}, 2)
    await build(desk, "101")
    assert (await coverage(desk, made["round_id"]))["total"]["dwellings"] == 10
    again = await open_round(desk, number=2)
    assert (await coverage(desk, again["round_id"]))["total"]["dwellings"] == 11


async def test_two_rounds_never_ask_one_compound_at_once(desk: Desk) -> None:
    bodies = [
        {"round_id": str(uuid4()), "number": n, "compounds": ["lj-001"], "due_on": "2020-02-28"}
        for n in range(1, 7)
    ]
    answers = await asyncio.gather(*(desk.post("/v1/survey-rounds", body, OFFICER) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {
        "round_open_already"
    }
    first = next(body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 201)
    again = await desk.post("/v1/survey-rounds", first, OFFICER)
    assert again.status_code == 200
    other = await desk.post("/v1/survey-rounds", first | {"due_on": "2020-02-29"}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    taken = await desk.post(
        "/v1/survey-rounds", first | {"round_id": str(uuid4()), "compounds": ["lj-002"]}, OFFICER
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "round_number_used")


async def test_a_round_that_cannot_be_is_refused(desk: Desk) -> None:
    body = {"round_id": str(uuid4()), "number": 1, "compounds": ["lj-001"], "due_on": "2020-02-28"}
    for change, code in (
        ({"compounds": []}, "invalid_request"),
        ({"compounds": ["lj-009"]}, "compound_unknown"),
        ({"due_on": "2020-02-23"}, "round_due_in_past"),
        ({"number": 0}, "invalid_request"),
        ({"round_id": "1"}, "invalid_request"),
        ({"extra": 1}, "invalid_request"),
    ):
        answer = await desk.post("/v1/survey-rounds", body | change, OFFICER)
        assert (answer.status_code, answer.json()["code"]) == (422, code), change
    assert await desk.rows("select 1 from survey_round") == []
    assert await desk.told("SurveyRoundOpened") == []
