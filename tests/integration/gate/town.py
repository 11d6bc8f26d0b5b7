"""A small town as the gate hears of it: events delivered through the runtime's own seats, devices over HTTP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from deploy.local.issuer import Account
from services.gate.projections.cards import Cards
from services.gate.projections.cases import Cases
from services.gate.projections.passes import Passes
from services.gate.projections.reports import Reports, RiskAreas
from services.gate.projections.town import Policy, Town, Workers
from services.gate.projections.vehicles import VehiclePasses
from services.gate.sealing import READING
from shared.bus.consumer import Consumer, Item, Seat, understand
from shared.bus.feed import Position, Raw
from shared.bus.projection import Projection
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.events.observation import (
    ObservationCompleted,
    ObservationInterrupted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.policy import PolicyDocument
from shared.events.policy_observation import Measure
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)
from shared.events.registry.places import CheckpointOpened, CompoundRegistered
from shared.events.registry.rules import PassKeyAnnounced, PolicyRevised
from shared.kernel import pass_token
from shared.kernel.cards import CardKeys
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef, uuid7
from tests.conftest import NINE_ON_THE_24TH, Client

NOW = NINE_ON_THE_24TH
HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
CHECKPOINT, OTHER_CHECKPOINT = CheckpointId("lj-001-n"), CheckpointId("lj-002-n")
POLICY = PolicyDocument.model_validate(
    json.loads(
        (Path(__file__).parents[3] / "services/registry/data/policy-2020-02-24.json").read_text(
            encoding="utf-8"
        )
    )["document"]
)


READERS: tuple[type[Projection], ...] = (
    *(Town, Workers, Policy, Passes, Cases, Cards),
    *(VehiclePasses, RiskAreas, Reports),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Somebody who lives in the town, with a pass."""

    person: PersonRef
    pass_id: UUID
    number: str
    compound: CompoundId
    token: str
    document: str


