"""A device that decides about a vehicle alone: the same rule on fewer facts, never more permissive (R2.3, G7)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.client.vectors import AT, POLICIES
from services.gate.domain import offline
from services.gate.domain.entry import PassState, Proof
from services.gate.domain.lists import ListRules, PassList, pack, unpack
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
from shared.events.policy import VehicleRules
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
    st.sampled_from([None, *PassState]),
    st.sampled_from([HERE, THERE]),
    st.sampled_from([1, 2]),
    st.tuples(instants, instants),
    st.sampled_from([Proof.VERIFIED, Proof.FORGED, Proof.UNKNOWN_KEY, Proof.UNREADABLE, Proof.NONE]),
    st.booleans(),
)
def test_for_any_facts_no_vehicle_is_let_through_offline_that_the_server_would_keep(  # noqa: PLR0917
    what: offline.VehicleSeen,
    state: PassState | None,
    compound: CompoundId,
    serial: int,
    valid: tuple[object, object],
    proof: Proof,
    plate_fits: bool,  # noqa: FBT001 -- drawn
) -> None:
    claims = PassClaims(
        pass_id=UUID(int=9),
        serial=serial,
        number="20000001",
        compound=compound,
        not_before=valid[0],  # type: ignore[arg-type]
        expires=valid[1],  # type: ignore[arg-type]
    )
    told = claims if proof is Proof.VERIFIED else None
    known = (
        KnownVehiclePass(
            vehicle_pass_id=claims.pass_id,
            serial=2,
            vehicle_ref=UUID(int=8),
            compound=compound,
            state=state,
            valid_from=claims.not_before,
            valid_until=claims.expires,
        )
        if state is not None and told
        else None
    )
    server = online(
        what,
        VehicleRecords(
            vehicle_pass=known,
            proof=proof,
            serial=serial if told else None,
            shown=proof is not Proof.NONE,
            plate_fits=plate_fits,
        ),
    )
    facts = offline.of_vehicle(OWN, proof, told, shown=False, at=AT)
    alone = offline.decide_vehicle_offline(what, facts, OWN)
    if alone.verdict is VehicleVerdict.COMPLETE:
        assert what.emergency or what.direction is Direction.EXIT
        assert server.verdict is VehicleVerdict.COMPLETE or VehicleReason.PLATE_MISMATCH in server.reasons
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


@pytest.mark.parametrize(
    ("proof", "claims_here", "shown", "expected"),
    [
        (Proof.VERIFIED, True, False, ("held", ["vehicle_pass_unverifiable"])),
        (Proof.VERIFIED, False, False, ("refuse", ["vehicle_wrong_compound"])),
        (Proof.FORGED, True, False, ("refuse", ["vehicle_pass_forged"])),
        (Proof.UNKNOWN_KEY, True, False, ("held", ["vehicle_pass_unverifiable"])),
        (Proof.NONE, True, True, ("held", ["vehicle_pass_unverifiable"])),
        (Proof.NONE, True, False, ("held", ["vehicle_pass_unverifiable"])),  # a plate alone
    ],
)
def test_what_a_device_can_say_of_a_vehicle_pass(
    proof: Proof,
    claims_here: bool,  # noqa: FBT001 -- a column of the table
    shown: bool,  # noqa: FBT001 -- likewise
    expected: tuple[str, list[str]],
) -> None:
    claims = PassClaims(
        pass_id=UUID(int=9),
        serial=1,
        number="20000001",
        compound=HERE if claims_here else THERE,
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
    known = offline.of_vehicle(OWN, proof, claims if proof is Proof.VERIFIED else None, shown=shown, at=AT)
    found = offline.decide_vehicle_offline(what, known, OWN)
    assert (found.verdict, list(found.reasons)) == expected
    old = replace(OWN, rules=replace(LIST_RULES, rules=replace(RULES, vehicles=None)))  # says no minutes
    assert VehicleReason.OCCUPANT_UNCHECKED in offline.decide_vehicle_offline(what, known, old).reasons


def test_the_minutes_of_the_policy_cross_with_the_list() -> None:
    made = PassList(compound=HERE, made_at=AT, version="1.9.ab", since=None, rules=LIST_RULES, passes=())
    assert unpack(pack(made)) == made
