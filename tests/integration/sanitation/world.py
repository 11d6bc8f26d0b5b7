"""Sanitation in a test: over HTTP, and hearing events as the runner would deliver them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx

from services.sanitation.imports.job import SiteImports
from shared.bus.consumer import Consumer, Received, Seat
from shared.bus.feed import Position, Raw
from shared.context import Context
from shared.events.base import Event
from shared.events.policy import LeadRules, PassRules, PolicyDocument, RetentionRules, RiskRules
from shared.events.policy_gate import (
    AreaLimit,
    CheckpointRules,
    DeviceRules,
    GateRules,
    OfflineRules,
    TemperatureRules,
)
from shared.events.policy_observation import ObservationRules, Window
from shared.events.policy_reporting import ReportingRules
from shared.events.policy_sanitation import (
    AiringRule,
    LateEntryRules,
    PhotoRules,
    RoundRule,
    SanitationRules,
    SiteKind,
    WasteRules,
)
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.rules import PolicyRevised
from shared.kernel.ids import CompoundId
from tests.integration.sanitation import supervision

KINDS: tuple[SiteKind, ...] = (
    "lift",
    "stairwell",
    "gatehouse",
    "waste_room",
    "bin_point",
    "mask_bin",
    "public_area",
)


def policy(*, rounds: int = 2, spacing: int = 240, complete: bool = True) -> PolicyDocument:
    """A whole policy; only what sanitation reads matters here. Not `complete`: one from before the newer sections."""
    window = Window(opens=time(6), closes=time(10), late_until=time(17))
    return PolicyDocument(
        text_reference="test",
        checkpoints=CheckpointRules(city_limits=(AreaLimit(from_m2=0, checkpoints=1),), town_limit=1),
        temperature=TemperatureRules(
            fever_from_c=Decimal("37.3"), plausible_from_c=Decimal(34), plausible_to_c=Decimal(43)
        ),
        gate=GateRules(
            musts=(),
            offline=OfflineRules(
                admit_up_to_minutes=240, action_up_to_minutes=1440, online_answer_within_ms=800
            ),
            future_stamp_seconds=120,
            devices=DeviceRules(quiet_after_seconds=600),
        ),
        observation=ObservationRules(
            days=14,
            morning=window,
            evening=window,
            measures={},
            approval_required=(),
            visit_after_missed=2,
            headquarters_after_missed=3,
        ),
        sanitation=SanitationRules(
            rounds=tuple(
                RoundRule(
                    kind=kind,
                    rounds_per_day=rounds,
                    spacing_minutes=spacing,
                    concentration_from_mg_l=250,
                    concentration_to_mg_l=1000,
                )
                for kind in KINDS
            ),
            late=LateEntryRules(code_hours=24, entry_days=2) if complete else None,
            airing=(AiringRule(kind="stairwell", times_per_day=2, minutes=30),) if complete else None,
            waste=WasteRules(
                usual_hour=time(18), same_day_before=time(16), hand_over_hours=12, mask_bin_hours=24
            )
            if complete
            else None,
            photos=PhotoRules(unused_hours=24, keep_days=180) if complete else None,
        ),
        passes=PassRules(valid_days=30),
        risk=RiskRules(focus_codes=(), higher_risk_from=1, concern_from=1),
        reporting=ReportingRules(cut_off=time(17)),
        retention=RetentionRules(health_days=30, contact_days=30, trip_days=30),
        leads=LeadRules(duplicate_hours=24, due_hours={"other": 24}),
        venues=supervision.VENUES if complete else None,
        inspections=supervision.INSPECTIONS if complete else None,
    )


@dataclass(slots=True)
class Service:
    """The service over HTTP, and what reaches it by other ways."""

    client: Any
    imports: SiteImports

    @property
    def context(self) -> Context:
        """Its context."""
        found: Context = self.client.context
        return found

    async def hear(self, consumer: Consumer, *events: Event, versions: int = 1) -> None:
        """Deliver the next events of a channel."""
        seat = Seat(consumer=consumer, producer=events[0].service, channel=events[0].channel_name())
        at = await seat.position(self.context.database)
        items = [
            Received(
                producer=seat.producer,
                channel=seat.channel,
                at=Position(1, at.pos + nth),
                id=uuid4(),
                time=datetime(2020, 2, 24, tzinfo=UTC),
                correlation=uuid4(),
                partition_key=event.partition_key(),
                version=versions,
                event=event,
                raw=Raw(epoch=1, pos=at.pos + nth, document="", traceparent=None),
            )
            for nth, event in enumerate(events, start=1)
        ]
        await seat.take(self.context.database, at, items[-1].at, items)

    async def tell(self, *events: Event) -> None:
        """Deliver events to every consumer that reads them, as the runtime does."""
        for event in events:
            for consumer in self.client.service.consumers:
                if isinstance(event, consumer.reads):
                    await self.hear(consumer, event)

    def consumer(self, name: str) -> Consumer:
        """One of its consumers."""
        found: Consumer = next(one for one in self.client.service.consumers if one.name == name)
        return found

    async def hear_compounds(self, *compounds: str) -> None:
        """The registry tells of compounds."""
        events = [
            CompoundRegistered(
                compound=CompoundId(compound),
                name=f"小区{compound}",
                neighbourhood="nb-01",
                mode="closed",
                area_m2=1000,
            )
            for compound in compounds
        ]
        await self.hear(self.consumer("compound_copy"), *events)

    async def hear_policy(self, version: int, day: date, document: PolicyDocument) -> None:
        """The registry revises the policy."""
        event = PolicyRevised(version=version, effective_from=day, revised_by="test", document=document)
        await self.hear(self.consumer("policy_copy"), event)

    async def work(self) -> None:
        """One look of the import job."""
        await self.imports.act(self.context.database)

    async def post(self, path: str, body: Any, role: str, scope: str = "town") -> httpx.Response:
        """POST as somebody."""
        found: httpx.Response = await self.client.http.post(
            path, json=body, headers=self.client.as_role(role, scope)
        )
        return found

    async def put(self, path: str, body: Any, role: str, scope: str = "town") -> httpx.Response:
        """PUT as somebody."""
        found: httpx.Response = await self.client.http.put(
            path, json=body, headers=self.client.as_role(role, scope)
        )
        return found

    async def get(self, path: str, role: str, scope: str = "town", **query: Any) -> httpx.Response:
        """GET as somebody."""
        found: httpx.Response = await self.client.http.get(
            path, params=query, headers=self.client.as_role(role, scope)
        )
        return found

    async def send_list(self, content: bytes, name: str = "07-消杀点位.csv") -> httpx.Response:
        """Send a list as a clerk."""
        found: httpx.Response = await self.client.http.post(
            "/v1/imports?kind=sites",
            files={"file": (name, content)},
            headers=self.client.as_role("community_clerk"),
        )
        return found

    async def send_photo(
        self,
        content: bytes,
        role: str = "sanitation_worker",
        *,
        photo_id: str | None = None,
        scope: str = "town",
        compound: str = "lj-001",
    ) -> httpx.Response:
        """Send a photo as somebody."""
        found: httpx.Response = await self.client.http.post(
            "/v1/photos",
            params={"photo_id": photo_id or str(uuid4()), "compound": compound},
            files={"file": ("photo.jpg", content)},
            headers=self.client.as_role(role, scope),
        )
        return found

    async def published(self, name: str) -> list[dict[str, Any]]:
        """The outbox's documents of one kind of event, in order."""
        rows = await self.context.database.pool.fetch(
            "select document::jsonb as document from outbox order by id"
        )
        documents = [row["document"] for row in rows]
        return [one for one in documents if one["type"].endswith(f".{name}.v1")]
