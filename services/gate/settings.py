"""What the gate is told by its environment."""

from typing import Annotated

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the gate's process."""

    check_burst: Annotated[int, Field(ge=1)] = 300
    checks_per_minute: Annotated[float, Field(gt=0)] = 600
    """How many checks a minute one device may send one by one, after so many at once: nobody looks at ten a second."""
    upload_burst: Annotated[int, Field(ge=1)] = 150
    uploads_per_minute: Annotated[float, Field(gt=0)] = 60
    """The same of batches of up to 200: three days of a busy gate, 20,000 checks, are 100 of them at once."""
    errand_burst: Annotated[int, Field(ge=1)] = 120
    errands_per_minute: Annotated[float, Field(gt=0)] = 120
    """The same of what a device does for itself each minute or when it comes back: heartbeat, list, credential."""
    enrolment_burst_each: Annotated[int, Field(ge=1)] = 60
    enrolments_per_minute_each: Annotated[float, Field(gt=0)] = 10
    enrolment_burst_together: Annotated[int, Field(ge=1)] = 200
    enrolments_per_minute_together: Annotated[float, Field(gt=0)] = 60
    """How often an address, and all together, may try an enrolment code; all gates of a town may share an address."""
