"""The list of a device: what is in it, what is not, how big it is, and that no change is ever left out."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import Response

from services.gate.domain import signed
from services.gate.domain.entry import PassState
from services.gate.domain.lists import ListedPass, PassList, unpack
from services.gate.sealing import HOMES, SURNAME
from shared.kernel import pass_token
from shared.kernel.ids import PersonRef
from tests.integration.gate.town import CHECKPOINT, HERE, NOW, THERE, GateTown

LARGEST_LIST, LARGEST_REVOCATION = 96 * 1024, 1024


async def asked(town: GateTown, since: str | None = None) -> Response:
    params = {"since": since} if since else {}
    headers = {"Authorization": f"Device {town.device}"}
    return await town.client.http.get("/v1/checkpoints/me/snapshot", params=params, headers=headers)


async def told(town: GateTown, since: str | None = None) -> PassList:
    answer = await asked(town, since)
    assert answer.status_code == 200, answer.text
    keys = {row["public_jwk"]["kid"]: row["public_jwk"] for row in await town.rows("select * from list_key")}
    readable = {kid: pass_token.read_public(key) for kid, key in keys.items()}
    return unpack(signed.verify(answer.content, readable))


def rows(made: PassList) -> dict[str, ListedPass]:
    return {row.number: row for row in made.passes}


@pytest.mark.scenario("G14")
async def test_a_list_has_all_that_the_rule_needs_and_nobodys_reference(town: GateTown) -> None:
    wang = await town.resident()
    zhao = await town.resident("欧阳", "12-1-101")
    elsewhere = await town.resident(compound=THERE)
    await town.tell(town.suspended(zhao))
    await town.observe(wang, "home_quarantine")
    made = await told(town)
    assert (made.compound, made.since, made.made_at) == (HERE, None, NOW)
    found = rows(made)
    assert found.keys() == {wang.number, zhao.number}
    assert (found[wang.number].surname, found[wang.number].room) == ("王*", "3-1-502")
    assert (found[zhao.number].surname, found[zhao.number].state) == ("欧阳*", PassState.SUSPENDED)
    [held] = found[wang.number].restrictions(HERE)
    assert (held.measure, held.compound) == ("home_quarantine", HERE)
    assert made.rules is not None
    assert [key["kid"] for key in made.rules.keys] == [town.signing_key["kid"]]
    assert (made.rules.rules.version, made.rules.answer_within_ms) == (1, 800)
    content = (await asked(town)).content
    for person in (wang, zhao, elsewhere):
        assert person.person.bytes not in content
        assert str(person.person) not in str(made)
        assert person.document not in str(made)
    [first, *_] = await town.rows("select * from audit_read where action = 'gate.snapshot'")
    assert (first["role"], first["scope"]) == ("device", f"checkpoint:{CHECKPOINT}")
    private = str(await town.rows("select * from list_key"))
    assert '"d"' not in private


async def test_a_change_tells_what_changed_and_nothing_else(town: GateTown) -> None:
    wang, zhao, li = [await town.resident(room=f"1-1-10{nth}") for nth in range(3)]
    first = await told(town)
    assert rows(await told(town, first.version)) == {}
    await town.tell(town.revoked(wang))
    second = await told(town, first.version)
    assert (second.since, second.rules) == (first.version, None)
    assert {number: row.state for number, row in rows(second).items()} == {wang.number: PassState.REVOKED}
    case = await town.observe(zhao)
    await town.tell(town.completed(zhao, case, NOW + timedelta(days=14)))
    await town.tell(town.issued(li.pass_id, li.number, li.person, serial=2))
    third = rows(await told(town, second.version))
    assert third.keys() == {zhao.number, li.number}
    assert (third[zhao.number].bound, third[li.number].serial) == (0, 2)
    assert rows(await told(town, first.version)).keys() == {wang.number, zhao.number, li.number}


async def test_what_is_committed_late_is_told_late_and_never_left_out(town: GateTown) -> None:
    wang, zhao = await town.resident(), await town.resident(room="9-9-909")
    first = await told(town)
    slow = await asyncpg.connect(town.client.context.settings.database_url)
    try:
        async with slow.transaction():
            await slow.execute("update entry_pass set state = 'revoked' where pass_id = $1", wang.pass_id)
            await town.tell(town.suspended(zhao))
            second = await told(town, first.version)
            assert rows(second).keys() == {zhao.number}
    finally:
        await slow.close()
    third = rows(await told(town, second.version))
    assert third[wang.number].state is PassState.REVOKED


@pytest.mark.parametrize("since", ["1.999999999999.abc", "7.1.abc", "1.x.y", "...", "0"])
async def test_a_version_that_cannot_be_continued_gets_the_whole_list(town: GateTown, since: str) -> None:
    wang = await town.resident()
    answer = await asked(town, since)
    if "x" in since:
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        return
    made = await told(town, since)
    assert (made.since, set(rows(made))) == (None, {wang.number})
    assert made.rules is not None


async def test_a_restored_database_tells_everything_again(town: GateTown) -> None:
    wang = await town.resident()
    first = await told(town)
    async with town.client.context.database.begin() as tx:
        await tx.execute(
            "insert into outbox_channel (channel, epoch) values ('devices', 2)"
            " on conflict (channel) do update set epoch = 2"
        )
    again = await told(town, first.version)
    assert (again.since, set(rows(again))) == (None, {wang.number})


async def test_new_rules_are_told_with_the_next_change(town: GateTown) -> None:
    first = await told(town)
    fresh = pass_token.make_key()
    async with town.client.context.database.begin() as tx:
        await tx.execute(
            "insert into pass_key (key_id, jwk, valid_from) values ($1, $2, $3)",
            fresh["kid"],
            pass_token.public_part(fresh),
            NOW,
        )
    second = await told(town, first.version)
    assert second.rules is not None
    assert {key["kid"] for key in second.rules.keys} == {town.signing_key["kid"], fresh["kid"]}
    assert (await told(town, second.version)).rules is None


async def test_who_has_no_card_any_more_is_listed_without_name_and_room(town: GateTown) -> None:
    wang = await town.resident()
    first = await told(town)
    await town.client.context.vault.destroy(wang.person)
    async with town.client.context.database.begin() as tx:
        await tx.execute("update subject_card set version = version where person_ref = $1", wang.person)
    [row] = (await told(town, first.version)).passes
    assert (row.number, row.surname, row.room) == (wang.number, None, None)


async def test_only_devices_of_the_gate_get_a_list(town: GateTown) -> None:
    for headers in ({}, town.client.as_role("admin"), {"Authorization": "Device x.y"}):
        answer = await town.client.http.get("/v1/checkpoints/me/snapshot", headers=headers)
        assert answer.status_code in {401, 403}


async def settle_residents(town: GateTown, count: int) -> list[tuple[UUID, str]]:
    """A large compound: residents with cards and passes, written as the projections keep them."""
    chance = random.Random(5)
    vault = town.client.context.vault
    people = [PersonRef(UUID(int=chance.getrandbits(128))) for _ in range(count)]
    keys = await vault.keys(people, create=True)
    numbers = [f"{number:08d}" for number in chance.sample(range(100_000_000), count)]
    surnames = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧"
    cards: list[tuple[Any, ...]] = []
    passes: list[tuple[Any, ...]] = []
    for nth, (person, number) in enumerate(zip(people, numbers, strict=True)):
        building, unit, floor, door = nth // 160 + 1, nth // 40 % 4 + 1, nth // 4 % 10 + 1, nth % 4 + 1
        home = f'{{"{HERE}": "{building}-{unit}-{floor}{door:02d}"}}'
        surname = vault.seal(keys[person], SURNAME, chance.choice(surnames))
        cards.append((person, [HERE], surname, vault.seal(keys[person], HOMES, home), 1))
        starts = NOW - timedelta(days=chance.randrange(1, 20), minutes=chance.randrange(0, 1440))
        passes.append(
            (uuid4(), number, 1, person, HERE, "resident", starts, starts + timedelta(days=30), "active", 1)
        )
    async with town.client.context.database.begin() as tx:
        columns = ("person_ref", "compounds", "surname_sealed", "homes_sealed", "version")
        await tx.copy_to_places("subject_card", columns, cards)
        await tx.copy_to_places(
            "entry_pass",
            (
                "pass_id",
                "number",
                "serial",
                "person_ref",
                "compound",
                "kind",
                "valid_from",
                "valid_until",
                "state",
                "version",
            ),
            passes,
        )
    return [(row[0], row[1]) for row in passes]


async def test_the_list_of_five_thousand_residents_is_small_and_a_revocation_tiny(town: GateTown) -> None:
    passes = await settle_residents(town, 5_000)
    whole = await asked(town)
    made = await told(town)
    assert len(made.passes) == 5_000
    assert len(whole.content) <= LARGEST_LIST, f"{len(whole.content)} bytes"
    pass_id, number = passes[17]
    async with town.client.context.database.begin() as tx:
        await tx.execute("update entry_pass set state = 'revoked', version = 2 where pass_id = $1", pass_id)
    change = await asked(town, made.version)
    assert rows(await told(town, made.version))[number].state is PassState.REVOKED
    assert len(change.content) <= LARGEST_REVOCATION, f"{len(change.content)} bytes"
