"""Ten thousand people through fourteen days at accelerated time, and how long the close of a window takes.

`python -m tests.bench.observation [people]` (10,000 without a number) opens a case for each person on a PostgreSQL of
its own (fsync on) and lets everybody declare twice a day as a plan drawn from a seed says (in time, late, not at all,
with a fever that is cleared two days later). Declarations go in through the service's HTTP surface, in this process:
of every hundredth person through a personal link, of the others as grid workers' phones send what they kept, and now
and then such a queue comes twice. Every window is closed by the product's own ticker; in the end everything that was
told and kept is held against an oracle that knows only the plan. In the first window nobody declares in time, so its
close settles everybody: its time is printed against the limit of 5 s, as is that of the midnight that releases them.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
import uvloop

from deploy.local.issuer import Account, Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from services.observation.app import build
from services.observation.domain.calendar import WINDOWS
from services.observation.handlers import intakes
from services.observation.settings import Settings
from services.observation.store import copies
from services.observation.tickers import close_due
from shared.context import Context, open_context
from shared.events.observation import WindowName
from shared.events.registry.returnees import ReturneeRegistered
from shared.events.registry.rules import PolicyRevised
from shared.kernel.clock import SteppedClock, write_control
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef
from shared.obs import logging
from shared.runtime import assemble
from shared.testing.databases import Databases
from tests.unit.observation.given import policy

PEOPLE = 10_000
LIMIT_SECONDS = 5.0
ANCHOR = date(2020, 2, 24)
DAYS = 14
CLEARED_AFTER = 2
"""Days from a fever to the decision to resume."""
TOGETHER = 200
"""Declarations a request: what a grid worker's phone may send at once."""
BY_LINK = 100
"""One person in so many declares by a personal link."""
TWICE = 20
"""One queue in so many comes twice, as when the answer was lost."""
CLERK = Account(subject="bench-clerk", name="bench", role="community_clerk", scope="town")
OFFICER = Account(subject="bench-officer", name="bench", role="hq_officer", scope="town")
Slot = tuple[int, WindowName]
"""A window of the n-th day."""
Way = Literal["in_time", "late", "missed", "fever"]
HOURS: dict[WindowName, tuple[int, int]] = {"morning": (6, 10), "evening": (17, 21)}


@dataclass(slots=True)
class Person:
    """Somebody with what they will do in each window, drawn beforehand."""

    intake_id: UUID
    ways: dict[Slot, Way]
    case_id: UUID = field(default_factory=uuid4)
    session: str | None = None
    """Of the phone that opened the personal link."""

    @property
    def fever_on(self) -> int | None:
        """The day of a fever, which comes in the morning."""
        return next((day for (day, _), way in self.ways.items() if way == "fever"), None)

    @property
    def last(self) -> int:
        """The number of the last day."""
        return DAYS if self.fever_on is None else DAYS + CLEARED_AFTER

    def due(self) -> list[Slot]:
        """The windows that are due: not those that open while the clock stands."""
        fever = self.fever_on
        return [
            (day, window)
            for day in range(1, self.last + 1)
            for window in WINDOWS
            if fever is None
            or (day, window == "evening") <= (fever, False)
            or (day, window == "evening") > (fever + CLEARED_AFTER, False)
        ]


@dataclass(slots=True)
class Outcome:
    """What the run showed."""

    people: int
    declared: int = 0
    close_seconds: float = 0.0
    closed: int = 0
    release_seconds: float = 0.0
    released: int = 0
    declaring_seconds: float = 0.0
    opening_seconds: float = 0.0
    closing_seconds: float = 0.0
    """Of all closes together."""
    faults: list[str] = field(default_factory=list)


def draw(people: int, *, fevers: float = 0.01, seed: int = 20200224) -> list[Person]:
    """Who does what; in the first window nobody declares in time."""
    chance = random.Random(seed)
    found = []
    for nth in range(people):
        ill = chance.random() < fevers or nth == 1  # also of a few somebody is
        fever = chance.randint(2, DAYS - 1) if ill else None
        person = Person(intake_id=UUID(int=chance.getrandbits(128), version=4), ways={})
        for day in range(1, DAYS + CLEARED_AFTER + 1):
            for window in WINDOWS:
                drawn = chance.random()
                way: Way = "in_time" if drawn < 0.97 else "late" if drawn < 0.985 else "missed"
                person.ways[day, window] = way
        person.ways[1, "morning"] = "late"
        if fever is not None:
            person.ways[fever, "morning"] = "fever"
        due = set(person.due())
        person.ways = {slot: way for slot, way in person.ways.items() if slot in due}
        found.append(person)
    return found


