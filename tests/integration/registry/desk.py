"""A running registry with a small town, what others tell it, and what it tells."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from stdnum.cn.ric import calc_check_digit

from services.registry.domain.documents import DocumentKind, read_document
from services.registry.domain.people import Relation, Sex
from services.registry.handlers.people import Keeper, NewPerson, register_person
from shared.bus.consumer import Received, Seat, understand
from shared.bus.feed import Position, Raw
from shared.db.pool import Database
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.events.gate import FeverSeen
from shared.events.observation import ObservationCompleted, ObservationStarted
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef, uuid7
from tests.conftest import Client

FEB24 = date(2020, 2, 24)
CLERK = ("community_clerk", "compound:lj-001")
OFFICER = ("hq_officer", "town")

PLACES = """
insert into neighbourhood (neighbourhood_id, name, kind) values ('yq', '云桥社区', 'community');
insert into compound (compound_id, neighbourhood_id, name, building_type, address, area_m2, mode) values
  ('lj-001', 'yq', '云桥一村', 'mid_rise', '云桥路 1 号', 80000, 'closed'),
  ('lj-002', 'yq', '云桥二村', 'mid_rise', '云桥路 2 号', 80000, 'closed');
insert into grid (grid_id, compound_id, name, dwellings) values
  ('lj-001-w01', 'lj-001', '第一网格', 5), ('lj-001-w02', 'lj-001', '第二网格', 5),
  ('lj-002-w01', 'lj-002', '第一网格', 3);
insert into dwelling (dwelling_id, compound_id, grid_id, building, unit, room, building_order, unit_order, room_order,
  address, occupancy)
select gen_random_uuid(), 'lj-001', case when n < 6 then 'lj-001-w01' else 'lj-001-w02' end, n || '幢', '2单元', '501',
  n, 2, 501, '云桥路 1 号 ' || n || ' 幢 2 单元 501 室', 'let' from generate_series(1, 10) n
union all
select gen_random_uuid(), 'lj-002', 'lj-002-w01', n || '幢', '', '101', n, 0, 101,
  '云桥路 2 号 ' || n || ' 幢 101 室', 'owner_occupied' from generate_series(1, 3) n;
