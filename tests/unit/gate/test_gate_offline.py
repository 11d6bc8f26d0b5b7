"""Deciding without an answer: the same rule on fewer and older facts, and never more permissive."""

import json
import zlib
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.client import vectors
from services.gate.client.vectors import ASKING, AT, POLICIES, answer_of, decide, lines, read
from services.gate.domain import offline
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
)
from services.gate.domain.lists import ListedPass, ListRules, ListUnreadable, PassList, bits_of, pack, unpack
from services.gate.domain.rulings import DEFAULT_TABLE, Case, Direction, Reason, Verdict
from services.gate.domain.subjects import masked
from services.gate.domain.times import DailyHours
from shared.events.policy_observation import Measure
from shared.kernel.days import SHANGHAI
from shared.kernel.ids import CompoundId, PersonRef
from shared.kernel.pass_token import PassClaims

HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
RULES: GateRules = POLICIES["default"]
LIST_RULES = ListRules(rules=RULES, table=DEFAULT_TABLE, answer_within_ms=800, keys=())
MEASURES: tuple[Measure, ...] = (
    "home_self_monitoring",
    "home_quarantine",
    "centralized_observation",
    "medical",
)
LETS_THROUGH = {Verdict.ADMIT, Verdict.ADMIT_WITH_ACTION}


def listed(number: str = "10000001", **changes: Any) -> ListedPass:
    row = ListedPass(
        number=number,
        serial=1,
        state=PassState.ACTIVE,
        valid_from=AT - timedelta(days=1),
        valid_until=AT + timedelta(days=29),
        bound=0,
        surname="王*",
        room="3-1-502",
    )
    return replace(row, **changes)


def claims(number: str = "10000001", **changes: Any) -> PassClaims:
    made = PassClaims(
        pass_id=UUID(int=7),
        serial=1,
        number=number,
        compound=HERE,
        not_before=AT - timedelta(days=1),
        expires=AT + timedelta(days=29),
    )
    return replace(made, **changes)


def attempt(kind: SubjectKind = SubjectKind.PASS_TOKEN, **changes: Any) -> EntryAttempt:
    made = EntryAttempt(
        here=HERE,
        direction=Direction.ENTRY,
        kind=kind,
        mask=True,
        temperature_c=Decimal("36.5"),
        answers=Answers(),
        at=AT,
    )
    return replace(made, **changes)


def own(*rows: ListedPass) -> offline.OwnList:
    return offline.OwnList(compound=HERE, passes=offline.by_number(rows), rules=LIST_RULES)


def shown(
    proof: Proof = Proof.VERIFIED,
    told: PassClaims | None = None,
    *rows: ListedPass,
    age: timedelta = timedelta(0),
) -> EntryDecision:
    told = (told or claims()) if proof is Proof.VERIFIED else None
    known = offline.of_token(own(*rows), proof, told, at=AT, age=round(age.total_seconds()))
    return offline.decide_offline(attempt(), known, LIST_RULES)


HOUR = timedelta(hours=1)


@pytest.mark.scenario("G14")
@pytest.mark.parametrize(
    ("age", "verdict", "reasons"),
    [
        (timedelta(0), Verdict.ADMIT, ()),
        (4 * HOUR, Verdict.ADMIT, ()),
        (4 * HOUR + timedelta(seconds=1), Verdict.ADMIT_WITH_ACTION, (Reason.LIST_AGED,)),
        (5 * HOUR, Verdict.ADMIT_WITH_ACTION, (Reason.LIST_AGED,)),
        (24 * HOUR, Verdict.ADMIT_WITH_ACTION, (Reason.LIST_AGED,)),
        (24 * HOUR + timedelta(seconds=1), Verdict.CANNOT_VERIFY, (Reason.LIST_TOO_OLD,)),
        (timedelta(days=3000), Verdict.CANNOT_VERIFY, (Reason.LIST_TOO_OLD,)),
    ],
)
def test_a_good_pass_by_the_age_of_the_list(
    age: timedelta, verdict: Verdict, reasons: tuple[Reason, ...]
) -> None:
    decision = shown(Proof.VERIFIED, claims(), listed(), age=age)
    assert (decision.verdict, decision.reasons) == (verdict, reasons)


