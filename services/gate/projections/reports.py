"""The risk list, and what became of those whom the gate reported (R2.5)."""

from datetime import datetime

from services.gate.projections.folds import columns
from services.gate.store import arrivals as store
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.observation import ObservationStarted
from shared.events.registry.passes import PassApplicationReceived, PassApplicationSettled
from shared.events.registry.returnees import IntakeTaskSettled, ReturneeRegistered
from shared.events.registry.rules import RiskAreasRevised


class RiskAreas(Projection, name="gate.risk_areas", version=1, reads=(RiskAreasRevised,)):
    """The dated lists of risk areas; a revision never changes."""

    tables = ("risk_list",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Each as it comes."""
        for event in batch.of(RiskAreasRevised):
            await tx.execute(store.KEEP_RISK, event.revision, event.effective_from, event.areas)


class Reports(
    Projection,
    name="gate.reports",
    version=1,
    reads=(
        *(ReturneeRegistered, IntakeTaskSettled),
        *(ObservationStarted, PassApplicationReceived, PassApplicationSettled),
    ),
):
    """Open loops close when registry or observation have dealt with the person, or settled the application.

    The loops are gate's own rows; this only writes how they end, which is the same however often it is told.
    """

    tables = ()

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The first outcome of each person; tasks and applications by their check."""
        people: dict[object, tuple[object, datetime, str]] = {}
        for event in batch.of(ReturneeRegistered):
            people.setdefault(
                event.person_ref, (event.person_ref, event.registered_at, "returnee_registered")
            )
        for started in batch.of(ObservationStarted):
            people.setdefault(
                started.person_ref, (started.person_ref, started.started_at, "observation_started")
            )
        if people:
            await tx.execute(store.CLOSE_OF_PEOPLE, *columns(people.values(), 3))
        if done := {
            check_id: event.settled_at for event in batch.of(IntakeTaskSettled) for check_id in event.checks
        }:
            await tx.execute(store.CLOSE_SETTLED, *columns(done.items(), 2))
        if received := {
            event.application_id: event.received_at for event in batch.of(PassApplicationReceived)
        }:
            await tx.execute(store.ANSWER_APPLICATIONS, *columns(received.items(), 2))
        if settled := {event.application_id: event.settled_at for event in batch.of(PassApplicationSettled)}:
            await tx.execute(store.CLOSE_APPLICATIONS, *columns(settled.items(), 2))
