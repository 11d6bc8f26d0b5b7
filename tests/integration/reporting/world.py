"""Reporting in a test: whole channels of a small town, delivered as the runner would, also badly."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

from services.reporting.projections import all_projections
from shared.bus.consumer import Item, Seat, understand
from shared.bus.feed import Position, Raw
from shared.db.pool import Database
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.events.gate import (
    AdmittedAfterRevocation,
    CheckFlagged,
    DeviceRevoked,
    DeviceSeen,
    DutyGapClosed,
    DutyGapOpened,
    EntryChecked,
    ShiftEnded,
    ShiftStarted,
    VehicleChecked,
)
from shared.events.observation import (
    DeclarationMissed,
    DeclarationSubmitted,
    ObservationRescheduled,
    ObservationStarted,
    Slot,
)
from shared.events.registry.people import HouseholdChanged, PersonRegistered
from shared.events.registry.places import (
    AddressesRegistered,
    CompoundRegistered,
)
from shared.events.registry.rules import PolicyRevised
from shared.events.sanitation import (
    RoundLogged,
    RoundMissed,
    SiteExempted,
    SiteRegistered,
)
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef
from tests.integration.sanitation.world import policy

MORNING = datetime(2020, 2, 24, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai
TODAY = date(2020, 2, 24)
COMPOUNDS = tuple(CompoundId(f"lj-{number:03}") for number in range(1, 6))

Channel = tuple[str, str]


@dataclass(slots=True)
class Log:
    """What the producers have said, channel by channel, from position 1."""

    channels: defaultdict[Channel, list[str]] = field(default_factory=lambda: defaultdict(list))
    events: list[Event] = field(default_factory=list)
    versions: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    clock: datetime = MORNING

    def say(self, *events: Event) -> None:
        """Append events to their channels, a second apart."""
        for event in events:
            self.clock += timedelta(seconds=1)
            key = f"{event.service}.{event.channel_name()}.{event.partition_key()}"
            self.versions[key] += 1
            document = encode(
                event,
                event_id=uuid4(),
                time=self.clock,
                version=self.versions[key],
                cause=Cause(correlation=uuid4()),
            )
            self.channels[event.service, event.channel_name()].append(document)
            self.events.append(event)

    def of(self, *kinds: type[Event]) -> list[Any]:
        """All events of these kinds, in order."""
        return [event for event in self.events if isinstance(event, kinds)]


class Killed(BaseException):
    """The process is gone."""


def _items(channel: Channel, documents: Sequence[str], first: int, wanted: frozenset[str]) -> list[Item]:
    found = (
        understand(
            Raw(epoch=1, pos=pos, document=document, traceparent=None),
            producer=channel[0],
            channel=channel[1],
            wanted=wanted,
        )
        for pos, document in enumerate(documents, start=first)
    )
    return [item for item in found if item is not None]


def seats() -> list[Seat]:
    """Every projection's place in every channel that it reads."""
    return [
        Seat(consumer=projection, producer=producer, channel=channel)
        for projection in all_projections()
        for producer, channel in sorted(projection.channels())
    ]


async def deliver(database: Database, log: Log, *, batch: int = 500) -> int:
    """Everything that is new, in order, a channel at a time; returns the number of events applied."""
    applied = 0
    for seat in seats():
        documents = log.channels[seat.producer, seat.channel]
        at = await seat.position(database)
        while at.pos < len(documents):
            run = documents[at.pos : at.pos + batch]
            items = _items((seat.producer, seat.channel), run, at.pos + 1, seat.consumer.wanted)
            at = await seat.take(database, at, Position(1, at.pos + len(run)), items)
            applied += len(items)
    return applied


async def deliver_badly(
    database: Database, log: Log, rng: Random, *, runs: Sequence[int] = (1, 2, 7, 40)
) -> int:
    """The same with channels interleaved, odd batches, repeats, and kills before the commit; returns the kills."""
    waiting = seats()
    kills = 0
    while waiting:
        seat = rng.choice(waiting)
        documents = log.channels[seat.producer, seat.channel]
        at = await seat.position(database)
        if at.pos >= len(documents):
            waiting.remove(seat)
            continue
        first = max(0, at.pos - rng.randrange(4))  # some of it was applied before
        run = documents[first : at.pos + rng.choice(runs)]
        items = _items((seat.producer, seat.channel), run, first + 1, seat.consumer.wanted)
        to = Position(1, first + len(run))
        fresh = [item for item in items if item.at > at]
        if fresh and rng.random() < 0.2:
            try:
                async with database.begin() as tx:
                    await seat.consumer.apply(tx, fresh)  # type: ignore[arg-type]  # all are understood
                    raise Killed  # noqa: TRY301 -- death has no better place
            except Killed:
                kills += 1
        await seat.take(database, at, to, items)
    return kills