@pytest.mark.scenario("G14")
@pytest.mark.parametrize("age", [timedelta(0), 5 * HOUR, 30 * HOUR])
@pytest.mark.parametrize(
    ("proof", "told", "row", "expected"),
    [
        (Proof.FORGED, None, listed(), (Verdict.REFUSE, Reason.PASS_FORGED)),
        (Proof.UNREADABLE, None, listed(), (Verdict.CANNOT_VERIFY, Reason.PASS_UNKNOWN)),
        (Proof.UNKNOWN_KEY, None, listed(), (Verdict.CANNOT_VERIFY, Reason.PASS_UNVERIFIABLE)),
        (Proof.VERIFIED, claims("10000002"), listed(), (Verdict.CANNOT_VERIFY, Reason.PASS_UNKNOWN)),
        (
            Proof.VERIFIED,
            claims("10000002", compound=THERE),
            listed(),
            (Verdict.REFUSE, Reason.WRONG_COMPOUND),
        ),
        (Proof.VERIFIED, claims("10000002", expires=AT), listed(), (Verdict.REFUSE, Reason.PASS_EXPIRED)),
        (Proof.VERIFIED, claims(), listed(state=PassState.REVOKED), (Verdict.REFUSE, Reason.PASS_REVOKED)),
        (
            Proof.VERIFIED,
            claims(),
            listed(state=PassState.SUSPENDED),
            (Verdict.REFUSE, Reason.PASS_SUSPENDED),
        ),
        (Proof.VERIFIED, claims(), listed(serial=2), (Verdict.REFUSE, Reason.PASS_REPLACED)),
        (Proof.VERIFIED, claims(), listed(bound=0b1000_0000), (Verdict.REFUSE, Reason.UNDER_QUARANTINE)),
    ],
)
def test_no_age_of_the_list_makes_a_bad_pass_good(
    age: timedelta,
    proof: Proof,
    told: PassClaims | None,
    row: ListedPass,
    expected: tuple[Verdict, Reason],
) -> None:
    decision = shown(proof, told, row, age=age)
    assert (decision.verdict, decision.reasons[0]) == expected


@pytest.mark.scenario("G14")
@pytest.mark.parametrize("direction", list(Direction))
def test_what_nothing_signed_stands_behind_is_not_verified_offline(direction: Direction) -> None:
    mine = own(listed(), listed("10000002", room="3-1-503"))
    for kind, known in (
        (SubjectKind.PASS_NUMBER, offline.of_number(mine, "10000001", age=0)),
        (SubjectKind.PASS_NUMBER, offline.of_number(mine, "99999999", age=0)),
        (SubjectKind.DWELLING_SURNAME, offline.of_dwelling(mine, "3幢1单元502室", "王", age=0)),
        (SubjectKind.DWELLING_SURNAME, offline.of_dwelling(mine, "9-9-999", "王", age=0)),
        (SubjectKind.DOCUMENT, offline.of_others(age=0)),
    ):
        decision = offline.decide_offline(attempt(kind, direction=direction), known, LIST_RULES)
        assert decision.verdict is Verdict.CANNOT_VERIFY
        assert Reason.NOT_CHECKABLE_OFFLINE in decision.reasons
    under = own(listed(bound=bits_of([Restriction(measure="home_quarantine", compound=HERE)], HERE)))
    known = offline.of_dwelling(under, "3-1-502", "王", age=0)
    leaving = attempt(SubjectKind.DWELLING_SURNAME, direction=Direction.EXIT)
    assert offline.decide_offline(leaving, known, LIST_RULES).verdict is Verdict.REFUSE


def test_an_ambulance_waits_for_no_list_and_a_visitor_is_told_what_he_is_always_told() -> None:
    for purpose in Purpose:
        for direction in Direction:
            who = attempt(SubjectKind.VISITOR, purpose=purpose, direction=direction)
            old = offline.decide_offline(who, offline.of_others(age=10**9), LIST_RULES)
            assert old == decide_entry(who, GateRecords(), RULES)


# --- any facts ------------------------------------------------------------------------------------------------------

restrictions = st.lists(
    st.builds(Restriction, measure=st.sampled_from(MEASURES), compound=st.sampled_from([HERE, THERE])),
    max_size=3,
).map(tuple)
instants = st.sampled_from([AT + timedelta(seconds=step) for step in (-86_400, -1, 0, 1, 86_400)])
states = st.sampled_from(PassState)
moments = st.sampled_from([time(8), time(9), time(9, 0, 1), time(22)])  # it is nine
hours = st.none() | st.builds(DailyHours, start=moments, until=moments)
ages = st.sampled_from([0, 1, 14_400, 14_401, 86_400, 86_401, 10**9])
attempts = st.builds(
    EntryAttempt,
    here=st.just(HERE),
    direction=st.sampled_from(Direction),
    kind=st.sampled_from(SubjectKind),
    purpose=st.sampled_from(Purpose),
    mask=st.sampled_from([True, False, None]),
    temperature_c=st.sampled_from([None, *map(Decimal, ("36.5", "37.2", "37.3", "3.65", "43.01"))]),
    answers=st.builds(Answers, unwell=st.sampled_from([True, False, None])),
    at=st.just(AT),
)
PERSON = PersonRef(UUID(int=10_000_001))


