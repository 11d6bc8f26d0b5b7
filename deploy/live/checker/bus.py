"""What lies on the stream: every event of the outboxes once, whole and in order, and among them every fact."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import nats
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import ServiceUnavailableError

from deploy.live.checker.compare import Compared, Seen
from deploy.live.checker.doors import PATIENCE, Doors, Names
from deploy.live.checker.headquarters import FOUND_BY
from deploy.live.oracle.words import Table, local

BATCH = 1_000
Data = dict[str, Any]
Shape = Callable[[Data, Names], tuple[tuple[Any, ...], tuple[Any, ...]]]


Place = tuple[str, str, int, int]
"""Service, channel, epoch, position."""


@dataclass(slots=True)
class Meddled:
    """What the stream holds or lacks because somebody made it so: counted out, and nothing else.

    Attributes:
        wiped: service and channel of streams that were emptied.
        planted: how often the message of a place was put there once more.
        poisoned: ids of events that no reader can understand.
    """

    wiped: set[tuple[str, str]] = field(default_factory=set)
    planted: Counter[Place] = field(default_factory=Counter)
    poisoned: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the stream."""

    service: str
    channel: str
    epoch: int
    pos: int
    name: str
    document: Data

    @property
    def place(self) -> Place:
        """Where it stands among what its service told."""
        return self.service, self.channel, self.epoch, self.pos

    @property
    def data(self) -> Data:
        """What the event says."""
        data: Data = self.document["data"]
        return data


def _instant(text: str) -> str:
    return local(datetime.fromisoformat(text)).isoformat()


def _checked(kind: str) -> Shape:
    return lambda data, names: (
        (names.of(kind, data["check_id"]),),
        (
            data["compound"],
            _instant(data["checked_at"]),
            data["direction"],
            data["verdict"],
            tuple(data["reasons"]),
            data["offline"],
        ),
    )


def _pickup(data: Data, names: Names) -> tuple[str, str]:
    return names.of("home", data["dwelling_id"]), data["day"]


EVENTS: dict[str, tuple[str, Shape]] = {
    "checks": ("EntryChecked", _checked("check")),
    "vehicles": ("VehicleChecked", _checked("vehicle")),
    "fevers": ("FeverSeen", lambda d, names: ((names.of("check", d["check_id"]),), (d["compound"],))),
    "quarantine_exits": (
        "QuarantineExitSeen",
        lambda d, names: (
            (names.of("check", d["check_id"]),),
            (d["compound"], _instant(d["checked_at"]), d["verdict"]),
        ),
    ),
    "first_returns": (
        "FirstReturnSeen",
        lambda d, names: (
            (names.of("check", d["check_id"]),),
            (d["compound"], _instant(d["checked_at"]), d["held"]),
        ),
    ),
    "focus_reports": (
        "FocusAreaPersonReported",
        lambda d, names: (
            (names.of("check", d["check_id"]),),
            (d["compound"], _instant(d["checked_at"])),
        ),
    ),
    "applied": (
        "PassApplicationRequested",
        lambda d, names: (
            (names.of("check", d["check_id"]),),
            (d["compound"], _instant(d["checked_at"]), d["suzhou_code"]),
        ),
    ),
    "answers_sent": (
        "IntakeAnswersSealed",
        lambda d, names: ((names.of("check", d["check_id"]),), (d["compound"],)),
    ),
    "applications": (
        "PassApplicationReceived",
        lambda d, names: (
            (names.of("check", d["application_id"]),),
            (d["compound"], d["suzhou_code"]),
        ),
    ),
    "settled": (
        "PassApplicationSettled",
        lambda d, names: ((names.of("check", d["application_id"]),), (d["outcome"], d["reason"])),
    ),
    "intakes": (
        "ReturneeRegistered",
        lambda d, names: (
            (names.of("intake", d["intake_id"]),),
            (d["compound"], d["category"], d["measure"], d["anchor_date"]),
        ),
    ),
    "declarations": (
        "DeclarationSubmitted",
        lambda d, names: (
            (names.of("declaration", d["declaration_id"]),),
            (d["day"], d["window"], d["late"]),
        ),
    ),
    "missed": (
        "DeclarationMissed",
        lambda d, names: ((names.of("person", d["person_ref"]), d["day"], d["window"]), (d["streak"],)),
    ),
    "cases": (
        "ObservationStarted",
        lambda d, names: ((names.of("person", d["person_ref"]),), (d["compound"],)),
    ),
    "passes": (
        "EntryPassIssued",
        lambda d, names: ((names.of("person", d["person_ref"]),), (d["compound"],)),
    ),
    "vehicle_passes": (
        "VehiclePassIssued",
        lambda d, names: ((names.of("vehicle", d["vehicle_ref"]),), (d["compound"],)),
    ),
    "rounds": (
        "RoundLogged",
        lambda d, names: (
            (names.of("round", d["round_id"]),),
            (d["compound"], _instant(d["done_at"])[:10], d["within_range"], d["counts"]),
        ),
    ),
    "short": (
        "RoundMissed",
        lambda d, names: ((names.of("site", d["site_id"]), d["day"]), (d["compound"], d["shortfall"])),
    ),
    "airings": (
        "VentilationLogged",
        lambda d, names: (
            (names.of("airing", d["ventilation_id"]),),
            (d["compound"], _instant(d["began_at"])[:10], d["minutes"]),
        ),
    ),
    "venue_changes": (
        "VenueStatusChanged",
        lambda d, names: (
            (names.of("venue", d["venue_id"]), _instant(d["changed_at"])[:10], d["status"]),
            (),
        ),
    ),
    "pickups_due": (
        "WastePickupDue",
        lambda d, names: ((*_pickup(d, names), _instant(d["due_at"])), (d["compound"],)),
    ),
    "pickups_missed": (
        "WastePickupMissed",
        lambda d, names: ((*_pickup(d, names), d["reason"]), (d["compound"],)),
    ),
    "fetched": ("WastePickupDone", lambda d, names: (_pickup(d, names), (d["compound"], d["bags"]))),
    "turns": (
        "ShiftEnded",
        lambda d, names: ((names.of("turn", d["turn_id"]),), (d["checkpoint"], d["minutes"])),
    ),
    "leads": ("LeadReceived", lambda d, names: ((names.of("lead", d["lead_id"]),), (d["compound"],))),
    "leads_closed": ("LeadClosed", lambda d, names: ((names.of("lead", d["lead_id"]),), (d["valid"],))),
    "surveyed": (
        "HouseholdSurveyed",
        lambda d, names: (
            (names.of("dwelling", d["dwelling_id"]),),
            (d["compound"], d["outcome"], d["final"]),
        ),
    ),
    "reports": ("DailyReportSent", lambda d, _: ((d["day"],), (d["version"],))),
}


