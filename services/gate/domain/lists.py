"""The list that a device decides by when it has no answer: its rows, and their form on the wire (device contract).

    document  COSE_Sign1, ES256, key id in the protected header
    payload   zlib( CBOR map ), described in deploy/docs/device-makers-guide.md

The list names passes by their number, never a person; of its holder it tells what a guard's screen may show. Why
somebody is restricted is not in it: a bit per measure and place is all that the rule needs.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import cbor2

from services.gate.domain.entry import GateRules, PassState, Restriction
from services.gate.domain.rulings import (
    DEFAULT_TABLE,
    Action,
    Case,
    Direction,
    Reason,
    Ruling,
    Table,
    Verdict,
)
from services.gate.domain.times import DailyHours
from shared.events.policy_gate import VehicleRules
from shared.events.policy_observation import Measure
from shared.kernel.ids import CompoundId

FORMAT = 1
ELSEWHERE = CompoundId("elsewhere")
"""Stands for any other compound: where exactly is not a device's to know."""
_MOST_BYTES = 16_000_000
_STATES = tuple(PassState)
_MEASURES: tuple[Measure, ...] = (
    "home_self_monitoring",
    "home_quarantine",
    "centralized_observation",
    "medical",
)
_COLUMNS = ("number", "serial", "state", "from", "until", "bound", "surname", "room", "hours")
_SINCE_THE_BEGINNING = _COLUMNS[:8]
_VEHICLE_COLUMNS = ("number", "serial", "revoked", "until")
"""The columns of every list; what came later may be missing in a list that a device still holds."""


class ListUnreadable(Exception):  # noqa: N818 -- an answer about a document, like those of the pass token
    """Not a list, or one of another format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPass:
    """A pass as a device knows it. `bound` has a bit for each measure of its holder, here and elsewhere."""

    number: str
    serial: int
    state: PassState
    valid_from: datetime
    valid_until: datetime
    bound: int
    surname: str | None = field(repr=False)
    room: str | None = field(repr=False)
    hours: DailyHours | None = None

    def restrictions(self, here: CompoundId) -> tuple[Restriction, ...]:
        """The measures that the bits stand for."""
        return tuple(
            Restriction(measure=measure, compound=here if place == 0 else ELSEWHERE)
            for nth, measure in enumerate(_MEASURES)
            for place in (0, 1)
            if self.bound >> (2 * nth + place) & 1
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVehiclePass:
    """A vehicle pass as a device knows it. Prints before `serial` are void."""

    number: str
    serial: int
    revoked: bool
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRules:
    """All that the rule needs beside the facts: the policy's numbers, the table, the keys that verify passes."""

    rules: GateRules
    table: Table
    answer_within_ms: int
    keys: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassList:
    """A list, or what changed in it since `since`. `rules` is None in a change that leaves them as they were.

    `vehicles` is None in a list from before vehicle passes were in it.
    """

    compound: CompoundId
    made_at: datetime
    version: str
    since: str | None
    rules: ListRules | None
    passes: tuple[ListedPass, ...]
    vehicles: tuple[ListedVehiclePass, ...] | None = None


def bits_of(restrictions: Iterable[Restriction], here: CompoundId) -> int:
    """Measures as bits: two for each, served here and served elsewhere."""
    bits = 0
    for restriction in restrictions:
        place = 0 if restriction.compound == here else 1
        bits |= 1 << (2 * _MEASURES.index(restriction.measure) + place)
    return bits


def pack(made: PassList) -> bytes:
    """The payload of a list. Rows stand in the order of rooms, which packs them to half the size."""
    rows = sorted(made.passes, key=lambda row: (row.room or "", row.number))
    content: dict[str, Any] = {
        "format": FORMAT,
        "compound": made.compound,
        "made_at": int(made.made_at.timestamp()),
        "version": made.version,
        "since": made.since,
        "passes": dict(zip(_COLUMNS, map(list, zip(*map(_row, rows), strict=True)), strict=False))
        if rows
        else {name: [] for name in _COLUMNS},
    }
    if made.vehicles is not None:
        rows_of_vehicles = [
            (row.number, row.serial, int(row.revoked), int(row.valid_until.timestamp()))
            for row in made.vehicles
        ]
        columns = (
            map(list, zip(*rows_of_vehicles, strict=True))
            if rows_of_vehicles
            else ([] for _ in _VEHICLE_COLUMNS)
        )
        content["vehicles"] = dict(zip(_VEHICLE_COLUMNS, columns, strict=True))
    if made.rules is not None:
        content["rules"] = rules_content(made.rules)
    return zlib.compress(cbor2.dumps(content), 9)


