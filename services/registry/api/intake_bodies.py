"""The rest of an intake as requests state it: places on the way, how somebody came, health answers (R2.7, R4.6)."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from services.registry.api.common import Day
from services.registry.api.trip_bodies import TripBody
from services.registry.domain.intake_details import Details, Health, ProofKind, SuzhouCode, Symptom, Via
from services.registry.domain.returnees import Trip
from shared.http.models import Answer, Body


class ViaBody(Body):
    """A place on the way (GB/T 2260), and the last day there: within the days before the arrival."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(examples=["330100"])
    last_day: Day


class FullTripBody(TripBody):
    """The trip with the places on the way, the train, flight or plate, and what kind of proof was shown."""

    via: tuple[ViaBody, ...] = Field(default=(), max_length=20)
    transport_number: Annotated[str, StringConstraints(min_length=1, max_length=30)] | None = Field(
        default=None, examples=["G7512"]
    )
    proof_kind: ProofKind | None = None

    def trip(self) -> Trip:
        """As the rules see it."""
        return Trip(
            origin_code=self.origin_code,
            arrived_on=self.arrived_on,
            transport=self.transport,
            proof=self.proof,
        )


class HealthBody(Body):
    """What they answered about their health and contacts; kept sealed."""

    symptoms: tuple[Symptom, ...] = Field(default=(), max_length=6)
    contact_with_case: bool = False
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None


class ViaAnswer(Answer):
    """A place on the way, and the last day there."""

    code: str
    last_day: date


class HealthAnswer(Answer):
    """What they answered."""

    symptoms: list[Symptom]
    contact_with_case: bool
    note: str | None


def details_of(trip: FullTripBody, health: HealthBody | None, suzhou_code: SuzhouCode | None) -> Details:
    """As the rules see it."""
    return Details(
        via=tuple(Via(code=one.code, last_day=one.last_day) for one in trip.via),
        transport_number=trip.transport_number,
        proof_kind=trip.proof_kind,
        suzhou_code=suzhou_code,
        health=health_of(health),
    )


def health_of(health: HealthBody | None) -> Health | None:
    """The answers as the rules see them; None where nothing was asked."""
    return Health(**dict(health)) if health else None