async def messages(doors: Doors) -> list[Told]:
    """Everything on the stream, in its order."""
    client = await nats.connect(
        doors.nats_url, nkeys_seed_str=doors.nats_seed, inbox_prefix=f"_INBOX_{doors.nats_user}"
    )
    found: list[Told] = []
    try:
        js = client.jetstream(timeout=PATIENCE)
        for stream in await js.streams_info():
            left, name = stream.state.messages, stream.config.name
            assert name is not None  # noqa: S101  # every stream has a name
            if not left:
                continue
            config = ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.ALL,
                mem_storage=True,
                inactive_threshold=PATIENCE,  # the server's own 5 s end readers that nobody served so long
            )
            reading = await js.pull_subscribe("", stream=name, config=config)
            while left > 0:
                batch = await _fetched(reading, min(BATCH, left))
                left -= len(batch)
                found += [_told(message.subject, message.headers or {}, message.data) for message in batch]
            await reading.unsubscribe()
    finally:
        await client.close()
    return found


async def _fetched(reading: JetStreamContext.PullSubscription, number: int) -> list[Msg]:
    """The next messages. In a cluster a reader that was just made has nobody to serve it for a moment."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await reading.fetch(number, timeout=PATIENCE)
            except ServiceUnavailableError:
                await asyncio.sleep(0.2)


def _told(subject: str, headers: dict[str, str], body: bytes) -> Told:
    _, _, service, channel, name, *_ = subject.split(".")
    return Told(
        service=service,
        channel=channel,
        epoch=int(headers["Fk-Epoch"]),
        pos=int(headers["Fk-Pos"]),
        name=name,
        document=json.loads(body),
    )


def as_told(messages_read: list[Told], meddled: Meddled) -> list[Told]:
    """The stream without what somebody put there: of a doubled message the first one stays, of poison nothing."""
    extra, found = Counter(meddled.planted), []
    for one in reversed(messages_read):
        if extra[one.place]:
            extra[one.place] -= 1
        else:
            found.append(one)
    return found[::-1]


def facts(told: list[Told], names: Names, rosters_since: str) -> dict[str, Seen]:
    """What the stream says of the facts, by the oracle's tables.

    A turn that lapsed at the end of its plan is told again when who held it checks out after all: the newest holds.
    Gaps from before the rosters are of posts that nobody had planned for.
    """
    by_name: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_name[one.name].append(one)
    found: dict[str, Seen] = {
        what: [shape(one.data, names) for one in by_name[name]] for what, (name, shape) in EVENTS.items()
    }
    found["turns"] = list(dict(found["turns"]).items())
    found["findings"] = _findings(by_name, rosters_since)
    found["gaps"] = [gap for gap in _gaps(by_name) if gap[0][1] >= rosters_since]
    return found


def _gaps(by_name: dict[str, list[Told]]) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Gaps that were told to be over, once for each time; of one whose beginning the stream lost nothing is known."""
    opened = {one.data["gap_id"]: one.data for one in by_name["DutyGapOpened"]}
    for one in by_name["DutyGapClosed"]:
        began = opened.get(one.data["gap_id"])
        if began is not None:
            yield (began["checkpoint"], _instant(began["began_at"])), (began["cause"], one.data["minutes"])


