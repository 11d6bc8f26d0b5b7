"""A trip as requests state it (R4.6)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from services.registry.api.common import Day
from services.registry.domain.returnees import Transport
from shared.http.models import Body


class TripBody(Body):
    """Where somebody has been (GB/T 2260), and how they came back. `proof`: a ticket or the like was shown."""

    origin_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(examples=["330300"])
    arrived_on: Day
    transport: Transport
    proof: bool
