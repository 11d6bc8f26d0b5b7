"""May this vehicle pass with the people in it? (R2.3, G7)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.domain.entry import PassState, Proof
from services.gate.domain.rulings import Direction, Verdict
from services.gate.domain.vehicle_words import VEHICLE_REASONS, VEHICLE_VERDICTS
from services.gate.domain.vehicles import (
    KnownVehiclePass,
    OccupantCheck,
    VehicleAttempt,
    VehicleDecision,
    VehicleReason,
    VehicleRecords,
    VehicleVerdict,
    counted,
    decide_vehicle,
)
from tests.integration.gate.town import HERE, NOW, THERE

MUSTS = frozenset({"vehicle_pass", "occupants", "boot"})
GOOD = KnownVehiclePass(
    vehicle_pass_id=UUID(int=1),
    serial=2,
    vehicle_ref=UUID(int=2),
    compound=HERE,
    state=PassState.ACTIVE,
    valid_from=NOW - timedelta(days=1),
    valid_until=NOW + timedelta(days=1),
)
DRIVER = OccupantCheck(check_id=UUID(int=3), driver=True, verdict=Verdict.ADMIT)


def passenger(verdict: Verdict = Verdict.ADMIT, *, overridden: bool = False) -> OccupantCheck:
    return OccupantCheck(check_id=uuid4(), driver=False, verdict=verdict, overridden=overridden)


def judged(
    *checks: OccupantCheck,
    occupants: int | None = None,
    boot: bool | None = True,
    known: VehicleRecords | None = None,
    direction: Direction = Direction.ENTRY,
    emergency: bool = False,
    musts: frozenset[str] = MUSTS,
) -> tuple[str, list[str]]:
    checks = checks or (DRIVER,)
    found = decide_vehicle(
        VehicleAttempt(
            here=HERE,
            direction=direction,
            occupants=len(checks) if occupants is None else occupants,
            checks=checks,
            boot_opened=boot,
            emergency=emergency,
            at=NOW,
        ),
        known or VehicleRecords(vehicle_pass=GOOD, proof=Proof.VERIFIED, serial=2, shown=True),
        musts,
    )
    return found.verdict, list(found.reasons)


@pytest.mark.scenario("G7")
def test_a_vehicle_is_complete_when_everybody_in_it_and_the_boot_were_checked() -> None:
    assert judged(DRIVER, passenger()) == ("complete", [])
    assert judged(DRIVER, occupants=2) == ("held", ["occupant_unchecked"])
    assert judged(DRIVER, boot=None) == judged(DRIVER, boot=False) == ("held", ["boot_not_checked"])
    refused = OccupantCheck(check_id=uuid4(), driver=True, verdict=Verdict.REFUSE)
    assert judged(refused) == ("refuse", ["driver_refused"])  # whatever the vehicle's pass says


@pytest.mark.parametrize(
    ("checks", "verdict", "reasons"),
    [
        ((DRIVER, passenger(Verdict.REFUSE)), "held", ["occupant_refused"]),
        ((DRIVER, passenger(Verdict.REFUSE, overridden=True)), "complete", []),
        ((DRIVER, passenger(Verdict.CANNOT_VERIFY)), "held", ["occupant_not_cleared"]),
        ((DRIVER, passenger(Verdict.ADMIT_WITH_ACTION)), "complete", []),
        ((passenger(), passenger()), "held", ["occupant_unchecked"]),  # nobody of them drives
    ],
)
def test_what_the_people_in_it_mean_for_a_vehicle(
    checks: tuple[OccupantCheck, ...], verdict: str, reasons: list[str]
) -> None:
    assert judged(*checks) == (verdict, reasons)


def test_more_checks_than_people_are_counted_again() -> None:
    assert judged(DRIVER, passenger(), occupants=1) == ("held", ["occupants_miscounted"])


def changed(**values: object) -> VehicleRecords:
    fields = {name: getattr(GOOD, name) for name in KnownVehiclePass.__dataclass_fields__}
    return VehicleRecords(vehicle_pass=KnownVehiclePass(**(fields | values)), shown=True)


@pytest.mark.parametrize(
    ("known", "verdict", "reasons"),
    [
        (changed(state=PassState.REVOKED), "refuse", ["vehicle_pass_revoked"]),
        (changed(compound=THERE), "refuse", ["vehicle_wrong_compound"]),
        (changed(valid_until=NOW), "refuse", ["vehicle_pass_expired"]),
        (changed(valid_from=NOW + timedelta(1)), "refuse", ["vehicle_pass_not_yet_valid"]),
        (VehicleRecords(vehicle_pass=GOOD, serial=1, shown=True), "refuse", ["vehicle_pass_replaced"]),
        (VehicleRecords(), "refuse", ["no_vehicle_pass"]),
        (VehicleRecords(proof=Proof.FORGED, shown=True), "refuse", ["vehicle_pass_forged"]),
        (VehicleRecords(proof=Proof.UNKNOWN_KEY, shown=True), "held", ["vehicle_pass_unverifiable"]),
        (VehicleRecords(proof=Proof.VERIFIED, shown=True), "held", ["vehicle_pass_unknown"]),
        (VehicleRecords(vehicle_pass=GOOD, shown=True, plate_fits=False), "held", ["plate_mismatch"]),
    ],
)
def test_what_the_pass_means_on_the_way_in_and_not_on_the_way_out(
    known: VehicleRecords, verdict: str, reasons: list[str]
) -> None:
    assert judged(known=known) == (verdict, reasons)
    assert judged(known=known, direction=Direction.EXIT, boot=None) == ("complete", [])


def test_the_way_out_still_asks_who_sits_in_it() -> None:
    assert judged(DRIVER, occupants=2, direction=Direction.EXIT) == ("held", ["occupant_unchecked"])


@pytest.mark.scenario("G17")
def test_an_emergency_vehicle_is_never_delayed() -> None:
    assert judged(occupants=4, boot=None, known=VehicleRecords(), emergency=True) == ("complete", [])


def test_only_the_musts_of_the_policy_are_asked_for() -> None:
    assert judged(occupants=3, boot=None, known=VehicleRecords(), musts=frozenset()) == ("complete", [])


def test_a_persons_check_counts_only_near_the_vehicles() -> None:
    known = {
        UUID(int=1): (Verdict.ADMIT, NOW, False),
        UUID(int=2): (Verdict.ADMIT, NOW - timedelta(minutes=31), False),
    }
    named = ((UUID(int=1), True), (UUID(int=1), True), (UUID(int=2), False), (UUID(int=9), False))
    found = counted(known, named, at=NOW, within=timedelta(minutes=30))
    assert [check.check_id for check in found] == [UUID(int=1)]  # one person is one person


def test_every_reason_and_verdict_has_its_words() -> None:
    assert set(VEHICLE_REASONS) == set(VehicleReason)
    assert set(VEHICLE_VERDICTS) == set(VehicleVerdict)


CHECKS = st.lists(
    st.builds(
        OccupantCheck,
        check_id=st.uuids(),
        driver=st.booleans(),
        verdict=st.sampled_from(Verdict),
        overridden=st.booleans(),
    ),
    max_size=5,
)
RECORDS = st.builds(
    VehicleRecords,
    vehicle_pass=st.none()
    | st.builds(
        KnownVehiclePass,
        vehicle_pass_id=st.uuids(),
        serial=st.integers(1, 3),
        vehicle_ref=st.uuids(),
        compound=st.sampled_from([HERE, THERE]),
        state=st.sampled_from(PassState),
        valid_from=st.sampled_from([NOW - timedelta(1), NOW + timedelta(1)]),
        valid_until=st.sampled_from([NOW, NOW + timedelta(2)]),
    ),
    proof=st.sampled_from(Proof),
    serial=st.none() | st.integers(1, 3),
    shown=st.booleans(),
    plate_fits=st.sampled_from([None, True, False]),
)
ATTEMPTS = st.builds(
    VehicleAttempt,
    here=st.just(HERE),
    direction=st.sampled_from(Direction),
    occupants=st.integers(0, 6),
    checks=CHECKS.map(tuple),
    boot_opened=st.sampled_from([None, True, False]),
    emergency=st.just(False),
    at=st.just(NOW),
)


@given(attempt=ATTEMPTS, known=RECORDS)
def test_no_vehicle_is_complete_with_somebody_in_it_who_may_not_pass(
    attempt: VehicleAttempt, known: VehicleRecords
) -> None:
    found: VehicleDecision = decide_vehicle(attempt, known, MUSTS)
    assert (found.verdict is VehicleVerdict.COMPLETE) == (found.reasons == ())
    assert list(found.reasons) == [reason for reason in VehicleReason if reason in found.reasons]
    cleared = [
        check
        for check in attempt.checks
        if check.overridden or check.verdict in {Verdict.ADMIT, Verdict.ADMIT_WITH_ACTION}
    ]
    if found.verdict is VehicleVerdict.COMPLETE:
        assert len(cleared) == len(attempt.checks) == attempt.occupants
        assert any(check.driver for check in cleared)
        assert attempt.direction is Direction.EXIT or attempt.boot_opened is True
    if any(
        check.driver and check.verdict is Verdict.REFUSE and not check.overridden for check in attempt.checks
    ):
        assert found.verdict is VehicleVerdict.REFUSE
