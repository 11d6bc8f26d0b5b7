"""What a device concludes from its own list: signed lists, tokens, and the verdicts on them.

`python -m services.gate.client.vectors.own_list` makes `own_list.json.gz` anew, with keys and signatures of its own; it
stays as it is until the form of lists or tokens changes. README.md beside it tells what stands in it.
"""

import base64
import gzip
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from services.gate.client.own_list import merged
from services.gate.client.vectors import AT, POLICIES, answer_of
from services.gate.client.verdicts import read_token
from services.gate.domain import offline, signed
from services.gate.domain.entry import (
    Answers,
    EntryAttempt,
    GateRecords,
    PassState,
    Proof,
    Purpose,
    Restriction,
    SubjectKind,
)
from services.gate.domain.lists import ListedPass, ListedVehiclePass, ListRules, PassList, pack, unpack
from services.gate.domain.rulings import DEFAULT_TABLE, Direction, Verdict
from services.gate.domain.times import DailyHours
from shared.events.policy_gate import VehicleRules
from shared.kernel import pass_token
from shared.kernel.ids import CompoundId
from shared.kernel.pass_token import PassClaims, PublicKey

FILE = Path(__file__).with_name("own_list.json.gz")
SEED, PASSES, ENTRIES, VEHICLES = 20_200_225, 60, 1_500, 600
HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
_SURNAMES = ("王", "欧阳", "李", "A", None)
# The instants of the cases are 09:00 and 09:10 in Shanghai.
_HOURS = (
    None,
    None,
    None,
    DailyHours(start=time(9, 5), until=time(18)),
    DailyHours(start=time(22), until=time(6)),
)


def make() -> dict[str, Any]:
    """Keys, lists, tokens, and the answers of this implementation."""
    chance = random.Random(SEED)  # noqa: S311 -- drawn, on purpose
    signs_lists, signs_passes, stranger = (pass_token.make_key() for _ in range(3))
    whole, later = _lists(chance, signs_passes)
    told: dict[str, Any] = {
        "compound": HERE,
        "list_keys": [pass_token.public_part(signs_lists)],
        "lists": [_spelled(signed.sign(pack(each), signs_lists)) for each in (whole, later)],
        "refused": {
            "signed by a stranger": _spelled(signed.sign(pack(later), stranger)),
            "of another compound": _spelled(signed.sign(pack(replace(whole, compound=THERE)), signs_lists)),
            "changes to another list": _spelled(
                signed.sign(pack(replace(later, since="9.9.x")), signs_lists)
            ),
            "older than the one held": _spelled(
                signed.sign(pack(replace(whole, made_at=AT - timedelta(days=1))), signs_lists)
            ),
            "cut off": _spelled(signed.sign(pack(later), signs_lists)[:-40]),
        },
    }
    tokens = _tokens(chance, whole, signs_passes, stranger)
    told["entries"] = [_entry(chance, tokens["entry"], whole) for _ in range(ENTRIES)]
    told["vehicles"] = [_vehicle(chance, tokens["vehicle"]) for _ in range(VEHICLES)]
    held = held_of(told)
    for case in told["entries"]:
        case["answer"] = answer(case["facts"], *held)
    for case in told["vehicles"]:
        case["answer"] = vehicle_answer(case["facts"], *held)
    return told


def read() -> dict[str, Any]:
    """What is committed."""
    told: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return told


def held_of(told: Mapping[str, Any]) -> tuple[offline.OwnList, dict[str, PublicKey]]:
    """The list that a device holds after the whole one and the changes to it, with the keys that verify passes."""
    keys = {key["kid"]: pass_token.read_public(key) for key in told["list_keys"]}
    whole, later = (unpack(signed.verify(base64.b64decode(each), keys)) for each in told["lists"])
    held = merged(whole, later)
    assert held.rules is not None  # noqa: S101 -- they came with the whole list
    own = offline.OwnList(
        compound=HERE,
        passes=offline.by_number(held.passes),
        rules=held.rules,
        vehicles=offline.by_number(held.vehicles or ()),
    )
    return own, {key["kid"]: pass_token.read_public(key) for key in held.rules.keys}