async def dump(database: Database) -> Mapping[str, list[tuple[Any, ...]]]:
    """All rows of all read models, in order."""
    tables = sorted({table for projection in all_projections() for table in projection.tables})
    found = {}
    for table in (*tables, "projection_as_of"):
        rows = await database.pool.fetch(f"select {table}.* from {table} order by {table}::text")
        found[table] = [tuple(row.values()) for row in rows]
    return found


def compounds(names: Iterable[CompoundId] = COMPOUNDS) -> list[Event]:
    """The registry's compounds; the first two in `nb-01`, the others in `nb-02`, of which no name was told."""
    return [
        CompoundRegistered(
            compound=compound,
            name=f"小区{compound}",
            neighbourhood="nb-01" if compound in COMPOUNDS[:2] else "nb-02",
            neighbourhood_name="北社区" if compound in COMPOUNDS[:2] else None,
            mode="closed",
            area_m2=1000,
        )
        for compound in names
    ]


def policy_revised() -> PolicyRevised:
    """Two rounds a day, a visit after two missed windows."""
    return PolicyRevised(version=1, effective_from=date(2020, 2, 1), revised_by="test", document=policy())


def person(compound: CompoundId, ref: UUID | None = None, *, resident: bool = True) -> PersonRegistered:
    """A person and their home."""
    return PersonRegistered(
        person_ref=PersonRef(ref or uuid4()),
        compound=compound,
        dwelling_id=DwellingId(uuid4()),
        relation="owner",
        resident=resident,
    )


def household(compound: CompoundId, dwelling: UUID | None = None, members: int = 0) -> HouseholdChanged:
    """A dwelling."""
    return HouseholdChanged(
        dwelling_id=DwellingId(dwelling or uuid4()),
        compound=compound,
        grid=GridId(f"{compound}-w01"),
        occupancy="let" if members else "empty",
        members=tuple(PersonRef(uuid4()) for _ in range(members)),
    )


def check(compound: CompoundId, at: datetime, verdict: str = "admit", **changes: Any) -> EntryChecked:
    """A check at a gate."""
    values: dict[str, Any] = {
        "check_id": uuid4(),
        "compound": compound,
        "checkpoint": CheckpointId(f"{compound}-k1"),
        "person_ref": None,
        "direction": "entry",
        "verdict": verdict,
        "reasons": (),
        "temperature_c": Decimal("36.5"),
        "checked_at": at,
        "offline": False,
        "policy_version": 1,
    }
    return EntryChecked(**(values | changes))


def vehicle(compound: CompoundId, at: datetime, verdict: str = "complete", **changes: Any) -> VehicleChecked:
    """A vehicle at a gate."""
    values: dict[str, Any] = {
        "check_id": uuid4(),
        "compound": compound,
        "checkpoint": CheckpointId(f"{compound}-k1"),
        "vehicle_ref": None,
        "direction": "entry",
        "verdict": verdict,
        "reasons": (),
        "emergency": False,
        "occupants": 2,
        "boot_opened": True,
        "checked_at": at,
        "offline": False,
        "policy_version": 1,
    }
    return VehicleChecked(**(values | changes))


def device_seen(compound: CompoundId, device: UUID, seen_at: datetime) -> DeviceSeen:
    """A device says how it is."""
    return DeviceSeen(
        device_id=device,
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        seen_at=seen_at,
        queue_length=3,
        oldest_queued_at=None,
        list_made_at=MORNING,
        clock_skew_seconds=0,
    )


def device_revoked(compound: CompoundId, device: UUID) -> DeviceRevoked:
    """A device is stopped."""
    return DeviceRevoked(
        device_id=device, compound=compound, checkpoint=CheckpointId(f"{compound}-k1"), revoked_at=MORNING
    )


def flagged(compound: CompoundId, at: datetime, flag: str = "copied_pass", **changes: Any) -> CheckFlagged:
    """A check that needs a look."""
    values: dict[str, Any] = {
        "check_id": uuid4(),
        "person_ref": None,
        "compound": compound,
        "checkpoint": CheckpointId(f"{compound}-k1"),
        "flag": flag,
        "other_check_id": uuid4() if flag in ("copied_pass", "two_places_at_once") else None,
        "flagged_at": at,
    }
    return CheckFlagged(**(values | changes))


def admitted_late(compound: CompoundId, at: datetime) -> AdmittedAfterRevocation:
    """An admission after the pass had ended."""
    return AdmittedAfterRevocation(
        check_id=uuid4(),
        pass_id=uuid4(),
        person_ref=None,
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        ended_as="revoked",
        ended_at=at - timedelta(minutes=30),
        checked_at=at,
    )


def started(compound: CompoundId, case_id: UUID, *, anchor: date = date(2020, 2, 20)) -> ObservationStarted:
    """A case of home self-monitoring."""
    return ObservationStarted(
        case_id=case_id,
        person_ref=PersonRef(uuid4()),
        compound=compound,
        dwelling_id=DwellingId(uuid4()),
        grid=GridId(f"{compound}-w01"),
        category="other",
        measure="home_self_monitoring",
        anchor_date=anchor,
        last_day=anchor + timedelta(days=14),
        started_at=MORNING,
        policy_version=1,
    )