def instant(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of the n-th day."""
    return start_of(ANCHOR + timedelta(days=day)) + timedelta(hours=hour, minutes=minute)


@dataclass(slots=True)
class Town:
    """The service, what is said to it over HTTP, and its clock."""

    context: Context
    http: httpx.AsyncClient
    issuer: Issuer
    clock_file: Path
    queues: int = 0

    def move(self, to: datetime) -> None:
        write_control(self.clock_file, to, 0.0)

    async def post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        answer = await self.http.post(path, json=body, headers=headers)
        if answer.status_code not in {200, 201}:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
        told: dict[str, Any] = answer.json()
        return told

    def as_account(self, account: Account) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}

    async def open(self, people: list[Person]) -> None:
        """A policy and a case for everybody, on the morning of day 0, and links for some."""
        self.move(instant(0, 9))
        revised = PolicyRevised(
            version=1, effective_from=date(2020, 1, 1), revised_by="bench", document=policy()
        )
        async with self.context.database.begin(actor="bench") as tx:
            await copies.keep_policies(tx, [revised])
        for some in batches(people):
            async with self.context.database.begin(actor="bench") as tx:
                for nth, person in enumerate(some):
                    case = await intakes.open_for_returnee(_returnee(person, nth), tx=tx)
                    assert case is not None
                    person.case_id = case.case_id
        clerk = self.as_account(CLERK)
        for person in people[::BY_LINK]:
            link = await self.post(f"/v1/cases/{person.case_id}/links", {"link_id": str(uuid4())}, clerk)
            opened = await self.post("/v1/link-sessions", {"token": link["token"]}, {})
            person.session = opened["session"]

    async def declare(self, people: Iterable[Person], value: float) -> int:
        """Everybody of them declares now, each by their own way; tells how many."""
        queue: list[Person] = []
        count = 0
        for person in people:
            count += 1
            if person.session is None:
                queue.append(person)
            else:
                said = {"declaration_id": str(uuid4()), "temperature_c": value, "symptoms": []}
                await self.post("/v1/me/declarations", said, {"Authorization": f"Link {person.session}"})
        for some in batches(queue):
            await self._send([_queued(person, value) for person in some])
        return count

    async def _send(self, queue: list[dict[str, Any]]) -> None:
        self.queues += 1
        expected = ["created", "exists"] if self.queues % TWICE == 1 else ["created"]
        for status in expected:
            told = await self.post("/v1/declarations/batch", {"declarations": queue}, self.as_account(CLERK))
            if not_kept := [item for item in told["items"] if item["status"] != status]:
                raise RuntimeError(f"{len(not_kept)} of a queue are not {status}: {not_kept[0]}")

    async def resume(self, people: Iterable[Person]) -> None:
        """The clinic found nothing."""
        for person in people:
            decision = {"decision_id": str(uuid4()), "kind": "resume", "reason": "发热门诊已排除"}
            await self.post(f"/v1/cases/{person.case_id}/decisions", decision, self.as_account(OFFICER))

    async def close(self) -> tuple[float, int]:
        """Everything that is due now; tells how long it took and how many cases were settled."""
        began = time.perf_counter()
        settled = await close_due(self.context.database)
        return time.perf_counter() - began, settled


def _queued(person: Person, value: float) -> dict[str, Any]:
    return {
        "declaration_id": str(uuid4()),
        "case_id": str(person.case_id),
        "via": "phone",
        "temperature_c": value,
        "symptoms": [],
    }


def batches(people: list[Person]) -> Iterator[list[Person]]:
    """So many as one request or transaction takes."""
    for start in range(0, len(people), TOGETHER):
        yield people[start : start + TOGETHER]


def _returnee(person: Person, nth: int) -> ReturneeRegistered:
    compound = f"lj-{nth % 53 + 1:03}"
    return ReturneeRegistered(
        intake_id=person.intake_id,
        person_ref=PersonRef(uuid4()),
        compound=CompoundId(compound),
        dwelling_id=DwellingId(uuid4()),
        grid=GridId(f"{compound}-w01"),
        category="other",
        measure="home_self_monitoring",
        origin_code="330300",
        anchor_date=ANCHOR,
        anchor_basis="registration_date",
        policy_version=1,
        risk_revision=1,
        registered_at=instant(0, 9),
    )


async def live(town: Town, people: list[Person], *, say: bool = False) -> Outcome:
    """Sixteen days: declarations, closes, decisions, midnights."""
    outcome = Outcome(people=len(people))
    began = time.perf_counter()
    await town.open(people)
    outcome.opening_seconds = time.perf_counter() - began
    for day in range(1, DAYS + CLEARED_AFTER + 1):
        town.move(instant(day, 0, 1))
        for window in WINDOWS:
            opens, closes = HOURS[window]
            by_way: defaultdict[Way, list[Person]] = defaultdict(list)
            for person in people:
                if (way := person.ways.get((day, window))) is not None:
                    by_way[way].append(person)
            began = time.perf_counter()
            town.move(instant(day, opens, 30))
            outcome.declared += await town.declare(by_way["in_time"], 36.5)
            outcome.declared += await town.declare(by_way["fever"], 37.8)
            outcome.declaring_seconds += time.perf_counter() - began
            town.move(instant(day, closes))
            seconds, settled = await town.close()
            outcome.closing_seconds += seconds
            if (day, window) == (1, "morning"):
                outcome.close_seconds, outcome.closed = seconds, settled
            town.move(instant(day, closes, 30))
            began = time.perf_counter()
            outcome.declared += await town.declare(by_way["late"], 36.4)
            outcome.declaring_seconds += time.perf_counter() - began
            if window == "morning":
                town.move(instant(day, 12))
                await town.resume(person for person in people if person.fever_on == day - CLEARED_AFTER)
        town.move(instant(day + 1, 0))
        seconds, settled = await town.close()
        outcome.closing_seconds += seconds
        if day == DAYS:
            outcome.release_seconds, outcome.released = seconds, settled
        if say:
            print(
                f"day {day}: {outcome.declared} declarations, {outcome.declaring_seconds:.0f} s", flush=True
            )
    outcome.faults = await check(town.context, people)
    return outcome


async def check(context: Context, people: list[Person]) -> list[str]:
    """Hold everything that was told and kept against the plan."""
    faults: list[str] = []
    told: defaultdict[str, list[tuple[int, str, tuple[str, ...]]]] = defaultdict(list)
    async with context.database.read() as conn:
        for row in await conn.fetch("select document from outbox order by id"):
            document = json.loads(row["document"])
            data = document["data"]
            what = tuple(
                str(data[name]) for name in ("day", "window", "streak", "late", "last_day") if name in data
            )
            told[data["case_id"]].append((int(document["sequence"]), document["type"].split(".")[2], what))
        rows = {
            row["case_id"]: row
            for row in await conn.fetch("select case_id, state, last_day, ended_at from observation_case")
        }
    for person in people:
        facts = told[str(person.case_id)]
        if [version for version, _, _ in facts] != list(range(1, len(facts) + 1)):
            faults.append(f"{person.case_id}: versions {[version for version, _, _ in facts]}")
        expected = expectation(person)
        found = Counter((name, what) for _, name, what in facts)
        if found != expected:
            faults.append(f"{person.case_id}: too few {expected - found}, too many {found - expected}")
        row, done = rows[person.case_id], person.ways[person.last, "evening"] != "missed"
        last_day = ANCHOR + timedelta(days=person.last)
        ended = end_of(last_day) if done else None
        state = "completed" if done else "awaiting_closure"
        if (row["state"], row["last_day"], row["ended_at"]) != (state, last_day, ended):
            faults.append(f"{person.case_id}: {dict(row)}, expected {state} {last_day} {ended}")
    return faults


def expectation(person: Person) -> Counter[tuple[str, tuple[str, ...]]]:
    """Everything that must be told of somebody, each fact once, by nothing but the plan."""
    last_day = str(ANCHOR + timedelta(days=person.last))
    first_last = str(ANCHOR + timedelta(days=DAYS))
    facts: Counter[tuple[str, tuple[str, ...]]] = Counter({("ObservationStarted", (first_last,)): 1})
    streak = 0
    for slot in person.due():
        day, window = str(ANCHOR + timedelta(days=slot[0])), slot[1]
        way = person.ways[slot]
        if way in {"late", "missed"}:
            facts["DeclarationMissed", (day, window, str(streak + 1))] += 1
        if way != "missed":
            facts["DeclarationSubmitted", (day, window, str(way == "late"))] += 1
        if way == "fever":
            facts["SymptomReported", ()] += 1
            facts["ObservationInterrupted", ()] += 1
            facts["ObservationResumed", (last_day,)] += 1
        streak = streak + 1 if way == "missed" else 0
    missed_last = person.ways[person.last, "evening"] == "missed"  # a late one came before midnight
    facts["ObservationAwaitsClosure" if missed_last else "ObservationCompleted", (last_day,)] += 1
    return facts


@asynccontextmanager
async def a_town(folder: Path) -> AsyncIterator[Town]:
    """Servers, keys and a database of observation."""
    logging.configure("bench", "warning")
    secrets, issuer = (
        Secrets(folder=folder / "secrets"),
        Issuer(folder, folder / "key.json", "http://issuer.bench"),
    )
    secrets.make()
    issuer.make()
    clock_file = folder / "clock.json"
    write_control(clock_file, instant(0, 9), 0.0)
    postgres, nats = Postgres(folder / "pg"), NatsServer(folder / "nats")
    with postgres, nats:
        urls = await Databases(postgres.superuser_url()).fresh("observation")
        settings = Settings(
            mode="test",
            database_url=urls.database,
            keystore_url=urls.keystore,
            nats_url=nats.url,
            master_key_file=secrets.master_key_file("observation"),
            card_keys_file=secrets.card_keys_file("observation"),
            issuer=issuer.url,
            jwks_file=issuer.folder / "jwks.json",
            caller_rate_scale=1_000,
            clock_file=clock_file,
            session_burst_each=1_000,  # all links are opened from one address
            session_burst_together=1_000,
        )
        context = await open_context("observation", settings, SteppedClock(clock_file))
        try:
            service = build(context)
            context.database.rejections = service.rejections
            transport = httpx.ASGITransport(app=assemble(service, context))
            async with httpx.AsyncClient(transport=transport, base_url="http://observation.bench") as http:
                yield Town(context, http, issuer, clock_file)
        finally:
            await context.close()
    postgres.remove()


async def measure(people: int, folder: Path) -> int:
    """Run it and print; tells how many inconsistencies there were."""
    async with a_town(folder) as town:
        outcome = await live(town, draw(people), say=True)
    rate = outcome.declared / max(outcome.declaring_seconds, 0.001)
    print(f"{outcome.people} people, {outcome.declared} declarations ({rate:.0f} a second), sixteen days")
    for what, seconds in (
        ("opening all cases", outcome.opening_seconds),
        ("taking all declarations", outcome.declaring_seconds),
        ("closing all windows and days", outcome.closing_seconds),
    ):
        print(f"  {what:40} {seconds:6.1f} s = {seconds * 1_000 / outcome.people:5.1f} s per 1,000 people")
    for what, seconds, count in (
        ("close of a window that nobody answered", outcome.close_seconds, outcome.closed),
        ("midnight that releases", outcome.release_seconds, outcome.released),
    ):
        print(f"  {what:40} {count:6} cases {seconds:6.2f} s   limit / time = {LIMIT_SECONDS / seconds:.1f}")
    print(f"  inconsistencies against the plan: {len(outcome.faults)}")
    for fault in outcome.faults[:10]:
        print(f"    {fault}")
    return len(outcome.faults)


def main() -> None:
    """Real servers with fsync on."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        faults = runner.run(measure(people, Path(folder)))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