def answer(facts: Mapping[str, Any], own: offline.OwnList, keys: Mapping[str, PublicKey]) -> dict[str, Any]:
    """The decision on a person, and what may be shown of them."""
    subject, age, at = facts["subject"], facts["list_age_seconds"], datetime.fromisoformat(facts["at"])
    number: str | None = None
    match kind := SubjectKind(subject["kind"]):
        case SubjectKind.PASS_TOKEN:
            proof, claims = read_token(subject["token"], keys, "entry")
            known = offline.of_token(own, proof, claims, at=at, age=age)
            number = claims.number if claims else None
        case SubjectKind.PASS_NUMBER:
            known, number = offline.of_number(own, subject["number"], age=age), subject["number"]
        case SubjectKind.DWELLING_SURNAME:
            known = offline.of_dwelling(own, subject["room"], subject["surname"], age=age)
        case SubjectKind.DOCUMENT | SubjectKind.VISITOR:
            known = offline.of_others(age=age)
    known = _with_the_day(known, facts, number)
    attempt = EntryAttempt(
        here=HERE,
        direction=Direction(facts["direction"]),
        kind=kind,
        purpose=Purpose(subject["purpose"]) if kind is SubjectKind.VISITOR else None,
        mask=facts["mask"],
        temperature_c=Decimal(facts["temperature_c"]) if facts["temperature_c"] else None,
        answers=Answers(**facts["answers"]),
        at=at,
    )
    shown = offline.display_of(own, number)
    return answer_of(offline.decide_offline(attempt, known, own.rules)) | {
        "display": [shown.surname, shown.room] if shown else None
    }


def vehicle_answer(
    facts: Mapping[str, Any], own: offline.OwnList, keys: Mapping[str, PublicKey]
) -> dict[str, Any]:
    """The decision on a vehicle."""
    at = datetime.fromisoformat(facts["at"])
    proof, claims = read_token(facts["token"], keys, "vehicle") if facts["token"] else (Proof.NONE, None)
    known = offline.of_vehicle(
        own, proof, claims, shown=facts["number"] is not None, at=at, age=facts["list_age_seconds"]
    )
    seen = offline.VehicleSeen(
        direction=Direction(facts["direction"]),
        occupants=facts["occupants"],
        checks={
            UUID(check["check_id"]): (
                Verdict(check["verdict"]),
                datetime.fromisoformat(check["made_at"]),
                False,
            )
            for check in facts["shown"]
            if check["direction"] == facts["direction"]
        },
        named=tuple((UUID(check_id), driver) for check_id, driver in facts["people"]),
        boot_opened=facts["boot_opened"],
        emergency=facts["emergency"],
        at=at,
    )
    decided = offline.decide_vehicle_offline(seen, known, own)
    return {"verdict": decided.verdict, "reasons": list(decided.reasons)}


def _with_the_day(known: GateRecords, facts: Mapping[str, Any], number: str | None) -> GateRecords:
    held = number is not None and facts["held"]
    fever = (Restriction(measure="medical", compound=HERE),) if held else ()
    return replace(
        known,
        entries_today=facts["entries_today"] if number is not None else 0,
        restrictions=(*known.restrictions, *fever),
    )


def _lists(chance: random.Random, signs_passes: Mapping[str, str]) -> tuple[PassList, PassList]:
    policy = replace(
        POLICIES["default"],
        musts=POLICIES["default"].musts | {"ask"},
        vehicles=VehicleRules(occupant_check_minutes=30),
    )
    rules = ListRules(
        rules=policy, table=DEFAULT_TABLE, answer_within_ms=800, keys=(pass_token.public_part(signs_passes),)
    )
    whole = PassList(
        compound=HERE,
        made_at=AT - timedelta(hours=1),
        version="1.10.aa",
        since=None,
        rules=rules,
        passes=tuple(_listed(chance, nth) for nth in range(PASSES)),
        vehicles=tuple(_listed_vehicle(chance, nth) for nth in range(PASSES)),
    )
    later = PassList(
        compound=HERE,
        made_at=AT,
        version="1.12.aa",
        since=whole.version,
        rules=None,
        passes=tuple(_listed(chance, nth) for nth in range(0, PASSES + 10, 5)),
        vehicles=tuple(_listed_vehicle(chance, nth) for nth in range(0, PASSES, 7)),
    )
    return whole, later


def _listed(chance: random.Random, nth: int) -> ListedPass:
    surname = chance.choice(_SURNAMES)
    return ListedPass(
        number=f"{10_000_000 + nth}",
        serial=chance.choice((1, 1, 2)),
        state=chance.choice((PassState.ACTIVE, PassState.ACTIVE, *PassState)),
        valid_from=AT + chance.choice((timedelta(days=-1), timedelta(days=-1), timedelta(minutes=5))),
        valid_until=AT + timedelta(days=chance.choice((29, 29, 0))),
        bound=chance.choice((0, 0, 0, 0, 1, 2, 4, 8, 16, 64, 5, 9)),
        surname=f"{surname}*" if surname else None,
        room=f"{nth % 3 + 1}-1-{nth % 4 + 501}" if surname else None,
        hours=chance.choice(_HOURS),
    )


def _listed_vehicle(chance: random.Random, nth: int) -> ListedVehiclePass:
    return ListedVehiclePass(
        number=f"{20_000_000 + nth}",
        serial=chance.choice((1, 1, 2)),
        revoked=chance.random() < 0.2,
        valid_until=AT + timedelta(days=29),
    )


