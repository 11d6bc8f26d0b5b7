"""Questionnaire platforms' lists: found by sealed cards, judged like every declaration, sent again without a change."""

import asyncio
import csv
import io
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from services.observation.handlers import questionnaires
from services.observation.handlers.contacts import index_kept
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import PersonErased
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.masters import MasterKeys
from shared.kernel.sealed import Vault
from shared.kernel.tables import FileFormat, Table, write
from shared.kernel.tasks import stop
from shared.testing.waiting import eventually
from tests.integration.observation.conftest import CLERK, OFFICER, Desk, returnee

FEB25 = date(2020, 2, 25)
HEADER = ("序号", "姓名", "联系电话", "身份证号", "体温", "无法测量原因", "症状", "提交时间")
NAMES = ("欧阳海棠", "司徒南星", "慕容听雪", "诸葛明月")
DOCUMENT, PERMIT = "99010219900307001X", "H12345678"
PATH = "/v1/declaration-imports"
Line = tuple[str, str, str, str, str, str, str]


async def known(
    desk: Desk, nth: int, *documents: str, compound: str = "lj-001"
) -> tuple[ReturneeRegistered, UUID]:
    """Somebody under observation with a card."""
    event = returnee(compound=compound, grid=f"{compound}-w01")
    case_id = await desk.open_case(event)
    card = {
        "name": NAMES[nth],
        "phone": f"1990000123{nth}",
        "room": "9-1-301",
        "documents": list(documents),
    }
    sealed = desk.client.context.cards.seal_card("observation", card)
    await desk.hear(
        SubjectCardSealed(
            recipient="observation", person_ref=event.person_ref, compound=event.compound, card=sealed
        )
    )
    return event, case_id


def row(nth: int, temperature: str = "36.5", at: str = "2020-02-25 07:10", **more: str) -> Line:
    told = {
        "phone": f"1990000123{nth}",
        "document": "",
        "why": "",
        "symptoms": "无",
        "name": NAMES[nth],
    } | more
    return (told["name"], told["phone"], told["document"], temperature, told["why"], told["symptoms"], at)


def listed(*lines: Line, how: FileFormat = "xlsx") -> bytes:
    rows = [[str(nth), *line] for nth, line in enumerate(lines, start=1)]
    return write(Table(name="问卷", header=HEADER, rows=rows), how)


async def hand_in(
    desk: Desk, content: bytes, who: tuple[str, str] = CLERK, *, dry: bool = False
) -> httpx.Response:
    return await desk.client.http.post(
        f"{PATH}?dry_run={str(dry).lower()}",
        files={"file": ("翼填报.xlsx", content)},
        headers=desk.client.as_role(*who),
    )


async def worked_off(desk: Desk, content: bytes, who: tuple[str, str] = CLERK, *, dry: bool = False) -> Any:
    begun = await hand_in(desk, content, who, dry=dry)
    assert begun.status_code == 202, begun.text
    assert begun.json()["state"] == "running"
    await questionnaires.run_due(desk.database, desk.client.context.vault)
    told = (await desk.get(f"{PATH}/{begun.json()['import_id']}", who)).json()
    assert (told["state"], told["rows_done"]) == ("done", told["rows_total"])
    return told


def counts(told: Any) -> tuple[int, int, int]:
    return told["rows_accepted"], told["rows_unchanged"], told["rows_rejected"]


async def rejected(desk: Desk, told: Any) -> list[tuple[int, str, str]]:
    lines = (await desk.get(f"{PATH}/{told['import_id']}/rows")).json()["items"]
    assert all(line["detail"] for line in lines)
    return [(line["row"], line["column"], line["code"]) for line in lines]


