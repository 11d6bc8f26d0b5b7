"""A post and the people who man it, as tests of duty speak of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from services.gate.tickers import watch
from shared.events.registry.places import WorkerPosted
from shared.kernel.days import at_local
from shared.kernel.ids import CheckpointId, CompoundId
from tests.integration.gate.town import CHECKPOINT, HERE, GateTown


def at(text: str) -> datetime:
    """`02-24 22:00` in Shanghai."""
    day, clock = text.split()
    month, number = map(int, day.split("-"))
    hour, minute = map(int, clock.split(":"))
    return at_local(date(2020, month, number), datetime.min.time().replace(hour=hour, minute=minute))


@dataclass(kw_only=True)
class Post:
    """The first checkpoint's duty."""

    town: GateTown
    planner: dict[str, str]

    async def worker(
        self,
        staff_number: str | None = None,
        *,
        checkpoint: CheckpointId = CHECKPOINT,
        compound: CompoundId = HERE,
    ) -> "Worker":
        """Somebody is posted and gets a badge."""
        ref = uuid4()
        staff = staff_number or f"W{ref.hex[:8]}"
        await self.town.tell(
            WorkerPosted(
                posting_id=uuid4(),
                worker_ref=ref,
                kind="guard",
                compound=compound,
                grid=None,
                checkpoint=checkpoint,
                from_day=date(2020, 2, 1),
                until_day=None,
            )
        )
        body = {"badge_id": str(uuid4()), "worker_ref": str(ref), "staff_number": staff}
        answer = await self.post("badges", body)
        assert answer.status_code == 201, answer.text
        return Worker(ref=ref, staff=staff, badge=answer.json()["number"])

    async def post(self, path: str, body: dict[str, Any], *, role: dict[str, str] | None = None) -> Response:
        """Something about the plan."""
        return await self.town.client.http.post(f"/v1/duty/{path}", json=body, headers=role or self.planner)

    async def get(self, path: str, **query: Any) -> Any:
        """Something to look at."""
        answer = await self.town.client.http.get(f"/v1/duty/{path}", params=query, headers=self.planner)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def at_device(self, path: str, body: dict[str, Any], *, device: str | None = None) -> Response:
        """Somebody at the device."""
        headers = {"Authorization": f"Device {device or self.town.device}"}
        return await self.town.client.http.post(f"/v1/duty/{path}", json=body, headers=headers)

    async def plan(self, who: "Worker", starts: str, ends: str, **changes: Any) -> UUID:
        """A shift."""
        shift = uuid4()
        body = {
            "shift_id": str(shift),
            "checkpoint": CHECKPOINT,
            "worker_ref": str(who.ref),
            "starts_at": at(starts).isoformat(),
            "ends_at": at(ends).isoformat(),
        }
        answer = await self.post("shifts", body | changes)
        assert answer.status_code == 201, answer.text
        return shift

    async def comes(self, who: "Worker", when: str | None = None) -> dict[str, Any]:
        """A check-in, at that time."""
        if when:
            self.now(when)
        body = {
            "turn_id": str(uuid4()),
            "badge": who.badge,
            "checked_at": self.town.client.context.clock.now().isoformat(),
        }
        answer = await self.at_device("check-ins", body)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def goes(self, who: "Worker", turn: dict[str, Any], when: str | None = None) -> dict[str, Any]:
        """A check-out."""
        if when:
            self.now(when)
        body = {
            "turn_id": turn["turn_id"],
            "badge": who.badge,
            "checked_at": self.town.client.context.clock.now().isoformat(),
        }
        answer = await self.at_device("check-outs", body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def now(self, when: str) -> None:
        """Step business time."""
        self.town.client.move_to(at(when))

    async def watch(self, when: str | None = None) -> None:
        """The ticker looks once."""
        if when:
            self.now(when)
        await watch(self.town.client.context.database)

    async def told(self) -> list[tuple[str, datetime, int | None]]:
        """The gaps of this post that were told: cause, beginning, and the minutes once closed."""
        opened = [
            event for event in await self.town.published("DutyGapOpened") if event["checkpoint"] == CHECKPOINT
        ]
        closed = {event["gap_id"]: event["minutes"] for event in await self.town.published("DutyGapClosed")}
        assert len(closed) == len(await self.town.published("DutyGapClosed"))  # each once
        return [
            (event["cause"], datetime.fromisoformat(event["began_at"]), closed.get(event["gap_id"]))
            for event in opened
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A guard by pseudonym."""

    ref: UUID
    staff: str
    badge: str


def minutes(count: int) -> timedelta:
    """So many."""
    return timedelta(minutes=count)
