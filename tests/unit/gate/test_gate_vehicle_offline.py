"""A device that decides about a vehicle alone: the same rule on fewer facts, never more permissive (R2.3, G7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.client.vectors import AT, POLICIES
from services.gate.domain import offline
from services.gate.domain.entry import PassState, Proof
from services.gate.domain.lists import ListedVehiclePass, ListRules, PassList, pack, unpack
from services.gate.domain.rulings import DEFAULT_TABLE, Direction, Verdict
from services.gate.domain.vehicles import (
    KnownVehiclePass,
    VehicleAttempt,
    VehicleDecision,
    VehicleReason,
    VehicleRecords,
    VehicleVerdict,
    counted,
    decide_vehicle,
)
from shared.events.policy_gate import VehicleRules
from shared.kernel.ids import CompoundId
from shared.kernel.pass_token import PassClaims

HERE, THERE = CompoundId("lj-001"), CompoundId("lj-002")
HALF_AN_HOUR = timedelta(minutes=30)
RULES = replace(POLICIES["default"], vehicles=VehicleRules(occupant_check_minutes=30))
LIST_RULES = ListRules(rules=RULES, table=DEFAULT_TABLE, answer_within_ms=800, keys=())
OWN = offline.OwnList(compound=HERE, passes={}, rules=LIST_RULES)

instants = st.sampled_from([AT + timedelta(minutes=step) for step in (-31, -30, -1, 0, 1, 31)])
ids = [UUID(int=nth) for nth in range(1, 5)]
people = st.dictionaries(
    st.sampled_from(ids),
    st.tuples(st.sampled_from(Verdict), instants, st.just(False)),
    max_size=4,
)
named = st.lists(st.tuples(st.sampled_from(ids), st.booleans()), max_size=4).map(tuple)
seen = st.builds(
    offline.VehicleSeen,
    direction=st.sampled_from(Direction),
    occupants=st.integers(0, 4),
    checks=people,
    named=named,
    boot_opened=st.sampled_from([True, False, None]),
    emergency=st.booleans(),
    at=st.just(AT),
)


def online(what: offline.VehicleSeen, known: VehicleRecords) -> VehicleDecision:
    """As the server decides when it knows of the same people's checks."""
    return decide_vehicle(
        VehicleAttempt(
            here=HERE,
            direction=what.direction,
            occupants=what.occupants,
            checks=counted(what.checks, what.named, at=what.at, within=HALF_AN_HOUR),
            boot_opened=what.boot_opened,
            emergency=what.emergency,
            at=what.at,
        ),
        known,
        RULES.musts,
    )


@given(
    seen,
    st.none() | st.tuples(st.sampled_from([PassState.ACTIVE, PassState.REVOKED]), st.sampled_from([1, 2])),
    st.sampled_from([HERE, THERE]),
    st.sampled_from([1, 2]),
    st.tuples(instants, instants),
    st.sampled_from(Proof),
    st.sampled_from([0, 14_400, 14_401, 86_401, None]),
)
def test_for_any_facts_no_vehicle_is_let_through_offline_that_the_server_would_keep(  # noqa: PLR0917
    what: offline.VehicleSeen,
    kept: tuple[PassState, int] | None,
    compound: CompoundId,
    serial: int,
    valid: tuple[datetime, datetime],
    proof: Proof,
    age: int | None,
) -> None:
    claims = PassClaims(
        pass_id=UUID(int=9),
        serial=serial,
        number="20000001",
        compound=compound,
        not_before=valid[0],
        expires=valid[1],
    )
    told = claims if proof is Proof.VERIFIED else None
    known = (
        KnownVehiclePass(
            vehicle_pass_id=claims.pass_id,
            serial=kept[1],
            vehicle_ref=UUID(int=8),
            compound=compound,
            state=kept[0],
            valid_from=claims.not_before,
            valid_until=claims.expires,
        )
        if kept and told
        else None
    )
    server = online(
        what,
        VehicleRecords(
            vehicle_pass=known,
            proof=proof,
            serial=serial if told else None,
            shown=proof is not Proof.NONE,
        ),
    )
    rows = {}
    if known and compound == HERE:
        rows["20000001"] = listed(serial=known.serial, revoked=known.state is PassState.REVOKED)
    mine = replace(OWN, vehicles=None if age is None else rows)
    facts = offline.of_vehicle(mine, proof, told, shown=False, at=AT, age=age or 0)
    alone = offline.decide_vehicle_offline(what, facts, mine)
    if alone.verdict is VehicleVerdict.COMPLETE:
        assert server.verdict is VehicleVerdict.COMPLETE
    if server.verdict is VehicleVerdict.COMPLETE and known and age is not None and age <= 14_400:
        assert alone == server
    if VehicleReason.PASS_REVOKED in server.reasons and compound == HERE and age is not None:
        assert alone.verdict is VehicleVerdict.REFUSE  # whatever the age of the list
    of_people = {
        VehicleReason.DRIVER_REFUSED,
        VehicleReason.OCCUPANT_REFUSED,
        VehicleReason.OCCUPANT_UNCHECKED,
        VehicleReason.OCCUPANT_NOT_CLEARED,
        VehicleReason.OCCUPANTS_MISCOUNTED,
        VehicleReason.BOOT_NOT_CHECKED,
        VehicleReason.PASS_FORGED,
    }
    assert of_people.intersection(alone.reasons) == of_people.intersection(server.reasons)
    places = [list(VehicleReason).index(reason) for reason in alone.reasons]
    assert places == sorted(set(places))


