"""Policy versions, public figures and risk lists, through HTTP."""

import gzip
from datetime import date
from typing import Any

import pytest

from services.registry.handlers import risk
from services.registry.store import policy as policy_store
from tests.integration.registry.desk import CLERK, OFFICER, Desk

PUBLISHED = {"420000": "focus", "330300": "higher_risk", "411500": "concern"}


async def prepare_again(desk: Desk) -> None:
    for prepare in desk.client.service.prepare:
        await prepare()


@pytest.mark.requirement("R1.2")
async def test_the_first_start_puts_one_policy_in_force_and_a_second_start_changes_nothing(
    desk: Desk,
) -> None:
    before = await desk.rows("select count(*) from outbox")
    await prepare_again(desk)
    assert await desk.rows("select count(*) from outbox") == before
    told = await desk.told("PolicyRevised")
    assert [(event["version"], event["revised_by"]) for event in told] == [(1, "seed")]
    assert len(await desk.told("PassKeyAnnounced")) == 1
    current = await desk.get("/v1/policies/current")
    assert current.json()["document"]["temperature"]["fever_from_c"] == "37.3"


@pytest.mark.requirement("R1.2")
async def test_a_new_policy_holds_from_its_day_on(desk: Desk) -> None:
    document = (await desk.get("/v1/policies/1")).json()["document"]
    document["observation"]["days"] = 21
    body = {"version": 2, "effective_from": "2020-02-26", "document": document}
    answer = await desk.post("/v1/policies", body, OFFICER)
    assert (answer.status_code, answer.json()["revised_by"]) == (201, "test-hq_officer")
    again = await desk.post("/v1/policies", body, OFFICER)
    assert (again.status_code, again.json()) == (200, answer.json())
    async with desk.database.read() as conn:
        days = [await policy_store.policy_at(conn, date(2020, 2, day)) for day in (25, 26, 27)]
        assert await policy_store.policy_at(conn, date(2019, 12, 31)) is None
    assert [version.version for version in days if version] == [1, 2, 2]
    assert (await desk.get("/v1/policies/current")).json()["version"] == 1
    assert [event["version"] for event in await desk.told("PolicyRevised")] == [1, 2]


async def test_a_policy_is_refused_with_the_reason(desk: Desk) -> None:
    document = (await desk.get("/v1/policies/1")).json()["document"]

    async def refused(who: tuple[str, str] = OFFICER, **changes: Any) -> tuple[int, str]:
        body = {"version": 2, "effective_from": "2020-02-24", "document": document} | changes
        answer = await desk.post("/v1/policies", body, who)
        return answer.status_code, answer.json()["code"]

    assert await refused(CLERK) == (403, "role_not_allowed")
    assert await refused(("hq_officer", "compound:lj-001")) == (403, "out_of_scope")
    assert await refused(version=1) == (422, "same_id_other_content")
    assert await refused(version=5) == (409, "not_the_next_version")
    assert await refused(effective_from="2020-02-23") == (422, "effective_too_early")
    assert await refused(document=document | {"curfew": "22:00"}) == (422, "invalid_request")
    risk_rules = document["risk"] | {"concern_from": 1000}
    assert await refused(document=document | {"risk": risk_rules}) == (422, "policy_inconsistent")
    assert (await desk.get("/v1/policies/7")).json()["code"] == "version_unknown"
    assert len(await desk.told("PolicyRevised")) == 1


@pytest.mark.scenario("H5")
async def test_the_real_counts_of_24_february_are_loaded(desk: Desk) -> None:
    figures = {}
    for code in ("420100", "330300", "320500", "420000", "429004"):
        answer = await desk.get("/v1/case-counts", day="2020-02-24", code=code)
        figures[code] = answer.json()["confirmed"]
    assert figures == {"420100": 46_607, "330300": 504, "320500": 87, "420000": 64_786, "429004": 573}
    missing = await desk.get("/v1/case-counts", day="2020-06-01", code="420100")
    assert (missing.status_code, missing.json()["code"]) == (422, "no_case_counts")


@pytest.mark.scenario("H5")
async def test_loading_the_counts_twice_changes_nothing(desk: Desk) -> None:
    packed = (risk.DATA / risk.COUNTS).read_bytes()
    before = await desk.rows("select count(*), sum(confirmed), sum(cured) from case_count")
    async with desk.database.begin() as tx:
        assert await risk.load(tx, risk.COUNTS, packed, b"again") == 0
    assert await desk.rows("select count(*), sum(confirmed), sum(cured) from case_count") == before
    assert before[0]["count"] == 20_717


async def test_a_corrected_figure_replaces_the_old_one(desk: Desk) -> None:
    text = gzip.decompress((risk.DATA / risk.COUNTS).read_bytes()).decode()
    corrected = text.replace("420100,武汉市,46607,", "420100,武汉市,46608,")
    assert corrected != text
    async with desk.database.begin() as tx:
        assert await risk.load(tx, risk.COUNTS, gzip.compress(corrected.encode()), b"corrected") == 1
    answer = await desk.get("/v1/case-counts", day="2020-02-24", code="420100")
    assert answer.json()["confirmed"] == 46_608