def _tokens(
    chance: random.Random, whole: PassList, ours: Mapping[str, str], stranger: Mapping[str, str]
) -> dict[str, list[str]]:
    """Good ones, and ones of every other kind."""
    made: dict[str, list[str]] = {"entry": [], "vehicle": []}
    kinds: tuple[tuple[pass_token.Kind, int], ...] = (("entry", 10_000_000), ("vehicle", 20_000_000))
    for kind, first in kinds:
        for nth in range(len(whole.passes) + 5):
            claims = PassClaims(
                pass_id=UUID(int=chance.getrandbits(128)),
                serial=chance.choice((1, 2, 2)),
                number=f"{first + nth}",
                compound=chance.choice((HERE, HERE, HERE, HERE, THERE)),
                not_before=AT + (timedelta(minutes=5) if nth % 9 == 1 else timedelta(days=-1)),
                expires=AT + timedelta(days=29 if nth % 9 == 1 else chance.choice((29, 29, 29, 0))),
            )
            text = pass_token.sign(claims, ours, kind=kind)
            made[kind].append(text)
            if nth % 4 == 0:
                made[kind] += [
                    _forged(text, chance),
                    pass_token.sign(claims, stranger, kind=kind),
                    pass_token.sign(claims, {**stranger, "kid": ours["kid"]}, kind=kind),
                    text[:-3],
                    text.lower(),
                    f"{text}00",
                    text.replace("EP1:", "VP1:") if kind == "entry" else text.replace("VP1:", "EP1:"),
                ]
    return made


def _forged(text: str, chance: random.Random) -> str:
    at = chance.randrange(60, len(text) - 10)
    return f"{text[:at]}{'A' if text[at] != 'A' else 'B'}{text[at + 1 :]}"


def _entry(chance: random.Random, tokens: list[str], whole: PassList) -> dict[str, Any]:
    room = f"{chance.randrange(1, 5)}幢1单元{chance.randrange(501, 505)}室"
    subject = chance.choice(
        (
            *[{"kind": "pass_token", "token": chance.choice(tokens)}] * 5,
            {"kind": "pass_number", "number": chance.choice(whole.passes).number},
            {"kind": "pass_number", "number": "99999999"},
            {
                "kind": "dwelling_surname",
                "room": room,
                "surname": chance.choice(("王芳", "欧阳修", "李", "Anna")),
            },
            {"kind": "document", "number": "000000200001010001"},
            {"kind": "visitor", "purpose": chance.choice(list(Purpose))},
        )
    )
    calm = chance.random() < 0.6
    return {
        "facts": {
            "subject": subject,
            "direction": chance.choice(list(Direction)),
            "mask": True if calm else chance.choice((True, False, None)),
            "temperature_c": "36.5" if calm else chance.choice(("36.5", "37.3", "43.1", None)),
            "answers": {
                name: False if calm else chance.choice((None, False, True))
                for name in ("been_to_focus_area", "contact_with_case", "unwell")
            },
            "at": (AT + timedelta(minutes=chance.choice((0, 10)))).astimezone(UTC).isoformat(),
            "list_age_seconds": chance.choice((60, 14_400, 14_401, 86_400, 86_401, 10**9)),
            "entries_today": chance.choice((0, 0, 1)),
            "held": chance.random() < 0.1,
        }
    }


def _vehicle(chance: random.Random, tokens: list[str]) -> dict[str, Any]:
    ids = [str(UUID(int=nth + 1)) for nth in range(4)]
    shown = [
        {
            "check_id": check_id,
            "verdict": chance.choice((Verdict.ADMIT, Verdict.ADMIT, Verdict.ADMIT, *Verdict)),
            "direction": chance.choice((Direction.ENTRY, Direction.ENTRY, Direction.ENTRY, Direction.EXIT)),
            "made_at": (AT - timedelta(minutes=chance.choice((0, 5, 30, 31)))).isoformat(),
        }
        for check_id in ids[: chance.randrange(5)]
    ]
    named = [[check_id, nth == 0] for nth, check_id in enumerate(ids[: chance.randrange(5)])]
    return {
        "facts": {
            "direction": chance.choice((Direction.ENTRY, Direction.ENTRY, Direction.EXIT)),
            "token": chance.choice((chance.choice(tokens), chance.choice(tokens), None)),
            "number": chance.choice((None, None, "20000001")),
            "occupants": chance.choice((len(named), len(named), 1, 3)),
            "people": named,
            "shown": shown,
            "boot_opened": chance.choice((True, True, False, None)),
            "emergency": chance.random() < 0.05,
            "at": AT.isoformat(),
            "list_age_seconds": chance.choice((60, 14_400, 14_401)),
        }
    }


def _spelled(document: bytes) -> str:
    return base64.b64encode(document).decode()


if __name__ == "__main__":
    FILE.write_bytes(gzip.compress(json.dumps(make(), ensure_ascii=False).encode(), 9, mtime=0))
