"""What a device decides by itself: the gate's own rule on the facts of its own list (`services.gate.domain`)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.gate.client.own_list import ListKeeper
from services.gate.client.queue import Entered
from services.gate.client.shapes import Entry, Vehicle
from services.gate.domain import offline
from services.gate.domain.entry import (
    EntryAttempt,
    EntryDecision,
    GateRecords,
    Proof,
    Purpose,
    Restriction,
    SubjectKind,
)
from services.gate.domain.flags import LETS_THROUGH
from services.gate.domain.rulings import Direction, Verdict
from services.gate.domain.vehicles import VehicleDecision
from shared.kernel import pass_token
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId


class OwnVerdicts:
    """Decides by a list and by what the device knows of itself.

    Attributes:
        skew: by how many seconds its clock is ahead, as far as it knows.
        held: number of a pass -> sequence number of the check whose fever holds its owner.
    """

    def __init__(self, held_list: ListKeeper, compound: CompoundId) -> None:
        self._list, self._compound = held_list, compound
        self.skew: int | None = None
        self.held: dict[str, int] = {}

    def corrected(self, made_at: datetime) -> datetime:
        """The device's time, by what is known of its clock."""
        return made_at - timedelta(seconds=self.skew or 0)

    def facts(self, entry: Entry, made_at: datetime) -> tuple[GateRecords, str | None]:
        """What the list tells of whom an entry means, and the number of their pass."""
        at = self.corrected(made_at)
        own, age, subject = self._list.own, self._list.age_seconds(), entry.subject
        match entry.kind:
            case SubjectKind.PASS_TOKEN:
                proof, claims = read_token(subject["token"], self._list.pass_keys)
                facts = offline.of_token(own, proof, claims, at=at, age=age)
                return facts, claims.number if claims else None
            case SubjectKind.PASS_NUMBER:
                return offline.of_number(own, subject["number"], age=age), subject["number"]
            case SubjectKind.DWELLING_SURNAME:
                return offline.of_dwelling(own, subject["room"], subject["surname"], age=age), None
            case SubjectKind.DOCUMENT | SubjectKind.VISITOR:
                return offline.of_others(age=age), None

    def of_entry(
        self, entry: Entry, made_at: datetime, known: GateRecords, number: str | None, *, before: int
    ) -> EntryDecision:
        """The decision on an entry; `before`: how often the pass's holder was let in here before on that day."""
        known = replace(known, entries_today=before)
        if number in self.held:
            fever = Restriction(measure="medical", compound=self._compound)
            known = replace(known, restrictions=(*known.restrictions, fever))
        attempt = EntryAttempt(
            here=self._compound,
            direction=entry.direction,
            kind=entry.kind,
            purpose=Purpose(entry.subject.get("purpose", "visit"))
            if entry.kind is SubjectKind.VISITOR
            else None,
            mask=entry.mask,
            temperature_c=entry.temperature_c,
            answers=entry.answers,
            at=self.corrected(made_at),
        )
        return offline.decide_offline(attempt, known, self._list.rules)

    def entered(self, entry: Entry, verdict: Verdict, made_at: datetime) -> Entered | None:
        """For the log of the day: the holder of a pass was let in."""
        if entry.direction is not Direction.ENTRY or verdict not in LETS_THROUGH:
            return None
        number = self._number(entry)
        return Entered(day=local_day(self.corrected(made_at)), number=number) if number else None

    def who(self, entry: Entry) -> str | None:
        """What stands for the person: the number of their pass, or else what was typed; nothing for a visitor."""
        if entry.kind is SubjectKind.VISITOR:
            return None
        return self._number(entry) or " ".join(value for _, value in sorted(entry.subject.items()))

    def _number(self, entry: Entry) -> str | None:
        """The number of the pass that was shown or typed."""
        if entry.kind is SubjectKind.PASS_TOKEN:
            claims = read_token(entry.subject["token"], self._list.pass_keys)[1]
            return claims.number if claims else None
        return entry.subject["number"] if entry.kind is SubjectKind.PASS_NUMBER else None

    def of_vehicle(self, vehicle: Vehicle, made_at: datetime) -> VehicleDecision:
        """The decision on a vehicle, after those on the people in it."""
        proof, claims = Proof.NONE, None
        if vehicle.pass_token is not None:
            proof, claims = read_token(vehicle.pass_token, self._list.pass_keys, "vehicle")
        at = self.corrected(made_at)
        own, typed = self._list.own, vehicle.pass_number is not None
        age = self._list.age_seconds()
        known = offline.of_vehicle(own, proof, claims, shown=typed, at=at, age=age)
        people = sorted((shown for shown, _ in vehicle.people), key=lambda shown: shown.seq)
        last = {
            shown.who or shown.check_id: shown for shown in people if shown.direction is vehicle.direction
        }
        checks = {  # nobody is two of the occupants: of several checks of one person the last one counts
            shown.check_id: (shown.verdict, self.corrected(shown.made_at), False) for shown in last.values()
        }
        attempt = offline.VehicleSeen(
            direction=vehicle.direction,
            occupants=vehicle.occupants,
            checks=checks,
            named=tuple((shown.check_id, driver) for shown, driver in vehicle.people),
            boot_opened=vehicle.boot_opened,
            emergency=vehicle.emergency,
            at=at,
        )
        return offline.decide_vehicle_offline(attempt, known, own)


def read_token(
    token: str, keys: Mapping[str, pass_token.PublicKey], kind: pass_token.Kind = "entry"
) -> tuple[Proof, pass_token.PassClaims | None]:
    """What a scanned text is worth by the keys that came with a list."""
    try:
        return Proof.VERIFIED, pass_token.verify(token, keys, kind=kind)
    except pass_token.Malformed:
        return Proof.UNREADABLE, None
    except pass_token.UnknownKey:
        return Proof.UNKNOWN_KEY, None
    except pass_token.InvalidSignature:
        return Proof.FORGED, None
