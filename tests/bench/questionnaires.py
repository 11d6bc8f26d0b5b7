"""A questionnaire platform's list of a whole town, worked off row by row, and how long that takes.

`python -m tests.bench.questionnaires [rows]` (20,000 without a number) opens a case and keeps a card for every second
row on a PostgreSQL of its own (fsync on), so that each person has a morning's and an evening's line; one line in fifty
is about nobody. The list is handed in over HTTP and worked off by the product's own ticker, then handed in again, which
must change nothing. It prints rows per second of both.
"""

import asyncio
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop

from services.observation.handlers import contacts, questionnaires
from shared.events.registry.cards import SubjectCardSealed
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.tables import Table, write
from tests.bench.observation import ANCHOR, CLERK, Person, Town, a_town, draw, instant

ROWS = 20_000
STRANGER = 50
"""One line in so many is about nobody who is observed."""
TOGETHER = 200
"""Cards a transaction, as the bus brings them."""
HEADER = ("姓名", "手机号", "体温", "症状", "填报时间")


def phone(nth: int) -> str:
    """The number of the n-th person, which nobody has."""
    return f"199{nth:08d}"


async def give_cards(town: Town, people: list[Person]) -> None:
    """What the registry tells of how to reach them."""
    async with town.context.database.read() as conn:
        rows = await conn.fetch("select case_id, person_ref, compound from observation_case")
    places = {row["case_id"]: (row["person_ref"], row["compound"]) for row in rows}
    for start in range(0, len(people), TOGETHER):
        async with town.context.database.begin(actor="bench") as tx:
            for nth, person in enumerate(people[start : start + TOGETHER], start=start):
                ref, compound = places[person.case_id]
                card = town.context.cards.seal_card(
                    contacts.RECIPIENT, {"name": f"居民{nth}", "phone": phone(nth), "room": "1-101"}
                )
                event = SubjectCardSealed(
                    recipient="observation",
                    person_ref=PersonRef(ref),
                    compound=CompoundId(compound),
                    card=card,
                )
                await contacts.keep_contact(
                    event, tx=tx, vault=town.context.vault, card_keys=town.context.cards
                )


def lines(people: int) -> list[list[str]]:
    """A morning's and an evening's line of everybody; every fiftieth is about somebody else."""
    day = ANCHOR + timedelta(days=1)
    return [
        [
            f"居民{nth}",
            phone(nth) if (2 * nth + at) % STRANGER else phone(nth + people),
            "36.5",
            "无",
            f"{day} {('07:10', '17:10')[at]}",
        ]
        for nth in range(people)
        for at in range(2)
    ]


async def work_off(town: Town, content: bytes) -> tuple[float, dict[str, Any]]:
    """Hand a list in and work it off; tells the seconds and what became of the rows."""
    headers = town.as_account(CLERK)
    answer = await town.http.post(
        "/v1/declaration-imports", files={"file": ("翼填报.csv", content)}, headers=headers
    )
    answer.raise_for_status()
    began = time.perf_counter()
    await questionnaires.run_due(town.context.database, town.context.vault)
    seconds = time.perf_counter() - began
    path = f"/v1/declaration-imports/{answer.json()['import_id']}"
    told: dict[str, Any] = (await town.http.get(path, headers=headers)).json()
    return seconds, told


async def measure(rows: int, folder: Path) -> bool:
    """Run it and print; tells whether every row came out as it must."""
    people = rows // 2
    async with a_town(folder) as town:
        drawn = draw(people)
        await town.open(drawn)
        await give_cards(town, drawn)
        town.move(instant(1, 18))
        written = lines(people)
        content = write(Table(name="问卷", header=HEADER, rows=written), "csv")
        strangers = sum(nth % STRANGER == 0 for nth in range(len(written)))
        right = True
        for name, expected in (
            ("first time", (len(written) - strangers, 0, strangers)),
            ("handed in again", (0, len(written) - strangers, strangers)),
        ):
            seconds, told = await work_off(town, content)
            found = told["rows_accepted"], told["rows_unchanged"], told["rows_rejected"]
            right = right and (told["state"], found) == ("done", expected)
            print(
                f"{name:16} {len(written):6} rows {seconds:7.1f} s {len(written) / seconds:7.0f} rows/s   "
                f"accepted, unchanged, rejected: {found}, expected {expected}",
                flush=True,
            )
    return right


def main() -> None:
    """Real servers with fsync on."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        right = runner.run(measure(rows, Path(folder)))
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