@pytest.mark.scenario("P6", "O7")
@pytest.mark.requirement("R4.2")
@pytest.mark.parametrize("how", ["xlsx", "csv"])
async def test_a_list_becomes_declarations_by_the_rules_of_every_other_one(
    desk: Desk, how: FileFormat
) -> None:
    (_, by_document), (_, by_phone), (_, late) = [
        await known(desk, nth, *documents) for nth, documents in enumerate(([DOCUMENT], [PERMIT], []))
    ]
    desk.move(FEB25, "09:00")
    lines = (
        row(0, document=DOCUMENT.lower(), phone=""),
        row(1),
        row(1, "37.6", "2020-02-25 08:00"),  # the worse one acts
        row(
            2, "", "2020-02-24 17:30", why="无体温计"
        ),  # of the evening before: not due on day 0, and after its time
        row(0, "36.5", "2020-02-25 07:10", document=DOCUMENT, phone="19912345678"),  # said already, above
        row(1, document=f"{PERMIT} 03", phone=""),  # likewise; a permit shows how often it was issued
    )
    content = listed(*lines, how=how)
    tried = await worked_off(desk, content, dry=True)
    assert (counts(tried), tried["dry_run"]) == ((4, 2, 0), True)
    assert await desk.told("DeclarationSubmitted") == []
    assert await desk.rows("select 1 from fever_episode") == []

    taken = await worked_off(desk, content)
    assert counts(taken) == (4, 2, 0)
    told = await desk.told("DeclarationSubmitted")
    assert [(one["case_id"], one["by"], one["late"]) for one in told] == [
        (str(by_document), "import", False),
        (str(by_phone), "import", False),
        (str(by_phone), "import", False),
        (str(late), "import", True),
    ]
    assert (await desk.get(f"/v1/cases/{by_phone}")).json()["state"] == "medical"
    (entry,) = (await desk.get(f"/v1/cases/{late}/declarations")).json()["entries"]
    assert (entry["channel"], entry["standing"], entry["cannot_measure_reason"]) == (
        "import",
        "after",
        "no_thermometer",
    )
    again = await worked_off(desk, listed(*reversed(lines), how="csv"))
    assert counts(again) == (0, 6, 0)
    assert len(await desk.told("DeclarationSubmitted")) == 4
    cards = await desk.rows("select documents_index, name_phone_index from contact_card")
    kept = b"".join([card["name_phone_index"] + b"".join(card["documents_index"]) for card in cards])
    assert DOCUMENT.encode() not in kept


@pytest.mark.scenario("P6")
async def test_bad_rows_are_told_by_cell_and_come_back_to_be_corrected(desk: Desk) -> None:
    (_, case_id), (over, ended), (gone, _), (_, elsewhere) = [
        await known(desk, nth, *([DOCUMENT] if nth == 0 else []), compound="lj-009" if nth == 3 else "lj-001")
        for nth in range(4)
    ]
    assert (await desk.decide(ended, "cancelled", "重复登记")).status_code == 201
    await desk.hear(PersonErased(person_ref=gone.person_ref, erased_at=desk.client.context.clock.now()))
    desk.move(FEB25, "09:00")
    content = listed(
        row(0, "365"),
        row(0, at="2020-02-25 23:00"),
        row(0, at="2020-02-24 08:00"),
        row(0, "36.5", name=NAMES[1], document=DOCUMENT),
        row(0, symptoms="头晕"),
        row(0, phone="19900009999"),
        row(1),
        row(2),
        row(3),
        row(0),
        how="csv",
    )
    told = await worked_off(desk, content)
    assert counts(told) == (1, 0, 9)
    assert await rejected(desk, told) == [
        (2, "体温", "temperature_implausible"),
        (3, "提交时间", "declared_in_future"),
        (4, "提交时间", "declared_before_opening"),
        (5, "姓名", "name_differs"),
        (6, "症状", "symptom_unknown"),
        (7, "姓名", "person_unknown"),
        (8, "", "case_ended"),
        (9, "姓名", "person_unknown"),  # erased: nobody can be found any more
        (10, "姓名", "person_unknown"),  # of another compound: nobody learns that they are observed
    ]
    assert over.person_ref != gone.person_ref
    assert (await desk.get(f"/v1/cases/{elsewhere}/declarations", OFFICER)).json()["entries"] == []
    path = f"{PATH}/{told['import_id']}/rejected"
    sheet = await desk.get(f"{path}?format=csv")
    back = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert back[0] == [*HEADER, "退回位置", "退回原因"]
    assert (back[1][4], back[1][-2]) == ("365", "第 2 行 体温")
    back[1][4] = "36.4"
    out = io.StringIO()
    csv.writer(out).writerows(back[:2])
    assert counts(await worked_off(desk, out.getvalue().encode("gb18030"))) == (1, 0, 0)
    assert len((await desk.get(f"/v1/cases/{case_id}/declarations")).json()["entries"]) == 2
    other = ("community_clerk", "town")
    assert (await desk.get(path, ("grid_worker", "town"))).json()["code"] == "import_unknown"
    assert counts(await worked_off(desk, listed(row(3)), other)) == (1, 0, 0)

    # What was rejected is kept for some days, and what was wrong with it stays.
    async with desk.database.begin(actor="test") as tx:
        await tx.execute(
            "update questionnaire set kept_until = $1", datetime.fromisoformat("2020-01-01T00:00:00Z")
        )
    await questionnaires.run_due(desk.database, desk.client.context.vault)
    assert (await desk.get(path)).json()["code"] == "file_expired"
    assert len(await rejected(desk, told)) == 9
    assert await desk.rows("select 1 from questionnaire_part") == []


