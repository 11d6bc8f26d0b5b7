"""A small town by chance: everything that producers say, mixed, repeated and corrected."""

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from shared.events.base import Event
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.registry.passes import EntryPassIssued, EntryPassRevoked, EntryPassSuspended
from shared.events.registry.places import (
    ResponsibilityAssigned,
    WorkerPosted,
)
from shared.events.sanitation import (
    MaskBinEmptied,
    SiteRegistered,
    VentilationLogged,
    WastePickupDone,
    WastePickupDue,
    WastePickupMissed,
    WastePickupWithdrawn,
)
from shared.kernel.ids import CompoundId, PersonRef
from tests.integration.reporting.reported import something_to_report
from tests.integration.reporting.supervised import something_found
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    TODAY,
    Log,
    about,
    addresses,
    admitted_late,
    check,
    closed_short,
    compounds,
    corrected,
    declared,
    device_revoked,
    device_seen,
    disinfected,
    exempted,
    flagged,
    gap_closed,
    gap_opened,
    household,
    missed,
    person,
    pickup,
    policy_revised,
    site,
    started,
    turn_ended,
    turn_started,
    vehicle,
)
from tests.integration.sanitation.world import KINDS


def some_worker(rng: Random) -> UUID | None:
    """Whose work it was: one of a few, or nobody knows."""
    return UUID(int=rng.randrange(4)) if rng.random() < 0.7 else None


def small_town(rng: Random, size: int) -> Log:
    """A few hundred to a few thousand mixed events: people who move, cases through all states, everything twice."""
    log = Log()
    log.say(policy_revised(), *compounds())
    homes: list[UUID] = []
    doors: list[UUID] = []
    cases: list[ObservationStarted] = []
    places: list[SiteRegistered] = []
    for _ in range(size):
        compound = rng.choice(COMPOUNDS)
        at = MORNING + timedelta(minutes=rng.randrange(-1440, 600))
        match rng.randrange(11):
            case 0 | 1:
                ref = rng.choice(homes) if homes and rng.random() < 0.3 else uuid4()
                homes.append(ref)
                log.say(person(compound, ref, resident=rng.random() < 0.8))
            case 2:
                door = rng.choice(doors) if doors and rng.random() < 0.5 else uuid4()
                doors.append(door)
                log.say(household(compound, door, rng.randrange(4)))
            case 3 | 4:
                verdict = rng.choice(("admit", "admit_with_action", "refuse", "cannot_verify"))
                log.say(
                    check(
                        compound,
                        at,
                        verdict,
                        direction=rng.choice(("entry", "exit")),
                        reasons=("fever",) if rng.random() < 0.1 else (),
                        offline=rng.random() < 0.2,
                    ),
                    vehicle(compound, at, rng.choice(("complete", "held", "refuse"))),
                )
            case 5:
                log.say(*_pass_life(rng, compound), *_at_a_gate(rng, compound, at))
            case 6:
                log.say(*something_to_report(rng, compound, at, cases))
                cases.append(started(compound, uuid4()))
                log.say(cases[-1])
            case 7 if cases:
                log.say(_case_step(rng, rng.choice(cases)))
            case 8:
                log.say(*_at_a_site(rng, places, compound, at), *something_found(rng, compound, at))
            case which:
                log.say(*_of_a_place(rng, compound, at, duty=which == 10), *_answering(rng, compound))
    log.say(*compounds(COMPOUNDS[3:]))
    return log


def _answering(rng: Random, compound: CompoundId) -> list[Event]:
    """Somebody is posted or answers for something, and again with another last day: few ids, so that many repeat."""
    days: dict[str, Any] = {
        "compound": compound,
        "grid": None,
        "from_day": TODAY,
        "until_day": rng.choice((None, TODAY, TODAY + timedelta(days=rng.randrange(9)))),
    }
    worker, number = UUID(int=rng.randrange(9)), UUID(int=rng.randrange(40))
    return [
        WorkerPosted(posting_id=number, worker_ref=worker, kind="guard", checkpoint=None, **days),
        ResponsibilityAssigned(
            assignment_id=number, worker_ref=worker, role="grid_leader", measure="all", **days
        ),
    ]


def _pass_life(rng: Random, compound: CompoundId) -> list[Event]:
    ref = PersonRef(uuid4())
    issued = EntryPassIssued(
        pass_id=uuid4(),
        number="N",
        serial=1,
        person_ref=ref,
        compound=compound,
        kind="resident",
        valid_from=MORNING,
        valid_until=MORNING + timedelta(days=rng.choice((0, 30))),
        policy_version=1,
    )
    ends: list[Event] = [
        EntryPassSuspended(pass_id=issued.pass_id, person_ref=ref, compound=compound, reason="fever"),
        EntryPassRevoked(pass_id=issued.pass_id, person_ref=ref, compound=compound, reason="moved"),
        issued.replace(serial=2),
    ]
    return [issued, *rng.sample(ends, rng.randrange(len(ends) + 1))]


