"""What the registry does about other services' facts. Names are durable; every reaction acts once."""

from functools import partial

from services.registry.handlers import (
    applications,
    gate_fevers,
    intake_tasks,
    pass_life,
    pickup_cards,
    returnees,
)
from services.registry.handlers.people import Keeper
from services.registry.store import returnees as store
from shared.bus.reactor import Reactor
from shared.db.pool import Tx
from shared.events.gate import (
    CaseContactReported,
    FeverSeen,
    FeverWithdrawn,
    FirstReturnSeen,
    FocusAreaPersonReported,
    IntakeAnswersSealed,
    PassApplicationRequested,
)
from shared.events.observation import (
    CaseConfirmed,
    FeverCleared,
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
    SymptomReported,
)


def follow_observation(keeper: Keeper) -> Reactor:
    """Keep how each observation stands: no pass before its end (R2.7, P5, O10)."""
    reactor = Reactor("registry.follow_observation")

    @reactor.on(ObservationStarted)
    async def started(event: ObservationStarted, /, *, tx: Tx) -> None:
        await returnees.follow_start(event, tx=tx, keeper=keeper)

    @reactor.on(ObservationInterrupted)
    async def interrupted(event: ObservationInterrupted, /, *, tx: Tx) -> None:
        if await store.move_observation(tx, event.case_id, "interrupted"):
            await pass_life.suspend_all(tx, event.person_ref, "under_observation")

    @reactor.on(ObservationAwaitsClosure)
    async def awaits_closure(event: ObservationAwaitsClosure, /, *, tx: Tx) -> None:
        await store.move_observation(tx, event.case_id, "awaiting_closure", last_day=event.last_day)

    reactor.on(ObservationResumed)(pass_life.follow_resumption)
    reactor.on(ObservationMeasureChanged)(pass_life.follow_measure)
    reactor.on(ObservationRescheduled)(pass_life.follow_dates)
    reactor.on(ObservationRestarted)(pass_life.follow_dates)
    reactor.on(SymptomReported)(pass_life.follow_symptom)
    reactor.on(ObservationCompleted)(pass_life.follow_completion)
    reactor.on(ObservationClosed)(pass_life.follow_closure)
    return reactor


def send_pickup_cards(keeper: Keeper) -> Reactor:
    """Who fetches waste learns the room of everybody under home quarantine, and only for so long (R5.2, S4)."""
    reactor = Reactor("registry.send_pickup_cards")
    follow_measure = partial(pickup_cards.follow_measure, keeper=keeper)
    follow_end = partial(pickup_cards.follow_end, keeper=keeper)
    reactor.on(ObservationStarted)(follow_measure)
    reactor.on(ObservationMeasureChanged)(follow_measure)
    reactor.on(ObservationResumed)(follow_measure)
    reactor.on(ObservationRestarted)(follow_measure)
    reactor.on(ObservationCompleted)(follow_end)
    reactor.on(ObservationClosed)(follow_end)
    return reactor


def follow_fevers() -> Reactor:
    """A clinic's word about a fever, and cases that were confirmed: passes come back, or stop together (G2, O9)."""
    reactor = Reactor("registry.follow_fevers")
    reactor.on(FeverCleared)(pass_life.follow_clearance)
    reactor.on(CaseConfirmed)(pass_life.follow_confirmation)
    return reactor


def suspend_on_fever() -> Reactor:
    """A fever at a gate stops the person's passes everywhere, until it is cleared or was mistyped (gate rules, G2)."""
    reactor = Reactor("registry.suspend_on_fever")
    reactor.on(FeverSeen)(gate_fevers.follow_fever)
    reactor.on(FeverWithdrawn)(gate_fevers.follow_withdrawal)
    return reactor


def open_intake_tasks() -> Reactor:
    """Whom a gate saw come back, or tell of a contact, is due for an intake; the loop is open till then (R2.5, G17)."""
    reactor = Reactor("registry.open_intake_tasks")

    @reactor.on(FirstReturnSeen)
    async def first_return_seen(event: FirstReturnSeen, /, *, tx: Tx) -> None:
        await intake_tasks.seen(event, tx=tx)

    @reactor.on(FocusAreaPersonReported)
    async def focus_area_person_reported(event: FocusAreaPersonReported, /, *, tx: Tx) -> None:
        await intake_tasks.seen(event, tx=tx)

    @reactor.on(CaseContactReported)
    async def case_contact_reported(event: CaseContactReported, /, *, tx: Tx) -> None:
        await intake_tasks.seen(event, tx=tx)

    return reactor


def keep_intake_answers(keeper: Keeper) -> Reactor:
    """What was answered at the gate waits with the task for whoever takes the intake (R2.5)."""
    reactor = Reactor("registry.keep_intake_answers")

    @reactor.on(IntakeAnswersSealed)
    async def answers_sealed(event: IntakeAnswersSealed, /, *, tx: Tx) -> None:
        await intake_tasks.keep_answers(event, tx=tx, vault=keeper.vault, cards=keeper.cards)

    return reactor


def take_applications(keeper: Keeper) -> Reactor:
    """Newcomers at a gate who ask for a pass (R2.4, G4)."""
    reactor = Reactor("registry.take_applications")

    @reactor.on(PassApplicationRequested)
    async def requested(event: PassApplicationRequested, /, *, tx: Tx) -> None:
        await applications.follow_request(event, tx=tx, vault=keeper.vault)

    return reactor
