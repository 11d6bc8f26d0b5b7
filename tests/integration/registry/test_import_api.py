"""Imports over HTTP: what is taken, refused, told, and when a file as a whole cannot be read."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.registry.handlers import import_files, imports
from services.registry.handlers.import_premises import GridImporter
from tests.integration.registry.desk import resident_id
from tests.integration.registry.office import ADMIN, Office

COMPOUNDS = (
    "小区编号,小区,社区编号,社区,社区类型,小区类型,地址,面积(平方米),管理方式",
    "lj-001,云桥一村,yq,云桥社区,社区,多层,云桥路1号,320000,封闭管理",
    "lj-002,云桥二村,yq,云桥社区,社区,多层,云桥路2号,80000,专人管控",
)
CHECKPOINT_HEADER = "卡口编号,小区编号,卡口名称,通行类型,启用日期"
GRIDS = ("网格编号,小区编号,网格名称,户数", "lj-001-w01,lj-001,第一网格,3", "lj-002-w01,lj-002,第一网格,1")
ADDRESSES = (
    "小区编号,网格编号,楼栋,单元,室号,标准地址,使用情况",
    "lj-001,lj-001-w01,1幢,1单元,101,云桥路1号1幢1单元101室,自住",
    "lj-001,lj-001-w01,1幢,1单元,102,云桥路1号1幢1单元102室,出租",
    "lj-001,lj-001-w01,1幢,1单元,103,云桥路1号1幢1单元103室,空置",
)
RESIDENTS = (
    "小区编号,楼栋,单元,室号,姓名,性别,出生日期,证件类型,证件号码,"
    "手机号,与房屋关系,是否常住,监护人证件号码,登记日期,备注"
)


async def _places(office: Office) -> None:
    for kind, lines in (("compounds", COMPOUNDS), ("grids", GRIDS), ("addresses", ADDRESSES)):
        told = await office.import_lines(kind, *lines)
        assert (told["state"], told["rows"]) == ("done", [])


def _faults(told: dict[str, Any]) -> list[tuple[int, str, str, str]]:
    return [(row["row"], row["column"], row["code"], row["outcome"]) for row in told["rows"]]


async def _events(office: Office, name: str) -> list[dict[str, Any]]:
    rows = await office.rows(
        "select document::jsonb as document from outbox where split_part(subject, '.', 5) = $1 order by id",
        name,
    )
    return [row["document"] for row in rows]


@pytest.mark.scenario("P1")
@pytest.mark.requirement("R2.1")
async def test_a_second_checkpoint_in_a_list_is_refused_by_the_rule_in_force(office: Office) -> None:
    await _places(office)
    told = await office.import_lines(
        "checkpoints",
        CHECKPOINT_HEADER,
        "lj-001-k1,lj-001,东门,人车混行,2020-02-04",
        "lj-001-k2,lj-001,西门,仅行人,2020-02-04",
        "lj-002-k1,lj-002,东门,人车混行,2020-02-04",
        "lj-001-k1,lj-002,东门,人车混行,2020-02-04",
    )
    assert _faults(told) == [
        (3, "卡口编号", "checkpoint_limit", "rejected"),
        (5, "", "duplicate", "duplicate"),
    ]
    opened = await _events(office, "CheckpointOpened")
    assert [event["data"]["policy_version"] for event in opened] == [1, 1]
    again = await office.import_lines(
        "checkpoints", CHECKPOINT_HEADER, "lj-001-k1,lj-001,东大门,人车混行,2020-02-04"
    )
    assert (again["rows_accepted"], again["rows"]) == (1, [])
    assert [event["sequence"] for event in await _events(office, "CheckpointOpened")] == ["1", "1", "2"]
    moved = await office.import_lines(
        "checkpoints", CHECKPOINT_HEADER, "lj-001-k1,lj-002,东门,人车混行,2020-02-04"
    )
    assert _faults(moved) == [(2, "卡口编号", "checkpoint_moved", "rejected")]


async def test_a_corrected_place_is_told_with_its_next_version(office: Office) -> None:
    await _places(office)
    await office.import_lines(
        "compounds", COMPOUNDS[0], COMPOUNDS[1].replace("320000", "290000"), COMPOUNDS[2]
    )
    events = await _events(office, "CompoundRegistered")
    assert [(event["data"]["compound"], event["data"]["area_m2"], event["sequence"]) for event in events] == [
        ("lj-001", 320000, "1"),
        ("lj-002", 80000, "1"),
        ("lj-001", 290000, "2"),
    ]
    assert {event["data"]["neighbourhood_name"] for event in events} == {"云桥社区"}
    # The list says it of one compound; it is so of all that lie there.
    renamed = COMPOUNDS[1].replace("云桥社区", "云东社区").replace("320000", "290000")
    await office.import_lines("compounds", COMPOUNDS[0], renamed)
    told = (await _events(office, "CompoundRegistered"))[3:]
    assert [
        (event["data"]["compound"], event["data"]["neighbourhood_name"], event["sequence"]) for event in told
    ] == [("lj-001", "云东社区", "3"), ("lj-002", "云东社区", "2")]


async def test_a_dwelling_that_is_let_out_later_is_the_same_dwelling(office: Office) -> None:
    await _places(office)
    before = await office.rows("select dwelling_id from dwelling order by room_order")
    told = await office.import_lines("addresses", ADDRESSES[0], ADDRESSES[3].replace("空置", "出租"))
    assert told["rows_accepted"] == 1
    assert await office.rows("select dwelling_id from dwelling order by room_order") == before
    told_about = await _events(office, "HouseholdChanged")
    assert [event["data"]["occupancy"] for event in told_about] == ["empty", "let"]


@pytest.mark.scenario("P2")
@pytest.mark.scenario("P4")
async def test_a_household_is_told_with_everybody_who_lives_there_and_nobody_else(office: Office) -> None:
    await _places(office)
    told = await office.import_lines(
        "residents",
        RESIDENTS,
        "lj-001,1幢,1单元,102,司徒南星,女,1960-01-01,护照,ZX0100001,,房主,否,,2020-02-20,",
        "lj-001,1幢,1单元,102,叶知秋,男,1985-03-12,护照,ZX0100002,15401010002,租客,是,,2020-02-20,养猫",
        "lj-001,1幢,1单元,102,叶小满,女,2020-01-30,无,,,家属,是,zx 0100002,2020-02-20,",
        "lj-001,1幢,1单元,102,叶小满,女,2020-01-30,无,,,家属,是,ZX0100002,2020-02-20,",
        "lj-001,1幢,1单元,101,叶小雪,女,2020-01-30,无,,,家属,是,ZX0100002,2020-02-20,",
    )
    assert _faults(told) == [
        (5, "", "duplicate", "duplicate"),
        (6, "监护人证件号码", "guardian_unknown", "accepted_unverified"),
    ]
    people = {
        event["data"]["person_ref"]: event["data"] for event in await _events(office, "PersonRegistered")
    }
    assert len(people) == await office.value("select count(*) from person") == 4
    households = {e["data"]["dwelling_id"]: e["data"] for e in await _events(office, "HouseholdChanged")}
    let = next(house for house in households.values() if house["occupancy"] == "let")
    assert len(let["members"]) == 2
    owner = next(ref for ref, person in people.items() if not person["resident"])
    assert owner not in let["members"]
    guarded = await office.value("select count(*) from person where guardian_ref is not null")
    assert guarded == 1


@pytest.mark.scenario("P2")
async def test_a_newborns_id_attaches_to_the_same_person_and_gate_hears_of_it(office: Office) -> None:
    await _places(office)
    line = "lj-001,1幢,1单元,102,叶小满,女,2020-01-30,{},{},,家属,是,,2020-02-20,"
    await office.import_lines("residents", RESIDENTS, line.format("无", ""))
    await office.import_lines("residents", RESIDENTS, line.format("护照", "ZX0100009"))
    assert await office.value("select count(*) from person") == 1
    cards = await _events(office, "SubjectCardSealed")
    assert [event["sequence"] for event in cards] == ["1", "2"]
    keys = office.client.context.cards
    opened = [keys.open_card("gate", event["data"]["card"]) for event in cards]
    home = {"compound": "lj-001", "room": "1幢-1-102"}
    assert opened == [
        {"surname": "叶", "documents": [], "homes": [home], "vehicles": []},
        {"surname": "叶", "documents": ["ZX0100009"], "homes": [home], "vehicles": []},
    ]


@pytest.mark.scenario("P4")
async def test_who_does_not_live_here_any_more_has_their_card_withdrawn(office: Office) -> None:
    await _places(office)
    line = "lj-001,1幢,1单元,101,叶知秋,男,1985-03-12,护照,ZX0100002,,房主,{},,2020-02-20,"
    await office.import_lines("residents", RESIDENTS, line.format("是"))
    await office.import_lines("residents", RESIDENTS, line.format("否"))
    cards = [event["data"]["card"] for event in await _events(office, "SubjectCardSealed")]
    assert [card is None for card in cards] == [False, True]
    assert [event["data"]["members"] for event in await _events(office, "HouseholdChanged")][-1] == []


async def test_one_person_at_two_dwellings_is_one_person_with_one_card_of_both(office: Office) -> None:
    await _places(office)
    line = "lj-001,1幢,1单元,{},叶知秋,男,1985-03-12,护照,ZX0100002,,房主,是,,2020-02-20,"
    for room in ("101", "102"):
        await office.import_lines("residents", RESIDENTS, line.format(room))
    assert await office.value("select count(*) from person") == 1
    assert len(await _events(office, "PersonRegistered")) == 1
    card = (await _events(office, "SubjectCardSealed"))[-1]["data"]["card"]
    homes = office.client.context.cards.open_card("gate", card)["homes"]
    assert [home["room"] for home in homes] == ["1幢-1-101", "1幢-1-102"]


HOME = "lj-001,1幢,1单元,{room},叶知秋,男,1985-03-12,护照,ZX0100002,,{relation},{lives},,{day},"


def _home(room: str, *, lives: str = "是", relation: str = "房主", day: str = "2020-02-20") -> str:
    return HOME.format(room=room, lives=lives, relation=relation, day=day)


async def _homes_told(office: Office) -> list[tuple[str, bool, str, int]]:
    """Room, whether they live there, relation and version, in the order in which it was told."""
    rooms = {str(r["dwelling_id"]): r["room"] for r in await office.rows("select * from dwelling")}
    return [
        (rooms[one["dwelling_id"]], one["resident"], one["relation"], int(event["sequence"]))
        for event in await _events(office, "PersonRegistered")
        for one in [event["data"]]
    ]


@pytest.mark.scenario("P4")
@pytest.mark.requirement("R4.1")
async def test_an_absentee_owner_who_lives_elsewhere_in_town_is_told_at_their_home(office: Office) -> None:
    await _places(office)
    for lines in (
        [_home("102", lives="否")],
        [_home("101")],
        [_home("103", lives="否", day="2020-01-21")],
        [_home("101", relation="家属")],
        [_home("101", lives="否", relation="家属")],
    ):
        await office.import_lines("residents", RESIDENTS, *lines)
    told = [
        ("102", False, "owner", 1),
        ("101", True, "owner", 2),
        ("101", True, "dependant", 4),  # the third line changed a card, not the home
        ("103", False, "owner", 5),  # nobody's home any more: the first of their dwellings
    ]
    assert await _homes_told(office) == told
    cards = await _events(office, "SubjectCardSealed")
    assert [(event["sequence"], event["data"]["card"] is None) for event in cards] == [
        ("2", False),
        ("3", False),
        ("4", False),
        ("5", True),
    ]
    await office.import_lines("residents", RESIDENTS, _home("101", lives="否", relation="家属"))
    assert await _homes_told(office) == told


@pytest.mark.requirement("R4.1")
async def test_lines_that_come_together_are_told_once_as_they_leave_the_book(office: Office) -> None:
    await _places(office)
    together = [_home("102", lives="否"), _home("103"), _home("101", day="2020-02-19")]
    await office.import_lines("residents", RESIDENTS, *together)
    assert await _homes_told(office) == [("101", True, "owner", 1)]
    (card,) = await _events(office, "SubjectCardSealed")
    homes = office.client.context.cards.open_card("gate", card["data"]["card"])["homes"]
    assert [home["room"] for home in homes] == ["1幢-1-101", "1幢-1-103"]


@pytest.mark.requirement("R4.1")
async def test_each_grid_tells_how_many_addresses_it_has_when_that_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told() -> list[tuple[str, int, str]]:
        return [
            (event["data"]["grid"], event["data"]["dwellings"], event["sequence"])
            for event in await _events(office, "AddressesRegistered")
        ]

    monkeypatch.setattr(imports, "BATCH_ROWS", 2)
    await _places(office)
    await office.import_lines("grids", GRIDS[0], "lj-001-w02,lj-001,第二网格,9")
    first = [("lj-001-w01", 2, "2"), ("lj-001-w01", 3, "3")]
    assert await told() == first
    await office.import_lines("addresses", ADDRESSES[0], ADDRESSES[1].replace("自住", "出租"), *ADDRESSES[2:])
    assert await told() == first  # a change of use is no change of number
    await office.import_lines("addresses", ADDRESSES[0], ADDRESSES[3].replace("-w01", "-w02"))
    assert (await told())[2:] == [("lj-001-w01", 2, "4"), ("lj-001-w02", 1, "2")]


@pytest.mark.requirement("R3.1")
async def test_a_worker_with_two_posts_is_one_worker(office: Office) -> None:
    await _places(office)
    header = "工号,姓名,性别,手机号,人员类别,派出单位,派驻类型,派驻编号,开始日期,结束日期"
    lines = (
        "W1,叶知秋,男,15401010002,保安,物业,小区,lj-001,2020-02-01,",
        "W1,叶知秋,男,15401010002,保安,物业,网格,lj-001-w01,2020-02-01,",
        "w1,叶知秋,男,154 0101 0002,保安,物业,网格,lj-001-w01,2020-02-01,",
        "W1,叶知春,男,15401010002,保安,物业,网格,lj-002-w01,2020-02-01,",
        "W2,叶知春,男,15401010003,保安,物业,卡口,lj-001-k9,2020-02-01,",
        "W3,叶知春,男,15401010003,保安,物业,小区,lj-001,2020-02-01,2020-01-01",
    )
    told = await office.import_lines("workers", header, *lines)
    assert _faults(told) == [
        (4, "", "duplicate", "duplicate"),
        (5, "工号", "worker_conflict", "rejected"),
        (6, "派驻编号", "checkpoint_unknown", "rejected"),
        (7, "结束日期", "date_order", "rejected"),
    ]
    assert await office.value("select count(*) from worker") == 1
    posted = [event["data"] for event in await _events(office, "WorkerPosted")]
    assert [(one["compound"], one["grid"]) for one in posted] == [("lj-001", None), ("lj-001", "lj-001-w01")]
    await office.import_lines("workers", header, lines[0] + "2020-02-20")
    ended = (await _events(office, "WorkerPosted"))[-1]
    assert (ended["data"]["until_day"], ended["sequence"]) == ("2020-02-20", "2")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"PK\x03\x04 broken", "file_unreadable"), ("姓名,电话\r\n叶知秋,1".encode(), "headers_missing")],
)
async def test_a_file_that_is_no_such_list_fails_as_a_whole(
    office: Office, content: bytes, code: str
) -> None:
    begun = await office.send("residents", "住户.xlsx", content)
    await office.runner.act(office.client.context.database)
    told = await office.told(begun["import_id"])
    assert (told["state"], told["error"], told["rows_total"]) == ("failed", code, 0)
    assert "叶知秋" not in str(told)
    assert await office.value("select count(*) from import_file") == 0


async def test_the_same_file_while_it_is_being_worked_off_is_the_same_import(office: Office) -> None:
    content = "\r\n".join(COMPOUNDS).encode()
    first = await office.send("compounds", "a.csv", content)
    second = await office.send("compounds", "b.csv", content)
    other = await office.send("compounds", "a.csv", content, dry_run=True)
    assert first["import_id"] == second["import_id"] != other["import_id"]
    await office.runner.act(office.client.context.database)
    third = await office.send("compounds", "a.csv", content)
    assert third["import_id"] != first["import_id"]


async def test_what_is_sent_must_be_a_form_with_a_file(office: Office) -> None:
    http, headers = office.client.http, office.client.as_role("admin")
    where = {"kind": "compounds"}
    for sent in (
        {"content": b"x", "headers": headers | {"content-type": "text/csv"}},
        {"data": {"file": "text"}, "files": {"other": b"x"}, "headers": headers},
        {"content": b"--x", "headers": headers | {"content-type": "multipart/form-data"}},
    ):
        answer = await http.post("/v1/imports", params=where, **sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "file_missing"), answer.text
    empty = await http.post("/v1/imports", params=where, files={"file": ("a.csv", b"")}, headers=headers)
    assert (empty.status_code, empty.json()["code"]) == (422, "file_empty")
    odd = await http.post("/v1/imports", params={"kind": "cats"}, files={"file": b"x"}, headers=headers)
    assert odd.status_code == 422


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [("admin", "town", 202), ("community_clerk", "compound:lj-001", 403), ("grid_worker", "town", 403)],
)
async def test_lists_are_imported_for_the_whole_town_only(
    office: Office, role: str, scope: str, status: int
) -> None:
    answer = await office.client.http.post(
        "/v1/imports",
        params={"kind": "compounds"},
        files={"file": ("a.csv", "\r\n".join(COMPOUNDS).encode())},
        headers=office.client.as_role(role, scope),
    )
    assert answer.status_code == status


async def test_the_error_sheet_is_paged_and_filtered(office: Office) -> None:
    told = await office.import_lines("compounds", COMPOUNDS[0], *[f"?{n},,,,,,,,".rstrip() for n in range(3)])
    import_id = told["import_id"]
    assert len(told["rows"]) > 20
    http, headers = office.client.http, office.client.as_role("hq_officer")
    first = await http.get(f"/v1/imports/{import_id}/rows", params={"limit": 5}, headers=headers)
    following = await http.get(
        f"/v1/imports/{import_id}/rows", params={"limit": 200, "after": first.json()["next"]}, headers=headers
    )
    assert first.json()["items"] + following.json()["items"] == told["rows"]
    none = await http.get(f"/v1/imports/{import_id}/rows", params={"outcome": "duplicate"}, headers=headers)
    assert none.json() == {"items": [], "next": None}
    missing = await http.get(f"/v1/imports/{import_id[:-4]}0000/rows", headers=headers)
    assert missing.status_code == 404


async def test_a_batch_that_meets_somebody_else_is_judged_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.import_lines("compounds", *COMPOUNDS)
    judge, met = GridImporter.judge, 0

    async def meet(self: GridImporter, conn: Any, rows: Any) -> Any:
        nonlocal met
        met += 1
        if met < 3:
            raise asyncpg.UniqueViolationError
        return await judge(self, conn, rows)

    monkeypatch.setattr(GridImporter, "judge", meet)
    told = await office.import_lines("grids", *GRIDS)
    assert (told["state"], told["rows_accepted"], met) == ("done", 2, 3)


async def test_an_import_that_breaks_is_marked_and_the_next_one_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(kind: str, content: bytes) -> Any:
        if kind == "grids":
            raise ZeroDivisionError
        return import_files.read_file(kind, content)

    monkeypatch.setattr(imports, "read_file", read)
    broken = await office.send("grids", "g.csv", "\r\n".join(GRIDS).encode())
    right = await office.import_lines("compounds", *COMPOUNDS)
    told = await office.told(broken["import_id"])
    assert (told["state"], told["error"]) == ("failed", "internal_error")
    assert right["state"] == "done"


@pytest.mark.requirement("R4.3", "Identity")
async def test_a_name_that_a_list_corrects_at_one_dwelling_is_found_at_the_other_too(office: Office) -> None:
    await _places(office)
    line = "lj-001,1幢,1单元,{},{},男,1985-03-12,护照,ZX0100002,,{},{},,2020-02-20,"
    lines = (line.format(101, "叶知秋", "房主", "是"), line.format(102, "叶知秋", "房主", "否"))
    await office.import_lines("residents", RESIDENTS, *lines)
    told = await office.import_lines("residents", RESIDENTS, line.format(101, "司徒知秋", "房主", "是"))
    assert (told["rows_accepted"], await office.value("select count(*) from person")) == (1, 1)
    let = await office.value("select dwelling_id from dwelling where room = '102'")

    async def found(surname: str) -> int:
        body = {"surname": surname, "dwelling_id": str(let)}
        clerk = office.client.as_role("community_clerk")
        answer = await office.client.http.post("/v1/people/lookup", json=body, headers=clerk)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["people"])

    assert (await found("司徒"), await found("叶")) == (1, 0)
    assert await office.value("select count(*) from earlier_identity") == 2


@pytest.mark.requirement("R4.1", "R4.3")
async def test_an_old_list_brings_no_address_back_that_was_taken_off(office: Office) -> None:
    await _places(office)
    gone = await office.value("select dwelling_id from dwelling where room = '103'")
    answer = await office.client.http.post(
        f"/v1/compounds/lj-001/dwellings/{gone}/removal",
        json={"removal_id": str(uuid4()), "reason": "no_dwelling"},
        headers=office.client.as_role(ADMIN),
    )
    assert answer.status_code == 201, answer.text
    told = await office.import_lines("addresses", *ADDRESSES)
    assert _faults(told) == [(4, "室号", "address_removed", "rejected")]
    resident = "lj-001,1幢,1单元,103,叶知秋,男,1985-03-12,护照,ZX0100002,,房主,是,,2020-02-20,"
    told = await office.import_lines("residents", RESIDENTS, resident)
    assert [fault[2:] for fault in _faults(told)] == [("dwelling_unknown", "rejected")]


@pytest.mark.scenario("P6")
async def test_a_dwelling_is_found_by_the_numbers_of_building_and_unit_alone(office: Office) -> None:
    await _places(office)
    line = "lj-001,{},{},{},叶知秋,男,1985-03-12,护照,ZX0100002,,房主,是,,2020-02-20,"
    told = await office.import_lines(
        "residents", RESIDENTS, line.format("1", "1", "101"), line.format("1号楼", "1单元", "102室")
    )
    assert (told["rows_accepted"], told["rows"]) == (2, [])
    told = await office.import_lines("residents", RESIDENTS, line.format("2", "1", "101"))
    assert [fault[2:] for fault in _faults(told)] == [("dwelling_unknown", "rejected")]


@pytest.mark.scenario("P6")
async def test_somebody_else_under_the_document_of_an_earlier_line_is_not_taken_for_a_repeat(
    office: Office,
) -> None:
    await _places(office)
    lines = [
        f"lj-001,1幢,1单元,101,{name},女,{born},居民身份证,{resident_id(1)},19900000001,租客,是,,2020-02-24,"
        for name, born in (
            ("欧阳海棠", "1990-03-07"),
            ("欧阳海棠", "1990/3/7"),
            ("慕容听雪", "1990-03-07"),
            ("欧阳 海棠", "1990-03-07"),
        )
    ]
    told = await office.import_lines("residents", RESIDENTS, *lines)
    assert _faults(told) == [
        (3, "", "duplicate", "duplicate"),
        (4, "姓名", "name_contradicts", "rejected"),
        (5, "", "duplicate", "duplicate"),
    ]
    dry = await office.import_lines("residents", RESIDENTS, *lines, dry_run="true")
    assert [fault for fault in _faults(dry) if fault[2] == "name_contradicts"] == _faults(told)[1:2]


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    ("encoding", "between"),
    [("utf-8-sig", ","), ("gb18030", ","), ("utf-16", ","), ("utf-8", "\t"), ("utf-8", ";")],
)
async def test_a_list_is_read_however_an_office_saves_it(office: Office, encoding: str, between: str) -> None:
    await _places(office)
    line = f"lj-001,1号楼,1单元,101室,𠮷田花子,女,1990-03-07,居民身份证,{resident_id(1).lower()} ,,租客,是,,2020/2/24,"
    content = f"居民登记表\r\n{RESIDENTS}\r\n{line}".replace(",", between).encode(encoding)
    begun = await office.send("residents", "居民.csv", content)
    await office.runner.act(office.client.context.database)
    told = await office.told(begun["import_id"])
    assert (told["rows_total"], told["rows_accepted"], await office.sheet(begun["import_id"])) == (1, 1, [])
