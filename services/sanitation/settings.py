"""Settings of sanitation: every number that rules need is policy, not a setting."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the sanitation process."""

    site_page: Annotated[str, StringConstraints(pattern=r"^https://[^\s#]{1,200}$")] | None = None
    """The address that printed codes lead to, as this service's `/place`; the site's code goes behind its `#`."""

    report_burst_each: Annotated[int, Field(ge=1)] = 10
    report_per_minute_each: Annotated[float, Field(gt=0)] = 2
    """How many problems at places a minute one address may report, after so many at once; people share addresses."""
    report_burst_together: Annotated[int, Field(ge=1)] = 200
    report_per_minute_together: Annotated[float, Field(gt=0)] = 120
    """The same for all addresses together, in each process."""