@dataclass(kw_only=True)
class GateTown:
    """The gate's client, and what other services have told it so far."""

    client: Client
    card_keys: CardKeys
    signing_key: dict[str, str] = field(default_factory=pass_token.make_key)
    device: str = ""
    seq: int = 0
    _positions: dict[tuple[str, str, str], Position] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _people: int = 0

    async def tell(self, *events: Event, at: datetime = NOW) -> None:
        """Events reach the gate, each as its aggregate's next version."""
        by_consumer: dict[type[Projection], list[tuple[Event, int]]] = {}
        for event in events:
            key = f"{event.channel_name()}/{event.partition_key()}"
            version = self._versions[key] = self._versions.get(key, 0) + 1
            for kind in READERS:
                if isinstance(event, kind.reads):
                    by_consumer.setdefault(kind, []).append((event, version))
        for kind, news in by_consumer.items():
            consumer: Projection = Cards(self.client.context) if kind is Cards else kind()
            documents = [
                encode(event, event_id=uuid7(), time=at, version=version, cause=Cause(correlation=uuid7()))
                for event, version in news
            ]
            await self.deliver(consumer, news[0][0].service, news[0][0].channel_name(), documents)

    async def deliver(
        self, consumer: Consumer, producer: str, channel: str, documents: Sequence[str]
    ) -> None:
        """Documents through a consumer's seat, as the runner does it: position and effect in one transaction."""
        database = self.client.context.database
        seat = Seat(consumer=consumer, producer=producer, channel=channel)
        start = await seat.position(database)
        items: list[Item] = []
        for nth, document in enumerate(documents, start=1):
            raw = Raw(epoch=start.epoch, pos=start.pos + nth, document=document, traceparent=None)
            item = understand(raw, producer=producer, channel=channel, wanted=consumer.wanted)
            assert item is not None
            items.append(item)
        await seat.take(database, start, Position(start.epoch, start.pos + len(documents)), items)

    async def settle(self) -> None:
        """The town before anybody comes: policy, key, two compounds with a checkpoint each."""
        await self.tell(
            PolicyRevised(version=1, effective_from=date(2020, 2, 1), revised_by="hq", document=POLICY),
            PassKeyAnnounced(
                key_id=self.signing_key["kid"], jwk=pass_token.public_part(self.signing_key), valid_from=NOW
            ),
            at=NOW - timedelta(days=20),
        )
        for compound, checkpoint in ((HERE, CHECKPOINT), (THERE, OTHER_CHECKPOINT)):
            await self.tell(
                CompoundRegistered(
                    compound=compound,
                    name=f"小区 {compound}",
                    neighbourhood="nb-1",
                    mode="closed",
                    area_m2=1000,
                ),
                CheckpointOpened(checkpoint=checkpoint, compound=compound, name="北门", policy_version=1),
                at=NOW - timedelta(days=20),
            )

    async def enrol(self, checkpoint: CheckpointId = CHECKPOINT) -> str:
        """A device in service; tells its credential."""
        code = await self.code(checkpoint)
        answer = await self.client.http.post("/v1/devices", json={"code": code})
        assert answer.status_code == 201, answer.text
        credential: str = answer.json()["credential"]
        return credential

    async def code(self, checkpoint: CheckpointId = CHECKPOINT) -> str:
        """A fresh enrolment code."""
        answer = await self.client.http.post(
            "/v1/enrolment-codes",
            json={"request_id": str(uuid4()), "checkpoint": checkpoint},
            headers=self.client.as_role("ops"),
        )
        assert answer.status_code == 201, answer.text
        code: str = answer.json()["code"]
        return code

    async def resident(
        self,
        surname: str = "王",
        room: str = "3-1-502",
        compound: CompoundId = HERE,
        *,
        with_pass: bool = True,
    ) -> Resident:
        """Somebody moves in: a card, and a pass unless it is told otherwise."""
        self._people += 1
        person, pass_id = PersonRef(uuid4()), uuid4()
        document, number = f"00000020000101{self._people:04d}", f"{10_000_000 + self._people}"
        homes = [{"compound": compound, "room": room}]
        card = {"surname": surname, "homes": homes, "documents": [document]}
        await self.tell(
            SubjectCardSealed(
                recipient="gate",
                person_ref=person,
                compound=compound,
                card=self.card_keys.seal_card("gate", card),
            )
        )
        if with_pass:
            await self.tell(self.issued(pass_id, number, person, compound))
        return Resident(
            person=person,
            pass_id=pass_id,
            number=number,
            compound=compound,
            token=self.token(pass_id, number, compound),
            document=document,
        )

    def issued(
        self,
        pass_id: UUID,
        number: str,
        person: PersonRef,
        compound: CompoundId = HERE,
        *,
        serial: int = 1,
        **terms: Any,
    ) -> EntryPassIssued:
        """The event of a pass that is valid for a month; `terms` make it a temporary one."""
        return EntryPassIssued(
            pass_id=pass_id,
            number=number,
            serial=serial,
            person_ref=person,
            compound=compound,
            kind="temporary" if terms else "resident",
            valid_from=NOW - timedelta(days=1),
            valid_until=NOW + timedelta(days=29),
            policy_version=1,
            **terms,
        )

    def token(
        self,
        pass_id: UUID,
        number: str,
        compound: CompoundId = HERE,
        *,
        serial: int = 1,
        kind: pass_token.Kind = "entry",
    ) -> str:
        """What is printed on the pass."""
        claims = pass_token.PassClaims(
            pass_id=pass_id,
            serial=serial,
            number=number,
            compound=compound,
            not_before=NOW - timedelta(days=1),
            expires=NOW + timedelta(days=29),
        )
        return pass_token.sign(claims, self.signing_key, kind=kind)

    def pass_keys(self) -> dict[str, pass_token.PublicKey]:
        """What verifies passes."""
        public = pass_token.public_part(self.signing_key)
        return {public["kid"]: pass_token.read_public(public)}

    async def observe(self, who: Resident, measure: Measure = "home_self_monitoring") -> UUID:
        """An observation starts."""
        case_id = uuid4()
        await self.tell(
            ObservationStarted(
                case_id=case_id,
                person_ref=who.person,
                compound=who.compound,
                dwelling_id=DwellingId(uuid4()),
                grid=GridId("lj-001-g1"),
                category="other",
                measure=measure,
                anchor_date=date(2020, 2, 24),
                last_day=date(2020, 3, 9),
                started_at=NOW,
                policy_version=1,
            )
        )
        return case_id

    def as_person(self, subject: str, role: str, scope: str = "town") -> dict[str, str]:
        """Headers of one person who holds several roles, in one of them."""
        account = Account(subject=subject, name=subject, role=role, scope=scope)
        return {"Authorization": f"Bearer {self.client.issuer.access_token(account)}"}

    def body(self, subject: dict[str, Any] | Resident, **changes: Any) -> dict[str, Any]:
        """A check that a device sends."""
        self.seq += 1
        if isinstance(subject, Resident):
            subject = {"kind": "pass_token", "token": subject.token}
        return {
            "check_id": str(uuid7()),
            "seq": self.seq,
            "direction": "entry",
            "subject": subject,
            "mask": True,
            "temperature_c": 36.5,
            "checked_at": NOW.isoformat(),
        } | changes

    async def send(self, body: Any, *, device: str | None = None) -> Response:
        """One check to the gate."""
        headers = {"Authorization": f"Device {device or self.device}"}
        return await self.client.http.post("/v1/entry-checks", json=body, headers=headers)

    async def check(self, subject: dict[str, Any] | Resident, **changes: Any) -> dict[str, Any]:
        """One new check; tells the answer."""
        answer = await self.send(self.body(subject, **changes))
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def batch(self, checks: list[Any]) -> Response:
        """Queued checks to the gate."""
        headers = {"Authorization": f"Device {self.device}"}
        return await self.client.http.post("/v1/entry-checks/batch", json={"checks": checks}, headers=headers)

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What is in the gate's database."""
        async with self.client.context.database.read() as conn:
            return [dict(row) for row in await conn.fetch(query, *args)]

    async def reading(self, row: dict[str, Any]) -> str | None:
        """What was measured, as it lies sealed in a row of `entry_check`."""
        if row["temperature_sealed"] is None:
            return None
        vault = self.client.context.vault
        return vault.open(await vault.key(row["person_ref"]), READING, row["temperature_sealed"])

    async def published(self, name: str) -> list[dict[str, Any]]:
        """The data of published events by name, in order."""
        rows = await self.rows("select document from outbox where subject like $1 order by id", f"%.{name}.%")
        return [json.loads(row["document"])["data"] for row in rows]

    def reinstated(self, who: Resident) -> EntryPassReinstated:
        """The registry lets the pass admit again."""
        return EntryPassReinstated(
            pass_id=who.pass_id, person_ref=who.person, compound=who.compound, reason="fever_cleared"
        )

    def suspended(self, who: Resident) -> EntryPassSuspended:
        """The registry suspends the pass."""
        return EntryPassSuspended(
            pass_id=who.pass_id, person_ref=who.person, compound=who.compound, reason="observation"
        )

    def revoked(self, who: Resident) -> EntryPassRevoked:
        """The registry revokes the pass."""
        return EntryPassRevoked(
            pass_id=who.pass_id, person_ref=who.person, compound=who.compound, reason="lost"
        )

    def interrupted(self, who: Resident, case_id: UUID) -> ObservationInterrupted:
        """The person goes into medical hands."""
        return ObservationInterrupted(
            case_id=case_id, person_ref=who.person, compound=who.compound, reason="fever", interrupted_at=NOW
        )

    def resumed(self, who: Resident, case_id: UUID, at: datetime) -> ObservationResumed:
        """The observation goes on."""
        return ObservationResumed(
            case_id=case_id,
            person_ref=who.person,
            compound=who.compound,
            measure="home_self_monitoring",
            last_day=date(2020, 3, 10),
            resumed_at=at,
        )

    def completed(self, who: Resident, case_id: UUID, at: datetime) -> ObservationCompleted:
        """The person is released."""
        return ObservationCompleted(
            case_id=case_id,
            person_ref=who.person,
            compound=who.compound,
            last_day=date(2020, 3, 9),
            pass_from=date(2020, 3, 10),
            completed_at=at,
        )


def codes(answer: dict[str, Any]) -> list[str]:
    """The reasons of an answer."""
    return [reason["code"] for reason in answer["reasons"]]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