@pytest.mark.scenario("H5")
async def test_the_list_proposed_from_the_counts_is_dated_and_editable(desk: Desk) -> None:
    answer = await desk.post("/v1/risk-areas/proposals", {"day": "2020-02-24"}, OFFICER)
    proposal = answer.json()
    assert (proposal["day"], proposal["revision"], proposal["policy_version"]) == ("2020-02-24", 1, 1)
    areas = {area["code"]: (area["category"], area["confirmed"]) for area in proposal["areas"]}
    assert areas["420000"] == ("focus", 64_786)
    assert areas["330300"] == ("higher_risk", 504)
    assert areas["440300"] == ("concern", 417)
    assert areas["411500"] == ("concern", 274)
    assert "320500" not in areas
    assert "330000" not in areas
    assert not [code for code in areas if code.startswith("42") and code != "420000"]
    assert await desk.told("RiskAreasRevised") == []  # a proposal puts nothing in force

    edited = {code: category for code, (category, _) in areas.items()} | {"330382": "concern"}
    body = {"revision": 1, "effective_from": "2020-02-24", "areas": edited, "proposed_from": "2020-02-24"}
    published = await desk.post("/v1/risk-areas", body, OFFICER)
    again = await desk.post("/v1/risk-areas", body, OFFICER)
    assert (published.status_code, again.status_code) == (201, 200)
    assert published.json() == again.json() == (await desk.get("/v1/risk-areas/current")).json()
    [told] = await desk.told("RiskAreasRevised")
    assert (told["effective_from"], told["areas"]["330382"]) == ("2020-02-24", "concern")
    other = await desk.post("/v1/risk-areas", body | {"areas": {"420000": "focus"}}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")


@pytest.mark.requirement("R4.8")
async def test_a_risk_list_holds_from_its_day_and_a_later_revision_replaces_it(desk: Desk) -> None:
    unpublished = await desk.get("/v1/risk-areas/current")
    assert (unpublished.status_code, unpublished.json()["code"]) == (409, "risk_areas_unpublished")
    await desk.publish_risk({"330300": "concern"}, since=date(2020, 2, 24))
    await desk.publish_risk({"330300": "focus"}, revision=2, since=date(2020, 2, 22))  # two days back (O8)
    await desk.publish_risk({"330300": "other"}, revision=3, since=date(2020, 3, 1))
    assert (await desk.get("/v1/risk-areas/current")).json()["revision"] == 2
    desk.move("2020-03-01 00:00")
    assert (await desk.get("/v1/risk-areas/current")).json()["revision"] == 3


async def test_suzhou_industrial_park_is_one_place_under_both_of_its_codes(desk: Desk) -> None:
    await desk.publish_risk({"320576": "concern"})
    assert (await desk.get("/v1/risk-areas/current")).json()["areas"] == {"320571": "concern"}
    both = {"320571": "concern", "320576": "focus"}
    answer = await desk.post(
        "/v1/risk-areas", {"revision": 2, "effective_from": "2020-02-24", "areas": both}, OFFICER
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "areas_inconsistent")


async def test_suzhou_industrial_park_is_found_by_either_code_by_name_and_where_a_list_lacks_it(
    desk: Desk,
) -> None:
    named = (await desk.client.http.get("/v1/divisions", params={"query": "苏州工业园区"})).json()["items"]
    codes = [one["code"] for one in named]
    assert (codes, {one["same_as"] or one["code"] for one in named}) == (["320571", "320576"], {"320571"})

    async def places() -> list[tuple[Any, ...]]:
        told = [(await desk.get("/v1/risk-areas/place", code=code)).json() for code in codes]
        return [
            (one["code"], one["name"], one["category"], one["listed_code"], one["inherited"]) for one in told
        ]

    # One list names it 320571, another 320576, a third one has Suzhou alone.
    for revision, areas in enumerate(
        ({"320571": "higher_risk"}, {"320576": "higher_risk"}, {"320500": "concern"}), start=1
    ):
        await desk.publish_risk(areas, revision=revision)
        absent = "320500" in areas
        expected = ("concern", "320500", True) if absent else ("higher_risk", "320571", False)
        assert await places() == [("320571", "苏州工业园区", *expected)] * 2
    for code in codes:
        taken = await desk.register(desk.intake(trip=desk.intake()["trip"] | {"origin_code": code}))
        back = (await desk.get(f"/v1/returnees/{taken['intake_id']}")).json()
        assert (back["category"], back["origin_code"]) == ("concern", "320571")


@pytest.mark.parametrize("code", ["999999", "429000"])
async def test_a_code_that_is_no_division_is_not_published(desk: Desk, code: str) -> None:
    body = {"revision": 1, "effective_from": "2020-02-24", "areas": {code: "focus"}}
    answer = await desk.post("/v1/risk-areas", body, OFFICER)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "division_unknown",
        f"areas.{code}",
    )


async def test_division_codes_are_looked_up_by_name_or_code_without_signing_in(desk: Desk) -> None:
    async def found(query: str) -> list[tuple[str, list[str]]]:
        answer = await desk.client.http.get("/v1/divisions", params={"query": query})
        assert answer.status_code == 200
        return [(item["code"], item["within"]) for item in answer.json()["items"]]

    assert ("420100", ["湖北省"]) in await found("武汉")
    assert await found("仙桃") == [("429004", ["湖北省"])]
    assert await found("320583") == [("320583", ["江苏省", "苏州市"])]
    assert [code for code, _ in await found("工业园区")] == ["320571", "320576"]
    assert await found("%") == []


async def test_divisions_come_in_pages(desk: Desk) -> None:
    first = await desk.get("/v1/divisions", query="3205", limit=10)
    rest = await desk.get("/v1/divisions", query="3205", limit=10, after=first.json()["next"])
    codes = [item["code"] for item in first.json()["items"] + rest.json()["items"]]
    assert codes == sorted(set(codes))
    assert (len(codes), rest.json()["next"]) == (12, None)


@pytest.mark.parametrize("query", ["%00", "%ED%A0%80", "%F0%9F%98%B7", "'", "\\", "_", "x" * 40])
async def test_a_strange_search_finds_nothing_and_breaks_nothing(desk: Desk, query: str) -> None:
    answer = await desk.client.http.get(f"/v1/divisions?query={query}")
    assert answer.status_code in {200, 400, 422}
    assert answer.json().get("items", []) == []
