"""Settings of the registry."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the registry process."""

    town_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3})?$")] = "320583103"
    """The town's division code (GB/T 2260, with GB/T 10114's three digits): Lujia Town in Kunshan, Suzhou."""

    rejected_rows_hours: Annotated[int, Field(ge=1, le=720)] = 72
    """How long the rejected rows of a list can be had as a file."""
    export_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """How long an export can be downloaded."""

    lead_burst_each: Annotated[int, Field(ge=1)] = 30
    lead_per_minute_each: Annotated[float, Field(gt=0)] = 20
    """How many leads and receipts a minute one address may send, after so many at once; people share addresses."""
    lead_burst_together: Annotated[int, Field(ge=1)] = 300
    lead_per_minute_together: Annotated[float, Field(gt=0)] = 600
    """The same for all addresses together, in each process."""

    @property
    def own_prefecture(self) -> str:
        """The prefecture that the town belongs to: who was there has not been away."""
        return f"{self.town_code[:4]}00"
