"""Vectors: facts and the verdict they lead to, for any implementation of the rule to prove itself with.

`python -m services.gate.client.vectors` writes `entry.jsonl.gz` anew; README.md beside it tells what a line means.
The facts are drawn from a seed, so that the file is the same on every machine until the rule changes.
"""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from services.gate.domain.entry import (
    Answers,
    EntryAttempt,
    EntryDecision,
    GateRecords,
    GateRules,
    KnownPass,
    PassState,
    Proof,
    Purpose,
    Restriction,
    SubjectKind,
    decide_entry,
    judge,
)
from services.gate.domain.rulings import Case, Direction, Reason
from services.gate.domain.times import DailyHours
from shared.events.policy_observation import Measure
from shared.kernel.ids import CompoundId, PersonRef

FILE = Path(__file__).with_name("entry.jsonl.gz")
SEED, COUNT, OF_THE_DAY = 20_200_224, 12_000, 3_000
HERE, ELSEWHERE = CompoundId("here"), CompoundId("elsewhere")
AT = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
_MEASURES: tuple[Measure, ...] = (
    "home_self_monitoring",
    "home_quarantine",
    "centralized_observation",
    "medical",
)
_DEFAULT = GateRules(
    version=1,
    musts=frozenset({"mask", "temperature", "pass", "vehicle_pass", "occupants", "boot"}),
    fever_from_c=Decimal("37.3"),
    plausible_from_c=Decimal("34.0"),
    plausible_to_c=Decimal("43.0"),
    ahead_seconds=300,
    offline_admit_minutes=240,
    offline_action_minutes=1440,
)
POLICIES = {
    "default": _DEFAULT,
    "strict": replace(
        _DEFAULT,
        version=2,
        fever_from_c=Decimal("37.0"),
        offline_admit_minutes=30,
        offline_action_minutes=60,
    ),
    "no_musts": replace(_DEFAULT, version=3, musts=frozenset()),
}
ASKING = {"asks": replace(_DEFAULT, version=4, musts=_DEFAULT.musts | {"ask"})}
# The instant of the vectors is 09:00 in Shanghai: both ends of a window, and one across midnight.
_HOURS: tuple[list[str] | None, ...] = (
    *(None, None, None, None, None, None),
    *(["09:00", "18:00"], ["08:00", "09:00"], ["22:00", "09:01"], ["22:00", "06:00"]),
)
_READINGS = ("36.5", "37.2", "37.3", "36.9", "37.0", "34.0", "33.99", "43.0", "43.01", "3.65", "365")


def lines() -> Iterator[str]:
    """The file, line by line: the policies, then each cell of the table, then facts."""
    policies = POLICIES | ASKING
    yield _spell({"policies": {name: _policy(rules) for name, rules in policies.items()}})
    for case in Case:
        for direction in Direction:
            for reason in Reason:
                verdict, action = judge([reason], case, direction)
                yield _spell({"cell": [case, direction, reason], "verdict": verdict, "action": action})
    chance = random.Random(SEED)  # noqa: S311 -- drawn again by everybody, on purpose
    for _ in range(COUNT):
        facts = _facts(chance)
        yield _spell({"facts": facts} | answer_of(decide(facts)))
    again = random.Random(SEED + 1)  # noqa: S311 -- likewise; drawn apart, so that the older facts stay as they were
    for _ in range(OF_THE_DAY):
        facts = _facts(again) | {
            "policy": again.choice(("asks", "asks", "default")),
            "entries_today": again.choice((0, 0, 1, 2)),
        }
        yield _spell({"facts": facts} | answer_of(decide(facts)))


def write() -> None:
    """Write the file: the same bytes inside for the same rule."""
    FILE.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines()).encode(), 9, mtime=0))


def read() -> list[str]:
    """The lines as they are committed."""
    return gzip.decompress(FILE.read_bytes()).decode().splitlines()


def decide(facts: dict[str, Any]) -> EntryDecision:
    """The decision that the rule takes on the facts of a vector."""
    at = datetime.fromisoformat(facts["at"])
    people = frozenset(PersonRef(UUID(int=nth + 1)) for nth in range(facts["people"]))
    return decide_entry(
        EntryAttempt(
            here=HERE,
            direction=Direction(facts["direction"]),
            kind=SubjectKind(facts["kind"]),
            purpose=Purpose(facts["purpose"]) if facts["purpose"] else None,
            mask=facts["mask"],
            temperature_c=Decimal(facts["temperature_c"]) if facts["temperature_c"] else None,
            answers=Answers(**facts["answers"]),
            at=at,
        ),
        GateRecords(
            people=people,
            entry_pass=_pass(facts["pass"], people) if facts["pass"] else None,
            proof=Proof(facts["proof"]),
            serial=facts["serial"],
            restrictions=tuple(
                Restriction(measure=measure, compound=CompoundId(place))
                for measure, place in facts["restrictions"]
            ),
            entries_today=facts.get("entries_today", 0),
            list_age_seconds=facts["list_age_seconds"],
        ),
        (POLICIES | ASKING)[facts["policy"]],
    )