@st.composite
def records(draw: st.DrawFn) -> GateRecords:
    """What a server may know."""
    people = draw(st.sampled_from([0, 1, 1, 1, 2]))
    known = None
    if people == 1 and draw(st.booleans()):
        known = KnownPass(
            pass_id=UUID(int=7),
            serial=draw(st.sampled_from([1, 2])),
            person_ref=PERSON,
            compound=draw(st.sampled_from([HERE, THERE])),
            state=draw(states),
            valid_from=draw(instants),
            valid_until=draw(instants),
            hours=draw(hours),
        )
    return GateRecords(
        people=frozenset(PersonRef(UUID(int=10_000_001 + nth)) for nth in range(people)),
        entry_pass=known,
        proof=draw(st.sampled_from(Proof)),
        serial=draw(st.sampled_from([None, 1, 2])),
        restrictions=draw(restrictions) if people == 1 else (),
    )


@given(attempts, records(), ages)
def test_for_any_facts_offline_is_never_more_permissive(
    who: EntryAttempt, known: GateRecords, age: int
) -> None:
    online = decide_entry(who, known, RULES)
    alone = decide_entry(who, replace(known, list_age_seconds=age), RULES)
    assert alone.verdict.severity >= online.verdict.severity
    assert alone.holds == online.holds
    young = age <= RULES.offline_admit_minutes * 60
    if young and who.kind in {SubjectKind.PASS_TOKEN, SubjectKind.VISITOR}:
        assert alone == online


@given(attempts, records(), ages | st.none())
def test_the_reasons_of_any_decision_stand_in_the_one_order(
    who: EntryAttempt, known: GateRecords, age: int | None
) -> None:
    reasons = decide_entry(who, replace(known, list_age_seconds=age), RULES).reasons
    places = [list(Reason).index(Reason(reason)) for reason in reasons]
    assert places == sorted(set(places))


@st.composite
def towns(draw: st.DrawFn) -> dict[str, tuple[KnownPass, tuple[Restriction, ...], str, str]]:
    """What a server knows of a compound's passes, by number: with the holder's restrictions, surname and room."""
    numbers = draw(st.sets(st.integers(10_000_000, 10_000_005).map(str), max_size=4))
    return {
        number: (
            KnownPass(
                pass_id=UUID(int=int(number)),
                serial=draw(st.sampled_from([1, 2])),
                person_ref=PersonRef(UUID(int=int(number))),
                compound=HERE,
                state=draw(states),
                valid_from=draw(instants),
                valid_until=draw(instants),
                hours=draw(hours),
            ),
            draw(restrictions),
            draw(st.sampled_from(["王", "欧阳", "李"])),
            draw(st.sampled_from(["3-1-502", "3-1-503"])),
        )
        for number in numbers
    }


def as_listed(town: dict[str, tuple[KnownPass, tuple[Restriction, ...], str, str]]) -> offline.OwnList:
    """The same town through the wire."""
    rows = tuple(
        ListedPass(
            number=number,
            serial=known.serial,
            state=known.state,
            valid_from=known.valid_from,
            valid_until=known.valid_until,
            bound=bits_of(held, HERE),
            surname=masked(surname),
            room=room,
            hours=known.hours,
        )
        for number, (known, held, surname, room) in town.items()
    )
    made = PassList(compound=HERE, made_at=AT, version="1.9.ab", since=None, rules=LIST_RULES, passes=rows)
    back = unpack(pack(made))
    assert (set(back.passes), back.rules) == (set(rows), LIST_RULES)
    return offline.OwnList(compound=HERE, passes=offline.by_number(back.passes), rules=LIST_RULES)


@given(attempts, towns(), st.integers(10_000_000, 10_000_006).map(str), st.sampled_from([1, 2]), ages)
def test_a_scanned_pass_gets_the_servers_verdict_from_a_young_list_and_no_milder_one_from_any(
    who: EntryAttempt,
    town: dict[str, tuple[KnownPass, tuple[Restriction, ...], str, str]],
    number: str,
    serial: int,
    age: int,
) -> None:
    who = replace(who, kind=SubjectKind.PASS_TOKEN)
    found = town.get(number)
    told = claims(number, serial=serial)
    server = GateRecords(
        people=frozenset({found[0].person_ref}) if found else frozenset(),
        entry_pass=found[0] if found else None,
        proof=Proof.VERIFIED,
        serial=serial,
        restrictions=found[1] if found else (),
    )
    online = decide_entry(who, server, RULES)
    known = offline.of_token(as_listed(town), Proof.VERIFIED, told, at=AT, age=age)
    alone = offline.decide_offline(who, known, LIST_RULES)
    assert alone.verdict.severity >= online.verdict.severity
    if age <= RULES.offline_admit_minutes * 60:
        assert (alone.verdict, alone.reasons, alone.action) == (online.verdict, online.reasons, online.action)


