"""Whatever happens to a person in whatever order: the pass follows a small model, and the events tell the same."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationInterrupted,
    ObservationResumed,
    ObservationStarted,
)
from shared.kernel.days import at_local, local_day, start_of
from tests.integration.registry.desk import Desk, resident_id

STEPS = (
    "ask",
    "fever",
    "return",
    "start",
    "interrupt",
    "resume",
    "await_closure",
    "complete",
    "revoke",
    "sleep",
)


@dataclass
class Life:
    """One person, what the model expects of them, and what really happens."""

    desk: Desk
    person: UUID
    body: dict[str, Any]
    observing: str | None = None
    told: dict[str, Any] = field(default_factory=dict)
    case: ObservationStarted | None = None
    active: str | None = None
    fevered: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        assert self.case is not None
        return {
            "case_id": self.case.case_id,
            "person_ref": self.case.person_ref,
            "compound": self.case.compound,
        }

    async def ask(self) -> None:
        answer = await self.desk.ask_pass(self.person)
        if self.active:
            assert (answer.status_code, answer.json()["pass_id"]) == (200, self.active)
        elif self.observing:
            assert (answer.status_code, answer.json()["code"]) == (409, "pass_not_yet")
        elif self.fevered:
            assert (answer.status_code, answer.json()["code"]) == (409, "pass_suspended")
        else:
            assert answer.status_code == 201, answer.text
            self.active = answer.json()["pass_id"]

    async def fever(self) -> None:
        await self.desk.hear(self.desk.fever(self.person))
        self.fevered, self.active = self.active or self.fevered, None

    async def go_away_and_return(self) -> None:
        today = self.desk.client.context.clock.today().isoformat()
        trip = {"origin_code": "420100", "arrived_on": today, "transport": "train", "proof": True}
        answer = await self.desk.post("/v1/returnees", {**self.body, "intake_id": str(uuid4()), "trip": trip})
        if self.observing:
            assert (answer.status_code, answer.json()["code"]) == (409, "already_observed")
            return
        assert (answer.status_code, answer.json()["person_ref"]) == (201, str(self.person)), answer.text
        self.told, self.observing, self.active, self.case = answer.json(), "pending", None, None

    async def start(self) -> None:
        if self.observing == "pending":
            self.case, self.observing = self.desk.started(self.told), "in_force"
        if self.case:
            await self.desk.hear(self.case)

    async def interrupt(self) -> None:
        if self.case and self.observing != "pending":
            now = self.desk.client.context.clock.now()
            await self.desk.hear(ObservationInterrupted(**self.where, reason="fever", interrupted_at=now))

    async def resume(self) -> None:
        if self.case and self.observing != "pending":
            now = self.desk.client.context.clock.now()
            last = self.case.last_day
            resumed = ObservationResumed(
                **self.where, measure="home_quarantine", last_day=last, resumed_at=now
            )
            await self.desk.hear(resumed)

    async def await_closure(self) -> None:
        if self.case and self.observing != "pending":
            await self.desk.hear(ObservationAwaitsClosure(**self.where, last_day=self.case.last_day))

    async def complete(self) -> None:
        if self.case is None or self.observing in {None, "pending"}:
            return
        released = start_of(self.case.last_day + timedelta(days=1))
        self.desk.client.move_to(max(released, self.desk.client.context.clock.now()))
        await self.desk.hear(self.desk.completed(self.case))
        self.observing = self.fevered = None

    async def revoke(self) -> None:
        for pass_id in (self.active, self.fevered):
            if pass_id:
                answer = await self.desk.post(f"/v1/passes/{pass_id}/revoke", {"reason": "settled"})
                assert answer.json()["state"] == "revoked"
        self.active = self.fevered = None

    async def sleep(self) -> None:
        """Until nine the next morning; a pass never gets that old here."""
        tomorrow = local_day(self.desk.client.context.clock.now()) + timedelta(days=1)
        self.desk.client.move_to(at_local(tomorrow, time(9)))

    async def step(self, name: str) -> None:
        await {
            "ask": self.ask,
            "fever": self.fever,
            "return": self.go_away_and_return,
            "start": self.start,
            "interrupt": self.interrupt,
            "resume": self.resume,
            "await_closure": self.await_closure,
            "complete": self.complete,
            "revoke": self.revoke,
            "sleep": self.sleep,
        }[name]()

    async def agrees(self) -> None:
        """Table, model and events say the same."""
        kept = await self.desk.rows(
            "select pass_id, state, version from entry_pass where person_ref = $1", self.person
        )
        active = [str(row["pass_id"]) for row in kept if row["state"] == "active"]
        assert active == ([self.active] if self.active else [])
        history: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        names = {
            "EntryPassIssued": "active",
            "EntryPassSuspended": "suspended",
            "EntryPassRevoked": "revoked",
        }
        for name, state in names.items():
            for event in await self.desk.told(name):
                if event["person_ref"] == str(self.person):
                    history[event["pass_id"]].append((event["version"], state))
        for row in kept:
            told = sorted(history[str(row["pass_id"])])
            assert [version for version, _ in told] == list(range(1, row["version"] + 1))
            assert told[-1][1] == row["state"]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=5, max_size=25))
async def test_a_pass_follows_the_model_whatever_happens(desk: Desk, steps: list[str]) -> None:
    """Each example is another person at the same desk; business time only goes forward."""
    if not await desk.told("RiskAreasRevised"):
        await desk.publish_risk({"420000": "focus"})
    person = await desk.resident()
    documents = [{"kind": "resident_id", "number": resident_id(desk.people)}]
    body = desk.intake(person={"name": "司徒南星", "documents": documents, "phone": "19900000000"})
    body["dwelling"] = {"compound": "lj-001", "building": "1幢", "unit": "2单元", "room": "501"}
    life = Life(desk=desk, person=person, body=body)
    for name in steps:
        await life.step(name)
    await life.agrees()
