"""What every section of a policy is."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Part(BaseModel):
    """A section of a policy: frozen; readers ignore what they do not know.

    A field that may be None is one that older versions lack: None says that the version is silent, never "off". The
    registry's start fills such gaps, and missing keys of mappings, from the policy that came with the program; so
    what an author may leave out on purpose is a list.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("时刻为北京时间，不写时区。A time of day is Asia/Shanghai and names no zone.")
    return at


LocalTime = Annotated[time, AfterValidator(_without_zone)]
"""A time of day on the clocks of Asia/Shanghai."""