async def test_what_is_no_list_is_refused_at_once_and_a_stopped_run_goes_on(desk: Desk) -> None:
    for content, code in (
        (b"", "file_unreadable"),
        (b"PK\x03\x04nonsense", "file_unreadable"),
        ("姓名,体温\r\n甲,36.5\r\n".encode(), "file_unreadable"),
        ("姓名,体温,症状,填报时间\r\n甲,36.5,无,2020-02-25\r\n".encode(), "file_unreadable"),
    ):
        answer = await hand_in(desk, content)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    no_form = await desk.post(PATH, {})
    assert (no_form.status_code, no_form.json()["code"]) == (422, "file_missing")
    assert (await hand_in(desk, listed(row(0)), ("supervisor", "town"))).status_code == 403
    template = await desk.get(f"{PATH}/template?format=csv")
    assert template.content.decode("utf-8-sig").startswith("姓名,手机号,证件号码,体温")

    await known(desk, 0)
    desk.move(FEB25, "09:00")
    times = [f"2020-02-25 {hour:02d}:{minute:02d}" for hour in range(1, 9) for minute in range(60)]
    content = listed(*(row(0, at=at) for at in times), how="csv")
    begun, same = [await hand_in(desk, content) for _ in range(2)]
    assert (begun.status_code, same.status_code) == (202, 200)
    path = f"{PATH}/{begun.json()['import_id']}"
    assert same.json()["import_id"] == begun.json()["import_id"]

    async def begun_well() -> bool:
        return bool((await desk.get(path)).json()["rows_done"])

    running = asyncio.create_task(questionnaires.run_due(desk.database, desk.client.context.vault))
    await eventually(begun_well, within=20, what="some rows are done")
    await stop(running)
    half = (await desk.get(path)).json()
    assert half["rows_done"] % questionnaires.TOGETHER == 0  # whole parts
    assert half["rows_done"] == half["rows_accepted"] == len(await desk.told("DeclarationSubmitted"))
    await questionnaires.run_due(desk.database, desk.client.context.vault)
    whole = (await desk.get(path)).json()
    assert (whole["state"], counts(whole)) == ("done", (480, 0, 0))
    assert len(await desk.told("DeclarationSubmitted")) == 480


async def test_what_nobody_foresaw_costs_one_row_or_one_list_and_stops_no_other(desk: Desk) -> None:
    context = desk.client.context
    (_, case_id), (locked_out, _) = [await known(desk, nth) for nth in range(2)]
    desk.move(FEB25, "09:00")
    keys = await asyncpg.connect(context.settings.keystore_url)
    await keys.execute("update person_key set master_kid = 'of nobody' where ref = $1", locked_out.person_ref)
    await keys.close()
    assert context.keystore is not None
    vault = Vault(context.keystore, MasterKeys.load(context.settings.master_key_file), context.clock)
    lines = [row(0, at=f"2020-02-25 07:{minute:02d}") for minute in range(20)]
    whole, lost = [
        (await hand_in(desk, listed(*some))).json()["import_id"]
        for some in ((*lines[:5], row(1), *lines[5:], row(2)), lines)
    ]
    await vault.destroy(UUID(lost))
    last = (await hand_in(desk, listed(*lines[:3]))).json()["import_id"]
    await questionnaires.run_due(desk.database, vault)
    told, stopped, unchanged = [(await desk.get(f"{PATH}/{one}")).json() for one in (whole, lost, last)]
    assert [one["state"] for one in (told, stopped, unchanged)] == ["done", "failed", "done"]
    assert [counts(one) for one in (told, stopped, unchanged)] == [(20, 0, 2), (0, 0, 0), (0, 3, 0)]
    assert await rejected(desk, told) == [(7, "", "row_failed"), (23, "姓名", "person_unknown")]
    assert len((await desk.get(f"/v1/cases/{case_id}/declarations")).json()["entries"]) == 20
    assert (await hand_in(desk, listed(*lines))).status_code == 202  # it may come again


async def test_cards_of_before_are_indexed_once(desk: Desk) -> None:
    await known(desk, 0, DOCUMENT)
    async with desk.database.begin(actor="test") as tx:
        await tx.execute(
            "update contact_card set indexed = false, name_phone_index = null, documents_index = '{}'"
        )
    desk.move(FEB25, "09:00")
    told = await worked_off(desk, listed(row(0, document=DOCUMENT)))
    assert counts(told) == (0, 0, 1)
    vault = desk.client.context.vault
    assert [await index_kept(desk.database, vault) for _ in range(2)] == [1, 0]
    assert counts(await worked_off(desk, listed(row(0, document=DOCUMENT)))) == (1, 0, 0)