def _findings(by_name: dict[str, list[Told]], rosters_since: str) -> Seen:
    """How many of a rule, a place and an instant were told to be there; told again when a person sends one back."""
    first = {one.data["finding_id"]: one.data for one in reversed(by_name["FindingOpened"])}
    since = {key: _instant(data["opened_at"]) for key, data in first.items()}
    counted = Counter(
        (data["rule"], data["compound"] or data["unit"], since[key])
        for key, data in first.items()
        if data["rule"] in FOUND_BY and not (data["rule"] == "duty_gap" and since[key] < rosters_since)
    )
    return [(key, (number,)) for key, number in counted.items()]


def narrowed(expected: dict[str, Table]) -> dict[str, Table]:
    """What an event says of a fact, where it says less than a row."""
    leads = expected["leads"]
    return expected | {
        "declarations": {
            key: (day, window, standing != "in_time")
            for key, (day, window, standing, _) in expected["declarations"].items()
        },
        "cases": {key: value[:1] for key, value in expected["cases"].items()},
        "passes": {key: value[:1] for key, value in expected["passes"].items()},
        "applications": {key: value[:2] for key, value in expected["applications"].items()},
        "leads": {key: value[:1] for key, value in leads.items()},
        "leads_closed": {key: (valid,) for key, (_, valid) in leads.items() if valid is not None},
        "findings": {key: value[:1] for key, value in expected["findings"].items()},
        "reports": dict.fromkeys(expected["reports"], (1,)),
    }


async def outboxes(doors: Doors) -> dict[Place, Data]:
    """Every event that was numbered by now: what the stream has to hold when it is read after this."""
    kept: dict[Place, Data] = {}
    for service, url in doors.databases.items():
        connection = await asyncpg.connect(url, timeout=PATIENCE)
        try:
            for row in await connection.fetch(
                "select channel, epoch, pos, document from outbox where pos is not null"
            ):
                kept[service, row["channel"], row["epoch"], row["pos"]] = json.loads(row["document"])
        finally:
            await connection.close()
    return kept


def whole(kept: dict[Place, Data], told: list[Told], meddled: Meddled) -> Compared:
    """The stream beside the outboxes: nothing lost, nothing twice, nothing out of order, every document the same.

    What a wiped stream lost stays lost there: who had not read it asked its producer.
    """
    heads: dict[tuple[str, str], tuple[int, int]] = {}
    for service, channel, epoch, pos in kept:
        heads[service, channel] = max(heads.get((service, channel), (0, 0)), (epoch, pos))
    told = [one for one in told if (one.epoch, one.pos) <= heads.get((one.service, one.channel), (0, 0))]
    times = Counter(one.place for one in told)
    differing = [one for one in told if kept.get(one.place) != one.document]
    disordered = list(_disordered(told))
    lost = {place for place in kept.keys() - times.keys() if place[:2] not in meddled.wiped}
    twice = [place for place, number in times.items() if number > 1]
    return Compared(
        what="events",
        where="bus",
        expected=len(kept),
        found=len(told),
        lost=len(lost),
        twice=len(twice),
        extra=len(times.keys() - kept.keys()),
        wrong=len(differing) + len(disordered),
        examples=(
            *(f"lost {place}" for place in sorted(lost, key=str)[:3]),
            *(f"twice {place}" for place in twice[:3]),
            *(f"out of order {place}" for place in disordered[:3]),
        ),
    )


def _disordered(told: list[Told]) -> Iterator[str]:
    """Positions that do not follow each other, and versions of one thing that do not grow."""
    positions: dict[tuple[str, str], tuple[int, int]] = {}
    versions: dict[tuple[str, str, str], int] = {}
    for one in told:
        where = one.service, one.channel
        if positions.get(where, (0, 0)) >= (one.epoch, one.pos):
            yield f"{where} {one.pos}"
        positions[where] = one.epoch, one.pos
        thing = one.service, one.channel, f"{one.document['partitionkey']}"
        version = int(one.document["sequence"])
        if versions.get(thing, 0) > version:
            yield f"{thing} {version}"
        versions[thing] = version