def answer_of(decision: EntryDecision) -> dict[str, Any]:
    """What a vector says of a decision."""
    return {
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "action": decision.action,
        "holds": decision.holds,
        "kept_temperature_c": str(decision.temperature_c) if decision.temperature_c is not None else None,
    }


def _facts(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(list(SubjectKind))
    looked_up = kind in {SubjectKind.DOCUMENT, SubjectKind.DWELLING_SURNAME}
    people = 0 if kind is SubjectKind.VISITOR else chance.choice((0, 1, 1, 1, 1, 2 if looked_up else 1))
    one, token = people == 1, kind is SubjectKind.PASS_TOKEN
    has_pass = one and (not looked_up or chance.random() < 0.8)
    proof = Proof.VERIFIED if token and (has_pass or chance.random() < 0.3) else Proof.NONE
    if token and proof is Proof.NONE:
        proof = chance.choice((Proof.FORGED, Proof.UNKNOWN_KEY, Proof.UNREADABLE))
    policy = chance.choice(list(POLICIES))
    calm = chance.random() < 0.5
    return {
        "policy": policy,
        "direction": chance.choice(list(Direction)),
        "kind": kind,
        "purpose": chance.choice(list(Purpose)) if kind is SubjectKind.VISITOR else None,
        "mask": True if calm else chance.choice((True, True, True, False, None)),
        "temperature_c": "36.5" if calm else chance.choice((*_READINGS, None)),
        "answers": {
            name: False if calm else chance.choice((None, False, False, True))
            for name in ("been_to_focus_area", "contact_with_case", "unwell")
        },
        "at": AT.isoformat(),
        "people": people,
        "pass": _some_pass(chance) if has_pass else None,
        "proof": proof,
        "serial": chance.choice((1, 2, 3)) if proof is Proof.VERIFIED else None,
        "restrictions": _some_restrictions(chance) if one else [],
        "list_age_seconds": chance.choice((None, *_ages(POLICIES[policy]))),
    }


def _ages(rules: GateRules) -> tuple[int, ...]:
    """Ages of a list on both sides of each limit."""
    admit, action = rules.offline_admit_minutes * 60, rules.offline_action_minutes * 60
    return (0, admit, admit + 1, action, action + 1, 10**9)


def _some_pass(chance: random.Random) -> dict[str, Any]:
    starts = chance.choice((timedelta(days=-1), timedelta(0), timedelta(seconds=1)))
    ends = chance.choice((timedelta(days=29), timedelta(days=29), timedelta(0), timedelta(seconds=1)))
    return {
        "serial": chance.choice((1, 1, 2)),
        "compound": chance.choice((HERE, HERE, HERE, ELSEWHERE)),
        "state": chance.choice(("active", "active", "active", "suspended", "revoked")),
        "valid_from": (AT + starts).isoformat(),
        "valid_until": (AT + ends).isoformat(),
        "hours": chance.choice(_HOURS),
    }


def _some_restrictions(chance: random.Random) -> list[list[str]]:
    some = chance.choice((0, 0, 1, 1, 2))
    return [[measure, chance.choice((HERE, ELSEWHERE))] for measure in chance.sample(_MEASURES, some)]


def _pass(told: dict[str, Any], people: frozenset[PersonRef]) -> KnownPass:
    [person] = people
    return KnownPass(
        pass_id=UUID(int=0),
        serial=told["serial"],
        person_ref=person,
        compound=CompoundId(told["compound"]),
        state=PassState(told["state"]),
        valid_from=datetime.fromisoformat(told["valid_from"]),
        valid_until=datetime.fromisoformat(told["valid_until"]),
        hours=DailyHours(
            start=time.fromisoformat(told["hours"][0]), until=time.fromisoformat(told["hours"][1])
        )
        if told["hours"]
        else None,
    )


def _policy(rules: GateRules) -> dict[str, Any]:
    return {
        "musts": sorted(rules.musts),
        "fever_from_c": str(rules.fever_from_c),
        "plausible_from_c": str(rules.plausible_from_c),
        "plausible_to_c": str(rules.plausible_to_c),
        "admit_up_to_minutes": rules.offline_admit_minutes,
        "action_up_to_minutes": rules.offline_action_minutes,
    }


def _spell(line: dict[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":"))