def unpack(payload: bytes) -> PassList:
    """Read a payload whose signature holds.

    Raises:
        ListUnreadable: it is none, or of a format that this version does not know.
    """
    try:
        inflate = zlib.decompressobj()
        content = cbor2.loads(inflate.decompress(payload, _MOST_BYTES))
        if inflate.unconsumed_tail or content["format"] != FORMAT:
            raise ListUnreadable("a list of another format")
        passes = content["passes"]
        columns = [passes[name] for name in _SINCE_THE_BEGINNING]
        columns.append(passes.get("hours") or [None] * len(columns[0]))
        return PassList(
            compound=CompoundId(content["compound"]),
            made_at=_instant(content["made_at"]),
            version=str(content["version"]),
            since=content["since"],
            rules=_rules(content["rules"]) if "rules" in content else None,
            passes=tuple(_listed(row) for row in zip(*columns, strict=True)),
            vehicles=_vehicles(content["vehicles"]) if "vehicles" in content else None,
        )
    except (
        zlib.error,
        cbor2.CBORDecodeError,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        OverflowError,
    ) as error:
        raise ListUnreadable(f"not a list: {type(error).__name__}") from None


def _vehicles(told: Mapping[str, Any]) -> tuple[ListedVehiclePass, ...]:
    return tuple(
        ListedVehiclePass(number=number, serial=serial, revoked=bool(revoked), valid_until=_instant(until))
        for number, serial, revoked, until in zip(*(told[name] for name in _VEHICLE_COLUMNS), strict=True)
    )


def rules_content(rules: ListRules) -> dict[str, Any]:
    """The rules as plain values, in one order: equal rules have equal bytes."""
    numbers = rules.rules
    return {
        "policy_version": numbers.version,
        "musts": sorted(numbers.musts),
        "fever_from_c": str(numbers.fever_from_c),
        "plausible_from_c": str(numbers.plausible_from_c),
        "plausible_to_c": str(numbers.plausible_to_c),
        "future_stamp_seconds": numbers.ahead_seconds,
        "admit_up_to_minutes": numbers.offline_admit_minutes,
        "action_up_to_minutes": numbers.offline_action_minutes,
        "answer_within_ms": rules.answer_within_ms,
        "occupant_check_minutes": numbers.vehicles.occupant_check_minutes if numbers.vehicles else None,
        "keys": [dict(sorted(key.items())) for key in sorted(rules.keys, key=lambda key: key["kid"])],
        "reasons": [reason.value for reason in Reason],
        "table": [
            [case.value, direction.value, [_cell(rules.table[case, direction][reason]) for reason in Reason]]
            for case in Case
            for direction in Direction
        ],
    }


def _cell(ruling: Ruling) -> list[str]:
    return [ruling.verdict.value, ruling.action.value]


def _rules(content: Mapping[str, Any]) -> ListRules:
    reasons = [Reason(code) for code in content["reasons"]]
    return ListRules(
        rules=GateRules(
            version=content["policy_version"],
            musts=frozenset(content["musts"]),
            fever_from_c=Decimal(content["fever_from_c"]),
            plausible_from_c=Decimal(content["plausible_from_c"]),
            plausible_to_c=Decimal(content["plausible_to_c"]),
            ahead_seconds=content["future_stamp_seconds"],
            offline_admit_minutes=content["admit_up_to_minutes"],
            offline_action_minutes=content["action_up_to_minutes"],
            vehicles=VehicleRules(occupant_check_minutes=minutes)
            if (minutes := content.get("occupant_check_minutes"))
            else None,
        ),
        table={
            (Case(case), Direction(direction)): {
                **DEFAULT_TABLE[Case(case), Direction(direction)],  # for a reason newer than the list
                **{
                    reason: Ruling(verdict=Verdict(verdict), action=Action(action))
                    for reason, (verdict, action) in zip(reasons, cells, strict=True)
                },
            }
            for case, direction, cells in content["table"]
        },
        answer_within_ms=content["answer_within_ms"],
        keys=tuple(content["keys"]),
    )


def _row(row: ListedPass) -> tuple[object, ...]:
    return (
        row.number,
        row.serial,
        _STATES.index(row.state),
        int(row.valid_from.timestamp()),
        int(row.valid_until.timestamp()),
        row.bound,
        row.surname,
        row.room,
        [_seconds(row.hours.start), _seconds(row.hours.until)] if row.hours else None,
    )


def _listed(row: tuple[Any, ...]) -> ListedPass:
    number, serial, state, starts, ends, bound, surname, room, hours = row
    return ListedPass(
        number=number,
        serial=serial,
        state=_STATES[state],
        valid_from=_instant(starts),
        valid_until=_instant(ends),
        bound=bound,
        surname=surname,
        room=room,
        hours=DailyHours(start=_of_day(hours[0]), until=_of_day(hours[1])) if hours else None,
    )


def _seconds(local: time) -> int:
    """Seconds since midnight."""
    return local.hour * 3600 + local.minute * 60 + local.second


def _of_day(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
