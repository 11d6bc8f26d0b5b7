"""What a guard enters at a device and sees on it, and how it stands on the wire."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.gate.client.queue import Item, State
from services.gate.domain.arrivals import ArrivalKind, Paper, SuzhouCode, Ticket
from services.gate.domain.entry import Answers, SubjectKind
from services.gate.domain.rulings import Action, Direction, Verdict
from services.gate.domain.subjects import Display
from services.gate.domain.vehicles import VehicleVerdict
from shared.kernel.pass_token import MAX_LENGTH

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
SOON = 1.0
"""Seconds after which something that nobody could take is worth another try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody at the gate, as the guard entered it. `subject` is as on the wire: `{"kind": "pass_token", ...}`."""

    direction: Direction
    subject: dict[str, str]
    mask: bool | None
    temperature_c: Decimal | None
    answers: Answers = field(default_factory=Answers)

    @property
    def kind(self) -> SubjectKind:
        """How they say who they are."""
        return SubjectKind(self.subject["kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Somebody who comes back from elsewhere or is new; `person` is their check, by a document or a dwelling."""

    person: Entry
    kind: ArrivalKind
    origin_code: str
    ticket: Ticket | None = None
    arrived_on: date | None = None
    papers: tuple[Paper, ...] = ()
    suzhou_code: SuzhouCode = "none"
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the guard's screen shows. `offline`: the device decided, and says so. `nth_today`: from 2 on nobody asks.

    `who` stands for the person as far as the device can tell, so that nobody counts twice in a vehicle; None: unknown.
    """

    check_id: UUID
    seq: int
    verdict: Verdict
    reasons: tuple[str, ...]
    action: Action | None
    display: Display | None
    offline: bool
    nth_today: int | None = None
    direction: Direction
    made_at: datetime
    who: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle at the gate. `people` are the checks shown of those in it, and whether each is the driver's."""

    direction: Direction
    occupants: int
    people: tuple[tuple[Shown, bool], ...] = ()
    pass_token: str | None = field(default=None, repr=False)
    pass_number: str | None = None
    plate: str | None = field(default=None, repr=False)
    emergency: bool = False
    boot_opened: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVehicle:
    """What the guard's screen shows of a vehicle."""

    check_id: UUID
    seq: int
    verdict: VehicleVerdict
    reasons: tuple[str, ...]
    plate: str | None = field(repr=False)
    offline: bool


def sendable(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what no JSON carries to the gate: any code may be held in front of a camera."""
    return {
        name: sendable(part)
        if isinstance(part, dict)
        else _UNSENDABLE.sub("\ufffd", part)
        if isinstance(part, str)
        else part
        for name, part in body.items()
    }


def entry_body(entry: Entry, at: datetime) -> dict[str, Any]:
    """An entry check, as it is sent; the queue gives it its id and number."""
    answers = entry.answers
    asked = {
        "been_to_focus_area": answers.been_to_focus_area,
        "contact_with_case": answers.contact_with_case,
        "unwell": answers.unwell,
    }
    return {
        "direction": entry.direction.value,
        "subject": entry.subject
        | ({"token": token[:MAX_LENGTH]} if (token := entry.subject.get("token")) else {}),
        "mask": entry.mask,
        "temperature_c": str(entry.temperature_c) if entry.temperature_c is not None else None,
        "checked_at": at.isoformat(),
        "answers": asked if answers != Answers() else None,
    }


def arrival_body(arrival: Arrival, at: datetime) -> dict[str, Any]:
    """An arrival, likewise."""
    check = entry_body(arrival.person, at)
    del check["direction"]  # nobody arrives on the way out
    return check | {
        "kind": arrival.kind.value,
        "origin_code": arrival.origin_code,
        "ticket": arrival.ticket,
        "arrived_on": arrival.arrived_on.isoformat() if arrival.arrived_on else None,
        "papers": list(arrival.papers),
        "suzhou_code": arrival.suzhou_code,
        "name": arrival.name,
        "phone": arrival.phone,
    }


def vehicle_body(vehicle: Vehicle, at: datetime) -> dict[str, Any]:
    """A vehicle check, likewise."""
    return {
        "direction": vehicle.direction.value,
        "pass_token": vehicle.pass_token[:MAX_LENGTH] if vehicle.pass_token else None,
        "pass_number": vehicle.pass_number,
        "plate": vehicle.plate,
        "emergency": vehicle.emergency,
        "occupants": vehicle.occupants,
        "occupant_checks": [
            {"check_id": str(shown.check_id), "driver": driver} for shown, driver in vehicle.people
        ],
        "boot_opened": vehicle.boot_opened,
        "checked_at": at.isoformat(),
    }


def shown_of(item: Item, entry: Entry, who: str | None, answer: dict[str, Any]) -> Shown:
    """What the server answered, for the screen."""
    display = answer["display"]
    return Shown(
        check_id=item.check_id,
        seq=item.seq,
        verdict=Verdict(answer["verdict"]),
        reasons=tuple(reason["code"] for reason in answer["reasons"]),
        action=Action(answer["action"]) if answer["action"] else None,
        display=Display(surname=display["surname"], room=display["room"]) if display else None,
        offline=False,
        nth_today=answer.get("nth_today"),
        direction=entry.direction,
        made_at=item.made_at,
        who=who,
    )


def vehicle_of(item: Item, answer: dict[str, Any]) -> ShownVehicle:
    """What the server answered about a vehicle."""
    return ShownVehicle(
        check_id=item.check_id,
        seq=item.seq,
        verdict=VehicleVerdict(answer["verdict"]),
        reasons=tuple(reason["code"] for reason in answer["reasons"]),
        plate=answer["plate"],
        offline=False,
    )


def sorted_out(
    items: list[Item], answers: list[dict[str, Any]]
) -> tuple[list[int], list[tuple[int, State, str | None]], float | None]:
    """What may be deleted, what is marked, and how long to wait before the rest; one answer for each item, in order."""
    gone: list[int] = []
    marked: list[tuple[int, State, str | None]] = []
    pause: float | None = None
    states: dict[str, Literal["rejected", "quarantined"]] = {
        "rejected": "rejected",
        "quarantined": "quarantined",
    }
    for item, answer in zip(items, answers, strict=True):
        status = answer["status"]
        if status in {"created", "exists"}:
            gone.append(item.seq)
        elif status in states:
            marked.append((item.seq, states[status], answer["code"]))
        else:  # `retry`, and whatever a later server may say: it stays where it is
            pause = max(pause or 0.0, float(answer.get("retry_after") or SOON))
    return gone, marked, pause
