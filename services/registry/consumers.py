"""What the registry does about other services' facts. Names are durable; every reaction acts once."""

from datetime import timedelta

from services.registry.handlers import passes, returnees
from services.registry.handlers.people import Keeper
from services.registry.store import returnees as store
from shared.bus.reactor import Reactor
from shared.db.pool import Tx
from shared.events.gate import FeverSeen
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationResumed,
    ObservationStarted,
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
            await passes.suspend_all(tx, event.person_ref, "under_observation")

    @reactor.on(ObservationResumed)
    async def resumed(event: ObservationResumed, /, *, tx: Tx) -> None:
        await store.move_observation(
            tx,
            event.case_id,
            "in_force",
            last_day=event.last_day,
            pass_from=event.last_day + timedelta(days=1),
        )

    @reactor.on(ObservationAwaitsClosure)
    async def awaits_closure(event: ObservationAwaitsClosure, /, *, tx: Tx) -> None:
        await store.move_observation(tx, event.case_id, "awaiting_closure", last_day=event.last_day)

    @reactor.on(ObservationCompleted)
    async def completed(event: ObservationCompleted, /, *, tx: Tx) -> None:
        await store.move_observation(
            tx,
            event.case_id,
            "completed",
            last_day=event.last_day,
            pass_from=event.pass_from,
            completed_at=event.completed_at,
        )

    return reactor


def suspend_on_fever() -> Reactor:
    """A fever at a gate stops the person's passes everywhere (gate rules, G2)."""
    reactor = Reactor("registry.suspend_on_fever")

    @reactor.on(FeverSeen)
    async def fever_seen(event: FeverSeen, /, *, tx: Tx) -> None:
        await passes.suspend_all(tx, event.person_ref, "fever")

    return reactor