"""


def resident_id(nth: int, born: str = "19900307") -> str:
    """A valid number with a division code that nobody was assigned."""
    body = f"990101{born}{nth:03d}"
    return body + str(calc_check_digit(f"{body}0"))


@dataclass(slots=True)
class Desk:
    """A clerk's desk: the registry over HTTP and what happens around it."""

    client: Client
    people: int = 0

    @property
    def database(self) -> Database:
        return self.client.context.database

    # ---- asking

    async def post(self, path: str, body: Any, who: tuple[str, str] = CLERK) -> httpx.Response:
        return await self.client.http.post(path, json=body, headers=self.client.as_role(*who))

    async def get(self, path: str, who: tuple[str, str] = CLERK, **params: Any) -> httpx.Response:
        return await self.client.http.get(path, params=params, headers=self.client.as_role(*who))

    async def publish_risk(
        self, areas: dict[str, str], *, revision: int = 1, since: date = date(2020, 2, 1)
    ) -> None:
        body = {"revision": revision, "effective_from": since.isoformat(), "areas": areas}
        answer = await self.post("/v1/risk-areas", body, OFFICER)
        assert answer.status_code == 201, answer.text

    def intake(self, **changes: Any) -> dict[str, Any]:
        """A person nobody knows, back from Wenzhou today with a ticket, to 8幢2单元501."""
        self.people += 1
        return {
            "intake_id": str(uuid4()),
            "person": {
                "name": "欧阳海棠",
                "documents": [{"kind": "resident_id", "number": resident_id(self.people)}],
                "phone": f"199000000{self.people:02d}",
            },
            "dwelling": {"compound": "lj-001", "building": "8幢", "unit": "2单元", "room": "501"},
            "trip": {
                "origin_code": "330300",
                "arrived_on": "2020-02-24",
                "transport": "train",
                "proof": True,
            },
        } | changes

    async def register(
        self, body: dict[str, Any] | None = None, who: tuple[str, str] = CLERK
    ) -> dict[str, Any]:
        answer = await self.post("/v1/returnees", body or self.intake(), who)
        assert answer.status_code in {200, 201}, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def resident(self, building: str = "1幢") -> UUID:
        """Somebody who lives here and was never away."""
        self.people += 1
        context = self.client.context
        async with self.database.begin(actor="test") as tx:
            home = await tx.fetchval(
                "select dwelling_id from dwelling where compound_id = 'lj-001' and building = $1", building
            )
            number = resident_id(self.people)
            person = NewPerson(
                name="司徒南星",
                sex=Sex.FEMALE,
                born=date(1990, 3, 7),
                documents=(read_document(DocumentKind.RESIDENT_ID, number),),
                phone="19900000000",
                origin_code=None,
                registered_on=FEB24,
            )
            keeper = Keeper(vault=context.vault, cards=context.cards)
            return await register_person(tx, keeper, person, home, Relation.OWNER)

    async def ask_pass(
        self, person: UUID | str, *, request: UUID | None = None, compound: str = "lj-001"
    ) -> httpx.Response:
        body = {"request_id": str(request or uuid4()), "person_ref": str(person), "compound": compound}
        return await self.post("/v1/passes", body)

    def move(self, text: str) -> None:
        self.client.move_to(datetime.fromisoformat(f"{text}+08:00"))

    # ---- what others tell

    async def hear(self, *events: Event, dead_letters: int = 0) -> None:
        """Deliver events to every consumer that reads them, as the runtime does; so many end as dead letters."""
        for event in events:
            channel = event.channel_name()
            for consumer in self.client.service.consumers:
                if (event.service, channel) in consumer.channels() and isinstance(event, consumer.reads):
                    seat = Seat(consumer=consumer, producer=event.service, channel=channel)
                    at = await seat.position(self.database)
                    to = Position(1, at.pos + 1)
                    await seat.take(self.database, at, to, [self._received(event, channel, to.pos)])
        dead = await self.rows("select consumer, reason, error from dead_letter")
        assert len(dead) == dead_letters, dead

    def _received(self, event: Event, channel: str, pos: int) -> Received:
        cause = Cause(correlation=uuid7())
        document = encode(
            event, event_id=uuid7(), time=self.client.context.clock.now(), version=1, cause=cause
        )
        raw = Raw(epoch=1, pos=pos, document=document, traceparent=None)
        wanted = frozenset({type(event).type_name})
        item = understand(raw, producer=event.service, channel=channel, wanted=wanted)
        assert isinstance(item, Received)
        return item

    def started(self, intake: dict[str, Any], case_id: UUID | None = None) -> ObservationStarted:
        return ObservationStarted.model_validate(
            {
                **{
                    name: intake[name]
                    for name in ("person_ref", "compound", "dwelling_id", "grid", "category")
                },
                **{name: intake[name] for name in ("measure", "anchor_date", "last_day", "policy_version")},
                "case_id": case_id or uuid4(),
                "started_at": self.client.context.clock.now(),
            }
        )

    def completed(self, case: ObservationStarted) -> ObservationCompleted:
        return ObservationCompleted(
            case_id=case.case_id,
            person_ref=case.person_ref,
            compound=case.compound,
            last_day=case.last_day,
            pass_from=case.last_day + timedelta(days=1),
            completed_at=self.client.context.clock.now(),
        )

    def fever(self, person: UUID | str) -> FeverSeen:
        return FeverSeen.model_validate(
            {
                "check_id": uuid4(),
                "person_ref": PersonRef(UUID(str(person))),
                "compound": CompoundId("lj-001"),
                "checkpoint": CheckpointId("lj-001-n"),
                "temperature_c": "37.9",
                "checked_at": self.client.context.clock.now(),
            }
        )

    # ---- what came of it

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        async with self.database.read() as conn:
            return [dict(row) for row in await conn.fetch(query, *args)]

    async def told(self, name: str) -> list[dict[str, Any]]:
        """Events of one name in the outbox, in the order in which they were told."""
        found = []
        for row in await self.rows("select document from outbox order by id"):
            document = json.loads(row["document"])
            if document["type"].split(".")[2] == name:
                found.append({"version": int(document["sequence"]), **document["data"]})
        return found


async def furnish(client: Client) -> Desk:
    """Put two compounds on the map."""
    async with client.context.database.begin() as tx:
        await tx.execute(PLACES)
    return Desk(client)
