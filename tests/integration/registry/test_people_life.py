"""Life goes on: births, deaths, moves, departures, new tenants; each told, with what follows, and undone."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.desk import Desk
from tests.integration.registry.households import GRID, Households

RESIDENCES = """
select person_ref, dwelling_id, relation, resident, registered_on, ended_on, surname_index, identity_index,
  content_index from residence order by person_ref, dwelling_id
"""
YE: dict[str, Any] = {"name": "叶知秋", "sex": "male", "born": "1985-03-12"}
PASSES = "select pass_id, person_ref, compound_id, state, reason from entry_pass order by pass_id"


@pytest.fixture
async def houses(desk: Desk) -> Households:
    return await Households.of(desk)


async def _pass(houses: Households, person: str, compound: str = "lj-001") -> str:
    body = {"request_id": str(uuid4()), "person_ref": person, "compound": compound}
    answer = await houses.desk.post("/v1/passes", body, ("community_clerk", "town"))
    assert answer.status_code == 201, answer.text
    given: str = answer.json()["pass_id"]
    return given


async def _state(houses: Households, pass_id: str) -> tuple[str, str | None]:
    told = (await houses.desk.get(f"/v1/passes/{pass_id}", ("community_clerk", "town"))).json()
    return told["state"], told["reason"]


@pytest.mark.requirement("Data and law")
async def test_a_move_to_another_compound_takes_the_old_pass_and_is_told_once(houses: Households) -> None:
    person, stays = await houses.register(at="1幢"), await houses.register(at="1幢", name="叶知秋")
    old = await _pass(houses, person)
    done = await houses.done(
        "/v1/moves", people=[person], to=houses.at["x1幢"], relation="tenant", moved_on="2020-02-24"
    )
    assert done["people"] == [person]
    assert await _state(houses, old) == ("revoked", "moved_away")
    assert (await houses.homes_told())[person] == ("lj-002", True)
    assert await houses.members("1幢") == [stays]
    assert await houses.members("x1幢") == [person]
    [ended] = await houses.desk.told("ResidenceEnded")
    assert (ended["reason"], ended["new_compound"], ended["new_grid"]) == ("moved", "lj-002", "lj-002-w01")
    registered = [one for one in await houses.desk.told("PersonRegistered") if one["person_ref"] == person]
    assert [one["version"] for one in registered] == [1, ended["version"] + 1]
    card = [one for one in await houses.desk.told("SubjectCardSealed") if one["person_ref"] == person][-1]
    assert card["compound"] == "lj-002"
    assert [home["room"] for home in (await houses.person(person))["homes"]] == ["1幢-101"]
    assert await _pass(houses, person, "lj-002") != old


async def test_a_household_splits_and_only_who_moves_leaves(houses: Households) -> None:
    one = await houses.register(at="1幢", relation="owner")
    other = await houses.register(at="1幢", name="叶知秋", relation="dependant")
    child = await houses.register(at="1幢", name="司徒小", relation="dependant")
    kept = await _pass(houses, other)
    await houses.done(
        "/v1/moves",
        people=[other, child],
        left=houses.at["1幢"],
        to=houses.at["2幢"],
        relation="tenant",
        moved_on="2020-02-24",
    )
    assert await houses.members("1幢") == [one]
    assert await houses.members("2幢") == sorted([other, child])
    assert await _state(houses, kept) == ("active", None)  # the same compound


@pytest.mark.scenario("P4")
async def test_an_owner_who_leaves_the_town_stays_the_owner_and_gets_no_pass(houses: Households) -> None:
    owner, lodger = (
        await houses.register(at="1幢", relation="owner"),
        await houses.register(at="1幢", name="叶知秋"),
    )
    pass_id = await _pass(houses, owner)
    await houses.done("/v1/departures", people=[owner, lodger], left_on="2020-02-24")
    assert await _state(houses, pass_id) == ("revoked", "moved_away")
    assert await houses.homes_told() == {owner: ("lj-001", False), lodger: None}
    assert await houses.members("1幢") == []
    cards = {one["person_ref"]: one["card"] for one in await houses.desk.told("SubjectCardSealed")}
    assert cards == {owner: None, lodger: None}
    gone = await houses.act("/v1/departures", people=[lodger], left_on="2020-02-24")
    assert (gone.status_code, gone.json()["code"]) == (409, "lives_nowhere")


async def test_new_tenants_come_with_a_baby_and_the_old_ones_leave(houses: Households) -> None:
    owner = await houses.register(at="1幢", relation="owner", resident=False)
    old = await houses.register(at="1幢")
    pass_id = await _pass(houses, old)
    arriving: list[dict[str, Any]] = [
        {
            "name": "叶知秋",
            "documents": [{"kind": "passport", "number": "ZX0100002"}],
            "sex": "male",
            "born": "1985-03-12",
        },
        {"name": "叶小满", "sex": "female", "born": "2020-02-01", "relation": "dependant", "guardian": 0},
    ]
    done = await houses.done(
        f"/v1/dwellings/{houses.at['1幢']}/tenancy", GRID, changed_on="2020-02-24", arriving=arriving
    )
    new = sorted(set(done["people"]) - {old})
    assert len(new) == 2
    assert owner not in done["people"]
    assert await houses.members("1幢") == new
    assert (await houses.homes_told())[old] is None
    assert await _state(houses, pass_id) == ("revoked", "moved_away")
    before = await houses.count("person")
    await houses.undo(done)
    assert await houses.members("1幢") == [old]
    assert await _state(houses, pass_id) == ("active", None)
    told = await houses.homes_told()
    assert told[old] == ("lj-001", True)
    assert [told[ref] for ref in new] == [None, None]
    assert await houses.count("person") == before  # nobody is lost; they may be registered again
    [again] = [
        await houses.ask_register(at="2幢", **{k: v for k, v in arriving[0].items() if k != "guardian"})
    ]
    assert (again.status_code, again.json()["person_ref"] in new) == (200, True)


async def test_a_mistaken_death_is_undone_and_everything_is_as_it_was(houses: Households) -> None:
    person = await houses.register(
        homes=[
            {"dwelling_id": houses.at["1幢"], "relation": "tenant"},
            {"dwelling_id": houses.at["2幢"], "relation": "owner", "resident": False},
        ]
    )
    await _pass(houses, person)
    residences, passes = await houses.desk.rows(RESIDENCES), await houses.desk.rows(PASSES)
    done = await houses.done(f"/v1/people/{person}/death", died_on="2020-02-24", reason="医院通知")
    assert [row["state"] for row in await houses.desk.rows(PASSES)] == ["revoked"]
    assert [row["reason"] for row in await houses.desk.rows(PASSES)] == ["deceased"]
    assert (await houses.homes_told())[person] is None
    assert len(await houses.desk.told("ResidenceEnded")) == 2
    for path, body in (
        (
            "/v1/moves",
            {"people": [person], "to": houses.at["3幢"], "relation": "tenant", "moved_on": "2020-02-24"},
        ),
        (f"/v1/people/{person}/death", {"died_on": "2020-02-24"}),
        ("/v1/departures", {"people": [person], "left_on": "2020-02-24"}),
    ):
        refused = await houses.act(path, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "person_deceased")
    await houses.undo(done, "同名误登")
    assert await houses.desk.rows(RESIDENCES) == residences
    assert await houses.desk.rows(PASSES) == passes
    assert (await houses.homes_told())[person] == ("lj-001", True)
    assert (await houses.person(person))["died_on"] is None
    reinstated = await houses.desk.told("EntryPassReinstated")
    assert [one["version"] for one in reinstated] == [3]
    restored = await houses.desk.told("ResidenceRestored")
    homes = await houses.desk.rows("select dwelling_id::text from residence where resident order by 1")
    assert sorted(one["dwelling_id"] for one in restored) == [row["dwelling_id"] for row in homes]
    assert {one["person_ref"] for one in restored} == {person}
    twice = await houses.act(f"/v1/people-changes/{done['change_id']}/undo", reason="再次")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_undoable")


async def test_a_pass_comes_back_suspended_when_an_observation_began_meanwhile(houses: Households) -> None:
    desk = houses.desk
    person = await houses.register(at="1幢")
    pass_id = await _pass(houses, person)
    done = await houses.done("/v1/departures", people=[person], left_on="2020-02-24")
    case: dict[str, Any] = {
        "person_ref": person,
        "compound": "lj-001",
        "dwelling_id": houses.at["1幢"],
        "grid": "lj-001-w01",
        "category": "other",
        "measure": "home_self_monitoring",
        "anchor_date": "2020-02-24",
        "last_day": "2020-03-09",
        "policy_version": 1,
    }
    await desk.hear(desk.started(case))
    await houses.undo(done)
    assert await _state(houses, pass_id) == ("suspended", "under_observation")


async def test_later_acts_are_undone_first(houses: Households) -> None:
    person = await houses.register(at="1幢")
    move: dict[str, Any] = {"people": [person], "relation": "tenant", "moved_on": "2020-02-24"}
    before = await houses.desk.rows(RESIDENCES)
    first = await houses.done("/v1/moves", to=houses.at["2幢"], **move)
    second = await houses.done("/v1/moves", to=houses.at["1幢"], **move)
    refused = await houses.act(f"/v1/people-changes/{first['change_id']}/undo", reason="登记有误")
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_since")
    await houses.undo(second)
    await houses.undo(first)
    assert await houses.desk.rows(RESIDENCES) == before
    assert await houses.count("residence_period") == 0
    assert (await houses.homes_told())[person] == ("lj-001", True)


async def test_the_old_list_does_not_bring_back_who_moved_away(houses: Households) -> None:
    """What says the same as before is old news; what says more begins another stay, and the first is kept."""
    stated: dict[str, Any] = {**YE, "documents": [{"kind": "passport", "number": "ZX0100001"}]}
    home: dict[str, Any] = {
        "dwelling_id": houses.at["1幢"],
        "relation": "tenant",
        "registered_on": "2020-02-10",
    }
    person = await houses.register(homes=[home], **stated)
    await houses.done("/v1/departures", people=[person], left_on="2020-02-20")
    await houses.register(homes=[home], **stated)
    assert await houses.members("1幢") == []
    await houses.register(homes=[{**home, "registered_on": "2020-02-24"}], **stated)
    assert await houses.members("1幢") == [person]
    kept = await houses.desk.rows("select registered_on, ended_on from residence_period")
    assert [(str(row["registered_on"]), str(row["ended_on"])) for row in kept] == [
        ("2020-02-10", "2020-02-20")
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/people/{person}/death", {"died_on": "2020-02-25"}, 422, "date_in_future"),
        ("/v1/people/{person}/death", {"died_on": "1990-03-06"}, 422, "date_too_early"),
        ("/v1/departures", {"people": ["{person}"], "left_on": "2020-02-19"}, 422, "date_too_early"),
        ("/v1/departures", {"people": ["{person}"], "left_on": "2020-02-25"}, 422, "date_in_future"),
        ("/v1/departures", {"people": [], "left_on": "2020-02-24"}, 422, "invalid"),
        (
            "/v1/moves",
            {"people": ["{person}"], "to": "{1幢}", "relation": "tenant", "moved_on": "2020-02-24"},
            409,
            "lives_there_already",
        ),
        (
            "/v1/moves",
            {
                "people": ["{person}"],
                "to": "{2幢}",
                "left": "{3幢}",
                "relation": "tenant",
                "moved_on": "2020-02-24",
            },
            409,
            "lives_nowhere",
        ),
        (
            "/v1/moves",
            {"people": ["{person}"], "to": "{person}", "relation": "tenant", "moved_on": "2020-02-24"},
            422,
            "dwelling_unknown",
        ),
        ("/v1/people-changes/{person}/undo", {"reason": "误"}, 404, "change_unknown"),
    ],
)
async def test_what_cannot_have_happened_is_refused_and_changes_nothing(
    houses: Households, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    home: dict[str, Any] = {
        "dwelling_id": houses.at["1幢"],
        "relation": "tenant",
        "registered_on": "2020-02-20",
    }
    person = await houses.register(homes=[home])
    before = await houses.desk.rows(RESIDENCES), len(await houses.desk.rows("select id from outbox"))

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        for mark, meant in {
            "{person}": person,
            **{f"{{{at}}}": ref for at, ref in houses.at.items()},
        }.items():
            value = value.replace(mark, meant)
        return value

    refused = await houses.act(filled(path), **{name: filled(value) for name, value in body.items()})
    assert refused.status_code == status, refused.text
    assert code in refused.json()["code"]
    assert (
        await houses.desk.rows(RESIDENCES),
        len(await houses.desk.rows("select id from outbox")),
    ) == before


async def test_how_a_dwelling_is_used_is_said_and_taken_back(houses: Households) -> None:
    done = await houses.done(f"/v1/dwellings/{houses.at['1幢']}/occupancy", GRID, occupancy="empty")
    assert (await houses.desk.told("HouseholdChanged"))[-1]["occupancy"] == "empty"
    other = ("community_clerk", "compound:lj-002")
    refused = await houses.act(f"/v1/people-changes/{done['change_id']}/undo", other, reason="误")
    assert refused.status_code == 403
    await houses.undo(done)
    assert (await houses.desk.told("HouseholdChanged"))[-1]["occupancy"] == "let"


async def test_the_dead_are_not_brought_back_by_a_list_or_at_the_counter(houses: Households) -> None:
    stated: dict[str, Any] = {**YE, "documents": [{"kind": "passport", "number": "ZX0100001"}]}
    person = await houses.register(at="1幢", **stated)
    await houses.done(f"/v1/people/{person}/death", died_on="2020-02-24")
    refused = await houses.ask_register(at="2幢", **stated)
    assert (refused.status_code, refused.json()["code"]) == (409, "person_deceased")
    assert await houses.count("person") == 1
