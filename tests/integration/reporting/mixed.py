"""A town where everything happens that reporting reads: many small stories told at the same time, each in its order."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

from shared.events.base import Event
from shared.events.gate import (
    CaseContactReported,
    CheckOverridden,
    DeviceEnrolled,
    FeverSeen,
    FeverWithdrawn,
    FirstReturnSeen,
    FocusAreaPersonReported,
    OverrideReviewed,
    QuarantineExitSeen,
)
from shared.events.observation import (
    CaseConfirmed,
    FeverCleared,
    ObservationClosed,
    ObservationMeasureChanged,
    ObservationRestarted,
    SymptomReported,
)
from shared.events.registry.leads import (
    LeadAssigned,
    LeadClosed,
    LeadMerged,
    LeadReceived,
    LeadSeparated,
    NoticePosted,
    NoticePublished,
)
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassSuspended,
    HoldSettled,
)
from shared.events.registry.people import PeopleMerged, PeopleSeparated, ResidenceEnded
from shared.events.registry.places import CheckpointClosed, CheckpointOpened, PostsNeeded
from shared.events.registry.returnees import (
    IntakeTaskSettled,
    ReturneeRegistered,
    WatchListLineSettled,
    WatchListRevised,
)
from shared.events.registry.surveys import HouseholdSurveyed, SurveyRoundClosed, SurveyRoundOpened
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef
from tests.integration.reporting.small_town import small_town, some_worker
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    TODAY,
    Log,
    about,
    check,
    device_revoked,
    device_seen,
    person,
    started,
    vehicle,
)

Story = Iterator[Event]
MEASURES = ("home_self_monitoring", "home_quarantine", "centralized_observation")


def when(rng: Random) -> datetime:
    """Some time in the last two days."""
    return MORNING + timedelta(seconds=rng.randrange(-86_400, 40_000))


def a_lead(rng: Random, compound: CompoundId) -> Story:
    lead = {"lead_id": uuid4(), "compound": compound}
    yield LeadReceived(
        **lead, category="gathering", via="phone", observed_at=when(rng), received_at=when(rng)
    )
    if rng.random() < 0.3:
        yield LeadMerged(**lead, merged_into=uuid4(), merged_at=when(rng))
        if rng.random() < 0.5:
            yield LeadSeparated(**lead, separated_at=when(rng))
    for _ in range(rng.randrange(3)):
        yield LeadAssigned(
            **lead,
            category=rng.choice(("gathering", "hidden_travel")),
            assignee_kind="unit",
            assignee="u",
            assigned_at=when(rng),
            due_at=when(rng),
        )
    if rng.random() < 0.6:
        yield LeadClosed(
            **lead,
            category="gathering",
            valid=rng.random() < 0.5,
            reason="seen",
            closed_at=when(rng),
            worker_ref=some_worker(rng),
        )


def a_notice(rng: Random, _compound: CompoundId) -> Story:
    notice, where, channels = uuid4(), rng.sample(COMPOUNDS, 3), ("poster", "screen")
    told = NoticePublished(
        notice_id=notice, compounds=tuple(where), channels_wanted=channels, published_at=when(rng)
    )
    yield told
    for compound in where:
        if rng.random() < 0.6:
            yield NoticePosted(
                notice_id=notice, compound=compound, posting=rng.choice(channels), posted_at=when(rng)
            )
    if rng.random() < 0.3:
        yield told.replace(compounds=(*where[:2],), published_at=when(rng))


def a_watch_list(rng: Random, _compound: CompoundId) -> Story:
    number, lines = uuid4(), [uuid4() for _ in range(4)]
    revised = WatchListRevised(
        list_id=number, lines=4, search_until=TODAY, closed=False, revised_at=when(rng)
    )
    yield revised
    for line in rng.choices(lines, k=6):
        yield WatchListLineSettled(
            line_id=line,
            list_id=number,
            match="none",
            disposition=rng.choice(("found_here", "elsewhere", "wrong_data", "missed_before", "overdue")),
        )
    yield revised.replace(lines=5, closed=True)


def a_survey(rng: Random, _compound: CompoundId) -> Story:
    number, doors = uuid4(), [uuid4() for _ in range(25)]
    dwellings = {compound: rng.randrange(5, 30) for compound in COMPOUNDS}
    nth = rng.randrange(1, 1_000_000)
    yield SurveyRoundOpened(
        round_id=number,
        number=nth,
        compounds=COMPOUNDS,
        dwellings=dwellings,
        opened_at=when(rng),
        due_on=TODAY,
    )
    for _ in range(60):
        compound = rng.choice(COMPOUNDS)
        yield HouseholdSurveyed(
            round_id=number,
            dwelling_id=DwellingId(rng.choice(doors)),
            compound=compound,
            grid=GridId(f"{compound}-w01"),
            outcome=rng.choice(("done", "absent", "refused", "empty", "to_confirm")),
            final=rng.random() < 0.5,
            attempts=1,
            people=2,
            conflict=rng.random() < 0.3,
            surveyed_at=when(rng),
            worker_ref=some_worker(rng),
            listed=rng.random() < 0.9,
        )
    if rng.random() < 0.5:
        yield SurveyRoundClosed(
            round_id=number, number=nth, dwellings=dwellings, open_dwellings=3, closed_at=when(rng)
        )


def one_person_twice(rng: Random, compound: CompoundId) -> Story:
    first, second, third = (person(compound) for _ in range(3))
    yield from (first, second, third)
    pairs = ((first, second), (second, third)) if rng.random() < 0.5 else ((first, second),)
    for kept, merged in pairs:
        both = {"merge_id": uuid4(), "kept": kept.person_ref, "merged": merged.person_ref}
        yield PeopleMerged(**both, merged_at=when(rng))
        if rng.random() < 0.4:
            yield PeopleSeparated(**both, separated_at=when(rng))


def who_leaves(rng: Random, compound: CompoundId) -> Story:
    them = person(compound)
    yield them
    reason = rng.choice(("died", "left_town", "moved"))
    elsewhere = rng.choice(COMPOUNDS) if reason == "moved" else None
    yield ResidenceEnded(
        person_ref=them.person_ref,
        compound=compound,
        dwelling_id=them.dwelling_id,
        reason=reason,
        ended_on=TODAY,
        new_compound=elsewhere,
        new_dwelling_id=them.dwelling_id if elsewhere else None,
        new_grid=GridId(f"{elsewhere}-w01") if elsewhere else None,
    )
    if elsewhere or rng.random() < 0.3:
        yield them.replace(compound=elsewhere or compound)


def an_override(rng: Random, compound: CompoundId) -> Story:
    where = {"check_id": uuid4(), "compound": compound, "checkpoint": CheckpointId(f"{compound}-k1")}
    yield CheckOverridden(
        **where,
        verdict="refuse",
        reason="medical_need",
        overridden_at=when(rng),
        review_due_at=rng.choice((None, when(rng))),
    )
    if rng.random() < 0.6:
        outcome = rng.choice(("confirmed", "objected"))
        objection = "no_grounds" if outcome == "objected" else None
        yield OverrideReviewed(**where, outcome=outcome, objection=objection, reviewed_at=when(rng))


def a_device(rng: Random, compound: CompoundId) -> Story:
    device = uuid4()
    yield DeviceEnrolled(
        device_id=device,
        compound=compound,
        checkpoint=CheckpointId(f"{compound}-k1"),
        enrolled_at=when(rng),
    )
    for _ in range(rng.randrange(4)):
        yield device_seen(compound, device, when(rng))
    if rng.random() < 0.3:
        yield device_revoked(compound, device)


def a_checkpoint(rng: Random, compound: CompoundId) -> Story:
    where = {"checkpoint": CheckpointId(f"{compound}-k{rng.randrange(2, 9)}"), "compound": compound}
    yield CheckpointOpened(
        **where, name="门", policy_version=1, temporary=rng.random() < 0.3, expires_at=None
    )
    if rng.random() < 0.5:
        yield CheckpointClosed(**where, reason="closed", closed_at=when(rng))
    for number in rng.choices((None, 1, 2, 3), k=2):
        yield PostsNeeded(
            post=f"checkpoint:{where['checkpoint']}:guard",
            place_kind="checkpoint",
            place_id=where["checkpoint"],
            kind="guard",
            compound=compound,
            number=number,
            set_at=when(rng),
        )


def a_case(rng: Random, compound: CompoundId) -> Story:
    """Measures change, the period begins anew, a fever comes and goes, and it ends in each of its ways."""
    case = started(compound, uuid4())
    them: dict[str, Any] = about(case)
    someone: dict[str, Any] = {"person_ref": case.person_ref, "compound": compound}
    intake = ReturneeRegistered(
        intake_id=uuid4(),
        **someone,
        dwelling_id=case.dwelling_id,
        grid=case.grid,
        category=rng.choice(("focus", "other")),
        measure=rng.choice(MEASURES),
        origin_code=rng.choice(("420100", "330300")),
        anchor_date=case.anchor_date,
        anchor_basis="arrival_with_proof",
        policy_version=1,
        risk_revision=1,
        registered_at=when(rng),
    )
    yield intake
    yield case
    if rng.random() < 0.3:
        yield intake.replace(category="concern", registered_at=when(rng))
    if rng.random() < 0.4:
        yield SymptomReported(**them, fever=True, by="self", reported_at=when(rng))
        yield FeverCleared(**them, cleared_at=when(rng))
        yield HoldSettled(
            settlement_id=uuid4(),
            person_ref=them["person_ref"],
            kind=rng.choice(("fever", "close_contact")),
            settled_at=when(rng),
        )
    if rng.random() < 0.5:
        yield ObservationMeasureChanged(
            **them, measure=rng.choice(MEASURES), category="focus", changed_at=when(rng), policy_version=1
        )
    if rng.random() < 0.3:
        yield ObservationRestarted(
            **them,
            category="close_contact",
            measure=rng.choice((*MEASURES, "medical")),
            anchor_date=TODAY,
            last_day=TODAY + timedelta(days=14),
            restarted_at=when(rng),
        )
    if rng.random() < 0.2:
        yield CaseConfirmed(
            **someone, confirmed_on=TODAY, last_exposure=TODAY, contacts=(), confirmed_at=when(rng)
        )
    if rng.random() < 0.5:
        ending = rng.choice(("transferred", "died", "left_town", "cancelled", "merged"))
        yield ObservationClosed(**them, ending=ending, closed_at=when(rng))


def a_report(rng: Random, compound: CompoundId) -> Story:
    who = PersonRef(uuid4())
    where = {"check_id": uuid4(), "compound": compound, "checkpoint": CheckpointId(f"{compound}-k1")}
    yield check(compound, when(rng), "refuse", reasons=("fever",))
    yield vehicle(compound, when(rng))
    match rng.randrange(5):
        case 0:
            fever: dict[str, Any] = {"person_ref": who, "checked_at": when(rng)}
            yield FeverSeen(**where, **fever, temperature_c=Decimal("37.8"))
            if rng.random() < 0.4:
                yield FeverWithdrawn(
                    check_id=uuid4(),
                    corrects=where["check_id"],
                    person_ref=who,
                    compound=compound,
                    withdrawn_at=when(rng),
                )
        case 1:
            yield FocusAreaPersonReported(**where, person_ref=rng.choice((None, who)), checked_at=when(rng))
        case 2:
            yield CaseContactReported(**where, person_ref=rng.choice((None, who)), checked_at=when(rng))
        case 3:
            verdict = rng.choice(("admit", "admit_with_action", "refuse", "cannot_verify"))
            yield QuarantineExitSeen(**where, person_ref=who, verdict=verdict, checked_at=when(rng))
        case _:
            yield FirstReturnSeen(**where, person_ref=None, held=True, checked_at=when(rng))
            yield IntakeTaskSettled(
                task_id=uuid4(),
                compound=compound,
                checks=(where["check_id"], uuid4()),
                outcome=rng.choice(("registered", "never_left")),
                settled_at=when(rng),
            )


def a_pass(rng: Random, compound: CompoundId) -> Story:
    them = {"pass_id": uuid4(), "person_ref": PersonRef(uuid4()), "compound": compound}
    begins = when(rng).replace(minute=rng.choice((0, 17)), second=0)
    issued = EntryPassIssued(
        **them,
        number="N",
        serial=1,
        kind="temporary",
        valid_from=begins,
        valid_until=begins + timedelta(hours=rng.randrange(30)),
        policy_version=1,
    )
    yield issued
    if rng.random() < 0.5:
        yield EntryPassSuspended(**them, reason="fever")
        if rng.random() < 0.5:
            yield EntryPassReinstated(**them, reason="cleared")
    if rng.random() < 0.3:
        yield issued.replace(serial=2, compound=rng.choice(COMPOUNDS))


STORIES: tuple[Callable[[Random, CompoundId], Story], ...] = (
    *(a_lead, a_notice, a_watch_list, a_survey, one_person_twice, who_leaves, an_override, a_device),
    *(a_checkpoint, a_case, a_case, a_report, a_report, a_pass, a_pass),
)


def mixed_town(rng: Random, events: int) -> Log:
    """About so many events of every kind that reporting reads, from channels that know nothing of each other."""
    base = small_town(rng, max(1, events // 5)).events
    log, under_way, told = Log(), [iter(base)], 0
    while told < events or len(under_way) > 1:
        if told < events and len(under_way) < 40:
            under_way.append(rng.choice(STORIES)(rng, rng.choice(COMPOUNDS)))
        # The small town is one story as long as all the others together.
        story = under_way[0] if rng.random() < 0.5 else rng.choice(under_way)
        for _ in range(rng.randrange(1, 4)):
            event = next(story, None)
            if event is None:
                if story is not under_way[0]:
                    under_way.remove(story)
                break
            log.say(event)
            told += 1
    log.say(*under_way[0])
    return log
