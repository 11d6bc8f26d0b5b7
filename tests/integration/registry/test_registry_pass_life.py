"""Whatever happens to a person in whatever order: the pass follows a small model, and the events tell the same."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events.observation import (
    CaseConfirmed,
    FeverCleared,
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationInterrupted,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.kernel.days import at_local, local_day, start_of
from tests.integration.registry.desk import OFFICER, Desk, resident_id

STATES = {
    "EntryPassIssued": "active",
    "EntryPassReinstated": "active",
    "EntryPassSuspended": "suspended",
    "EntryPassRevoked": "revoked",
}


@dataclass
class Span:
    """When something was last seen to begin, and last decided to be over."""

    since: datetime | None = None
    ended: datetime | None = None

    def begin(self, at: datetime) -> None:
        self.since = max(self.since or at, at)

    def end(self, at: datetime) -> None:
        self.ended = max(self.ended or at, at)

    @property
    def stands(self) -> bool:
        return self.since is not None and (self.ended is None or self.ended < self.since)


@dataclass
class Life:
    """One person, what the model expects of them, and what really happens."""

    desk: Desk
    person: UUID
    body: dict[str, Any]
    observing: str | None = None
    told: dict[str, Any] = field(default_factory=dict)
    case: ObservationStarted | None = None
    fever: Span = field(default_factory=Span)
    contact: Span = field(default_factory=Span)
    left: Span = field(default_factory=Span)
    pass_id: str | None = None
    state: str = "none"
    by_command: bool = False
    outlived: bool = False
    until: datetime | None = None

    @property
    def now(self) -> datetime:
        return self.desk.client.context.clock.now()

    @property
    def about(self) -> dict[str, Any]:
        assert self.case is not None
        return {"case_id": self.case.case_id, "person_ref": self.person, "compound": self.case.compound}

    @property
    def running(self) -> bool:
        return self.case is not None and self.observing not in {None, "pending"}

    @property
    def expired(self) -> bool:
        return self.until is not None and self.now >= self.until

    def stopped(self) -> None:
        if self.state == "active":
            self.state, self.outlived = "suspended", False

    def reconsidered(self) -> None:
        against = self.observing or self.left.stands or self.fever.stands or self.contact.stands
        if self.state == "suspended" and not (against or self.by_command or self.outlived or self.expired):
            self.state = "active"

    # ---- at the desk

    async def ask(self) -> None:
        answer = await self.desk.ask_pass(self.person)
        told = answer.json()
        if self.state == "active":
            assert (answer.status_code, told["pass_id"]) == (200, self.pass_id)
        elif self.observing or self.left.stands:
            assert (answer.status_code, told["code"]) == (409, "pass_not_yet")
        elif self.fever.stands or self.contact.stands or (self.by_command and not self.expired):
            assert (answer.status_code, told["code"]) == (409, "pass_suspended")
        else:
            assert answer.status_code == 201, answer.text
            self.pass_id, self.state, self.by_command = told["pass_id"], "active", False
            self.until = datetime.fromisoformat(told["valid_until"])

    async def go_away_and_return(self) -> None:
        today = self.desk.client.context.clock.today().isoformat()
        trip = {"origin_code": "420100", "arrived_on": today, "transport": "train", "proof": True}
        answer = await self.desk.post("/v1/returnees", {**self.body, "intake_id": str(uuid4()), "trip": trip})
        if self.observing:
            assert (answer.status_code, answer.json()["code"]) == (409, "already_observed")
            return
        assert (answer.status_code, answer.json()["person_ref"]) == (201, str(self.person)), answer.text
        self.told, self.observing, self.case = answer.json(), "pending", None
        self.stopped()

    async def revoke(self) -> None:
        if self.pass_id:
            answer = await self.desk.post(f"/v1/passes/{self.pass_id}/revoke", {"reason": "settled"})
            assert answer.json()["state"] == "revoked"
            self.fever.end(self.now)
        self.pass_id, self.state, self.by_command = None, "none", False

    async def suspend(self) -> None:
        if self.pass_id:
            answer = await self.desk.post(f"/v1/passes/{self.pass_id}/suspend", {"reason": "papers_in_doubt"})
            assert answer.json()["state"] == "suspended"
            self.stopped()
            self.by_command = True

    async def reinstate(self) -> None:
        if not self.pass_id:
            return
        path = f"/v1/passes/{self.pass_id}/reinstate"
        answer = await self.desk.post(path, {"reason": "papers_verified"}, OFFICER)
        if self.expired:
            assert answer.json()["code"] == "pass_expired"
        elif self.state == "active":
            assert answer.json()["code"] == "pass_not_suspended"
        elif self.observing or self.left.stands:
            assert answer.json()["code"] == "pass_not_yet"
        else:
            assert (answer.status_code, answer.json()["state"]) == (200, "active"), answer.text
            for span in (self.fever, self.contact):
                if span.stands:
                    span.end(self.now)
            self.state, self.by_command = "active", False

    async def print(self) -> None:
        if not self.pass_id or self.expired:
            return
        body = {"request_id": str(uuid4()), "reason": "lost"}
        answer = await self.desk.post(f"/v1/passes/{self.pass_id}/prints", body)
        assert answer.status_code == (201 if self.state == "active" else 409)

    # ---- what becomes known

    async def see_fever(self) -> None:
        await self.desk.hear(self.desk.fever(self.person))
        self._fevered(self.now)

    async def see_late_fever(self) -> None:
        """A device was offline for a day."""
        then = self.now - timedelta(days=1)
        await self.desk.hear(self.desk.fever(self.person).replace(checked_at=then))
        self._fevered(then)

    def _fevered(self, at: datetime) -> None:
        self.fever.begin(at)
        if self.fever.stands:
            self.stopped()

    async def clear(self) -> None:
        event = {"person_ref": self.person, "compound": "lj-001", "case_id": None, "cleared_at": self.now}
        await self.desk.hear(FeverCleared.model_validate(event))
        self.fever.end(self.now)
        self.reconsidered()

    async def confirm_contact(self) -> None:
        event = {
            "person_ref": uuid4(),
            "compound": "lj-002",
            "confirmed_on": local_day(self.now),
            "last_exposure": local_day(self.now),
            "contacts": [self.person],
            "confirmed_at": self.now,
        }
        await self.desk.hear(CaseConfirmed.model_validate(event))
        self.contact.begin(self.now)
        self.stopped()

    async def start(self) -> None:
        if self.observing == "pending":
            self.case, self.observing = self.desk.started(self.told), "in_force"
        if self.case:
            await self.desk.hear(self.case)

    async def interrupt(self) -> None:
        if self.case:
            await self.desk.hear(
                ObservationInterrupted(**self.about, reason="fever", interrupted_at=self.now)
            )

    async def resume(self) -> None:
        if self.case:
            days = {"last_day": self.case.last_day, "resumed_at": self.now}
            await self.desk.hear(
                ObservationResumed.model_validate({**self.about, "measure": "home_quarantine", **days})
            )
            if self.running:
                self.fever.end(self.now)

    async def restart(self) -> None:
        if self.case is None:
            return
        dates = {"anchor_date": local_day(self.now), "last_day": local_day(self.now) + timedelta(days=14)}
        rest = {"category": "focus", "measure": "home_quarantine", "restarted_at": self.now}
        await self.desk.hear(ObservationRestarted.model_validate({**self.about, **dates, **rest}))
        if self.running:
            self.case = self.case.replace(**dates)

    async def await_closure(self) -> None:
        if self.case:
            await self.desk.hear(ObservationAwaitsClosure(**self.about, last_day=self.case.last_day))

    async def complete(self) -> None:
        if self.case is None or not self.running:
            return
        self.desk.client.move_to(max(start_of(self.case.last_day + timedelta(days=1)), self.now))
        await self.desk.hear(self.desk.completed(self.case))
        self.observing = None
        for span in (self.fever, self.contact, self.left):
            span.end(self.now)
        self.outlived = self.state == "suspended"

    async def close(self, ending: str) -> None:
        if self.case is None:
            return
        closed = {**self.about, "ending": ending, "closed_at": self.now}
        await self.desk.hear(ObservationClosed.model_validate(closed))
        if not self.running:
            return
        self.observing = None
        if ending == "left_town":
            self.left.begin(self.now)
        else:
            self.contact.end(self.now)
            self.reconsidered()

    async def cancel(self) -> None:
        await self.close("cancelled")

    async def leave(self) -> None:
        await self.close("left_town")

    async def sleep(self) -> None:
        """Until nine the next morning."""
        self.desk.client.move_to(at_local(local_day(self.now) + timedelta(days=1), time(9)))

    # ---- what must hold after every step

    async def holds(self) -> None:
        """One active pass at most, none against what is known, and table, model and events say the same."""
        kept = await self.desk.rows(
            "select pass_id, state, version, serial from entry_pass where person_ref = $1", self.person
        )
        active = [str(row["pass_id"]) for row in kept if row["state"] == "active"]
        assert active == ([self.pass_id] if self.state == "active" else [])
        if self.observing or self.left.stands or self.fever.stands or self.contact.stands:
            assert active == []

    async def agrees(self) -> None:
        """The events of each pass tell its life without a hole, and end as the table does."""
        history: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for name, state in STATES.items():
            for event in await self.desk.told(name):
                if event["person_ref"] == str(self.person):
                    history[event["pass_id"]].append((event["version"], state))
        kept = await self.desk.rows(
            "select pass_id, state, version from entry_pass where person_ref = $1", self.person
        )
        steps = await self.desk.rows("select pass_id, version from pass_step order by version")
        for row in kept:
            told = sorted(history[str(row["pass_id"])])
            assert [version for version, _ in told] == list(range(1, row["version"] + 1))
            assert told[-1][1] == row["state"]
            assert [step["version"] for step in steps if step["pass_id"] == row["pass_id"]] == [
                version for version, _ in told
            ]


STEPS: dict[str, Callable[[Life], Awaitable[None]]] = {
    "ask": Life.ask,
    "return": Life.go_away_and_return,
    "revoke": Life.revoke,
    "suspend": Life.suspend,
    "reinstate": Life.reinstate,
    "print": Life.print,
    "fever": Life.see_fever,
    "late_fever": Life.see_late_fever,
    "clear": Life.clear,
    "contact": Life.confirm_contact,
    "start": Life.start,
    "interrupt": Life.interrupt,
    "resume": Life.resume,
    "restart": Life.restart,
    "await_closure": Life.await_closure,
    "complete": Life.complete,
    "cancel": Life.cancel,
    "leave": Life.leave,
    "sleep": Life.sleep,
}
OFTEN = ("ask", "return", "start")


@pytest.mark.scenario("P5", "G2", "O9", "O10")
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from([*STEPS, *OFTEN, *OFTEN]), min_size=8, max_size=25))
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
        desk.client.move_to(life.now + timedelta(minutes=1))
        await STEPS[name](life)
        await life.holds()
    await life.agrees()