def about(case: ObservationStarted) -> dict[str, Any]:
    """What every event of a case repeats."""
    return {"case_id": case.case_id, "person_ref": case.person_ref, "compound": case.compound}


def declared(case: ObservationStarted, day: date, window: str, *, late: bool = False) -> DeclarationSubmitted:
    """A declaration."""
    return DeclarationSubmitted(
        **about(case),
        declaration_id=uuid4(),
        day=day,
        window=window,
        late=late,
        by="self",
        temperature_c=Decimal("36.6"),
        symptomatic=False,
        submitted_at=MORNING,
    )


def missed(case: ObservationStarted, day: date, window: str, streak: int) -> DeclarationMissed:
    """A window that closed empty."""
    return DeclarationMissed(**about(case), day=day, window=window, streak=streak)


def corrected(case: ObservationStarted, anchor: date, *void: tuple[date, str]) -> ObservationRescheduled:
    """Day 0 is another one, and by it some windows that were missed were not due."""
    return ObservationRescheduled(
        **about(case),
        anchor_date=anchor,
        last_day=anchor + timedelta(days=14),
        reason="anchor_corrected",
        rescheduled_at=MORNING,
        void_windows=tuple(Slot(day=day, window=window) for day, window in void),
    )


def addresses(compound: CompoundId, dwellings: int, grid: int = 1) -> AddressesRegistered:
    """How many dwellings a grid has."""
    return AddressesRegistered(grid=GridId(f"{compound}-w{grid:02}"), compound=compound, dwellings=dwellings)


def site(compound: CompoundId, kind: str = "lift", **changes: Any) -> SiteRegistered:
    """A site on duty since long ago, as often as policy says."""
    values: dict[str, Any] = {
        "site_id": uuid4(),
        "compound": compound,
        "kind": kind,
        "rounds_per_day": None,
        "since": date(2020, 2, 1),
        "active": True,
        "registered_at": MORNING,
    }
    return SiteRegistered(**(values | changes))


def exempted(where: SiteRegistered, last_day: date | None, closure: UUID | None = None) -> SiteExempted:
    """A site is closed from today on."""
    return SiteExempted(
        closure_id=closure or uuid4(),
        site_id=where.site_id,
        compound=where.compound,
        reason="repair",
        from_day=TODAY,
        last_day=last_day,
    )


def disinfected(
    where: SiteRegistered, at: datetime, *, counts: bool = True, within: bool = True
) -> RoundLogged:
    """A round."""
    return RoundLogged(
        round_id=uuid4(),
        site_id=where.site_id,
        compound=where.compound,
        kind=where.kind,
        agent="chlorine_84",
        concentration_mg_l=500,
        within_range=within,
        counts=counts,
        done_at=at,
        source="code",
    )


def closed_short(where: SiteRegistered, *, day: date = TODAY, shortfall: int = 1) -> RoundMissed:
    """A site's day is over and so many of two rounds are missing."""
    return RoundMissed(
        site_id=where.site_id,
        compound=where.compound,
        kind=where.kind,
        day=day,
        required=2,
        counted=2 - shortfall,
        shortfall=shortfall,
    )


def pickup(compound: CompoundId, number: int = 0) -> dict[str, Any]:
    """What every event of a pickup repeats."""
    return {
        "pickup_id": UUID(int=(COMPOUNDS.index(compound) + 1) * 100 + number),
        "compound": compound,
        "dwelling_id": DwellingId(UUID(int=number)),
        "day": TODAY,
    }


def gap_opened(compound: CompoundId, began: datetime) -> DutyGapOpened:
    """Nobody stands at a compound's post."""
    return DutyGapOpened(
        gap_id=uuid4(),
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        cause="not_checked_in",
        began_at=began,
    )


def gap_closed(gap: DutyGapOpened, minutes: int) -> DutyGapClosed:
    """Somebody came after so many minutes."""
    return DutyGapClosed(
        gap_id=gap.gap_id,
        compound=gap.compound,
        checkpoint=gap.checkpoint,
        ended_at=gap.began_at + timedelta(minutes=minutes),
        minutes=minutes,
    )


def turn_started(compound: CompoundId, at: datetime) -> ShiftStarted:
    """Somebody checks in."""
    return ShiftStarted(
        turn_id=uuid4(),
        shift_id=None,
        worker_ref=uuid4(),
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        started_at=at,
        late_minutes=0,
    )


def turn_ended(turn: ShiftStarted, minutes: int, by: str = "check_out") -> ShiftEnded:
    """They leave after so many minutes."""
    return ShiftEnded(
        turn_id=turn.turn_id,
        worker_ref=turn.worker_ref,
        compound=turn.compound,
        checkpoint=turn.checkpoint,
        ended_at=turn.started_at + timedelta(minutes=minutes),
        minutes=minutes,
        ended_by=by,
    )
