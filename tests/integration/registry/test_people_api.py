"""Finding and reading people over HTTP: who sees what, and that it is written down."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id
from tests.integration.registry.households import Households

ELSEWHERE = ("community_clerk", "compound:lj-002")


async def _reads(desk: Desk) -> list[tuple[str, str, UUID | None]]:
    async with desk.database.read() as conn:
        rows = await conn.fetch("select role, action, person_ref from audit_read order by id")
    return [tuple(row) for row in rows]


async def _look(desk: Desk, who: tuple[str, str] = CLERK, **body: Any) -> list[dict[str, Any]]:
    answer = await desk.post("/v1/people/lookup", body, who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["people"]
    return found


@pytest.mark.scenario("H3")
async def test_a_person_is_found_by_document_phone_name_and_surname_at_home(desk: Desk) -> None:
    ref = await desk.resident()
    async with desk.database.read() as conn:
        home = await conn.fetchval("select dwelling_id from residence")
    number = resident_id(desk.people)
    questions: tuple[dict[str, Any], ...] = (
        {"document": f" {number[:6]} {number[6:]}".lower()},
        {"phone": "+86 199-0000-0000"},
        {"name": "司徒南星"},
        {"surname": "司徒", "dwelling_id": str(home)},
    )
    for body in questions:
        found = await _look(desk, **body)
        assert [person["person_ref"] for person in found] == [str(ref)], body
        person = found[0]
        assert (person["masked"], person["name"], person["born"]) == (True, "司徒*", "1990")
        assert person["documents"][0]["number"] == f"{number[:6]}********{number[-4:]}"
        assert person["phone"] == "199******00"
    assert [read[1:] for read in await _reads(desk)] == [
        ("people.lookup.document", ref),
        ("people.lookup.phone", ref),
        ("people.lookup.name", ref),
        ("people.lookup.surname", ref),
    ]


async def test_nobody_is_found_outside_of_ones_scope_and_that_is_written_down_too(desk: Desk) -> None:
    await desk.resident()
    assert await _look(desk, ELSEWHERE, name="司徒南星") == []
    assert await _reads(desk) == [("community_clerk", "people.lookup.name", None)]


@pytest.mark.parametrize("phone", ["-", "+86", "5555"])
async def test_what_is_no_phone_matches_nobody(desk: Desk, phone: str) -> None:
    await desk.resident()
    assert await _look(desk, phone=phone) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"phone": ""},
        {"phone": "15400000000", "name": "甲"},
        {"surname": "甲"},
        {"dwelling_id": str(uuid4())},
        {"nickname": "甲"},
    ],
)
async def test_a_lookup_asks_exactly_one_question(desk: Desk, body: dict[str, str]) -> None:
    answer = await desk.post("/v1/people/lookup", body)
    assert answer.status_code == 422


@pytest.mark.scenario("H3")
@pytest.mark.parametrize(
    ("who", "masked"),
    [
        (CLERK, False),
        (("community_clerk", "neighbourhood:yq"), False),
        (OFFICER, True),
        (("grid_worker", "grid:lj-001-w01"), True),
    ],
)
async def test_only_a_clerk_within_scope_sees_a_person_in_full(
    desk: Desk, who: tuple[str, str], *, masked: bool
) -> None:
    ref = await desk.resident()
    answer = await desk.get(f"/v1/people/{ref}", who)
    assert answer.status_code == 200, answer.text
    assert answer.json()["masked"] is masked
    assert (answer.json()["name"] == "司徒南星") is not masked
    assert [home["room"] for home in answer.json()["homes"]] == ["1幢-2-501"]
    assert await _reads(desk) == [(who[0], "people.read.masked" if masked else "people.read", ref)]


@pytest.mark.scenario("H3")
@pytest.mark.parametrize(
    ("who", "told"),
    [
        (ELSEWHERE, (404, "not_found")),
        (("grid_worker", "grid:lj-001-w02"), (404, "not_found")),
        (("guard", "checkpoint:lj-001-k1"), (403, "role_not_allowed")),
        (("property_manager", "compound:lj-001"), (403, "role_not_allowed")),
    ],
)
async def test_everybody_else_is_refused(desk: Desk, who: tuple[str, str], told: tuple[int, str]) -> None:
    ref = await desk.resident()
    answer = await desk.get(f"/v1/people/{ref}", who)
    assert (answer.status_code, answer.json()["code"]) == told
    assert "司徒" not in answer.text


async def test_an_unknown_person_is_not_found(desk: Desk) -> None:
    assert (await desk.get(f"/v1/people/{uuid4()}")).status_code == 404


async def test_who_was_erased_is_not_found_any_more(desk: Desk) -> None:
    ref = await desk.resident()
    await desk.client.context.vault.destroy(ref)
    assert (await desk.get(f"/v1/people/{ref}")).status_code == 404
    assert await _look(desk, name="司徒南星") == []


@pytest.mark.scenario("P3")
@pytest.mark.parametrize(
    ("kind", "entered", "asked"),
    [
        ("hk_macau_permit", "H1234567801", "h12345678 02"),
        ("taiwan_permit", "1234567801", "12345678"),
        ("resident_id", "990101491231002", "990101194912310028"),
    ],
)
async def test_a_document_is_found_as_it_is_printed_and_gives_the_pass(
    desk: Desk, kind: str, entered: str, asked: str
) -> None:
    book = await Households.of(desk)
    papers = [{"kind": kind, "number": entered}]
    person = await book.register("1幢", name="陈远来", sex="male", born="1949-12-31", documents=papers)
    for number in (entered, asked):
        assert [one["person_ref"] for one in await _look(desk, document=number)] == [person], number
        body = {"request_id": str(uuid4()), "document": number, "compound": "lj-001"}
        assert (await desk.post("/v1/passes", body)).json()["person_ref"] == person
