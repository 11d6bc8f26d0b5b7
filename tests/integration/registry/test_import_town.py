"""The office's files of a small town, as dirty as real ones, through the import API."""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deploy.town.build import Manifest
from deploy.town.score import score
from services.registry.handlers import imports
from services.registry.handlers.import_files import read_file
from shared.kernel.cells import text_of
from tests.integration.registry.office import Office

EVENTS = "select count(*) from outbox"
DOCUMENTS = (
    "select document::jsonb as document from outbox where split_part(subject, '.', 5) = $1 order by id"
)
BY_NAME = "select split_part(subject, '.', 5) as name, count(*) as n from outbox group by 1"


def _without_sites(town: Path) -> list[dict[str, Any]]:
    """What sanitation's importer would have to say of its own list."""
    key = [json.loads(line) for line in (town / "answer-key.jsonl").read_text(encoding="utf-8").splitlines()]
    said = {"reject": "rejected", "duplicate": "duplicate", "accept_unverified": "accepted_unverified"}
    return [
        {**entry, "outcome": said[entry["expect"]]}
        for entry in key
        if entry["file"].startswith("07") and entry["expect"] in said
    ]


@pytest.mark.scenario("P6")
@pytest.mark.requirement("R4.2")
async def test_every_row_of_the_dirty_town_is_treated_as_the_answer_key_expects(office: Office) -> None:
    told = await office.import_all()
    assert {one["state"] for one in told.values()} == {"done"}
    result = score(office.town, office.outcomes + _without_sites(office.town))
    assert result.perfect, [fault for fault in result.faults if fault.right != fault.rows]
    assert result.precision == result.recall == 1
    assert result.encodings == dict.fromkeys(result.encodings, 1.0)
    assert all(fault.cell in {None, 1.0} for fault in result.faults)


@pytest.mark.scenario("P6")
async def test_the_town_in_the_book_is_the_real_one(office: Office) -> None:
    await office.import_all()
    truth = json.loads((office.town / "truth.json").read_text(encoding="utf-8"))["town"]
    after = truth["after_import"]
    assert await office.value("select count(*) from dwelling") == truth["dwellings"]
    assert await office.value("select count(*) from person") == after["people"]
    living = {
        row["relation"]: row["n"]
        for row in await office.rows(
            "select relation, count(*) as n from residence where resident group by 1"
        )
    }
    assert living == {"owner": after["owners"], "tenant": after["tenants"], "dependant": after["dependants"]}
    assert await office.value("select count(*) from residence where not resident") == after["absentee_owners"]
    events = {row["name"]: row["n"] for row in await office.rows(BY_NAME)}
    assert len(await _newest(office, "PersonRegistered")) == after["people"]
    assert events["CompoundRegistered"] == await office.value("select count(*) from compound") == 53
    assert events["CheckpointOpened"] == 53
    assert events["GridRegistered"] == truth["grids"]
    assert events["WorkerPosted"] == await office.value("select count(*) from posting")


@pytest.mark.scenario("P4")
@pytest.mark.requirement("R4.1")
@pytest.mark.parametrize("backwards", [False, True])
async def test_the_newest_events_count_everybody_once_where_they_live_and_every_dwelling(
    office: Office, *, backwards: bool
) -> None:
    files = office.files()
    residents = [file for file in files if file.kind == "residents"]
    lists = iter(reversed(residents) if backwards else residents)
    for file in files:
        await office.import_file(next(lists) if file.kind == "residents" else file)
    truth = json.loads((office.town / "truth.json").read_text(encoding="utf-8"))["compounds"]
    people, resident, dwellings = Counter[str](), Counter[str](), Counter[str]()
    homes = await _newest(office, "PersonRegistered")
    for person in homes.values():
        people[person["compound"]] += 1
        resident[person["compound"]] += person["resident"]
    for grid in (await _newest(office, "AddressesRegistered")).values():
        dwellings[grid["compound"]] += grid["dwellings"]
    assert people == {code: told["after_import"]["people"] for code, told in truth.items()}
    assert resident == {code: told["after_import"]["residents"] for code, told in truth.items()}
    assert dwellings == {code: told["dwellings"] for code, told in truth.items()}
    households = await _newest(office, "HouseholdChanged")
    living = {ref for house in households.values() for ref in house["members"]}
    assert living == {ref for ref, person in homes.items() if person["resident"]}
    if backwards:  # landlords' lines come before those of their own homes
        assert await office.value(EVENTS + " where document like '%PersonRegistered%'") > len(homes)


@pytest.mark.scenario("P4")
async def test_an_absentee_owner_has_no_gate_card(office: Office) -> None:
    await office.import_all()
    carded = {
        row["ref"]
        for row in await office.rows(
            "select distinct document::jsonb -> 'data' ->> 'person_ref' as ref from outbox where channel = 'cards_gate'"
        )
    }
    living = {
        str(row["person_ref"])
        for row in await office.rows("select distinct person_ref from residence where resident")
    }
    assert carded == living
    assert await office.value("select count(*) from person where gate_card") == len(living)