@given(
    attempts, towns(), st.sampled_from(["王", "欧阳", "赵"]), st.sampled_from(["3-1-502", "1-1-101"]), ages
)
def test_who_is_looked_up_offline_is_never_let_through(
    who: EntryAttempt,
    town: dict[str, tuple[KnownPass, tuple[Restriction, ...], str, str]],
    surname: str,
    room: str,
    age: int,
) -> None:
    mine = as_listed(town)
    for kind, known in (
        (SubjectKind.DWELLING_SURNAME, offline.of_dwelling(mine, room, surname, age=age)),
        (SubjectKind.DOCUMENT, offline.of_others(age=age)),
        *((SubjectKind.PASS_NUMBER, offline.of_number(mine, number, age=age)) for number in town),
    ):
        verdict = offline.decide_offline(replace(who, kind=kind), known, LIST_RULES).verdict
        assert verdict not in LETS_THROUGH


@given(moments, moments, st.integers(0, 86_399))
def test_the_hours_of_a_day_hold_from_the_first_on_and_before_the_last_also_across_midnight(
    start: time, until: time, second: int
) -> None:
    at = datetime(2020, 2, 24, tzinfo=SHANGHAI) + timedelta(seconds=second)
    day = [start <= at.time(), at.time() < until]
    assert DailyHours(start=start, until=until).cover(at) == (all(day) if start < until else any(day))


@pytest.mark.parametrize(
    ("start", "until", "at", "covered"),
    [
        (time(0), time(23, 59), time(23, 59, 30), True),  # the whole day, as a form says it
        (time(0), time(23, 59), time(0), True),
        (time(22), time(23, 59), time(23, 59, 59), True),
        (time(22), time(23, 59), time(0), False),
        (time(8), time(18), time(18), False),
    ],
)
def test_until_the_last_minute_of_a_day_is_until_midnight(
    start: time, until: time, at: time, *, covered: bool
) -> None:
    hours = DailyHours.stated(start, until)
    assert hours.cover(datetime.combine(date(2020, 2, 24), at, SHANGHAI)) is covered


def test_a_list_from_before_there_were_hours_is_still_read() -> None:
    made = PassList(
        compound=HERE, made_at=AT, version="1.9.ab", since=None, rules=LIST_RULES, passes=(listed(),)
    )
    content = cbor2.loads(zlib.decompress(pack(made)))
    del content["passes"]["hours"]
    place = content["rules"]["reasons"].index("outside_hours")
    del content["rules"]["reasons"][place]
    for *_, cells in content["rules"]["table"]:
        del cells[place]
    assert unpack(zlib.compress(cbor2.dumps(content))) == made


@given(st.binary(max_size=200))
def test_what_is_no_list_is_refused_as_such(payload: bytes) -> None:
    with pytest.raises(ListUnreadable):
        unpack(payload)


# --- vectors --------------------------------------------------------------------------------------------------------


def test_the_committed_vectors_are_those_of_the_rule() -> None:
    assert read() == list(lines()), "the rule has changed: run python -m services.gate.client.vectors"
    assert vectors.FILE.stat().st_size <= 1_000_000


def test_the_vectors_cover_every_cell_every_reason_every_verdict_online_and_offline() -> None:
    first, *others = map(json.loads, read())
    assert set(first["policies"]) == {*POLICIES, *ASKING}
    cells = {tuple(line["cell"]) for line in others if "cell" in line}
    assert len(cells) == len(Case) * len(Direction) * len(Reason)
    told = [line for line in others if "facts" in line]
    assert len(told) >= 10_000
    seen: Counter[tuple[str, str]] = Counter()
    for line in told:
        assert answer_of(decide(line["facts"])) == {
            name: line[name] for name in ("verdict", "reasons", "action", "holds", "kept_temperature_c")
        }
        where = "online" if line["facts"]["list_age_seconds"] is None else "offline"
        seen.update((where, code) for code in (*line["reasons"], line["verdict"]))
    offline_only = {Reason.LIST_AGED, Reason.LIST_TOO_OLD, Reason.NOT_CHECKABLE_OFFLINE}
    expected = {("online", code) for code in (*(set(Reason) - offline_only), *Verdict)}
    expected |= {("offline", code) for code in (*(set(Reason) - {Reason.SUBJECT_UNKNOWN}), *Verdict)}
    assert expected <= {key for key, times in seen.items() if times >= 5}


def test_a_vector_that_says_otherwise_is_noticed() -> None:
    line = next(
        line for line in map(json.loads, read()) if line.get("verdict") == "admit" and "facts" in line
    )
    spoilt = line["facts"] | {"mask": False}
    assert answer_of(decide(spoilt))["verdict"] != "admit"
    assert datetime.fromisoformat(line["facts"]["at"]) == AT