def _at_a_site(rng: Random, places: list[SiteRegistered], compound: CompoundId, at: datetime) -> list[Event]:
    """A round; the site is new, or was corrected or taken out of use before it, as it happens."""
    said: list[Event] = []
    if not places or rng.random() < 0.3:
        places.append(site(compound, rng.choice(KINDS), rounds_per_day=rng.choice((None, 1, 5))))
        said.append(places[-1])
    elif rng.random() < 0.3:
        since = TODAY + timedelta(days=rng.randrange(-2, 3))
        said.append(rng.choice(places).replace(since=since, active=rng.random() < 0.7, on_duty_from=at))
    where = rng.choice(places)
    if rng.random() < 0.2:
        said.append(
            exempted(where, rng.choice((None, TODAY)), closure=UUID(int=where.site_id.int ^ rng.randrange(3)))
        )
    if rng.random() < 0.3:
        said.append(closed_short(where, shortfall=rng.randrange(3)))
    return [
        *said,
        disinfected(where, at, counts=rng.random() < 0.8, within=rng.random() < 0.9).replace(
            worker_ref=some_worker(rng)
        ),
        *_of_waste(rng, where, at),
    ]


def _of_waste(rng: Random, where: SiteRegistered, at: datetime) -> list[Event]:
    """Something happens to one of a compound's few pickups; a place is aired, a mask bin emptied."""
    about = pickup(where.compound, rng.randrange(5))
    of_pickup: Event = rng.choice(
        (
            WastePickupDue(**about, due_at=at),
            WastePickupMissed(**about, reason="nobody_opened"),
            WastePickupDone(**about, bags=rng.randrange(4), handed_over_at=at, worker_ref=some_worker(rng)),
            WastePickupWithdrawn(**about),
        )
    )
    aired = VentilationLogged(
        ventilation_id=uuid4(),
        site_id=where.site_id,
        compound=where.compound,
        kind=where.kind,
        began_at=at,
        minutes=rng.randrange(1, 60),
    )
    emptied = MaskBinEmptied(
        collection_id=uuid4(), site_id=where.site_id, compound=where.compound, emptied_at=at
    )
    return [of_pickup, aired, emptied]


def _of_a_place(rng: Random, compound: CompoundId, at: datetime, *, duty: bool) -> list[Event]:
    return (
        _duty(rng, compound, at) if duty else [addresses(compound, rng.randrange(400), rng.randrange(1, 4))]
    )


def _duty(rng: Random, compound: CompoundId, at: datetime) -> list[Event]:
    """A gap and a turn, over or not; a lapsed turn may be told again."""
    gap, turn = gap_opened(compound, at), turn_started(compound, at)
    said: list[Event] = [gap, turn]
    if rng.random() < 0.7:
        said.append(gap_closed(gap, rng.randrange(90)))
    if rng.random() < 0.7:
        said.append(turn_ended(turn, 60, "lapsed"))
    if rng.random() < 0.3:
        said.append(turn_ended(turn, 90))
    return said


def _at_a_gate(rng: Random, compound: CompoundId, at: datetime) -> list[Event]:
    """A device of the compound's two says how it is, or is stopped; a check is flagged."""
    device = UUID(int=COMPOUNDS.index(compound) * 2 + rng.randrange(2) + 1)
    return [
        device_revoked(compound, device) if rng.random() < 0.1 else device_seen(compound, device, at),
        rng.choice(
            (flagged(compound, at), flagged(compound, at, "clock_ahead"), admitted_late(compound, at))
        ),
    ]


def _case_step(rng: Random, case: ObservationStarted) -> Event:
    day = TODAY - timedelta(days=rng.randrange(3))
    window = rng.choice(("morning", "evening"))
    match rng.randrange(7):
        case 0 | 1:
            told = declared(case, day, window, late=rng.random() < 0.3)
            return told.replace(by=rng.choice(("self", "visit")), worker_ref=some_worker(rng))
        case 2 | 3:
            moved = corrected(case, day - timedelta(days=1), (day, window))
            return moved if rng.random() < 0.2 else missed(case, day, window, rng.randrange(1, 5))
        case 4:
            return ObservationInterrupted(**about(case), reason="fever", interrupted_at=MORNING)
        case 5:
            return ObservationResumed(
                **about(case), measure="home_quarantine", last_day=case.last_day, resumed_at=MORNING
            )
        case _:
            if rng.random() < 0.5:
                return ObservationAwaitsClosure(**about(case), last_day=case.last_day)
            return ObservationCompleted(
                **about(case),
                last_day=case.last_day,
                pass_from=case.last_day + timedelta(days=1),
                completed_at=MORNING,
            )
