"""A running observation service on fresh databases, and what its tests say to it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.observation.handlers.webhook import NOWHERE, Outlets
from services.observation.tickers import close_due, escalate_due
from shared.bus.consumer import Received, Seat, understand
from shared.bus.feed import Position, Raw
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.events.policy_observation import Measure, ObservationRules
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.returnees import ReturneeRegistered
from shared.events.registry.rules import PolicyRevised
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef, uuid7
from tests.conftest import Client
from tests.unit.observation.given import RULES, policy

FEB24 = date(2020, 2, 24)
LAST = date(2020, 3, 9)
COMPOUND = CompoundId("lj-001")
GRID = GridId("lj-001-w01")
CLERK = ("community_clerk", "compound:lj-001")
OFFICER = ("hq_officer", "town")


def policy_revised(
    version: int = 1, effective_from: date = date(2020, 1, 1), rules: ObservationRules = RULES
) -> PolicyRevised:
    return PolicyRevised(
        version=version, effective_from=effective_from, revised_by="hq", document=policy(rules)
    )


def returnee(
    person: UUID | None = None,
    *,
    anchor: date = FEB24,
    compound: str = COMPOUND,
    grid: str = GRID,
    measure: Measure = "home_self_monitoring",
) -> ReturneeRegistered:
    return ReturneeRegistered(
        intake_id=uuid4(),
        person_ref=PersonRef(person or uuid4()),
        compound=CompoundId(compound),
        dwelling_id=DwellingId(uuid4()),
        grid=GridId(grid),
        category="other",
        measure=measure,
        origin_code="330300",
        anchor_date=anchor,
        anchor_basis="registration_date",
        policy_version=1,
        risk_revision=1,
        registered_at=datetime.fromisoformat("2020-02-24T09:00:00+08:00"),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """The service, what the registry tells it, and what it tells."""

    client: Client
    outlets: Outlets = NOWHERE

    @property
    def database(self) -> Any:
        return self.client.context.database

    def envelope(self, event: Event, channel: str, pos: int) -> Received:
        document = encode(
            event,
            event_id=uuid7(),
            time=self.client.context.clock.now(),
            version=1,
            cause=Cause(correlation=uuid7()),
        )
        raw = Raw(epoch=1, pos=pos, document=document, traceparent=None)
        item = understand(
            raw, producer=event.service, channel=channel, wanted=frozenset({type(event).type_name})
        )
        assert isinstance(item, Received)
        return item

    async def hear(self, *events: Event) -> None:
        """Deliver events to every consumer that reads them, as the runtime does."""
        for event in events:
            channel = event.channel_name()
            for consumer in self.client.service.consumers:
                if (event.service, channel) not in consumer.channels():
                    continue
                if not isinstance(event, consumer.reads):
                    continue
                seat = Seat(consumer=consumer, producer=event.service, channel=channel)
                at = await seat.position(self.database)
                to = Position(1, at.pos + 1)
                await seat.take(self.database, at, to, [self.envelope(event, channel, to.pos)])

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        async with self.database.read() as conn:
            return [dict(row) for row in await conn.fetch(query, *args)]

    async def told(self, name: str | None = None) -> list[dict[str, Any]]:
        """Events in the outbox in the order in which they were told, as name and data."""
        found = []
        for row in await self.rows("select document from outbox order by id"):
            document = json.loads(row["document"])
            kind = document["type"].split(".")[2]
            if name in {None, kind}:
                found.append({"event": kind, "version": int(document["sequence"]), **document["data"]})
        return found

    async def open_case(self, event: ReturneeRegistered | None = None) -> UUID:
        event = event or returnee()
        await self.hear(event)
        rows = await self.rows("select case_id from observation_case where intake_id = $1", event.intake_id)
        case_id: UUID = rows[0]["case_id"]
        return case_id

    def move(self, day: date, clock: str) -> None:
        self.client.move_to(datetime.fromisoformat(f"{day}T{clock}+08:00"))

    async def tick(self) -> int:
        """Close what is due and escalate what stayed missed; tells how many cases were settled."""
        settled = await close_due(self.database)
        await escalate_due(self.database, self.client.context.vault, self.outlets)
        return settled

    async def post(self, path: str, body: dict[str, Any], who: tuple[str, str] = CLERK) -> httpx.Response:
        return await self.client.http.post(path, json=body, headers=self.client.as_role(*who))

    async def get(self, path: str, who: tuple[str, str] = CLERK) -> httpx.Response:
        return await self.client.http.get(path, headers=self.client.as_role(*who))

    async def declare(self, case_id: UUID, temperature: float | None = 36.5, **more: Any) -> httpx.Response:
        body = {
            "declaration_id": str(uuid4()),
            "via": "phone",
            **({"temperature_c": temperature} if temperature is not None else {}),
            **more,
        }
        return await self.post(f"/v1/cases/{case_id}/declarations", body)

    async def decide(self, case_id: UUID, kind: str, reason: str = "发热门诊已排除") -> httpx.Response:
        body = {"decision_id": str(uuid4()), "kind": kind, "reason": reason}
        return await self.post(f"/v1/cases/{case_id}/decisions", body, OFFICER)

    async def link(self, case_id: UUID, who: tuple[str, str] = CLERK) -> str:
        answer = await self.post(f"/v1/cases/{case_id}/links", {"link_id": str(uuid4())}, who)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def session(self, token: str, **more: str) -> httpx.Response:
        return await self.client.http.post("/v1/link-sessions", json={"token": token, **more})

    async def card(self, event: ReturneeRegistered, **fields: str) -> None:
        sealed = self.client.context.cards.seal_card("observation", fields)
        await self.hear(
            SubjectCardSealed(
                recipient="observation", person_ref=event.person_ref, compound=event.compound, card=sealed
            )
        )


@pytest.fixture
async def bare_desk(client_for: Callable[[str], Awaitable[Client]]) -> Desk:
    """Without any policy."""
    return Desk(client=await client_for("observation"))


@pytest.fixture
async def desk(bare_desk: Desk) -> Desk:
    """With a policy and one compound."""
    await bare_desk.hear(
        policy_revised(),
        CompoundRegistered(
            compound=COMPOUND, name="测试小区", neighbourhood="nb-01", mode="closed", area_m2=90_000
        ),
    )
    return bare_desk


def days_from(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