def listed(number: str = "20000001", **changes: Any) -> ListedVehiclePass:
    row = ListedVehiclePass(number=number, serial=1, revoked=False, valid_until=AT + timedelta(days=9))
    return replace(row, **changes)


UNVERIFIABLE = ("held", ["vehicle_pass_unverifiable"])


@pytest.mark.parametrize(
    ("proof", "compound", "row", "age", "expected"),
    [
        (Proof.VERIFIED, HERE, listed(), 14_400, ("complete", [])),
        (Proof.VERIFIED, HERE, listed(), 14_401, UNVERIFIABLE),
        (Proof.VERIFIED, HERE, listed("20000002"), 0, UNVERIFIABLE),  # signed, and in no list
        (Proof.VERIFIED, HERE, None, 0, UNVERIFIABLE),  # a list from before vehicles were in it
        (Proof.VERIFIED, HERE, listed(revoked=True), 90_000, ("refuse", ["vehicle_pass_revoked"])),
        (Proof.VERIFIED, HERE, listed(serial=2), 90_000, ("refuse", ["vehicle_pass_replaced"])),
        (Proof.VERIFIED, THERE, None, 0, ("refuse", ["vehicle_wrong_compound"])),
        (Proof.FORGED, HERE, listed(), 0, ("refuse", ["vehicle_pass_forged"])),
        (Proof.UNKNOWN_KEY, HERE, listed(), 0, UNVERIFIABLE),
        (Proof.NONE, HERE, listed(), 0, UNVERIFIABLE),  # a plate or a number alone
    ],
)
def test_what_a_device_can_say_of_a_vehicle_pass(
    proof: Proof,
    compound: CompoundId,
    row: ListedVehiclePass | None,
    age: int,
    expected: tuple[str, list[str]],
) -> None:
    claims = PassClaims(
        pass_id=UUID(int=9),
        serial=1,
        number="20000001",
        compound=compound,
        not_before=AT - timedelta(days=1),
        expires=AT + timedelta(days=1),
    )
    what = offline.VehicleSeen(
        direction=Direction.ENTRY,
        occupants=1,
        checks={ids[0]: (Verdict.ADMIT, AT, False)},
        named=((ids[0], True),),
        boot_opened=True,
        emergency=False,
        at=AT,
    )
    mine = replace(OWN, vehicles={row.number: row} if row else None)
    told = claims if proof is Proof.VERIFIED else None
    known = offline.of_vehicle(mine, proof, told, shown=False, at=AT, age=age)
    found = offline.decide_vehicle_offline(what, known, mine)
    assert (found.verdict, list(found.reasons)) == expected
    silent = replace(mine, rules=replace(LIST_RULES, rules=replace(RULES, vehicles=None)))
    assert VehicleReason.OCCUPANT_UNCHECKED in offline.decide_vehicle_offline(what, known, silent).reasons


def test_vehicle_passes_and_the_minutes_of_the_policy_cross_with_the_list() -> None:
    rows = (listed(), listed("20000002", serial=3), listed("20000003", revoked=True))
    made = PassList(
        compound=HERE, made_at=AT, version="1.9.ab", since=None, rules=LIST_RULES, passes=(), vehicles=rows
    )
    for one in (made, replace(made, vehicles=()), replace(made, vehicles=None)):
        assert unpack(pack(one)) == one
