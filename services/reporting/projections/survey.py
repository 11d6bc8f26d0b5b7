"""How far the survey has come: only final results count, and the denominator is the address list (R4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import survey as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.registry.surveys import HouseholdSurveyed, SurveyRoundClosed, SurveyRoundOpened
from shared.kernel.ids import CompoundId


@dataclass(slots=True, kw_only=True)
class Surveyed:
    """What a run of events leaves: rounds (number, closed), their denominators, and dwellings by the newest result."""

    rounds: dict[UUID, tuple[int, bool]] = field(default_factory=dict)
    dwellings: dict[tuple[UUID, CompoundId], int] = field(default_factory=dict)
    results: dict[tuple[UUID, UUID], HouseholdSurveyed] = field(default_factory=dict)


def fold(events: Iterable[Event]) -> Surveyed:
    """The newest of each."""
    found = Surveyed()
    for event in events:
        match event:
            case SurveyRoundOpened() | SurveyRoundClosed():
                found.rounds[event.round_id] = event.number, isinstance(event, SurveyRoundClosed)
                for compound, dwellings in event.dwellings.items():
                    found.dwellings[event.round_id, compound] = dwellings
            case HouseholdSurveyed():
                found.results[event.round_id, event.dwelling_id] = event
            case _:
                raise TypeError(f"the survey reads no {event.event_name}")
    return found


class Survey(
    ReadModel, name="survey", version=1, reads=(SurveyRoundOpened, SurveyRoundClosed, HouseholdSurveyed)
):
    """A row a round, a compound of it, and a dwelling that somebody has been to; and how far each compound is."""

    tables = ("survey_round", "survey_compound", "survey_dwelling", "survey_progress")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the newest of each."""
        found = fold(item.event for item in batch.received)
        rounds = ((key, number, closed) for key, (number, closed) in sorted(found.rounds.items()))
        await tx.execute(store.PUT_ROUNDS, *columns(rounds, 3))
        asked = ((*key, dwellings) for key, dwellings in sorted(found.dwellings.items()))
        await tx.execute(store.PUT_COMPOUNDS, *columns(asked, 3))
        results = (
            (*key, one.compound, one.outcome, one.final and one.listed, one.conflict and one.listed)
            for key, one in sorted(found.results.items())
        )
        await tx.execute(store.PUT_DWELLINGS, *columns(results, 6))
        await tx.execute(store.FORGET_NO_PROGRESS)
