"""Settings of observation: every number that rules need is policy, not a setting."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the observation process."""

    resident_page: Annotated[str, StringConstraints(pattern=r"^https://[^\s#]{1,200}$")] | None = None
    """The address of the residents' page that printed links lead to; the token goes behind its `#`."""

    session_burst_each: Annotated[int, Field(ge=1)] = 30
    session_per_minute_each: Annotated[float, Field(gt=0)] = 20
    """How many links a minute one address may open, after so many at once; people share addresses."""
    session_burst_together: Annotated[int, Field(ge=1)] = 600
    session_per_minute_together: Annotated[float, Field(gt=0)] = 1200
    """The same for all addresses together, in each process."""