@pytest.mark.scenario("P6")
async def test_importing_everything_again_changes_nothing_and_says_nothing(office: Office) -> None:
    await office.import_all()
    events, first = await office.value(EVENTS), office.outcomes
    states = await _state(office)
    office.outcomes = []
    again = await office.import_all()
    assert await office.value(EVENTS) == events
    assert await _state(office) == states
    assert sum(one["rows_accepted"] for one in again.values()) == 0
    assert office.outcomes == first


async def _newest(office: Office, name: str) -> dict[str, dict[str, Any]]:
    """What was told last of each aggregate, with its version; versions never fall and never repeat."""
    found: dict[str, dict[str, Any]] = {}
    for row in await office.rows(DOCUMENTS, name):
        document = row["document"]
        key, version = document["partitionkey"], int(document["sequence"])
        assert key not in found or found[key]["version"] < version
        found[key] = {"version": version, **document["data"]}
    return found


async def _state(office: Office) -> dict[str, str]:
    tables = (
        "compound",
        "checkpoint",
        "grid",
        "dwelling",
        "person",
        "person_document",
        "residence",
        "worker",
        "posting",
    )
    return {
        table: await office.value(f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t")
        for table in tables
    }


@pytest.mark.scenario("P6")
async def test_an_import_that_is_stopped_anywhere_goes_on_behind_its_last_batch(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH_ROWS", 97)
    stopped = 0
    for file in office.files():
        begun = await office.hand_in(file)
        told = await office.told(begun["import_id"])
        while told["state"] == "running":
            work = asyncio.create_task(office.runner.act(office.client.context.database))
            await _some_progress(office, begun["import_id"], told["rows_done"], work)
            stopped += work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            told = await office.told(begun["import_id"])
        assert told["state"] == "done"
        assert told["rows_done"] == told["rows_total"] == file.rows
        office.outcomes += [{"file": file.file, **row} for row in await office.sheet(begun["import_id"])]
    assert stopped > 15
    assert score(office.town, office.outcomes + _without_sites(office.town)).perfect
    truth = json.loads((office.town / "truth.json").read_text(encoding="utf-8"))["town"]["after_import"]
    assert await office.value("select count(*) from person") == truth["people"]
    assert len(await _newest(office, "PersonRegistered")) == truth["people"]
    assert await office.value("select count(*) from import_file") == 0


async def _some_progress(office: Office, import_id: str, done: int, work: "asyncio.Task[None]") -> None:
    while not work.done():
        told = await office.told(import_id)
        if told["rows_done"] > done or told["state"] != "running":
            return
        await asyncio.sleep(0.001)


@pytest.mark.scenario("P6")
async def test_a_dry_run_judges_every_row_and_writes_none(office: Office) -> None:
    files = office.files()
    for file in files:
        if file.kind not in {"residents", "workers"}:
            await office.import_file(file)
    events = await office.value(EVENTS)
    office.outcomes = []
    dry = [await office.import_file(file, dry_run=True) for file in files if file.kind == "residents"]
    assert await office.value(EVENTS) == events
    assert await office.value("select count(*) from person") == 0
    judged = office.outcomes
    office.outcomes = []
    real = [await office.import_file(file) for file in files if file.kind == "residents"]
    assert judged == office.outcomes
    counts = ("rows_total", "rows_accepted", "rows_unverified", "rows_rejected", "rows_duplicate")
    assert [[one[name] for name in counts] for one in dry] == [[one[name] for name in counts] for one in real]


@pytest.mark.requirement("F18")
async def test_no_name_document_or_phone_lies_in_the_database_in_the_clear(office: Office) -> None:
    planted = _planted(office.town)
    assert len(planted) > 5_000
    for file in office.files():
        await office.hand_in(file)
    waiting = _words(await _everything(office))
    await office.import_all()
    stored = _words(await _everything(office))
    assert "陆家镇" in stored, "the scan reads what is in the clear"
    assert not [value for value in planted if value in waiting or value in stored][:3]


async def _everything(office: Office) -> str:
    """Every table of the database as text, bytes as the text they would be."""
    tables = await office.rows("select tablename from pg_tables where schemaname = 'public' order by 1")
    parts: list[str] = []
    for table in tables:
        for row in await office.rows(f'select * from "{table["tablename"]}"'):
            parts += [
                value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                for value in row.values()
            ]
    return "\n".join(parts)


def _words(text: str) -> str:
    """What could be a name, a document or a phone, each once: the whole text is too long to search 10,000 times."""
    names = re.findall(r"[\u3400-\u9fff]{2,}|[A-Za-z]+(?: [A-Za-z]+)+", text)
    return "\n".join({*names, *re.findall(r"[A-Z]{0,2}[0-9]{7,}[Xx]?", text)})


def _planted(town: Path) -> set[str]:
    """Names, document numbers and phones of the whole town as the files have them."""
    planted: set[str] = set()
    for file in Manifest.load(town).files:
        if file.kind in {"residents", "workers"}:
            for row in read_file(file.kind, (town / file.file).read_bytes()).rows:
                for column in {"姓名", "证件号码", "手机号"} & row.columns.keys():
                    planted.add(text_of(row.cells[row.columns[column]]))
    # names of two characters are also parts of ordinary words
    return {value for value in planted if len(value) > 2}
